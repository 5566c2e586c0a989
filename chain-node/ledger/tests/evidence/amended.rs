//! Evidence across changes of policy: a file shows each version that it names, from draft and countersignature, and
//! nothing that passes for one.

use crate::conspiracy::{approval, conspire, receipt, refused, rewrite};
use crate::story::cast::{Centre, Network};
use crate::story::papers::DAY;
use crate::told::Told;
use gm::sm3::Digest;
use ledger::ids::Height;
use ledger::policy::{PolicyOwner, PolicySet};
use ledger::proof::{Amendment, Evidence, Options, Step, verify};
use ledger::receipt::PolicyVersions;
use ledger::role::Role;
use ledger::transaction::Payload;
use ledger::wire::to_bytes;

/// In the file's order: the nation's second version, Chengdu's second (loosened, of the approval) and third (of the
/// record). With the details comes Guangzhou's second.
const NATION: usize = 0;
const LOOSENED: usize = 1;
const OWN: usize = 2;

#[test]
fn a_file_verifies_across_changes_of_policy() {
    let told = Told::with_amendments();
    for evidence in [told.evidence(), told.full_evidence(), told.denial_evidence()] {
        assert_eq!(told.failure(&evidence), None);
        let options = Options { second_opinion: true };
        assert!(verify(&to_bytes(&evidence), &told.root(), &options).verified());
    }
    let names = |evidence: &Evidence| -> Vec<(PolicyOwner, u64)> {
        let sets = evidence.amendments.iter().map(|amendment| set_of(amendment).clone());
        sets.map(|set| (set.owner, set.number)).collect()
    };
    let own = |centre: Centre| PolicyOwner::Department(centre.id());
    let shown = names(&told.evidence());
    assert_eq!(shown, [(PolicyOwner::Nation, 2), (own(Centre::Chengdu), 2), (own(Centre::Chengdu), 3)]);
    assert!(names(&told.full_evidence()).contains(&(own(Centre::Guangzhou), 2)));
}

fn set_of(amendment: &Amendment) -> &PolicySet {
    let Payload::DraftPolicy(drafted) = &amendment.draft.signed.body.payload else { panic!() };
    &drafted.set
}

fn drafted(n: &Network, e: &mut Evidence, at: usize, by: Centre, change: impl FnOnce(&mut PolicySet)) {
    rewrite(n, &mut e.amendments[at].draft, by, |body| {
        let Payload::DraftPolicy(drafted) = &mut body.payload else { panic!() };
        change(&mut drafted.set);
    });
}

/// Conspirators draft another set in a shown one's place, countersign it, and name it in the record.
fn amended(n: &Network, e: &mut Evidence, at: usize, by: Centre, change: impl FnOnce(&mut PolicySet)) {
    drafted(n, e, at, by, change);
    let version = set_of(&e.amendments[at]).version(n.chain);
    rewrite(n, &mut e.amendments[at].countersignature, by, |body| {
        let Payload::CountersignPolicy(signed) = &mut body.payload else { panic!() };
        signed.version = version;
    });
    receipt(n, e, |r| match at {
        NATION => r.policy_versions.national = version,
        _ => r.policy_versions.department = version,
    });
}

fn by_another(n: &Network, e: &mut Evidence, at: usize, centre: Centre) {
    let id = n.keys[&centre].office.public().key_id();
    let Amendment { draft, countersignature } = &mut e.amendments[at];
    for proven in [draft, countersignature] {
        rewrite(n, proven, centre, |body| (body.department, body.key_id) = (centre.id(), id));
    }
}

fn founded(n: &Network) -> PolicyVersions {
    n.genesis.policy_versions(&Centre::Chengdu.id()).unwrap()
}

