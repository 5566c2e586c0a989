//! Refused drafts, countersignatures and withdrawals of policies, and rosters.

use crate::refused::{Attempt, Stage};
use crate::story::Centre::{self, Chengdu, Guangzhou, Nanjing, Suzhou};
use crate::story::cast::digest_of;
use crate::story::papers::{loosen, tighten};
use ledger::amendment::{CountersignPolicy, DraftPolicy, WithdrawPolicy};
use ledger::ids::{PolicyVersion, TxId};
use ledger::limits::{OBLIGATIONS_MAX, POLICY_ROWS_MAX, ROSTER_MAX};
use ledger::policy::{Effect, PolicyOwner, PolicySet};
use ledger::refusal::Refusal;
use ledger::role::Role;
use ledger::roster::AnchorRoster;
use ledger::transaction::Payload;

type Outcome = Result<TxId, Refusal>;

fn own(centre: Centre) -> PolicyOwner {
    PolicyOwner::Department(centre.id())
}

fn draft_by(s: &mut Stage, by: Centre, owner: &PolicyOwner, change: fn(&mut DraftPolicy)) -> Outcome {
    let mut draft = s.chain.a_draft(by, &s.chain.next_policy(owner, tighten));
    change(&mut draft);
    s.submit(by, Payload::DraftPolicy(draft))
}

/// Chengdu drafts for itself.
fn draft(s: &mut Stage, change: fn(&mut DraftPolicy)) -> Outcome {
    draft_by(s, Chengdu, &own(Chengdu), change)
}

/// A draft of Chengdu's that can be countersigned.
fn drafted(s: &mut Stage) -> PolicySet {
    draft(s, |_| ()).unwrap();
    s.chain.next_policy(&own(Chengdu), tighten)
}

fn countersign(
    s: &mut Stage,
    by: Centre,
    set: &PolicySet,
    change: impl FnOnce(&mut CountersignPolicy),
) -> Outcome {
    let mut countersignature = s.chain.a_countersignature(by, set);
    change(&mut countersignature);
    s.submit(by, Payload::CountersignPolicy(countersignature))
}

fn withdraw(s: &mut Stage, by: Centre, set: &PolicySet, change: fn(&mut WithdrawPolicy)) -> Outcome {
    let mut withdrawal = s.chain.a_policys_withdrawal(by, set);
    change(&mut withdrawal);
    s.submit(by, Payload::WithdrawPolicy(withdrawal))
}

