//! What an inspector's search finds, counts and notes.

use ledger::ids::GrantId;
use ledger::inspection::{InspectionScope, OpenInspection};
use ledger::receipt::{DeliveryOutcome, DenialClass};
use sqlx::Row as _;

use super::*;
use crate::codes::Role;
use crate::stage::{CODE, House, NOTHING, Projected, Stage, said};

#[test]
fn days_without_records_are_counted_as_zero() {
    let counted = [("2026-11-18".to_owned(), 3, 1), ("2026-11-20".to_owned(), 2, 0)];
    let days = without_gaps(&counted);
    let figures: Vec<_> = days.iter().map(|day| (day.day.as_str(), day.answered, day.denied)).collect();
    assert_eq!(figures, [("2026-11-18", 3, 1), ("2026-11-19", 0, 0), ("2026-11-20", 2, 0)]);
    assert!(without_gaps(&[]).is_empty());
}

#[test]
fn a_long_time_is_cut_to_its_last_days() {
    let counted = [("2020-01-01".to_owned(), 1, 0), ("2026-11-20".to_owned(), 1, 0)];
    let days = without_gaps(&counted);
    assert_eq!(days.len() as i64, limits::LOG_DAYS_MAX);
    assert_eq!(days.last().unwrap().day, "2026-11-20");
}

#[test]
fn the_note_of_a_search_holds_what_was_searched() {
    let search = LogSearch {
        provider: Some("12440100X00000254F".to_owned()),
        outcome: Some(Outcome::Denied),
        page: 2,
        ..LogSearch::default()
    };
    assert_eq!(search.object(), "provider=12440100X00000254F outcome=denied page=2");
}

#[test]
fn only_codes_are_noted_of_what_was_searched() {
    let typed = |text: &str| Some(text.to_owned());
    let search = bounded(LogSearch {
        requester: typed("990000199001010017"),
        provider: typed(" 12440100X00000254F "),
        region: typed("440000 page=7"),
        entry: typed("307001/000001"),
        ..LogSearch::default()
    });
    assert_eq!(
        search.object(),
        "requester=- provider=12440100X00000254F region=- entry=307001/000001 page=1"
    );
    assert_eq!(bounded(LogSearch { entry: typed("  "), ..LogSearch::default() }).entry, None);
}

/// Three answers (one opened, one rejected, one not acknowledged), a denial, and one under no known grant.
fn five_accesses() -> Stage {
    let (mut stage, grant) = Stage::granted();
    let [opened, rejected, _] = [0; 3].map(|_| stage.answer(grant));
    stage.acknowledge(opened, DeliveryOutcome::Opened);
    stage.acknowledge(rejected, DeliveryOutcome::RejectedContent);
    stage.deny(grant, DenialClass::Policy);
    stage.deny(GrantId(NOTHING), DenialClass::Grant);
    stage.inspect();
    stage
}

async fn scope(
    stage: &Stage,
    projected: &Projected,
    house: House,
    role: Role,
) -> Result<Reach, ServiceError> {
    let groups = catalogue::groups(projected.of(house)).await.unwrap();
    stage.at(house, role, |scene| Reach::of(scene, &groups))
}

async fn total(projected: &Projected, scope: &Reach, search: LogSearch) -> u64 {
    listed(projected.of(House::Jd), &bounded(search), scope).await.unwrap().total
}

#[tokio::test]
async fn only_the_inspectorates_inspector_may_search() {
    let stage = five_accesses();
    let projected = stage.projected().await;
    for (house, role, expected) in [
        (House::Jd, Role::Inspector, "ok"),
        (House::Jd, Role::ReqOperator, "denied national"),
        (House::Sz, Role::Inspector, "denied national"),
        (House::Gz, Role::Inspector, "denied national"),
    ] {
        assert_eq!(said(scope(&stage, &projected, house, role).await), expected, "{house:?} {role:?}");
    }
}

