//! The signatures under a version: one administrator drafts, another countersigns, either withdraws. All three
//! are done in a person's own name, with the second factor shown just before.

use gm::sm3::Digest;
use ledger::amendment::{CountersignPolicy, DraftPolicy, WithdrawPolicy};
use ledger::ids::PolicyVersion;
use ledger::policy::{PolicyOwner, PolicySet};
use ledger::protocol::Protocol;
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use ledger::wire::to_bytes;

use crate::act::{self, Act, Submitted};
use crate::audit_log::Event;
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::fields::plain;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::policies::copy::WorkingCopy;
use crate::policies::edit::seen;
use crate::policies::layer::{self, LayerState};
use crate::policies::list::{may_countersign, may_draft, may_withdraw};
use crate::policies::reason;
use crate::policies::view::{DraftInput, VersionInput};
use crate::scene::Scene;
use crate::staff;
use crate::verdict::Verdict;

/// Signs the working copy as the next version's draft. The id returned is the layer's owner.
///
/// # Errors
/// `reason` that is wrong; refused `step-up.due`, `step-up.none`, `policy.write`, `policy.copy-none`,
/// `policy.copy-moved`, `policy.copy-outdated`, `policy.copy-same`, `policy.errors`, `policy.too-large`,
/// `policy.draft-waits`.
pub async fn draft(
    office: &Office,
    officer: &Officer,
    owner: &str,
    input: DraftInput,
) -> Result<Submitted, ServiceError> {
    staff::stepped_up(office, officer)?;
    let owner = layer::owner(owner).ok_or(ServiceError::NotFound)?;
    let form_id = act::parse_id(&input.form_id)?;
    let text =
        plain(&input.reason, limits::REASON_CHARS_MAX).map_err(|code| ServiceError::field("reason", code))?;
    let state = read(office, officer, &owner)?;
    let copy = WorkingCopy::find(office.pool(), &state).await?;
    let reason = reason::keep(office, &owner, &form_id, text).await?;
    let version = match &copy {
        Some(copy) => state.next(copy.rows.clone()).version(office.chain()).to_string(),
        None => String::new(),
    };
    let object = format!("{owner}@{version}");
    let act = Act::new(Event::PolicyDraft, &object, &input.form_id, &input)?;
    let done =
        act::take(office, officer, act, |scene| drafted(scene, &owner, copy.as_ref(), &input.stamp, reason));
    of_layer(done.await, &owner)
}

/// Countersigns another administrator's draft. The id returned is the layer's owner.
///
/// # Errors
/// Refused `step-up.due`, `step-up.none`, `policy.write`, `policy.unknown-draft`, `policy.self`,
/// `policy.stale`, `policy.pending`.
pub async fn countersign(
    office: &Office,
    officer: &Officer,
    owner: &str,
    input: VersionInput,
) -> Result<Submitted, ServiceError> {
    staff::stepped_up(office, officer)?;
    let owner = layer::owner(owner).ok_or(ServiceError::NotFound)?;
    let object = format!("{owner}@{}", input.version);
    let act = Act::new(Event::PolicyCountersign, &object, &input.form_id, &input)?;
    let done = act::take(office, officer, act, |scene| countersigned(scene, &owner, &input.version));
    of_layer(done.await, &owner)
}

/// Takes back a draft, or what waits for its time. The id returned is the layer's owner.
///
/// # Errors
/// Refused `step-up.due`, `step-up.none`, `policy.write`, `policy.unknown-draft`.
pub async fn withdraw(
    office: &Office,
    officer: &Officer,
    owner: &str,
    input: VersionInput,
) -> Result<Submitted, ServiceError> {
    staff::stepped_up(office, officer)?;
    let owner = layer::owner(owner).ok_or(ServiceError::NotFound)?;
    let object = format!("{owner}@{}", input.version);
    let act = Act::new(Event::PolicyWithdraw, &object, &input.form_id, &input)?.even_behind();
    let done = act::take(office, officer, act, |scene| withdrawn(scene, &owner, &input.version));
    of_layer(done.await, &owner)
}

