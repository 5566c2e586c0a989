//! Grants: what the own department may ask others, what others may ask it, and their end.

use access::Action;
use ledger::catalogue::{MaskRule, Mode, PublishedEntry, ReceiptMode};
use ledger::grant::{Grant, GrantStatus, RevokeGrant};
use ledger::ids::{EntryId, GrantId, Time};
use ledger::transaction::Payload;
use ledger::views;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use crate::audit_log::Event;
use crate::catalogue::{self, EntryRef, ItemView};
use crate::departments::{DepartmentRef, Names};
use crate::door::{self, About, Door};
use crate::error::ServiceError;
use crate::office::{Office, ms};
use crate::page::{Page, Wanted};
use crate::record::RecordRow;
use crate::requests::{Side, chosen, number};
use crate::staff::{Colleagues, Officer, Person};
use crate::submission::{self, Form, Submitted};
use crate::verdict::Verdict;
use crate::{deadline, limits, purpose, record};

/// Which grants to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Held or given.
    pub side: Side,
    /// Only these.
    pub status: Option<GrantStatus>,
    /// Only for this resource code.
    pub entry: Option<String>,
    /// Page, from 1; 0 means the first.
    pub page: u64,
}

/// A grant as other pages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRef {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `SQD-2026-000003`.
    pub number: String,
}

impl GrantRef {
    /// Of a grant approved at `at` (ms UTC) under this count.
    pub(crate) fn new(id: GrantId, at: i64, count: u64) -> Self {
        Self { id: id.to_string(), number: number("SQD", at, count) }
    }
}

/// One grant of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `SQD-2026-000003`.
    pub number: String,
    /// The request it answers.
    pub request: String,
    /// The entry.
    pub entry: EntryRef,
    /// Who may ask.
    pub requester: DepartmentRef,
    /// Who answers.
    pub provider: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// The one mode.
    pub mode: Mode,
    /// Number of items.
    pub items: u64,
    /// Whether it is in force.
    pub status: GrantStatus,
    /// First moment, ms UTC.
    pub from: i64,
    /// Last moment, ms UTC.
    pub until: i64,
    /// It ends within seven days.
    pub ending: bool,
    /// Enquiries in all.
    pub quota: u64,
    /// Used.
    pub used: u64,
    /// Given, ms UTC.
    pub at: i64,
    /// Whether the officer may ask under it now.
    pub may_ask: bool,
}

/// An item of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedItemView {
    /// The item.
    pub item: ItemView,
    /// The mask it is answered under, by the grant alone.
    pub mask: Option<MaskRule>,
}

/// What the officer may do with a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantMay {
    /// Ask under it.
    pub ask: Verdict,
    /// End it.
    pub revoke: Verdict,
}

/// A grant in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantView {
    /// Its id.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// The request it answers.
    pub request: String,
    /// That request's number.
    pub request_number: String,
    /// The entry.
    pub entry: EntryRef,
    /// Who may ask.
    pub requester: DepartmentRef,
    /// Who answers.
    pub provider: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// The one mode.
    pub mode: Mode,
    /// The items with their masks.
    pub items: Vec<GrantedItemView>,
    /// Only rows whose item equals a value: item code and value.
    pub row_scope: Option<(String, String)>,
    /// Whether it is in force.
    pub status: GrantStatus,
    /// First moment, ms UTC.
    pub from: i64,
    /// Last moment, ms UTC.
    pub until: i64,
    /// It ends within seven days.
    pub ending: bool,
    /// Enquiries in all.
    pub quota: u64,
    /// Used.
    pub used: u64,
    /// Left.
    pub left: u64,
    /// Receipts so far.
    pub uses: u64,
    /// When receipts enter the chain.
    pub receipt_mode: ReceiptMode,
    /// Policies it was judged under: national, region, department; 64 hexadecimal characters each.
    pub policy_versions: [String; 3],
    /// Who approved.
    pub by: Person,
    /// Approved, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
    /// Its revocation.
    pub revoked: Option<RevokedView>,
    /// What the officer may do.
    pub may: GrantMay,
    /// Form id of the revocation.
    pub revoke_form_id: String,
    /// Reason codes of a revocation.
    pub revoke_reasons: Vec<String>,
    /// The last records under it.
    pub records: Vec<RecordRow>,
}

