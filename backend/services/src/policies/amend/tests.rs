use super::*;
use crate::codes::Role;
use crate::policies::rows;
use crate::policies::view::{Comes, RowCells};
use crate::stage::{CODE, House, Stage, officer, province, said};
use ledger::ids::EntryId;
use ledger::policy::{Effect, PolicyRow};

/// Two security administrators of gz.
fn admin(staff_id: &str) -> Officer {
    Officer { staff_id: staff_id.to_owned(), ..officer(House::Gz, Role::SecAdmin) }
}

fn state(stage: &Stage, house: House, owner: &PolicyOwner) -> LayerState {
    LayerState::read(&stage.state, &house.id(), owner).unwrap()
}

/// A copy of what is in force, with its rows changed.
fn copy(stage: &Stage, owner: &PolicyOwner, change: impl FnOnce(&mut Vec<PolicyRow>)) -> WorkingCopy {
    let state = state(stage, House::Gz, owner);
    let mut rows = state.in_force.set.rows;
    change(&mut rows);
    WorkingCopy { stamp: 7, base: state.in_force.version, rows, changed_by: String::new(), changed_at: 0 }
}

/// Nobody of the province asks for the first purpose any more.
fn no_first_purpose(rows: &mut Vec<PolicyRow>) {
    let mut cells = rows::cells(&rows[0]);
    (cells.id, cells.action) = ("reg-no-01".to_owned(), "request,ask,answer".to_owned());
    (cells.purpose, cells.effect) = ("01".to_owned(), "deny".to_owned());
    rows.push(rows::typed(&cells).unwrap());
}

/// The province lets more purposes pass.
fn more_purposes(rows: &mut [PolicyRow]) {
    let row = rows.iter_mut().find(|row| row.id.as_str() == "reg-purposes").unwrap();
    let cells = rows::cells(row);
    *row = rows::typed(&RowCells { purpose: "01,02,03,04".to_owned(), ..cells }).unwrap();
}

fn draft_as(
    stage: &Stage,
    who: &Officer,
    owner: &PolicyOwner,
    copy: &WorkingCopy,
) -> Result<Payload, ServiceError> {
    stage.met_by(House::Gz, who, |scene| drafted(scene, owner, Some(copy), "7", Digest::ZERO))
}

fn countersign_as(stage: &Stage, who: &Officer, version: &str) -> Result<Payload, ServiceError> {
    stage.met_by(House::Gz, who, |scene| countersigned(scene, &province(), version))
}

/// The version of the province's draft, as a page shows it.
fn drafted_version(stage: &Stage) -> String {
    let draft = state(stage, House::Gz, &province()).draft.unwrap();
    draft.set.version(stage.chain()).to_string()
}

/// What the request door of sz says about the first purpose.
fn request_door(stage: &Stage) -> bool {
    stage.at(House::Sz, Role::ReqOperator, |scene| {
        let offer = scene.offer(&EntryId { code: CODE.parse().unwrap(), version: 1 }).unwrap();
        let provider = scene.department(&House::Gz.id()).unwrap();
        let items = ["XingMing".parse().unwrap()].into();
        scene.request(&offer, &provider, &items, &"01".parse().unwrap()).unwrap().allow
    })
}

#[test]
fn only_a_security_administrator_of_the_department_that_writes_a_layer_drafts_it() {
    let stage = Stage::published();
    let own = |house: House| PolicyOwner::Department(house.id());
    for (house, role, owner, expected) in [
        (House::Gz, Role::SecAdmin, province(), "ok"),
        (House::Gz, Role::SecAdmin, own(House::Gz), "ok"),
        (House::Gz, Role::SecAdmin, PolicyOwner::Nation, "policy.write"),
        (House::Gz, Role::SysAdmin, province(), "policy.write"),
        (House::Gz, Role::AuditAdmin, province(), "policy.write"),
        (House::Gz, Role::ProvApprover, province(), "policy.write"),
        (House::Sz, Role::SecAdmin, province(), "policy.write"),
        (House::Sz, Role::SecAdmin, own(House::Gz), "not-found"),
        (House::Jd, Role::SecAdmin, province(), "not-found"),
    ] {
        let copy = copy(&stage, &owner_for_copy(&owner), no_first_purpose);
        let told = stage.at(house, role, |scene| {
            let rows = LayerState::read(scene.reads, scene.own(), &owner).map(|state| state.in_force.version);
            let copy = WorkingCopy { base: rows.unwrap_or(copy.base), ..copy.clone() };
            said(drafted(scene, &owner, Some(&copy), "7", Digest::ZERO))
        });
        assert_eq!(told, expected, "{house:?} {role} {owner}");
    }
}

/// Whose rows a copy of the table above begins with: those that gz may read.
fn owner_for_copy(owner: &PolicyOwner) -> PolicyOwner {
    match owner {
        PolicyOwner::Department(_) => PolicyOwner::Department(House::Gz.id()),
        PolicyOwner::Nation | PolicyOwner::Region(_) => owner.clone(),
    }
}

