//! Invented views of sharing policies. No department, person, rule or digest here is real.

use std::collections::BTreeMap;

use services::codes::{Action, Assurance, Layer, Role, ShareType};
use services::policies::*;
use services::{Verdict, Words};

use super::things::*;

fn layer_ref(layer: Layer) -> LayerRef {
    let (owner, department) = match layer {
        Layer::National => ("national".to_owned(), None),
        Layer::Region => ("440000".to_owned(), None),
        Layer::Department => (centre(true).id, Some(centre(true))),
    };
    LayerRef { owner, layer, department, writer: (layer != Layer::National).then(|| centre(true)) }
}

fn version(number: u64, is_copy: bool) -> VersionRef {
    VersionRef { version: if is_copy { String::new() } else { hex("policy") }, number, rows: 4 }
}

fn in_force() -> InForceView {
    InForceView { version: version(16, false), since: 1_201, at: NOW - 40 * DAY, founded: false }
}

const WAIT: Comes = Comes::Later { wait_ms: 86_400_000 };

/// A layer with all that can wait, and all that can be done.
pub(super) fn layer(layer: Layer) -> LayerView {
    LayerView {
        layer: layer_ref(layer),
        in_force: in_force(),
        draft: Some(DraftView {
            version: version(17, false),
            drafted: step_of(Some("乔岩"), 1_190, NOW - DAY),
            by_me: false,
            overtaken: false,
            comes: WAIT,
        }),
        pending: Some(PendingView {
            version: version(17, false),
            drafted: step_of(Some("乔岩"), 1_190, NOW - DAY),
            countersigned: step_of(Some("孟夏"), 1_195, NOW - DAY / 2),
            due: NOW + DAY / 2,
        }),
        copy: Some(CopyRef {
            version: version(17, true),
            stamp: "1795157900000".into(),
            changed_by: "乔岩".into(),
            changed_at: NOW - 3_600_000,
            changes: 3,
            outdated: false,
        }),
        may: LayerMay {
            study: Verdict::Open,
            edit: Verdict::Open,
            draft: Verdict::Open,
            countersign: Verdict::Open,
            withdraw: Verdict::Open,
        },
    }
}

/// The layers of a list: one that nobody writes and nothing waits in, one in which all waits.
pub(super) fn layers() -> Vec<LayerView> {
    let no = || Verdict::Refused(services::OfficeRefusal::PolicyWrite.into());
    let mut nation = layer(Layer::National);
    (nation.draft, nation.pending, nation.copy) = (None, None, None);
    nation.in_force.founded = true;
    nation.may =
        LayerMay { study: Verdict::Open, edit: no(), draft: no(), countersign: no(), withdraw: no() };
    vec![nation, layer(Layer::Region), layer(Layer::Department)]
}

fn listed(cell: &str) -> Listed {
    let every = cell == "*";
    Listed { every, codes: if every { Vec::new() } else { cell.split(',').map(str::to_owned).collect() } }
}

fn duty(text: &str, kind: &str, item: &str, value: &str) -> DutyView {
    DutyView { text: text.into(), kind: kind.into(), item: item.into(), value: value.into() }
}

pub(super) fn duties() -> Vec<DutyView> {
    vec![
        duty("mask:XingMing=MK-NAME", "mask", "XingMing", "MK-NAME"),
        duty("mask:ZJHM=MK-ID", "mask", "ZJHM", "MK-ID"),
        duty("drop:GRZHYE", "drop", "GRZHYE", ""),
        duty("clear:GRZHZT", "clear", "GRZHZT", ""),
        duty("receipt:each", "receipt", "", "each"),
        duty("verify-only", "verify-only", "", ""),
        duty("limit:20", "limit", "", "20"),
        duty("watermark", "watermark", "", ""),
        duty("second-person", "second-person", "", ""),
    ]
}

