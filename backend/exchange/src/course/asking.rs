//! The requester's side of a query under way.
//!
//! ```text
//!  drafted ─► asked ─► held ─► recorded ─► opened
//!     │         │ ╲       │        │  ╲
//!     │         │  denied │        │   rejected, denied
//!  refused    lapsed ◄────┘     undelivered
//! ```
//!
//! What a provider says is only ever a hint beside the own ledger, which alone ends a query that is held.

use std::time::Duration;

use gm::sm2::Signature;
use gm::sm3::Digest;
use ledger::ids::Time;
use ledger::receipt::{DenialClass, Record, RecordKind, Ticket};
use ledger::refusal::Refusal;

use crate::limits::UNREACHABLE_WAIT;
use crate::outcome::Outcome;
use crate::protocol::Answer;
use crate::query::{DeniedBy, QueryState};

/// A denial on record whose reason does not come is shown without it after so many tries.
const REASON_TRIES: u8 = 3;

/// Where the store has a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Written down, not signed.
    Drafted,
    /// Signed: it may have been sent.
    Asked,
    /// This answer is here sealed, and perhaps its key.
    Held { answer: Digest, key: bool },
    /// On record here; the answer that could be opened, if one is here with its key.
    Recorded { ready: Option<Digest> },
    /// Nothing is to be done any more.
    Over,
}

/// What the own node says of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nothing yet, and it may still come.
    Nothing,
    /// An answer is on record.
    Answered(OnRecord),
    /// A denial is on record.
    Denied(DenialClass),
    /// No record can come any more: its time is over.
    Lapsed,
    /// No record can come any more: the grant is over.
    Dead(Refusal),
}

/// An answer on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnRecord {
    /// Its header.
    pub(crate) answer: Digest,
    /// Whether the record is of this very ticket.
    pub(crate) ours: bool,
    /// Whether it cannot be fetched any more.
    pub(crate) too_late: bool,
}

/// What is seen when a step is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) word: Word,
    /// Whether no block came for three heartbeats.
    pub(crate) behind: bool,
    /// Whether grant and members live, so that an answer on record may still be given.
    pub(crate) live: Result<(), Refusal>,
    /// What the query is known to wait for.
    pub(crate) waiting: Option<Outcome>,
}

/// Header and ciphertext of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) answer: Box<Answer>,
    pub(crate) ciphertext: Vec<u8>,
}

/// A content seed, wrapped to the reply key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrap(pub(crate) Vec<u8>);

/// What just happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is to be gone on with: after a start, a write or a wait.
    Look,
    /// The head moved while the key is waited for.
    Head,
    /// The provider said something.
    Reply(Reply),
    /// The provider said nothing, so long after the query was begun by this process.
    NoReply { code: Outcome, unheard: bool, after: Duration },
}

/// What a provider said, as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// An answer whose header and ciphertext belong to the question and to each other.
    Answered(Sealed),
    /// An answer that is not one to this question.
    Misfit(Outcome),
    /// A denial, and the state it stands for; none when its reason cannot be read.
    Denied(Option<QueryState>),
    /// The key.
    Released(Wrap),
    /// The answer once more, with its key.
    Again(Sealed, Wrap),
    /// Neither.
    Refused(Outcome),
}

/// Whether the provider has been told that its answer is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hold {
    #[default]
    Untold,
    Told,
    /// It replied; if it gave no key, the record is waited for and the answer fetched again.
    Replied,
}

/// What one process remembers beside the store; lost with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Whether the provider surely has not heard of the query.
    unheard: bool,
    hold: Hold,
    /// It refused for good: the own ledger is looked at once more.
    refused: Option<Outcome>,
    /// Tries to be told the reason of a denial on record.
    tries: u8,
    /// Whether the reply key was made for a Refetch of this process.
    refetching: bool,
}

impl Memory {
    /// Of a query that nobody can have heard of yet.
    pub(crate) fn of_new() -> Self {
        Self { unheard: true, ..Self::default() }
    }

    /// A call under way was broken off.
    pub(crate) const fn broken_off(self) -> Self {
        Self { hold: Hold::Untold, ..self }
    }
}

/// What is to be on the disk first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Waiting(Outcome),
    Held(Sealed),
    Key(Wrap),
    Recorded,
    /// A fresh reply key, which a Refetch names; what was held under the old one is dropped.
    ReplyKey,
    FetchedAgain(Sealed, Wrap),
    Ended(QueryState),
}

/// What is to be done then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look again at once.
    Look,
    /// Send the question; the reply is the next event.
    Ask,
    /// Tell that the answer is here, then listen.
    Hold,
    /// Wait for the reply to the Hold under way, or the next head.
    Listen,
    /// Ask for the answer once more; the reply is the next event.
    Refetch,
    /// Open what is here, if the own policies still allow it.
    Open,
    /// Wait a while, then look.
    Pause,
    /// Wait for the next head, then look.
    Head,
    /// Over.
    Done,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) memory: Memory,
    pub(crate) write: Option<Write>,
    pub(crate) next: Next,
}

