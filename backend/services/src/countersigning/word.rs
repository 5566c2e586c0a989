//! What an officer's own key signs for a step that takes two, and the text in which it travels between the page and
//! whatever holds the key. The format stands in docs/sign-in-challenge.md; what is in it is the ledger's
//! ([`StepWord`]), which checks the same bytes.

use gm::domain::{ChainId, Kind};
use ledger::seal::StepWord;

use crate::staff::challenge::Word;

impl Word for StepWord {
    const QUESTION: &'static str = "zl1-step";
    const KIND: Kind = Kind::Step;

    fn version(&self) -> u16 {
        self.version
    }

    fn chain(&self) -> ChainId {
        self.chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staff::challenge::{self, answer_word, read_word, word_text};
    use gm::sm2::SecretKey;
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
        let answer = answer_word::<StepWord>(&word_text(&word()), &key).unwrap();
        let signature = challenge::signature(&answer).unwrap();
        assert!(key.public().verify_digest(&word().digest(), &signature));
        let other = StepWord { role: Role::DeptLead, ..word() };
        assert!(!key.public().verify_digest(&other.digest(), &signature));
    }

    #[test]
    fn a_text_that_is_no_word_is_not_signed() {
        let key = SecretKey::generate().unwrap();
        let good = word_text(&word());
        assert_eq!(read_word::<StepWord>(&format!(" {good}\n")).unwrap(), word());
        let cut = good.get(..good.len() - 2).unwrap().to_owned();
        // Of the chain that the text names, too.
        let elsewhere = good.replacen(&word().chain.to_string(), &ChainId(Digest([9; 32])).to_string(), 1);
        let newer = word_text(&StepWord { version: 2, ..word() });
        for wrong in [String::new(), cut, elsewhere, newer, good.replace("step", "query")] {
            assert!(answer_word::<StepWord>(&wrong, &key).is_err(), "{wrong}");
        }
        assert!(
            answer_word::<ledger::roster::OfficerWord>(&good, &key).is_err(),
            "a step's word is no query's"
        );
    }
}
