//! What a search of the catalogue finds, for whom, and in which order.

use super::*;
use crate::codes::Role;
use crate::stage::{CODE, House, Projected, Stage, revised};
use ledger::transaction::Payload;

#[test]
fn nothing_typed_is_an_operator() {
    assert_eq!(phrase("a\" OR \"b"), "\"a\"\" OR \"\"b\"");
    assert_eq!(like("50%_\\"), "%50\\%\\_\\\\%");
}

#[test]
fn a_search_is_cut_to_its_bounds() {
    let search = bounded(CatalogueSearch {
        q: format!(" {}\u{7} ", "证".repeat(100)),
        region: Some(String::new()),
        ..CatalogueSearch::default()
    });
    assert_eq!(search.q.chars().count(), limits::SEARCH_CHARS_MAX);
    assert_eq!((search.region, search.page), (None, 1));
}

const MARRIAGE: &str = "307001/000002";
const CLOSED: &str = "307001/000003";

/// gz's entry, a later one of sz's about Sichuan, and one of gz's that is shared with nobody.
fn three_entries() -> Stage {
    let mut stage = Stage::published();
    stage.publish(House::Sz, MARRIAGE, |text| {
        text.replace("缴存证明查询", "婚姻登记查询")
            .replace("Proof of contributions", "Marriages 100%")
            .replace("region = \"440100\"", "region = \"510100\"")
    });
    stage.publish(House::Gz, CLOSED, |text| {
        text.replace("\"conditional\"", "\"not-shared\"").replace("modes = [\"query\"]", "modes = []")
    });
    stage
}

async fn page(
    stage: &Stage,
    projected: &Projected,
    house: House,
    role: Role,
    search: CatalogueSearch,
) -> CataloguePage {
    let groups = groups(projected.of(house)).await.unwrap();
    let open = stage.at(house, role, |scene| open_to_discover(scene, &groups)).unwrap();
    let names = Names::read(&stage.state, &house.id()).unwrap();
    found(projected.of(house), search, &open, &names).await.unwrap()
}

fn codes(page: &CataloguePage) -> Vec<&str> {
    page.entries.rows.iter().map(|row| row.entry.code.as_str()).collect()
}

#[tokio::test]
async fn the_newest_entry_stands_first_and_each_field_narrows() {
    let stage = three_entries();
    let projected = stage.projected().await;
    let typed = |text: &str| Some(text.to_owned());
    let none = CatalogueSearch::default;
    let sz = House::Sz.id().to_string();
    for (search, expected) in [
        (none(), vec![CLOSED, MARRIAGE, CODE]),
        (CatalogueSearch { q: "婚姻登记".to_owned(), ..none() }, vec![MARRIAGE]),
        (CatalogueSearch { q: "婚姻".to_owned(), ..none() }, vec![MARRIAGE]),
        (CatalogueSearch { q: "查询 marriages".to_owned(), ..none() }, vec![MARRIAGE]),
        (CatalogueSearch { q: "0%".to_owned(), ..none() }, vec![MARRIAGE]),
        (CatalogueSearch { q: "缴存证明 婚姻".to_owned(), ..none() }, vec![]),
        (CatalogueSearch { q: "成都".to_owned(), ..none() }, vec![MARRIAGE]),
        (CatalogueSearch { share_type: Some(ShareType::NotShared), ..none() }, vec![CLOSED]),
        (CatalogueSearch { share_type: Some(ShareType::Unconditional), ..none() }, vec![]),
        (CatalogueSearch { mode: Some(Mode::Query), ..none() }, vec![MARRIAGE, CODE]),
        (CatalogueSearch { region: typed("510000"), ..none() }, vec![MARRIAGE]),
        (CatalogueSearch { region: typed(""), ..none() }, vec![CLOSED, MARRIAGE, CODE]),
        (CatalogueSearch { provider: typed(&sz), ..none() }, vec![MARRIAGE]),
        (CatalogueSearch { provider: typed("' OR 1=1 --"), ..none() }, vec![]),
        (CatalogueSearch { grade: Some(4), ..none() }, vec![CLOSED, MARRIAGE, CODE]),
        (CatalogueSearch { grade: Some(3), ..none() }, vec![]),
    ] {
        let page = page(&stage, &projected, House::Sz, Role::ReqOperator, search.clone()).await;
        assert_eq!(codes(&page), expected, "{search:?}");
        assert_eq!((page.entries.total, page.all_entries, page.all_providers), (expected.len() as u64, 3, 2));
    }
}