/// The end of a grant before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedView {
    /// Reason code.
    pub reason: String,
    /// Who revoked.
    pub by: Person,
    /// When, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
}

/// What the revocation form says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevokeInput {
    /// Drawn with the form.
    pub form_id: String,
    /// Reason code.
    pub reason: String,
}

/// Grants of the own department: those in force first, by their end.
///
/// # Errors
/// Faults of ledger or records.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: GrantFilter,
) -> Result<Page<GrantRow>, ServiceError> {
    let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
    let now = office.now_ms();
    let total: i64 =
        select("SELECT COUNT(*)", office, &filter, now).build_query_scalar().fetch_one(office.pool()).await?;
    let mut query = select("SELECT g.*", office, &filter, now);
    query.push(" ORDER BY CASE WHEN g.revoked_at IS NULL AND g.until_at >= ").push_bind(now);
    query.push(" THEN 0 ELSE 1 END, g.until_at, g.number LIMIT ");
    query.push_bind(wanted.limit()).push(" OFFSET ").push_bind(wanted.offset());
    let found = query.build().fetch_all(office.pool()).await?;
    Ok(wanted.filled(rows(office, officer, &found)?, total.unsigned_abs()))
}

fn select(what: &'static str, office: &Office, filter: &GrantFilter, now: i64) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(what);
    query.push(match filter.side {
        Side::Sent => " FROM j_grant g WHERE g.requester = ",
        Side::Received => " FROM j_grant g WHERE g.provider = ",
    });
    query.push_bind(office.own().id.clone());
    if let Some(code) = &filter.entry {
        query.push(" AND g.code = ").push_bind(code.clone());
    }
    match filter.status {
        None => {}
        Some(GrantStatus::Revoked) => {
            query.push(" AND g.revoked_at IS NOT NULL");
        }
        Some(GrantStatus::Upcoming) => {
            query.push(" AND g.revoked_at IS NULL AND g.from_at > ").push_bind(now);
        }
        Some(GrantStatus::Expired) => {
            query.push(" AND g.revoked_at IS NULL AND g.until_at < ").push_bind(now);
        }
        Some(GrantStatus::Live) => {
            query.push(" AND g.revoked_at IS NULL AND g.from_at <= ").push_bind(now);
            query.push(" AND g.until_at >= ").push_bind(now);
        }
    }
    query
}

/// Completes rows of the read model from one snapshot of the chain.
pub(crate) fn rows(
    office: &Office,
    officer: &Officer,
    found: &[sqlx::sqlite::SqliteRow],
) -> Result<Vec<GrantRow>, ServiceError> {
    office.node().read(|snapshot| {
        let names = Names::read(snapshot, office.department())?;
        let door = Door::open(office, officer, snapshot)?;
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            let id = id_of(&row.try_get::<Vec<u8>, _>("id")?).ok_or(ServiceError::NotFound)?;
            // The read model may be a block ahead of this snapshot's view: leave such a row out.
            let Some(grant) = views::grant(snapshot, &id)? else { continue };
            let published = door::entry(snapshot, &grant.entry)?;
            let may_ask = grant.requester == *office.department() && {
                let provider = door::department(snapshot, &grant.provider)?;
                may_ask(office, &door, &grant, &published, &provider)?.allowed
            };
            rows.push(GrantRow {
                id: id.to_string(),
                number: number("SQD", ms(grant.approved.at), grant.number),
                request: grant.request.to_string(),
                entry: catalogue::reference(&published),
                requester: names.of(grant.requester.as_str()),
                provider: names.of(grant.provider.as_str()),
                purpose: grant.purpose.to_string(),
                mode: grant.mode,
                items: grant.items.len() as u64,
                status: status(office, &grant),
                from: ms(grant.from),
                until: ms(grant.until),
                ending: is_ending(office, &grant),
                quota: u64::from(grant.quota),
                used: u64::from(grant.used_units),
                at: ms(grant.approved.at),
                may_ask,
            });
        }
        Ok(rows)
    })
}

/// An id in the read model.
pub(crate) fn id_of(bytes: &[u8]) -> Option<GrantId> {
    Some(GrantId(bytes.try_into().ok()?))
}

