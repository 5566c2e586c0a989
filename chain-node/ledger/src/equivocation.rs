//! Equivocation: two different messages of consensus that one validator signed for one place. Both signatures
//! prove it to anyone; the chain keeps one such proof per validator and height. Here also stands what a message
//! of consensus signs, so that a rule can check it without the engine.

use crate::certificate::vote_body;
use crate::ids::{Address, BlockId, DepartmentId, Height};
use crate::receipt::Place;
use crate::refusal::Refusal;
use crate::wire::{In, Out, Wire, WireError, to_bytes};
use gm::domain::{ChainId, Kind, digest};
use gm::sm2::Signature;
use gm::sm3::Digest;

/// The version of the bodies of proposals and announcements.
const VERSION: u8 = 1;

/// What a validator says at a place of consensus, besides height and itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Message {
    /// It votes for a block, or for none.
    Vote {
        /// The round.
        round: u32,
        /// A precommit; else a prevote.
        is_precommit: bool,
        /// The block.
        block: Option<BlockId>,
    },
    /// It proposes a block.
    Proposal {
        /// The round.
        round: u32,
        /// The round in which two thirds had prevoted for the block, if it is proposed again.
        valid_round: Option<u32>,
        /// The block.
        block: BlockId,
    },
    /// It announces the bytes of the block that it proposes.
    Announcement {
        /// The round.
        round: u32,
        /// As in a proposal.
        valid_round: Option<u32>,
        /// The block.
        block: BlockId,
        /// SM3 of the block's bytes.
        content: Digest,
        /// How many bytes these are.
        size: u32,
    },
}

/// A round as a number: 0 is "none", 1 is the first.
fn number(round: Option<u32>) -> u64 {
    round.map_or(0, |round| u64::from(round).saturating_add(1))
}

impl Message {
    /// What is signed when this validator says it at this height.
    #[must_use]
    pub fn digest(&self, chain: ChainId, height: Height, validator: Address) -> Digest {
        match *self {
            // An extension stays outside: a certificate is checked against the bare vote.
            Self::Vote { round, is_precommit, block } => {
                digest(chain, Kind::Vote, &vote_body(height, round, block, validator, is_precommit))
            }
            Self::Proposal { round, valid_round, block } => {
                let rounds = (number(Some(round)), number(valid_round));
                let body = to_bytes(&(VERSION, height.0, rounds, block.0, validator.0));
                digest(chain, Kind::Proposal, &body)
            }
            Self::Announcement { round, valid_round, block, content, size } => {
                let rounds = (number(Some(round)), number(valid_round));
                let body = to_bytes(&(VERSION, height.0, rounds, validator.0, (block.0, content.0, size)));
                digest(chain, Kind::Part, &body)
            }
        }
    }

    /// Where it is said, within a height: the round, and the kind of message. An honest validator says one thing there.
    #[must_use]
    pub const fn place(&self) -> (u32, MessageKind) {
        match *self {
            Self::Vote { round, is_precommit: false, .. } => (round, MessageKind::Prevote),
            Self::Vote { round, is_precommit: true, .. } => (round, MessageKind::Precommit),
            Self::Proposal { round, .. } => (round, MessageKind::Proposal),
            Self::Announcement { round, .. } => (round, MessageKind::Announcement),
        }
    }
}

crate::wire_code! {
    /// The kinds of messages, in the order in which they are said in a round.
    pub enum MessageKind {
        /// The bytes of a block are announced.
        Announcement = 1 => "announcement",
        /// A block is proposed.
        Proposal = 2 => "proposal",
        /// The first vote of a round.
        Prevote = 3 => "prevote",
        /// The second.
        Precommit = 4 => "precommit",
    }
}

impl Wire for Message {
    fn put(&self, out: &mut Out) {
        out.array(2);
        out.number(match self {
            Self::Vote { .. } => 1,
            Self::Proposal { .. } => 2,
            Self::Announcement { .. } => 3,
        });
        match *self {
            Self::Vote { round, is_precommit, block } => (round, is_precommit, block).put(out),
            Self::Proposal { round, valid_round, block } => (round, valid_round, block).put(out),
            Self::Announcement { round, valid_round, block, content, size } => {
                (round, valid_round, block, content, size).put(out);
            }
        }
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(2)?;
        match input.number()? {
            1 => Wire::take(input).map(|(round, is_precommit, block)| Self::Vote {
                round,
                is_precommit,
                block,
            }),
            2 => Wire::take(input).map(|(round, valid_round, block)| Self::Proposal {
                round,
                valid_round,
                block,
            }),
            3 => Wire::take(input).map(|(round, valid_round, block, content, size)| Self::Announcement {
                round,
                valid_round,
                block,
                content,
                size,
            }),
            _ => Err(WireError::Range),
        }
    }
}

crate::wire_struct! {
    /// Two different messages of one validator for one place.
    pub struct Equivocation {
        /// The height.
        pub height: Height,
        /// Who said both.
        pub validator: Address,
        /// The lesser of the two, in the order of [`Message`], with its signature.
        pub one: (Message, Signature),
        /// The other.
        pub other: (Message, Signature),
    }
}

impl Equivocation {
    /// Two messages of one validator, if they are for one place and differ. Their signatures are not checked.
    #[must_use]
    pub fn of(
        height: Height,
        validator: Address,
        one: (Message, Signature),
        other: (Message, Signature),
    ) -> Option<Self> {
        let (one, other) = if one.0 <= other.0 { (one, other) } else { (other, one) };
        let equivocation = Self { height, validator, one, other };
        equivocation.check().is_ok().then_some(equivocation)
    }

    /// Whether the two are for one place, differ, and stand in order.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let (one, other) = (&self.one.0, &self.other.0);
        let differ = one.place() == other.place() && one < other;
        if differ { Ok(()) } else { Err(Refusal::EquivocationNone) }
    }

    /// What each of the two signatures must be under.
    pub(crate) fn signed(&self, chain: ChainId) -> [(Digest, &Signature); 2] {
        [&self.one, &self.other]
            .map(|(message, signature)| (message.digest(chain, self.height, self.validator), signature))
    }
}

crate::wire_struct! {
    /// A mark that the state keeps.
    pub struct Equivocated {
        /// The proof.
        pub proof: Equivocation,
        /// Who reported it first.
        pub reporter: DepartmentId,
        /// Where that stands.
        pub reported: Place,
    }
}
