//! The second inspector's word: a proposal is read, and opened on the chain or taken back.

use ledger::ids::InspectionId;
use ledger::refusal::Refusal;
use ledger::role::{By, Role};
use ledger::transaction::Payload;
use ledger::views;
use serde::Serialize;
use sqlx::Row as _;

use crate::act::{self, Act, Submitted};
use crate::audit_log::Event;
use crate::catalogue;
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::inspections::form::may_open;
use crate::inspections::papers::{self, Paper};
use crate::office::Office;
use crate::officer::Officer;
use crate::staff;

/// What the countersignature's form says: which proposal was read, by the digest of all it says.
#[derive(Serialize)]
struct Countersigned {
    said: String,
}

/// Opens an inspection that a colleague proposed.
///
/// # Errors
/// Not found; refused `step-up.due`, `step-up.none`, `inspection.same-officer`, `inspection.not-proposed` when
/// it was taken back, has lapsed, or who proposed it is no inspector any more, or by the ledger; denied.
pub async fn countersign(office: &Office, officer: &Officer, id: &str) -> Result<Submitted, ServiceError> {
    let paper = paper(office, id).await?;
    let proposer = proposer(office, &paper).await?;
    let groups = catalogue::groups(office.model()).await?;
    // The proposal's form is the nonce of the transaction, which names the inspection.
    let form_id = hex::encode(paper.nonce.as_bytes());
    let said = Countersigned { said: paper.said.to_string() };
    let act = Act::new(Event::InspectionOpen, id, &form_id, &said)?;
    act::take(office, officer, act, |scene| {
        may_open(scene, &groups)?;
        staff::stepped_up(office, officer)?;
        let object = paper.id.as_bytes();
        let Some(staff_id) = proposer.filter(|_| paper.waits(office.now_ms())) else {
            return Err(ServiceError::refused(OfficeRefusal::InspectionNotProposed));
        };
        if paper.staff == officer.staff() {
            return Err(ServiceError::refused(Refusal::InspectionSameOfficer));
        }
        let by =
            By { pseudonym: scene.bureau.pseudonym(object.as_slice(), &staff_id), role: Role::Inspector };
        Ok(Payload::OpenInspection(paper.terms(scene.bureau.chain, by, scene.by(object.as_slice()))))
    })
    .await
}

/// Takes a proposal back that was not opened yet.
///
/// # Errors
/// Not found; refused `inspection.not-proposed`; denied for who may inspect no department.
pub async fn withdraw(office: &Office, officer: &Officer, id: &str) -> Result<(), ServiceError> {
    let paper = paper(office, id).await?;
    let groups = catalogue::groups(office.model()).await?;
    let decided = office.scene(officer, |scene| {
        may_open(scene, &groups)?;
        let is_open = views::inspection(scene.reads, &paper.id)?.is_some();
        if is_open || !paper.waits(office.now_ms()) {
            return Err(ServiceError::refused(OfficeRefusal::InspectionNotProposed));
        }
        Ok(())
    });
    office.note_result(officer, Event::InspectionWithdraw, id, &decided).await?;
    decided?;
    papers::withdraw(office, &paper.id).await
}

pub(super) async fn paper(office: &Office, id: &str) -> Result<Paper, ServiceError> {
    let id: InspectionId = id.parse().map_err(|_| ServiceError::NotFound)?;
    papers::find(office, &id).await?.ok_or(ServiceError::NotFound)
}

/// What the pseudonyms of who proposed it are made from, while they are an inspector in standing.
async fn proposer(office: &Office, paper: &Paper) -> Result<Option<String>, ServiceError> {
    let row = sqlx::query("SELECT staff_id, roles, state FROM staff WHERE id = ?")
        .bind(paper.staff)
        .fetch_optional(office.pool())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let roles: String = row.try_get("roles")?;
    let stands = row.try_get::<String, _>("state")? == "active"
        && roles.split(',').any(|role| role == Role::Inspector.code());
    Ok(if stands { Some(row.try_get("staff_id")?) } else { None })
}
