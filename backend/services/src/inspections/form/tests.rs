//! What a proposal's form says, and who may fill it in.

use ledger::inspection::InspectionScope;

use super::*;
use crate::codes::Role;
use crate::stage::{House, Stage, said};

/// A form without mistakes.
fn filled() -> InspectionInput {
    InspectionInput {
        form_id: String::new(),
        scope: "named".to_owned(),
        departments: vec![House::Gz.id().to_string()],
        from: "2026-10-01".to_owned(),
        until: "2026-11-30".to_owned(),
        ends: "2026-12-20".to_owned(),
        purpose: "03".to_owned(),
        file_no: " 川公积监〔2026〕7 号 ".to_owned(),
        warrant_no: "监督检查通知书第 7 号".to_owned(),
        reason: "群众举报".to_owned(),
    }
}

fn told(change: impl FnOnce(&mut InspectionInput)) -> String {
    let stage = Stage::published();
    let mut input = filled();
    change(&mut input);
    stage.at(House::Jd, Role::Inspector, |scene| said(read(scene, &input)))
}

#[test]
fn every_field_is_read_and_every_mistake_told() {
    assert_eq!(told(|_| ()), "ok");
    assert_eq!(told(|form| form.scope = "all".to_owned()), "ok");
    let gz = House::Gz.id().to_string();
    for (change, expected) in [
        ((|form| form.purpose = "99".to_owned()) as fn(&mut InspectionInput), "purpose not-offered"),
        (|form| form.file_no = " ".to_owned(), "file_no missing"),
        (|form| form.warrant_no = "\u{200b}".to_owned(), "warrant_no bad-characters"),
        (|form| form.warrant_no = "字".repeat(61), "warrant_no too-long"),
        (|form| form.scope = String::new(), "departments not-offered"),
        (|form| form.departments = Vec::new(), "departments none-chosen"),
        (|form| form.departments = vec![House::Jd.id().to_string()], "departments not-offered"),
        (|form| form.departments.push("12440400X00000270E".to_owned()), "departments not-offered"),
        (|form| form.from = "2026-11-21".to_owned(), "from too-far"),
        (|form| form.until = "2026-09-30".to_owned(), "until before-start"),
        (|form| form.until = "2026-12-21".to_owned(), "until too-far"),
        (|form| form.ends = "2026-11-19".to_owned(), "until too-far, ends in-the-past"),
        (|form| form.ends = "2027-05-19".to_owned(), "ends too-far"),
        (|form| form.ends = "x".to_owned(), "ends not-a-date"),
        (|form| form.reason = String::new(), "reason missing"),
    ] {
        assert_eq!(told(change), expected);
    }
    // The 180th day counts, and one department named twice is one.
    assert_eq!(told(|form| form.ends = "2027-05-18".to_owned()), "ok");
    assert_eq!(told(|form| form.departments.push(gz)), "ok");
}

#[test]
fn a_period_runs_from_the_first_to_the_last_moment_of_its_days() {
    let stage = Stage::published();
    let found = stage.at(House::Jd, Role::Inspector, |scene| read(scene, &filled()).unwrap());
    assert_eq!(found.until.0 - found.from.0, 61 * 24 * 60 * 60 * 1000 - 1);
    assert!(found.ends > found.until);
    assert_eq!(found.scope, InspectionScope::Departments([House::Gz.id()].into()));
    assert_eq!((found.case_no.as_str(), found.purpose.as_str()), ("川公积监〔2026〕7 号", "03"));
}

#[tokio::test]
async fn only_the_inspectorates_inspector_draws_it() {
    let stage = Stage::published();
    let projected = stage.projected().await;
    for (house, role, expected) in [
        (House::Jd, Role::Inspector, "ok"),
        (House::Jd, Role::SecAdmin, "denied national"),
        (House::Jd, Role::BizUser, "denied national"),
        (House::Gz, Role::Inspector, "denied national"),
    ] {
        let groups = catalogue::groups(projected.of(house)).await.unwrap();
        let found = stage.at(house, role, |scene| said(drawn(scene, &groups, String::from("form"))));
        assert_eq!(found, expected, "{house:?} {role:?}");
    }
    let groups = catalogue::groups(projected.of(House::Jd)).await.unwrap();
    let form = stage.at(House::Jd, Role::Inspector, |scene| drawn(scene, &groups, String::new()).unwrap());
    assert_eq!(form.departments.len(), 2, "an inspectorate does not look at itself");
    assert_eq!((form.today.as_str(), form.last_day.as_str()), ("2026-11-20", "2027-05-18"));
}
