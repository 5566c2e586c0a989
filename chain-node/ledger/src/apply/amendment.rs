//! Policies that change: drafting, countersigning, withdrawing, and what comes in force when its time is there.

use super::rule::{BlockContext, Rejection, Rule, check_role};
use crate::amendment::{CountersignPolicy, Draft, DraftPolicy, Enacted, Pending, WithdrawPolicy};
use crate::credit::Credit;
use crate::ids::PolicyVersion;
use crate::keys;
use crate::policy::{PolicyOwner, PolicySet, narrows};
use crate::refusal::Refusal;
use crate::role::{By, Role};
use crate::state::{Changes, Overlay, ReadFault, StateRead};
use crate::views;
use crate::wire::to_bytes;
use alloc::format;

impl Rule<'_> {
    /// The version of the layer in force, if this department writes it.
    fn to_amend(&self, owner: &PolicyOwner, by: &By) -> Result<PolicyVersion, Rejection> {
        check_role(by, Role::SecAdmin)?;
        if views::steward(self.reads, owner)?.as_ref() != Some(&self.body.department) {
            return Err(Refusal::PolicyOwner.into());
        }
        Ok(views::policy_version(self.reads, owner)?.ok_or(Refusal::PolicyNotLive)?)
    }

    pub(super) fn draft_policy(&mut self, drafted: &DraftPolicy) -> Result<(), Rejection> {
        let owner = &drafted.set.owner;
        let in_force = self.to_amend(owner, &drafted.by)?;
        drafted.set.check(self.limits())?;
        let number = views::policy(self.reads, owner)?.ok_or(Refusal::PolicyNotLive)?.number;
        if drafted.set.previous != in_force || Some(drafted.set.number) != number.checked_add(1) {
            return Err(Refusal::PolicyStale.into());
        }
        // One that was overtaken may be replaced; one that can still be countersigned is withdrawn first.
        if views::policy_draft(self.reads, owner)?.is_some_and(|other| other.set.previous == in_force) {
            return Err(Refusal::PolicyDraftWaits.into());
        }
        self.spend(&self.body.department, Credit::Draft)?;
        let draft =
            Draft { set: drafted.set.clone(), reason: drafted.reason, drafted: self.step(&drafted.by) };
        self.put(keys::draft(owner), &draft);
        Ok(())
    }

    pub(super) fn countersign_policy(&mut self, signed: &CountersignPolicy) -> Result<(), Rejection> {
        let CountersignPolicy { owner, version, by } = signed;
        let in_force = self.to_amend(owner, by)?;
        let draft = views::policy_draft(self.reads, owner)?.ok_or(Refusal::PolicyUnknownDraft)?;
        if draft.set.version(self.context.chain) != *version {
            return Err(Refusal::PolicyUnknownDraft.into());
        }
        if draft.set.previous != in_force {
            return Err(Refusal::PolicyStale.into());
        }
        if draft.drafted.by.pseudonym == by.pseudonym {
            return Err(Refusal::PolicySelf.into());
        }
        let old = views::policy(self.reads, owner)?.ok_or(Refusal::PolicyNotLive)?;
        let pending = views::policy_pending(self.reads, owner)?;
        let countersigned = self.step(by);
        self.changes.remove(keys::draft(owner));
        if narrows(&old, &draft.set) {
            // What waited followed the version that now ends.
            if let Some(overtaken) = pending {
                drop_pending(&mut self.changes, &overtaken);
            }
            let enacted = Enacted {
                version: *version,
                set: draft.set,
                reason: draft.reason,
                steps: Some((draft.drafted, countersigned)),
                since: self.context.height,
                at: self.context.time,
            };
            enact(&mut self.changes, &enacted);
            return Ok(());
        }
        if pending.is_some() {
            return Err(Refusal::PolicyPending.into());
        }
        let due = self.context.time.plus_ms(views::parameters(self.reads)?.loosening_ms);
        let pending = Pending { draft, countersigned, due };
        self.put(keys::pending(owner), &pending);
        self.put(keys::due(due, owner), owner);
        Ok(())
    }

    pub(super) fn withdraw_policy(&mut self, withdrawn: &WithdrawPolicy) -> Result<(), Rejection> {
        let WithdrawPolicy { owner, version, by } = withdrawn;
        self.to_amend(owner, by)?;
        let is_it = |set: &PolicySet| set.version(self.context.chain) == *version;
        if views::policy_draft(self.reads, owner)?.is_some_and(|draft| is_it(&draft.set)) {
            self.changes.remove(keys::draft(owner));
            return Ok(());
        }
        match views::policy_pending(self.reads, owner)?.filter(|pending| is_it(&pending.draft.set)) {
            Some(pending) => drop_pending(&mut self.changes, &pending),
            None => return Err(Refusal::PolicyUnknownDraft.into()),
        }
        Ok(())
    }
}

fn drop_pending(changes: &mut Changes, pending: &Pending) {
    let owner = &pending.draft.set.owner;
    changes.remove(keys::pending(owner));
    changes.remove(keys::due(pending.due, owner));
}

