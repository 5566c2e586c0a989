//! One version of a layer in full: its rows, what is found about them, how they differ from the version before.

use access::Finding;
use ledger::amendment::Enacted;
use ledger::policy::{PolicyOwner, PolicyRow, PolicySet};
use ledger::request::Step;
use ledger::views;
use tokio::task::spawn_blocking;

use crate::act;
use crate::audit_log::Event;
use crate::error::ServiceError;
use crate::office::Office;
use crate::officer::{Officer, StepView};
use crate::policies::layer::{self, LayerState};
use crate::policies::list::{Papers, in_force_view, layer_view, version_ref, writer};
use crate::policies::rows;
use crate::policies::rules::{self, PolicyAct};
use crate::policies::view::{
    FindingView, InForceView, PolicyForms, PolicyView, ReasonView, VersionRef, Which,
};
use crate::scene::Scene;

/// Shows a version of a layer.
///
/// # Errors
/// Not found; refused `policy.look`, for what is to come `policy.study`; a look that cannot be noted is not had.
pub async fn show(
    office: &Office,
    officer: &Officer,
    owner: &str,
    which: Which,
) -> Result<PolicyView, ServiceError> {
    let (state, papers) = opened(office, officer, owner, Event::PolicyShow, which).await?;
    let forms = PolicyForms { draft: act::draw()?, countersign: act::draw()?, withdraw: act::draw()? };
    beside(office, officer, move |scene| shown(scene, &state, &papers, which, forms)).await
}

/// Decides whether the officer may look at a version of a layer, notes the look, and reads what pages need.
pub(super) async fn opened(
    office: &Office,
    officer: &Officer,
    owner: &str,
    event: Event,
    which: Which,
) -> Result<(LayerState, Papers), ServiceError> {
    let act = match which {
        Which::InForce | Which::Number(_) => PolicyAct::Look,
        Which::Draft | Which::Pending | Which::Copy => PolicyAct::Study,
    };
    found(office, officer, owner, event, which, act).await
}

/// The same for a use case that wants more than a look at that version.
pub(super) async fn found(
    office: &Office,
    officer: &Officer,
    owner: &str,
    event: Event,
    which: Which,
    act: PolicyAct,
) -> Result<(LayerState, Papers), ServiceError> {
    let owner = layer::owner(owner).ok_or(ServiceError::NotFound)?;
    let state = office.scene(officer, |scene| LayerState::read(scene.reads, scene.own(), &owner))?;
    let is_writer = state.is_written_by(office.department());
    let may = rules::may(officer.role(), act, is_writer).map_err(ServiceError::refused);
    office.note_result(officer, event, &object(&owner, which), &may).await?;
    may?;
    let papers = Papers::of(office, &state).await?;
    Ok((state, papers))
}

/// A version as the audit log names it.
pub(super) fn object(owner: &PolicyOwner, which: Which) -> String {
    format!("{owner}/{}", which.code())
}

/// Looks at a scene beside the threads that answer: rows are compared each with each.
pub(super) async fn beside<T: Send + 'static>(
    office: &Office,
    officer: &Officer,
    look: impl FnOnce(&Scene<'_>) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    let (office, officer) = (office.clone(), officer.clone());
    let looked = spawn_blocking(move || office.scene(&officer, look));
    looked.await.map_err(|error| ServiceError::fault("a look at policies broke off", &error))?
}

/// A version with what is known of how it came to be.
pub(super) struct Version {
    pub(super) set: PolicySet,
    pub(super) enacted: Option<Enacted>,
    drafted: Option<Step>,
    countersigned: Option<Step>,
    reason: Option<gm::sm3::Digest>,
}

impl Version {
    fn of(enacted: Enacted) -> Self {
        let (drafted, countersigned) = enacted.steps.clone().unzip();
        let (set, reason) = (enacted.set.clone(), enacted.reason);
        Self { set, enacted: Some(enacted), drafted, countersigned, reason }
    }

