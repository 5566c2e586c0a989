//! Who reads what a transaction says, and what it is about.

use ledger::amendment::{CountersignPolicy, DraftPolicy, WithdrawPolicy};
use ledger::ids::{GrantId, Pseudonym};
use ledger::policy::{PolicyOwner, PolicySet};
use ledger::receipt::{DeliveryOutcome, DenialClass, LogHead};
use ledger::role::By;
use ledger::roster::AnchorRoster;

use super::*;
use crate::codes::Role;
use crate::stage::{CODE, House, NOTHING, Stage, as_whom, said};

/// One transaction of each kind, by its name; of a kind the last.
fn of_each_kind() -> (Stage, Vec<Signed>) {
    let mut stage = Stage::published();
    let [refused, withdrawn, granted] = [0; 3].map(|_| stage.request());
    stage.refuse(refused);
    stage.withdraw(withdrawn);
    let grant = stage.approve(&granted);
    let query = stage.answer(grant);
    stage.deny(grant, DenialClass::Policy);
    stage.acknowledge(query, DeliveryOutcome::Opened);
    stage.revoke(grant);
    amend(&mut stage);
    stage.report_equivocation();
    let inspection = stage.inspect();
    stage.look(inspection, &[Sight::Record(query)]);
    stage.conclude(inspection);
    stage.inspect();
    let all = stage.blocks.iter().flat_map(|(block, _)| &block.transactions);
    let all: Vec<_> = all.map(|signed| signed.signed().clone()).collect();
    (stage, all)
}

/// gz drafts the next set of its own layer, takes it back, drafts it again and countersigns it; and it anchors a roster.
fn amend(stage: &mut Stage) {
    let owner = PolicyOwner::Department(House::Gz.id());
    let before = views::policy(&stage.state, &owner).unwrap().unwrap();
    let previous = before.version(stage.chain());
    let set = PolicySet { number: before.number + 1, previous, ..before };
    let version = set.version(stage.chain());
    let by = |officer: u8| By { pseudonym: Pseudonym([officer; 32]), role: Role::SecAdmin };
    let draft = || Payload::DraftPolicy(DraftPolicy { set: set.clone(), reason: None, by: by(1) });
    let withdrawal = WithdrawPolicy { owner: owner.clone(), version, by: by(1) };
    let log_head = LogHead { size: 0, digest: gm::sm3::Digest::ZERO };
    let roster = AnchorRoster { root: gm::sm3::Digest([7; 32]), size: 1, log_head };
    for payload in [
        draft(),
        Payload::WithdrawPolicy(withdrawal),
        draft(),
        Payload::CountersignPolicy(CountersignPolicy { owner, version, by: by(2) }),
        Payload::AnchorRoster(roster),
    ] {
        stage.submit(House::Gz, payload).unwrap();
    }
}

#[test]
fn what_a_transaction_says_is_for_its_parties_and_the_inspector() {
    let (stage, all) = of_each_kind();
    let kinds: std::collections::BTreeSet<_> = all.iter().map(|signed| signed.body.payload.name()).collect();
    assert_eq!(kinds.len(), Payload::NAMES.len(), "one of each kind: {kinds:?}");
    for signed in &all {
        let is_public = is_public(&signed.body.payload);
        if signed.body.payload.name().contains("inspection") || signed.body.payload.name() == "record-looks" {
            continue;
        }
        for (house, role, expected) in [
            (House::Sz, Role::BizUser, "own"),
            (House::Gz, Role::ReqOperator, "own"),
            (House::Jd, Role::Inspector, if is_public { "own" } else { "inspector" }),
            (House::Jd, Role::ReqOperator, if is_public { "own" } else { "denied national" }),
        ] {
            let found = stage.at(house, role, |scene| reader(scene, signed));
            let found = as_whom(found);
            let kind = signed.body.payload.name();
            assert_eq!(found, expected, "{kind} {house:?} {role:?}");
        }
    }
}

/// Whom an inspectorate looks at is its own business; what it looked at also that of who is looked at.
#[test]
fn what_an_inspection_says_is_for_the_inspectorate_and_its_looks_for_who_was_looked_at() {
    let (stage, all) = of_each_kind();
    for (kind, looked_at) in
        [("open-inspection", "not-found"), ("close-inspection", "not-found"), ("record-looks", "own")]
    {
        let signed = all.iter().find(|signed| signed.body.payload.name() == kind).unwrap();
        for (house, role, expected) in [
            (House::Jd, Role::Inspector, "own"),
            (House::Jd, Role::SysAdmin, "role.administers"),
            (House::Gz, Role::ProvApprover, looked_at),
            (House::Sz, Role::BizUser, looked_at),
        ] {
            let found = stage.at(house, role, |scene| as_whom(reader(scene, signed)));
            assert_eq!(found, expected, "{kind} {house:?} {role:?}");
        }
        assert!(sights(signed).is_empty(), "to read of a look is none");
    }
}

