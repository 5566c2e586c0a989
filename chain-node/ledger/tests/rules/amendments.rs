//! The life of a policy: two officers, one block from which a tightening bites, a day for what lets more pass,
//! and every version in force at some height found again.

use crate::story::Centre::{Chengdu, Guangzhou};
use crate::story::Chain;
use crate::story::papers::{DAY, loosen, tighten};
use ledger::ids::Height;
use ledger::policy::{PolicyOwner, PolicySet};
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use ledger::views;

fn own() -> PolicyOwner {
    PolicyOwner::Department(Chengdu.id())
}

/// Whether this set of Chengdu's is in force, in all places where that stands.
#[track_caller]
fn is_in_force(chain: &Chain, set: &PolicySet) -> bool {
    let version = set.version(chain.network.chain);
    let in_force = chain.policies_of(Chengdu).department == version;
    assert_eq!(views::policy(chain.state(), &own()).unwrap().as_ref() == Some(set), in_force);
    let latest = views::policies_at(chain.state(), &own(), chain.tip().height).unwrap().unwrap();
    assert_eq!((latest.version == version, latest.set == *set), (in_force, in_force));
    in_force
}

#[test]
fn a_tightening_is_in_force_from_the_block_of_its_countersignature() {
    let mut chain = Chain::founded();
    let set = chain.next_policy(&own(), tighten);
    let drafted = chain.submit(Chengdu, Payload::DraftPolicy(chain.a_draft(Chengdu, &set))).unwrap();
    assert!(!is_in_force(&chain, &set), "one officer alone changes nothing");
    assert_eq!(views::policy_draft(chain.state(), &own()).unwrap().unwrap().set, set);
    let countersignature = Payload::CountersignPolicy(chain.a_countersignature(Chengdu, &set));
    let countersigned = chain.submit(Chengdu, countersignature).unwrap();
    assert!(is_in_force(&chain, &set));
    assert_eq!(views::policy_draft(chain.state(), &own()).unwrap(), None);
    let enacted = views::policy_enacted(chain.state(), &own(), 2).unwrap().unwrap();
    let (first, second) = enacted.steps.unwrap();
    assert_eq!((first.tx, second.tx), (drafted, countersigned));
    assert_ne!(first.by.pseudonym, second.by.pseudonym);
    assert_eq!((enacted.since, enacted.at), (chain.tip().height, chain.tip().time));
}

#[test]
fn a_query_judged_under_the_old_version_is_refused_after_the_countersignature() {
    for owner in [PolicyOwner::Nation, PolicyOwner::Region(Chengdu.region().province()), own()] {
        let (mut chain, grant) = Chain::with_grant(3);
        let by = if owner == PolicyOwner::Nation { Guangzhou } else { Chengdu };
        let judged = chain.a_receipt(&chain.a_ticket(&grant));
        let denied = chain.a_denial(&chain.a_ticket(&grant), ledger::receipt::DenialClass::Policy);
        chain.amend(by, &owner, tighten).unwrap();
        let submitted = chain.submit(Chengdu, Payload::RecordAnswer(judged));
        assert_eq!(submitted, Err(Refusal::PolicyMoved), "{owner}");
        let submitted = chain.submit(Chengdu, Payload::RecordDenial(denied));
        assert_eq!(submitted, Err(Refusal::PolicyMoved), "{owner}");
        chain.answer(&grant).expect("judged again under the new one");
    }
}

#[test]
fn a_query_in_the_very_block_of_the_countersignature_is_judged_under_the_new_version() {
    let (mut chain, grant) = Chain::with_grant(3);
    let set = chain.next_policy(&own(), tighten);
    chain.submit(Chengdu, Payload::DraftPolicy(chain.a_draft(Chengdu, &set))).unwrap();
    let receipt = chain.a_receipt(&chain.a_ticket(&grant));
    let receipt = chain.sign(Chengdu, Payload::RecordAnswer(receipt));
    let signed = chain.sign(Chengdu, Payload::CountersignPolicy(chain.a_countersignature(Chengdu, &set)));
    let left_out = chain.block_of(vec![receipt.clone(), signed]);
    assert_eq!(left_out, vec![(receipt.id(), Refusal::PolicyMoved)]);
    assert!(is_in_force(&chain, &set));
}

#[test]
fn an_approval_judged_under_the_old_version_is_refused_after_the_countersignature() {
    let mut chain = Chain::with_entry();
    let request = chain.request(chain.a_request()).unwrap();
    let judged = chain.an_approval(&request);
    chain.amend(Guangzhou, &PolicyOwner::Nation, tighten).unwrap();
    let submitted = chain.submit(Chengdu, Payload::ApproveRequest(judged));
    assert_eq!(submitted, Err(Refusal::PolicyMoved));
    chain.approve(&request).unwrap();
}