fn row(place: u64, id: &str, effect: Effect, change: Option<ChangeKind>) -> RowView {
    let cells = RowCells {
        id: id.into(),
        role: "BIZ_USER,ROOT".into(),
        requester: format!("inspectorate,440000,{}", centre(true).id),
        provider: "510000".into(),
        entry_class: "307001".into(),
        items: "XingMing,ZJHM,GRZHYE".into(),
        sensitivity: "0,1,2".into(),
        grade_max: "3".into(),
        action: "ask,answer".into(),
        purpose: "01,02".into(),
        assurance_min: "2".into(),
        hours: "1-5@08:00-18:00,6@09:00-12:00".into(),
        zones: "office,hall-2".into(),
        obligations: "mask:ZJHM=MK-ID,watermark".into(),
        effect: effect.code().into(),
    };
    let is_wide = effect == Effect::Deny;
    let list = |cell: &str| listed(if is_wide { "*" } else { cell });
    RowView {
        place,
        id: id.into(),
        effect,
        roles: list(&cells.role),
        requesters: list(&cells.requester),
        providers: list(&cells.provider),
        entry_classes: listed(if is_wide { "share:not-shared" } else { "307001" }),
        items: list(&cells.items),
        sensitivities: list(&cells.sensitivity),
        grade_max: if is_wide { 4 } else { 3 },
        actions: list(&cells.action),
        purposes: list(&cells.purpose),
        assurance_min: if is_wide { 1 } else { 2 },
        hours: list(&cells.hours),
        zones: list(&cells.zones),
        duties: if is_wide { Vec::new() } else { duties() },
        findings: Vec::new(),
        change,
        cells,
    }
}

fn found(code: &'static str, place: u64) -> FindingView {
    FindingView {
        place,
        row: "dep-all".into(),
        code,
        is_error: matches!(code, "malformed" | "repeated"),
        column: Some(RuleColumn::Purpose),
        other: Some("nat-not-shared".into()),
        layer: Some(Layer::National),
        item: (!code.starts_with("unknown-party") && !code.starts_with("unknown-class"))
            .then(|| "ZJHM".into()),
        named: Some("320000".into()),
    }
}

/// Everything that a check can find.
pub(super) const FINDINGS: [&str; 13] = [
    "malformed",
    "repeated",
    "unknown-party",
    "unknown-class",
    "unknown-item",
    "never-matches",
    "shadowed",
    "contradicted",
    "masks-clash",
    "above-silent",
    "above-denies",
    "unsaid",
    "not-compared",
];

fn changes() -> Vec<ChangeView> {
    let cell =
        |column, before: &str, after: &str| CellChange { column, before: before.into(), after: after.into() };
    let whole = |kind, id: &str, before: bool| {
        let row = row(3, id, if before { Effect::Deny } else { Effect::Allow }, None);
        let (before, after) = if before { (Some(row), None) } else { (None, Some(row)) };
        ChangeView { kind, row: id.into(), before, after, cells: Vec::new() }
    };
    vec![
        whole(ChangeKind::Added, "dep-verify", false),
        ChangeView {
            kind: ChangeKind::Changed,
            row: "dep-all".into(),
            before: Some(row(1, "dep-all", Effect::Allow, None)),
            after: Some(row(1, "dep-all", Effect::Allow, None)),
            cells: vec![
                cell(RuleColumn::Purpose, "*", "01,02"),
                cell(RuleColumn::Obligations, "", "mask:ZJHM=MK-ID,limit:20"),
                cell(RuleColumn::Effect, "deny", "allow"),
                cell(RuleColumn::EntryClass, "307001", "share:conditional"),
                cell(RuleColumn::Grade, "4", "3"),
                cell(RuleColumn::Hours, "*", "1-5@08:00-18:00"),
            ],
        },
        whole(ChangeKind::Removed, "dep-no-balance", true),
    ]
}

fn departments() -> BTreeMap<String, services::names::DepartmentRef> {
    [centre(true), centre(false)].into_iter().map(|one| (one.id.clone(), one)).collect()
}

fn item_names() -> BTreeMap<String, Words> {
    items().into_iter().map(|item| (item.code, item.label)).collect()
}

/// A version of the own department's layer, with changes.
pub(crate) fn policy(which: Which) -> PolicyView {
    let is_past = matches!(which, Which::InForce | Which::Number(_));
    let is_copy = which == Which::Copy;
    PolicyView {
        layer: layer(Layer::Department),
        which,
        version: version(if is_past { 16 } else { 17 }, is_copy),
        rows: vec![
            row(1, "dep-all", Effect::Allow, Some(ChangeKind::Changed)),
            row(2, "dep-not-shared", Effect::Deny, None),
            row(3, "dep-verify", Effect::Allow, Some(ChangeKind::Added)),
        ],
        findings: FINDINGS.iter().skip(2).zip(1..).map(|(code, place)| found(code, place)).collect(),
        errors: 0,
        against: Some(version(if is_past { 15 } else { 16 }, false)),
        changes: changes(),
        comes: match which {
            Which::Copy => Some(Comes::AtOnce),
            Which::Draft => Some(WAIT),
            _ => None,
        },
        in_force: is_past.then(in_force),
        drafted: (!is_copy).then(|| step_of(Some("乔岩"), 1_190, NOW - DAY)),
        countersigned: is_past.then(|| step_of(Some("孟夏"), 1_195, NOW - DAY)),
        reason: if is_copy { ReasonView::None } else { ReasonView::Text("夜间不再开放查询".into()) },
        departments: departments(),
        items: item_names(),
        forms: PolicyForms { draft: hex("f1"), countersign: hex("f2"), withdraw: hex("f3") },
    }
}