#[tokio::test]
async fn each_field_narrows_and_an_empty_one_does_not() {
    let stage = five_accesses();
    let projected = stage.projected().await;
    let scope = scope(&stage, &projected, House::Jd, Role::Inspector).await.unwrap();
    let typed = |text: &str| Some(text.to_owned());
    let (gz, sz) = (House::Gz.id().to_string(), House::Sz.id().to_string());
    let none = LogSearch::default;
    for (search, expected) in [
        (none(), 5),
        (LogSearch { requester: typed(&sz), ..none() }, 5),
        (LogSearch { requester: typed(&gz), ..none() }, 0),
        (LogSearch { provider: typed(&gz), ..none() }, 5),
        (LogSearch { provider: typed(&sz), ..none() }, 0),
        (LogSearch { region: typed("440000"), ..none() }, 5),
        (LogSearch { region: typed("510000"), ..none() }, 0),
        (LogSearch { entry: typed(CODE), ..none() }, 4),
        (LogSearch { entry: typed("307001/000002"), ..none() }, 0),
        (LogSearch { entry: typed(" "), ..none() }, 5),
        (LogSearch { requester: typed("990000199001010017"), ..none() }, 0),
        (LogSearch { entry: typed("' OR 1=1 --"), ..none() }, 0),
        (LogSearch { outcome: Some(Outcome::Answered), ..none() }, 3),
        (LogSearch { outcome: Some(Outcome::Denied), ..none() }, 2),
        (LogSearch { outcome: Some(Outcome::Unacknowledged), ..none() }, 1),
        (LogSearch { outcome: Some(Outcome::Rejected), ..none() }, 1),
        (LogSearch { outcome: Some(Outcome::Denied), entry: typed(CODE), ..none() }, 1),
    ] {
        assert_eq!(total(&projected, &scope, search.clone()).await, expected, "{search:?}");
    }
}

#[tokio::test]
async fn a_search_by_time_holds_its_two_ends() {
    let (mut stage, grant) = Stage::granted();
    stage.answer(grant);
    let at = crate::names::ms(stage.now) - 1_000;
    stage.inspect();
    let projected = stage.projected().await;
    let scope = scope(&stage, &projected, House::Jd, Role::Inspector).await.unwrap();
    for (from, until, expected) in [
        (Some(at), Some(at), 1),
        (Some(at + 1), None, 0),
        (None, Some(at - 1), 0),
        (Some(at), None, 1),
        (None, Some(at), 1),
        (Some(i64::MAX), Some(i64::MIN), 0),
    ] {
        let search = LogSearch { from, until, ..LogSearch::default() };
        assert_eq!(total(&projected, &scope, search).await, expected, "{from:?} {until:?}");
    }
}

#[tokio::test]
async fn what_is_not_in_scope_is_not_found() {
    let stage = five_accesses();
    let projected = stage.projected().await;
    let all = scope(&stage, &projected, House::Jd, Role::Inspector).await.unwrap().inspection;
    let open = |codes: &str, providers: &[House]| Reach {
        entries: OpenEntries {
            codes: codes.to_owned(),
            providers: providers.iter().map(|house| house.id()).collect(),
            closed: None,
        },
        inspection: all.clone(),
    };
    for (scope, expected) in [
        (open("[]", &[]), 0),
        (open("[\"307001/000001\"]", &[]), 4),
        (open("[]", &[House::Gz]), 1),
        (open("[]", &[House::Sz]), 0),
        (open("[\"307001/000001\"]", &[House::Gz, House::Sz]), 5),
    ] {
        assert_eq!(
            total(&projected, &scope, LogSearch::default()).await,
            expected,
            "{}",
            scope.entries.codes
        );
    }
}

#[tokio::test]
async fn records_are_found_newest_first_over_all_pages() {
    let stage = five_accesses();
    let projected = stage.projected().await;
    projected
        .run(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9996)
             INSERT INTO j_record SELECT randomblob(32), answered, class, at, day, height, i, tx, requester,
               requester_province, provider, provider_province, grant_id, code, version, units, use_no, delivery,
               delivered_at FROM n, (SELECT * FROM j_record ORDER BY at LIMIT 1)",
        )
        .await;
    let scope = scope(&stage, &projected, House::Jd, Role::Inspector).await.unwrap();
    let mut last = (i64::MAX, i64::MAX);
    for (page, rows) in [(0, 20), (2, 20), (500, 20), (501, 1), (502, 0), (u64::MAX, 0)] {
        let search = bounded(LogSearch { page, ..LogSearch::default() });
        let found = listed(projected.of(House::Jd), &search, &scope).await.unwrap();
        assert_eq!((found.total, found.rows.len()), (10_001, rows), "{page}");
        for row in &found.rows {
            let at: (i64, i64) = (row.get("at"), row.get("place"));
            assert!(at < last, "{at:?} after {last:?}");
            last = at;
        }
    }
}

