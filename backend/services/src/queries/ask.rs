//! Asking: the form under a grant, its check, and the handing over to the exchange.

use std::collections::BTreeSet;

use exchange::person::{check_citizen_number, plain_number};
use exchange::{AskError, Asker, Enquiry, Field, FieldCode, Subject};
use ledger::ids::{GrantId, ItemCode, QueryId, Time};
use ledger::views;
use sqlx::Row as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::audit_log::Event;
use crate::catalogue::{EntryRef, ItemView};
use crate::door::Door;
use crate::error::{FieldError, ServiceError};
use crate::fields::{Mistakes, plain};
use crate::grants::GrantedItemView;
use crate::names::{DepartmentRef, GrantRef, Names, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::verdict::Verdict;
use crate::{catalogue, door, grants, limits, purpose, submission};

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
    /// Item codes, at least one.
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
            grant_number: GrantRef::of(&grant).number,
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
    let decided =
        open_to_ask(office, officer, &grant).and_then(|()| check_fields(&input, office.node().now()));
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

/// What must be there before the exchange looks closer. Mistakes come in the order of the form.
fn check_fields(input: &QueryInput, now: Time) -> Result<BTreeSet<ItemCode>, ServiceError> {
    let mut mistakes = Mistakes::default();
    mistakes.take("name", plain(&input.name, limits::SUBJECT_NAME_CHARS_MAX));
    let id_type = purpose::ID_TYPES.contains(&input.id_type.as_str());
    mistakes.take(
        "id_type",
        match &*input.id_type {
            _ if id_type => Ok(()),
            "" => Err("missing"),
            _ => Err("not-offered"),
        },
    );
    let number = plain(&input.id_number, limits::SUBJECT_NUMBER_CHARS_MAX).and_then(|number| {
        let is_one =
            input.id_type != purpose::ID_CARD || check_citizen_number(&plain_number(number), now).is_ok();
        if is_one { Ok(()) } else { Err("not-an-id-number") }
    });
    mistakes.take("id_number", number);
    mistakes.take("case_no", plain(&input.case_no, limits::CASE_CHARS_MAX));
    let items: Result<_, _> = input.items.iter().map(|code| code.parse::<ItemCode>()).collect();
    let items = items.map_err(|_| "not-a-code").and_then(|items: BTreeSet<_>| {
        // Nothing ticked asks for nothing.
        if items.is_empty() { Err("missing") } else { Ok(items) }
    });
    let items = mistakes.take("items", items);
    mistakes.done()?;
    Ok(items.unwrap_or_default())
}

fn ask_error(error: AskError) -> ServiceError {
    match error {
        AskError::Invalid(faults) => ServiceError::Invalid(
            faults
                .iter()
                .map(|fault| FieldError { field: field_name(fault.field), code: field_code(fault.code) })
                .collect(),
        ),
        AskError::FormChanged => ServiceError::refused("form.changed"),
        AskError::FormUsed => ServiceError::refused("form.used"),
        AskError::Busy => ServiceError::refused("query.busy"),
        AskError::Fault(fault) => fault.into(),
    }
}

/// The exchange's word for a field, as the form has it.
const fn field_name(field: Field) -> &'static str {
    match field {
        Field::Account => "account",
        Field::Grant => "grant",
        Field::Items => "items",
        Field::Name => "name",
        Field::IdType => "id_type",
        Field::IdNumber => "id_number",
        Field::CaseNo => "case_no",
    }
}

/// The exchange's word for what is wrong with it, among those that forms know.
const fn field_code(code: FieldCode) -> &'static str {
    match code {
        FieldCode::Empty => "missing",
        FieldCode::IdNumberForm | FieldCode::IdNumberDate | FieldCode::IdNumberCheckDigit => {
            "not-an-id-number"
        }
        FieldCode::Unknown | FieldCode::NotGranted => "not-offered",
        FieldCode::Form => "bad-characters",
    }
}