#[test]
fn policies_that_do_not_hold_what_they_say_are_refused() {
    let told = Told::with_amendments();
    refused(
        &told,
        &told.evidence(),
        &[
            (Step::Rules, "a policy left out", |_, e| drop(e.amendments.remove(OWN))),
            (Step::Rules, "the approval's policy left out", |_, e| drop(e.amendments.remove(LOOSENED))),
            (Step::Rules, "no policy at all", |_, e| e.amendments.clear()),
            (Step::Rules, "policies out of order", |_, e| e.amendments.swap(LOOSENED, OWN)),
            (Step::Rules, "a policy shown twice", |_, e| {
                let again = e.amendments[NATION].clone();
                e.amendments.insert(0, again);
            }),
            (Step::Rules, "a policy that nothing names", |n, e| {
                let national = founded(n).national;
                receipt(n, e, |r| r.policy_versions.national = national);
            }),
            (Step::Rules, "other rows than were countersigned", |n, e| {
                drafted(n, e, OWN, Centre::Chengdu, |set| drop(set.rows.pop()));
            }),
            (Step::Rules, "a countersignature under another version", |n, e| {
                rewrite(n, &mut e.amendments[OWN].countersignature, Centre::Chengdu, |body| {
                    let Payload::CountersignPolicy(signed) = &mut body.payload else { panic!() };
                    signed.version.0[0] ^= 1;
                });
            }),
            (Step::Rules, "a countersignature for another owner", |n, e| {
                rewrite(n, &mut e.amendments[OWN].countersignature, Centre::Chengdu, |body| {
                    let Payload::CountersignPolicy(signed) = &mut body.payload else { panic!() };
                    signed.owner = PolicyOwner::Nation;
                });
            }),
            (Step::Rules, "one officer who drafted and countersigned", |n, e| {
                let Payload::DraftPolicy(draft) = e.amendments[OWN].draft.signed.body.payload.clone() else {
                    panic!()
                };
                rewrite(n, &mut e.amendments[OWN].countersignature, Centre::Chengdu, |body| {
                    let Payload::CountersignPolicy(signed) = &mut body.payload else { panic!() };
                    signed.by = draft.by;
                });
            }),
            (Step::Rules, "drafted in another role", |n, e| {
                rewrite(n, &mut e.amendments[OWN].draft, Centre::Chengdu, |body| {
                    let Payload::DraftPolicy(draft) = &mut body.payload else { panic!() };
                    draft.by.role = Role::SysAdmin;
                });
            }),
            (Step::Rules, "countersigned in another role", |n, e| {
                rewrite(n, &mut e.amendments[OWN].countersignature, Centre::Chengdu, |body| {
                    let Payload::CountersignPolicy(signed) = &mut body.payload else { panic!() };
                    signed.by.role = Role::ProvApprover;
                });
            }),
            (Step::Rules, "written by another department", |n, e| by_another(n, e, OWN, Centre::Suzhou)),
            (Step::Rules, "the nation's, written by who does not keep it", |n, e| {
                by_another(n, e, NATION, Centre::Chengdu);
            }),
            (Step::Rules, "a layer that nobody keeps", |n, e| {
                amended(n, e, NATION, Centre::Guangzhou, |set| {
                    set.owner = PolicyOwner::Region("320000".parse().unwrap());
                });
            }),
            (Step::Rules, "a draft in the place of its countersignature", |_, e| {
                e.amendments[OWN].countersignature = e.amendments[OWN].draft.clone();
            }),
            (Step::Rules, "a countersignature in the place of its draft", |_, e| {
                e.amendments[OWN].draft = e.amendments[OWN].countersignature.clone();
            }),
            (Step::Rules, "malformed rows", |n, e| {
                amended(n, e, OWN, Centre::Chengdu, |set| set.rows.push(set.rows[0].clone()));
            }),
            (Step::Rules, "a number skipped", |n, e| {
                amended(n, e, OWN, Centre::Chengdu, |set| set.number += 1);
            }),
            (Step::Rules, "a second version that follows none of genesis", |n, e| {
                amended(n, e, NATION, Centre::Guangzhou, |set| set.previous.0[0] ^= 1);
            }),
            (Step::Rules, "a version that follows another owner's", |n, e| {
                let other = n.genesis.policy_versions(&Centre::Chengdu.id()).unwrap().region;
                amended(n, e, NATION, Centre::Guangzhou, |set| set.previous = other);
            }),
        ],
    );
}

