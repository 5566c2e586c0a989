//! Changing the office's working copy: by row, or as a whole.

use ledger::limits::POLICY_ROWS_MAX;
use ledger::policy::{PolicyOwner, PolicyRow};

use crate::audit_log::Event;
use crate::codes::{Action, FieldCode, OfficeRefusal, Role};
use crate::error::ServiceError;
use crate::names::Names;
use crate::office::Office;
use crate::officer::Officer;
use crate::policies::copy::{self, Change, WorkingCopy};
use crate::policies::layer::{self, LayerState};
use crate::policies::list::{Papers, layer_view};
use crate::policies::rows;
use crate::policies::rules::PolicyAct;
use crate::policies::show::{beside, found};
use crate::policies::view::{EntryOffer, Offers, RowCells, RowForm, RowInput, Which};
use crate::purpose;
use crate::scene::Scene;
use crate::words::Words;

/// Begins a working copy with what is in force; its stamp.
///
/// # Errors
/// Not found; refused `policy.write`, `policy.copy-moved` when there is one already.
pub async fn begin(office: &Office, officer: &Officer, owner: &str) -> Result<String, ServiceError> {
    let (state, _) = to_write(office, officer, owner, Event::PolicyEdit).await?;
    copy::remove_spent(office.pool(), &state).await?;
    let rows = state.in_force.set.rows.clone();
    written(office, officer, &state, None, &rows).await
}

/// The form of one row: a new one, or the one of this name.
///
/// # Errors
/// Not found; refused `policy.write`, `policy.row-gone`.
pub async fn row_form(
    office: &Office,
    officer: &Officer,
    owner: &str,
    was: Option<&str>,
) -> Result<RowForm, ServiceError> {
    let (state, papers) = to_write(office, officer, owner, Event::PolicyShow).await?;
    let was = was.unwrap_or_default().to_owned();
    beside(office, officer, move |scene| {
        let kept = papers.copy.as_ref().map_or(&state.in_force.set.rows, |copy| &copy.rows);
        let cells = match was.as_str() {
            "" => new_row(),
            name => kept
                .iter()
                .find(|row| row.id.as_str() == name)
                .map(rows::cells)
                .ok_or(ServiceError::refused(OfficeRefusal::PolicyRowGone))?,
        };
        Ok(RowForm {
            offers: offers(scene)?,
            stamp: papers.copy.as_ref().map(WorkingCopy::stamp).unwrap_or_default(),
            layer: layer_view(scene, &state, &papers),
            was,
            cells,
        })
    })
    .await
}

/// A row that says nothing yet: who means everything says so.
fn new_row() -> RowCells {
    let every = || "*".to_owned();
    RowCells {
        sensitivity: every(),
        hours: every(),
        zones: every(),
        grade_max: "4".to_owned(),
        assurance_min: "1".to_owned(),
        effect: "deny".to_owned(),
        ..RowCells::default()
    }
}

/// Adds a row, or changes one; the new stamp.
///
/// # Errors
/// Each cell that is wrong, under the name of its column; refused `policy.write`, `policy.copy-moved`,
/// `policy.row-gone`, `policy.too-large`.
pub async fn put_row(
    office: &Office,
    officer: &Officer,
    owner: &str,
    input: RowInput,
) -> Result<String, ServiceError> {
    changed(office, officer, owner, &input.stamp, |rows| with_row(rows, &input.was, &input.cells)).await
}

/// Takes a row away; the new stamp.
///
/// # Errors
/// As [`put_row`].
pub async fn remove_row(
    office: &Office,
    officer: &Officer,
    owner: &str,
    stamp: &str,
    row: &str,
) -> Result<String, ServiceError> {
    changed(office, officer, owner, stamp, |rows| {
        let left: Vec<PolicyRow> = rows.iter().filter(|one| one.id.as_str() != row).cloned().collect();
        if left.len() == rows.len() {
            return Err(ServiceError::refused(OfficeRefusal::PolicyRowGone));
        }
        Ok(left)
    })
    .await
}

