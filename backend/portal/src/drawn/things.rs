//! Invented views for drawn pages. No person, number or digest here exists.

use services::Words;
use services::catalogue::*;
use services::chain::*;
use services::codes::*;
use services::deadline::{Deadline, Light};
use services::departments::{DepartmentRef, DepartmentRow};
use services::grants::*;
use services::inspection::{DayCount, LogFacets, LogPage, LogSearch};
use services::queries::{Cell, DenialView, QueryForm, QueryInput, QueryRow, QueryStep, QueryView, ReceiptRef, ResultView, Withheld};
use services::record::*;
use services::requests::*;
use services::staff::Person;
use services::worklist::*;
use services::{Page, Verdict};

/// 2026-11-20 14:58:20 in Chinese time.
pub(crate) const NOW: i64 = 1_795_157_900_000;
const DAY: i64 = 86_400_000;

fn hex(seed: &str) -> String {
    seed.bytes().cycle().take(32).map(|byte| format!("{byte:02x}")).collect()
}

fn words(zh: &str, en: &str) -> Words {
    Words::new(zh, en)
}

fn centre(own: bool) -> DepartmentRef {
    let (id, zh, en, region) = if own {
        ("12440100455344021J", "广州市住房公积金管理中心（演示）", "Guangzhou Housing Fund Centre (demo)", "440100")
    } else {
        ("12510100450711023E", "成都市住房公积金管理中心（演示）", "Chengdu Housing Fund Centre (demo)", "510100")
    };
    DepartmentRef { id: id.into(), name: words(zh, en), region: region.into(), own }
}

fn entry_ref() -> EntryRef {
    EntryRef {
        code: "307001/000001".into(),
        version: 2,
        name: words("个人住房公积金缴存信息", "Housing fund contributions of a person"),
    }
}

fn item(code: &str, zh: &str, en: &str, grade: u8, mask: Option<MaskRule>) -> ItemView {
    ItemView {
        code: code.into(),
        label: words(zh, en),
        data_type: DataType::Text,
        sensitivity: if grade >= 4 { 2 } else { 1 },
        grade,
        query_key: code == "ZJHM",
        returnable: code != "GRZHYE",
        verify_only: code == "GRZHYE",
        mask,
    }
}

fn items() -> Vec<ItemView> {
    vec![
        item("XingMing", "姓名", "Name", 3, Some(MaskRule::Name)),
        item("ZJHM", "证件号码", "Identity number", 4, Some(MaskRule::Id)),
        item("SJHM", "手机号码", "Mobile number", 4, Some(MaskRule::Mob)),
        item("GRJCJS", "个人缴存基数", "Contribution base", 3, None),
        item("GRZHZT", "账户状态", "Account status", 2, None),
        item("GRZHYE", "账户余额", "Balance", 4, Some(MaskRule::Amt)),
    ]
}

fn person(name: Option<&str>) -> Person {
    Person {
        name: name.map(str::to_owned),
        pseudonym: "7f3a…91".into(),
        pseudonym_full: hex("7f3a"),
        role: Role::ReqOperator,
        department: centre(name.is_some()),
    }
}

fn limit() -> Deadline {
    Deadline {
        due_at: NOW + 9 * 3_600_000,
        working_days: 10,
        working_days_left: 0,
        due_today: true,
        light: Light::Yellow,
        provisional: false,
    }
}

fn conditions() -> Vec<ConditionView> {
    vec![
        ConditionView { index: 0, code: "01".into(), text: words("仅用于公积金业务审核", "Only to review business of the housing fund") },
        ConditionView { index: 1, code: "02".into(), text: words("须有本人授权或法定职责依据", "Consent or a statutory duty is needed") },
    ]
}

pub(crate) fn request_rows() -> Vec<RequestRow> {
    [RequestState::Submitted, RequestState::Granted, RequestState::Refused, RequestState::Withdrawn]
        .into_iter()
        .enumerate()
        .map(|(number, state)| RequestRow {
            id: hex("req"),
            number: format!("SQ-2026-{:06}", number + 1),
            entry: entry_ref(),
            requester: centre(true),
            provider: centre(false),
            purpose: "01".into(),
            mode: Mode::Query,
            items: 5,
            state,
            at: NOW - DAY,
            decided_at: None,
            deadline: (state == RequestState::Submitted).then(limit),
            grant: None,
            may_decide: false,
        })
        .collect()
}

