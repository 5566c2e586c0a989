//! Invented views of queries, records and the access log.

use services::audit::{AuditFacets, AuditPage, Scope};
use services::audit_log::LoggedEvent;
use services::catalogue::ItemView;
use services::chain::{CertificateView, ProofStep, ProofView, SignerView};
use services::codes::*;
use services::facets::FacetValue;
use services::grants::GrantedItemView;
use services::inspection::{LogFacets, LogPage, LogSearch};
use services::names::{GrantRef, RequestRef};
use services::queries::{
    Cell, DenialView, QueryForm, QueryInput, QueryRow, QueryStep, QueryView, ReceiptRef, ResultView, Signing,
    StepKind, ToSign, Withheld, WithheldReason,
};
use services::receipts::*;
use services::{OfficeRefusal, Page, Verdict};

use super::things::*;

pub(super) fn query_form() -> QueryForm {
    QueryForm {
        form_id: hex("form"),
        grant: hex("grant"),
        grant_number: "SQD-2026-000003".into(),
        entry: entry_ref(),
        provider: centre(false),
        purpose: "01".into(),
        items: items()
            .into_iter()
            .filter(|item| item.returnable)
            .map(|item| GrantedItemView { mask: item.mask, item })
            .collect(),
        id_types: vec!["01".into(), "03".into()],
        until: NOW + 60 * DAY,
        left: 163,
        case_chars_max: 60,
        ask: Verdict::Open,
        signing: Signing::On,
        only_signed: false,
    }
}

pub(super) fn to_sign() -> ToSign {
    let form = query_form();
    ToSign {
        text: format!("zl1-query.{}.{}", hex("chain"), hex("body").repeat(8)),
        items: form.items.iter().map(|granted| granted.item.label.clone()).collect(),
        role: Role::BizUser,
        form,
    }
}

pub(super) fn query_input(form: &QueryForm) -> QueryInput {
    QueryInput {
        form_id: form.form_id.clone(),
        grant: form.grant.clone(),
        items: form.items.iter().map(|granted| granted.item.code.clone()).collect(),
        name: "李小明".into(),
        id_type: "01".into(),
        id_number: "990000199001010018".into(),
        case_no: "穗贷〔2026〕第 04127 号".into(),
    }
}

pub(super) fn cell(item: &ItemView, value: &str) -> Cell {
    Cell {
        item: item.code.clone(),
        label: item.label.clone(),
        value: (!value.is_empty()).then(|| value.to_owned()),
        mask: item.mask,
    }
}

/// A query in a state; `cleared`: its result is gone.
pub(super) fn query(state: Stage, cleared: bool) -> QueryView {
    let is_closed = state == Stage::Closed;
    let all = items();
    let values = ["**明", "990000********0018", "", "12400.00", "正常"];
    let result = ResultView {
        found: true,
        rows: vec![
            all.iter()
                .zip(values)
                .filter(|(item, _)| item.code != "SJHM")
                .map(|(item, value)| cell(item, value))
                .collect(),
        ],
        rows_withheld: true,
        masked: 2,
        withheld: vec![
            Withheld { item: all[2].clone(), reason: WithheldReason::Policy },
            Withheld { item: all[5].clone(), reason: WithheldReason::NotGranted },
        ],
        watermark: "广州市住房公积金管理中心 张三 · 2026-11-20 14:32:18 · HZ-20261120-7F3A91".into(),
        prepared_at: NOW - 60_000,
    };
    let step = |kind, at: Option<i64>, now| QueryStep { kind, at, now };
    QueryView {
        row: QueryRow {
            id: hex("query"),
            entry: entry_ref(),
            provider: centre(false),
            grant: hex("grant"),
            purpose: "01".into(),
            case_no: "穗贷〔2026〕第 04127 号".into(),
            subject: "**明 9900…0018".into(),
            state,
            reason: (state == Stage::Denied).then(|| Code::from(OfficeRefusal::GrantNotLive)),
            is_final: state != Stage::Held,
            at: NOW - 61_000,
            receipt: (state != Stage::Held).then(|| ReceiptRef {
                id: hex("query"),
                number: "HZ-20261120-7F3A91".into(),
                height: 1202,
                at: NOW - 60_000,
                delivered: is_closed,
            }),
        },
        grant_number: "SQD-2026-000003".into(),
        waiting: (state == Stage::Held).then(|| Code::from(OfficeRefusal::QueryBusy)),
        stamp: 4,
        steps: vec![
            step(StepKind::Asked, Some(NOW - 3_000), false),
            step(StepKind::Held, Some(NOW - 2_000), state == Stage::Held),
            step(StepKind::Recorded, None, false),
            step(StepKind::Opened, None, false),
            step(StepKind::Closed, None, false),
        ],
        denial: (state == Stage::Denied).then(|| DenialView {
            by_provider: true,
            class: DenialClass::Policy,
            layer: Some(Layer::Department),
            row: Some("dep-no-balance".into()),
            code: OfficeRefusal::GrantNotLive.into(),
        }),
        result: (is_closed && !cleared).then_some(result),
        cleared,
        clears_at: is_closed.then_some(NOW + 540_000),
        ask: Verdict::Open,
        same_case: Vec::new(),
    }
}

pub(super) fn record_rows() -> Vec<RecordRow> {
    let row = |outcome, delivery: Option<DeliveryOutcome>, class| RecordRow {
        id: hex("query"),
        number: "HZ-20261120-7F3A91".into(),
        outcome,
        class,
        entry: Some(entry_ref()),
        requester: centre(true),
        provider: centre(false),
        use_no: Some(38),
        place: place(1202, NOW - 60_000),
        delivery: delivery.map(|outcome| DeliveryView { outcome, place: place(1203, NOW - 58_000) }),
    };
    vec![
        row(Outcome::Answered, Some(DeliveryOutcome::Opened), None),
        row(Outcome::Answered, None, None),
        row(Outcome::Denied, None, Some(DenialClass::Policy)),
    ]
}