/// Sets an outdated copy upon what is in force now, as it is: who does so has seen the differences. The new
/// stamp.
///
/// # Errors
/// Refused `policy.write`, `policy.copy-none`, `policy.copy-moved`.
pub async fn keep(
    office: &Office,
    officer: &Officer,
    owner: &str,
    stamp: &str,
) -> Result<String, ServiceError> {
    let (state, papers) = to_write(office, officer, owner, Event::PolicyEdit).await?;
    let copy = papers.copy.as_ref().ok_or(ServiceError::refused(OfficeRefusal::PolicyCopyNone))?;
    let seen = seen(Some(copy), stamp)?;
    written(office, officer, &state, seen, &copy.rows).await
}

/// Drops the working copy.
///
/// # Errors
/// Refused `policy.write`, `policy.copy-none`, `policy.copy-moved`.
pub async fn discard(
    office: &Office,
    officer: &Officer,
    owner: &str,
    stamp: &str,
) -> Result<(), ServiceError> {
    let (state, papers) = to_write(office, officer, owner, Event::PolicyEdit).await?;
    match seen(papers.copy.as_ref(), stamp)? {
        Some(seen) => copy::remove(office.pool(), &state.owner, seen).await,
        None => Err(ServiceError::refused(OfficeRefusal::PolicyCopyNone)),
    }
}

/// Opens a layer for writing; the attempt is noted.
pub(super) async fn to_write(
    office: &Office,
    officer: &Officer,
    owner: &str,
    event: Event,
) -> Result<(LayerState, Papers), ServiceError> {
    found(office, officer, owner, event, Which::Copy, PolicyAct::Write).await
}

/// The copy that a form was drawn from: the one there is, or none.
///
/// # Errors
/// Refused `policy.copy-moved` when it is another.
pub(super) fn seen(copy: Option<&WorkingCopy>, stamp: &str) -> Result<Option<i64>, ServiceError> {
    match copy {
        None if stamp.is_empty() => Ok(None),
        Some(copy) if copy.stamp() == stamp => Ok(Some(copy.stamp)),
        None | Some(_) => Err(ServiceError::refused(OfficeRefusal::PolicyCopyMoved)),
    }
}

async fn changed(
    office: &Office,
    officer: &Officer,
    owner: &str,
    stamp: &str,
    change: impl FnOnce(&[PolicyRow]) -> Result<Vec<PolicyRow>, ServiceError>,
) -> Result<String, ServiceError> {
    let (state, papers) = to_write(office, officer, owner, Event::PolicyEdit).await?;
    let seen = seen(papers.copy.as_ref(), stamp)?;
    let rows = change(papers.copy.as_ref().map_or(&state.in_force.set.rows, |copy| &copy.rows))?;
    // What it was compared with stays, so that an outdated copy is told as such until somebody has looked.
    let base = papers.copy.as_ref().map_or(state.in_force.version, |copy| copy.base);
    store(office, officer, &state.owner, seen, base, &rows).await
}

/// Writes rows that stand upon what is in force now.
pub(super) async fn written(
    office: &Office,
    officer: &Officer,
    state: &LayerState,
    seen: Option<i64>,
    rows: &[PolicyRow],
) -> Result<String, ServiceError> {
    store(office, officer, &state.owner, seen, state.in_force.version, rows).await
}

async fn store(
    office: &Office,
    officer: &Officer,
    owner: &PolicyOwner,
    seen: Option<i64>,
    base: ledger::ids::PolicyVersion,
    rows: &[PolicyRow],
) -> Result<String, ServiceError> {
    let change = Change { base, rows, by: Some(officer.staff()), now: office.now_ms() };
    copy::write(office.pool(), owner, seen, &change).await
}

/// The rows with one added at the end, or changed in its place.
fn with_row(rows: &[PolicyRow], was: &str, cells: &RowCells) -> Result<Vec<PolicyRow>, ServiceError> {
    let row = rows::typed(cells)?;
    if rows.iter().any(|other| other.id == row.id && other.id.as_str() != was) {
        return Err(ServiceError::field("id", FieldCode::Taken));
    }
    let mut rows = rows.to_vec();
    if was.is_empty() {
        if rows.len() >= POLICY_ROWS_MAX {
            return Err(ServiceError::refused(OfficeRefusal::PolicyTooLarge));
        }
        rows.push(row);
        return Ok(rows);
    }
    let place = rows.iter_mut().find(|other| other.id.as_str() == was);
    *place.ok_or(ServiceError::refused(OfficeRefusal::PolicyRowGone))? = row;
    Ok(rows)
}

