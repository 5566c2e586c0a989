//! Requests for access: the form, the list, one request with its course, and its decision.
//!
//! `form.rs` asks, `decide.rs` answers; here is what everybody looks at. Lists come from the read
//! model, one request from the chain itself.

mod decide;
mod form;
mod view;

use access::Action;
use ledger::catalogue::{MaskRule, Mode, ReceiptMode, ShareType};
use ledger::ids::{EntryId, RequestId};
use ledger::request::RequestStatus;
use ledger::views;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use crate::audit_log::Event;
use crate::catalogue::{self, ConditionView, EntryRef, ItemView};
use crate::deadline::{self, Deadline};
use crate::departments::{DepartmentRef, Names};
use crate::door::{self, About, Door};
use crate::error::ServiceError;
use crate::grants::GrantRef;
use crate::limits;
use crate::office::Office;
use crate::page::{Page, Wanted};
use crate::staff::{Colleagues, Officer, Person};
use crate::verdict::Verdict;

pub use crate::submission::Submitted;
pub use decide::{ApproveInput, ApproveItem, RefuseInput, WithdrawInput, approve, refuse, withdraw};
pub(crate) use form::chosen;
pub use form::{
    ItemDuty, PurposeChoice, RequestCheck, RequestForm, RequestInput, check, form, request_access,
};

/// Which side of requests or grants the own department is on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Side {
    /// The own department asks.
    #[default]
    Sent,
    /// The own department is asked.
    Received,
}

impl Side {
    /// `sent`, `received`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }

    /// The side of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Sent, Self::Received].into_iter().find(|side| side.code() == code)
    }
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestState {
    /// Waiting for the provider.
    Submitted,
    /// Granted.
    Granted,
    /// Refused under a published condition.
    Refused,
    /// Taken back.
    Withdrawn,
}

impl RequestState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Submitted, Self::Granted, Self::Refused, Self::Withdrawn];

    /// `submitted`, `granted`, `refused`, `withdrawn`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// Which requests to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Asked or asked for.
    pub side: Side,
    /// Only these.
    pub status: Option<RequestState>,
    /// Page, from 1; 0 means the first.
    pub page: u64,
}

/// One request of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `SQ-2026-000012`.
    pub number: String,
    /// What is asked for.
    pub entry: EntryRef,
    /// Who asks.
    pub requester: DepartmentRef,
    /// Who is asked.
    pub provider: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// How the data are used.
    pub mode: Mode,
    /// Number of items.
    pub items: u64,
    /// Where it stands.
    pub state: RequestState,
    /// Submitted, ms UTC.
    pub at: i64,
    /// Decided or taken back, ms UTC.
    pub decided_at: Option<i64>,
    /// Time limit of the answer; only while it waits.
    pub deadline: Option<Deadline>,
    /// The grant it became.
    pub grant: Option<String>,
    /// The officer may decide about it.
    pub may_decide: bool,
}

/// An item of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedItem {
    /// The item.
    pub item: ItemView,
    /// Granted; none while not decided.
    pub granted: Option<bool>,
    /// Mask of the grant.
    pub granted_mask: Option<MaskRule>,
    /// Mask that policy demands now.
    pub policy_mask: Option<MaskRule>,
    /// Policy leaves it out now.
    pub policy_drops: bool,
    /// Masks an approval may choose; the first is the default. None in the list means clear.
    pub masks_offered: Vec<Option<MaskRule>>,
    /// Lies outside what the purpose needs (DOMAIN 3.2): only a hint.
    pub beyond_need: bool,
}

/// One step of a course, past or next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// `submitted`, `granted`, `refused`, `withdrawn`, `revoked`, `expired`; next steps:
    /// `decide`, `use`.
    pub kind: &'static str,
    /// When, ms UTC; none for what has not happened.
    pub at: Option<i64>,
    /// The department that acted or will act.
    pub department: DepartmentRef,
    /// Who acted.
    pub person: Option<Person>,
    /// By this transaction.
    pub tx: Option<String>,
    /// In this block.
    pub height: Option<u64>,
    /// It is what is waited for now.
    pub now: bool,
}

/// What the officer may do with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestMay {
    /// Grant it.
    pub approve: Verdict,
    /// Refuse it.
    pub refuse: Verdict,
    /// Take it back.
    pub withdraw: Verdict,
    /// Ask within its grant.
    pub ask: Verdict,
}

/// Ids and defaults of the forms on a request's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionForms {
    /// Form id of the approval.
    pub approve: String,
    /// Form id of the refusal.
    pub refuse: String,
    /// Form id of the withdrawal.
    pub withdraw: String,
    /// Receipt modes an approval may choose.
    pub receipt_modes: Vec<ReceiptMode>,
    /// Reason codes of a withdrawal.
    pub withdraw_reasons: Vec<String>,
}

/// What the requester did with this provider before: for who decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequesterHistory {
    /// Requests of the last 90 days.
    pub requests: u64,
    /// Of these granted.
    pub granted: u64,
    /// Enquiries on record of the last 90 days.
    pub asked: u64,
    /// Of these denied.
    pub denied: u64,
}