fn grant_row(status: GrantStatus) -> GrantRow {
    GrantRow {
        id: hex("grant"),
        number: "SQD-2026-000003".into(),
        request: hex("req"),
        entry: entry_ref(),
        requester: centre(true),
        provider: centre(false),
        purpose: "01".into(),
        mode: Mode::Query,
        items: 5,
        status,
        from: NOW - 30 * DAY,
        until: NOW + 5 * DAY,
        ending: status == GrantStatus::Live,
        quota: 200,
        used: 37,
        at: NOW - 30 * DAY,
        may_ask: status == GrantStatus::Live,
    }
}

fn days() -> Vec<DayCount> {
    (7..21)
        .map(|day| DayCount { day: format!("2026-11-{day:02}"), answered: (day * 37) % 90, denied: day % 4 })
        .collect()
}

pub(crate) fn home() -> Home {
    let task = |kind, light, days_left| Task {
        kind,
        id: hex("task"),
        number: "SQ-2026-000012".into(),
        entry: entry_ref(),
        department: centre(false),
        purpose: "01".into(),
        items: 5,
        due_at: Some(NOW + days_left * DAY),
        deadline: (kind == TaskKind::Decide).then(limit),
        days_left,
        light,
    };
    Home {
        now: NOW,
        figures: HomeFigures {
            to_decide: 3,
            to_decide_today: 1,
            requests_waiting: 2,
            requests_refused: 1,
            grants_live: 4,
            grants_ending: 1,
            asked_today: 37,
            answered_today: 12,
            inspected_today: 0,
        },
        tasks: vec![
            task(TaskKind::Decide, Light::Yellow, 0),
            task(TaskKind::Refused, Light::Green, 0),
            task(TaskKind::Renew, Light::Green, 5),
        ],
        requests: request_rows(),
        grants: vec![grant_row(GrantStatus::Live), grant_row(GrantStatus::Revoked)],
        queries: Vec::new(),
        receipts: record_rows(),
        provided: days(),
    }
}

fn facet(value: &str, count: u64, on: bool) -> FacetValue {
    FacetValue { value: value.into(), label: None, count, on }
}

pub(crate) fn catalogue() -> CataloguePage {
    let row = EntryRow {
        entry: entry_ref(),
        provider: centre(false),
        region: "510100".into(),
        region_name: Some("成都市"),
        share_type: ShareType::Conditional,
        grade: 4,
        modes: vec![Mode::Query, Mode::Verify],
        summary: words(
            "按证件号码查询个人账户的缴存基数、月缴存额与账户状态。",
            "Contribution base, monthly contribution and status of a person's account, by identity number.",
        ),
        items: 6,
        at: NOW - 40 * DAY,
        height: 12,
        live_grants: 1,
    };
    CataloguePage {
        search: CatalogueSearch { q: "fund 缴存".into(), share_type: Some(ShareType::Conditional), ..CatalogueSearch::default() },
        entries: Page { rows: vec![row.clone(), EntryRow { provider: centre(true), ..row }], total: 5, page: 1, per_page: 2 },
        facets: Facets {
            share_type: vec![facet("unconditional", 1, false), facet("conditional", 4, true), facet("not-shared", 1, false)],
            mode: vec![facet("query", 4, false), facet("verify", 1, false)],
            region: vec![facet("440000", 2, false), facet("510000", 1, false)],
            provider: vec![FacetValue { label: Some(centre(false).name), ..facet("12510100450711023E", 1, false) }],
            grade: vec![facet("2", 1, false), facet("4", 4, false)],
        },
        all_entries: 6,
        all_providers: 5,
    }
}

pub(crate) fn entry() -> EntryView {
    EntryView {
        entry: entry_ref(),
        provider: centre(false),
        region: "510100".into(),
        region_name: Some("成都市"),
        summary: words("按证件号码查询个人账户的缴存情况。", "Contributions of a person's account, by identity number."),
        items: items(),
        share_type: ShareType::Conditional,
        conditions: conditions(),
        modes: vec![Mode::Query],
        update_cycle: UpdateCycle::Daily,
        grade: 4,
        receipt_mode: ReceiptMode::Each,
        legal_basis: words("《住房公积金管理条例》", "Regulations on Management of Housing Provident Fund"),
        at: NOW - 40 * DAY,
        height: 12,
        tx: hex("tx"),
        latest: 2,
        versions: vec![
            VersionView { version: 2, at: NOW - 40 * DAY, height: 12, tx: hex("v2") },
            VersionView { version: 1, at: NOW - 90 * DAY, height: 2, tx: hex("v1") },
        ],
        answer_days: Some(10),
        live_grants: vec![hex("grant")],
        may: EntryMay { request: Verdict::yes() },
    }
}

