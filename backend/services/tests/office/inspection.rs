//! The access log, and the log of its being looked at.

use services::inspection::{self, LogSearch};
use services::{Role, ServiceError, receipts};

use crate::inspections::opened;
use crate::town::{Town, until};

#[tokio::test(flavor = "multi_thread")]
async fn only_an_inspector_searches_the_log_and_each_search_is_noted() {
    let town = Town::small().await;
    let inspector = town.jd.officer("shen", Role::Inspector).await;
    let operator = town.jd.officer("he", Role::ReqOperator).await;
    let elsewhere = town.sz.officer("gu", Role::Inspector).await;

    let second = town.jd.officer("qian", Role::Inspector).await;
    opened(&town.jd, &inspector, &second).await;
    let page = inspection::log(&town.jd.office, &inspector, LogSearch::default()).await.unwrap();
    assert_eq!((page.records.total, page.departments), (0, 1));
    let again = inspection::log(&town.jd.office, &inspector, LogSearch::default()).await.unwrap();
    assert_eq!(again.noted_as, page.noted_as + 1);

    for (office, officer) in [(&town.jd.office, &operator), (&town.sz.office, &elsewhere)] {
        let denied = inspection::log(office, officer, LogSearch::default()).await;
        assert!(matches!(denied, Err(ServiceError::Denied { .. })), "{denied:?}");
    }
    let noted = town.jd.audit.newest(1).await.unwrap();
    assert_eq!((noted[0].event.as_str(), noted[0].account.as_str()), ("log.search", "he"));
    assert!(noted[0].outcome.starts_with("denied"), "{}", noted[0].outcome);
    town.jd.audit.verify().await.unwrap();
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_grants_out_is_seen_by_the_inspector() {
    let town = Town::small().await;
    let inspector = town.jd.officer("shen", Role::Inspector).await;
    let clerk = town.jd.officer("lu", Role::BizUser).await;
    let query = town.gz.denies_an_unknown_grant_of(&town.sz).await.to_string();

    let second = town.jd.officer("qian", Role::Inspector).await;
    opened(&town.jd, &inspector, &second).await;
    let search = || inspection::log(&town.jd.office, &inspector, LogSearch::default());
    until(|| async { search().await.unwrap().records.total == 1 }).await;
    assert_eq!(search().await.unwrap().records.rows[0].id, query);
    receipts::show(&town.jd.office, &inspector, &query).await.unwrap();
    let denied = receipts::show(&town.jd.office, &clerk, &query).await;
    assert!(matches!(denied, Err(ServiceError::Denied { .. })), "{denied:?}");
    town.stop().await;
}
