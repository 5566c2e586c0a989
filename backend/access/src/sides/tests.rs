use super::*;
use crate::cases::{Rows, centre, sets_for, starter};
use crate::offer::tests::{item, not_shared, version};
use crate::rule::tests::a_row;
use crate::{Decision, Judge};
use gm::sm2::SecretKey;
use gm::sm3::sm3;
use ledger::catalogue::{Mode, ReceiptMode, ShareType};
use ledger::department::{KeyKind, Member, prove_possession};
use ledger::grant::Revocation;
use ledger::ids::{EntryId, GrantId, Height, PeerKey, PolicyVersion, Pseudonym, RequestId, TxId};
use ledger::policy::{Effect, Layer, PolicyRow};
use ledger::receipt::PolicyVersions;
use ledger::request::{GrantedItem, Step};
use ledger::role::By;
use ledger::text::{Text, Words};

const BUSINESS: &Actor = &an_actor(Role::BizUser);
const INSPECTOR: &Actor = &an_actor(Role::Inspector);
const NOW: Time = Time(5);

const fn an_actor(role: Role) -> Actor {
    Actor { role, clearance: 4, assurance: Assurance::Password, zone: None }
}

fn department(name: &str) -> Department {
    let (id, region, inspectorate) = centre(name);
    let key = SecretKey::from_bytes(&sm3(&[name.as_bytes()]).0).unwrap();
    let proof = |kind| prove_possession(&id, kind, &key).unwrap();
    Department {
        member: Member {
            name: Words::new("部门", "department").unwrap(),
            region: region.parse().unwrap(),
            inspectorate,
            codes: Vec::new(),
            office: key.public(),
            online: key.public(),
            sealing: key.public(),
            peer: PeerKey::new(&[1]).unwrap(),
            actor_commit: sm3(&[]),
            proofs: (proof(KeyKind::Office), proof(KeyKind::Online), proof(KeyKind::Sealing)),
            id,
        },
        active: true,
    }
}

fn step() -> Step {
    let by = By { pseudonym: Pseudonym([0; 32]), role: Role::ProvApprover };
    Step { tx: TxId([0; 32]), height: Height(1), at: Time(0), by, second: None }
}

fn grant(entry: &EntryId, items: &[&str]) -> Grant {
    let version = PolicyVersion([0; 32]);
    Grant {
        id: GrantId([1; 32]),
        number: 1,
        request: RequestId([2; 32]),
        requester: centre("gz").0,
        provider: centre("nj").0,
        entry: entry.clone(),
        items: items.iter().map(|code| GrantedItem { code: code.parse().unwrap(), mask: None }).collect(),
        purpose: "01".parse().unwrap(),
        mode: Mode::Query,
        row_scope: None,
        quota: 10,
        used_units: 0,
        uses: 0,
        from: Time(1),
        until: Time(9),
        receipt_mode: ReceiptMode::Each,
        policy_versions: PolicyVersions { national: version, region: version, department: version },
        approved: step(),
        revoked: None,
    }
}

fn codes(list: &[&str]) -> BTreeSet<ItemCode> {
    list.iter().map(|code| code.parse().unwrap()).collect()
}

fn decided(question: &Question, rows: Rows) -> Decision {
    Judge::new().unwrap().decide(&sets_for(question, rows), question).unwrap()
}

/// The starter rows and one more in the national layer.
fn with_row(change: impl FnOnce(&mut PolicyRow)) -> Rows {
    let mut row = a_row("added");
    change(&mut row);
    let mut rows = starter();
    rows[0].push(row);
    rows
}

fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::new(value).unwrap()
}

#[test]
fn an_entry_revised_to_not_shared_is_neither_asked_nor_answered_under_an_older_grant() {
    let (gz, nj) = (department("gz"), department("nj"));
    let first = version(1, vec![item("GRZHZT", 3)]);
    let granted = grant(&first.entry.id, &["GRZHZT"]);
    let items = codes(&["GRZHZT"]);
    let doors = |offer: &Offer| {
        let sides = Sides { requester: &gz, provider: &nj, offer, at: NOW };
        [sides.ask(BUSINESS, &items, &granted), sides.answer(BUSINESS, &items, &granted)]
    };
    for question in doors(&Offer::of(first.clone(), None)) {
        assert!(decided(&question, starter()).allow, "{}", question.action);
    }
    for question in doors(&Offer::of(first.clone(), Some(not_shared(first)))) {
        let denied = Some((Layer::National, Some(text("nat-not-shared"))));
        assert_eq!(decided(&question, starter()).denied_by(), denied.as_ref(), "{}", question.action);
    }
}

#[test]
fn a_row_about_grades_judges_the_items_asked_at_every_door() {
    let (gz, nj) = (department("gz"), department("nj"));
    let offer = Offer::of(version(1, vec![item("CXMC", 2), item("ZJHM", 4)]), None);
    let sides = Sides { requester: &gz, provider: &nj, offer: &offer, at: NOW };
    let granted = grant(&offer.asked().entry.id, &["CXMC", "ZJHM"]);
    let low = || [vec![PolicyRow { grade_max: 2, ..a_row("low") }], vec![a_row("a")], vec![a_row("a")]];
    for (items, allow) in [(codes(&["CXMC"]), true), (codes(&["CXMC", "ZJHM"]), false)] {
        let purpose = "01".parse().unwrap();
        let questions = [
            sides.request(BUSINESS, &items, &purpose),
            sides.approve(BUSINESS, &items, &purpose),
            sides.ask(BUSINESS, &items, &granted),
            sides.answer(BUSINESS, &items, &granted),
            sides.inspect(BUSINESS, &items, &purpose),
        ];
        for question in questions {
            assert_eq!(decided(&question, low()).allow, allow, "{}", question.action);
        }
    }
    assert_eq!(sides.discover(BUSINESS).grade, 4, "an entry is seen as a whole");
}