pub(crate) fn request_form() -> RequestForm {
    RequestForm {
        entry: entry_ref(),
        provider: centre(false),
        share_type: ShareType::Conditional,
        grade: 4,
        conditions: conditions(),
        items: items().into_iter().filter(|item| item.returnable).collect(),
        keys: Vec::new(),
        purposes: vec![
            PurposeChoice { code: "01".into(), needed_items: Vec::new(), verdict: Verdict::yes() },
            PurposeChoice { code: "08".into(), needed_items: Vec::new(), verdict: Verdict::denied("region", None) },
        ],
        bases: vec!["01".into(), "02".into()],
        modes: vec![Mode::Query],
        first_day: "2026-11-20".into(),
        last_start_day: "2027-02-18".into(),
        days_max: 366,
        quota_max: 100_000,
        answer_days: Some(10),
        input: RequestInput {
            form_id: hex("form"),
            entry: "307001/000001".into(),
            version: 2,
            items: vec!["XingMing".into(), "SJHM".into()],
            purpose: String::new(),
            basis: "01".into(),
            mode: "query".into(),
            from: "2026-11-20".into(),
            until: "2029-11-20".into(),
            quota: "200".into(),
        },
    }
}

pub(crate) fn request_check() -> RequestCheck {
    let duty = |item: &str, mask, dropped| ItemDuty { item: item.into(), mask, dropped, beyond_need: item == "SJHM" };
    RequestCheck {
        verdict: Verdict::yes(),
        duties: vec![duty("XingMing", Some(MaskRule::Name), false), duty("SJHM", Some(MaskRule::Mob), true)],
    }
}

fn step(kind: &'static str, at: Option<i64>, who: Option<Person>, now: bool) -> TimelineEntry {
    let done = at.is_some();
    TimelineEntry {
        kind,
        at,
        department: centre(who.as_ref().is_some_and(|person| person.name.is_some())),
        person: who,
        tx: done.then(|| hex(kind)),
        height: done.then_some(118),
        now,
    }
}

pub(crate) fn request(waits: bool) -> RequestView {
    let asked = items().into_iter().filter(|item| item.returnable).map(|item| RequestedItem {
        granted: (!waits).then_some(item.code != "SJHM"),
        granted_mask: item.mask,
        policy_mask: item.mask.or((item.code == "GRJCJS").then_some(MaskRule::Amt)),
        policy_drops: item.code == "SJHM",
        masks_offered: match item.mask {
            Some(mask) => vec![Some(mask)],
            None => vec![None, Some(MaskRule::Amt)],
        },
        beyond_need: item.code == "SJHM",
        item,
    });
    RequestView {
        id: hex("req"),
        number: "SQ-2026-000012".into(),
        entry: entry_ref(),
        share_type: ShareType::Conditional,
        grade: 4,
        entry_outdated: false,
        requester: centre(!waits),
        provider: centre(waits),
        by: person((!waits).then_some("张三")),
        purpose: "01".into(),
        basis: "01".into(),
        mode: Mode::Query,
        from: NOW,
        until: NOW + 90 * DAY,
        from_day: "2026-11-20".into(),
        until_day: "2027-02-18".into(),
        quota: 200,
        documents: None,
        items: asked.collect(),
        conditions: conditions(),
        state: if waits { RequestState::Submitted } else { RequestState::Granted },
        grant: (!waits).then(|| hex("grant")),
        refused_under: None,
        withdrawn_for: None,
        at: NOW - DAY,
        height: 118,
        tx: hex("tx"),
        deadline: waits.then(limit),
        policy: waits.then(Verdict::yes),
        timeline: if waits {
            vec![
                step("submitted", Some(NOW - DAY), Some(person(None)), false),
                step("decide", None, None, true),
                step("use", None, None, false),
            ]
        } else {
            vec![
                step("submitted", Some(NOW - DAY), Some(person(Some("张三"))), false),
                step("granted", Some(NOW - DAY / 2), Some(person(None)), false),
                step("use", None, None, true),
            ]
        },
        may: RequestMay {
            approve: if waits { Verdict::yes() } else { Verdict::no("request.not-ours") },
            refuse: if waits { Verdict::yes() } else { Verdict::no("request.not-ours") },
            withdraw: Verdict::no("request.not-open"),
            ask: if waits { Verdict::no("grant.not-ours") } else { Verdict::yes() },
        },
        forms: DecisionForms {
            approve: hex("a"),
            refuse: hex("r"),
            withdraw: hex("w"),
            receipt_modes: vec![ReceiptMode::Each],
            withdraw_reasons: vec!["01".into(), "02".into()],
        },
        history: waits.then_some(RequesterHistory { requests: 4, granted: 3, asked: 120, denied: 2 }),
    }
}