/// A copy that cannot be judged by, and lags behind.
pub(super) fn wrong() -> PolicyView {
    let mut view = policy(Which::Copy);
    view.findings = FINDINGS.iter().zip(1..).map(|(code, place)| found(code, place)).collect();
    view.errors = 2;
    let row = view.rows.first_mut().unwrap();
    row.findings = vec![found("malformed", 1)];
    let copy = view.layer.copy.as_mut().unwrap();
    copy.outdated = true;
    view
}

fn offers() -> Offers {
    let entry = entry_ref();
    Offers {
        departments: vec![centre(true), centre(false)],
        entries: vec![EntryOffer {
            code: entry.code,
            name: entry.name,
            provider: centre(false),
            items: item_names().into_iter().collect(),
        }],
        classes: vec!["307001".into()],
        items: item_names().into_iter().collect(),
        roles: Role::ALL.to_vec(),
        actions: Action::ALL.to_vec(),
        purposes: services::purpose::PURPOSES.iter().map(|code| (*code).to_owned()).collect(),
        zones: vec!["office".into(), "hall-2".into()],
    }
}

pub(super) fn row_form(was: &str) -> RowForm {
    RowForm {
        layer: layer(Layer::Department),
        stamp: "1795157900000".into(),
        was: was.into(),
        cells: if was.is_empty() { RowCells::default() } else { row(1, was, Effect::Allow, None).cells },
        offers: offers(),
    }
}

pub(super) fn try_out_form() -> TryOutForm {
    TryOutForm {
        layer: layer(Layer::Department),
        offers: offers(),
        assurances: Assurance::ALL.to_vec(),
        input: TryOutInput {
            requester: centre(true).id,
            entry: entry_ref().code,
            items: vec!["ZJHM".into()],
            action: "ask".into(),
            purpose: "01".into(),
            role: "BIZ_USER".into(),
            clearance: "4".into(),
            assurance: "ukey".into(),
            zone: String::new(),
            at: "2026-11-20T14:00".into(),
            grant_live: true,
        },
    }
}

fn tried_row(row: &str, effect: Effect, decided: bool, misses: &[RuleColumn]) -> RowTriedView {
    RowTriedView { row: row.into(), effect, decided, misses: misses.to_vec() }
}

/// Columns that a row can miss by.
pub(super) fn missable() -> impl Iterator<Item = RuleColumn> {
    let never = [RuleColumn::Id, RuleColumn::Obligations, RuleColumn::Effect];
    RuleColumn::ALL.iter().copied().filter(move |column| !never.contains(column))
}

fn explained(allow: bool) -> ExplainedView {
    let misses: Vec<RuleColumn> = missable().collect();
    ExplainedView {
        said: SaidView {
            allow,
            denied_by: (!allow).then_some(Layer::Department),
            denied_row: None,
            duties: if allow { duties() } else { Vec::new() },
        },
        layers: Layer::ALL
            .iter()
            .map(|layer| {
                let is_last = *layer == Layer::Department;
                let decides = allow || !is_last;
                LayerTriedView {
                    layer: *layer,
                    number: 16,
                    is_draft: allow && is_last,
                    decided: decides.then(|| "nat-ask".to_owned()),
                    rows: vec![
                        tried_row("nat-inspect", Effect::Allow, false, &misses),
                        tried_row(
                            "nat-ask",
                            Effect::Allow,
                            decides,
                            if decides { &[] } else { &misses[..1] },
                        ),
                        tried_row("nat-not-shared", Effect::Deny, false, &misses[1..2]),
                        tried_row(
                            "nat-answer",
                            Effect::Allow,
                            false,
                            if decides { &[] } else { &misses[..1] },
                        ),
                    ],
                }
            })
            .collect(),
    }
}

pub(super) fn tried() -> TriedOut {
    TriedOut {
        question: QuestionView {
            requester: centre(true),
            provider: centre(false),
            judged_at: centre(true),
            class: "307001".into(),
            share: ShareType::Conditional,
            items: vec!["ZJHM".into()],
            grade: 4,
            sensitivities: vec![2],
            action: Action::Ask,
            purpose: Some("01".into()),
            role: Role::BizUser,
            clearance: 4,
            assurance: Assurance::Ukey,
            zone: None,
            at: NOW,
            grant_live: Some(true),
        },
        in_force: explained(false),
        draft: Some(explained(true)),
        concerns: false,
    }
}