#[test]
fn a_copy_that_is_gone_moved_old_unchanged_or_wrong_is_not_drafted() {
    let stage = Stage::published();
    let (owner, who) = (province(), admin("one"));
    let good = copy(&stage, &owner, no_first_purpose);
    let told = |copy: Option<&WorkingCopy>, stamp: &str| {
        said(stage.met_by(House::Gz, &who, |scene| drafted(scene, &owner, copy, stamp, Digest::ZERO)))
    };
    assert_eq!(told(Some(&good), "7"), "ok");
    assert_eq!(told(None, ""), "policy.copy-none");
    assert_eq!(told(Some(&good), "6"), "policy.copy-moved");
    let old = WorkingCopy { base: PolicyVersion([9; 32]), ..good };
    assert_eq!(told(Some(&old), "7"), "policy.copy-outdated");
    assert_eq!(told(Some(&copy(&stage, &owner, |_| {})), "7"), "policy.copy-same");
    let twice = copy(&stage, &owner, |rows| rows.push(rows[0].clone()));
    assert_eq!(told(Some(&twice), "7"), "policy.errors");
    let unread = copy(&stage, &owner, |rows| rows[0].grade_max = 9);
    assert_eq!(told(Some(&unread), "7"), "policy.errors");
    let long = ledger::text::Text::new(&"1@00:00-24:00,".repeat(14)[..195]).unwrap();
    let large = copy(&stage, &owner, |rows| {
        let all = (0..199).map(|n| PolicyRow {
            id: format!("r{n}").parse().unwrap(),
            zones: ledger::text::Text::new(&"z".repeat(200)).unwrap(),
            hours: long.clone(),
            ..rows[0].clone()
        });
        *rows = all.collect();
    });
    assert_eq!(told(Some(&large), "7"), "policy.too-large");
}

#[test]
fn a_narrowing_holds_from_the_second_signature_on_and_bites_at_the_next_decision() {
    let mut stage = Stage::published();
    let (one, other) = (admin("one"), admin("other"));
    let narrowed = copy(&stage, &province(), no_first_purpose);
    let payload = draft_as(&stage, &one, &province(), &narrowed).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    let version = drafted_version(&stage);
    assert!(request_door(&stage), "one signature changes nothing");
    assert_eq!(said(countersign_as(&stage, &one, &version)), "policy.self");
    assert_eq!(said(countersign_as(&stage, &other, &"9".repeat(64))), "policy.unknown-draft");
    assert_eq!(said(draft_as(&stage, &other, &province(), &narrowed)), "policy.draft-waits");
    let payload = countersign_as(&stage, &other, &version).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    assert!(!request_door(&stage), "two do, at once");
    let now = state(&stage, House::Sz, &province());
    assert_eq!((now.in_force.set.number, now.in_force.version.to_string()), (2, version.clone()));
    assert_eq!(said(countersign_as(&stage, &other, &version)), "policy.unknown-draft");
}

#[test]
fn a_loosening_waits_for_its_time_and_can_be_withdrawn_until_then() {
    let mut stage = Stage::published();
    let (one, other) = (admin("one"), admin("other"));
    let loosened = copy(&stage, &province(), |rows| more_purposes(rows));
    let before = state(&stage, House::Gz, &province());
    assert!(
        matches!(before.comes(&before.next(loosened.rows.clone())), Comes::Later { wait_ms } if wait_ms > 0)
    );
    let payload = draft_as(&stage, &one, &province(), &loosened).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    let version = drafted_version(&stage);
    let payload = countersign_as(&stage, &other, &version).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    assert_eq!(state(&stage, House::Gz, &province()).in_force.set.number, 1, "not yet");
    let again = WorkingCopy {
        rows: {
            let mut rows = loosened.rows.clone();
            rows.swap(0, 1);
            rows
        },
        ..loosened
    };
    let payload = draft_as(&stage, &one, &province(), &again).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    assert_eq!(said(countersign_as(&stage, &other, &drafted_version(&stage))), "policy.pending");
    let withdraw = |stage: &Stage, version: &str| {
        stage.met_by(House::Gz, &one, |scene| withdrawn(scene, &province(), version))
    };
    assert_eq!(said(withdraw(&stage, &"9".repeat(64))), "policy.unknown-draft");
    let payload = withdraw(&stage, &version).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    assert!(state(&stage, House::Gz, &province()).pending.is_none());
    let payload = countersign_as(&stage, &other, &drafted_version(&stage)).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    stage.wait_days(2);
    stage.pass();
    assert_eq!(state(&stage, House::Gz, &province()).in_force.set.number, 2);
}

#[test]
fn a_draft_that_was_overtaken_is_countersigned_by_nobody_and_a_row_denied_is_of_the_new_version() {
    let mut stage = Stage::published();
    let (one, other) = (admin("one"), admin("other"));
    let loosened = copy(&stage, &province(), |rows| more_purposes(rows));
    let payload = draft_as(&stage, &one, &province(), &loosened).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    let payload = countersign_as(&stage, &other, &drafted_version(&stage)).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    // While it waits another draft is made, then its time comes.
    let narrowed = copy(&stage, &province(), no_first_purpose);
    let payload = draft_as(&stage, &one, &province(), &narrowed).unwrap();
    stage.submit(House::Gz, payload).unwrap();
    stage.wait_days(2);
    stage.pass();
    assert_eq!(said(countersign_as(&stage, &other, &drafted_version(&stage))), "policy.stale");
    assert!(narrowed.rows.iter().any(|row| row.effect == Effect::Deny));
    assert_eq!(said(draft_as(&stage, &one, &province(), &narrowed)), "policy.copy-outdated");
}
