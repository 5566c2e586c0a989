//! Asking: the form under a grant, its check, and the handing over to the exchange.

use std::collections::BTreeSet;

use access::{Action, Obligation, Zone};
use exchange::person::{check_citizen_number, plain_number};
use exchange::{AskError, Asker, Field, Query, Subject};
use ledger::ids::{GrantId, ItemCode, Pseudonym, QueryId, Time};
use ledger::role::{Assurance, Role};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::audit_log::Event;
use crate::catalogue::EntryRef;
use crate::codes::{FieldCode, OfficeRefusal, codes};
use crate::countersigning::{self, Drafted};
use crate::error::{FieldError, ServiceError};
use crate::fields::{Mistakes, plain};
use crate::grants::GrantedItemView;
use crate::names::{DepartmentRef, GrantRef, ms};
use crate::office::Office;
use crate::officer::{About, Officer};
use crate::scene::Scene;
use crate::staff::{challenge, roster};
use crate::verdict::Verdict;
use crate::words::Words;
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
    /// Whether the officer can sign with a key of their own.
    pub signing: Signing,
    /// Policy lets them ask only if they do.
    pub only_signed: bool,
}

codes! {
    /// Whether an officer can sign a query with a key of their own.
    pub enum Signing {
        /// They have none.
        NoKey => "no-key",
        /// They have one that is not on the roster, for this role.
        NotOn => "not-on",
        /// They can.
        On => "on",
    }
}

/// A query before its officer signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToSign {
    /// The form it was typed into.
    pub form: QueryForm,
    /// What the key is to sign, as text.
    pub text: String,
    /// The items asked for, by name.
    pub items: Vec<Words>,
    /// The role asked in.
    pub role: Role,
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
    let (form_id, signing) = (act::draw()?, signing(office, officer).await?);
    office.scene(officer, |scene| drawn(scene, &grant_id, form_id, signing))
}

async fn signing(office: &Office, officer: &Officer) -> Result<Signing, ServiceError> {
    Ok(if roster::is_on(office, officer).await? {
        Signing::On
    } else if roster::has_key(office, officer).await? {
        Signing::NotOn
    } else {
        Signing::NoKey
    })
}

