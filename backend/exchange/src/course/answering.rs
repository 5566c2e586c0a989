//! The provider's side of a query it has judged: its record, then its release.
//!
//! ```text
//!  prepared ─► submitted ─► recorded ─► released ─► closed
//!     ▲           │  ╲          ╲
//!     └─ again ◄──┘   lapsed,    stopped
//!  denied (on record or only told)  refused
//! ```
//!
//! The same bytes are submitted until they are applied, refused, or their time is over. The key is given only for a
//! record that the own node shows.

use gm::sm3::Digest;
use ledger::ids::Time;
use ledger::receipt::{Record, RecordKind};
use ledger::refusal::Refusal;

use crate::outcome::Outcome;
use crate::query::AnsweredState;

/// An answer is prepared this often at most: once, and once more when the policy moved.
const PREPARED_TIMES_MAX: u8 = 2;

/// Where the store has a query whose record is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Receipt, header, ciphertext and seed of this answer are on the disk.
    Prepared { answer: Digest },
    /// The record of this answer was handed to the node.
    Submitted { answer: Digest },
    /// The policy moved: it is to be prepared once more.
    Unprepared,
    /// Denied, and the denial is not on record yet.
    Denied,
    /// No record is to be made any more.
    Over,
}

/// What the own node shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// No record.
    Nothing,
    /// The record that was prepared, in a block of this time.
    Ours(Time),
    /// Another one: two processes share one key, or a store was put back.
    Other,
}

/// What just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is to be gone on with: after a start, a write or a wait.
    Look,
    /// The record is applied, in a block of this time.
    Applied(Time),
    /// The ledger refused it.
    Refused(Refusal),
    /// It can be applied no more.
    Lapsed,
    /// It was judged once more after this refusal.
    Judged(Judged, Refusal),
}

/// What came of judging once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// What would have to be judged cannot be read any more.
    Unreadable,
    /// Neither answer nor denial can be recorded now.
    Impossible(Outcome),
    /// No.
    Denied,
    /// Yes, and whether the answer prepared stays good; how often it was prepared.
    Allowed { same: bool, times: u8 },
}

/// What is to be on the disk first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Submitted,
    Recorded(Time),
    /// The denial is on record, or never will be.
    DenialOver,
    /// Ended without a record: seed and ciphertext are destroyed.
    Over(AnsweredState, Outcome),
    /// The same answer under a new receipt.
    Renew,
    /// The seed is destroyed; read, sealed and written down once more.
    Prepare,
    /// The seed, if any, is destroyed; a denial is written down.
    Deny,
}

/// What is to be done then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look again at once.
    Look,
    /// Hand the record to the node; what becomes of it is the next event.
    Submit,
    /// Wait for the next head, then look.
    Head,
    /// Judge at the own head, after this refusal.
    Judge(Refusal),
    /// Over.
    Done,
}

/// One step: what to write, what then.
pub(crate) type Step = (Option<Write>, Next);

impl Word {
    pub(crate) fn of(record: Option<&Record>, at: At) -> Self {
        let Some(record) = record else { return Self::Nothing };
        let ours = match (&record.kind, at) {
            (
                RecordKind::Answer { answer_digest, .. },
                At::Prepared { answer } | At::Submitted { answer },
            ) => *answer_digest == answer,
            (RecordKind::Denial { .. }, At::Denied) => true,
            (RecordKind::Answer { .. }, At::Unprepared | At::Denied | At::Over)
            | (RecordKind::Denial { .. }, At::Prepared { .. } | At::Submitted { .. })
            | (RecordKind::Denial { .. }, At::Unprepared | At::Over) => false,
        };
        if ours { Self::Ours(record.recorded.at) } else { Self::Other }
    }
}

/// One step towards the record.
pub(crate) fn step(at: At, word: Word, event: Event) -> Step {
    let over = |state, code: Outcome| {
        let write = if at == At::Denied { Write::DenialOver } else { Write::Over(state, code) };
        (Some(write), Next::Done)
    };
    let recorded = |time| {
        let write = if at == At::Denied { Write::DenialOver } else { Write::Recorded(time) };
        (Some(write), Next::Done)
    };
    match (event, word) {
        _ if at == At::Over => (None, Next::Done),
        (Event::Applied(time), _) | (_, Word::Ours(time)) => recorded(time),
        (_, Word::Other) => over(AnsweredState::Refused, Refusal::TicketUsed.into()),
        (Event::Look, Word::Nothing) => match at {
            At::Prepared { .. } => (Some(Write::Submitted), Next::Submit),
            At::Submitted { .. } | At::Denied => (None, Next::Submit),
            At::Unprepared => (None, Next::Judge(Refusal::PolicyMoved)),
            At::Over => (None, Next::Done),
        },
        // It is on the chain; our own node shows it with its next block.
        (Event::Refused(Refusal::TxReplayed | Refusal::TicketUsed), Word::Nothing) => (None, Next::Head),
        (Event::Refused(refusal @ (Refusal::PolicyMoved | Refusal::RecordStale)), Word::Nothing) => {
            (None, Next::Judge(refusal))
        }
        (Event::Refused(refusal), Word::Nothing) => over(AnsweredState::Refused, refusal.into()),
        (Event::Lapsed, Word::Nothing) => over(AnsweredState::Lapsed, Refusal::TicketExpired.into()),
        (Event::Judged(judged, refusal), Word::Nothing) => match judged {
            Judged::Unreadable => over(AnsweredState::Refused, refusal.into()),
            Judged::Impossible(code) => over(AnsweredState::Refused, code),
            // The requester has been told no; it may ask anew under the new policy.
            Judged::Allowed { .. } if at == At::Denied => over(AnsweredState::Denied, refusal.into()),
            Judged::Denied => (Some(Write::Deny), Next::Look),
            Judged::Allowed { same: true, .. } => (Some(Write::Renew), Next::Look),
            Judged::Allowed { times: PREPARED_TIMES_MAX.., .. } => {
                over(AnsweredState::Refused, refusal.into())
            }
            Judged::Allowed { .. } => (Some(Write::Prepare), Next::Look),
        },
    }
}

/// What is asked of a release, and what is seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The answer whose key is asked for.
    pub(crate) wanted: Digest,
    /// The answer that is here with its seed.
    pub(crate) kept: Digest,
    /// The answer on record, if one is.
    pub(crate) recorded: Option<Digest>,
    /// Whether the time for fetching it is over.
    pub(crate) too_late: bool,
    /// Whether grant and members live.
    pub(crate) live: Result<(), Refusal>,
}

/// Whether a key is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    Give,
    Refuse(Outcome),
    /// The grant died before the release: shown to both as recorded, not released.
    Stop(Refusal),
}

/// Record before release: the own node's word decides, not the memory of having submitted.
pub(crate) fn release(asked: &Asked) -> Release {
    if asked.recorded != Some(asked.kept) {
        return Release::Refuse(Outcome::RecordPending);
    }
    if asked.wanted != asked.kept {
        return Release::Refuse(Outcome::AnswerSuperseded);
    }
    if asked.too_late {
        return Release::Refuse(Outcome::RefetchOver);
    }
    match asked.live {
        Ok(()) => Release::Give,
        Err(refusal) => Release::Stop(refusal),
    }
}

#[cfg(test)]
mod tests;
