//! What an inspection lets an officer see, and what a look leaves behind. Read by every page that shows what
//! is between others.

use ledger::ids::QueryId;
use ledger::inspection::{Inspection, InspectionScope, InspectionStatus, Sight};
use ledger::views;
use sqlx::{QueryBuilder, Sqlite};

use crate::audit_log::Event;
use crate::error::ServiceError;
use crate::inspections::looks;
use crate::inspections::open_ones::seen;
use crate::inspections::view::{InspectionRow, InspectionState, LookedAt};
use crate::names::{InspectionRef, PlaceView, ms};
use crate::office::Office;
use crate::officer::{About, Officer};
use crate::receipts::RecordRow;
use crate::scene::{Party, Scene};

/// Those of the records that the inspection covers in which the officer goes on.
pub(crate) fn covered(scene: &Scene<'_>, rows: Vec<RecordRow>) -> Result<Vec<RecordRow>, ServiceError> {
    let inspection = scene.working()?;
    let mut kept = Vec::new();
    for row in rows {
        let query: QueryId = row.id.parse().map_err(|_| ServiceError::NotFound)?;
        let seen = seen(scene.reads, &Sight::Record(query))?;
        if seen.is_some_and(|seen| inspection.overlaps(&seen.requester, &seen.provider, seen.span)) {
            kept.push(row);
        }
    }
    Ok(kept)
}

/// Narrows a statement over `j_record r` to what an inspection covers. All values are bound.
pub(crate) fn reach(query: &mut QueryBuilder<Sqlite>, inspection: &Inspection) {
    let terms = &inspection.terms;
    query.push(" AND r.at >= ").push_bind(ms(terms.from));
    query.push(" AND r.at <= ").push_bind(ms(terms.until));
    if let InspectionScope::Departments(named) = &terms.scope {
        // Codes need no escapes.
        let named: Vec<String> = named.iter().map(|id| format!("\"{id}\"")).collect();
        let named = format!("[{}]", named.join(","));
        query.push(" AND (r.requester IN (SELECT value FROM json_each(").push_bind(named.clone());
        query.push(")) OR r.provider IN (SELECT value FROM json_each(").push_bind(named).push(")))");
    }
}

/// An inspection in a list. How much was looked at is the caller's to say.
pub(crate) fn row(scene: &Scene<'_>, inspection: &Inspection) -> InspectionRow {
    let named = InspectionRef::of(inspection);
    let terms = &inspection.terms;
    let scope = match &terms.scope {
        InspectionScope::All => Vec::new(),
        InspectionScope::Departments(named) => named.iter().map(|id| scene.names.of(id.as_str())).collect(),
    };
    InspectionRow {
        id: named.id,
        number: Some(named.number),
        inspectorate: scene.names.of(inspection.department.as_str()),
        scope,
        from: ms(terms.from),
        until: ms(terms.until),
        ends: ms(terms.ends),
        purpose: terms.purpose.to_string(),
        state: match inspection.status(scene.now) {
            InspectionStatus::Open => InspectionState::Open,
            InspectionStatus::Ended => InspectionState::Ended,
            InspectionStatus::Closed => InspectionState::Closed,
        },
        at: ms(inspection.opened.at),
        looks: u64::from(inspection.looks),
        last_look: None,
        working: scene.working().is_ok_and(|working| working.id == inspection.id),
    }
}

/// Notes that somebody looked, or was not let. An inspector's look is also written down to be put on record:
/// only after both may it be shown.
///
/// # Errors
/// What was decided; faults of the office's store.
pub(crate) async fn note_look(
    office: &Office,
    officer: &Officer,
    event: Event,
    sight: Sight,
    decided: Result<Party, ServiceError>,
) -> Result<Party, ServiceError> {
    note_looks(office, officer, event, &hex::encode(sight.object()), &[sight], decided).await
}

/// The same for what is named otherwise than what is looked at: a transaction.
///
/// # Errors
/// As [`note_look`].
pub(crate) async fn note_looks(
    office: &Office,
    officer: &Officer,
    event: Event,
    object: &str,
    sights: &[Sight],
    decided: Result<Party, ServiceError>,
) -> Result<Party, ServiceError> {
    let about = match &decided {
        Ok(Party::Inspector(warrant)) => About {
            object: format!("{object} inspection={}", warrant.inspection),
            items: Vec::new(),
            purpose: crate::purpose::inspection_text(warrant.purpose.as_str()),
        },
        Ok(Party::Own) | Err(_) => About::from(object),
    };
    office.note_result(officer, event, about, &decided).await?;
    let party = decided?;
    if let Party::Inspector(warrant) = &party {
        for sight in sights {
            looks::keep(office, &warrant.inspection, sight).await?;
        }
    }
    Ok(party)
}

/// The inspections that looked at the thing on the page: a party is told all, an inspectorate its own.
pub(crate) fn looks_at(
    scene: &Scene<'_>,
    object: &[u8; 32],
    party: &Party,
) -> Result<Vec<LookedAt>, ServiceError> {
    let mut told = Vec::new();
    for (id, place) in views::looks(scene.reads, object)? {
        let Some(inspection) = views::inspection(scene.reads, &id)? else { continue };
        if *party == Party::Own || inspection.department == *scene.own() {
            told.push(LookedAt {
                inspectorate: scene.names.of(inspection.department.as_str()),
                inspection: InspectionRef::of(&inspection),
                purpose: inspection.terms.purpose.to_string(),
                place: PlaceView::from(&place),
            });
        }
    }
    told.sort_by_key(|look| look.place.at);
    Ok(told)
}
