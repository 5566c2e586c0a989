//! Every bound of this crate. What happens at each is said beside it.

/// How often equivocations that the node saw are looked at, to be reported.
pub const EQUIVOCATIONS_EVERY_MS: u64 = 30_000;
/// So many are reported at a look; the rest at the next.
pub const EQUIVOCATIONS_AT_ONCE: usize = 8;
/// One day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Rows of a list page.
pub const ROWS_PER_PAGE: u64 = 20;
/// Highest page number an address may ask for; higher ones show this one.
pub const PAGES_MAX: u64 = 10_000;
/// Blocks shown on one page of the chain.
pub const BLOCKS_PER_PAGE: u64 = 25;
/// Characters of a search text; longer ones are cut.
pub const SEARCH_CHARS_MAX: usize = 60;
/// Words of a search text; later ones are ignored.
pub const SEARCH_WORDS_MAX: usize = 6;
/// Values a facet shows; the rest are reachable by search.
pub const FACET_VALUES_MAX: i64 = 40;

/// Characters of an account's name for signing in.
pub const ACCOUNT_CHARS_MAX: usize = 32;
/// Characters of a person's name.
pub const NAME_CHARS_MAX: usize = 40;
/// Fewest characters of a password (DB-01).
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Bytes of a password; longer ones are refused unread, so that hashing stays cheap.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Classes of characters a password mixes, out of four (DB-01).
pub const PASSWORD_CLASSES_MIN: usize = 3;
/// From this length on an account's name may not be part of its password.
pub const ACCOUNT_IN_PASSWORD_CHARS_MIN: usize = 4;
/// Wrong passwords in a row from one source before the account is closed to it (DB-02).
pub const SIGN_IN_FAILURES_MAX: u32 = 5;
/// Attempts to sign in from one address in a minute that do not succeed; more are refused unread. A
/// gateway is one address for all who come through it.
pub const SIGN_IN_TRIES_MAX: u32 = 30;
/// The same from all addresses; beyond it only those that did not fail in this minute are heard.
pub const SIGN_IN_TRIES_ALL_MAX: u32 = 120;
/// Addresses that may fail in one minute; more are refused unread. Bounds what is remembered.
pub const SIGN_IN_SOURCES_MAX: usize = 512;
/// A failure to sign in is told no sooner, so that its time does not say how far it came.
pub const SIGN_IN_WRONG_MS: u64 = 250;
/// Longest time an account stays closed to a source (DB-02), and how long failures are remembered.
pub const LOCK_MS: i64 = 30 * 60 * 1000;
/// How long the fifth failure in a row closes an account to its source; each further one twice as long.
pub const SOURCE_WAIT_MS: i64 = 60 * 1000;
/// Failures on one account from sources that are no desk of its officer before it is slowed for all those.
pub const ACCOUNT_FAILURES_MAX: u32 = 20;
/// How long the next such failure must wait; each further one twice as long.
pub const ACCOUNT_WAIT_MS: i64 = 1_000;
/// The longest such wait.
pub const ACCOUNT_WAIT_MS_MAX: i64 = 5 * 60 * 1000;
/// Accounts and sources whose failures are remembered; the oldest makes room.
pub const SIGN_IN_ROWS_MAX: usize = 32 * 1024;
/// Failures to sign in that are written down in one minute; of the others the number.
pub const SIGN_IN_NOTES_MAX: u32 = 30;
/// A session without a request of its officer ends after this (DB-02).
pub const SESSION_IDLE_MS: i64 = 15 * 60 * 1000;
/// A session ends after this, busy or not (DB-24).
pub const SESSION_AGE_MS: i64 = 10 * 60 * 60 * 1000;
/// An account unused for this long may not sign in (DB-07).
pub const ACCOUNT_UNUSED_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// Password checks at the same time; more wait. One takes 19 MiB and some 30 ms.
pub const PASSWORD_CHECKS_MAX: usize = 4;
/// A password is to be changed after this (DB-01).
pub const PASSWORD_AGE_MS: i64 = 90 * DAY_MS;
/// Passwords that are not taken again, the present one among them (DB-01).
pub const PASSWORDS_KEPT: i64 = 5;
/// A one-time secret that was not used by then is no good.
pub const ONE_TIME_MS: i64 = 7 * DAY_MS;
/// Rights are looked at again after this.
pub const REVIEW_MS: i64 = 180 * DAY_MS;
/// A review is announced this long before.
pub const REVIEW_SOON_MS: i64 = 7 * DAY_MS;
/// The second factor counts as just shown for this long.
pub const STEP_UP_MS: i64 = 5 * 60 * 1000;
/// A challenge that was not answered by then is drawn anew.
pub const CHALLENGE_MS: i64 = 5 * 60 * 1000;
/// Characters of an answer to a challenge; longer ones are none.
pub const ANSWER_CHARS_MAX: usize = 128;
/// Digits of a time-based code.
pub const CODE_DIGITS: usize = 6;
/// How long an officer may bind codes once it was allowed.
pub const CODE_ALLOWED_MS: i64 = DAY_MS;
/// Ended sessions are forgotten after this.
pub const SESSION_KEPT_MS: i64 = 90 * DAY_MS;
/// Sessions shown of one account.
pub const SESSIONS_SHOWN: i64 = 10;
/// Changes shown of one account.
pub const CHANGES_SHOWN: i64 = 50;
/// Highest grade there is.
pub const CLEARANCE_MAX: u8 = 4;
/// Characters of a person's number in the department's own list.
pub const STAFF_NUMBER_CHARS_MAX: usize = 20;
/// Characters of a section's name.
pub const UNIT_CHARS_MAX: usize = 40;
/// Characters of a reason.
pub const REASON_CHARS_MAX: usize = 200;
/// Lines of a list of people; with more nothing is taken.
pub const IMPORT_LINES_MAX: usize = 200;
/// The longest time an officer's certificate is good for.
pub const CERTIFICATE_MS: u64 = 365 * 24 * 60 * 60 * 1000;
/// So long before its end it is made anew.
pub const CERTIFICATE_RENEWED_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// How long an act on an account waits for its roster to be anchored; the background goes on.
pub const ROSTER_WAIT_MS: u64 = 10_000;
/// How often the roster is compared with the accounts; what an act changes is anchored in the act.
pub const ROSTER_EVERY_MS: u64 = 60_000;
/// Wait between attempts to anchor what the chain did not take.
pub const ROSTER_RETRY_MS: u64 = 3_000;
/// Accounts of one department; more are refused.
pub const STAFF_MAX: i64 = 5_000;

