//! What waits for whom on the first page, and the figures at their borders.

use ledger::ids::Time;
use ledger::receipt::DenialClass;

use super::*;
use crate::stage::{House, MORNING, Projected, Stage};
use crate::worklist::TaskKind;

/// The read model of a house as it is read at another moment.
fn at(projected: &Projected, house: House, now: i64) -> ReadModel<'_> {
    ReadModel { now, ..projected.of(house) }
}

async fn home(stage: &Stage, house: House, role: Role) -> Home {
    let projected = stage.projected().await;
    let model = projected.of(house);
    let kept = Kept::read(model).await.unwrap();
    let lists = stage.at(house, role, |scene| kept.lists(scene)).unwrap();
    let (figures, provided) = (figures(model).await.unwrap(), provided(model).await.unwrap());
    let news = News { failed: &[], inspections: &[], steps: &[], drafts: &[] };
    lists.home(role, model.now, figures, &news, provided)
}

fn kinds(home: &Home) -> Vec<TaskKind> {
    home.tasks.iter().map(|task| task.kind).collect()
}

#[tokio::test]
async fn each_role_sees_beside_the_menu_what_waits_for_it() {
    let mut stage = Stage::published();
    let [decided, ..] = [0; 3].map(|_| stage.request());
    stage.refuse(decided);
    let projected = stage.projected().await;
    for (house, role, approvals, requests) in [
        (House::Gz, Role::ProvApprover, 2, 0),
        (House::Gz, Role::ReqOperator, 0, 0),
        (House::Sz, Role::ReqOperator, 0, 2),
        (House::Sz, Role::ProvApprover, 0, 0),
        (House::Sz, Role::BizUser, 0, 0),
        (House::Jd, Role::Inspector, 0, 0),
    ] {
        let counts = waiting_for(projected.of(house), role).await.unwrap();
        assert_eq!(
            (counts.approvals, counts.requests, counts.queries),
            (approvals, requests, 0),
            "{house:?} {role:?}"
        );
    }
}

#[tokio::test]
async fn a_request_waits_for_the_providers_approver_alone() {
    let (stage, request) = Stage::requested();
    for (house, role, expected) in [
        (House::Gz, Role::ProvApprover, vec![TaskKind::Decide]),
        (House::Gz, Role::ReqOperator, vec![]),
        (House::Sz, Role::ReqOperator, vec![]),
        (House::Jd, Role::Inspector, vec![]),
    ] {
        let home = home(&stage, house, role).await;
        assert_eq!(kinds(&home), expected, "{house:?} {role:?}");
        assert!(home.tasks.iter().all(|task| task.id == request.to_string()));
    }
}

/// Asked on Friday the 20th of November: ten working days end with the 4th of December.
#[tokio::test]
async fn what_is_due_today_or_overdue_is_counted_as_pressing() {
    let (mut stage, _) = Stage::requested();
    for (day, pressing) in [(13, 0), (14, 1), (15, 1)] {
        stage.now = Time(MORNING.0 + day * 24 * 3_600_000);
        let figures = home(&stage, House::Gz, Role::ProvApprover).await.figures;
        assert_eq!((figures.to_decide, figures.to_decide_today), (1, pressing), "after {day} days");
    }
    assert_eq!(home(&stage, House::Sz, Role::ReqOperator).await.figures.requests_waiting, 1);
}

#[tokio::test]
async fn refusals_and_ended_grants_are_news_for_fourteen_days() {
    let mut stage = Stage::published();
    let refused = stage.request();
    stage.refuse(refused);
    let refused_at = ms(&stage);
    let grant = stage.grant_for("2026-11-20", "2027-02-17");
    stage.revoke(grant);
    let ended_at = ms(&stage);
    let projected = stage.projected().await;
    let term = limits::HOME_DAYS * limits::DAY_MS;
    for (now, count) in [(refused_at + term, 1), (refused_at + term + 1, 0)] {
        let figures = figures(at(&projected, House::Sz, now)).await.unwrap();
        assert_eq!(figures.requests_refused, count);
    }
    for (now, count) in [(ended_at + term, 1), (ended_at + term + 1, 0)] {
        assert_eq!(ended_grants(at(&projected, House::Sz, now)).await.unwrap().len(), count);
    }
    assert!(ended_grants(projected.of(House::Gz)).await.unwrap().is_empty(), "who ended it knows");
    assert_eq!(
        kinds(&home(&stage, House::Sz, Role::ReqOperator).await),
        [TaskKind::Revoked, TaskKind::Refused]
    );
    assert_eq!(kinds(&home(&stage, House::Sz, Role::BizUser).await), [TaskKind::Revoked]);
}

/// The time of the last block.
fn ms(stage: &Stage) -> i64 {
    crate::names::ms(stage.now) - 1_000
}