/// Puts a set in force: the one place, for genesis, countersignatures and promotions.
pub(crate) fn enact(changes: &mut Changes, enacted: &Enacted) {
    let set = &enacted.set;
    changes.put(keys::policy(&set.owner), to_bytes(set));
    changes.put(keys::policy_version(&set.owner), to_bytes(&enacted.version));
    changes.put(keys::enacted(&set.owner, set.number), to_bytes(enacted));
}

/// Puts in force what was countersigned and whose time has come, longest due first; what is beyond the bound
/// comes with the next block. Run when a block opens, before its transactions.
pub(crate) fn promote(overlay: &mut Overlay<'_>, context: &BlockContext) -> Result<(), ReadFault> {
    for (key, value) in overlay.scan(keys::DUE, None, context.protocol.limits.promoted_per_block)? {
        if keys::due_at(&key).is_none_or(|due| due > context.time) {
            break;
        }
        let owner: PolicyOwner = views::decode(&key, &value)?;
        let pending = views::policy_pending(overlay, &owner)?
            .ok_or_else(|| ReadFault(format!("nothing waits for the policy of {owner} to come in force")))?;
        drop_pending(&mut overlay.changes, &pending);
        let Pending { draft, countersigned, .. } = pending;
        let steps = Some((draft.drafted, countersigned));
        let enacted = Enacted {
            version: draft.set.version(context.chain),
            set: draft.set,
            reason: draft.reason,
            steps,
            since: context.height,
            at: context.time,
        };
        enact(&mut overlay.changes, &enacted);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Height, Pseudonym, Time, TxId};
    use crate::limits::PROMOTED_PER_BLOCK;
    use crate::protocol::Protocol;
    use crate::request::Step;
    use crate::state::MemoryState;
    use alloc::vec::Vec;
    use gm::domain::ChainId;

    fn step(height: u64) -> Step {
        let by = By { pseudonym: Pseudonym([1; 32]), role: Role::SecAdmin };
        Step { tx: TxId([1; 32]), height: Height(height), at: Time(height), by, second: None }
    }

    /// A state in which so many provinces' policies wait, due at 10, 11, 12 ….
    fn waiting(count: usize) -> MemoryState {
        let mut changes = Changes::default();
        for (number, due) in (0..count).zip(10..) {
            let owner = PolicyOwner::Region(format!("{:06}", 110_000 + number).parse().unwrap());
            let set = PolicySet {
                owner: owner.clone(),
                number: 2,
                previous: PolicyVersion([0; 32]),
                rows: Vec::new(),
            };
            let draft = Draft { set, reason: None, drafted: step(1) };
            let pending = Pending { draft, countersigned: step(2), due: Time(due) };
            changes.put(keys::pending(&owner), to_bytes(&pending));
            changes.put(keys::due(Time(due), &owner), to_bytes(&owner));
        }
        let mut state = MemoryState::default();
        state.commit(&changes);
        state
    }

    /// How many come in force in one block at this time, and how many wait after it.
    fn promoted(state: &mut MemoryState, time: u64) -> (usize, usize) {
        let context = BlockContext {
            chain: ChainId::ZERO,
            height: Height(3),
            time: Time(time),
            protocol: Protocol::NEWEST,
        };
        let mut overlay = Overlay::new(state);
        promote(&mut overlay, &context).unwrap();
        let changes = overlay.changes;
        let enacted = changes.iter().filter(|(key, _)| key.starts_with(b"enacted/")).count();
        state.commit(&changes);
        (enacted, state.scan(keys::DUE, None, usize::MAX).unwrap().len())
    }

    #[test]
    fn what_is_due_comes_in_force_and_nothing_before() {
        let mut state = waiting(3);
        assert_eq!(promoted(&mut state, 9), (0, 3));
        assert_eq!(promoted(&mut state, 11), (2, 1));
        assert_eq!(promoted(&mut state, 11), (0, 1));
        assert_eq!(promoted(&mut state, u64::MAX), (1, 0));
        assert!(state.scan(b"pending/", None, 9).unwrap().is_empty());
    }

    #[test]
    fn one_block_puts_so_many_in_force_and_the_next_the_rest() {
        let mut state = waiting(PROMOTED_PER_BLOCK + 6);
        assert_eq!(promoted(&mut state, 1_000), (PROMOTED_PER_BLOCK, 6));
        assert_eq!(promoted(&mut state, 1_000), (6, 0));
    }

    #[test]
    fn a_due_time_without_a_policy_is_a_fault() {
        let owner = PolicyOwner::Nation;
        let mut changes = Changes::default();
        changes.put(keys::due(Time(1), &owner), to_bytes(&owner));
        let mut state = MemoryState::default();
        state.commit(&changes);
        let context = BlockContext {
            chain: ChainId::ZERO,
            height: Height(3),
            time: Time(1),
            protocol: Protocol::NEWEST,
        };
        assert!(promote(&mut Overlay::new(&state), &context).is_err());
    }
}