/// What rows and questions may name.
pub(super) fn offers(scene: &Scene<'_>) -> Result<Offers, ServiceError> {
    let names: &Names = &scene.names;
    let mut offers = Offers {
        departments: names.all().cloned().collect(),
        roles: Role::ALL.to_vec(),
        actions: Action::ALL.to_vec(),
        purposes: purpose::PURPOSES.map(str::to_owned).to_vec(),
        ..Offers::default()
    };
    for published in layer::latest_entries(scene.reads)? {
        let offer = entry_offer(&published, names);
        offers.classes.push(published.entry.id.code.class().to_owned());
        offers.items.extend(offer.items.iter().cloned());
        offers.entries.push(offer);
    }
    offers.classes.sort();
    offers.classes.dedup();
    offers.items.sort_by(|(one, _), (other, _)| one.cmp(other));
    offers.items.dedup_by(|(one, _), (other, _)| one == other);
    offers.zones = zones(scene)?;
    Ok(offers)
}

/// An entry to be chosen.
pub(super) fn entry_offer(published: &ledger::catalogue::PublishedEntry, names: &Names) -> EntryOffer {
    let entry = &published.entry;
    EntryOffer {
        code: entry.id.code.to_string(),
        name: Words::from(&entry.name),
        provider: names.of(published.provider.as_str()),
        items: entry.items.iter().map(|item| (item.code.to_string(), Words::from(&item.label))).collect(),
    }
}

/// The zones that rows of the own layers name.
fn zones(scene: &Scene<'_>) -> Result<Vec<String>, ServiceError> {
    let layers = ledger::views::policies_for(scene.reads, scene.own())?.into_iter().flatten();
    let mut zones: Vec<String> = layers
        .flat_map(|set| set.rows)
        .flat_map(|row| row.zones.as_str().split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter(|zone| zone != "*")
        .collect();
    zones.sort();
    zones.dedup();
    Ok(zones)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::said;

    fn cells(id: &str) -> RowCells {
        let every = || "*".to_owned();
        RowCells {
            id: id.to_owned(),
            role: every(),
            requester: every(),
            provider: every(),
            entry_class: every(),
            items: every(),
            action: every(),
            purpose: every(),
            ..new_row()
        }
    }

    fn ids(rows: &[PolicyRow]) -> Vec<&str> {
        rows.iter().map(|row| row.id.as_str()).collect()
    }

    #[test]
    fn a_row_is_added_at_the_end_and_changed_in_its_place() {
        let rows = with_row(&[], "", &cells("a")).unwrap();
        let rows = with_row(&rows, "", &cells("b")).unwrap();
        assert_eq!(ids(&rows), ["a", "b"]);
        assert_eq!(ids(&with_row(&rows, "a", &cells("c")).unwrap()), ["c", "b"]);
        assert_eq!(ids(&with_row(&rows, "a", &cells("a")).unwrap()), ["a", "b"]);
    }

    #[test]
    fn a_name_that_is_taken_or_gone_and_a_row_too_many_are_refused() {
        let rows = with_row(&with_row(&[], "", &cells("a")).unwrap(), "", &cells("b")).unwrap();
        assert_eq!(said(with_row(&rows, "", &cells("a"))), "id taken");
        assert_eq!(said(with_row(&rows, "a", &cells("b"))), "id taken");
        assert_eq!(said(with_row(&rows, "gone", &cells("c"))), "policy.row-gone");
        let many: Vec<PolicyRow> =
            (0..POLICY_ROWS_MAX).map(|n| rows::typed(&cells(&format!("r{n}"))).unwrap()).collect();
        assert_eq!(said(with_row(&many, "", &cells("beyond"))), "policy.too-large");
        assert_eq!(said(with_row(&many, "r0", &cells("beyond"))), "ok");
    }

    #[test]
    fn an_empty_form_adds_nothing_by_itself() {
        assert_eq!(
            said(rows::typed(&new_row())),
            "id missing, role missing, requester missing, provider missing, entry_class missing, items missing, \
             action missing, purpose missing"
        );
    }
}