#[tokio::test]
async fn the_log_shows_what_the_inspection_covers() {
    let found = async |terms: fn(OpenInspection) -> OpenInspection| {
        let (mut stage, grant) = Stage::granted();
        stage.answer(grant);
        stage.inspect_with(terms);
        let projected = stage.projected().await;
        let scope = scope(&stage, &projected, House::Jd, Role::Inspector).await.unwrap();
        total(&projected, &scope, LogSearch::default()).await
    };
    assert_eq!(found(|terms| terms).await, 1);
    assert_eq!(found(|terms| OpenInspection { until: ledger::ids::Time(1), ..terms }).await, 0);
    assert_eq!(found(|terms| OpenInspection { from: terms.until, ..terms }).await, 0);
    for (house, expected) in [(House::Gz, 1), (House::Sz, 1), (House::Jd, 0)] {
        let (mut stage, grant) = Stage::granted();
        stage.answer(grant);
        let scope_of = InspectionScope::Departments([house.id()].into());
        stage.inspect_with(|terms| OpenInspection { scope: scope_of, ..terms });
        let projected = stage.projected().await;
        let scope = scope(&stage, &projected, House::Jd, Role::Inspector).await.unwrap();
        assert_eq!(total(&projected, &scope, LogSearch::default()).await, expected, "{house:?}");
    }
}

/// Values of a facet with their counts; a star at what is chosen.
fn values(values: &[FacetValue]) -> Vec<String> {
    let said =
        |value: &FacetValue| format!("{}{} {}", value.value, if value.on { "*" } else { "" }, value.count);
    values.iter().map(said).collect()
}

#[tokio::test]
async fn each_facet_counts_what_choosing_it_would_show() {
    let stage = five_accesses();
    let projected = stage.projected().await;
    let scope = scope(&stage, &projected, House::Jd, Role::Inspector).await.unwrap();
    let names = Names::read(&stage.state, &House::Jd.id()).unwrap();
    let model = projected.of(House::Jd);
    let (gz, sz) = (House::Gz.id(), House::Sz.id());
    let all = facets(model.pool, &LogSearch::default(), &scope, &names).await.unwrap();
    assert_eq!(values(&all.outcome), ["answered 3", "denied 2", "unacknowledged 1", "rejected 1"]);
    assert_eq!(
        (values(&all.requester), values(&all.provider)),
        (vec![format!("{sz} 5")], vec![format!("{gz} 5")])
    );
    // The denial under no known grant is about no entry: a value without a name is none to choose.
    assert_eq!(values(&all.entry), [format!("{CODE} 4")]);
    assert_eq!(all.entry[0].label.as_ref().map(|label| label.zh.as_str()), Some("缴存证明查询"));
    assert_eq!(values(&all.region), ["440000 5"], "a province without records is not offered");

    let search = LogSearch {
        outcome: Some(Outcome::Rejected),
        region: Some("510000".to_owned()),
        ..LogSearch::default()
    };
    let narrowed = facets(model.pool, &search, &scope, &names).await.unwrap();
    assert_eq!(
        values(&narrowed.region),
        ["440000 1", "510000* 0"],
        "counted without itself, and chosen stays"
    );
    assert_eq!(values(&narrowed.outcome), ["answered 0", "denied 0", "unacknowledged 0", "rejected* 0"]);
    assert!(narrowed.requester.is_empty());
}

#[tokio::test]
async fn the_chart_counts_what_the_search_finds() {
    let mut stage = five_accesses();
    stage.wait_days(2);
    let request = stage.request();
    let grant = stage.approve(&request);
    stage.answer(grant);
    let projected = stage.projected().await;
    let scope = scope(&stage, &projected, House::Jd, Role::Inspector).await.unwrap();
    let model = projected.of(House::Jd);
    let figures = |days: Vec<DayCount>| {
        days.into_iter().map(|day| (day.day, day.answered, day.denied)).collect::<Vec<_>>()
    };
    let days = figures(super::days(model, &LogSearch::default(), &scope).await.unwrap());
    let day = |text: &str, answered, denied| (text.to_owned(), answered, denied);
    assert_eq!(days, [day("2026-11-20", 3, 2), day("2026-11-21", 0, 0), day("2026-11-22", 1, 0)]);
    let denied = LogSearch { outcome: Some(Outcome::Denied), ..LogSearch::default() };
    let days = figures(super::days(model, &denied, &scope).await.unwrap());
    assert_eq!(days, [day("2026-11-20", 0, 2)]);
}
