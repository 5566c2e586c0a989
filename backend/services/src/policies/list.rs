//! The layers a department stands under or writes, each with what is in force and what is to come.

use ledger::amendment::{Draft, Pending};
use ledger::policy::{PolicyOwner, PolicySet};
use ledger::refusal::Refusal;
use ledger::role::Role;
use ledger::views;

use crate::audit_log::Event;
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::names::{DepartmentRef, ms};
use crate::office::Office;
use crate::officer::{Colleagues, Officer};
use crate::policies::copy::WorkingCopy;
use crate::policies::layer::{self, LayerState};
use crate::policies::reason::Reasons;
use crate::policies::rows;
use crate::policies::rules::{self, PolicyAct};
use crate::policies::view::{
    Comes, CopyRef, DraftView, InForceView, LayerMay, LayerRef, LayerView, PendingView, VersionRef,
    WaitingDraft,
};
use crate::scene::Scene;
use crate::verdict::Verdict;

/// What the log calls the list.
const ALL: &str = "policies";

/// The layers the own department stands under, and those it writes for others, national first.
///
/// # Errors
/// Refused `policy.look`; a look that cannot be noted is not had.
pub async fn list(office: &Office, officer: &Officer) -> Result<Vec<LayerView>, ServiceError> {
    let may = rules::may(officer.role(), PolicyAct::Look, false).map_err(ServiceError::refused);
    office.note_result(officer, Event::PolicyShow, ALL, &may).await?;
    may?;
    let states = office.scene(officer, states)?;
    let mut papers = Vec::new();
    for state in states {
        papers.push((Papers::of(office, &state).await?, state));
    }
    office.scene(officer, |scene| {
        Ok(papers.iter().map(|(papers, state)| layer_view(scene, state, papers)).collect())
    })
}

fn states(scene: &Scene<'_>) -> Result<Vec<LayerState>, ServiceError> {
    let owners = layer::concerning(scene.reads, scene.own(), &scene.names)?;
    owners.iter().map(|owner| LayerState::read(scene.reads, scene.own(), owner)).collect()
}

/// Drafts that wait for the officer's countersignature.
pub(crate) async fn waiting(office: &Office, officer: &Officer) -> Result<Vec<WaitingDraft>, ServiceError> {
    if officer.role() != Role::SecAdmin {
        return Ok(Vec::new());
    }
    let states = office.scene(officer, drafted)?;
    let mut waiting = Vec::new();
    for state in states {
        let Some(draft) = &state.draft else { continue };
        let colleagues = Colleagues::within(office, &state.owner.object()).await?;
        waiting.push(office.scene(officer, |scene| {
            let (number, at) = (draft.set.number, ms(draft.drafted.at));
            let by = colleagues.person(&draft.drafted.by, writer(scene, &state));
            Ok(WaitingDraft { layer: layer_ref(scene, &state), number, by, at })
        })?);
    }
    Ok(waiting)
}

/// The layers whose draft this officer may countersign. Cheap where nothing is drafted: asked for every page.
fn drafted(scene: &Scene<'_>) -> Result<Vec<LayerState>, ServiceError> {
    let mut drafted = Vec::new();
    for owner in layer::concerning(scene.reads, scene.own(), &scene.names)? {
        if views::policy_draft(scene.reads, &owner)?.is_none() {
            continue;
        }
        let state = LayerState::read(scene.reads, scene.own(), &owner)?;
        if may_countersign(scene, &state).is_open() {
            drafted.push(state);
        }
    }
    Ok(drafted)
}

/// What the office's store has for the pages of a layer.
#[derive(Default)]
pub(super) struct Papers {
    pub(super) copy: Option<WorkingCopy>,
    pub(super) colleagues: Colleagues,
    pub(super) reasons: Reasons,
}

impl Papers {
    pub(super) async fn of(office: &Office, state: &LayerState) -> Result<Self, ServiceError> {
        Ok(Self {
            copy: WorkingCopy::find(office.pool(), state).await?,
            colleagues: Colleagues::within(office, &state.owner.object()).await?,
            reasons: Reasons::of(office.pool(), office.chain(), &state.owner).await?,
        })
    }
}

/// The department behind every step of a layer.
pub(super) fn writer(scene: &Scene<'_>, state: &LayerState) -> DepartmentRef {
    state.writer.as_ref().map(|id| scene.names.of(id.as_str())).unwrap_or_default()
}

pub(super) fn layer_ref(scene: &Scene<'_>, state: &LayerState) -> LayerRef {
    LayerRef {
        owner: state.owner.to_string(),
        layer: state.owner.layer(),
        department: match &state.owner {
            PolicyOwner::Department(id) => Some(scene.names.of(id.as_str())),
            PolicyOwner::Nation | PolicyOwner::Region(_) => None,
        },
        writer: state.writer.as_ref().map(|id| scene.names.of(id.as_str())),
    }
}

pub(super) fn version_ref(scene: &Scene<'_>, set: &PolicySet) -> VersionRef {
    VersionRef {
        version: set.version(scene.bureau.chain).to_string(),
        number: set.number,
        rows: set.rows.len() as u64,
    }
}

