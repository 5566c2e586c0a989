//! Invented views of the catalogue, requests, grants and the worklist.

use services::catalogue::*;
use services::codes::*;
use services::deadline::Light;
use services::facets::FacetValue;
use services::grants::*;
use services::names::GrantRef;
use services::officer::Person;
use services::requests::*;
use services::worklist::*;
use services::{Denial, OfficeRefusal, Page, Verdict};

use super::papers::record_rows;
use super::things::*;

fn grant_ref() -> GrantRef {
    GrantRef { id: hex("grant"), number: "SQD-2026-000003".into() }
}

pub(super) fn request_rows() -> Vec<RequestRow> {
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

pub(super) fn grant_row(status: GrantStatus) -> GrantRow {
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

pub(super) fn home() -> Home {
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

pub(super) fn catalogue() -> CataloguePage {
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
        search: CatalogueSearch {
            q: "fund 缴存".into(),
            share_type: Some(ShareType::Conditional),
            ..CatalogueSearch::default()
        },
        entries: Page {
            rows: vec![row.clone(), EntryRow { provider: centre(true), ..row }],
            total: 5,
            page: 1,
            per_page: 2,
        },
        facets: Facets {
            share_type: vec![
                facet("unconditional", 1, false),
                facet("conditional", 4, true),
                facet("not-shared", 1, false),
            ],
            mode: vec![facet("query", 4, false), facet("verify", 1, false)],
            region: vec![facet("440000", 2, false), facet("510000", 1, false)],
            provider: vec![FacetValue {
                label: Some(centre(false).name),
                ..facet("12510100450711023E", 1, false)
            }],
            grade: vec![facet("2", 1, false), facet("4", 4, false)],
        },
        all_entries: 6,
        all_providers: 5,
    }
}

pub(super) fn entry() -> EntryView {
    EntryView {
        entry: entry_ref(),
        provider: centre(false),
        region: "510100".into(),
        region_name: Some("成都市"),
        summary: words(
            "按证件号码查询个人账户的缴存情况。",
            "Contributions of a person's account, by identity number.",
        ),
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
        live_grants: vec![grant_ref()],
        may: EntryMay { request: Verdict::Open },
    }
}

pub(super) fn request_form() -> RequestForm {
    RequestForm {
        entry: entry_ref(),
        provider: centre(false),
        share_type: ShareType::Conditional,
        grade: 4,
        conditions: conditions(),
        items: items().into_iter().filter(|item| item.returnable).collect(),
        keys: Vec::new(),
        purposes: vec![
            PurposeChoice { code: "01".into(), needed_items: Vec::new(), verdict: Verdict::Open },
            PurposeChoice {
                code: "08".into(),
                needed_items: Vec::new(),
                verdict: Verdict::Denied(Denial { layer: Layer::Region, row: None }),
            },
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

pub(super) fn request_check() -> RequestCheck {
    let duty = |item: &str, mask, dropped| ItemDuty {
        item: item.into(),
        mask,
        dropped,
        beyond_need: item == "SJHM",
    };
    RequestCheck {
        verdict: Verdict::Open,
        duties: vec![duty("XingMing", Some(MaskRule::Name), false), duty("SJHM", Some(MaskRule::Mob), true)],
    }
}

pub(super) fn step(kind: TimelineKind, at: Option<i64>, who: Option<Person>, now: bool) -> TimelineEntry {
    let done = at.is_some();
    TimelineEntry {
        kind,
        at,
        department: centre(who.as_ref().is_some_and(|person| person.name.is_some())),
        person: who,
        tx: done.then(|| hex(kind.code())),
        height: done.then_some(118),
        now,
    }
}

pub(super) fn request(waits: bool) -> RequestView {
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
        grant: (!waits).then(grant_ref),
        refused_under: None,
        withdrawn_for: None,
        at: NOW - DAY,
        height: 118,
        tx: hex("tx"),
        deadline: waits.then(limit),
        policy: waits.then_some(Verdict::Open),
        timeline: if waits {
            vec![
                step(TimelineKind::Submitted, Some(NOW - DAY), Some(person(None)), false),
                step(TimelineKind::Decide, None, None, true),
                step(TimelineKind::Use, None, None, false),
            ]
        } else {
            vec![
                step(TimelineKind::Submitted, Some(NOW - DAY), Some(person(Some("张三"))), false),
                step(TimelineKind::Granted, Some(NOW - DAY / 2), Some(person(None)), false),
                step(TimelineKind::Use, None, None, true),
            ]
        },
        may: RequestMay {
            approve: if waits {
                Verdict::Open
            } else {
                Verdict::Refused(OfficeRefusal::RequestNotOurs.into())
            },
            refuse: if waits {
                Verdict::Open
            } else {
                Verdict::Refused(OfficeRefusal::RequestNotOurs.into())
            },
            withdraw: Verdict::Refused(OfficeRefusal::RequestNotOpen.into()),
            ask: if waits { Verdict::Refused(OfficeRefusal::GrantNotOurs.into()) } else { Verdict::Open },
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

pub(super) fn grant() -> GrantView {
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
        revoked: Some(RevokedView {
            reason: "01".into(),
            by: person(None),
            at: NOW - DAY,
            height: 400,
            tx: hex("rev"),
        }),
        may: GrantMay { ask: Verdict::Refused(OfficeRefusal::GrantNotLive.into()), revoke: Verdict::Open },
        revoke_form_id: hex("f"),
        revoke_reasons: vec!["01".into(), "02".into()],
        records: record_rows(),
    }
}
