//! Enquiries: asking about one person under a grant, and the answer for ten minutes.
//!
//! The exchange carries the enquiry and keeps it sealed; this file opens the door, shows the answer to
//! the officer who asked and to nobody else, and notes each look. Nothing personal is kept here.

use std::time::Duration;

use exchange::{
    AskError, Asker, DeniedBy, Enquiry, EnquiryFilter, EnquiryState, EnquiryView, ExchangeFault,
    OpenedAnswer, Subject,
};
use ledger::catalogue::{MaskRule, PublishedEntry};
use ledger::ids::{GrantId, ItemCode, QueryId};
use ledger::receipt::DenialClass;
use ledger::views;
use sqlx::Row as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::audit_log::Event;
use crate::catalogue::{self, EntryRef, ItemView};
use crate::departments::{DepartmentRef, Names};
use crate::door::{self, Door};
use crate::error::{FieldError, ServiceError};
use crate::grants::{self, GrantedItemView};
use crate::limits;
use crate::office::{Office, ms};
use crate::page::{Page, Wanted};
use crate::purpose;
use crate::record;
use crate::requests::number;
use crate::staff::Officer;
use crate::submission;
use crate::verdict::Verdict;

/// The form of an enquiry under a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryForm {
    /// Drawn with the form; sent back unchanged.
    pub form_id: String,
    /// The grant.
    pub grant: String,
    /// Its number for people.
    pub grant_number: String,
    /// The entry.
    pub entry: EntryRef,
    /// Who will be asked.
    pub provider: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// The items it answers, with masks by the grant.
    pub items: Vec<GrantedItemView>,
    /// What a person is asked by.
    pub keys: Vec<ItemView>,
    /// Kinds of identity document.
    pub id_types: Vec<String>,
    /// Last moment of the grant, ms UTC.
    pub until: i64,
    /// Enquiries in all.
    pub quota: u64,
    /// Used.
    pub used: u64,
    /// Left.
    pub left: u64,
    /// Longest case number, in characters.
    pub case_chars_max: u64,
    /// Whether the officer may ask now.
    pub ask: Verdict,
}

/// What the form says, as typed. Holds a citizen's name and number: wiped when dropped, never printed.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct QueryInput {
    /// Drawn with the form.
    pub form_id: String,
    /// The grant.
    pub grant: String,
    /// Item codes; empty means all the grant gives.
    pub items: Vec<String>,
    /// Full name.
    pub name: String,
    /// Kind of identity document.
    pub id_type: String,
    /// Its number.
    pub id_number: String,
    /// The business case (办件编号).
    pub case_no: String,
}

/// One step of an enquiry's course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryStep {
    /// `asked`, `held`, `recorded`, `opened`, `closed`.
    pub kind: &'static str,
    /// When, ms UTC by the own clock.
    pub at: Option<i64>,
    /// What is waited for now.
    pub now: bool,
}

/// Why an enquiry was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialView {
    /// The provider said no; else the own department's policy, and nothing was sent.
    pub by_provider: bool,
    /// What stands on the chain.
    pub class: DenialClass,
    /// The layer that decided.
    pub layer: Option<String>,
    /// The row that decided.
    pub row: Option<String>,
    /// Stable code of the reason.
    pub code: String,
}

/// One value of an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Cell {
    /// The item's code.
    pub item: String,
    /// Its name.
    pub label: crate::words::Words,
    /// The value as the provider sent it; none when the provider has no value.
    pub value: Option<String>,
    /// The rule it was masked by.
    pub mask: Option<MaskRule>,
    /// 0 not personal, 1 personal, 2 sensitive personal, 3 trade secret.
    pub sensitivity: u8,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A value is personal data and must not reach a log.
        f.debug_struct("Cell").field("item", &self.item).finish_non_exhaustive()
    }
}

/// An item of the entry that the answer does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The item.
    pub item: ItemView,
    /// `not-granted` (ask for it), `not-asked`, `policy` (a policy of the provider left it out).
    pub reason: &'static str,
}

/// An opened answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultView {
    /// Whether the provider has such a person.
    pub found: bool,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// Number of values that are masked.
    pub masked: u64,
    /// What is not shown, and why.
    pub withheld: Vec<Withheld>,
    /// Reason codes of the provider, e.g. `V02`.
    pub reasons: Vec<String>,
    /// The watermark: who looks, when, under which receipt.
    pub watermark: String,
    /// When the provider read its data, ms UTC by its clock.
    pub prepared_at: i64,
}

