//! What happened in a simulation: as a digest, by which two runs are compared, and in words if they are
//! wanted.

use std::hash::{DefaultHasher, Hash, Hasher};

use malachitebft_core_consensus::{LivenessMsg, SignedConsensusMsg};
use malachitebft_core_types::{NilOrVal, VoteType};

use super::engine::{Heard, Said, Told};
use super::node::Word;
use crate::engine::context::{Part, Vote};

/// What happened.
#[derive(Default)]
pub(super) struct Trace {
    hasher: DefaultHasher,
    pub(super) happenings: u64,
    /// How often a process ended by itself, to be started again.
    pub(super) ends: u64,
    /// In words, if they are wanted.
    pub(super) lines: Option<Vec<String>>,
}

impl Trace {
    pub(super) fn note(&mut self, what: impl Hash, words: impl FnOnce() -> String) {
        what.hash(&mut self.hasher);
        if let Some(lines) = &mut self.lines {
            lines.push(words());
        }
    }

    pub(super) fn digest(&self) -> u64 {
        self.hasher.finish()
    }
}

fn vote_marks(vote: &Vote) -> (u64, i64, bool, Option<[u8; 32]>) {
    let value = match vote.value {
        NilOrVal::Nil => None,
        NilOrVal::Val(id) => Some(id.0),
    };
    let is_precommit = vote.kind == VoteType::Precommit;
    (vote.height.0, vote.round.as_i64(), is_precommit, value)
}

/// What tells one word from another.
pub(super) fn marks(word: &Word) -> u64 {
    let mut hasher = DefaultHasher::new();
    match word {
        Word::Consensus(Heard::Said(
            Said::Consensus(SignedConsensusMsg::Vote(vote)) | Said::Liveness(LivenessMsg::Vote(vote)),
        )) => (vote_marks(&vote.message), vote.signature.0).hash(&mut hasher),
        Word::Consensus(Heard::Said(Said::Consensus(SignedConsensusMsg::Proposal(signed)))) => {
            (signed.message.round.as_i64(), signed.signature.0).hash(&mut hasher);
        }
        Word::Consensus(Heard::Part(_, part)) => {
            (part.sequence, &part.stream_id.to_bytes()[..]).hash(&mut hasher);
        }
        Word::Consensus(Heard::Said(Said::Liveness(_))) => 1.hash(&mut hasher),
        Word::Transaction(bytes) => bytes.hash(&mut hasher),
        Word::Status(tip) => tip.hash(&mut hasher),
        Word::Wants(first, last) => (first, last).hash(&mut hasher),
        Word::Blocks(values) => values.len().hash(&mut hasher),
    }
    hasher.finish()
}

pub(super) fn brief(word: &Word) -> String {
    match word {
        Word::Consensus(Heard::Part(_, part)) => {
            let head = match part.content.as_data() {
                Some(Part::Head(announcement, _)) => format!("{announcement:?}"),
                _ => String::new(),
            };
            format!("part {} {head}", part.sequence)
        }
        Word::Consensus(Heard::Said(said)) => said_brief(said),
        Word::Transaction(bytes) => format!("a transaction of {} bytes", bytes.len()),
        Word::Status(tip) => format!("at {tip}"),
        Word::Wants(first, last) => format!("wants {first} to {last}"),
        Word::Blocks(values) => format!("{} blocks", values.len()),
    }
}

fn said_brief(said: &Said) -> String {
    match said {
        Said::Consensus(SignedConsensusMsg::Vote(vote)) => vote_brief(&vote.message),
        Said::Consensus(SignedConsensusMsg::Proposal(signed)) => format!("{:?}", signed.message),
        Said::Liveness(LivenessMsg::Vote(vote)) => format!("again {}", vote_brief(&vote.message)),
        Said::Liveness(LivenessMsg::PolkaCertificate(polka)) => {
            format!("polka of {} round {} for {}", polka.height, polka.round, polka.value_id)
        }
        Said::Liveness(LivenessMsg::SkipRoundCertificate(round)) => {
            format!("round certificate of {} round {} {:?}", round.height, round.round, round.cert_type)
        }
    }
}

fn vote_brief(vote: &Vote) -> String {
    format!("{:?} {} round {} {:?} of {}", vote.kind, vote.height, vote.round, vote.value, vote.address)
}

pub(super) fn told_marks(told: &Told) -> (u8, u64, i64) {
    match told {
        Told::Round(height, round) => (0, height.0, round.as_i64()),
        Told::Published(said) => (1, said.height().0, said.round().as_i64()),
        Told::Decided(certificate) => (2, certificate.height.0, certificate.round.as_i64()),
        Told::Finalized(certificate) => (3, certificate.height.0, certificate.round.as_i64()),
        Told::Received(_) => (4, 0, 0),
        Told::Replayed(count) => (5, *count as u64, 0),
        Told::Polka(polka) => (6, polka.height.0, polka.round.as_i64()),
    }
}

pub(super) fn told_brief(told: &Told) -> String {
    match told {
        Told::Published(said) => format!("says {}", said_brief(&Said::Consensus(said.clone()))),
        Told::Decided(certificate) => {
            format!("decides {} round {} {}", certificate.height, certificate.round, certificate.value_id)
        }
        Told::Finalized(certificate) => format!("finalizes {}", certificate.height),
        Told::Round(height, round) => format!("enters {height} round {round}"),
        Told::Received(_) => "hears".into(),
        Told::Replayed(count) => format!("reads {count} entries of its log"),
        Told::Polka(polka) => format!("knows the polka of {} round {}", polka.height, polka.round),
    }
}
