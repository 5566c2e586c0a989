//! What an officer's SM2 key signs at sign-in and before weighty acts, and the text in which it travels
//! between the page and whatever holds the key. The format stands in docs/sign-in-challenge.md.
//!
//! ```text
//!  page ── zl1-sign-in.CHAIN.BODY ──► command or bridge ── zl1-answer.SIGNATURE ──► page
//! ```
//!
//! The body names host, account and session, so that an answer given to one page is none to another.

use gm::domain::{ChainId, Kind};
use gm::sm2::{PublicKey, SecretKey, SignFault, Signature};
use gm::sm3::Digest;
use ledger::ids::Time;
use ledger::text::Text;
use ledger::wire::{Wire, from_bytes, to_bytes};

use crate::error::ServiceError;
use crate::limits;

const QUESTION: &str = "zl1-sign-in";
const ANSWER: &str = "zl1-answer";

ledger::wire_struct! {
    /// What is signed.
    pub struct Challenge {
        /// Version of this format: 1.
        pub version: u8,
        /// The portal's host, as browsers name it.
        pub host: Text<256>,
        /// The account that signs in.
        pub account: Text<64>,
        /// Which session is to be raised: a digest, the id itself is secret.
        pub session: Digest,
        /// Drawn for this one answer.
        pub nonce: [u8; 32],
        /// When it was drawn.
        pub at: Time,
    }
}

/// A text that is no challenge of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is nothing to sign: copy the whole text from the page, from `zl1-` to its end")]
pub struct NoChallenge;

/// Why a challenge was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerFault {
    /// The text is no challenge.
    #[error(transparent)]
    Unreadable(#[from] NoChallenge),
    /// The key did not sign.
    #[error("the key could not sign: {0}")]
    Key(#[from] SignFault),
}

impl Challenge {
    pub(crate) fn new(
        host: &str,
        account: &str,
        session: Digest,
        nonce: [u8; 32],
        at: i64,
    ) -> Result<Self, ServiceError> {
        let unfit = |error| ServiceError::fault("a host or account does not fit into a challenge", &error);
        Ok(Self {
            version: 1,
            host: Text::new(host).map_err(unfit)?,
            account: Text::new(account).map_err(unfit)?,
            session,
            nonce,
            at: Time(at.unsigned_abs()),
        })
    }

    /// The text for the page.
    pub(crate) fn text(&self, chain: ChainId) -> String {
        text_of(QUESTION, chain, &to_bytes(self))
    }

    /// Whether this is the answer of this key's holder.
    pub(crate) fn is_answered(&self, chain: ChainId, key: &PublicKey, answer: &str) -> bool {
        signature(answer).is_some_and(|signature| key.verify(chain, Kind::Login, &to_bytes(self), &signature))
    }
}

/// The text of something that a key is to sign.
fn text_of(kind: &str, chain: ChainId, body: &[u8]) -> String {
    format!("{kind}.{chain}.{}", hex::encode(body))
}

/// The text of an answer.
fn answer_of(signature: &Signature) -> String {
    format!("{ANSWER}.{}", hex::encode(signature.as_bytes()))
}

/// The signature in an answer.
pub(crate) fn signature(answer: &str) -> Option<Signature> {
    let text = answer.trim().strip_prefix(ANSWER).and_then(|rest| rest.strip_prefix('.'))?;
    let text = Some(text).filter(|text| text.len() <= limits::ANSWER_CHARS_MAX)?;
    Signature::from_slice(&hex::decode(text).ok()?).ok()
}

/// Chain and object of a text that a key is to sign.
fn parts<T: Wire>(kind: &str, text: &str) -> Result<(ChainId, T), NoChallenge> {
    let mut parts = text.trim().split('.');
    let (head, chain, body, end) = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(head), Some(chain), Some(body), None) = (head, chain, body, end) else {
        return Err(NoChallenge);
    };
    if head != kind {
        return Err(NoChallenge);
    }
    let chain = chain.parse().map_err(|_| NoChallenge)?;
    let body = hex::decode(body).map_err(|_| NoChallenge)?;
    Ok((chain, from_bytes(&body).map_err(|_| NoChallenge)?))
}