/// A request in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// Its id.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// What is asked for.
    pub entry: EntryRef,
    /// 共享属性 of the entry.
    pub share_type: ShareType,
    /// Highest grade of the entry.
    pub grade: u8,
    /// A newer version of the entry is published.
    pub entry_outdated: bool,
    /// Who asks.
    pub requester: DepartmentRef,
    /// Who is asked.
    pub provider: DepartmentRef,
    /// The officer who asked.
    pub by: Person,
    /// Two digits.
    pub purpose: String,
    /// Two digits.
    pub basis: String,
    /// How the data are used.
    pub mode: Mode,
    /// First moment asked for, ms UTC.
    pub from: i64,
    /// Last moment asked for, ms UTC.
    pub until: i64,
    /// The same as days in UTC+8, for the form.
    pub from_day: String,
    /// The same as days in UTC+8, for the form.
    pub until_day: String,
    /// Enquiries in all.
    pub quota: u64,
    /// Commitment to the documents, 64 hexadecimal characters.
    pub documents: Option<String>,
    /// The items.
    pub items: Vec<RequestedItem>,
    /// Published conditions of the entry; a refusal cites one.
    pub conditions: Vec<ConditionView>,
    /// Where it stands.
    pub state: RequestState,
    /// The grant it became.
    pub grant: Option<GrantRef>,
    /// The condition under which it was refused.
    pub refused_under: Option<ConditionView>,
    /// Reason code of its withdrawal.
    pub withdrawn_for: Option<String>,
    /// Submitted, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
    /// Time limit of the answer; only while it waits.
    pub deadline: Option<Deadline>,
    /// What policy says about granting it, judged now for this officer; set for the provider's side.
    pub policy: Option<Verdict>,
    /// Its course.
    pub timeline: Vec<TimelineEntry>,
    /// What the officer may do.
    pub may: RequestMay,
    /// Form ids and choices.
    pub forms: DecisionForms,
    /// The requester's past; set for the provider's side.
    pub history: Option<RequesterHistory>,
}

/// Requests of the own department, newest first; waiting ones that it must answer by time left.
///
/// # Errors
/// Faults of ledger or records.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: RequestFilter,
) -> Result<Page<RequestRow>, ServiceError> {
    let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
    let total: i64 =
        select("SELECT COUNT(*)", office, &filter).build_query_scalar().fetch_one(office.pool()).await?;
    let mut query = select("SELECT r.*", office, &filter);
    // What waits comes first, the oldest of it at the top: its limit ends first.
    query.push(" ORDER BY CASE r.status WHEN 'submitted' THEN 0 ELSE 1 END,");
    query.push(" CASE r.status WHEN 'submitted' THEN r.at ELSE -r.at END, r.number LIMIT ");
    query.push_bind(wanted.limit()).push(" OFFSET ").push_bind(wanted.offset());
    let found = query.build().fetch_all(office.pool()).await?;
    Ok(wanted.filled(rows(office, officer, &found)?, total.unsigned_abs()))
}

fn select(what: &'static str, office: &Office, filter: &RequestFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(what);
    query.push(match filter.side {
        Side::Sent => " FROM j_request r WHERE r.requester = ",
        Side::Received => " FROM j_request r WHERE r.provider = ",
    });
    query.push_bind(office.own().id.clone());
    if let Some(status) = filter.status {
        query.push(" AND r.status = ").push_bind(status.code());
    }
    query
}

/// Reads rows of the read model and completes them from one snapshot of the chain.
pub(crate) fn rows(
    office: &Office,
    officer: &Officer,
    found: &[sqlx::sqlite::SqliteRow],
) -> Result<Vec<RequestRow>, ServiceError> {
    let now = office.now_ms();
    office.node().read(|snapshot| {
        let names = Names::read(snapshot, office.department())?;
        let door = Door::open(office, officer, snapshot)?;
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            let read = Listed::read(row)?;
            let published = door::entry(snapshot, &read.entry)?;
            let waits = read.state == RequestState::Submitted;
            let may_decide = waits && read.provider == office.own().id && {
                let requester: ledger::ids::DepartmentId =
                    read.requester.parse().map_err(|_| ServiceError::NotFound)?;
                let requester = door::department(snapshot, &requester)?;
                let about = About { purpose: read.purpose.parse().ok(), ..About::default() };
                door.decide(Action::Approve, &published, &requester, about)?.allow
            };
            let days = catalogue::answer_days(published.entry.share_type).filter(|_| waits);
            rows.push(RequestRow {
                id: hex::encode(&read.id),
                number: number("SQ", read.at, read.number),
                entry: catalogue::reference(&published),
                requester: names.of(&read.requester),
                provider: names.of(&read.provider),
                purpose: read.purpose,
                mode: read.mode,
                items: read.items,
                state: read.state,
                at: read.at,
                decided_at: read.decided_at,
                deadline: days.and_then(|days| Deadline::new(read.at, days, now)),
                grant: read.grant.map(hex::encode),
                may_decide,
            });
        }
        Ok(rows)
    })
}