/// The receipt of an enquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRef {
    /// The receipt's id, which is the enquiry's.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// Number of the use within its grant; none when denied.
    pub use_no: Option<u64>,
    /// In this block.
    pub height: u64,
    /// Recorded, ms UTC.
    pub at: i64,
    /// The acknowledgement is on the chain too.
    pub delivered: bool,
}

/// One enquiry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRow {
    /// Its id.
    pub id: String,
    /// The entry.
    pub entry: EntryRef,
    /// Who was asked.
    pub provider: DepartmentRef,
    /// The grant.
    pub grant: String,
    /// Two digits.
    pub purpose: String,
    /// The business case.
    pub case_no: String,
    /// The person, masked.
    pub subject: String,
    /// `drafted asked held recorded opened closed denied lapsed undelivered rejected refused`.
    pub state: &'static str,
    /// Stable code of the reason.
    pub reason: Option<String>,
    /// Nothing more happens by itself.
    pub is_final: bool,
    /// Asked, ms UTC.
    pub at: i64,
    /// Its receipt.
    pub receipt: Option<ReceiptRef>,
}

/// An enquiry in full, for the officer who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryView {
    /// Its row.
    pub row: QueryRow,
    /// The grant's number for people.
    pub grant_number: String,
    /// What it waits for: a stable code.
    pub waiting: Option<String>,
    /// Grows with every change; for [`wait`].
    pub stamp: u64,
    /// Its course.
    pub steps: Vec<QueryStep>,
    /// Why it was denied.
    pub denial: Option<DenialView>,
    /// The answer, for ten minutes after it was opened.
    pub result: Option<ResultView>,
    /// The answer was opened and is no longer shown.
    pub cleared: bool,
    /// When it is cleared, ms UTC.
    pub clears_at: Option<i64>,
    /// The last moment it can still be recorded, ms UTC of block time.
    pub valid_until: i64,
    /// Whether the officer may ask under this grant again.
    pub ask: Verdict,
    /// Other enquiries of the officer for the same business case.
    pub same_case: Vec<QueryRow>,
}

/// Which of the officer's enquiries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryFilter {
    /// Only under this grant.
    pub grant: Option<String>,
    /// Only for this business case, exactly. Comes by POST, never in an address.
    pub case_no: Option<String>,
    /// Page, from 1; 0 means the first.
    pub page: u64,
}

/// Draws the form for a grant.
///
/// # Errors
/// Not found, also for a grant of others.
pub async fn form(office: &Office, officer: &Officer, grant: &str) -> Result<QueryForm, ServiceError> {
    let grant_id: GrantId = grant.parse().map_err(|_| ServiceError::NotFound)?;
    let form_id = submission::draw()?;
    office.node().read(|snapshot| {
        let grant = views::grant(snapshot, &grant_id)?.ok_or(ServiceError::NotFound)?;
        if grant.requester != *office.department() {
            return Err(ServiceError::NotFound);
        }
        let published = door::entry(snapshot, &grant.entry)?;
        let provider = door::department(snapshot, &grant.provider)?;
        let names = Names::read(snapshot, office.department())?;
        let door = Door::open(office, officer, snapshot)?;
        let items = published.entry.items.iter().filter_map(|item| {
            let granted = grant.item(&item.code)?;
            Some(GrantedItemView { item: catalogue::item_view(item), mask: granted.mask })
        });
        Ok(QueryForm {
            form_id,
            grant: grant.id.to_string(),
            grant_number: number("SQD", ms(grant.approved.at), grant.number),
            entry: catalogue::reference(&published),
            provider: names.of(grant.provider.as_str()),
            purpose: grant.purpose.to_string(),
            items: items.collect(),
            keys: published.entry.items.iter().filter(|i| i.query_key).map(catalogue::item_view).collect(),
            id_types: purpose::ID_TYPES.map(str::to_owned).to_vec(),
            until: ms(grant.until),
            quota: u64::from(grant.quota),
            used: u64::from(grant.used_units),
            left: u64::from(grant.units_left()),
            case_chars_max: limits::CASE_CHARS_MAX as u64,
            ask: grants::may_ask(office, &door, &grant, &published, &provider)?,
        })
    })
}