pub(super) fn certificate() -> CertificateView {
    let signer = |number: usize| SignerView {
        department: centre(number == 0),
        address: hex("a"),
        signed: number != 3,
        signature: (number != 3).then(|| hex("5b02")),
    };
    CertificateView { signers: (0..4).map(signer).collect(), signed: 3, needed: 3, valid: true }
}

pub(super) fn proof() -> ProofView {
    let step = |seed: &str, sibling_left| ProofStep {
        sibling: hex(seed),
        sibling_left,
        node: hex(&format!("n{seed}")),
    };
    ProofView {
        leaf: hex("leaf"),
        index: 1,
        size: 4,
        steps: vec![step("s1", true), step("s2", false)],
        root: hex("ns2"),
        header_root: hex("ns2"),
        matches: true,
    }
}

pub(super) fn record(verified: bool) -> RecordView {
    let checks = CheckCode::ALL.iter().copied().map(|code| CheckView {
        code,
        passed: match code {
            CheckCode::ReceiptLog => None,
            CheckCode::ProviderSignature => Some(verified),
            _ => Some(true),
        },
        expected: (code == CheckCode::Inclusion).then(|| hex("ns2")),
        found: (code == CheckCode::Inclusion).then(|| hex("ns2")),
        facts: match code {
            CheckCode::ReceiptLog => {
                vec![(FactKey::Reason, "too-many".into()), (FactKey::Size, "120000".into())]
            }
            CheckCode::Grant => vec![(FactKey::UseNo, "38".into()), (FactKey::Quota, "200".into())],
            CheckCode::ProviderSignature => vec![(FactKey::Key, hex("key"))],
            _ => Vec::new(),
        },
        micros: 1_130,
    });
    RecordView {
        row: record_rows().remove(0),
        purpose: Some("01".into()),
        mode: Mode::Query,
        grant: Some(RecordGrant {
            named: GrantRef { id: hex("grant"), number: "SQD-2026-000003".into() },
            approved: step_of(None, 130, NOW - 30 * DAY),
            revoked_at: Some(NOW),
        }),
        request: Some(RecordRequest {
            named: RequestRef { id: hex("req"), number: "SQ-2026-000012".into() },
            submitted: step_of(None, 118, NOW - 31 * DAY),
        }),
        seen_height: 1200,
        judged_height: 1201,
        answer_digest: Some(hex("answer")),
        details_digest: hex("details"),
        log_index: 1041,
        word: Some(if verified {
            RecordWord::Officer { root: hex("root"), anchored: place(1_104, NOW - 30 * DAY) }
        } else {
            RecordWord::Department(Assurance::Otp)
        }),
        own: None,
        looks: vec![services::inspections::LookedAt {
            inspectorate: centre(false),
            inspection: services::names::InspectionRef { id: hex("jc"), number: "JC-2026-000019".into() },
            purpose: "03".into(),
            place: place(1_205, NOW),
        }],
        checks: checks.collect(),
        verified,
        verified_at: NOW,
        proof: proof(),
        certificate: certificate(),
        trust_root: hex("root"),
        evidence_name: "HZ-20261120-7F3A91.zlproof".into(),
    }
}

pub(super) fn log() -> LogPage {
    LogPage {
        working: super::inspecting::row(services::inspections::InspectionState::Open, true),
        open: 2,
        search: LogSearch::default(),
        records: Page { rows: record_rows(), total: 3, page: 1, per_page: 20 },
        days: days(),
        facets: LogFacets {
            outcome: vec![
                facet("answered", 2, false),
                facet("denied", 1, true),
                facet("unacknowledged", 1, false),
            ],
            requester: vec![FacetValue {
                label: Some(centre(true).name),
                ..facet("12440100455344021J", 3, false)
            }],
            provider: vec![FacetValue {
                label: Some(centre(false).name),
                ..facet("12510100450711023E", 3, false)
            }],
            region: vec![facet("510000", 3, false)],
            entry: Vec::new(),
        },
        departments: 5,
        noted_as: 88,
    }
}

pub(super) fn audit() -> AuditPage {
    let entry = |seq: u64, event: &str, account: &str, role: &str, object: &str, outcome: &str| LoggedEvent {
        seq,
        at: NOW,
        event: event.into(),
        account: account.into(),
        role: role.into(),
        address: "192.0.2.7".into(),
        session: "0f1e2d3c4b5a6978".into(),
        object: object.into(),
        items: if event == "query.ask" { "GRZHYE,XingMing".into() } else { String::new() },
        purpose: if event == "query.ask" { "01".into() } else { String::new() },
        outcome: outcome.into(),
        digest: hex("entry"),
    };
    let rows = vec![
        entry(9, "query.ask", "zhangsan", "BIZ_USER", &hex("grant"), "ok"),
        entry(8, "staff.create", "system", "", "lisi", "ok"),
        entry(7, "log.search", "wangwu", "SEC_ADMIN", "page=1", "denied national nat-inspect"),
        entry(6, "record.show", "wangwu", "INSPECTOR", &hex("record"), "E-1A2B3C"),
    ];
    AuditPage {
        scope: Scope::Administrators,
        entries: Page { rows, total: 4, page: 1, per_page: 20 },
        facets: AuditFacets {
            event: vec![facet("query.ask", 1, false), facet("staff.create", 1, false)],
            account: vec![facet("zhangsan", 1, false)],
            result: vec![facet("done", 2, false), facet("refused", 1, true)],
        },
        noted_as: 10,
    }
}