#[tokio::test]
async fn of_an_entry_the_latest_version_is_found_alone() {
    let mut stage = three_entries();
    stage.submit(House::Gz, Payload::Publish(revised(2))).unwrap();
    let projected = stage.projected().await;
    let page = page(&stage, &projected, House::Sz, Role::ReqOperator, CatalogueSearch::default()).await;
    let versions: Vec<_> =
        page.entries.rows.iter().map(|row| (row.entry.code.as_str(), row.entry.version)).collect();
    assert_eq!(versions, [(CODE, 2), (CLOSED, 1), (MARRIAGE, 1)]);
}

#[tokio::test]
async fn what_policy_hides_is_neither_listed_nor_counted() {
    let stage = three_entries();
    let projected = stage.projected().await;
    for (role, seen) in [(Role::ReqOperator, 3), (Role::Inspector, 3), (Role::BizUser, 0)] {
        let page = page(&stage, &projected, House::Jd, role, CatalogueSearch::default()).await;
        let counted = |values: &[FacetValue]| values.iter().map(|value| value.count).sum::<u64>();
        assert_eq!(
            (page.entries.rows.len() as u64, page.entries.total, page.all_entries),
            (seen, seen, seen)
        );
        let facets = &page.facets;
        for values in [&facets.share_type, &facets.region, &facets.provider, &facets.grade] {
            assert_eq!(counted(values), seen, "{role:?} {values:?}");
        }
    }
}

#[tokio::test]
async fn a_facet_counts_what_choosing_it_would_show() {
    let stage = three_entries();
    let projected = stage.projected().await;
    let said = |values: &[FacetValue]| {
        let one = |value: &FacetValue| {
            format!("{}{} {}", value.value, if value.on { "*" } else { "" }, value.count)
        };
        values.iter().map(one).collect::<Vec<_>>()
    };
    let search = CatalogueSearch { region: Some("510000".to_owned()), ..CatalogueSearch::default() };
    let facets = page(&stage, &projected, House::Sz, Role::ReqOperator, search).await.facets;
    assert_eq!(said(&facets.region), ["440000 2", "510000* 1"], "without itself, the most frequent first");
    assert_eq!(said(&facets.share_type), ["unconditional 0", "conditional 1", "not-shared 0"]);
    assert_eq!(said(&facets.mode), ["query 1"], "modes that nothing has are not offered");
    assert_eq!(said(&facets.provider), [format!("{} 1", House::Sz.id())]);
    assert_eq!(said(&facets.grade), ["4 1"]);
    let named = facets.provider[0].label.as_ref().unwrap();
    assert_eq!(named.zh, "440300");
}

#[tokio::test]
async fn a_row_says_how_many_grants_one_holds_for_it_now() {
    let mut stage = Stage::published();
    stage.grant_for("2026-11-20", "2026-11-20");
    stage.grant_for("2026-12-20", "2026-12-31");
    let ended = stage.grant_for("2026-11-20", "2026-12-31");
    stage.revoke(ended);
    stage.grant_for("2026-11-20", "2026-12-31");
    stage.wait_days(1);
    let projected = stage.projected().await;
    for (house, count) in [(House::Sz, 1), (House::Gz, 0), (House::Jd, 0)] {
        let page = page(&stage, &projected, house, Role::ReqOperator, CatalogueSearch::default()).await;
        let row = &page.entries.rows[0];
        assert_eq!((row.live_grants, row.items, row.grade), (count, 6, 4), "{house:?}");
        assert_eq!((row.region.as_str(), row.modes.as_slice()), ("440100", [Mode::Query].as_slice()));
    }
}

#[tokio::test]
async fn ten_thousand_entries_of_one_kind_are_judged_once_and_shown_a_page_at_a_time() {
    let stage = Stage::published();
    let projected = stage.projected().await;
    projected
        .run(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO j_entry SELECT i + 1, '307001/' || (100000 + i), version, provider, region, province,
               share_type, grade, mode_bits, name_zh, name_en, summary_zh, summary_en, item_count, at, height,
               latest, body FROM n, (SELECT * FROM j_entry LIMIT 1)",
        )
        .await;
    assert_eq!(groups(projected.of(House::Sz)).await.unwrap().len(), 1);
    for (asked, rows) in [(0, 20), (501, 1), (502, 0), (u64::MAX, 0)] {
        let search = CatalogueSearch { page: asked, ..CatalogueSearch::default() };
        let page = page(&stage, &projected, House::Sz, Role::ReqOperator, search).await;
        assert_eq!((page.entries.total, page.entries.rows.len()), (10_001, rows), "{asked}");
    }
}

#[tokio::test]
async fn entries_that_policy_tells_apart_are_judged_apart() {
    let projected = three_entries().projected().await;
    let groups = groups(projected.of(House::Sz)).await.unwrap();
    let mut codes: Vec<_> = groups.iter().map(|group| group.codes.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [format!("[\"{CODE}\"]"), format!("[\"{MARRIAGE}\"]"), format!("[\"{CLOSED}\"]")]);
}