/// Asks. Returns the enquiry's id as soon as it is safely written down; its course goes on by itself.
///
/// # Errors
/// The fields that are wrong; refused by the grant's state; denied by the own policy; behind.
pub async fn ask(office: &Office, officer: &Officer, mut input: QueryInput) -> Result<String, ServiceError> {
    let form_id = submission::parse_id(&input.form_id)?;
    if let Some(query) = asked_before(office, officer, &form_id).await? {
        return Ok(query.to_string());
    }
    office.not_behind()?;
    let grant: GrantId = input.grant.parse().map_err(|_| ServiceError::NotFound)?;
    let decided = open_to_ask(office, officer, &grant).and_then(|()| check_fields(&input));
    let outcome = decided.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
    // The entry names the grant, never the person or the case.
    office.note(officer, Event::QueryAsk, &input.grant, &outcome).await?;
    let items = decided?;
    let enquiry = Enquiry {
        form_id,
        grant,
        items,
        subject: Subject {
            name: std::mem::take(&mut input.name),
            id_type: std::mem::take(&mut input.id_type),
            id_number: std::mem::take(&mut input.id_number),
        },
        case_no: std::mem::take(&mut input.case_no).trim().to_owned(),
        asker: Asker {
            account: officer.account().to_owned(),
            role: officer.role(),
            assurance: officer.assurance(),
        },
    };
    let actor = |nonce: &[u8; 32]| officer.by(office, nonce).pseudonym;
    let query = office.exchange().ask(enquiry, actor).await.map_err(ask_error)?;
    sqlx::query("INSERT OR IGNORE INTO asked (form_id, staff, query, at) VALUES (?, ?, ?, ?)")
        .bind(form_id.as_slice())
        .bind(officer.staff())
        .bind(query.as_bytes().as_slice())
        .bind(office.now_ms())
        .execute(office.pool())
        .await?;
    Ok(query.to_string())
}

async fn asked_before(
    office: &Office,
    officer: &Officer,
    form_id: &[u8; 32],
) -> Result<Option<QueryId>, ServiceError> {
    let row = sqlx::query("SELECT staff, query FROM asked WHERE form_id = ?")
        .bind(form_id.as_slice())
        .fetch_optional(office.pool())
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<i64, _>("staff")? != officer.staff() {
        return Err(ServiceError::refused("form.used"));
    }
    let bytes: Vec<u8> = row.try_get("query")?;
    Ok(bytes.try_into().ok().map(QueryId))
}

fn open_to_ask(office: &Office, officer: &Officer, id: &GrantId) -> Result<(), ServiceError> {
    office.node().read(|snapshot| {
        let grant = views::grant(snapshot, id)?.ok_or(ServiceError::NotFound)?;
        if grant.requester != *office.department() {
            return Err(ServiceError::NotFound);
        }
        let published = door::entry(snapshot, &grant.entry)?;
        let provider = door::department(snapshot, &grant.provider)?;
        let door = Door::open(office, officer, snapshot)?;
        let verdict = grants::may_ask(office, &door, &grant, &published, &provider)?;
        verdict.into_result(access::Action::Ask)
    })
}

/// What must be there before the exchange looks closer.
fn check_fields(input: &QueryInput) -> Result<std::collections::BTreeSet<ItemCode>, ServiceError> {
    let mut mistakes = crate::error::Mistakes::default();
    let texts = [
        ("name", &input.name, limits::SUBJECT_NAME_CHARS_MAX),
        ("id_number", &input.id_number, limits::SUBJECT_NUMBER_CHARS_MAX),
        ("case_no", &input.case_no, limits::CASE_CHARS_MAX),
    ];
    for (field, text, chars_max) in texts {
        if text.trim().is_empty() {
            mistakes.add(field, "missing");
        } else if text.trim().chars().count() > chars_max {
            mistakes.add(field, "too-long");
        } else if text.chars().any(char::is_control) {
            mistakes.add(field, "bad-characters");
        }
    }
    if !purpose::ID_TYPES.contains(&input.id_type.as_str()) {
        mistakes.add("id_type", if input.id_type.is_empty() { "missing" } else { "not-offered" });
    } else if input.id_type == purpose::ID_CARD
        && !input.id_number.trim().is_empty()
        && !purpose::is_citizen_number(&input.id_number.trim().to_ascii_uppercase())
    {
        mistakes.add("id_number", "not-an-id-number");
    }
    let items: Result<_, _> = input.items.iter().map(|code| code.parse::<ItemCode>()).collect();
    let items = mistakes.take("items", items.map_err(|_| "not-a-code"));
    mistakes.done()?;
    Ok(items.unwrap_or_default())
}

fn ask_error(error: AskError) -> ServiceError {
    match error {
        AskError::Invalid(faults) => ServiceError::Invalid(
            faults.iter().map(|fault| FieldError { field: fault.field, code: fault.code }).collect(),
        ),
        AskError::Busy => ServiceError::refused("query.busy"),
        AskError::Fault(fault) => exchange_fault(fault),
    }
}

/// A fault of the exchange, logged.
pub(crate) fn exchange_fault(fault: ExchangeFault) -> ServiceError {
    ServiceError::fault("the exchange failed", &fault)
}

