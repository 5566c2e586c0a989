//! Steps that wait for a second officer, drawn from invented views.

use askama::Template;
use services::codes::{Mode, ReceiptMode, Role};
use services::countersigning::*;
use services::names::{GrantRef, RequestRef};
use services::{OfficeRefusal, Verdict};

use super::things::*;
use super::{frame, pager, shell};
use crate::countersigning::{ListPage, StepPage};
use crate::language::Language;
use crate::mistakes::Mistakes;

/// The pages by name.
pub(super) fn pages(language: Language) -> Vec<(&'static str, String)> {
    let list = ListPage {
        f: frame(language, "/countersign"),
        shell: shell(language, Role::DeptLead, "/countersign"),
        rows: steps(),
        pager: pager(1, 3),
    };
    let mut drawn = vec![("countersign", list.render().unwrap())];
    let names =
        ["step-drafted", "step-countersign", "step-sent-back", "step-query", "step-to-seal", "step-sealing"];
    for (name, row) in names.into_iter().zip(steps()) {
        let seal = name.starts_with("step-to-seal") || name == "step-sealing";
        let seal = seal.then(|| SealAsked {
            text: format!("zl1-step.{}.{}", hex("chain"), hex("word").repeat(4)),
            given: false,
            may: Verdict::Open,
        });
        let page = StepPage {
            f: frame(language, "/countersign/8c"),
            shell: shell(language, Role::ProvApprover, "/countersign/8c"),
            view: WaitingView { seal, ..waiting(row) },
            hindrance: None,
            mistakes: Mistakes::default(),
            reason: String::new(),
        };
        drawn.push((name, page.render().unwrap()));
    }
    drawn
}

fn steps() -> Vec<WaitingRow> {
    let row = |kind, state, own| WaitingRow {
        id: hex("step"),
        kind,
        state,
        entry: entry_ref(),
        department: centre(false),
        purpose: "01".into(),
        items: 5,
        request: (kind == StepKind::Approval)
            .then(|| RequestRef { id: hex("req"), number: "SQ-2026-000012".into() }),
        by: if own { "张三".into() } else { "王敏".into() },
        own,
        unsealed: false,
        at: NOW - DAY,
        lapses_at: NOW + 13 * DAY,
    };
    vec![
        row(StepKind::Request, StepState::Waiting, true),
        row(StepKind::Approval, StepState::Waiting, false),
        row(StepKind::Request, StepState::SentBack, true),
        row(StepKind::Query, StepState::Waiting, false),
        WaitingRow { unsealed: true, ..row(StepKind::Request, StepState::Waiting, true) },
        row(StepKind::Approval, StepState::Waiting, false),
    ]
}

/// A step as its drafter sees it (`own`), or as who may countersign it does.
fn waiting(row: WaitingRow) -> WaitingView {
    let is_approval = row.kind == StepKind::Approval;
    let shown = items().into_iter().filter(|item| item.returnable).map(|item| ContentItem {
        mask: item.mask,
        left_out: is_approval && item.code == "SJHM",
        beyond_need: item.code == "ZJHM",
        item,
    });
    WaitingView {
        content: Some(StepContent {
            basis: (!is_approval).then(|| "01".into()),
            mode: Mode::Query,
            items: shown.collect(),
            from_day: "2026-11-20".into(),
            until_day: "2027-02-18".into(),
            quota: 200,
            quota_asked: is_approval.then_some(500),
            receipt_mode: is_approval.then_some(ReceiptMode::Each),
            person: (row.kind == StepKind::Query).then(|| PersonAsked {
                masked: "**明 990000********0017".into(),
                case_no: "深贷〔2026〕第 00001 号".into(),
                grant: GrantRef { id: hex("grant"), number: "SQD-2026-000003".into() },
            }),
        }),
        sent_back: (row.state == StepState::SentBack)
            .then(|| SentBack { by: "李四".into(), reason: "请去掉手机号码。".into() }),
        signed_by: None,
        object: hex("req"),
        query: None,
        seal: None,
        colleagues: if row.own { vec!["李四".into(), "赵静".into()] } else { Vec::new() },
        may: StepMay {
            sign: if row.own {
                Verdict::Refused(OfficeRefusal::StepNotWaiting.into())
            } else {
                Verdict::Open
            },
            send_back: !row.own,
            take_back: row.own,
        },
        row,
    }
}