#[test]
fn a_deny_row_about_class_item_purpose_or_sharing_hides_such_records_from_inspectors() {
    let (jd, nj) = (department("jd"), department("nj"));
    let first = version(1, vec![item("GRZHZT", 3), item("GRZHYE", 4)]);
    let offer = Offer::of(first.clone(), None);
    let sides = Sides { requester: &jd, provider: &nj, offer: &offer, at: NOW };
    let of =
        |items: &[&str], purpose: &str| sides.inspect(INSPECTOR, &codes(items), &purpose.parse().unwrap());
    let balance = of(&["GRZHYE"], "01");
    assert!(decided(&balance, starter()).allow);
    let denying = |change: fn(&mut PolicyRow)| {
        with_row(|row| {
            row.effect = Effect::Deny;
            row.action = text("inspect");
            change(row);
        })
    };
    let by = |question: &Question, rows| decided(question, rows).denied_by().cloned();
    let added = Some((Layer::National, Some(text("added"))));
    assert_eq!(by(&balance, denying(|row| row.entry_class = text("307001"))), added);
    assert_eq!(by(&balance, denying(|row| row.entry_class = text("share:conditional"))), added);
    assert_eq!(by(&balance, denying(|row| row.items = text("GRZHYE"))), added);
    assert_eq!(by(&of(&["GRZHZT"], "01"), denying(|row| row.items = text("GRZHYE"))), None);
    assert_eq!(by(&balance, denying(|row| row.purpose = text("01"))), added);
    assert_eq!(by(&of(&["GRZHYE"], "02"), denying(|row| row.purpose = text("01"))), None);
    let taken_back = Offer::of(first.clone(), Some(not_shared(first)));
    let sides = Sides { offer: &taken_back, ..sides };
    let question = sides.inspect(INSPECTOR, &codes(&["GRZHYE"]), &"01".parse().unwrap());
    assert_eq!(question.share_type, ShareType::NotShared);
    assert!(decided(&question, starter()).allow, "what was shared once may be inspected still");
}

#[test]
fn a_grant_is_live_between_its_days_while_it_is_not_revoked_and_both_departments_are_active() {
    let (gz, nj) = (department("gz"), department("nj"));
    let inactive = |department: &Department| Department { active: false, ..department.clone() };
    let offer = Offer::of(version(1, vec![item("GRZHZT", 3)]), None);
    let granted = grant(&offer.asked().entry.id, &["GRZHZT"]);
    let revoked = Grant {
        revoked: Some(Revocation { reason: "01".parse().unwrap(), step: step() }),
        ..granted.clone()
    };
    let live = |requester: &Department, provider: &Department, grant: &Grant, now| {
        let sides = Sides { requester, provider, offer: &offer, at: now };
        let (asked, answered) = (
            sides.ask(BUSINESS, &BTreeSet::new(), grant).grant_live,
            sides.answer(BUSINESS, &BTreeSet::new(), grant).grant_live,
        );
        assert_eq!(asked, answered);
        asked.unwrap()
    };
    assert!(live(&gz, &nj, &granted, Time(1)) && live(&gz, &nj, &granted, Time(9)));
    assert!(!live(&gz, &nj, &granted, Time(0)) && !live(&gz, &nj, &granted, Time(10)));
    assert!(!live(&gz, &nj, &revoked, NOW));
    assert!(!live(&inactive(&gz), &nj, &granted, NOW) && !live(&gz, &inactive(&nj), &granted, NOW));
}

#[test]
fn what_is_tried_out_is_what_the_door_asks() {
    let (gz, nj) = (department("gz"), department("nj"));
    let offer = Offer::of(version(1, vec![item("GRZHZT", 3), item("GRZHYE", 4)]), None);
    let sides = Sides { requester: &gz, provider: &nj, offer: &offer, at: NOW };
    let live = grant(&offer.asked().entry.id, &["GRZHZT"]);
    let ended = Grant { until: Time(2), ..live.clone() };
    let (items, purpose) = (codes(&["GRZHZT"]), "01".parse().unwrap());
    let tried = |action, is_live| sides.tried(action, BUSINESS, &items, &purpose, is_live);
    for (question, is_live) in [
        (sides.discover(BUSINESS), true),
        (sides.request(BUSINESS, &items, &purpose), true),
        (sides.approve(BUSINESS, &items, &purpose), true),
        (sides.inspect(BUSINESS, &items, &purpose), true),
        (sides.ask(BUSINESS, &items, &live), true),
        (sides.ask(BUSINESS, &items, &ended), false),
        (sides.answer(BUSINESS, &items, &live), true),
        (sides.answer(BUSINESS, &items, &ended), false),
    ] {
        assert_eq!(tried(question.action, is_live), question);
    }
    for action in Action::ALL {
        let question = tried(*action, true);
        assert_eq!(question.action, *action);
        assert_eq!(question.grant_live.is_some(), action.is_data_door(), "{action}");
    }
    let stopped = Department { active: false, ..nj.clone() };
    let sides = Sides { provider: &stopped, ..sides };
    assert_eq!(sides.tried(Action::Verify, BUSINESS, &items, &purpose, true).grant_live, Some(false));
}