/// An enquiry of the officer's own.
///
/// # Errors
/// Not found, also for an enquiry of a colleague.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<QueryView, ServiceError> {
    let id: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let enquiry = own_enquiry(office, officer, &id).await?;
    view(office, officer, enquiry).await
}

/// The same once it changed from what `stamp` stood for, or after `patience`.
///
/// # Errors
/// As [`show`].
pub async fn wait(
    office: &Office,
    officer: &Officer,
    id: &str,
    stamp: u64,
    patience: Duration,
) -> Result<QueryView, ServiceError> {
    let id: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    // Only who asked may wait for it.
    own_enquiry(office, officer, &id).await?;
    let patience = patience.min(Duration::from_millis(limits::WAIT_MS_MAX));
    let found = office.exchange().wait(&id, stamp, patience).await.map_err(exchange_fault)?;
    let enquiry = found.filter(|enquiry| enquiry.asker.account == officer.account());
    let enquiry = enquiry.ok_or(ServiceError::NotFound)?;
    view(office, officer, enquiry).await
}

async fn own_enquiry(office: &Office, officer: &Officer, id: &QueryId) -> Result<EnquiryView, ServiceError> {
    let found = office.exchange().enquiry(id).await.map_err(exchange_fault)?;
    found.filter(|enquiry| enquiry.asker.account == officer.account()).ok_or(ServiceError::NotFound)
}

/// The officer's own enquiries, newest first.
///
/// # Errors
/// Faults of the exchange.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: QueryFilter,
) -> Result<Page<QueryRow>, ServiceError> {
    let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
    let grant = match filter.grant.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse::<GrantId>().map_err(|_| ServiceError::NotFound)?),
    };
    let listing = enquiries(
        office,
        EnquiryFilter {
            grant,
            account: Some(officer.account().to_owned()),
            case_no: filter.case_no.filter(|case| !case.trim().is_empty()),
            skip: u32::try_from(wanted.offset()).unwrap_or(u32::MAX),
            limit: u32::try_from(wanted.per_page).unwrap_or(u32::MAX),
            ..EnquiryFilter::default()
        },
    )
    .await?;
    Ok(wanted.filled(listing.0, listing.1))
}

/// Rows and number of the department's enquiries under a filter.
pub(crate) async fn enquiries(
    office: &Office,
    filter: EnquiryFilter,
) -> Result<(Vec<QueryRow>, u64), ServiceError> {
    let listing = office.exchange().enquiries(&filter).await.map_err(exchange_fault)?;
    let rows = office.node().read(|snapshot| -> Result<Vec<QueryRow>, ServiceError> {
        let names = Names::read(snapshot, office.department())?;
        let entries = catalogue::names_of(snapshot, listing.rows.iter().map(|row| row.entry.clone()))?;
        Ok(listing
            .rows
            .iter()
            .map(|enquiry| {
                let entry = entries.get(&enquiry.entry).cloned().unwrap_or_default();
                row(enquiry, entry, &names)
            })
            .collect())
    })?;
    Ok((rows, listing.total))
}

fn row(enquiry: &EnquiryView, entry: EntryRef, names: &Names) -> QueryRow {
    let id = enquiry.query.to_string();
    QueryRow {
        entry,
        provider: names.of(enquiry.provider.as_str()),
        grant: enquiry.grant.to_string(),
        purpose: enquiry.purpose.to_string(),
        case_no: enquiry.case_no.clone(),
        subject: enquiry.subject.clone(),
        state: enquiry.state.code(),
        reason: enquiry.state.reason().map(str::to_owned),
        is_final: enquiry.state.is_final(),
        at: ms(enquiry.times.asked.unwrap_or(enquiry.times.drafted)),
        receipt: enquiry.record.map(|place| ReceiptRef {
            number: record::number(ms(place.time), &id),
            id: id.clone(),
            use_no: place.use_no.map(u64::from),
            height: place.height.0,
            at: ms(place.time),
            delivered: place.delivered,
        }),
        id,
    }
}