fn turned(turn: Turn) -> TurnedView {
    let said = |allow: bool, duties: Vec<DutyView>| SaidView {
        allow,
        denied_by: (!allow).then_some(Layer::Department),
        denied_row: (!allow).then(|| "dep-no-balance".to_owned()),
        duties,
    };
    let (before, after) = match turn {
        Turn::Denied => (said(true, Vec::new()), said(false, Vec::new())),
        Turn::Allowed => (said(false, Vec::new()), said(true, Vec::new())),
        Turn::Stricter => (said(true, Vec::new()), said(true, duties())),
        Turn::Looser => (said(true, duties()), said(true, duties().into_iter().take(2).collect())),
        Turn::Otherwise => (
            said(true, duties().into_iter().skip(6).collect()),
            said(true, duties().into_iter().take(4).collect()),
        ),
    };
    TurnedView {
        id: hex("query"),
        number: "HZ-20261120-7F0C11".into(),
        at: NOW - DAY,
        requester: centre(true),
        provider: centre(false),
        action: Action::Ask,
        class: "307001".into(),
        items: vec!["ZJHM".into(), "GRZH".into()],
        purpose: Some("01".into()),
        turn,
        layer: Some(Layer::Department),
        row: (turn != Turn::Denied).then(|| "dep-all".to_owned()),
        before,
        after,
    }
}

pub(crate) fn preview() -> PreviewView {
    PreviewView {
        layer: layer(Layer::Department),
        which: Which::Draft,
        version: version(17, false),
        items: item_names(),
        found: Previewed {
            wanted: 10_000,
            judged: 10_000,
            unknown: 2,
            period: Some((NOW - 4 * DAY, NOW)),
            turns: 14,
            loosened: 3,
            turned: Turn::ALL.iter().map(|turn| turned(*turn)).collect(),
            by_turn: vec![(Turn::Denied, 2), (Turn::Stricter, 9), (Turn::Allowed, 3)],
            by_row: vec![(Some((Layer::Department, "dep-all".into())), 12), (None, 2)],
            by_requester: vec![(centre(true), 14)],
            took_ms: 1_340,
        },
    }
}

pub(super) fn reach_form() -> (LayerView, Offers) {
    (layer(Layer::Department), offers())
}

pub(super) fn reach() -> ReachView {
    let way = |way, change, always: bool| ReachedView {
        way,
        role: Role::BizUser,
        assurance: Assurance::Password,
        zone: always.then(|| "office".to_owned()),
        duties: if always { duties() } else { Vec::new() },
        rows: vec![
            (Action::Ask, Layer::National, Some("nat-ask".into())),
            (Action::Answer, Layer::National, Some("nat-ask".into())),
            (Action::Answer, Layer::Department, None),
        ],
        requesters: (0..9).map(|place| centre(place % 2 == 0)).collect(),
        purposes: vec!["01".into(), "02".into()],
        always,
        change,
    };
    let (_, offers) = reach_form();
    ReachView {
        layer: layer(Layer::Department),
        which: Which::Copy,
        entry: offers.entries.first().cloned().unwrap(),
        item: ("ZJHM".into(), words("证件号码", "Identity number")),
        ways: vec![
            way(Way::Verify, Some(ChangeKind::Added), true),
            way(Way::Batch, Some(ChangeKind::Removed), false),
            way(Way::Query, None, true),
            way(Way::Download, None, false),
        ],
        took_ms: 2_410,
    }
}

fn past(number: u64) -> PastView {
    let is_founded = number == 1;
    PastView {
        in_force: InForceView { version: version(number, false), founded: is_founded, ..in_force() },
        until: (number != 16).then_some(NOW - DAY),
        drafted: (!is_founded).then(|| step_of(Some("乔岩"), 1_190, NOW - DAY)),
        countersigned: (!is_founded).then(|| step_of(Some("孟夏"), 1_195, NOW - DAY)),
        reason: match number {
            1 => ReasonView::None,
            2 => ReasonView::Elsewhere,
            _ => ReasonView::Text("夜间不再开放查询".into()),
        },
        changes: (1, 2, 3),
    }
}

pub(super) fn history() -> HistoryView {
    let versions = vec![past(16), past(2), past(1)];
    HistoryView { layer: layer(Layer::Department), versions }
}

pub(super) fn compare() -> CompareView {
    CompareView {
        layer: layer(Layer::Department),
        from: (Which::Number(2), version(2, false)),
        to: (Which::InForce, version(16, false)),
        changes: changes(),
        departments: departments(),
        items: item_names(),
    }
}