fn of_layer(done: Result<Submitted, ServiceError>, owner: &PolicyOwner) -> Result<Submitted, ServiceError> {
    done.map(|submitted| Submitted { id: owner.to_string(), ..submitted })
}

fn read(office: &Office, officer: &Officer, owner: &PolicyOwner) -> Result<LayerState, ServiceError> {
    office.scene(officer, |scene| LayerState::read(scene.reads, scene.own(), owner))
}

/// What a verdict says to who does it all the same.
fn open(verdict: Verdict) -> Result<(), ServiceError> {
    match verdict {
        Verdict::Open => Ok(()),
        Verdict::Refused(code) => Err(ServiceError::Refused(code)),
        Verdict::Denied(_) => Err(ServiceError::refused(OfficeRefusal::PolicyWrite)),
    }
}

fn drafted(
    scene: &Scene<'_>,
    owner: &PolicyOwner,
    copy: Option<&WorkingCopy>,
    stamp: &str,
    reason: Digest,
) -> Result<Payload, ServiceError> {
    let state = LayerState::read(scene.reads, scene.own(), owner)?;
    open(may_draft(scene, &state, copy))?;
    seen(copy, stamp)?;
    let copy = copy.ok_or(ServiceError::refused(OfficeRefusal::PolicyCopyNone))?;
    let set = state.next(copy.rows.clone());
    sound(&set)?;
    let by = scene.by(&owner.object());
    Ok(Payload::DraftPolicy(DraftPolicy { set, reason: Some(reason), by }))
}

/// Whether a set can be judged by at all, and travels in one transaction.
///
/// # Errors
/// Refused `policy.errors`, `policy.too-large`.
pub(super) fn sound(set: &PolicySet) -> Result<(), ServiceError> {
    if to_bytes(set).len() > limits::POLICY_BYTES_MAX {
        return Err(ServiceError::refused(OfficeRefusal::PolicyTooLarge));
    }
    let findings = access::check(set, &[], &access::Known::default());
    if !set.is_sound(&Protocol::NEWEST.limits) || findings.iter().any(|finding| finding.kind.is_error()) {
        return Err(ServiceError::refused(OfficeRefusal::PolicyErrors));
    }
    Ok(())
}

fn countersigned(scene: &Scene<'_>, owner: &PolicyOwner, version: &str) -> Result<Payload, ServiceError> {
    let state = LayerState::read(scene.reads, scene.own(), owner)?;
    open(may_countersign(scene, &state))?;
    let version = version_of(version)?;
    // Who countersigns signs what the page showed, and nothing that took its place meanwhile.
    let is_it = |set: &PolicySet| set.version(scene.bureau.chain) == version;
    if !state.draft.as_ref().is_some_and(|draft| is_it(&draft.set)) {
        return Err(ServiceError::refused(Refusal::PolicyUnknownDraft));
    }
    let by = scene.by(&owner.object());
    Ok(Payload::CountersignPolicy(CountersignPolicy { owner: owner.clone(), version, by }))
}

fn withdrawn(scene: &Scene<'_>, owner: &PolicyOwner, version: &str) -> Result<Payload, ServiceError> {
    let state = LayerState::read(scene.reads, scene.own(), owner)?;
    open(may_withdraw(scene, &state))?;
    let version = version_of(version)?;
    let sets = state.draft.iter().chain(state.pending.iter().map(|pending| &pending.draft));
    if !sets.map(|draft| draft.set.version(scene.bureau.chain)).any(|other| other == version) {
        return Err(ServiceError::refused(Refusal::PolicyUnknownDraft));
    }
    let by = scene.by(&owner.object());
    Ok(Payload::WithdrawPolicy(WithdrawPolicy { owner: owner.clone(), version, by }))
}

fn version_of(text: &str) -> Result<PolicyVersion, ServiceError> {
    text.parse().map_err(|_| ServiceError::refused(Refusal::PolicyUnknownDraft))
}

#[cfg(test)]
mod tests;