async fn view(office: &Office, officer: &Officer, enquiry: EnquiryView) -> Result<QueryView, ServiceError> {
    let now = office.now_ms();
    let opened_at = enquiry.times.opened.map(ms);
    let clears_at = opened_at.map(|at| at + limits::RESULT_SHOWN_MS);
    let is_open = matches!(enquiry.state, EnquiryState::Opened | EnquiryState::Closed);
    let is_shown = is_open && clears_at.is_some_and(|at| now < at);
    if is_shown {
        // No look without its entry: the answer stays closed when the log cannot be written.
        office.note(officer, Event::QueryShow, &enquiry.query.to_string(), "ok").await?;
    }
    let same_case = EnquiryFilter {
        account: Some(officer.account().to_owned()),
        case_no: Some(enquiry.case_no.clone()),
        limit: u32::try_from(limits::HOME_ROWS).unwrap_or(u32::MAX),
        ..EnquiryFilter::default()
    };
    let (mut same_case, _) = enquiries(office, same_case).await?;
    same_case.retain(|row| row.id != enquiry.query.to_string());
    office.node().read(|snapshot| {
        let names = Names::read(snapshot, office.department())?;
        let published = door::entry(snapshot, &enquiry.entry)?;
        let grant = views::grant(snapshot, &enquiry.grant)?.ok_or(ServiceError::NotFound)?;
        let provider = door::department(snapshot, &enquiry.provider)?;
        let door = Door::open(office, officer, snapshot)?;
        let ask = grants::may_ask(office, &door, &grant, &published, &provider)?;
        let row = row(&enquiry, catalogue::reference(&published), &names);
        let answer = enquiry.answer.as_ref().filter(|_| is_shown);
        let result = answer.map(|answer| result(answer, &enquiry, &published, &grant, officer, &row));
        Ok(QueryView {
            grant_number: number("SQD", ms(grant.approved.at), grant.number),
            waiting: enquiry.waiting.map(str::to_owned),
            stamp: enquiry.stamp,
            steps: steps(&enquiry),
            denial: denial(&enquiry.state),
            result,
            cleared: is_open && !is_shown,
            clears_at: clears_at.filter(|_| is_open),
            valid_until: ms(enquiry.valid_until),
            ask,
            same_case,
            row,
        })
    })
}

fn steps(enquiry: &EnquiryView) -> Vec<QueryStep> {
    let times = &enquiry.times;
    let course = [
        ("asked", times.asked),
        ("held", times.held),
        ("recorded", times.recorded),
        ("opened", times.opened),
        ("closed", times.closed.filter(|_| enquiry.state == EnquiryState::Closed)),
    ];
    let goes_on = !enquiry.state.is_final() || enquiry.state == EnquiryState::Opened;
    let next = course.iter().position(|(_, at)| at.is_none()).filter(|_| goes_on);
    (0..)
        .zip(course)
        .map(|(place, (kind, at))| QueryStep { kind, at: at.map(ms), now: next == Some(place) })
        .collect()
}

fn denial(state: &EnquiryState) -> Option<DenialView> {
    match state {
        EnquiryState::Denied { by, class, layer, row, code } => Some(DenialView {
            by_provider: *by == DeniedBy::Provider,
            class: *class,
            layer: layer.map(|layer| layer.code().to_owned()),
            row: row.clone(),
            code: (*code).to_owned(),
        }),
        _ => None,
    }
}

fn result(
    answer: &OpenedAnswer,
    enquiry: &EnquiryView,
    published: &PublishedEntry,
    grant: &ledger::grant::Grant,
    officer: &Officer,
    row: &QueryRow,
) -> ResultView {
    let shown: Vec<_> =
        published.entry.items.iter().filter(|item| enquiry.items.contains(&item.code)).collect();
    let rows: Vec<Vec<Cell>> = answer
        .rows
        .iter()
        .map(|values| {
            shown
                .iter()
                .filter(|item| !answer.dropped.contains(&item.code))
                .map(|item| Cell {
                    item: item.code.to_string(),
                    label: crate::words::Words::from(&item.label),
                    value: values.get(&item.code).cloned().flatten(),
                    mask: answer.masks.get(&item.code).copied(),
                    sensitivity: item.sensitivity,
                })
                .collect()
        })
        .collect();
    let withheld = published.entry.items.iter().filter(|item| item.returnable).filter_map(|item| {
        let reason = if answer.dropped.contains(&item.code) {
            "policy"
        } else if grant.item(&item.code).is_none() {
            "not-granted"
        } else if !enquiry.items.contains(&item.code) {
            "not-asked"
        } else {
            return None;
        };
        Some(Withheld { item: catalogue::item_view(item), reason })
    });
    let receipt = row.receipt.as_ref().map(|receipt| receipt.number.as_str()).unwrap_or_default();
    ResultView {
        found: answer.found,
        masked: rows.iter().flatten().filter(|cell| cell.mask.is_some() && cell.value.is_some()).count()
            as u64,
        rows,
        withheld: withheld.collect(),
        reasons: answer.reasons.clone(),
        watermark: format!("{} {} {}", answer.watermark, officer.account(), receipt),
        prepared_at: ms(answer.prepared_at),
    }
}
