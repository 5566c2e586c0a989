//! What an officer's own key signs for one query, and the text in which it travels between the page and whatever
//! holds the key. The format stands in docs/sign-in-challenge.md; what is in it is the ledger's
//! ([`OfficerWord`]), so that the provider and evidence check the same bytes.
//!
//! ```text
//!  form ── zl1-query.CHAIN.BODY ──► command or bridge ── zl1-answer.SIGNATURE ──► form, sent
//! ```

use gm::domain::{ChainId, Kind};
use ledger::roster::OfficerWord;

use crate::staff::challenge::Word;

impl Word for OfficerWord {
    const QUESTION: &'static str = "zl1-query";
    const KIND: Kind = Kind::Officer;

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
    use ledger::ids::{Nonce, Pseudonym};
    use ledger::role::{Assurance, Role};

    fn word() -> OfficerWord {
        OfficerWord {
            version: 1,
            chain: ChainId(Digest([7; 32])),
            department: "12440100X00000254F".parse().unwrap(),
            nonce: Nonce([1; 32]),
            actor: Pseudonym([2; 32]),
            role: Role::BizUser,
            assurance: Assurance::Ukey,
            entry: ledger::ids::EntryId { code: "307001/000001".parse().unwrap(), version: 1 },
            items: ["XingMing".parse().unwrap()].into(),
            purpose: "01".parse().unwrap(),
            case_commit: Digest([3; 32]),
            subject_commit: Some(Digest([4; 32])),
            subjects: None,
            claims_commit: None,
        }
    }

    #[test]
    fn an_answer_is_the_officers_signature_under_the_word() {
        let key = SecretKey::generate().unwrap();
        let answer = answer_word::<OfficerWord>(&word_text(&word()), &key).unwrap();
        let signature = challenge::signature(&answer).unwrap();
        assert!(key.public().verify_digest(&word().digest(), &signature));
        let other = OfficerWord { role: Role::ReqOperator, ..word() };
        assert!(!key.public().verify_digest(&other.digest(), &signature));
    }

    #[test]
    fn a_text_that_is_no_word_is_not_signed() {
        let key = SecretKey::generate().unwrap();
        let good = word_text(&word());
        assert_eq!(read_word::<OfficerWord>(&format!(" {good}\n")).unwrap(), word());
        let cut = good.get(..good.len() - 2).unwrap().to_owned();
        // Of the chain that the text names, too.
        let elsewhere = good.replacen(&word().chain.to_string(), &ChainId(Digest([9; 32])).to_string(), 1);
        let newer = word_text(&OfficerWord { version: 2, ..word() });
        for wrong in [String::new(), cut, elsewhere, newer, good.replace("query", "sign-in")] {
            assert!(answer_word::<OfficerWord>(&wrong, &key).is_err(), "{wrong}");
        }
        assert!(challenge::answer(&good, &key).is_err(), "a query's word is no sign-in");
    }
}
