//! The audit log: who reads which part of it, and that each look is in it.

use services::audit::{self, AuditSearch, Format};
use services::audit_log::AuditResult;
use services::grants::GrantFilter;
use services::names::Side;
use services::requests::RequestFilter;
use services::{OfficeRefusal, Role, ServiceError, grants, receipts, requests};

use crate::accounts::elsewhere;
use crate::town::Town;

fn roles(page: &audit::AuditPage) -> Vec<&str> {
    page.entries.rows.iter().map(|entry| entry.role.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_administrator_reads_what_the_others_did_and_each_look_is_noted() {
    let town = Town::small().await;
    let office = &town.sz.office;
    let reader = async |account: &str, role| town.sz.officer(account, role).await.asking_from(elsewhere());
    let (lin, wu) = (reader("lin", Role::BizUser).await, reader("wu", Role::SysAdmin).await);
    let (security, auditor) = (reader("an", Role::SecAdmin).await, reader("shen", Role::AuditAdmin).await);

    let seen = audit::list(office, &auditor, AuditSearch::default()).await.unwrap();
    assert!(roles(&seen).contains(&"SYS_ADMIN") && roles(&seen).contains(&"SEC_ADMIN"), "{seen:?}");
    assert!(!roles(&seen).contains(&"BIZ_USER") && !roles(&seen).contains(&"AUDIT_ADMIN"), "{seen:?}");
    let seen = audit::list(office, &security, AuditSearch::default()).await.unwrap();
    assert!(roles(&seen).contains(&"BIZ_USER") && roles(&seen).contains(&"AUDIT_ADMIN"), "{seen:?}");
    assert!(!roles(&seen).contains(&"SYS_ADMIN") && !roles(&seen).contains(&"SEC_ADMIN"), "{seen:?}");
    assert_eq!(town.sz.audit.head().size, seen.noted_as);

    // What names no account is kept nowhere; what does narrows.
    let typed = |account: &str| AuditSearch { account: Some(account.to_owned()), ..AuditSearch::default() };
    let none = audit::list(office, &security, typed("990000199001010017")).await.unwrap();
    assert_eq!(none.entries.total, 0);
    assert_eq!(town.sz.audit.newest(1).await.unwrap()[0].object, "account=- page=1");
    let lins = audit::list(office, &security, typed("lin")).await.unwrap();
    assert!(lins.entries.total >= 1 && lins.entries.rows.iter().all(|entry| entry.account == "lin"));

    for officer in [&lin, &wu] {
        let refused = ServiceError::Refused(OfficeRefusal::RoleNotAuditing.into());
        let looked = audit::list(office, officer, AuditSearch::default()).await;
        assert_eq!(looked.err(), Some(refused.clone()), "{}", officer.account());
        assert_eq!(
            audit::export(office, officer, AuditSearch::default(), Format::Csv).await.err(),
            Some(refused)
        );
        let noted = &town.sz.audit.newest(1).await.unwrap()[0];
        assert_eq!((noted.event.as_str(), noted.result()), ("audit.export", AuditResult::Refused));
    }
    let search = AuditSearch { result: Some(AuditResult::Refused), ..AuditSearch::default() };
    let file = audit::export(office, &security, search, Format::Csv).await.unwrap();
    assert!(file.text.contains("\"role.not-auditing\"") && !file.text.contains("\"ok\""), "{}", file.text);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_for_who_does_the_business_and_each_look_is_noted() {
    let town = Town::small().await;
    let office = &town.sz.office;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let auditor = town.sz.officer("shen", Role::AuditAdmin).await;
    let browser = town.jd.officer("he", Role::BizUser).await;
    receipts::list(office, &clerk, Side::Received, 2).await.unwrap();
    let noted = town.sz.audit.newest(1).await.unwrap().remove(0);
    assert_eq!(
        (&*noted.event, &*noted.object, &*noted.outcome),
        ("list.show", "receipts received page=2", "ok")
    );

    let administers = Some(ServiceError::Refused(OfficeRefusal::RoleAdministers.into()));
    assert_eq!(receipts::list(office, &auditor, Side::Sent, 1).await.err(), administers);
    assert_eq!(grants::list(office, &auditor, GrantFilter::default()).await.err(), administers);
    assert_eq!(requests::list(office, &auditor, RequestFilter::default()).await.err(), administers);
    assert_eq!(town.sz.audit.newest(1).await.unwrap()[0].outcome, "role.administers");
    // By the own department's rules this role knows of no entry.
    let denied = receipts::list(&town.jd.office, &browser, Side::Sent, 1).await;
    assert!(matches!(denied, Err(ServiceError::Denied { .. })), "{denied:?}");
    town.stop().await;
}
