//! Judging a period again: who may, what is noted, what is found.

use std::time::Duration;

use exchange::{LogHeadSource as _, Look};
use ledger::ids::Time;
use services::replay::{self, ReplayInput, ReplayState, ReplayView};
use services::{Code, Office, OfficeRefusal, Officer, Role, ServiceError};

use crate::inspections::opened;
use crate::town::{GZ, JD, PATIENCE, SZ, Town, until};

fn of(department: &str) -> ReplayInput {
    let day = |at: jiff::Timestamp| jiff::tz::offset(8).to_datetime(at).date().to_string();
    // A test may begin before midnight and end after it.
    let (from, until) = (jiff::Timestamp::now(), jiff::Timestamp::now() + Duration::from_secs(24 * 3600));
    ReplayInput { department: department.to_owned(), from: day(from), until: day(until) }
}

async fn ended(office: &Office, officer: &Officer, id: &str) -> ReplayView {
    let wait = async {
        let mut view = replay::show(office, officer, id, 1).await.unwrap();
        while view.row.state == ReplayState::Running {
            view = replay::wait(office, officer, id, view.stamp, PATIENCE).await.unwrap();
        }
        view
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

fn not_yours() -> ServiceError {
    ServiceError::Refused(OfficeRefusal::ReplayNotYours.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_over_a_department_finds_a_decision_that_was_not_kept() {
    let town = Town::small().await;
    let query = town.gz.denies_an_unknown_grant_of(&town.sz).await.to_string();
    let office = &town.gz.office;
    let auditor = town.gz.officer("peng", Role::AuditAdmin).await;
    let form = replay::form(office, &auditor).await.unwrap();
    assert_eq!(form.departments.iter().map(|d| d.id.as_str()).collect::<Vec<_>>(), [GZ]);

    let id = replay::start(office, &auditor, of(GZ)).await.unwrap();
    let view = ended(office, &auditor, &id).await;
    assert_eq!((view.row.state, view.row.found, view.unrecorded), (ReplayState::Done, 1, Some(0)));
    let finding = &view.findings.rows[0];
    assert_eq!(
        (finding.receipt.as_str(), finding.side, finding.what[0].code),
        (&*query, "provider", "missing")
    );
    assert!(!view.opens_receipts, "administrators see no business");
    assert_eq!(replay::form(office, &auditor).await.unwrap().runs.len(), 1);
    let noted = town.gz.audit.newest(1).await.unwrap();
    assert_eq!((noted[0].event.as_str(), noted[0].account.as_str()), ("replay.run", "peng"));
    assert!(noted[0].object.starts_with(&format!("department={GZ} from=")), "{}", noted[0].object);

    // A run is its officer's only.
    let colleague = town.gz.officer("luo", Role::SecAdmin).await;
    assert_eq!(replay::show(office, &colleague, &id, 1).await, Err(ServiceError::NotFound));
    assert_eq!(replay::stop(office, &colleague, &id).await, Err(ServiceError::NotFound));
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_judges_again_and_their_try_is_noted() {
    let town = Town::small().await;
    let auditor = town.gz.officer("peng", Role::AuditAdmin).await;
    let clerk = town.gz.officer("cheng", Role::BizUser).await;
    let elsewhere = town.sz.officer("gu", Role::Inspector).await;
    for (department, officer, whose) in [
        (&town.gz, &auditor, SZ),
        (&town.gz, &clerk, GZ),
        (&town.sz, &elsewhere, GZ),
        (&town.gz, &auditor, "12510100X00000318P"),
    ] {
        assert_eq!(replay::start(&department.office, officer, of(whose)).await, Err(not_yours()));
        let noted = department.audit.newest(1).await.unwrap();
        assert_eq!((noted[0].event.as_str(), noted[0].outcome.as_str()), ("replay.run", "replay.not-yours"));
    }
    assert_eq!(replay::form(&town.gz.office, &clerk).await, Err(not_yours()));
    town.stop().await;
}

/// Without a way to the department looked at the run says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_inspector_is_told_that_a_department_opens_nothing() {
    let town = Town::small().await;
    town.gz.denies_an_unknown_grant_of(&town.sz).await;
    let inspector = town.jd.officer("shen", Role::Inspector).await;
    let form = replay::form(&town.jd.office, &inspector).await.unwrap();
    let none = Err(ServiceError::Refused(OfficeRefusal::InspectionNone.into()));
    assert_eq!(replay::start(&town.jd.office, &inspector, of(SZ)).await, none, "no case, no look");
    let second = town.jd.officer("qian", Role::Inspector).await;
    opened(&town.jd, &inspector, &second).await;
    assert!(form.departments.iter().all(|department| department.id != JD) && form.departments.len() == 2);
    let id = replay::start(&town.jd.office, &inspector, of(SZ)).await.unwrap();
    let view = ended(&town.jd.office, &inspector, &id).await;
    assert_eq!(view.row.state, ReplayState::Refused);
    let unreached = [exchange::Outcome::ProviderUnreachable, exchange::Outcome::ProviderSilent];
    assert!(
        unreached.map(|outcome| Some(Code::Exchange(outcome))).contains(&view.reason),
        "{:?}",
        view.reason
    );
    assert_eq!(view.unrecorded, None);
    town.stop().await;
}

/// What an inspectorate looked at stands in the log of the department looked at.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_from_outside_stands_in_the_own_log() {
    let town = Town::small().await;
    let queries = vec![ledger::ids::QueryId([0xab; 32])];
    let look = Look {
        at: Time(1),
        by: JD.parse().unwrap(),
        inspection: ledger::ids::InspectionId([7; 32]),
        queries,
    };
    town.gz.audit.note_look(look).await.unwrap();
    until(|| async {
        let noted = town.gz.audit.newest(1).await.unwrap();
        noted[0].event == "decision.disclose" && noted[0].object.contains(JD)
    })
    .await;
    town.gz.audit.verify().await.unwrap();
    town.stop().await;
}