pub(crate) fn grant() -> GrantView {
    GrantView {
        id: hex("grant"),
        number: "SQD-2026-000003".into(),
        request: hex("req"),
        request_number: "SQ-2026-000012".into(),
        entry: entry_ref(),
        requester: centre(true),
        provider: centre(false),
        purpose: "01".into(),
        mode: Mode::Query,
        items: items().into_iter().map(|item| GrantedItemView { mask: item.mask, item }).collect(),
        row_scope: None,
        status: GrantStatus::Revoked,
        from: NOW - 30 * DAY,
        until: NOW + 60 * DAY,
        ending: false,
        quota: 200,
        used: 37,
        left: 163,
        uses: 37,
        receipt_mode: ReceiptMode::Each,
        policy_versions: [hex("n"), hex("r"), hex("d")],
        by: person(None),
        at: NOW - 30 * DAY,
        height: 130,
        tx: hex("grant"),
        revoked: Some(RevokedView { reason: "01".into(), by: person(None), at: NOW - DAY, height: 400, tx: hex("rev") }),
        may: GrantMay { ask: Verdict::no("grant.revoked"), revoke: Verdict::yes() },
        revoke_form_id: hex("f"),
        revoke_reasons: vec!["01".into(), "02".into()],
        records: record_rows(),
    }
}

pub(crate) fn query_form() -> QueryForm {
    QueryForm {
        form_id: hex("form"),
        grant: hex("grant"),
        grant_number: "SQD-2026-000003".into(),
        entry: entry_ref(),
        provider: centre(false),
        purpose: "01".into(),
        items: items().into_iter().filter(|item| item.returnable).map(|item| GrantedItemView { mask: item.mask, item }).collect(),
        keys: Vec::new(),
        id_types: vec!["01".into(), "03".into()],
        until: NOW + 60 * DAY,
        quota: 200,
        used: 37,
        left: 163,
        case_chars_max: 60,
        ask: Verdict::yes(),
    }
}

pub(crate) fn query_input(form: &QueryForm) -> QueryInput {
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

fn cell(item: &ItemView, value: &str) -> Cell {
    Cell {
        item: item.code.clone(),
        label: item.label.clone(),
        value: (!value.is_empty()).then(|| value.to_owned()),
        mask: item.mask,
        sensitivity: item.sensitivity,
    }
}

/// An enquiry in a state; `cleared` is a closed one whose result is gone.
pub(crate) fn query(state: &'static str) -> QueryView {
    let is_closed = matches!(state, "closed" | "cleared");
    let shown = if state == "cleared" { "closed" } else { state };
    let all = items();
    let values = ["**明", "990000********0018", "", "12400.00", "正常"];
    let result = ResultView {
        found: true,
        rows: vec![all.iter().zip(values).filter(|(item, _)| item.code != "SJHM").map(|(item, value)| cell(item, value)).collect()],
        masked: 2,
        withheld: vec![
            Withheld { item: all[2].clone(), reason: "policy" },
            Withheld { item: all[5].clone(), reason: "not-granted" },
        ],
        reasons: Vec::new(),
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
            state: shown,
            reason: (state == "denied").then(|| "policy.denied".into()),
            is_final: state != "held",
            at: NOW - 61_000,
            receipt: (state != "held").then(|| ReceiptRef {
                id: hex("query"),
                number: "HZ-20261120-7F3A91".into(),
                use_no: Some(38),
                height: 1202,
                at: NOW - 60_000,
                delivered: is_closed,
            }),
        },
        grant_number: "SQD-2026-000003".into(),
        waiting: (state == "held").then(|| "record.pending".into()),
        stamp: 4,
        steps: vec![
            step("asked", Some(NOW - 3_000), false),
            step("held", Some(NOW - 2_000), state == "held"),
            step("recorded", None, false),
            step("opened", None, false),
            step("closed", None, false),
        ],
        denial: (state == "denied").then(|| DenialView {
            by_provider: true,
            class: DenialClass::Policy,
            layer: Some("department".into()),
            row: Some("dep-no-balance".into()),
            code: "policy.denied".into(),
        }),
        result: (state == "closed").then_some(result),
        cleared: state == "cleared",
        clears_at: is_closed.then_some(NOW + 540_000),
        valid_until: NOW,
        ask: Verdict::yes(),
        same_case: Vec::new(),
    }
}