/// A row as the read model has it.
struct Listed {
    id: Vec<u8>,
    number: u64,
    entry: EntryId,
    requester: String,
    provider: String,
    purpose: String,
    mode: Mode,
    items: u64,
    state: RequestState,
    at: i64,
    decided_at: Option<i64>,
    grant: Option<Vec<u8>>,
}

impl Listed {
    fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Self, ServiceError> {
        let damaged = || ServiceError::fault("the read model is damaged; rebuild it", &"a request row");
        let mode: i64 = row.try_get("mode")?;
        Ok(Self {
            id: row.try_get("id")?,
            number: row.try_get::<i64, _>("number")?.unsigned_abs(),
            entry: EntryId {
                code: row.try_get::<String, _>("code")?.parse().map_err(|_| damaged())?,
                version: u32::try_from(row.try_get::<i64, _>("version")?).map_err(|_| damaged())?,
            },
            requester: row.try_get("requester")?,
            provider: row.try_get("provider")?,
            purpose: row.try_get("purpose")?,
            mode: mode_of(mode).ok_or_else(damaged)?,
            items: row.try_get::<i64, _>("item_count")?.unsigned_abs(),
            state: RequestState::from_code(row.try_get("status")?).ok_or_else(damaged)?,
            at: row.try_get("at")?,
            decided_at: row.try_get("decided_at")?,
            grant: row.try_get("grant_id")?,
        })
    }
}

/// The mode of a number in the read model.
pub(crate) fn mode_of(number: i64) -> Option<Mode> {
    Mode::ALL.iter().copied().find(|mode| i64::from(mode.number()) == number)
}

/// A number for people: `SQ-2026-000012`.
pub(crate) fn number(prefix: &str, at: i64, count: u64) -> String {
    let year = deadline::day(at).map_or(0, jiff::civil::Date::year);
    format!("{prefix}-{year}-{count:06}")
}

/// One request. Its two parties see it; an inspector of an inspectorate does, and that is noted.
///
/// # Errors
/// Not found, also for a request between others; denied by policy.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<RequestView, ServiceError> {
    let id: RequestId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let colleagues = Colleagues::within(office, id.as_bytes()).await?;
    let mut view = office.node().read(|snapshot| -> Result<RequestView, ServiceError> {
        let request = views::request(snapshot, &id)?.ok_or(ServiceError::NotFound)?;
        let published = door::entry(snapshot, &request.asked.entry)?;
        let grant = match &request.status {
            RequestStatus::Granted(grant) => views::grant(snapshot, grant)?,
            RequestStatus::Submitted | RequestStatus::Refused { .. } | RequestStatus::Withdrawn { .. } => {
                None
            }
        };
        let latest = views::latest_version(snapshot, &published.entry.id.code)?;
        let door = Door::open(office, officer, snapshot)?;
        let requester = door::department(snapshot, &request.requester)?;
        let provider = door::department(snapshot, &request.asked.provider)?;
        let names = Names::read(snapshot, office.department())?;
        view::Shown {
            office,
            door,
            request,
            published,
            grant,
            requester,
            provider,
            names,
            colleagues,
            latest,
        }
        .view()
    })?;
    if !view.requester.own && !view.provider.own {
        office.note(officer, Event::RecordShow, &view.id, "ok").await?;
    }
    if view.provider.own {
        view.history = Some(history(office, &view.requester.id).await?);
    }
    Ok(view)
}

/// Receipt modes an approval may choose under an entry.
pub(crate) fn receipt_modes(entry: ReceiptMode) -> Vec<ReceiptMode> {
    match entry {
        ReceiptMode::Each => vec![ReceiptMode::Each],
        // Batches are anchored in a later version: every answer gets its own receipt.
        ReceiptMode::Batch => vec![ReceiptMode::Each],
    }
}

/// A moment as a day of UTC+8.
pub(crate) fn day_text(at: i64) -> String {
    deadline::day(at).map(|day| day.to_string()).unwrap_or_default()
}

async fn history(office: &Office, requester: &str) -> Result<RequesterHistory, ServiceError> {
    let since = office.now_ms() - 90 * 24 * 60 * 60 * 1000;
    let (requests, granted): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE status = 'granted') FROM j_request
         WHERE requester = ? AND provider = ? AND at >= ?",
    )
    .bind(requester)
    .bind(office.own().id.as_str())
    .bind(since)
    .fetch_one(office.pool())
    .await?;
    let (asked, denied): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE answered = 0) FROM j_record
         WHERE requester = ? AND provider = ? AND at >= ?",
    )
    .bind(requester)
    .bind(office.own().id.as_str())
    .bind(since)
    .fetch_one(office.pool())
    .await?;
    Ok(RequesterHistory {
        requests: requests.unsigned_abs(),
        granted: granted.unsigned_abs(),
        asked: asked.unsigned_abs(),
        denied: denied.unsigned_abs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_carries_the_year_of_its_day_in_beijing() {
        let new_year = deadline::day_start_ms(deadline::parse_day("2027-01-01").unwrap()).unwrap();
        assert_eq!(number("SQ", new_year, 12), "SQ-2027-000012");
        assert_eq!(number("SQ", new_year - 1, 12), "SQ-2026-000012");
    }
}