pub(super) fn in_force_view(enacted: &ledger::amendment::Enacted) -> InForceView {
    InForceView {
        version: VersionRef {
            version: enacted.version.to_string(),
            number: enacted.set.number,
            rows: enacted.set.rows.len() as u64,
        },
        since: enacted.since.0,
        at: ms(enacted.at),
        founded: enacted.steps.is_none(),
    }
}

/// A layer as the officer may know it.
pub(super) fn layer_view(scene: &Scene<'_>, state: &LayerState, papers: &Papers) -> LayerView {
    let may = may(scene, state, papers.copy.as_ref());
    let studies = may.study.is_open();
    LayerView {
        layer: layer_ref(scene, state),
        in_force: in_force_view(&state.in_force),
        draft: state.draft.as_ref().filter(|_| studies).map(|draft| draft_view(scene, state, papers, draft)),
        pending: state.pending.as_ref().map(|pending| pending_view(scene, state, papers, pending)),
        copy: papers.copy.as_ref().filter(|_| studies).map(|copy| copy_ref(state, copy)),
        may,
    }
}

fn draft_view(scene: &Scene<'_>, state: &LayerState, papers: &Papers, draft: &Draft) -> DraftView {
    DraftView {
        version: version_ref(scene, &draft.set),
        drafted: papers.colleagues.step(&draft.drafted, writer(scene, state)),
        by_me: is_by_me(scene, state, draft),
        overtaken: draft.set.previous != state.in_force.version,
        comes: state.comes(&draft.set),
    }
}

fn pending_view(scene: &Scene<'_>, state: &LayerState, papers: &Papers, pending: &Pending) -> PendingView {
    let step = |step| papers.colleagues.step(step, writer(scene, state));
    PendingView {
        version: version_ref(scene, &pending.draft.set),
        drafted: step(&pending.draft.drafted),
        countersigned: step(&pending.countersigned),
        due: ms(pending.due),
    }
}

fn copy_ref(state: &LayerState, copy: &WorkingCopy) -> CopyRef {
    let (added, changed, removed) = rows::counted(&state.in_force.set.rows, &copy.rows);
    CopyRef {
        version: VersionRef {
            version: String::new(),
            number: state.in_force.set.number.saturating_add(1),
            rows: copy.rows.len() as u64,
        },
        stamp: copy.stamp(),
        changed_by: copy.changed_by.clone(),
        changed_at: copy.changed_at,
        changes: added + changed + removed,
        outdated: copy.is_outdated(state),
    }
}

/// What the officer may do with a layer. The acts ask the same.
fn may(scene: &Scene<'_>, state: &LayerState, copy: Option<&WorkingCopy>) -> LayerMay {
    let is_writer = state.is_written_by(scene.own());
    let verdict = |act| rules::verdict(scene.officer.role(), act, is_writer);
    LayerMay {
        study: verdict(PolicyAct::Study),
        edit: verdict(PolicyAct::Write),
        draft: may_draft(scene, state, copy),
        countersign: may_countersign(scene, state),
        withdraw: may_withdraw(scene, state),
    }
}

fn may_write(scene: &Scene<'_>, state: &LayerState) -> Verdict {
    rules::verdict(scene.officer.role(), PolicyAct::Write, state.is_written_by(scene.own()))
}

/// Whether the working copy may be signed as the next draft; its rows are checked beside.
pub(super) fn may_draft(scene: &Scene<'_>, state: &LayerState, copy: Option<&WorkingCopy>) -> Verdict {
    let write = may_write(scene, state);
    if !write.is_open() {
        return write;
    }
    let waits = state.draft.as_ref().is_some_and(|draft| draft.set.previous == state.in_force.version);
    match copy {
        _ if waits => Verdict::no(Refusal::PolicyDraftWaits),
        None => Verdict::no(OfficeRefusal::PolicyCopyNone),
        Some(copy) if copy.is_outdated(state) => Verdict::no(OfficeRefusal::PolicyCopyOutdated),
        Some(copy) if copy.rows == state.in_force.set.rows => Verdict::no(OfficeRefusal::PolicyCopySame),
        Some(_) => Verdict::Open,
    }
}

/// Whether the draft may be countersigned by this officer.
pub(super) fn may_countersign(scene: &Scene<'_>, state: &LayerState) -> Verdict {
    let write = may_write(scene, state);
    if !write.is_open() {
        return write;
    }
    let Some(draft) = &state.draft else { return Verdict::no(Refusal::PolicyUnknownDraft) };
    if draft.set.previous != state.in_force.version {
        return Verdict::no(Refusal::PolicyStale);
    }
    if is_by_me(scene, state, draft) {
        return Verdict::no(Refusal::PolicySelf);
    }
    if state.pending.is_some() && state.comes(&draft.set) != Comes::AtOnce {
        return Verdict::no(Refusal::PolicyPending);
    }
    Verdict::Open
}

/// Whether there is something that this officer may withdraw.
pub(super) fn may_withdraw(scene: &Scene<'_>, state: &LayerState) -> Verdict {
    let write = may_write(scene, state);
    if write.is_open() && state.draft.is_none() && state.pending.is_none() {
        return Verdict::no(Refusal::PolicyUnknownDraft);
    }
    write
}

fn is_by_me(scene: &Scene<'_>, state: &LayerState, draft: &Draft) -> bool {
    scene.by(&state.owner.object()).pseudonym == draft.drafted.by.pseudonym
}
