//! What an officer's own key signs for a step that takes two, and the text in which it travels between the page and
//! whatever holds the key. The format stands in docs/sign-in-challenge.md; what is in it is the ledger's
//! ([`StepWord`]), which checks the same bytes.

use gm::domain::{ChainId, Kind};
use gm::sm2::SecretKey;
use ledger::seal::StepWord;
use ledger::wire::to_bytes;

use crate::staff::challenge::{self, AnswerFault, NoChallenge};

const QUESTION: &str = "zl1-step";

/// The text for the page.
#[must_use]
pub fn text(word: &StepWord) -> String {
    challenge::text_of(QUESTION, word.chain, &to_bytes(word))
}

/// Whether a text is of this kind, good or not.
#[must_use]
pub fn is_one(text: &str) -> bool {
    text.trim().split('.').next() == Some(QUESTION)
}

/// Reads it: for those who are to sign it.
///
/// # Errors
/// [`NoChallenge`].
pub fn read(text: &str) -> Result<StepWord, NoChallenge> {
    let (chain, word): (ChainId, StepWord) = challenge::parts(QUESTION, text)?;
    if word.version == 1 && word.chain == chain { Ok(word) } else { Err(NoChallenge) }
}

/// The answer to it, for the page.
///
/// # Errors
/// [`AnswerFault`].
pub fn answer(text: &str, key: &SecretKey) -> Result<String, AnswerFault> {
    let word = read(text)?;
    Ok(challenge::answer_of(&key.sign(word.chain, Kind::Step, &to_bytes(&word))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gm::sm3::Digest;
    use ledger::ids::{Pseudonym, RequestId};
    use ledger::role::Role;

    fn word() -> StepWord {
        StepWord {
            version: 1,
            chain: ChainId(Digest([7; 32])),
            department: "12440100X00000254F".parse().unwrap(),
            request: RequestId([1; 32]),
            step: Digest([2; 32]),
            actor: Pseudonym([3; 32]),
            role: Role::ReqOperator,
        }
    }

    #[test]
    fn an_answer_is_the_officers_signature_under_the_word() {
        let key = SecretKey::generate().unwrap();
        let answer = answer(&text(&word()), &key).unwrap();
        let signature = challenge::signature(&answer).unwrap();
        assert!(key.public().verify_digest(&word().digest(), &signature));
        let other = StepWord { role: Role::DeptLead, ..word() };
        assert!(!key.public().verify_digest(&other.digest(), &signature));
    }

    #[test]
    fn a_text_that_is_no_word_is_not_signed() {
        let key = SecretKey::generate().unwrap();
        let good = text(&word());
        assert_eq!(read(&format!(" {good}\n")).unwrap(), word());
        let cut = good.get(..good.len() - 2).unwrap().to_owned();
        // Of the chain that the text names, too.
        let elsewhere = good.replacen(&word().chain.to_string(), &ChainId(Digest([9; 32])).to_string(), 1);
        let newer = text(&StepWord { version: 2, ..word() });
        for wrong in [String::new(), cut, elsewhere, newer, good.replace("step", "query")] {
            assert!(answer(&wrong, &key).is_err(), "{wrong}");
        }
        assert!(crate::queries::word::answer(&good, &key).is_err(), "a step's word is no query's");
    }
}