fn status(office: &Office, grant: &Grant) -> GrantStatus {
    grant.status(Time(office.now_ms().unsigned_abs()))
}

fn is_ending(office: &Office, grant: &Grant) -> bool {
    let left = ms(grant.until) - office.now_ms();
    status(office, grant) == GrantStatus::Live && left <= limits::GRANT_ENDING_DAYS * 24 * 60 * 60 * 1000
}

/// Whether the officer may ask under a grant: the party, its state and quota, then policy.
pub(crate) fn may_ask(
    office: &Office,
    door: &Door<'_>,
    grant: &Grant,
    published: &PublishedEntry,
    provider: &ledger::department::Department,
) -> Result<Verdict, ServiceError> {
    if grant.requester != *office.department() {
        return Ok(Verdict::no("grant.not-ours"));
    }
    let now = Time(office.now_ms().unsigned_abs());
    if let Err(refusal) = grant.check_use(now, 1) {
        return Ok(Verdict::no(refusal.code()));
    }
    if grant.mode != Mode::Query {
        return Ok(Verdict::no("entry.mode"));
    }
    let about = About {
        items: grant.items.iter().map(|item| item.code.clone()).collect(),
        purpose: Some(grant.purpose.clone()),
        grant_live: Some(true),
    };
    Ok(door::verdict(&door.decide(Action::Ask, published, provider, about)?))
}

/// One grant. Its two parties see it; an inspector does, and that is noted.
///
/// # Errors
/// Not found, also for a grant between others.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<GrantView, ServiceError> {
    let id: GrantId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let request =
        office.node().read(|snapshot| views::grant(snapshot, &id))?.ok_or(ServiceError::NotFound)?.request;
    // Officers of a grant's steps are pseudonyms within its request.
    let colleagues = Colleagues::within(office, request.as_bytes()).await?;
    let mut view = office.node().read(|snapshot| view(office, officer, snapshot, &id, &colleagues))?;
    if !view.requester.own && !view.provider.own {
        office.note(officer, Event::RecordShow, &view.id, "ok").await?;
    }
    view.records = record::of_grant(office, &id, limits::ROWS_PER_PAGE).await?;
    Ok(view)
}

fn view(
    office: &Office,
    officer: &Officer,
    snapshot: &node::Snapshot<'_>,
    id: &GrantId,
    colleagues: &Colleagues,
) -> Result<GrantView, ServiceError> {
    let grant = views::grant(snapshot, id)?.ok_or(ServiceError::NotFound)?;
    let request = views::request(snapshot, &grant.request)?.ok_or(ServiceError::NotFound)?;
    let published = door::entry(snapshot, &grant.entry)?;
    let names = Names::read(snapshot, office.department())?;
    let door = Door::open(office, officer, snapshot)?;
    let provider = door::department(snapshot, &grant.provider)?;
    let requester = door::department(snapshot, &grant.requester)?;
    let own = office.department();
    if grant.requester != *own && grant.provider != *own && !door.inspect(&provider)?.allow {
        return Err(ServiceError::NotFound);
    }
    let revoke = if grant.provider != *own {
        Verdict::no("grant.not-ours")
    } else if !matches!(status(office, &grant), GrantStatus::Live | GrantStatus::Upcoming) {
        Verdict::no("grant.not-live")
    } else {
        let about = About { purpose: Some(grant.purpose.clone()), ..About::default() };
        door::verdict(&door.decide(Action::Approve, &published, &requester, about)?)
    };
    let may = GrantMay { ask: may_ask(office, &door, &grant, &published, &provider)?, revoke };
    let provider_ref = names.of(grant.provider.as_str());
    let granted = |item: &ledger::catalogue::Item| {
        let granted = grant.item(&item.code)?;
        Some(GrantedItemView { item: catalogue::item_view(item), mask: granted.mask })
    };
    let versions = &grant.policy_versions;
    Ok(GrantView {
        id: grant.id.to_string(),
        number: number("SQD", ms(grant.approved.at), grant.number),
        request: grant.request.to_string(),
        request_number: number("SQ", ms(request.submitted.at), request.number),
        entry: catalogue::reference(&published),
        requester: names.of(grant.requester.as_str()),
        purpose: grant.purpose.to_string(),
        mode: grant.mode,
        items: published.entry.items.iter().filter_map(granted).collect(),
        row_scope: grant.row_scope.as_ref().map(|scope| (scope.item.to_string(), scope.equals.to_string())),
        status: status(office, &grant),
        from: ms(grant.from),
        until: ms(grant.until),
        ending: is_ending(office, &grant),
        quota: u64::from(grant.quota),
        used: u64::from(grant.used_units),
        left: u64::from(grant.units_left()),
        uses: u64::from(grant.uses),
        receipt_mode: grant.receipt_mode,
        policy_versions: [versions.national, versions.region, versions.department].map(|v| v.to_string()),
        by: colleagues.person(&grant.approved.by, provider_ref.clone()),
        at: ms(grant.approved.at),
        height: grant.approved.height.0,
        tx: grant.approved.tx.to_string(),
        revoked: grant.revoked.as_ref().map(|revoked| RevokedView {
            reason: revoked.reason.to_string(),
            by: colleagues.person(&revoked.step.by, provider_ref.clone()),
            at: ms(revoked.step.at),
            height: revoked.step.height.0,
            tx: revoked.step.tx.to_string(),
        }),
        provider: provider_ref,
        may,
        revoke_form_id: submission::draw()?,
        revoke_reasons: purpose::REVOKE_REASONS.map(str::to_owned).to_vec(),
        records: Vec::new(),
    })
}

