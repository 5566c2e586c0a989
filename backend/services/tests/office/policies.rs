//! A layer's next version, from the first row in the working copy to the decision it bites at.

use gm::sm2::SecretKey;
use services::policies::{
    self, ChangeKind, Comes, DraftInput, Imported, PreviewInput, ReasonView, RowCells, RowInput, TryOutInput,
    VersionInput, Which,
};
use services::staff::{self, NewAccount, Source};
use services::worklist::{self, TaskKind};
use services::{Code, OfficeRefusal, Officer, Role, ServiceError, Submitted, catalogue};
use zeroize::Zeroizing;

use crate::query::{a_query, answered};
use crate::town::{CODE, Department, GZ, PASSWORD, Town, until};

/// The province's layer: gz writes it, sz stands under it.
const PROVINCE: &str = "440000";
const REASON: &str = "省局〔2026〕7 号文，收紧首用途";

fn refused<T>(code: OfficeRefusal) -> Result<T, ServiceError> {
    Err(ServiceError::Refused(code.into()))
}

fn code<T: std::fmt::Debug>(told: Result<T, ServiceError>) -> String {
    match told {
        Err(ServiceError::Refused(code)) => code.code().to_owned(),
        other => format!("{other:?}"),
    }
}

/// A row that denies a purpose at these doors.
fn denies(id: &str, action: &str, purpose: &str) -> RowCells {
    let every = || "*".to_owned();
    RowCells {
        id: id.to_owned(),
        role: every(),
        requester: every(),
        provider: every(),
        entry_class: every(),
        items: every(),
        sensitivity: every(),
        grade_max: "4".to_owned(),
        action: action.to_owned(),
        purpose: purpose.to_owned(),
        assurance_min: "1".to_owned(),
        hours: every(),
        zones: every(),
        obligations: String::new(),
        effect: "deny".to_owned(),
    }
}

async fn add(house: &Department, who: &Officer, stamp: &str, cells: RowCells) -> String {
    let input = RowInput { stamp: stamp.to_owned(), was: String::new(), cells };
    policies::put_row(&house.office, who, PROVINCE, input).await.unwrap()
}

async fn draft(house: &Department, who: &Officer, stamp: &str) -> Result<Submitted, ServiceError> {
    let form_id = policies::show(&house.office, who, PROVINCE, Which::InForce).await?.forms.draft;
    let input = DraftInput { form_id, stamp: stamp.to_owned(), reason: REASON.to_owned() };
    policies::draft(&house.office, who, PROVINCE, input).await
}