pub(crate) const AMENDMENTS: &[Attempt] = &[
    (Refusal::RoleWrong, "drafted in another role", |s| draft(s, |d| d.by.role = Role::SysAdmin)),
    (Refusal::RoleWrong, "countersigned in another role", |s| {
        let set = drafted(s);
        countersign(s, Chengdu, &set, |c| c.by.role = Role::Inspector)
    }),
    (Refusal::RoleWrong, "withdrawn in another role", |s| {
        let set = drafted(s);
        withdraw(s, Chengdu, &set, |w| w.by.role = Role::AuditAdmin)
    }),
    (Refusal::PolicyOwner, "another department's policy", |s| draft_by(s, Suzhou, &own(Chengdu), |_| ())),
    (Refusal::PolicyOwner, "the nation's policy, by who does not keep it", |s| {
        draft_by(s, Chengdu, &PolicyOwner::Nation, |_| ())
    }),
    (Refusal::PolicyOwner, "a province's policy, by the nation's steward", |s| {
        draft_by(s, Guangzhou, &PolicyOwner::Region(Chengdu.region().province()), |_| ())
    }),
    (Refusal::PolicyOwner, "a policy that nobody keeps", |s| {
        draft_by(s, Nanjing, &PolicyOwner::Region(Nanjing.region().province()), |_| ())
    }),
    (Refusal::PolicyOwner, "the policy of a province without a member", |s| {
        draft(s, |d| d.set.owner = PolicyOwner::Region("110000".parse().unwrap()))
    }),
    (Refusal::PolicyOwner, "countersigned by another department", |s| {
        let set = drafted(s);
        countersign(s, Suzhou, &set, |_| ())
    }),
    (Refusal::PolicyOwner, "withdrawn by another department", |s| {
        let set = drafted(s);
        withdraw(s, Suzhou, &set, |_| ())
    }),
    (Refusal::PolicyUnsound, "a row too many", |s| {
        draft(s, |d| {
            let row = d.set.rows[0].clone();
            d.set.rows = (0..=POLICY_ROWS_MAX)
                .map(|n| ledger::policy::PolicyRow { id: format!("r{n}").parse().unwrap(), ..row.clone() })
                .collect();
        })
    }),
    (Refusal::PolicyUnsound, "a duty too many", |s| {
        draft(s, |d| {
            let duties = (0..=OBLIGATIONS_MAX).map(|n| format!("drop:F{n}").parse().unwrap());
            d.set.rows[0].obligations = duties.collect();
        })
    }),
    (Refusal::PolicyUnsound, "a row twice", |s| draft(s, |d| d.set.rows.push(d.set.rows[0].clone()))),
    (Refusal::PolicyUnsound, "number 0", |s| draft(s, |d| d.set.number = 0)),
    (Refusal::PolicyUnreadable, "a misspelt door", |s| {
        draft(s, |d| d.set.rows[0].action = "answers".parse().unwrap())
    }),
    (Refusal::PolicyUnreadable, "a duty that no door can fulfil", |s| {
        draft(s, |d| d.set.rows[0].obligations = vec!["watermarks".parse().unwrap()])
    }),
    (Refusal::PolicyUnreadable, "hours that end before they begin", |s| {
        draft(s, |d| d.set.rows[0].hours = "1@18:00-08:00".parse().unwrap())
    }),
    (Refusal::PolicyUnreadable, "a denial with a grade", |s| {
        draft(s, |d| {
            d.set.rows[0].effect = Effect::Deny;
            d.set.rows[0].grade_max = 3;
        })
    }),
    (Refusal::PolicyStale, "the number in force", |s| draft(s, |d| d.set.number -= 1)),
    (Refusal::PolicyStale, "a number skipped", |s| draft(s, |d| d.set.number += 1)),
    (Refusal::PolicyStale, "another predecessor", |s| draft(s, |d| d.set.previous = PolicyVersion([9; 32]))),
    (Refusal::PolicyStale, "a draft that was overtaken", |s| {
        // A loosening waits, another change is drafted beside it, and the first comes in force.
        let loosened = s.chain.amend(Chengdu, &own(Chengdu), loosen).unwrap();
        let beside = drafted(s);
        s.chain.wait_ms(s.chain.network.genesis.parameters.loosening_ms);
        s.chain.idle();
        assert_eq!(s.chain.policies_of(Chengdu).department, loosened.version(s.chain.network.chain));
        countersign(s, Chengdu, &beside, |_| ())
    }),
    (Refusal::PolicyDraftWaits, "a second draft", |s| {
        drafted(s);
        draft(s, |_| ())
    }),
    (Refusal::PolicyUnknownDraft, "countersigned without a draft", |s| {
        let set = s.chain.next_policy(&own(Chengdu), tighten);
        countersign(s, Chengdu, &set, |_| ())
    }),
    (Refusal::PolicyUnknownDraft, "another version countersigned", |s| {
        let set = drafted(s);
        countersign(s, Chengdu, &set, |c| c.version.0[0] ^= 1)
    }),
    (Refusal::PolicyUnknownDraft, "countersigned twice", |s| {
        let set = s.chain.amend(Chengdu, &own(Chengdu), tighten).unwrap();
        countersign(s, Chengdu, &set, |_| ())
    }),
    (Refusal::PolicyUnknownDraft, "countersigned after its withdrawal", |s| {
        let set = drafted(s);
        withdraw(s, Chengdu, &set, |_| ()).unwrap();
        countersign(s, Chengdu, &set, |_| ())
    }),
    (Refusal::PolicyUnknownDraft, "another version withdrawn", |s| {
        let set = drafted(s);
        withdraw(s, Chengdu, &set, |w| w.version.0[0] ^= 1)
    }),
    (Refusal::PolicyUnknownDraft, "withdrawn in force", |s| {
        let set = s.chain.amend(Chengdu, &own(Chengdu), tighten).unwrap();
        withdraw(s, Chengdu, &set, |_| ())
    }),
    (Refusal::PolicySelf, "countersigned by who drafted it", |s| {
        let set = drafted(s);
        let drafter = s.chain.a_draft(Chengdu, &set).by;
        countersign(s, Chengdu, &set, |c| c.by = drafter)
    }),
    (Refusal::PolicyPending, "a second loosening while one waits", |s| {
        s.chain.amend(Chengdu, &own(Chengdu), loosen).unwrap();
        let set = s.chain.next_policy(&own(Chengdu), |rows| rows[0].purpose = "*".parse().unwrap());
        s.submit(Chengdu, Payload::DraftPolicy(s.chain.a_draft(Chengdu, &set))).unwrap();
        countersign(s, Chengdu, &set, |_| ())
    }),
];

fn anchor(s: &mut Stage, change: fn(&mut AnchorRoster)) -> Outcome {
    let mut roster = s.chain.a_roster(3);
    change(&mut roster);
    s.submit(Chengdu, Payload::AnchorRoster(roster))
}

pub(crate) const ROSTERS: &[Attempt] = &[
    (Refusal::RosterMalformed, "an officer too many", |s| anchor(s, |r| r.size = ROSTER_MAX + 1)),
    (Refusal::RosterMalformed, "nobody under a root", |s| anchor(s, |r| r.size = 0)),
    (Refusal::RosterMalformed, "somebody under no root", |s| anchor(s, |r| r.root = gm::merkle::root(&[]))),
    (Refusal::RosterSame, "the same roster again", |s| {
        anchor(s, |_| ()).unwrap();
        anchor(s, |r| r.log_head.digest = digest_of("another log"))
    }),
];