/// Ends a grant that the own department gave. The id returned is the grant's.
///
/// # Errors
/// The field that is wrong; refused `grant.not-ours`, `grant.not-live`; denied by policy.
pub async fn revoke(
    office: &Office,
    officer: &Officer,
    id: &str,
    input: RevokeInput,
) -> Result<Submitted, ServiceError> {
    let grant: GrantId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let form = Form::new("revoke-grant", &input.form_id, &[id, &*input.reason])?;
    if let Some((_, applied)) = submission::again(office, officer, &form).await? {
        return Ok(submission::submitted(id.to_owned(), &applied));
    }
    // A revocation is not held up by a ledger that is behind: it only takes rights away.
    let decided = to_revoke(office, officer, &grant).and_then(|request| {
        let reason = chosen(&input.reason, &purpose::REVOKE_REASONS);
        let reason = reason.map_err(|code| ServiceError::field("reason", code))?;
        let by = officer.by(office, request.as_bytes());
        Ok(RevokeGrant { grant, reason, by })
    });
    let outcome = decided.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
    office.note(officer, Event::GrantRevoke, id, &outcome).await?;
    let (_, applied) = submission::submit(office, officer, &form, Payload::RevokeGrant(decided?)).await?;
    Ok(submission::submitted(id.to_owned(), &applied))
}

/// Lets policy decide; returns the grant's request.
fn to_revoke(
    office: &Office,
    officer: &Officer,
    id: &GrantId,
) -> Result<ledger::ids::RequestId, ServiceError> {
    office.node().read(|snapshot| {
        let grant = views::grant(snapshot, id)?.ok_or(ServiceError::NotFound)?;
        if grant.provider != *office.department() {
            return Err(ServiceError::refused("grant.not-ours"));
        }
        if !matches!(status(office, &grant), GrantStatus::Live | GrantStatus::Upcoming) {
            return Err(ServiceError::refused("grant.not-live"));
        }
        let published = door::entry(snapshot, &grant.entry)?;
        let requester = door::department(snapshot, &grant.requester)?;
        let door = Door::open(office, officer, snapshot)?;
        let about = About { purpose: Some(grant.purpose.clone()), ..About::default() };
        door::pass(Action::Approve, door.decide(Action::Approve, &published, &requester, about)?)?;
        Ok(grant.request)
    })
}

/// Entry of a grant, for a record's row.
pub(crate) fn entry_of(code: Option<String>, version: Option<i64>) -> Option<EntryId> {
    Some(EntryId { code: code?.parse().ok()?, version: u32::try_from(version?).ok()? })
}

/// The days of a grant's end, for lists sorted by time left.
pub(crate) fn days_left(now: i64, until: i64) -> i64 {
    match (deadline::day(now), deadline::day(until)) {
        (Some(today), Some(last)) => {
            today.until((jiff::Unit::Day, last)).map_or(0, |span| i64::from(span.get_days()))
        }
        _ => 0,
    }
}
