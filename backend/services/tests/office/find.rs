//! Numbers that things bear are found by who may see them, and looking up leaves no trace.

use services::find::{Thing, find};
use services::names::Side;
use services::requests::RequestFilter;
use services::{Role, grants, queries, receipts, requests};

use crate::inspections::opened;
use crate::query::{CASE, a_query, answered, sent};
use crate::town::{Town, until};

#[tokio::test(flavor = "multi_thread")]
async fn every_number_leads_to_its_thing_and_looking_up_is_not_noted() {
    let town = Town::large().await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let inspector = town.jd.officer("shen", Role::Inspector).await;
    let stranger = town.jd.officer("he", Role::ReqOperator).await;
    let input = a_query(&town, &clerk, &approver).await;
    let grant = input.grant.clone();
    let query = sent(queries::ask(&town.sz.office, &clerk, input).await.unwrap());
    answered(&town, &clerk, &query).await;
    let listed = || receipts::list(&town.sz.office, &clerk, Side::Sent, 1);
    until(|| async { listed().await.unwrap().total == 1 }).await;
    let second = town.jd.officer("qian", Role::Inspector).await;
    opened(&town.jd, &inspector, &second).await;
    until(|| async { receipts::show(&town.jd.office, &inspector, &query).await.is_ok() }).await;

    let receipt = listed().await.unwrap().rows.remove(0);
    let granted = grants::show(&town.sz.office, &clerk, &grant).await.unwrap();
    let filter = RequestFilter { page: 1, ..RequestFilter::default() };
    let asked = requests::list(&town.sz.office, &clerk, filter).await.unwrap().rows.remove(0);
    let numbers = [
        (receipt.number.clone(), Thing::Receipt(query.clone())),
        (receipt.number.to_lowercase(), Thing::Receipt(query.clone())),
        (format!(" {} ", asked.number), Thing::Request(asked.id.clone())),
        (granted.row.number.clone(), Thing::Grant(grant.clone())),
        (query.clone(), Thing::Receipt(query.clone())),
        (asked.id.clone(), Thing::Request(asked.id.clone())),
        (grant.clone(), Thing::Grant(grant.clone())),
    ];
    let logs = || [&town.sz, &town.jd].map(|department| department.audit.head().size);
    let before = logs();
    for (typed, thing) in &numbers {
        let seen = find(&town.sz.office, &clerk, typed).await.unwrap();
        assert_eq!(seen.as_ref(), Some(thing), "{typed}");
        let inspected = find(&town.jd.office, &inspector, typed).await.unwrap();
        assert_eq!(inspected.as_ref(), Some(thing), "{typed}");
        // The id of a grant is a transaction's too, and those are everybody's.
        let hidden = find(&town.jd.office, &stranger, typed).await.unwrap();
        assert!(matches!(hidden, None | Some(Thing::Transaction(_))), "{typed}: {hidden:?}");
    }
    let case = find(&town.sz.office, &clerk, CASE).await.unwrap();
    assert_eq!(case, Some(Thing::Case(CASE.to_owned())));
    assert_eq!(find(&town.gz.office, &approver, CASE).await.unwrap(), None, "the case of another's officer");
    for unknown in ["", "990000199001010017", "HZ-20201122-B5D409", "SQ-2020-000001", "SQD-x", "王小明"] {
        assert_eq!(find(&town.sz.office, &clerk, unknown).await.unwrap(), None, "{unknown}");
    }
    assert_eq!(find(&town.sz.office, &clerk, "1").await.unwrap(), Some(Thing::Block(1)));
    assert_eq!(logs(), before, "looking up is not looking at");
    town.stop().await;
}
