//! How a layer came to be as it is: every version with its two signatures, and any two side by side.

use ledger::amendment::Enacted;
use ledger::request::Step;
use ledger::views;

use crate::audit_log::Event;
use crate::error::ServiceError;
use crate::limits;
use crate::names::ms;
use crate::office::Office;
use crate::officer::Officer;
use crate::policies::layer::{self, LayerState};
use crate::policies::list::{Papers, in_force_view, layer_view, version_ref, writer};
use crate::policies::rows;
use crate::policies::rules::PolicyAct;
use crate::policies::show::{Version, beside, found, opened};
use crate::policies::view::{CompareView, HistoryView, PastView, VersionRef, Which};
use crate::scene::Scene;

/// All versions of a layer that are or were in force, newest first.
///
/// # Errors
/// Not found; refused `policy.look`.
pub async fn history(office: &Office, officer: &Officer, owner: &str) -> Result<HistoryView, ServiceError> {
    let (state, papers) = opened(office, officer, owner, Event::PolicyShow, Which::InForce).await?;
    beside(office, officer, move |scene| {
        let versions = versions(scene, &state, &papers)?;
        Ok(HistoryView { layer: layer_view(scene, &state, &papers), versions })
    })
    .await
}

fn versions(scene: &Scene<'_>, state: &LayerState, papers: &Papers) -> Result<Vec<PastView>, ServiceError> {
    let newest = state.in_force.set.number;
    let oldest = newest.saturating_sub(limits::POLICY_VERSIONS_SHOWN).max(1);
    let (mut past, mut before): (Vec<PastView>, Option<Enacted>) = (Vec::new(), None);
    if oldest > 1 {
        before = views::policy_enacted(scene.reads, &state.owner, oldest - 1)?;
    }
    for number in oldest..=newest {
        let Some(enacted) = views::policy_enacted(scene.reads, &state.owner, number)? else { continue };
        if let Some(overtaken) = past.last_mut() {
            overtaken.until = Some(ms(enacted.at));
        }
        past.push(past_view(scene, state, papers, before.as_ref(), &enacted));
        before = Some(enacted);
    }
    past.reverse();
    past.truncate(usize::try_from(limits::POLICY_VERSIONS_SHOWN).unwrap_or(usize::MAX));
    Ok(past)
}

fn past_view(
    scene: &Scene<'_>,
    state: &LayerState,
    papers: &Papers,
    before: Option<&Enacted>,
    enacted: &Enacted,
) -> PastView {
    let step = |step: &Step| papers.colleagues.step(step, writer(scene, state));
    let steps = enacted.steps.as_ref();
    PastView {
        in_force: in_force_view(enacted),
        until: None,
        drafted: steps.map(|(drafted, _)| step(drafted)),
        countersigned: steps.map(|(_, countersigned)| step(countersigned)),
        reason: papers.reasons.view(enacted.reason.as_ref()),
        changes: rows::counted(before.map_or(&[], |before| before.set.rows.as_slice()), &enacted.set.rows),
    }
}

/// What differs between two versions of a layer.
///
/// # Errors
/// Not found; refused `policy.look`, `policy.study`.
pub async fn compare(
    office: &Office,
    officer: &Officer,
    owner: &str,
    from: Which,
    to: Which,
) -> Result<CompareView, ServiceError> {
    let is_past = |which| matches!(which, Which::InForce | Which::Number(_));
    let act = if is_past(from) && is_past(to) { PolicyAct::Look } else { PolicyAct::Study };
    let (state, papers) = found(office, officer, owner, Event::PolicyShow, to, act).await?;
    beside(office, officer, move |scene| {
        let (old, new) = (
            Version::find(scene, &state, &papers, from)?.set,
            Version::find(scene, &state, &papers, to)?.set,
        );
        let named = |which, set| -> (Which, VersionRef) { (which, version_ref(scene, set)) };
        Ok(CompareView {
            layer: layer_view(scene, &state, &papers),
            from: named(from, &old),
            to: named(to, &new),
            changes: rows::changes(&old.rows, &new.rows),
            departments: rows::departments(old.rows.iter().chain(&new.rows), &scene.names),
            items: layer::item_names(scene.reads)?,
        })
    })
    .await
}