impl Memory {
    const fn then(self, next: Next) -> Step {
        Step { memory: self, write: None, next }
    }

    const fn write(self, write: Write, next: Next) -> Step {
        Step { memory: self, write: Some(write), next }
    }

    const fn wait(self, code: Outcome) -> Step {
        self.write(Write::Waiting(code), Next::Pause)
    }

    const fn end(self, state: QueryState) -> Step {
        self.write(Write::Ended(state), Next::Done)
    }
}

impl Word {
    /// What the own node says at a head of this time. `usable` is whether the grant allowed one more use at that head
    /// or an earlier one: what it then refuses for ever can have no record later.
    pub(crate) fn of(
        record: Option<&Record>,
        asked: (&Ticket, Option<&Signature>),
        head: Time,
        refetch_ms: u64,
        usable: Result<(), Refusal>,
    ) -> Self {
        let (ticket, signature) = asked;
        match (record, usable) {
            (Some(record), _) => match record.kind {
                RecordKind::Answer { answer_digest, .. } => Self::Answered(OnRecord {
                    answer: answer_digest,
                    ours: record.ticket == *ticket && Some(&record.ticket_signature) == signature,
                    too_late: head > record.recorded.at.plus_ms(refetch_ms),
                }),
                RecordKind::Denial { class, .. } => Self::Denied(class),
            },
            (None, _) if head > ticket.valid_until => Self::Lapsed,
            (None, Ok(()) | Err(Refusal::GrantUpcoming)) => Self::Nothing,
            (None, Err(refusal)) => Self::Dead(refusal),
        }
    }
}

/// One step of a query.
pub(crate) fn step(memory: Memory, at: At, seen: &Seen, event: Event) -> Step {
    match at {
        At::Drafted => memory.end(QueryState::Refused { code: Outcome::QueryUnsent }),
        At::Asked => asked(memory, seen, event),
        At::Held { answer, key } => held(memory, answer, key, seen, event),
        At::Recorded { ready } => recorded(memory, ready, seen, event),
        At::Over => memory.then(Next::Done),
    }
}

/// Asks until there is an answer, a denial, or no hope.
fn asked(mut memory: Memory, seen: &Seen, event: Event) -> Step {
    match event {
        Event::Reply(Reply::Answered(sealed)) => memory.write(Write::Held(sealed), Next::Look),
        Event::Reply(Reply::Denied(Some(state))) => memory.end(state),
        event if matches!(seen.word, Word::Denied(_)) => heed(memory, seen, &event, Next::Ask),
        Event::Reply(Reply::Denied(None) | Reply::Released(_) | Reply::Again(..)) => {
            memory.wait(Outcome::ProviderGarbled)
        }
        Event::Reply(Reply::Misfit(code)) => memory.wait(code),
        Event::Reply(Reply::Refused(code)) => {
            memory.unheard = false;
            if code.is_passing() {
                return memory.wait(code);
            }
            // The provider may be a block ahead of us: our own ledger has the last word.
            memory.refused = Some(code);
            memory.write(Write::Waiting(code), Next::Head)
        }
        Event::NoReply { code, unheard, after } => {
            memory.unheard &= unheard;
            if memory.unheard && after >= UNREACHABLE_WAIT {
                // It never left, so no record can come of it.
                return memory.end(QueryState::Refused { code });
            }
            memory.wait(code)
        }
        event @ (Event::Look | Event::Head) => match (seen.word, memory.refused.take()) {
            (Word::Nothing, Some(Outcome::QuestionMalformed)) => memory.end(malformed()),
            (Word::Nothing, Some(code)) => memory.end(QueryState::Refused { code }),
            _ => heed(memory, seen, &event, Next::Ask),
        },
    }
}

/// Tells the provider that the ciphertext is here, and waits for the record and the key.
fn held(mut memory: Memory, answer: Digest, key: bool, seen: &Seen, event: Event) -> Step {
    let on_record = match seen.word {
        Word::Answered(record) => Some(record),
        Word::Nothing => None,
        Word::Denied(_) | Word::Lapsed | Word::Dead(_) => {
            return match event {
                Event::Reply(Reply::Denied(Some(state))) => memory.end(state),
                event => heed(memory, seen, &event, Next::Ask),
            };
        }
    };
    match event {
        Event::Reply(Reply::Denied(Some(state))) => memory.end(state),
        Event::Reply(Reply::Released(wrap)) => {
            memory.hold = Hold::Replied;
            memory.write(Write::Key(wrap), Next::Look)
        }
        Event::Reply(Reply::Refused(code)) if on_record.is_none() && code != Outcome::AnswerSuperseded => {
            memory.hold = Hold::Untold;
            memory.wait(code)
        }
        Event::NoReply { code, .. } if on_record.is_none() => {
            memory.hold = Hold::Untold;
            memory.wait(code)
        }
        // Another answer than the one held will be recorded, or something was said that helps nobody.
        Event::Reply(_) | Event::NoReply { .. } => {
            memory.hold = Hold::Replied;
            after_hold(memory, on_record, Some(Outcome::RecordPending))
        }
        Event::Look | Event::Head => {
            // Another answer than the one held was recorded: it must be fetched.
            let other = on_record.is_some_and(|record| record.answer != answer);
            if memory.hold == Hold::Untold && !key && !other {
                memory.hold = Hold::Told;
                return memory.then(Next::Hold);
            }
            let pending = if seen.behind { Outcome::LedgerBehind } else { Outcome::RecordPending };
            after_hold(memory, on_record, (event == Event::Head).then_some(pending))
        }
    }
}

