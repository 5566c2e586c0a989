//! Pages of inspections, as both sides see them.

use std::collections::BTreeMap;

use askama::Template;
use services::codes::Role;
use services::inspections::*;
use services::{OfficeRefusal, Page, Verdict};

use super::things::*;
use super::{frame, pager, shell};
use crate::inspections::{FormPage, InspectionPage, ListPage};
use crate::language::Language;
use crate::log::ClosedPage;
use crate::mistakes::Mistakes;

fn inspectorate(own: bool) -> services::names::DepartmentRef {
    services::names::DepartmentRef {
        id: "11510000X00000430L".into(),
        name: words("四川省住房公积金监督检查处（演示）", "Sichuan housing fund inspectorate (demo)"),
        region: "510000".into(),
        own,
    }
}

pub(super) fn row(state: InspectionState, own: bool) -> InspectionRow {
    let waits = matches!(state, InspectionState::Proposed | InspectionState::Dropped);
    InspectionRow {
        id: hex(state.code()),
        number: (!waits).then(|| "JC-2026-000019".to_owned()),
        inspectorate: inspectorate(own),
        scope: if state == InspectionState::Closed { Vec::new() } else { vec![centre(true), centre(false)] },
        from: NOW - 30 * DAY,
        until: NOW,
        ends: NOW + 3 * DAY,
        purpose: "03".into(),
        state,
        at: NOW - DAY,
        looks: if waits { 0 } else { 3 },
        last_look: (!waits).then_some(NOW - 60_000),
        working: own && state == InspectionState::Open,
    }
}

fn looks() -> Vec<LookRow> {
    let row = |kind, number: &str| LookRow {
        kind,
        id: hex(number),
        number: number.into(),
        entry: (kind != SightKind::Record).then(entry_ref),
        requester: centre(false),
        provider: centre(true),
        place: place(1_204, NOW - 60_000),
    };
    vec![
        row(SightKind::Record, "HZ-20261120-7F3A91"),
        row(SightKind::Request, "SQ-2026-000012"),
        row(SightKind::Grant, "SQD-2026-000003"),
    ]
}

fn view(state: InspectionState, own: bool) -> InspectionView {
    let row = row(state, own);
    let waits = row.number.is_none();
    let no = || Verdict::Refused(OfficeRefusal::InspectionNone.into());
    let may = |is_open: bool| if is_open { Verdict::Open } else { no() };
    let rows = if waits { Vec::new() } else { looks() };
    let name = own.then_some("唐勇");
    InspectionView {
        papers: own.then(|| InspectionPapers {
            case_no: "川公积监〔2026〕19 号".into(),
            warrant_no: "监督检查通知书第 19 号".into(),
            reason: "群众举报".into(),
        }),
        by: Some(person(name)),
        opened: (!waits).then(|| step_of(name, 1_190, NOW - DAY)),
        closed: (state == InspectionState::Closed)
            .then(|| Concluded { code: "02".into(), step: step_of(name, 1_201, NOW) }),
        commitments: (!waits).then(|| [hex("case"), hex("warrant")]),
        looks: Page { total: rows.len() as u64, rows, page: 1, per_page: 20 },
        looks_waiting: u64::from(own && state == InspectionState::Open),
        shows_looks: true,
        may: InspectionMay {
            countersign: may(own && waits),
            withdraw: may(own && waits),
            choose: may(own && state == InspectionState::Open),
            close: may(own && matches!(state, InspectionState::Open | InspectionState::Ended)),
        },
        forms: InspectionForms {
            countersign: hex("nonce"),
            close: hex("form"),
            conclusions: services::purpose::INSPECTION_CONCLUSIONS.map(str::to_owned).to_vec(),
        },
        row,
    }
}

fn form() -> InspectionForm {
    InspectionForm {
        departments: vec![centre(true), centre(false)],
        departments_max: 64,
        purposes: services::purpose::INSPECTION_PURPOSES.map(str::to_owned).to_vec(),
        today: "2026-11-20".into(),
        last_day: "2027-05-18".into(),
        days_max: 180,
        input: InspectionInput {
            form_id: hex("form"),
            scope: "named".into(),
            departments: vec![centre(false).id],
            from: "2026-10-21".into(),
            until: "2026-12-20".into(),
            ends: "2026-12-20".into(),
            ..InspectionInput::default()
        },
    }
}

/// Draws them all.
pub(super) fn draw(language: Language, drawn: &mut BTreeMap<&'static str, String>) {
    let f = |here: &str| frame(language, here);
    let states = InspectionState::ALL.iter();
    let list = |role, rows: Vec<InspectionRow>, may_open| ListPage {
        f: f("/inspections"),
        shell: shell(language, role, "/inspections"),
        pager: pager(1, rows.len() as u64),
        rows,
        may_open,
    };
    let own = states.clone().map(|state| row(*state, true)).collect();
    drawn.insert("inspections", list(Role::Inspector, own, true).render().unwrap());
    drawn.insert("inspections-none", list(Role::Inspector, Vec::new(), true).render().unwrap());
    let others = vec![row(InspectionState::Open, false)];
    drawn.insert("inspected", list(Role::ProvApprover, others, false).render().unwrap());
    drawn.insert("inspected-none", list(Role::AuditAdmin, Vec::new(), false).render().unwrap());
    let mistakes = Mistakes { fields: vec![("file_no", "missing"), ("ends", "too-far")], sentence: None };
    let page = FormPage {
        f: f("/inspections/new"),
        shell: shell(language, Role::Inspector, "/inspections/new"),
        form: form(),
        mistakes,
    };
    drawn.insert("inspection-form", page.render().unwrap());
    let show = |role, view: InspectionView| InspectionPage {
        f: f("/inspections/8c"),
        shell: shell(language, role, "/inspections/8c"),
        pager: pager(1, view.looks.total),
        view,
        mistakes: Mistakes::default(),
        conclusion: "02".into(),
    };
    for (name, state) in [
        ("inspection-proposed", InspectionState::Proposed),
        ("inspection-dropped", InspectionState::Dropped),
        ("inspection-open", InspectionState::Open),
        ("inspection-ended", InspectionState::Ended),
        ("inspection-closed", InspectionState::Closed),
    ] {
        drawn.insert(name, show(Role::Inspector, view(state, true)).render().unwrap());
    }
    let looked_at = view(InspectionState::Open, false);
    drawn.insert("inspection-looked-at", show(Role::ProvApprover, looked_at.clone()).render().unwrap());
    let counted = InspectionView { shows_looks: false, ..looked_at };
    drawn.insert("inspection-counted", show(Role::AuditAdmin, counted).render().unwrap());
    let why = f("/log").refusal("inspection.none");
    let page = ClosedPage { f: f("/log"), shell: shell(language, Role::Inspector, "/log"), why };
    drawn.insert("log-closed", page.render().unwrap());
}