#[tokio::test]
async fn a_grant_is_live_from_its_first_to_its_last_moment_and_ending_for_seven_days() {
    let mut stage = Stage::published();
    let grant = stage.grant_for("2026-12-01", "2026-12-31");
    let (from, until) = stage.at(House::Sz, Role::BizUser, |scene| {
        let grant = scene.grant(&grant).unwrap();
        (crate::names::ms(grant.from), crate::names::ms(grant.until))
    });
    let projected = stage.projected().await;
    let week = limits::GRANT_ENDING_DAYS * limits::DAY_MS;
    for (now, live, ending) in [
        (from - 1, 0, 0),
        (from, 1, 0),
        (until - week - 1, 1, 0),
        (until - week, 1, 1),
        (until, 1, 1),
        (until + 1, 0, 0),
    ] {
        let model = at(&projected, House::Sz, now);
        let found = figures(model).await.unwrap();
        assert_eq!((found.grants_live, found.grants_ending), (live, ending), "{}", now - until);
        assert_eq!(live_grants(model).await.unwrap().len() as u64, live);
        assert_eq!(figures(at(&projected, House::Gz, now)).await.unwrap().grants_live, 0);
    }
}

#[tokio::test]
async fn the_grants_one_may_ask_under_stand_by_their_use() {
    let mut stage = Stage::published();
    let [first, second, third] = [0; 3].map(|_| stage.grant_for("2026-11-20", "2027-02-17"));
    stage.answer(third);
    stage.answer(third);
    stage.answer(second);
    let found = home(&stage, House::Sz, Role::BizUser).await;
    let ids: Vec<_> = found.grants.iter().map(|row| row.id.clone()).collect();
    assert_eq!(ids, [third, second, first].map(|grant| grant.to_string()));
    assert_eq!(kinds(&found), [TaskKind::Granted], "only the unused one is news");
    assert!(
        home(&stage, House::Sz, Role::ReqOperator).await.grants.is_empty(),
        "who may not ask is offered none"
    );
    let more = [0; 8].map(|_| stage.grant_for("2026-11-20", "2027-02-17"));
    let found = home(&stage, House::Sz, Role::BizUser).await;
    assert_eq!((found.grants.len(), found.figures.grants_live), (6, 3 + more.len() as u64));
    assert_eq!((found.requests.len(), found.tasks.len()), (6, 9));
}

#[tokio::test]
async fn figures_of_today_end_at_midnight_in_beijing() {
    let (mut stage, grant) = Stage::granted();
    stage.answer(grant);
    stage.deny(grant, DenialClass::Policy);
    stage.inspect();
    let inspection = stage.at(House::Jd, Role::Inspector, |scene| scene.working().unwrap());
    let projected = stage.projected().await;
    let midnight = crate::names::ms(MORNING) + 14 * 3_600_000;
    for (house, asked, answered) in [(House::Sz, 2, 0), (House::Gz, 0, 2), (House::Jd, 0, 0)] {
        let today = figures(at(&projected, house, midnight - 1)).await.unwrap();
        assert_eq!((today.asked_today, today.answered_today), (asked, answered));
        let tomorrow = figures(at(&projected, house, midnight)).await.unwrap();
        assert_eq!((tomorrow.asked_today, tomorrow.answered_today), (0, 0));
    }
    let jd = |now| at(&projected, House::Jd, now);
    assert_eq!(covered_today(jd(midnight - 1), None).await.unwrap(), 0, "without an inspection nothing");
    let covered = covered_today(jd(midnight - 1), Some(&inspection)).await.unwrap();
    assert_eq!((covered, covered_today(jd(midnight), Some(&inspection)).await.unwrap()), (2, 0));
}

#[tokio::test]
async fn the_chart_shows_fourteen_days_also_without_queries() {
    let (mut stage, grant) = Stage::granted();
    stage.answer(grant);
    stage.deny(grant, DenialClass::Policy);
    stage.wait_days(13);
    stage.answer(grant);
    let projected = stage.projected().await;
    let days = provided(projected.of(House::Gz)).await.unwrap();
    let figures: Vec<_> = days.iter().map(|day| (day.day.as_str(), day.answered, day.denied)).collect();
    assert_eq!((figures.len(), figures[0], figures[13]), (14, ("2026-11-20", 1, 1), ("2026-12-03", 1, 0)));
    assert!(figures[1..13].iter().all(|(_, answered, denied)| answered + denied == 0));
    let days = provided(projected.of(House::Sz)).await.unwrap();
    assert_eq!((days.len(), days.iter().map(|day| day.answered + day.denied).sum::<u64>()), (14, 0));
    let day_later = at(&projected, House::Gz, projected.now + limits::DAY_MS);
    assert_eq!(provided(day_later).await.unwrap()[0].day, "2026-11-21");
}

#[tokio::test]
async fn the_last_six_receipts_are_those_of_the_own_department() {
    let (mut stage, grant) = Stage::granted();
    let queries = [0; 7].map(|_| stage.answer(grant));
    for (house, count) in [(House::Sz, 6), (House::Gz, 6), (House::Jd, 0)] {
        let home = home(&stage, house, Role::BizUser).await;
        let ids: Vec<_> = home.receipts.iter().map(|row| row.id.clone()).collect();
        let newest: Vec<_> = queries.iter().rev().take(count).map(ToString::to_string).collect();
        assert_eq!(ids, newest, "{house:?}");
    }
}
