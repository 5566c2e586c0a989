//! The access log, and the log of its being looked at.

use services::inspection::{self, LogSearch};
use services::{Role, ServiceError};

use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn only_an_inspector_searches_the_log_and_each_search_is_noted() {
    let town = Town::small().await;
    let inspector = town.jd.officer("shen", Role::Inspector).await;
    let operator = town.jd.officer("he", Role::ReqOperator).await;
    let elsewhere = town.sz.officer("gu", Role::Inspector).await;

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