#[test]
fn policies_that_were_not_in_force_by_then_are_refused() {
    let told = Told::with_amendments();
    refused(
        &told,
        &told.evidence(),
        &[
            (Step::Rules, "countersigned before it was drafted", |n, e| {
                let Amendment { draft, countersignature } = &mut e.amendments[OWN];
                std::mem::swap(&mut draft.header, &mut countersignature.header);
                conspire(n, draft);
                conspire(n, countersignature);
            }),
            (Step::Rules, "countersigned after the record", |n, e| {
                let later = &e.delivery.as_ref().unwrap().header;
                let (height, time) = (Height(later.height.0 + 5), later.time.plus_ms(60_000));
                let second = &mut e.amendments[OWN].countersignature;
                (second.header.height, second.header.time) = (height, time);
                second.signed.body.valid_until = time;
                rewrite(n, second, Centre::Chengdu, |_| ());
            }),
            (Step::Rules, "a grant under a policy of later", |n, e| {
                let later = set_of(&e.amendments[OWN]).version(n.chain);
                approval(n, e, |a| a.policy_versions.department = later);
            }),
            (Step::Rules, "a record under the policy before the grant's", |n, e| {
                let founded = founded(n).department;
                receipt(n, e, |r| r.policy_versions.department = founded);
                e.amendments.remove(OWN);
            }),
            (Step::Rules, "more let pass before its day was over", |n, e| {
                // The record's own policy is loosened instead, a moment before.
                amended(n, e, OWN, Centre::Chengdu, |set| set.rows.clear());
                amended(n, e, OWN, Centre::Chengdu, |set| {
                    set.rows = vec![crate::story::cast::row("all", "*", &[])];
                });
            }),
        ],
    );
    // The same with a day between countersignature and record is what the rules allow.
    let (n, mut waited) = (told.network(), told.evidence());
    amended(n, &mut waited, OWN, Centre::Chengdu, |set| {
        set.rows = vec![crate::story::cast::row("all", "*", &[])];
    });
    let later = waited.record.header.time.plus_ms(DAY);
    waited.record.header.time = later;
    waited.record.signed.body.valid_until = later;
    receipt(n, &mut waited, |r| {
        r.ticket.valid_until = later;
        r.ticket_signature = crate::conspiracy::sign_ticket(n, Centre::Guangzhou, &r.ticket);
    });
    assert_eq!(told.failure(&waited), None);
}

#[test]
fn a_policys_steps_are_on_the_chain_and_signed_like_all_others() {
    let told = Told::with_amendments();
    refused(
        &told,
        &told.evidence(),
        &[
            (Step::Inclusion, "a draft that is not in its block", |_, e| {
                e.amendments[OWN].draft.path.push(Digest([7; 32]));
            }),
            (Step::Inclusion, "another draft under the same proof", |_, e| {
                e.amendments[OWN].draft.signed = e.amendments[NATION].draft.signed.clone();
            }),
            (Step::Certificates, "a countersignature that nobody decided", |_, e| {
                e.amendments[OWN].countersignature.certificate.signatures.truncate(1);
            }),
            (Step::Signatures, "a countersignature under the online key", |n, e| {
                let keys = &n.keys[&Centre::Chengdu];
                let mut body = e.amendments[OWN].countersignature.signed.body.clone();
                body.key_id = keys.online.public().key_id();
                e.amendments[OWN].countersignature.signed =
                    ledger::transaction::Signed::sign(body, &keys.online).unwrap();
                conspire(n, &mut e.amendments[OWN].countersignature);
            }),
            (Step::Rules, "a draft in a block of another chain of blocks", |n, e| {
                let shown = e.amendments[OWN].draft.header.height;
                e.amendments[NATION].draft.header.height = shown;
                conspire(n, &mut e.amendments[NATION].draft);
            }),
        ],
    );
}

#[test]
fn the_requesters_policies_are_shown_with_its_details() {
    let told = Told::with_amendments();
    let real = told.full_evidence();
    let own = PolicyOwner::Department(Centre::Guangzhou.id());
    let at = real.amendments.iter().position(|amendment| set_of(amendment).owner == own).unwrap();
    let mut without = real.clone();
    without.amendments.remove(at);
    assert_eq!(told.failure(&without).map(|f| f.0), Some(Step::Disclosures));
    // Without the details nothing names it.
    let mut padded = told.evidence();
    padded.amendments = real.amendments;
    assert_eq!(told.failure(&padded).map(|f| f.0), Some(Step::Rules));
}
