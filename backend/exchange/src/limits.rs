//! Every bound of the exchange, and what happens when it is reached.

use std::time::Duration;

// --- What an officer may fill in: beyond it the form is refused, nothing is written down. ---

/// Bytes (UTF-8) of a person's name.
pub const NAME_BYTES_MAX: usize = 200;
/// Characters of an id number of a kind other than the citizen's.
pub const ID_NUMBER_CHARACTERS_MAX: usize = 30;
/// Bytes of a business case number.
pub const CASE_BYTES_MAX: usize = 100;
/// Bytes of an account's name.
pub const ACCOUNT_BYTES_MAX: usize = 100;

// --- What travels: a longer call is refused before it is decoded. ---

/// Bytes of a call's body, as the node carries it.
pub const CALL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a sealed question.
pub const QUESTION_SEALED_BYTES_MAX: usize = 64 * 1024 + 16;
/// Bytes of a call that asks, holds or fetches again.
pub const REQUEST_BYTES_MAX: usize = 72 * 1024;
/// Bytes of a sealed answer.
pub const ANSWER_SEALED_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of a sealed reason for a denial.
pub const REASON_SEALED_BYTES_MAX: usize = 4 * 1024 + 16;
/// Bytes of a wrapped seed (SM2, C1C3C2).
pub const WRAP_BYTES: usize = 129;
/// Items in one query.
pub const ITEMS_MAX: usize = ledger::limits::ITEMS_MAX;

// --- What a source gives: beyond it the query ends as a fault of the source. ---

/// Rows of one answer.
pub const ROWS_MAX: usize = 100;
/// Bytes of one value.
pub const VALUE_BYTES_MAX: usize = 2 * 1024;
/// Bytes an ordinary value takes with its item code: by it the least length of an answer is chosen, so
/// that "no such person" is as long as a person.
pub const VALUE_BYTES_ORDINARY: usize = 160;
/// Bytes an answer takes beside its rows.
pub const BODY_BYTES_BESIDE_ROWS: usize = 768;

// --- How much at once: beyond it the caller hears `exchange.busy` and may try again. ---

/// Calls of others worked on at once.
pub const CALLS_AT_ONCE: usize = 256;
/// Calls of one department worked on at once; a few fewer than the node carries, so that the caller hears why.
pub const CALLS_AT_ONCE_PER_DEPARTMENT: usize = 60;
/// Reads of one source at once.
pub const SOURCE_READS_AT_ONCE: u32 = 4;
/// Own queries under way at once.
pub const QUERIES_AT_ONCE: usize = 512;
/// The time in which an officer's queries are counted; beyond their number the officer hears it, and the
/// security administrator too ([`crate::Bounds`]).
pub const OFFICER_HOUR_MS: u64 = 60 * 60 * 1000;
/// Bounds reached that are listed; older ones are not.
pub const BOUNDS_LISTED_MAX: u32 = 50;
/// For so many days they are remembered.
pub const BOUNDS_KEPT_DAYS: i32 = 366;
/// Rows of a list.
pub const LIST_ROWS_MAX: u32 = 200;

// --- How long we wait; each wait has a name. ---

/// For a block that another department has seen and we have not.
pub const SEEN_BLOCK_WAIT: Duration = Duration::from_secs(2);
/// Heartbeats without a block after which the own ledger counts as behind.
pub const HEARTBEATS_MISSED_MAX: u64 = 3;
/// For a source to be read.
pub const SOURCE_READ_WAIT: Duration = Duration::from_secs(10);
/// For a provider to answer a question.
pub const ASK_WAIT: Duration = Duration::from_secs(20);
/// How long a provider keeps a Hold or Refetch open until the record is there; then `record.pending`.
pub const RELEASE_WAIT: Duration = Duration::from_secs(20);
/// For a provider to answer a Hold or Refetch.
pub const HOLD_WAIT: Duration = Duration::from_secs(25);
/// Before a silent or busy other side is called again: first wait …
pub const RETRY_WAIT_FIRST: Duration = Duration::from_millis(200);
/// … doubled up to this.
pub const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);
/// A provider that could not even be dialled for so long ends the query: it never heard of it.
pub const UNREACHABLE_WAIT: Duration = Duration::from_secs(15);
/// For the node's head to move: then the store is looked at anyway.
pub const HEAD_WAIT: Duration = Duration::from_secs(2);
/// For running work to end when the exchange stops.
pub const STOP_WAIT: Duration = Duration::from_secs(5);
/// For the exchange's own store when it is busy.
pub const STORE_BUSY_WAIT: Duration = Duration::from_secs(10);
/// How long a provider keeps the seed of an answer on record, sealed, unless the requester says on the chain that it
/// opened it: thirty days from the record, as long as the longest complaint (PROTOCOL section 5) takes. After it
/// nobody can be held to what was in the answer.
pub const DISPUTE_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// How long an opened answer is kept and may be shown. Then only its receipt is left.
pub const ANSWER_SHOWN_MS: u64 = 10 * 60 * 1000;
/// Blocks that a requester may be ahead of its provider when it holds or fetches again; beyond it the height is not
/// one that the provider could know to be fresh.
pub const HEADS_AHEAD_MAX: u64 = 64;
/// How long a requester's details, decision bytes and salts are kept: three years (PROTOCOL section 8).
pub const KEPT_MS: u64 = 3 * 366 * 24 * 60 * 60 * 1000;

// --- Judging a period again: page by page; what is beyond a bound is read anew or counted only. ---

/// Blocks gone through in one page.
pub const REPLAY_BLOCKS_PER_PAGE: u64 = 128;
/// Openings of decisions in one call.
pub const OPENINGS_PER_CALL_MAX: usize = 64;
/// Bytes of the sealed openings of one call.
pub const OPENINGS_SEALED_BYTES_MAX: usize = 3 * 1024 * 1024;
/// For a department to open decisions of its own.
pub const DISCLOSE_WAIT: Duration = Duration::from_secs(20);
/// Calls of one inspectorate for openings in a minute, each noted in the log; beyond it hears `exchange.busy`.
pub const LOOKS_PER_MINUTE: u32 = 240;
/// How often a department that is busy is asked again for openings, with growing waits; then the replay ends.
pub const DISCLOSE_TRIES_MAX: u32 = 20;
/// Findings kept of one replay; more are counted.
pub const FINDINGS_KEPT_MAX: usize = 1_000;
/// Block times remembered by one replay.
pub const TIMES_KEPT_MAX: usize = 4_096;
/// Owners whose versions one replay remembers.
pub const OWNERS_KEPT_MAX: usize = 1_024;
/// Policy sets one replay keeps ready to judge.
pub const RULESETS_KEPT_MAX: usize = 64;
/// Kept decisions counted at a time.
pub const KEPT_IDS_PER_PAGE: u32 = 500;

/// Decisions read at a time for who judges them again; more are asked for again.
pub const DECISIONS_READ_MAX: u32 = 1_000;

const _: () = assert!(OPENINGS_SEALED_BYTES_MAX < CALL_BYTES_MAX);
const _: () = assert!(ANSWER_SEALED_BYTES_MAX + REQUEST_BYTES_MAX < CALL_BYTES_MAX);
const _: () = assert!(QUESTION_SEALED_BYTES_MAX < REQUEST_BYTES_MAX);
const _: () = assert!(RELEASE_WAIT.as_secs() < HOLD_WAIT.as_secs());
const _: () = assert!(CALLS_AT_ONCE_PER_DEPARTMENT < CALLS_AT_ONCE);