/// On record: the store says so, and the key may still be on its way. Not yet: the next head may have it.
fn after_hold(memory: Memory, on_record: Option<OnRecord>, waits_for: Option<Outcome>) -> Step {
    match (on_record, waits_for) {
        (Some(_), _) => memory.write(Write::Recorded, Next::Look),
        (None, Some(code)) => memory.write(Write::Waiting(code), Next::Listen),
        (None, None) => memory.then(Next::Listen),
    }
}

/// On record here: opens what is held, or fetches it again.
fn recorded(mut memory: Memory, ready: Option<Digest>, seen: &Seen, event: Event) -> Step {
    const DIFFERS: QueryState = QueryState::Rejected { code: Outcome::RecordDiffers };
    let record = match seen.word {
        Word::Answered(record) if record.ours => record,
        Word::Answered(_) | Word::Denied(_) => return memory.end(DIFFERS),
        // A node whose store was put back to an older day: its head will come to the record again.
        Word::Nothing | Word::Lapsed | Word::Dead(_) => return memory.wait(Outcome::LedgerBehind),
    };
    let told = memory.hold == Hold::Told;
    match event {
        Event::Reply(Reply::Released(wrap)) => {
            memory.hold = Hold::Replied;
            memory.write(Write::Key(wrap), Next::Look)
        }
        // The Hold brought no key: the answer is fetched again.
        Event::Reply(_) | Event::NoReply { .. } if told => {
            memory.hold = Hold::Replied;
            memory.then(Next::Look)
        }
        Event::Reply(Reply::Again(sealed, _)) if sealed.answer.digest() != record.answer => {
            memory.wait(Outcome::AnswerHeader)
        }
        Event::Reply(Reply::Again(sealed, wrap)) => {
            memory.write(Write::FetchedAgain(sealed, wrap), Next::Look)
        }
        Event::Reply(Reply::Misfit(code)) => memory.wait(code),
        Event::Reply(Reply::Refused(code)) if code.is_passing() => memory.wait(code),
        Event::Reply(Reply::Refused(code)) => memory.end(QueryState::Undelivered { code }),
        Event::Reply(Reply::Answered(_) | Reply::Denied(_)) => memory.wait(Outcome::ProviderGarbled),
        Event::NoReply { code, .. } => memory.wait(code),
        Event::Look | Event::Head => {
            if ready == Some(record.answer) {
                return memory.then(Next::Open);
            }
            if told {
                return memory.then(Next::Listen);
            }
            if let Err(refusal) = seen.live {
                return memory.end(QueryState::Undelivered { code: refusal.into() });
            }
            if record.too_late {
                return memory.end(QueryState::Undelivered { code: Outcome::RefetchOver });
            }
            if memory.refetching {
                return memory.then(Next::Refetch);
            }
            memory.refetching = true;
            memory.write(Write::ReplyKey, Next::Refetch)
        }
    }
}

/// Does what the own ledger says; `otherwise` when it has nothing to say.
fn heed(mut memory: Memory, seen: &Seen, event: &Event, otherwise: Next) -> Step {
    match seen.word {
        Word::Nothing => memory.then(otherwise),
        Word::Answered(_) => memory.write(Write::Recorded, Next::Look),
        Word::Lapsed => {
            memory.end(QueryState::Lapsed { code: seen.waiting.unwrap_or(Outcome::RecordPending) })
        }
        Word::Dead(refusal) => memory.end(QueryState::Refused { code: refusal.into() }),
        // On record, but its reason did not come: it is asked for with the same question.
        Word::Denied(class) => match event {
            Event::Look | Event::Head => {
                memory.hold = Hold::Untold;
                memory.then(Next::Ask)
            }
            Event::Reply(Reply::Refused(Outcome::QuestionMalformed)) if class == DenialClass::Malformed => {
                memory.end(malformed())
            }
            Event::Reply(_) | Event::NoReply { .. } => {
                memory.tries = memory.tries.saturating_add(1);
                if memory.tries < REASON_TRIES {
                    return memory.then(Next::Pause);
                }
                memory.end(denied(class, Outcome::DeniedUnexplained))
            }
        },
    }
}

/// The provider could not open the question, and so had no key to seal its reason to.
const fn malformed() -> QueryState {
    denied(DenialClass::Malformed, Outcome::QuestionMalformed)
}

const fn denied(class: DenialClass, code: Outcome) -> QueryState {
    QueryState::Denied { by: DeniedBy::Provider, class, layer: None, row: None, code }
}

#[cfg(test)]
pub(super) mod tests;