pub(crate) fn record_rows() -> Vec<RecordRow> {
    let row = |outcome, delivery, class| RecordRow {
        id: hex("query"),
        number: "HZ-20261120-7F3A91".into(),
        outcome,
        class,
        entry: Some(entry_ref()),
        requester: centre(true),
        provider: centre(false),
        grant: hex("grant"),
        units: 1,
        use_no: Some(38),
        at: NOW - 60_000,
        height: 1202,
        tx: hex("tx"),
        delivery,
        delivered_at: None,
    };
    vec![
        row(Outcome::Answered, Some(DeliveryOutcome::Opened), None),
        row(Outcome::Answered, None, None),
        row(Outcome::Denied, None, Some(DenialClass::Policy)),
    ]
}

fn certificate() -> CertificateView {
    let signer = |number: usize| SignerView {
        department: centre(number == 0),
        address: hex("a"),
        signed: number != 3,
        signature: (number != 3).then(|| hex("5b02")),
        power: 1,
    };
    CertificateView { round: 0, signers: (0..4).map(signer).collect(), signed: 3, needed: 3, valid: true }
}

fn proof() -> ProofView {
    let step = |seed: &str, sibling_left| ProofStep { sibling: hex(seed), sibling_left, node: hex(&format!("n{seed}")) };
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

pub(crate) fn record(verified: bool) -> RecordView {
    let codes = [
        "content", "ticket-signature", "provider-signature", "grant", "policies", "inclusion", "certificate",
        "receipt-log", "delivery", "evidence",
    ];
    let checks = codes.into_iter().map(|code| CheckView {
        code,
        passed: match code {
            "receipt-log" => None,
            "provider-signature" => Some(verified),
            _ => Some(true),
        },
        expected: (code == "inclusion").then(|| hex("ns2")),
        found: (code == "inclusion").then(|| hex("ns2")),
        facts: match code {
            "receipt-log" => vec![("reason", "too-many".into()), ("size", "120000".into())],
            "grant" => vec![("use-no", "38".into()), ("quota", "200".into())],
            "provider-signature" => vec![("key", hex("key"))],
            _ => Vec::new(),
        },
        micros: 1_130,
    });
    RecordView {
        row: record_rows().remove(0),
        purpose: Some("01".into()),
        mode: Mode::Query,
        grant: Some(RecordGrant {
            id: hex("grant"),
            number: "SQD-2026-000003".into(),
            from: NOW - 30 * DAY,
            until: NOW + 60 * DAY,
            quota: 200,
            items: vec!["XingMing".into()],
            by: person(None),
            at: NOW - 30 * DAY,
            height: 130,
            tx: hex("g"),
            revoked_at: Some(NOW),
        }),
        request: Some(RecordRequest {
            id: hex("req"),
            number: "SQ-2026-000012".into(),
            basis: "01".into(),
            by: person(None),
            at: NOW - 31 * DAY,
            height: 118,
            tx: hex("r"),
        }),
        seen_height: 1200,
        judged_height: 1201,
        valid_until: NOW,
        policy_versions: [hex("n"), hex("r"), hex("d")],
        answer_digest: Some(hex("answer")),
        details_digest: hex("details"),
        decision_commit: None,
        ticket_signature: hex("t"),
        ticket_key: hex("k"),
        record_signature: hex("s"),
        record_key: hex("k"),
        log_index: 1041,
        provider_log: (9, hex("log")),
        delivery: Some(DeliveryView { outcome: DeliveryOutcome::Opened, at: NOW - 58_000, height: 1203, tx: hex("d") }),
        own: None,
        checks: checks.collect(),
        verified,
        verified_at: NOW,
        proof: proof(),
        certificate: certificate(),
        trust_root: hex("root"),
        evidence_name: "HZ-20261120-7F3A91.zlproof".into(),
    }
}

pub(crate) fn log() -> LogPage {
    LogPage {
        search: LogSearch::default(),
        records: Page { rows: record_rows(), total: 3, page: 1, per_page: 20 },
        days: days(),
        facets: LogFacets {
            outcome: vec![facet("answered", 2, false), facet("denied", 1, true), facet("unacknowledged", 1, false)],
            requester: vec![FacetValue { label: Some(centre(true).name), ..facet("12440100455344021J", 3, false) }],
            provider: vec![FacetValue { label: Some(centre(false).name), ..facet("12510100450711023E", 3, false) }],
            region: vec![facet("510000", 3, false)],
            entry: Vec::new(),
        },
        departments: 5,
        noted_as: 88,
    }
}

fn block_row(height: u64) -> BlockRow {
    BlockRow { height, id: hex("block"), at: NOW - 2_000, transactions: 2, proposer: centre(true) }
}

fn tx_row(kind: &'static str) -> TransactionRow {
    TransactionRow { id: hex("tx"), kind, department: centre(false), height: 1202, at: NOW, index: 0, size: 812 }
}

pub(crate) fn chain() -> ChainOverview {
    ChainOverview {
        name: "zl-demo".into(),
        trust_root: hex("root"),
        began_at: NOW - 90 * DAY,
        line: services::office::ChainLine {
            height: 1204,
            at: NOW - 2_000,
            behind_ms: 2_000,
            behind: false,
            peers: 5,
            mempool: 0,
            validator: true,
        },
        block: hex("block"),
        state_root: hex("state"),
        receipt_root: hex("receipts"),
        receipts: 1042,
        heartbeat_ms: 10_000,
        departments: 6,
        certificate: Some(certificate()),
        entries: 5,
        requests: 12,
        grants: 9,
        blocks: (1200..1204).rev().map(block_row).collect(),
        transactions: vec![tx_row("record-answer"), tx_row("acknowledge"), tx_row("submit-request")],
    }
}

pub(crate) fn blocks() -> BlockPage {
    BlockPage { blocks: (1180..1204).rev().map(block_row).collect(), head: 1204, older: Some(1180), newer: Some(1230) }
}

pub(crate) fn block() -> BlockView {
    BlockView {
        row: block_row(1202),
        parent: hex("parent"),
        transaction_root: hex("ns2"),
        state_root: hex("state"),
        receipt_root: hex("receipts"),
        receipts: 1042,
        next_validators: hex("validators"),
        certificate: Some(certificate()),
        transactions: vec![tx_row("record-answer"), tx_row("publish")],
        has_next: true,
    }
}

pub(crate) fn transaction() -> TransactionView {
    TransactionView {
        row: tx_row("approve-request"),
        nonce: hex("nonce"),
        key: hex("key").chars().take(32).collect(),
        key_kind: "office",
        signature: hex("s").repeat(2),
        signature_valid: true,
        valid_until: NOW,
        by: Some(person(None)),
        subjects: vec![
            ChainSubject::Request(hex("req")),
            ChainSubject::Grant(hex("grant")),
            ChainSubject::Entry("307001/000001".into(), 2),
            ChainSubject::Record(hex("query")),
        ],
        proof: proof(),
        bytes: hex("bytes").repeat(6),
    }
}

pub(crate) fn department_rows() -> Vec<DepartmentRow> {
    let row = |own: bool| DepartmentRow {
        department: centre(own),
        region_name: None,
        province_name: None,
        active: true,
        inspectorate: !own,
        validator: own,
        keys: [hex("o"), hex("n"), hex("s")],
        entries: u64::from(own),
        grants_held: 1,
        grants_given: 2,
        asked: 120,
        answered: 33,
    };
    vec![row(true), row(false)]
}
