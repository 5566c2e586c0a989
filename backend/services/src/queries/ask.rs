//! Asking: the form under a grant, its check, and the handing over to the exchange.

use std::collections::BTreeSet;

use access::{Action, Obligation};
use exchange::person::{check_citizen_number, plain_number};
use exchange::{AskError, Asker, Field, Query, Subject};
use ledger::ids::{GrantId, ItemCode, Pseudonym, Time};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::audit_log::Event;
use crate::catalogue::EntryRef;
use crate::codes::{FieldCode, OfficeRefusal};
use crate::countersigning::{self, Drafted};
use crate::error::{FieldError, ServiceError};
use crate::fields::{Mistakes, plain};
use crate::grants::GrantedItemView;
use crate::names::{DepartmentRef, GrantRef, ms};
use crate::office::Office;
use crate::officer::{About, Officer};
use crate::scene::Scene;
use crate::verdict::Verdict;
use crate::{act, catalogue, grants, limits, purpose};

/// The form of a query under a grant.
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
    /// Kinds of identity document.
    pub id_types: Vec<String>,
    /// Last moment of the grant, ms UTC.
    pub until: i64,
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
    /// Item codes, at least one: who ticks nothing is asked to choose, and never answered with all.
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
    let form_id = act::draw()?;
    office.scene(officer, |scene| drawn(scene, &grant_id, form_id))
}

pub(super) fn drawn(scene: &Scene<'_>, grant: &GrantId, form_id: String) -> Result<QueryForm, ServiceError> {
    let grant = scene.grant(grant)?;
    if grant.requester != *scene.own() {
        return Err(ServiceError::NotFound);
    }
    let offer = scene.offer(&grant.entry)?;
    let published = offer.asked();
    let provider = scene.department(&grant.provider)?;
    let items = published.entry.items.iter().filter_map(|item| {
        let granted = grant.item(&item.code)?;
        Some(GrantedItemView { item: catalogue::item_view(item), mask: granted.mask })
    });
    Ok(QueryForm {
        form_id,
        grant: grant.id.to_string(),
        grant_number: GrantRef::of(&grant).number,
        entry: catalogue::reference(published),
        provider: scene.names.of(grant.provider.as_str()),
        purpose: grant.purpose.to_string(),
        items: items.collect(),
        id_types: purpose::ID_TYPES.map(str::to_owned).to_vec(),
        until: ms(grant.until),
        left: u64::from(grant.units_left()),
        case_chars_max: limits::CASE_CHARS_MAX as u64,
        ask: grants::may_ask(scene, &grant, &offer, &provider)?,
    })
}

/// What became of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedView {
    /// The query's id.
    Sent(String),
    /// The own policies want a second officer to confirm it first.
    Waits(Drafted),
}

/// Asks. Returns the query's id as soon as it is safely written down; its course goes on by itself.
/// A form sent again gives the same query. Where the own policies demand a second person it waits for one.
///
/// # Errors
/// The fields that are wrong; refused `form.changed` when the form said something else before,
/// `form.used` by someone else, or by the grant's state; denied by the own policy; behind.
pub async fn ask(office: &Office, officer: &Officer, input: QueryInput) -> Result<AskedView, ServiceError> {
    let grant: GrantId = input.grant.parse().map_err(|_| ServiceError::NotFound)?;
    let read = read(officer, grant, &input, office.node().now());
    if let Ok(query) = &read {
        if let Some(query) = office.exchange().asked_before(query).await.map_err(ask_error)? {
            return Ok(AskedView::Sent(query.to_string()));
        }
        if let Some(waits) = countersigning::drafted_query(office, officer, query).await? {
            return Ok(AskedView::Waits(waits));
        }
    }
    office.not_behind()?;
    let mut about = About::from(&grant);
    let decided = match read {
        Ok(query) => office.scene(officer, |scene| {
            about.items = query.items.iter().map(ToString::to_string).collect();
            about.purpose = scene.grant(&query.grant)?.purpose.to_string();
            open_to_ask(scene, &query.grant, &query.items)?;
            Ok((needs_second(scene, &query)?, query))
        }),
        Err(wrong) => Err(wrong),
    };
    // The entry names the grant, its items and purpose, never the person or the case.
    let event = if matches!(decided, Ok((true, _))) { Event::QueryDraft } else { Event::QueryAsk };
    office.note_result(officer, event, about, &decided).await?;
    let (needs_second, query) = decided?;
    if needs_second {
        return countersigning::draft_query(office, officer, &query).await.map(AskedView::Waits);
    }
    let actor = |nonce: &[u8; 32]| officer.by(office.bureau(), nonce).pseudonym;
    let id = office.exchange().ask(query, actor).await.map_err(ask_error)?;
    Ok(AskedView::Sent(id.to_string()))
}