/// Colleagues named to who may not do something.
pub const HOLDERS_NAMED_MAX: i64 = 3;

/// How long a signed transaction may wait for its block: the ledger's bound is ten minutes, and a
/// person waits less.
pub const SUBMIT_VALID_MS: u64 = 2 * 60 * 1000;
/// Stored submissions older than this are swept: their transactions can no longer be applied.
pub const SUBMISSION_KEEP_MS: i64 = 24 * 60 * 60 * 1000;

/// Longest period a request may ask for, in days (R1: one year by default).
pub const PERIOD_DAYS_MAX: u32 = 366;
/// Period offered by an empty form, in days.
pub const PERIOD_DAYS_DEFAULT: u32 = 90;
/// A request may start this many days ahead at most.
pub const START_DAYS_AHEAD_MAX: u32 = 90;
/// Most units a request may ask for.
pub const QUOTA_MAX: u64 = 100_000;
/// Units offered by an empty form.
pub const QUOTA_DEFAULT: u64 = 200;

/// Steps of a department that wait for a second officer or came back from one; more are refused.
pub const WAITING_STEPS_MAX: i64 = 500;
/// A step that no second officer signed by then is wiped: the ten working days of a decision.
pub const WAITING_STEP_MS: i64 = 14 * DAY_MS;
/// The same for a query, which names a citizen.
pub const WAITING_QUERY_MS: i64 = DAY_MS;

/// Characters of a case number (办件编号).
pub const CASE_CHARS_MAX: usize = 60;
/// Characters of a citizen's name as typed.
pub const SUBJECT_NAME_CHARS_MAX: usize = 60;
/// Characters of an identity document's number as typed.
pub const SUBJECT_NUMBER_CHARS_MAX: usize = 30;
/// Longest time one page request waits for news about a query.
pub const WAIT_MS_MAX: u64 = 25_000;

