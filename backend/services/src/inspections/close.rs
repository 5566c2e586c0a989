//! Closing an inspection with its conclusion.

use ledger::ids::InspectionId;
use ledger::inspection::CloseInspection;
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use ledger::views;
use serde::Serialize;

use crate::act::{self, Act, Submitted};
use crate::audit_log::Event;
use crate::catalogue;
use crate::error::ServiceError;
use crate::fields::chosen;
use crate::inspections::form::may_open;
use crate::office::Office;
use crate::officer::Officer;
use crate::{purpose, staff};

/// What the closing's form says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CloseInput {
    /// Drawn with the form.
    pub form_id: String,
    /// Conclusion code.
    pub conclusion: String,
}

/// Closes an inspection of the own department. What was looked at just before still goes on record.
///
/// # Errors
/// Not found; the field that is wrong; refused `step-up.due`, `step-up.none`, `inspection.not-yours`,
/// `inspection.closed`; denied for who may inspect no department.
pub async fn close(
    office: &Office,
    officer: &Officer,
    id: &str,
    input: CloseInput,
) -> Result<Submitted, ServiceError> {
    let inspection: InspectionId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let groups = catalogue::groups(office.model()).await?;
    // It only takes a right away.
    let act = Act::new(Event::InspectionClose, id, &input.form_id, &input)?.even_behind();
    act::take(office, officer, act, |scene| {
        may_open(scene, &groups)?;
        staff::stepped_up(office, officer)?;
        let found = views::inspection(scene.reads, &inspection)?.ok_or(ServiceError::NotFound)?;
        if found.department != *scene.own() {
            return Err(ServiceError::refused(Refusal::InspectionNotYours));
        }
        if found.closed.is_some() {
            return Err(ServiceError::refused(Refusal::InspectionClosed));
        }
        let conclusion = chosen(&input.conclusion, &purpose::INSPECTION_CONCLUSIONS)
            .map_err(|code| ServiceError::field("conclusion", code))?;
        let by = scene.by(inspection.as_bytes());
        Ok(Payload::CloseInspection(CloseInspection { inspection, conclusion, by }))
    })
    .await
}