/// Asks what one officer drafted and another confirmed.
pub(crate) async fn ask_seconded(
    office: &Office,
    query: Query,
    officers: impl FnOnce(&[u8; 32]) -> (Pseudonym, Pseudonym) + Send,
) -> Result<String, ServiceError> {
    Ok(office.exchange().ask_seconded(query, officers).await.map_err(ask_error)?.to_string())
}

/// Whether the own policies want another officer to confirm it.
fn needs_second(scene: &Scene<'_>, query: &Query) -> Result<bool, ServiceError> {
    let grant = scene.grant(&query.grant)?;
    let (offer, provider) = (scene.offer(&grant.entry)?, scene.department(&grant.provider)?);
    let decision = scene.query(&offer, &provider, &query.items, &grant)?;
    Ok(decision.obligations.contains(&Obligation::SecondPerson))
}

/// Whether the officer may ask for these items under the grant now.
pub(crate) fn open_to_ask(
    scene: &Scene<'_>,
    grant: &GrantId,
    items: &BTreeSet<ItemCode>,
) -> Result<(), ServiceError> {
    let grant = scene.grant(grant)?;
    if grant.requester != *scene.own() {
        return Err(ServiceError::NotFound);
    }
    let (offer, provider) = (scene.offer(&grant.entry)?, scene.department(&grant.provider)?);
    grants::may_ask_for(scene, &grant, &offer, &provider, items)?.into_result(Action::Ask)
}

/// Reads the form; what must be there before the exchange looks closer. Mistakes come in the order of the
/// form.
pub(super) fn read(
    officer: &Officer,
    grant: GrantId,
    input: &QueryInput,
    now: Time,
) -> Result<Query, ServiceError> {
    let form_id = act::parse_id(&input.form_id)?;
    let mut mistakes = Mistakes::default();
    mistakes.take("name", plain(&input.name, limits::SUBJECT_NAME_CHARS_MAX));
    let id_type = match &*input.id_type {
        known if purpose::ID_TYPES.contains(&known) => Ok(()),
        "" => Err(FieldCode::Missing),
        _ => Err(FieldCode::NotOffered),
    };
    mistakes.take("id_type", id_type);
    let number = plain(&input.id_number, limits::SUBJECT_NUMBER_CHARS_MAX).and_then(|number| {
        let is_one =
            input.id_type != purpose::ID_CARD || check_citizen_number(&plain_number(number), now).is_ok();
        if is_one { Ok(()) } else { Err(FieldCode::NotAnIdNumber) }
    });
    mistakes.take("id_number", number);
    mistakes.take("case_no", plain(&input.case_no, limits::CASE_CHARS_MAX));
    let items: Result<BTreeSet<_>, _> = input.items.iter().map(|code| code.parse::<ItemCode>()).collect();
    let items = match items {
        Ok(items) if items.is_empty() => Err(FieldCode::NoneChosen),
        items => items.map_err(|_| FieldCode::NotACode),
    };
    let Some(items) = mistakes.take("items", items) else { return Err(mistakes.into()) };
    mistakes.done()?;
    Ok(Query {
        form_id,
        grant,
        items,
        subject: Subject {
            name: input.name.clone(),
            id_type: input.id_type.clone(),
            id_number: input.id_number.clone(),
        },
        case_no: input.case_no.trim().to_owned(),
        asker: Asker {
            account: officer.account().to_owned(),
            role: officer.role(),
            clearance: officer.clearance().unwrap_or_default(),
            assurance: officer.assurance_told(),
            zone: None,
        },
    })
}

fn ask_error(error: AskError) -> ServiceError {
    match error {
        AskError::Invalid(faults) => ServiceError::Invalid(
            faults
                .iter()
                .map(|fault| FieldError { field: field_name(fault.field), code: field_code(fault.code) })
                .collect(),
        ),
        AskError::FormChanged => ServiceError::refused(OfficeRefusal::FormChanged),
        AskError::FormUsed => ServiceError::refused(OfficeRefusal::FormUsed),
        AskError::Busy => ServiceError::refused(OfficeRefusal::QueryBusy),
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
const fn field_code(code: exchange::FieldCode) -> FieldCode {
    match code {
        exchange::FieldCode::Empty => FieldCode::Missing,
        exchange::FieldCode::IdNumberForm
        | exchange::FieldCode::IdNumberDate
        | exchange::FieldCode::IdNumberCheckDigit => FieldCode::NotAnIdNumber,
        exchange::FieldCode::Unknown | exchange::FieldCode::NotGranted => FieldCode::NotOffered,
        exchange::FieldCode::Form => FieldCode::BadCharacters,
    }
}
