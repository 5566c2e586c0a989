//! The calls between two exchanges and their replies. Only the requester dials, and who inspects.

use gm::sm2::Signature;
use ledger::query::Answer;
use ledger::text::Text;
use ledger::wire::{Bytes, In, Out, Wire, WireError};

use super::disclose::Disclose;
use super::question::Envelope;
use super::release::{Hold, Refetch};

/// What a requester sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A question.
    Ask(Box<Envelope>),
    /// The ciphertext is here; give the key once it is on record.
    Hold(Hold, Signature),
    /// Send an answer on record again.
    Refetch(Refetch, Signature),
    /// Open decisions, to an inspectorate.
    Disclose(Disclose),
}

/// What a provider answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The sealed answer; its key is kept back.
    Answered {
        /// The header.
        answer: Box<Answer>,
        /// The ciphertext.
        sealed: Bytes,
    },
    /// No; the reason is sealed to the reply key.
    Denied {
        /// The seed, encrypted to the reply key.
        wrap: Bytes,
        /// The reason, sealed under the seed.
        sealed: Bytes,
    },
    /// The key of an answer on record.
    Released {
        /// The seed, encrypted to the reply key.
        wrap: Bytes,
    },
    /// An answer on record, sent again with its key.
    Again {
        /// The header.
        answer: Box<Answer>,
        /// The ciphertext.
        sealed: Bytes,
        /// The seed, encrypted to the new reply key.
        wrap: Bytes,
    },
    /// Openings of decisions, one for each wanted.
    Disclosed {
        /// The seed, encrypted to the inspectorate's sealing key.
        wrap: Bytes,
        /// The openings, sealed under the seed.
        sealed: Bytes,
    },
    /// Neither: a stable code says why (`ledger.behind`, `record.pending` …).
    Refused {
        /// The code, at most 40 bytes.
        code: String,
    },
}

impl Wire for Call {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Ask(envelope) => {
                out.array(2);
                out.number(1);
                envelope.put(out);
            }
            Self::Hold(hold, signature) => {
                out.array(3);
                out.number(2);
                hold.put(out);
                signature.put(out);
            }
            Self::Refetch(refetch, signature) => {
                out.array(3);
                out.number(3);
                refetch.put(out);
                signature.put(out);
            }
            Self::Disclose(disclose) => {
                out.array(2);
                out.number(4);
                disclose.put(out);
            }
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let fields = input.array()?;
        match (input.number()?, fields) {
            (1, 2) => Ok(Self::Ask(Box::new(Wire::take(input)?))),
            (2, 3) => Ok(Self::Hold(Wire::take(input)?, Wire::take(input)?)),
            (3, 3) => Ok(Self::Refetch(Wire::take(input)?, Wire::take(input)?)),
            (4, 2) => Ok(Self::Disclose(Wire::take(input)?)),
            _ => Err(WireError::Range),
        }
    }
}

impl Wire for Reply {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Answered { answer, sealed } => {
                out.array(3);
                out.number(1);
                answer.put(out);
                sealed.put(out);
            }
            Self::Denied { wrap, sealed } => {
                out.array(3);
                out.number(2);
                wrap.put(out);
                sealed.put(out);
            }
            Self::Released { wrap } => {
                out.array(2);
                out.number(3);
                wrap.put(out);
            }
            Self::Again { answer, sealed, wrap } => {
                out.array(4);
                out.number(4);
                answer.put(out);
                sealed.put(out);
                wrap.put(out);
            }
            Self::Disclosed { wrap, sealed } => {
                out.array(3);
                out.number(6);
                wrap.put(out);
                sealed.put(out);
            }
            Self::Refused { code } => {
                out.array(2);
                out.number(5);
                out.text(code);
            }
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let fields = input.array()?;
        match (input.number()?, fields) {
            (1, 3) => Ok(Self::Answered { answer: Box::new(Wire::take(input)?), sealed: Wire::take(input)? }),
            (2, 3) => Ok(Self::Denied { wrap: Wire::take(input)?, sealed: Wire::take(input)? }),
            (3, 2) => Ok(Self::Released { wrap: Wire::take(input)? }),
            (4, 4) => Ok(Self::Again {
                answer: Box::new(Wire::take(input)?),
                sealed: Wire::take(input)?,
                wrap: Wire::take(input)?,
            }),
            (6, 3) => Ok(Self::Disclosed { wrap: Wire::take(input)?, sealed: Wire::take(input)? }),
            (5, 2) => Ok(Self::Refused { code: Text::<40>::take(input)?.to_string() }),
            _ => Err(WireError::Range),
        }
    }
}