    /// The version asked for.
    ///
    /// # Errors
    /// Not found where there is none.
    pub(super) fn find(
        scene: &Scene<'_>,
        state: &LayerState,
        papers: &Papers,
        which: Which,
    ) -> Result<Self, ServiceError> {
        match which {
            Which::InForce => Ok(Self::of(state.in_force.clone())),
            Which::Number(number) => views::policy_enacted(scene.reads, &state.owner, number)?
                .map(Self::of)
                .ok_or(ServiceError::NotFound),
            Which::Draft => {
                let draft = state.draft.clone().ok_or(ServiceError::NotFound)?;
                Ok(Self {
                    set: draft.set,
                    enacted: None,
                    drafted: Some(draft.drafted),
                    countersigned: None,
                    reason: draft.reason,
                })
            }
            Which::Pending => {
                let pending = state.pending.clone().ok_or(ServiceError::NotFound)?;
                Ok(Self {
                    set: pending.draft.set,
                    enacted: None,
                    drafted: Some(pending.draft.drafted),
                    countersigned: Some(pending.countersigned),
                    reason: pending.draft.reason,
                })
            }
            Which::Copy => {
                let copy = papers.copy.as_ref().ok_or(ServiceError::NotFound)?;
                let set = state.next(copy.rows.clone());
                Ok(Self { set, enacted: None, drafted: None, countersigned: None, reason: None })
            }
        }
    }
}

fn shown(
    scene: &Scene<'_>,
    state: &LayerState,
    papers: &Papers,
    which: Which,
    forms: PolicyForms,
) -> Result<PolicyView, ServiceError> {
    let version = Version::find(scene, state, papers, which)?;
    let before = before(scene, state, &version)?;
    let findings = findings(scene, state, &version)?;
    let changes = before.as_ref().map(|old| rows::changes(&old.rows, &version.set.rows)).unwrap_or_default();
    let old_rows: &[PolicyRow] = before.as_ref().map_or(&[], |old| &old.rows);
    let step = |step: &Step| -> StepView { papers.colleagues.step(step, writer(scene, state)) };
    let is_copy = which == Which::Copy;
    let version_ref = |set: &PolicySet| version_ref(scene, set);
    Ok(PolicyView {
        layer: layer_view(scene, state, papers),
        which,
        version: VersionRef {
            // A working copy may have rows that no version can have.
            version: if is_copy { String::new() } else { version_ref(&version.set).version },
            number: version.set.number,
            rows: version.set.rows.len() as u64,
        },
        rows: rows::rows(&version.set.rows, &findings, &changes),
        errors: findings.iter().filter(|finding| finding.is_error).count() as u64,
        findings,
        departments: rows::departments(version.set.rows.iter().chain(old_rows), &scene.names),
        items: layer::item_names(scene.reads)?,
        against: before.as_ref().map(version_ref),
        changes,
        comes: matches!(which, Which::Draft | Which::Copy).then(|| state.comes(&version.set)),
        in_force: version.enacted.as_ref().map(|enacted| -> InForceView { in_force_view(enacted) }),
        drafted: version.drafted.as_ref().map(step),
        countersigned: version.countersigned.as_ref().map(step),
        reason: if is_copy { ReasonView::None } else { papers.reasons.view(version.reason.as_ref()) },
        forms,
    })
}

/// What a version is compared with.
fn before(
    scene: &Scene<'_>,
    state: &LayerState,
    version: &Version,
) -> Result<Option<PolicySet>, ServiceError> {
    let number = match &version.enacted {
        None => return Ok(Some(state.in_force.set.clone())),
        Some(enacted) => enacted.set.number.saturating_sub(1),
    };
    Ok(views::policy_enacted(scene.reads, &state.owner, number)?.map(|enacted| enacted.set))
}

/// What is found about a version, against the layers above as they were in force beside it.
fn findings(
    scene: &Scene<'_>,
    state: &LayerState,
    version: &Version,
) -> Result<Vec<FindingView>, ServiceError> {
    let found: Vec<Finding> =
        access::check(&version.set, &state.above(scene.reads)?, &layer::known(scene.reads)?);
    Ok(found.iter().map(rows::finding).collect())
}
