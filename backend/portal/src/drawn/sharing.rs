//! Invented views of the catalogue, requests, grants and the worklist.

use services::catalogue::*;
use services::codes::*;
use services::deadline::Light;
use services::facets::FacetValue;
use services::grants::*;
use services::names::{GrantRef, RequestRef};
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
            may_decide: false,
        })
        .collect()
}

pub(super) fn grant_row(status: GrantStatus) -> GrantRow {
    GrantRow {
        id: hex("grant"),
        number: "SQD-2026-000003".into(),
        entry: entry_ref(),
        requester: centre(true),
        provider: centre(false),
        purpose: "01".into(),
        items: 5,
        status,
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
        alarms: alarms(),
        tasks: vec![
            task(TaskKind::Decide, Light::Yellow, 0),
            task(TaskKind::Countersign, Light::Yellow, 9),
            task(TaskKind::Drafted, Light::Yellow, 9),
            task(TaskKind::Seal, Light::Yellow, 9),
            task(TaskKind::SentBack, Light::Yellow, 9),
            task(TaskKind::Refused, Light::Green, 0),
            task(TaskKind::Renew, Light::Green, 5),
            Task {
                entry: EntryRef::default(),
                id: "440000".into(),
                number: "17".into(),
                purpose: String::new(),
                items: 0,
                due_at: None,
                ..task(TaskKind::PolicyDraft, Light::Green, 0)
            },
        ],
        requests: request_rows(),
        grants: vec![grant_row(GrantStatus::Live), grant_row(GrantStatus::Revoked)],
        receipts: record_rows(),
        provided: days(),
    }
}

/// Two officers who came to a bound, one of them no person.
fn alarms() -> Vec<Alarm> {
    let alarm = |staff, name: &str, account: &str, bound, times| Alarm {
        staff,
        name: name.into(),
        account: account.into(),
        bound,
        grant: Some(grant_ref()),
        at: NOW - DAY,
        times,
    };
    vec![
        alarm(Some(7), "\u{82cf}\u{52c7}", "su.yong", Bound::PerHour, 14),
        alarm(None, "batch-1", "batch-1", Bound::Share, 1),
    ]
}

fn entry_row() -> EntryRow {
    EntryRow {
        entry: entry_ref(),
        provider: centre(false),
        region: "510100".into(),
        share_type: ShareType::Conditional,
        grade: 4,
        modes: vec![Mode::Query, Mode::Verify],
        summary: words(
            "按证件号码查询个人账户的缴存基数、月缴存额与账户状态。",
            "Contribution base, monthly contribution and status of a person's account, by identity number.",
        ),
        items: 6,
        at: NOW - 40 * DAY,
        live_grants: 1,
    }
}

pub(super) fn catalogue() -> CataloguePage {
    let row = entry_row();
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
        row: entry_row(),
        items: items(),
        conditions: conditions(),
        update_cycle: UpdateCycle::Daily,
        receipt_mode: ReceiptMode::Each,
        legal_basis: words("《住房公积金管理条例》", "Regulations on Management of Housing Provident Fund"),
        latest: 2,
        versions: vec![
            VersionView { version: 2, place: place(12, NOW - 40 * DAY) },
            VersionView { version: 1, place: place(2, NOW - 90 * DAY) },
        ],
        answer_days: Some(10),
        grants: vec![grant_ref()],
        may_request: Verdict::Open,
    }
}

pub(super) fn request_form() -> RequestForm {
    RequestForm {
        entry: entry_ref(),
        provider: centre(false),
        grade: 4,
        conditions: conditions(),
        items: items().into_iter().filter(|item| item.returnable).collect(),
        purposes: vec![
            PurposeChoice { code: "01".into(), verdict: Verdict::Open },
            PurposeChoice {
                code: "08".into(),
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

pub(super) fn step(
    kind: TimelineKind,
    at: Option<i64>,
    who: Option<Option<&str>>,
    now: bool,
) -> TimelineEntry {
    let own = who.flatten().is_some();
    let step = at.zip(who).map(|(at, name)| step_of(name, 118, at));
    TimelineEntry { kind, at, department: centre(own), step, now }
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
    let state = if waits { RequestState::Submitted } else { RequestState::Granted };
    let row = request_rows().remove(0);
    RequestView {
        row: RequestRow {
            requester: centre(!waits),
            provider: centre(waits),
            state,
            deadline: waits.then(limit),
            ..row
        },
        grade: 4,
        entry_outdated: false,
        submitted: step_of((!waits).then_some("张三"), 118, NOW - DAY),
        basis: "01".into(),
        from_day: "2026-11-20".into(),
        until_day: "2027-02-18".into(),
        quota: 200,
        items: asked.collect(),
        conditions: conditions(),
        grant: (!waits).then(grant_ref),
        refused_under: None,
        withdrawn_for: None,
        timeline: if waits {
            vec![
                step(TimelineKind::Submitted, Some(NOW - DAY), Some(None), false),
                step(TimelineKind::Decide, None, None, true),
                step(TimelineKind::Use, None, None, false),
            ]
        } else {
            vec![
                step(TimelineKind::Submitted, Some(NOW - DAY), Some(Some("张三")), false),
                step(TimelineKind::Granted, Some(NOW - DAY / 2), Some(None), false),
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
        waiting: None,
    }
}

pub(super) fn grant() -> GrantView {
    GrantView {
        row: grant_row(GrantStatus::Revoked),
        request: RequestRef { id: hex("req"), number: "SQ-2026-000012".into() },
        mode: Mode::Query,
        items: items().into_iter().map(|item| GrantedItemView { mask: item.mask, item }).collect(),
        row_scope: None,
        from: NOW - 30 * DAY,
        left: 163,
        receipt_mode: ReceiptMode::Each,
        policy_versions: [hex("n"), hex("r"), hex("d")],
        approved: step_of(None, 130, NOW - 30 * DAY),
        revoked: Some(RevokedView { reason: "01".into(), step: step_of(None, 400, NOW - DAY) }),
        may: GrantMay { ask: Verdict::Refused(OfficeRefusal::GrantNotLive.into()), revoke: Verdict::Open },
        revoke_form_id: hex("f"),
        revoke_reasons: vec!["01".into(), "02".into()],
        records: record_rows(),
    }
}
