//! The roster of officers, and a query that its officer signed.

use gm::sm2::SecretKey;
use ledger::proof::{self, Options};
use ledger::roster::OfficerWord;
use ledger::seal::StepWord;
use services::codes::FieldCode;
use services::countersigning;
use services::queries::{self, AskedView, Signing};
use services::receipts::{self, RecordWord};
use services::staff::challenge::answer_word;
use services::staff::{self, AuthoriseInput, MemberState, StaffAct, StaffFilter};
use services::worklist::{self, TaskKind};
use services::{OfficeRefusal, Officer, Role, ServiceError, Verdict, grants, requests};

use crate::query::{a_query, answered, sent};
use crate::town::{Department, Town, until};
use crate::workflow::{a_request, approval};

fn refused(code: OfficeRefusal) -> Option<ServiceError> {
    Some(ServiceError::Refused(code.into()))
}

async fn number_of(house: &Department, looker: &Officer, account: &str) -> i64 {
    let list = staff::list(&house.office, looker, StaffFilter::default()).await.unwrap();
    list.rows.rows.iter().find(|row| row.account == account).unwrap().id
}

/// The accounts on the roster that the chain has.
async fn on(house: &Department, looker: &Officer) -> Vec<(String, MemberState)> {
    let view = staff::roster_page(&house.office, looker).await.unwrap();
    view.members.into_iter().map(|member| (member.account, member.state)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roster_is_published_by_the_security_administrator_and_follows_the_accounts() {
    let town = Town::small().await;
    let (house, office) = (&town.gz, &town.gz.office);
    let security = house.officer("luo", Role::SecAdmin).await;
    let system = house.officer("he", Role::SysAdmin).await;
    house.officer_with_key("cheng", Role::BizUser).await;
    house.officer("ye", Role::BizUser).await;
    let before = staff::roster_page(office, &security).await.unwrap();
    assert!(!before.published && before.anchored.is_none() && before.may_publish);
    assert_eq!(before.without_key, 2, "ye, and who looked at the catalogue at the start");
    let not_theirs = staff::publish_roster(office, &system).await.err();
    assert_eq!(not_theirs, refused(OfficeRefusal::StaffNotYours));
    assert!(!staff::roster_page(office, &system).await.unwrap().may_publish);

    staff::publish_roster(office, &security).await.unwrap();
    let view = staff::roster_page(office, &security).await.unwrap();
    assert!(view.published && !view.pending);
    let first = view.anchored.unwrap();
    assert_eq!(first.size, 3);
    let names = |accounts: &[&str]| -> Vec<(String, MemberState)> {
        accounts.iter().map(|account| ((*account).to_owned(), MemberState::On)).collect()
    };
    assert_eq!(on(house, &security).await, names(&["cheng", "he", "luo"]));
    assert_eq!(house.audit.newest(1).await.unwrap()[0].event, "roster.publish");
    // Nothing changed: nothing is anchored.
    staff::publish_roster(office, &security).await.unwrap();
    assert_eq!(staff::roster_page(office, &security).await.unwrap().anchored, Some(first.clone()));

    // Each act is on the chain before it says done.
    let cheng = number_of(house, &security, "cheng").await;
    staff::do_simply(office, &security, cheng, StaffAct::Lock, "离岗").await.unwrap();
    assert_eq!(on(house, &security).await, names(&["he", "luo"]));
    staff::do_simply(office, &security, cheng, StaffAct::Unlock, "返岗").await.unwrap();
    assert_eq!(on(house, &security).await, names(&["cheng", "he", "luo"]));
    let rights = AuthoriseInput {
        roles: vec!["REQ_OPERATOR".to_owned()],
        clearance: "2".to_owned(),
        valid_until: String::new(),
        reason: "转岗".to_owned(),
    };
    staff::authorise(office, &security, cheng, rights).await.unwrap();
    let view = staff::roster_page(office, &security).await.unwrap();
    let member = view.members.iter().find(|member| member.account == "cheng").unwrap();
    assert_eq!(
        (member.state, &*member.roles, member.clearance),
        (MemberState::On, &[Role::ReqOperator][..], 2)
    );
    staff::do_simply(office, &security, cheng, StaffAct::UnbindKey, "遗失").await.unwrap();
    assert_eq!(on(house, &security).await, names(&["he", "luo"]));
    // What is done behind the office's back is seen on the page, until the background has anchored it.
    house.execute("UPDATE staff SET clearance = 1 WHERE account = 'he'").await;
    let view = staff::roster_page(office, &security).await.unwrap();
    let member = &view.members.iter().find(|member| member.account == "he").unwrap();
    assert!(member.clearance == 1 || (view.pending && member.state == MemberState::Changes), "{member:?}");
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_signed_by_its_officer_says_so_at_both_ends_and_to_an_outsider() {
    let town = Town::large().await;
    let (house, office) = (&town.sz, &town.sz.office);
    let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let security = house.officer("luo", Role::SecAdmin).await;
    let clerk = house.officer_holding("cheng", Role::BizUser, &key).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_query(&town, &clerk, &approver).await;
    let signing = async || queries::form(office, &clerk, &input.grant).await.unwrap().signing;
    assert_eq!(signing().await, Signing::NotOn);
    let early = queries::to_sign(office, &clerk, input.clone()).await.err();
    assert_eq!(early, refused(OfficeRefusal::RosterNotOn));
    staff::publish_roster(office, &security).await.unwrap();
    assert_eq!(signing().await, Signing::On);

    let text = queries::to_sign(office, &clerk, input.clone()).await.unwrap().text;
    assert_eq!(queries::to_sign(office, &clerk, input.clone()).await.unwrap().text, text);
    assert!(!text.contains(&hex::encode("990000199001010017")), "the person is sealed");
    let answer = answer_word::<OfficerWord>(&text, &key).unwrap();
    let foreign = answer_word::<OfficerWord>(&text, &other).unwrap();
    for (wrong, code) in
        [("", FieldCode::Missing), ("zl1-answer.00", FieldCode::Wrong), (&foreign, FieldCode::Wrong)]
    {
        let told = queries::ask_signed(office, &clerk, input.clone(), wrong).await.err();
        let Some(ServiceError::Invalid(fields)) = told else { panic!("{told:?}") };
        assert_eq!((fields[0].field, fields[0].code), ("answer", code), "{wrong}");
    }
    let mut other_case = input.clone();
    other_case.case_no = "深贷〔2026〕第 00002 号".to_owned();
    let told = queries::ask_signed(office, &clerk, other_case, &answer).await.err();
    assert!(matches!(told, Some(ServiceError::Invalid(_))), "it was signed for another case: {told:?}");

    let id = sent(queries::ask_signed(office, &clerk, input.clone(), &answer).await.unwrap());
    let again = queries::ask_signed(office, &clerk, input.clone(), &answer).await.unwrap();
    assert_eq!(sent(again), id);
    let plain = queries::ask(office, &clerk, input).await.err();
    assert_eq!(plain, refused(OfficeRefusal::FormChanged));
    answered(&town, &clerk, &id).await;
    let root = staff::roster_page(office, &security).await.unwrap().anchored.unwrap().root;
    until(|| async { receipts::show(&town.gz.office, &approver, &id).await.is_ok() }).await;
    for (office, officer) in [(office, &clerk), (&town.gz.office, &approver)] {
        let view = receipts::show(office, officer, &id).await.unwrap();
        assert!(view.verified, "{:?}", view.checks);
        let Some(RecordWord::Officer { root: shown, .. }) = view.word else { panic!("{:?}", view.word) };
        assert_eq!(shown, root);
    }
    let file = receipts::evidence(office, &clerk, &id).await.unwrap();
    let chain = receipts::show(office, &clerk, &id).await.unwrap().trust_root;
    let report = proof::verify(&file.bytes, &chain.parse().unwrap(), &Options { second_opinion: true });
    assert!(report.verified(), "{:?}", report.failure());
    assert_eq!(report.evidence.unwrap().signer().unwrap().role, Role::BizUser);
    town.stop().await;
}

/// A step of a department with a roster, sealed by who drafted it.
async fn sealed(house: &Department, drafter: &Officer, key: &SecretKey, step: &str) {
    let view = countersigning::show(&house.office, drafter, step).await.unwrap();
    let asked = view.seal.unwrap();
    assert!(view.row.unsealed && !asked.given && asked.may.is_open());
    let answer = answer_word::<StepWord>(&asked.text, key).unwrap();
    countersigning::seal(&house.office, drafter, step, &answer).await.unwrap();
    let view = countersigning::show(&house.office, drafter, step).await.unwrap();
    assert!(!view.row.unsealed && view.seal.is_some_and(|asked| asked.given));
}

/// The answer to what the second officer is asked.
async fn second_answer(house: &Department, second: &Officer, key: &SecretKey, step: &str) -> String {
    let view = countersigning::show(&house.office, second, step).await.unwrap();
    assert!(view.may.sign.is_open(), "{:?}", view.may.sign);
    answer_word::<StepWord>(&view.seal.unwrap().text, key).unwrap()
}

fn wrong_answer(told: Result<impl std::fmt::Debug, ServiceError>) -> FieldCode {
    match told {
        Err(ServiceError::Invalid(fields)) if fields.len() == 1 && fields[0].field == "answer" => {
            fields[0].code
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_with_a_roster_asks_and_grants_under_two_keys() {
    let town = Town::small().await;
    let [first, second, third, fourth] = std::array::from_fn(|_| SecretKey::generate().unwrap());
    let office = &town.sz.office;
    let operator = town.sz.officer_holding("su", Role::ReqOperator, &first).await;
    let lead = town.sz.officer_holding("ye", Role::DeptLead, &second).await;
    let security = town.sz.officer("luo", Role::SecAdmin).await;
    let input = a_request(&town.sz, &operator).await;
    let step = requests::request_access(office, &operator, input).await.unwrap().id;
    let seen = countersigning::show(office, &operator, &step).await.unwrap();
    assert!(seen.seal.is_none() && !seen.row.unsealed, "nobody seals without a roster");
    staff::publish_roster(office, &security).await.unwrap();
    let home = worklist::home(office, &operator).await.unwrap();
    assert_eq!(home.tasks.iter().map(|task| task.kind).collect::<Vec<_>>(), [TaskKind::Seal]);

    // Not before who drafted it did, and not with another's key.
    let early = countersigning::sign(office, &lead, &step, "").await.err();
    assert_eq!(early, refused(OfficeRefusal::StepUnsealed));
    let seen = countersigning::show(office, &lead, &step).await.unwrap();
    assert_eq!(seen.may.sign, Verdict::Refused(OfficeRefusal::StepUnsealed.into()));
    let text = countersigning::show(office, &operator, &step).await.unwrap().seal.unwrap().text;
    let foreign = answer_word::<StepWord>(&text, &second).unwrap();
    for (wrong, code) in
        [("", FieldCode::Missing), ("zl1-answer.00", FieldCode::Wrong), (&foreign, FieldCode::Wrong)]
    {
        assert_eq!(wrong_answer(countersigning::seal(office, &operator, &step, wrong).await), code);
    }
    let not_theirs = countersigning::seal(office, &lead, &step, &foreign).await.err();
    assert_eq!(not_theirs, refused(OfficeRefusal::StepNotYours));
    sealed(&town.sz, &operator, &first, &step).await;

    let answer = second_answer(&town.sz, &lead, &second, &step).await;
    // The drafter's signature is none of the second officer's.
    let drafters = answer_word::<StepWord>(&text, &first).unwrap();
    for (wrong, code) in [("", FieldCode::Missing), (&drafters, FieldCode::Wrong)] {
        assert_eq!(wrong_answer(countersigning::sign(office, &lead, &step, wrong).await), code);
    }
    let request = countersigning::sign(office, &lead, &step, &answer).await.unwrap().made;

    // The provider's department has one as well.
    let office = &town.gz.office;
    let approver = town.gz.officer_holding("lin", Role::ProvApprover, &third).await;
    let colleague = town.gz.officer_holding("tang", Role::ProvApprover, &fourth).await;
    let security = town.gz.officer("luo", Role::SecAdmin).await;
    staff::publish_roster(office, &security).await.unwrap();
    until(|| async { requests::show(office, &approver, &request).await.is_ok() }).await;
    let form = approval(&requests::show(office, &approver, &request).await.unwrap());
    let step = requests::approve(office, &approver, &request, form).await.unwrap().id;
    sealed(&town.gz, &approver, &third, &step).await;
    // Who came after the roster was made is on the one made for them; who is not on it is told.
    town.gz
        .execute("DELETE FROM officer_key WHERE staff = (SELECT id FROM staff WHERE account = 'tang')")
        .await;
    let seen = countersigning::show(office, &colleague, &step).await.unwrap();
    assert_eq!(seen.may.sign, Verdict::Refused(OfficeRefusal::RosterNotOn.into()));
    let lead_key = SecretKey::generate().unwrap();
    let lead = town.gz.officer_holding("wu", Role::DeptLead, &lead_key).await;
    staff::publish_roster(office, &security).await.unwrap();
    let answer = second_answer(&town.gz, &lead, &lead_key, &step).await;
    let grant = countersigning::sign(office, &lead, &step, &answer).await.unwrap().made;
    assert_eq!(grants::show(office, &approver, &grant).await.unwrap().row.quota, 200);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_query_that_takes_two_waits_with_its_signature() {
    let town = Town::large().await;
    let (house, office) = (&town.sz, &town.sz.office);
    let (key, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let security = house.officer("luo", Role::SecAdmin).await;
    let clerk = house.officer_holding("cheng", Role::BizUser, &key).await;
    let colleague = house.officer("ye", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let mut input = a_query(&town, &clerk, &approver).await;
    input.items = vec!["GRZHZT".to_owned()];
    staff::publish_roster(office, &security).await.unwrap();
    let text = queries::to_sign(office, &clerk, input.clone()).await.unwrap().text;
    let foreign = answer_word::<OfficerWord>(&text, &other).unwrap();
    let told = queries::ask_signed(office, &clerk, input.clone(), &foreign).await;
    assert_eq!(wrong_answer(told), FieldCode::Wrong, "it would be found too late");
    let answer = answer_word::<OfficerWord>(&text, &key).unwrap();
    let asked = queries::ask_signed(office, &clerk, input, &answer).await.unwrap();
    let AskedView::Waits(step) = asked else { panic!("{asked:?}") };
    let seen = countersigning::show(office, &colleague, &step.id).await.unwrap();
    assert!(seen.may.sign.is_open() && seen.seal.is_none(), "a query is confirmed, not sealed");
    // The roster goes on while it waits: the proof is made on the new one.
    house.officer_with_key("wu", Role::BizUser).await;
    staff::publish_roster(office, &security).await.unwrap();
    let id = countersigning::sign(office, &colleague, &step.id, "").await.unwrap().made;
    answered(&town, &clerk, &id).await;
    let view = receipts::show(office, &clerk, &id).await.unwrap();
    let root = staff::roster_page(office, &security).await.unwrap().anchored.unwrap().root;
    let Some(RecordWord::Officer { root: shown, .. }) = view.word else { panic!("{:?}", view.word) };
    assert_eq!(shown, root);
    town.stop().await;
}