async fn sign(house: &Department, who: &Officer, which: Which) -> Result<Submitted, ServiceError> {
    let view = policies::show(&house.office, who, PROVINCE, which).await?;
    let input = VersionInput { form_id: view.forms.countersign, version: view.version.version };
    policies::countersign(&house.office, who, PROVINCE, input).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_bring_a_version_in_force_and_it_bites_at_the_next_decision() {
    let town = Town::small().await;
    let (gz, sz) = (&town.gz, &town.sz);
    let one = gz.officer("meng", Role::SecAdmin).await;
    let other = gz.officer("qiao", Role::SecAdmin).await;
    let watcher = gz.officer("wei", Role::AuditAdmin).await;
    let neighbour = sz.officer("luo", Role::SecAdmin).await;
    let clerk = sz.officer("cheng", Role::BizUser).await;

    let stamp = policies::begin(&gz.office, &one, PROVINCE).await.unwrap();
    let stamp = add(gz, &one, &stamp, denies("reg-closed", "discover", "*")).await;
    let copy = policies::show(&gz.office, &other, PROVINCE, Which::Copy).await.unwrap();
    assert_eq!(copy.comes, Some(Comes::AtOnce), "it only narrows, and that is said before it is signed");
    assert_eq!((copy.errors, copy.changes.len(), copy.changes[0].kind), (0, 1, ChangeKind::Added));
    assert_eq!(copy.layer.copy.as_ref().unwrap().changed_by, "meng 女士");

    let signed = draft(gz, &one, &stamp).await.unwrap();
    assert_eq!(signed.id, PROVINCE);
    let view = policies::show(&gz.office, &other, PROVINCE, Which::Draft).await.unwrap();
    assert_eq!(view.reason, ReasonView::Text(REASON.to_owned()));
    let drafted = view.drafted.as_ref().unwrap();
    assert_eq!(
        (drafted.by.name.as_deref(), drafted.place.tx.as_str()),
        (Some("meng 女士"), signed.tx.as_str())
    );
    assert!(view.layer.may.countersign.is_open() && view.layer.draft.as_ref().unwrap().version.number == 2);
    // The neighbour sees that there is a draft and what it says, not who made it nor why.
    let seen = policies::show(&sz.office, &neighbour, PROVINCE, Which::Draft).await.unwrap();
    assert_eq!((seen.reason, seen.drafted.unwrap().by.name), (ReasonView::Elsewhere, None));
    assert!(!sz.file_holds(REASON.as_bytes()) && gz.file_holds(REASON.as_bytes()));

    assert_eq!(code(sign(gz, &one, Which::Draft).await), "policy.self");
    assert_eq!(code(sign(sz, &neighbour, Which::Draft).await), "policy.write");
    assert_eq!(code(sign(gz, &watcher, Which::Draft).await), "policy.write");
    assert!(catalogue::entry(&sz.office, &clerk, CODE, None).await.is_ok(), "not in force yet");
    let home = worklist::home(&gz.office, &other).await.unwrap();
    assert_eq!((home.tasks[0].kind, home.tasks[0].id.as_str()), (TaskKind::PolicyDraft, PROVINCE));
    assert_eq!(worklist::counts(&gz.office, &other).await.unwrap().policies, 1);
    assert_eq!(worklist::counts(&gz.office, &one).await.unwrap().policies, 0, "not one's own");

    let signed = sign(gz, &other, Which::Draft).await.unwrap();
    let told = catalogue::entry(&sz.office, &clerk, CODE, None).await;
    assert!(matches!(&told, Err(ServiceError::Denied { by, .. }) if by.row.as_deref() == Some("reg-closed")));
    let history = policies::history(&sz.office, &neighbour, PROVINCE).await.unwrap();
    let newest = &history.versions[0];
    assert_eq!((newest.in_force.version.number, newest.in_force.since), (2, signed.height));
    assert_eq!((newest.changes, history.versions[1].in_force.founded), ((1, 0, 0), true));
    assert_eq!(history.versions[1].until, Some(signed.at));
    let two =
        policies::compare(&sz.office, &neighbour, PROVINCE, Which::Number(1), Which::InForce).await.unwrap();
    assert_eq!(two.changes[0].row, "reg-closed");
    let list = policies::list(&gz.office, &one).await.unwrap();
    let owners: Vec<_> = list.iter().map(|row| row.layer.owner.as_str()).collect();
    assert_eq!(owners, ["national", PROVINCE, GZ]);
    assert_eq!(
        (list[1].copy.as_ref(), list[1].draft.as_ref()),
        (None, None),
        "the copy is in force: it is none"
    );
    assert_eq!(worklist::counts(&gz.office, &other).await.unwrap().policies, 0);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_look_study_and_write_is_told_apart_and_every_look_is_noted() {
    let town = Town::small().await;
    let house = &town.gz;
    let administrator = house.officer("meng", Role::SecAdmin).await;
    let audit = house.officer("wei", Role::AuditAdmin).await;
    let approver = house.officer("lin", Role::ProvApprover).await;
    let clerk = house.officer("cheng", Role::BizUser).await;
    let office = &house.office;
    let before = house.audit.head().size;
    assert_eq!(policies::list(office, &clerk).await, refused(OfficeRefusal::PolicyLook));
    let list = policies::list(office, &approver).await.unwrap();
    assert!(!list[1].may.study.is_open() && !list[1].may.edit.is_open());
    assert!(policies::show(office, &approver, PROVINCE, Which::InForce).await.is_ok());
    policies::begin(office, &administrator, PROVINCE).await.unwrap();
    let told = policies::show(office, &approver, PROVINCE, Which::Copy).await.map(drop);
    assert_eq!(told, refused(OfficeRefusal::PolicyStudy));
    assert!(policies::show(office, &audit, PROVINCE, Which::Copy).await.is_ok());
    let told = policies::begin(office, &audit, PROVINCE).await;
    assert_eq!(told, refused(OfficeRefusal::PolicyWrite));
    let told = policies::begin(office, &administrator, "national").await;
    assert_eq!(told, refused(OfficeRefusal::PolicyWrite), "nobody writes the nation's layer here");
    for nowhere in ["510000", "440100", "nowhere", ""] {
        let told = policies::show(office, &administrator, nowhere, Which::InForce).await.map(drop);
        assert_eq!(told, Err(ServiceError::NotFound), "{nowhere}");
    }
    let entries = house.audit.newest(u32::try_from(house.audit.head().size - before).unwrap()).await.unwrap();
    let told: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| (entry.event.as_str(), entry.object.as_str(), entry.outcome.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("policy.show", "policies", "policy.look"),
            ("policy.show", "policies", "ok"),
            ("policy.show", "440000/in-force", "ok"),
            ("policy.edit", "440000/copy", "ok"),
            ("policy.show", "440000/copy", "policy.study"),
            ("policy.show", "440000/copy", "ok"),
            ("policy.edit", "440000/copy", "policy.write"),
            ("policy.edit", "national/copy", "policy.write"),
        ]
    );
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_an_older_copy_is_refused_and_a_wrong_table_leaves_the_copy_as_it_is() {
    let town = Town::small().await;
    let house = &town.gz;
    let (one, other) =
        (house.officer("meng", Role::SecAdmin).await, house.officer("qiao", Role::SecAdmin).await);
    let office = &house.office;
    let first = policies::begin(office, &one, PROVINCE).await.unwrap();
    assert_eq!(policies::begin(office, &other, PROVINCE).await, refused(OfficeRefusal::PolicyCopyMoved));
    let second = add(house, &other, &first, denies("reg-a", "ask", "01")).await;
    let stale = RowInput { stamp: first.clone(), was: String::new(), cells: denies("reg-b", "ask", "02") };
    let told = policies::put_row(office, &one, PROVINCE, stale).await;
    assert_eq!(told, refused(OfficeRefusal::PolicyCopyMoved), "somebody changed it meanwhile");
    assert_eq!(code(draft(house, &one, &first).await), "policy.copy-moved");
    let told = policies::remove_row(office, &one, PROVINCE, &second, "nobody").await;
    assert_eq!(told, refused(OfficeRefusal::PolicyRowGone));

    let file = policies::export(office, &one, PROVINCE, Which::Copy).await.unwrap();
    assert!(file.name == "policy-440000-2-copy.csv" && file.text.contains("reg-a"), "{}", file.name);
    let wrong = file.text.replace(",01,", ",1,");
    let told = policies::import(office, &one, PROVINCE, &second, wrong.as_bytes()).await.unwrap();
    let Imported::Wrong(lines) = told else { panic!("{told:?}") };
    assert_eq!((lines.len(), lines[0].line, lines[0].column.unwrap().code()), (1, 4, "purpose"));
    let now = policies::show(office, &one, PROVINCE, Which::Copy).await.unwrap();
    assert_eq!(now.layer.copy.as_ref().unwrap().stamp, second, "nothing was taken");
    let more = format!("{}{}", file.text, file.text.lines().last().unwrap().replace("reg-a", "reg-c"));
    let told = policies::import(office, &one, PROVINCE, &second, more.as_bytes()).await.unwrap();
    assert_eq!(told, Imported::Taken(4));
    let stamp = policies::show(office, &one, PROVINCE, Which::Copy).await.unwrap().layer.copy.unwrap().stamp;

    // Another version comes in force: the copy is told as outdated, and drafted only after somebody looked.
    draft(house, &one, &stamp).await.unwrap();
    let third = policies::remove_row(office, &other, PROVINCE, &stamp, "reg-c").await.unwrap();
    sign(house, &other, Which::Draft).await.unwrap();
    assert_eq!(code(draft(house, &one, &third).await), "policy.copy-outdated");
    let kept = policies::keep(office, &one, PROVINCE, &third).await.unwrap();
    let form_id = policies::show(office, &one, PROVINCE, Which::Copy).await.unwrap().forms.draft;
    let input = DraftInput { form_id, stamp: kept.clone(), reason: REASON.to_owned() };
    let done = policies::draft(office, &one, PROVINCE, input.clone()).await.unwrap();
    assert_eq!(policies::draft(office, &one, PROVINCE, input).await.unwrap().tx, done.tx, "a double click");
    let view = policies::show(office, &other, PROVINCE, Which::Draft).await.unwrap();
    let input = VersionInput { form_id: view.forms.withdraw, version: view.version.version };
    policies::withdraw(office, &other, PROVINCE, input).await.unwrap();
    let told = policies::show(office, &other, PROVINCE, Which::Draft).await.map(drop);
    assert_eq!(told, Err(ServiceError::NotFound));
    policies::discard(office, &one, PROVINCE, &kept).await.unwrap();
    assert_eq!(policies::discard(office, &one, PROVINCE, "").await, refused(OfficeRefusal::PolicyCopyNone));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_signature_without_the_second_factor_shown_just_before() {
    let town = Town::small().await;
    let house = &town.gz;
    let key = SecretKey::generate().unwrap();
    let new = NewAccount {
        account: "meng".to_owned(),
        name: "孟".to_owned(),
        roles: vec![Role::SecAdmin],
        password: Zeroizing::new(PASSWORD.to_owned()),
        key: Some(key.public()),
    };
    staff::add(&house.store, &house.audit, new).await.unwrap();
    let session = staff::sign_in(&house.office, Source::OWN, "meng", PASSWORD).await.unwrap().session;
    house.show_key(&session, &key).await.unwrap();
    let one = staff::resume(&house.office, &session).await.unwrap();
    let stamp = policies::begin(&house.office, &one, PROVINCE).await.unwrap();
    let stamp = add(house, &one, &stamp, denies("reg-a", "ask", "01")).await;
    house.execute("UPDATE session SET proven_at = proven_at - 300000").await;
    let one = staff::resume(&house.office, &session).await.unwrap();
    let version = VersionInput { form_id: "1".repeat(64), version: "1".repeat(64) };
    let due: Code = OfficeRefusal::StepUpDue.into();
    assert_eq!(code(draft(house, &one, &stamp).await), due.code());
    let told = policies::countersign(&house.office, &one, PROVINCE, version.clone()).await;
    assert_eq!(code(told), due.code());
    assert_eq!(code(policies::withdraw(&house.office, &one, PROVINCE, version).await), due.code());
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbour_previews_the_provinces_draft_against_its_own_decisions() {
    let town = Town::large().await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_query(&town, &clerk, &approver).await;
    let id = crate::query::sent(services::queries::ask(&town.sz.office, &clerk, input).await.unwrap());
    answered(&town, &clerk, &id).await;

    let one = town.gz.officer("meng", Role::SecAdmin).await;
    let neighbour = town.sz.officer("luo", Role::SecAdmin).await;
    let stamp = policies::begin(&town.gz.office, &one, PROVINCE).await.unwrap();
    let stamp = add(&town.gz, &one, &stamp, denies("reg-no-02", "ask", "02")).await;
    let stamp = add(&town.gz, &one, &stamp, denies("reg-no-01", "ask", "01")).await;
    draft(&town.gz, &one, &stamp).await.unwrap();
    let preview = PreviewInput { which: Which::Draft, decisions: 100 };
    // sz has a node of its own: the draft arrives there with its block.
    until(|| async { policies::show(&town.sz.office, &neighbour, PROVINCE, Which::Draft).await.is_ok() })
        .await;
    let found = policies::preview(&town.sz.office, &neighbour, PROVINCE, preview).await.unwrap().found;
    assert_eq!((found.judged, found.unknown, found.turns, found.loosened), (1, 0, 1, 0));
    let turned = &found.turned[0];
    assert_eq!((turned.id.as_str(), turned.row.as_deref()), (id.as_str(), Some("reg-no-01")));
    assert!(turned.before.allow && !turned.after.allow && turned.number.starts_with("HZ-"));
    // At gz it is the answer door, of which the draft says nothing.
    let found = policies::preview(&town.gz.office, &one, PROVINCE, preview).await.unwrap().found;
    assert_eq!((found.judged, found.turns), (1, 0));
    let told = policies::preview(&town.sz.office, &clerk, PROVINCE, preview).await.map(drop);
    assert_eq!(told, refused(OfficeRefusal::PolicyStudy));

    let form = policies::try_out_form(&town.sz.office, &neighbour, PROVINCE, Which::Draft).await.unwrap();
    let question = TryOutInput { purpose: "01".to_owned(), items: vec!["XingMing".to_owned()], ..form.input };
    let tried =
        policies::try_out(&town.sz.office, &neighbour, PROVINCE, Which::Draft, question).await.unwrap();
    assert!(tried.in_force.said.allow && !tried.draft.unwrap().said.allow);
    let wanted = policies::ReachInput { entry: CODE.to_owned(), item: "XingMing".to_owned() };
    let reach = policies::reach(&town.sz.office, &neighbour, PROVINCE, Which::Draft, wanted).await.unwrap();
    let changed = |kind| reach.ways.iter().filter(|way| way.change == Some(kind)).count();
    assert!(changed(ChangeKind::Removed) > 0 && changed(ChangeKind::Added) > 0, "{:?}", reach.ways);
    let of_sz = |way: &&policies::ReachedView| way.requesters.iter().any(|one| one.own);
    let narrowed = reach.ways.iter().filter(of_sz).filter(|way| way.change != Some(ChangeKind::Removed));
    let purposes: Vec<_> = narrowed.map(|way| way.purposes.clone()).collect();
    assert_eq!(purposes, [["03"]], "of the three the draft leaves sz one");
    town.stop().await;
}
