//! In which inspection an inspector goes on: kept in the session, gone with it.

use ledger::ids::InspectionId;

use crate::audit_log::Event;
use crate::catalogue;
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::inspections::form::may_open;
use crate::inspections::open_ones::open_ones;
use crate::office::Office;
use crate::officer::Officer;
use crate::staff;

/// Goes on in an open inspection of the own department.
///
/// # Errors
/// Not found; refused `inspection.none` for one that is not open; denied for who may inspect no department.
pub async fn choose(office: &Office, officer: &Officer, id: &str) -> Result<(), ServiceError> {
    let id: InspectionId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let groups = catalogue::groups(office.model()).await?;
    let decided = office.scene(officer, |scene| {
        may_open(scene, &groups)?;
        let open = open_ones(scene.reads, scene.own(), scene.now)?;
        if open.iter().any(|inspection| inspection.id == id) {
            Ok(())
        } else {
            Err(ServiceError::refused(OfficeRefusal::InspectionNone))
        }
    });
    office.note_result(officer, Event::InspectionChoose, &id, &decided).await?;
    decided?;
    staff::go_on_in(office, officer, &id).await
}
