//! The roster of officers, and a query that its officer signed.

use gm::sm2::SecretKey;
use ledger::proof::{self, Options};
use services::codes::FieldCode;
use services::queries::{self, Signing};
use services::receipts::{self, RecordWord};
use services::staff::{self, AuthoriseInput, MemberState, StaffAct, StaffFilter};
use services::{OfficeRefusal, Officer, Role, ServiceError};

use crate::query::{a_query, answered, sent};
use crate::town::{Department, Town, until};

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
    let answer = queries::word::answer(&text, &key).unwrap();
    let foreign = queries::word::answer(&text, &other).unwrap();
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
