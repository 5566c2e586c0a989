//! Finding entries.

use services::catalogue::{self, CatalogueSearch};
use services::codes::Layer;
use services::{Denial, OfficeRefusal, Role, ServiceError, Verdict, codes};

use crate::town::{CODE, GZ, Town};

#[tokio::test(flavor = "multi_thread")]
async fn words_of_any_length_find_the_entry_and_nothing_typed_is_an_operator() {
    let town = Town::small().await;
    let officer = town.sz.officer("su", Role::ReqOperator).await;
    let found = async |q: &str| {
        let search = CatalogueSearch { q: q.to_owned(), ..CatalogueSearch::default() };
        catalogue::search(&town.sz.office, &officer, search).await.unwrap().entries.total
    };
    for q in [
        "",
        "缴存",
        "存",
        "贷款",
        "缴存证明",
        "证明查询 贷款",
        "proof",
        "PROOF",
        "of",
        "GRZHZT",
        "广州",
        "307001/000001",
    ] {
        assert_eq!(found(q).await, 1, "{q}");
    }
    for q in [
        "婚姻",
        "婚姻登记",
        "缴存 婚姻",
        "%",
        "__",
        "\"",
        "\" OR \"",
        "缴存*",
        "NOT 婚姻登记",
        "a AND b",
        "'; --",
    ] {
        assert_eq!(found(q).await, 0, "{q}");
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_count_under_the_other_facets() {
    let town = Town::small().await;
    let officer = town.sz.officer("su", Role::ReqOperator).await;
    let search =
        CatalogueSearch { share_type: Some(codes::ShareType::Unconditional), ..CatalogueSearch::default() };
    let page = catalogue::search(&town.sz.office, &officer, search).await.unwrap();
    assert_eq!(page.entries.total, 0);
    let conditional = page.facets.share_type.iter().find(|value| value.value == "conditional").unwrap();
    assert_eq!((conditional.count, conditional.on), (1, false));
    assert!(page.facets.provider.is_empty(), "no provider under an unmet sharing type");

    let search = CatalogueSearch {
        provider: Some(GZ.to_owned()),
        region: Some("440000".to_owned()),
        mode: Some(codes::Mode::Query),
        grade: Some(4),
        ..CatalogueSearch::default()
    };
    let page = catalogue::search(&town.sz.office, &officer, search).await.unwrap();
    assert_eq!(page.entries.total, 1);
    assert_eq!(page.facets.region[0].value, "440000");
    assert!(page.facets.grade[0].on && page.facets.mode[0].on && page.facets.provider[0].on);
    town.stop().await;
}

/// What policy hides is neither listed nor counted.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_of_an_entry_that_policy_hides() {
    let town = Town::small().await;
    for (role, seen) in [(Role::ReqOperator, 1), (Role::BizUser, 0)] {
        let officer = town.jd.officer(role.code(), role).await;
        let page = catalogue::search(&town.jd.office, &officer, CatalogueSearch::default()).await.unwrap();
        assert_eq!((page.entries.total, page.entries.rows.len()), (seen, seen as usize));
        assert_eq!((page.all_entries, page.all_providers), (seen, seen));
        let facets = page.facets;
        let counted = [facets.share_type, facets.mode, facets.region, facets.provider, facets.grade]
            .map(|values| values.iter().map(|value| value.count).sum::<u64>());
        assert_eq!(counted, [seen; 5], "{role:?}");
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_says_what_the_officer_may_do_with_it() {
    let town = Town::small().await;
    let operator = town.sz.officer("su", Role::ReqOperator).await;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let own = town.gz.officer("tang", Role::ReqOperator).await;
    let entry = catalogue::entry(&town.sz.office, &operator, CODE, None).await.unwrap();
    assert!(entry.may_request.is_open());
    assert_eq!((entry.latest, entry.answer_days, entry.row.grade), (1, Some(10), 4));
    let entry = catalogue::entry(&town.sz.office, &clerk, CODE, Some(1)).await.unwrap();
    assert_eq!(entry.may_request, Verdict::Denied(Denial { layer: Layer::National, row: None }));
    let entry = catalogue::entry(&town.gz.office, &own, CODE, None).await.unwrap();
    assert_eq!(entry.may_request, Verdict::Refused(OfficeRefusal::EntryOwn.into()));
    for (code, version) in [("307001/000009", None), (CODE, Some(2)), ("no code", None)] {
        let missing = catalogue::entry(&town.sz.office, &operator, code, version).await;
        assert_eq!(missing.err(), Some(ServiceError::NotFound), "{code}");
    }
    town.stop().await;
}