/// What an officer's key signs for an act, as the ledger defines it: the provider and evidence check the same bytes.
/// It travels between the page and the key as a challenge does.
pub trait Word: Wire {
    /// The kind of text in which it travels.
    const QUESTION: &'static str;
    /// What its signature is for.
    const KIND: Kind;
    /// Version of its format.
    fn version(&self) -> u16;
    /// The chain for which it is signed.
    fn chain(&self) -> ChainId;
}

/// The text of a word, for the page.
#[must_use]
pub fn word_text<W: Word>(word: &W) -> String {
    text_of(W::QUESTION, word.chain(), &to_bytes(word))
}

/// Whether a text is of this kind of word, good or not.
#[must_use]
pub fn is_word<W: Word>(text: &str) -> bool {
    text.trim().split('.').next() == Some(W::QUESTION)
}

/// Reads a word from its text: for those who are to sign it.
///
/// # Errors
/// [`NoChallenge`].
pub fn read_word<W: Word>(text: &str) -> Result<W, NoChallenge> {
    let (chain, word): (ChainId, W) = parts(W::QUESTION, text)?;
    if word.version() == 1 && word.chain() == chain { Ok(word) } else { Err(NoChallenge) }
}

/// The answer to a word, for the page.
///
/// # Errors
/// [`AnswerFault`].
pub fn answer_word<W: Word>(text: &str, key: &SecretKey) -> Result<String, AnswerFault> {
    let word: W = read_word(text)?;
    Ok(answer_of(&key.sign(word.chain(), W::KIND, &to_bytes(&word))?))
}

/// Reads a challenge from its text: for those who are to sign it.
///
/// # Errors
/// [`NoChallenge`].
pub fn read(text: &str) -> Result<(ChainId, Challenge), NoChallenge> {
    let (chain, challenge): (ChainId, Challenge) = parts(QUESTION, text)?;
    if challenge.version == 1 { Ok((chain, challenge)) } else { Err(NoChallenge) }
}

/// The answer to a challenge, for the page.
///
/// # Errors
/// [`AnswerFault`].
pub fn answer(text: &str, key: &SecretKey) -> Result<String, AnswerFault> {
    let (chain, challenge) = read(text)?;
    Ok(answer_of(&key.sign(chain, Kind::Login, &to_bytes(&challenge))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: ChainId = ChainId(Digest([7; 32]));

    fn challenge(host: &str, account: &str, session: u8, nonce: u8) -> Challenge {
        Challenge::new(host, account, Digest([session; 32]), [nonce; 32], 1_763_000_000_000).unwrap()
    }

    #[test]
    fn an_answer_is_good_for_its_key_chain_host_account_session_and_nonce_only() {
        let key = SecretKey::generate().unwrap();
        let asked = challenge("gz.localhost:8101", "lin", 1, 2);
        let answer = answer(&asked.text(HERE), &key).unwrap();
        assert!(asked.is_answered(HERE, &key.public(), &answer));
        assert!(asked.is_answered(HERE, &key.public(), &format!(" {answer}\n")));
        for other in [
            challenge("sz.localhost:8101", "lin", 1, 2),
            challenge("gz.localhost:8101", "zhou", 1, 2),
            challenge("gz.localhost:8101", "lin", 3, 2),
            challenge("gz.localhost:8101", "lin", 1, 4),
        ] {
            assert!(!other.is_answered(HERE, &key.public(), &answer));
        }
        assert!(!asked.is_answered(ChainId::ZERO, &key.public(), &answer));
        assert!(!asked.is_answered(HERE, &SecretKey::generate().unwrap().public(), &answer));
    }

    #[test]
    fn a_text_that_is_no_challenge_is_not_signed() {
        let key = SecretKey::generate().unwrap();
        let text = challenge("gz.localhost:8101", "lin", 1, 2).text(HERE);
        assert_eq!(read(&text).unwrap().1.account.as_str(), "lin");
        let cut = text.get(..text.len() - 2).unwrap().to_owned();
        for wrong in
            [String::new(), cut, format!("{text}.00"), text.replace("zl1", "zl2"), text.replace('.', "")]
        {
            assert!(answer(&wrong, &key).is_err(), "{wrong}");
        }
        let asked = challenge("gz.localhost:8101", "lin", 1, 2);
        for wrong in ["", "zl1-answer", "zl1-answer.", "zl1-answer.00", &"f".repeat(4_000)] {
            assert!(!asked.is_answered(HERE, &key.public(), wrong), "{wrong}");
        }
    }
}