pub(super) fn drawn(
    scene: &Scene<'_>,
    grant: &GrantId,
    form_id: String,
    signing: Signing,
) -> Result<QueryForm, ServiceError> {
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
    let asking = |assurance| grants::may_ask_as(scene, assurance, &grant, &offer, &provider);
    let (told, signed) = (asking(scene.officer.assurance_told())?, asking(Assurance::Ukey)?);
    let only_signed = !told.is_open() && signed.is_open();
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
        ask: if only_signed && signing == Signing::On { Verdict::Open } else { told },
        signing,
        only_signed,
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
/// `form.used` by someone else, by a bound of the officer (`officer.at-once` …, noted and told to the security
/// administrator), or by the grant's state; denied by the own policy; behind.
pub async fn ask(office: &Office, officer: &Officer, input: QueryInput) -> Result<AskedView, ServiceError> {
    let grant: GrantId = input.grant.parse().map_err(|_| ServiceError::NotFound)?;
    let read = read(officer, officer.zone(office.bureau()), grant, &input, office.node().now());
    ask_for(office, officer, grant, read).await
}

/// Asks with the officer's own signature under the text of [`to_sign`]: other departments then believe that the
/// officer asked, and not the own department alone.
///
/// # Errors
/// As [`ask`]; the field `answer`, when it is not this officer's signature under this form; refused `roster.not-on`,
/// or by what is wrong with the officer's certificate (`officer.…`): nothing was sent.
pub async fn ask_signed(
    office: &Office,
    officer: &Officer,
    input: QueryInput,
    answer: &str,
) -> Result<AskedView, ServiceError> {
    let grant: GrantId = input.grant.parse().map_err(|_| ServiceError::NotFound)?;
    let read = match read_to_sign(office, officer, grant, &input) {
        Ok(query) => signed(office, officer, query, answer).await,
        wrong => wrong,
    };
    ask_for(office, officer, grant, read).await
}

/// The form as it is signed.
fn read_to_sign(
    office: &Office,
    officer: &Officer,
    grant: GrantId,
    input: &QueryInput,
) -> Result<Query, ServiceError> {
    let mut query = read(officer, officer.zone(office.bureau()), grant, input, office.node().now())?;
    query.asker.assurance = Assurance::Ukey;
    Ok(query)
}

async fn signed(
    office: &Office,
    officer: &Officer,
    query: Query,
    answer: &str,
) -> Result<Query, ServiceError> {
    let code = if answer.trim().is_empty() { FieldCode::Missing } else { FieldCode::Wrong };
    let signature = challenge::signature(answer).ok_or_else(|| ServiceError::field("answer", code))?;
    let officer = Some(roster::proof(office, officer, signature).await?);
    Ok(Query { officer, ..query })
}

/// What the officer's key is to sign for this form. Nothing is sent or kept: the same form gives the same text.
///
/// # Errors
/// The fields that are wrong; refused `roster.not-on`, or by the grant's state; denied by the own policy; behind.
pub async fn to_sign(office: &Office, officer: &Officer, input: QueryInput) -> Result<ToSign, ServiceError> {
    let grant: GrantId = input.grant.parse().map_err(|_| ServiceError::NotFound)?;
    office.not_behind()?;
    let signing = signing(office, officer).await?;
    let mut about = About::from(&grant);
    let decided = read_to_sign(office, officer, grant, &input).and_then(|query| {
        if signing != Signing::On {
            return Err(ServiceError::refused(OfficeRefusal::RosterNotOn));
        }
        office
            .scene(officer, |scene| {
                about.items = query.items.iter().map(ToString::to_string).collect();
                about.purpose = scene.grant(&query.grant)?.purpose.to_string();
                open_to_ask(scene, query.asker.assurance, &query.grant, &query.items)?;
                drawn(scene, &grant, input.form_id.clone(), signing)
            })
            .map(|form| (query, form))
    });
    if decided.is_err() {
        // As when it is sent: a no is noted, a yes once it is.
        office.note_result(officer, Event::QueryAsk, about, &decided).await?;
    }
    let (query, form) = decided?;
    let actor = |nonce: &[u8; 32]| officer.by(office.bureau(), nonce).pseudonym;
    let word = office.exchange().word(&query, actor).map_err(ask_error)?;
    let asked =
        |granted: &&GrantedItemView| query.items.iter().any(|item| item.as_str() == granted.item.code);
    Ok(ToSign {
        text: challenge::word_text(&word),
        items: form.items.iter().filter(asked).map(|granted| granted.item.label.clone()).collect(),
        role: word.role,
        form,
    })
}

async fn ask_for(
    office: &Office,
    officer: &Officer,
    grant: GrantId,
    read: Result<Query, ServiceError>,
) -> Result<AskedView, ServiceError> {
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
            open_to_ask(scene, query.asker.assurance, &query.grant, &query.items)?;
            let needs_second = needs_second(scene, &query)?;
            if needs_second {
                // What is asked at once the exchange looks at; what waits must not turn out unsigned later.
                is_signed(office, officer, &query)?;
            }
            Ok((needs_second, query))
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
    let asked = office.exchange().ask(query, actor).await;
    told(office, officer, &grant, asked).await.map(AskedView::Sent)
}

/// Whether the signature that a query bears, if it does, is under its officer's word.
fn is_signed(office: &Office, officer: &Officer, query: &Query) -> Result<(), ServiceError> {
    let Some(proof) = &query.officer else { return Ok(()) };
    let actor = |nonce: &[u8; 32]| officer.by(office.bureau(), nonce).pseudonym;
    let word = office.exchange().word(query, actor).map_err(ask_error)?;
    if proof.certificate.entry.key.verify_digest(&word.digest(), &proof.signature) {
        Ok(())
    } else {
        Err(ServiceError::field("answer", FieldCode::Wrong))
    }
}

/// What came of it. A bound is noted, for the security administrator, and told to who sent it off.
async fn told(
    office: &Office,
    officer: &Officer,
    grant: &GrantId,
    asked: Result<QueryId, AskError>,
) -> Result<String, ServiceError> {
    match asked {
        Ok(query) => Ok(query.to_string()),
        Err(AskError::Bound(bound)) => {
            let refusal = OfficeRefusal::from(bound);
            office.note(officer, Event::BoundReach, grant, refusal.code()).await?;
            Err(ServiceError::refused(refusal))
        }
        Err(error) => Err(ask_error(error)),
    }
}

/// Asks what one officer drafted and this one confirmed.
pub(crate) async fn ask_seconded(
    office: &Office,
    second: &Officer,
    query: Query,
    officers: impl FnOnce(&[u8; 32]) -> (Pseudonym, Pseudonym) + Send,
) -> Result<String, ServiceError> {
    let grant = query.grant;
    match office.exchange().ask_seconded(query, officers).await {
        // The second officer has no field to mend it in.
        Err(AskError::Officer(code)) => Err(ServiceError::refused(code)),
        asked => told(office, second, &grant, asked).await,
    }
}

/// Whether the own policies want another officer to confirm it.
fn needs_second(scene: &Scene<'_>, query: &Query) -> Result<bool, ServiceError> {
    let grant = scene.grant(&query.grant)?;
    let (offer, provider) = (scene.offer(&grant.entry)?, scene.department(&grant.provider)?);
    let decision = scene.query_as(query.asker.assurance, &offer, &provider, &query.items, &grant)?;
    Ok(decision.obligations.contains(&Obligation::SecondPerson))
}

/// Whether the officer may ask for these items under the grant now, when they show themselves in this way.
pub(crate) fn open_to_ask(
    scene: &Scene<'_>,
    assurance: Assurance,
    grant: &GrantId,
    items: &BTreeSet<ItemCode>,
) -> Result<(), ServiceError> {
    let grant = scene.grant(grant)?;
    if grant.requester != *scene.own() {
        return Err(ServiceError::NotFound);
    }
    let (offer, provider) = (scene.offer(&grant.entry)?, scene.department(&grant.provider)?);
    grants::may_ask_for(scene, assurance, &grant, &offer, &provider, items)?.into_result(Action::Ask)
}

/// Reads the form; what must be there before the exchange looks closer. Mistakes come in the order of the
/// form.
pub(super) fn read(
    officer: &Officer,
    zone: Option<Zone>,
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
            zone,
        },
        officer: None,
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
        AskError::Officer(exchange::Outcome::OfficerSignature) => {
            ServiceError::field("answer", FieldCode::Wrong)
        }
        AskError::Officer(code) => ServiceError::refused(code),
        AskError::Busy => ServiceError::refused(OfficeRefusal::QueryBusy),
        AskError::Bound(bound) => ServiceError::refused(OfficeRefusal::from(bound)),
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