/// What an inspector reads of a transaction is a look at what it is about.
#[test]
fn an_inspectors_look_at_a_transaction_is_one_at_its_thing() {
    let (_, all) = of_each_kind();
    for signed in &all {
        let kinds: Vec<_> =
            sights(signed).iter().map(|sight| crate::inspections::SightKind::of(sight).code()).collect();
        let expected: &[&str] = match signed.body.payload.name() {
            "submit-request" | "approve-request" | "refuse-request" | "withdraw-request" => &["request"],
            "revoke-grant" => &["grant"],
            "record-answer" | "record-denial" | "acknowledge" => &["record"],
            _ => &[],
        };
        assert_eq!(kinds, expected, "{}", signed.body.payload.name());
    }
}

#[test]
fn a_denial_under_an_unknown_grant_is_read_by_its_parties_alone() {
    let mut stage = Stage::published();
    stage.deny(GrantId(NOTHING), DenialClass::Grant);
    let (block, _) = stage.blocks.last().unwrap();
    let signed = block.transactions[0].signed();
    for (house, expected) in [(House::Sz, "ok"), (House::Gz, "ok"), (House::Jd, "not-found")] {
        let found = stage.at(house, Role::Inspector, |scene| said(reader(scene, signed)));
        assert_eq!(found, expected, "{house:?}");
    }
}

#[test]
fn a_transaction_leads_to_the_things_it_is_about() {
    let (_, all) = of_each_kind();
    for signed in &all {
        let about = subjects(signed);
        let kinds: Vec<_> = about
            .iter()
            .map(|subject| match subject {
                ChainSubject::Entry(code, version) => {
                    assert_eq!((code.as_str(), *version), (CODE, 1));
                    "entry"
                }
                ChainSubject::Request(_) => "request",
                ChainSubject::Grant(_) => "grant",
                ChainSubject::Record(_) => "record",
                ChainSubject::Inspection(_) => "inspection",
            })
            .collect();
        let expected: &[&str] = match &signed.body.payload {
            Payload::Publish(_) => &["entry"],
            Payload::SubmitRequest(_) => &["request", "entry"],
            Payload::ApproveRequest(_) => &["request", "grant"],
            Payload::RefuseRequest(_) | Payload::WithdrawRequest(_) => &["request"],
            Payload::RevokeGrant(_) => &["grant"],
            Payload::RecordAnswer(_) => &["record", "grant"],
            Payload::RecordDenial(_) | Payload::Acknowledge(_) => &["record"],
            Payload::DraftPolicy(_)
            | Payload::CountersignPolicy(_)
            | Payload::WithdrawPolicy(_)
            | Payload::AnchorRoster(_)
            | Payload::ReportEquivocation(_) => &[],
            Payload::OpenInspection(_) | Payload::CloseInspection(_) | Payload::RecordLooks(_) => {
                &["inspection"]
            }
        };
        assert_eq!(kinds, expected, "{}", signed.body.payload.name());
    }
}

/// Who took the steps of one request is one pseudonym: it is looked up within the request.
#[test]
fn the_steps_of_a_request_share_its_object() {
    let (stage, all) = of_each_kind();
    let object = |name: &str| {
        let signed = all.iter().rfind(|signed| signed.body.payload.name() == name).unwrap();
        pseudonym_object(&stage.state, signed).unwrap()
    };
    let request = object("submit-request");
    assert!(request.is_some());
    for step in ["approve-request", "revoke-grant"] {
        assert_eq!(object(step), request, "{step}");
    }
    for step in ["refuse-request", "withdraw-request"] {
        assert!(object(step).is_some_and(|other| Some(other) != request), "{step}");
    }
    assert!(object("close-inspection").is_some());
    let policy = object("draft-policy");
    assert_eq!(policy, Some(PolicyOwner::Department(House::Gz.id()).object()));
    for step in ["countersign-policy", "withdraw-policy"] {
        assert_eq!(object(step), policy, "{step}");
    }
    let none = ["publish", "record-answer", "record-denial", "acknowledge", "anchor-roster", "record-looks"];
    for none in none.into_iter().chain(["report-equivocation"]) {
        assert_eq!(object(none), None, "{none}");
    }
}

#[test]
fn a_signature_fits_under_its_departments_key_of_the_right_kind_alone() {
    type Change = fn(&mut Signed, &Signed);
    let (stage, all) = of_each_kind();
    let of = |name: &str| all.iter().find(|signed| signed.body.payload.name() == name).unwrap();
    for signed in &all {
        assert!(transaction_signature(&stage.state, signed).unwrap(), "{}", signed.body.payload.name());
    }
    let cases: [(&str, Change); 4] = [
        ("another's signature", |signed, other| signed.signature = other.signature),
        ("another department", |signed, other| signed.body.department = other.body.department.clone()),
        ("a key of another kind", |signed, other| signed.body.key_id = other.body.key_id),
        ("another content", |signed, _| signed.body.valid_until = ledger::ids::Time(0)),
    ];
    for (what, change) in cases {
        // The answer is signed by gz's online key, the request by sz's office key.
        let (mut answer, request) = (of("record-answer").clone(), of("submit-request"));
        change(&mut answer, request);
        assert!(!transaction_signature(&stage.state, &answer).unwrap(), "{what}");
    }
}