/// Longest time an inspection stays open, in days (the ledger's bound).
pub const INSPECTION_DAYS_MAX: u32 = 180;
/// Time offered by an empty form, in days.
pub const INSPECTION_DAYS_DEFAULT: u32 = 30;
/// Departments one inspection may name; who looks at more looks at all.
pub const INSPECTION_SCOPE_MAX: usize = 64;
/// Proposals of inspections that wait for a second officer; more are refused.
pub const PROPOSALS_MAX: i64 = 64;
/// A proposal that was not countersigned by then has lapsed.
pub const PROPOSAL_MS: i64 = 30 * DAY_MS;
/// Characters of a warrant's document number.
pub const WARRANT_CHARS_MAX: usize = 60;
/// Looks are collected this long before they are put on record together.
pub const LOOKS_COLLECT_MS: u64 = 1_000;
/// Without a new look, what is not on record yet is tried again after this.
pub const LOOKS_RETRY_MS: u64 = 10_000;
/// Looks put on record in one transaction (the ledger's bound).
pub const LOOKS_PER_SUBMISSION: i64 = 256;
/// Days an inspection's looks at the own department stand on the worklist.
pub const INSPECTED_DAYS: i64 = 14;
/// Blocks projected in one database transaction while the read model catches up.
pub const JOURNAL_BLOCKS_PER_STEP: u64 = 64;
/// Longest time a use case waits until the read model shows its own transaction.
pub const JOURNAL_WAIT_MS: u64 = 2_000;
/// Entries of the audit log in one file; of more the newest. The command line has no such bound.
pub const AUDIT_EXPORT_MAX: i64 = 100_000;
/// Days counted for a chart of the log.
pub const LOG_DAYS_MAX: i64 = 92;
/// Blocks read again to compute the receipt log's root under a record; with more the check is left out.
pub const LOG_BLOCKS_READ_MAX: usize = 2_000;
/// Days of the worklist's chart.
pub const HOME_DAYS: i64 = 14;
/// Rows of a short list on the worklist.
pub const HOME_ROWS: u64 = 6;
/// Days for which the worklist tells of bounds that officers came to.
pub const ALARM_DAYS: i64 = 7;
/// Tasks shown on the worklist.
pub const HOME_TASKS_MAX: usize = 40;
/// A grant that ends within this many days is shown as ending.
pub const GRANT_ENDING_DAYS: i64 = 7;
/// Bytes of an entry file.
pub const ENTRY_FILE_BYTES_MAX: u64 = 256 * 1024;
/// Entry files read at the start; more are an error.
pub const ENTRY_FILES_MAX: usize = 200;
/// Wait between attempts to publish an entry that the chain did not take.
pub const PUBLISH_RETRY_MS: u64 = 3_000;
/// Wait before the next attempt once the day's publications are used up.
pub const PUBLISH_CREDIT_MS: u64 = 10 * 60 * 1000;

/// Days of a period that is judged again; a longer one is asked for in parts.
pub const REPLAY_DAYS_MAX: i32 = 366;
/// Replays of an office under way at once, one of each officer; a further one is told to wait.
pub const REPLAYS_AT_ONCE: usize = 2;
/// Replays an office remembers; the oldest that ended makes room.
pub const REPLAYS_KEPT: usize = 32;
/// Bytes of a table of rows that is brought in; of a larger one nothing is read.
pub const POLICY_FILE_BYTES_MAX: usize = 1024 * 1024;
/// Wrong lines told at a time.
pub const POLICY_LINES_WRONG_MAX: usize = 100;
/// Bytes of a version as it is signed: what is left of a transaction beside it.
pub const POLICY_BYTES_MAX: usize = ledger::limits::TRANSACTION_BYTES_MAX - 4 * 1024;
/// Reasons of a layer that are looked through; of more the newest.
pub const POLICY_REASONS_MAX: i64 = 1_000;
/// Versions of a layer shown in its history; older ones are reached by their number.
pub const POLICY_VERSIONS_SHOWN: u64 = 200;
/// Decisions that a preview judges again, at least and at most.
pub const PREVIEW_DECISIONS: std::ops::RangeInclusive<u64> = 100..=100_000;
/// Decisions judged at a time; between two such a preview that nobody waits for ends.
pub const PREVIEW_CHUNK: u32 = 500;
/// Turned decisions shown; all are counted.
pub const PREVIEW_TURNED_MAX: usize = 500;
/// How long a sign-in by an identity provider may take from its beginning to its end.
pub const OIDC_FLOW_MS: i64 = 10 * 60 * 1000;
/// Bytes of what a browser keeps of it, sealed.
pub const OIDC_KEPT_BYTES_MAX: usize = 2 * 1024;
/// Bytes of the address to go on to; a longer one is forgotten.
pub const OIDC_NEXT_BYTES_MAX: usize = 512;
/// Bytes of a provider's code.
pub const OIDC_CODE_BYTES_MAX: usize = 2 * 1024;

const _: () = assert!(SESSION_IDLE_MS < SESSION_AGE_MS);
const _: () = assert!(PERIOD_DAYS_DEFAULT <= PERIOD_DAYS_MAX);
const _: () = assert!(QUOTA_DEFAULT <= QUOTA_MAX);
const _: () = assert!(PASSWORD_CHARS_MIN <= PASSWORD_BYTES_MAX);