#[test]
fn what_lets_more_pass_waits_to_the_millisecond() {
    let (mut chain, grant) = Chain::with_grant(3);
    let set = chain.amend(Chengdu, &own(), loosen).unwrap();
    let countersigned = chain.tip().time;
    let pending = views::policy_pending(chain.state(), &own()).unwrap().unwrap();
    assert_eq!(pending.due, countersigned.plus_ms(DAY));
    chain.wait_ms(DAY - 1_001);
    chain.idle();
    assert_eq!(chain.tip().time, countersigned.plus_ms(DAY - 1));
    assert!(!is_in_force(&chain, &set));

    // Judged under the old one; the next block is the first in which the new one holds.
    let judged = chain.a_receipt(&chain.a_ticket(&grant));
    let receipt = chain.sign(Chengdu, Payload::RecordAnswer(judged));
    assert_eq!(chain.block_of(vec![receipt.clone()]), vec![(receipt.id(), Refusal::PolicyMoved)]);
    assert!(is_in_force(&chain, &set));
    assert_eq!(views::policy_pending(chain.state(), &own()).unwrap(), None);
    let enacted = views::policy_enacted(chain.state(), &own(), 2).unwrap().unwrap();
    assert_eq!((enacted.since, enacted.at), (chain.tip().height, chain.tip().time));
    chain.answer(&grant).unwrap();
}

#[test]
fn what_waits_comes_in_force_in_the_first_block_whose_time_is_there() {
    let mut chain = Chain::founded();
    let set = chain.amend(Chengdu, &own(), loosen).unwrap();
    let countersigned = chain.tip().time;
    chain.wait_ms(DAY - 1_000);
    chain.idle();
    assert_eq!(chain.tip().time, countersigned.plus_ms(DAY), "to the millisecond");
    assert!(is_in_force(&chain, &set));
}

#[test]
fn what_waits_can_be_taken_back() {
    let mut chain = Chain::founded();
    let set = chain.amend(Chengdu, &own(), loosen).unwrap();
    let withdrawal = Payload::WithdrawPolicy(chain.a_policys_withdrawal(Chengdu, &set));
    chain.submit(Chengdu, withdrawal).unwrap();
    chain.wait_ms(2 * DAY);
    chain.idle();
    assert!(!is_in_force(&chain, &set));
    chain.amend(Chengdu, &own(), loosen).unwrap();
}

#[test]
fn a_tightening_overtakes_what_waits() {
    let mut chain = Chain::founded();
    let waits = chain.amend(Chengdu, &own(), loosen).unwrap();
    let set = chain.amend(Chengdu, &own(), tighten).unwrap();
    assert!(is_in_force(&chain, &set));
    assert_eq!(views::policy_pending(chain.state(), &own()).unwrap(), None);
    chain.wait_ms(2 * DAY);
    chain.idle();
    assert!(is_in_force(&chain, &set) && !is_in_force(&chain, &waits));
}

#[test]
fn a_draft_that_was_overtaken_may_be_replaced() {
    let mut chain = Chain::founded();
    chain.amend(Chengdu, &own(), loosen).unwrap();
    let beside = chain.next_policy(&own(), tighten);
    chain.submit(Chengdu, Payload::DraftPolicy(chain.a_draft(Chengdu, &beside))).unwrap();
    chain.wait_ms(DAY);
    chain.idle();
    let set = chain.amend(Chengdu, &own(), tighten).unwrap();
    assert_eq!((set.number, is_in_force(&chain, &set)), (3, true));
}

#[test]
fn the_versions_of_every_height_are_found_again() {
    let mut chain = Chain::founded();
    let mut known = vec![(Height(0), chain.policies_of(Chengdu))];
    for step in 0..12 {
        match step % 4 {
            0 => drop(chain.amend(Chengdu, &own(), tighten).unwrap()),
            1 => drop(chain.amend(Guangzhou, &PolicyOwner::Nation, tighten).unwrap()),
            2 => drop(chain.amend(Chengdu, &own(), loosen).unwrap()),
            _ => {
                chain.wait_ms(DAY);
                chain.idle();
            }
        }
        known.push((chain.tip().height, chain.policies_of(Chengdu)));
    }
    for pair in known.windows(2) {
        let [(from, before), (to, after)] = pair else { panic!() };
        let at = |height| views::policy_versions_at(chain.state(), &Chengdu.id(), height).unwrap().unwrap();
        assert_eq!((at(*from), at(*to)), (*before, *after));
        assert_eq!(at(Height(to.0 - 1)), *before, "every step changes in its last block");
    }
    let nobody: PolicyOwner = PolicyOwner::Region("110000".parse().unwrap());
    assert_eq!(views::policies_at(chain.state(), &nobody, Height(3)).unwrap(), None);
}

#[test]
fn who_writes_a_layer_is_known() {
    let chain = Chain::founded();
    let steward = |owner| views::steward(chain.state(), &owner).unwrap();
    assert_eq!(steward(PolicyOwner::Nation), Some(Guangzhou.id()));
    assert_eq!(steward(PolicyOwner::Region("510000".parse().unwrap())), Some(Chengdu.id()));
    assert_eq!(steward(PolicyOwner::Region("320000".parse().unwrap())), None);
    assert_eq!(steward(own()), Some(Chengdu.id()));
}
