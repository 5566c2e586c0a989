//! Invented replays of a period.

use askama::Template;
use services::Page;
use services::codes::{Code, Role};
use services::replay::{
    FINDING_CODES, FindingRow, ReplayForm, ReplayInput, ReplayRow, ReplayState, ReplayView, WhatRow,
};

use super::things::{DAY, NOW, centre, hex};
use super::{frame, pager, shell};
use crate::language::Language;
use crate::mistakes::Mistakes;
use crate::replay::{FormPage, RunPage};

/// The pages by name.
pub(super) fn pages(language: Language) -> Vec<(&'static str, String)> {
    let here = "/replay";
    let (f, shell) = (|| frame(language, here), || shell(language, Role::Inspector, here));
    let mistakes = Mistakes { fields: vec![("until", "too-far")], sentence: None };
    let first = FormPage { f: f(), shell: shell(), form: form(), mistakes }.render().unwrap();
    let runs = [
        ("replay-running", running()),
        ("replay-same", same()),
        ("replay-refused", refused()),
        ("replay-failed", failed()),
        ("replay-found", found()),
    ];
    let runs = runs.map(|(name, view)| {
        let page = RunPage { f: f(), shell: shell(), view, pager: pager(1, 4) };
        (name, page.render().unwrap())
    });
    std::iter::once(("replay", first)).chain(runs).collect()
}

fn row(state: ReplayState, found: u64) -> ReplayRow {
    let (from, until) = (NOW - 20 * DAY, NOW);
    ReplayRow { id: hex("replay"), department: centre(false), from, until, begun: NOW, state, found }
}

fn form() -> ReplayForm {
    ReplayForm {
        departments: vec![centre(true), centre(false)],
        input: ReplayInput {
            department: centre(false).id,
            from: "2026-11-01".into(),
            until: "2026-11-20".into(),
        },
        runs: vec![
            row(ReplayState::Running, 0),
            row(ReplayState::Done, 0),
            row(ReplayState::Done, 3),
            row(ReplayState::Stopped, 0),
            row(ReplayState::Refused, 0),
            row(ReplayState::Failed, 0),
        ],
        days_max: 366,
    }
}

fn view(state: ReplayState, findings: Vec<FindingRow>) -> ReplayView {
    let found = findings.len() as u64;
    ReplayView {
        row: row(state, found),
        stamp: 7,
        blocks_done: 51_200,
        blocks: 86_400,
        records: 412,
        judged: 398,
        same: 395,
        facts: 14,
        aged: 0,
        unrecorded: Some(2),
        findings: Page { rows: findings, total: found, page: 1, per_page: 20 },
        unlisted: 0,
        reason: None,
        fault: None,
        opens_receipts: true,
    }
}

fn running() -> ReplayView {
    ReplayView { unrecorded: None, ..view(ReplayState::Running, Vec::new()) }
}

fn same() -> ReplayView {
    view(ReplayState::Done, Vec::new())
}

fn refused() -> ReplayView {
    let reason = Code::all().find(|code| code.code() == "inspection.none");
    ReplayView { reason, ..view(ReplayState::Refused, Vec::new()) }
}

fn failed() -> ReplayView {
    ReplayView { fault: Some("E-1A2B3C".into()), ..view(ReplayState::Failed, Vec::new()) }
}

/// With everything that can be found.
fn found() -> ReplayView {
    let what = |code| WhatRow {
        code,
        detail: match code {
            "attribute" => "role".into(),
            "row" => "national: nat-answer \u{2192} -".into(),
            _ => String::new(),
        },
    };
    let finding = |(number, codes): (usize, &[&'static str])| FindingRow {
        receipt: hex("receipt"),
        number: format!("HZ-20261120-7F3A{number:02}"),
        height: 1_204,
        at: NOW,
        side: if number == 0 { "requester" } else { "provider" },
        what: codes.iter().map(|code| what(*code)).collect(),
    };
    let findings = FINDING_CODES.chunks(3).enumerate().map(finding).collect();
    ReplayView { unlisted: 12, opens_receipts: false, ..view(ReplayState::Done, findings) }
}
