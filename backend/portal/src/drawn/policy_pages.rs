//! Every page about sharing policies, in every state.

use std::collections::BTreeMap;

use askama::Template;
use services::codes::Role;
use services::policies::{LineFault, LineWrong, ReachInput, RuleColumn, Which};

use crate::language::Language;
use crate::mistakes::Mistakes;
use crate::policies::{self, Made, Tab};

use super::policy_views as views;
use super::things::NOW;
use super::{frame, shell};

const AT: &str = "/policies/12440100455344021J";

/// Adds them to all pages by name.
pub(super) fn add(language: Language, drawn: &mut BTreeMap<&'static str, String>) {
    let f = || frame(language, AT);
    let shell = || shell(language, Role::SecAdmin, AT);
    let wrong =
        |fields: &[(&'static str, &'static str)]| Mistakes { fields: fields.to_vec(), sentence: None };
    let list = policies::ListPage { f: f(), shell: shell(), layers: views::layers() };
    drawn.insert("policies", list.render().unwrap());
    for (name, view, tab, changed_only) in [
        ("policy-copy", views::policy(Which::Copy), Tab::Rules, false),
        ("policy-copy-changed", views::policy(Which::Copy), Tab::Rules, true),
        ("policy-draft", views::policy(Which::Draft), Tab::Diff, false),
        ("policy-pending", views::policy(Which::Pending), Tab::Rules, false),
        ("policy-in-force", views::policy(Which::InForce), Tab::Diff, false),
        ("policy-past", views::policy(Which::Number(15)), Tab::Rules, false),
        ("policy-check", views::policy(Which::Copy), Tab::Check, false),
        ("policy-wrong", views::wrong(), Tab::Check, false),
    ] {
        let page = policies::VersionPage::of(f(), shell(), view, tab, NOW, changed_only);
        drawn.insert(name, page.render().unwrap());
    }
    let mut bare = views::policy(Which::InForce);
    (bare.layer.draft, bare.layer.pending, bare.layer.copy, bare.against) = (None, None, None, None);
    (bare.rows, bare.findings, bare.changes) = (Vec::new(), Vec::new(), Vec::new());
    for (name, tab) in
        [("policy-bare", Tab::Rules), ("policy-bare-diff", Tab::Diff), ("policy-bare-check", Tab::Check)]
    {
        let page = policies::VersionPage::of(f(), shell(), bare.clone(), tab, NOW, false);
        drawn.insert(name, page.render().unwrap());
    }
    let mut again =
        policies::VersionPage::of(f(), shell(), views::policy(Which::Copy), Tab::Rules, NOW, false);
    again.mistakes = wrong(&[("reason", "missing")]);
    again.hindrance = Some(f().refusal("policy.draft-waits"));
    drawn.insert("policy-copy-mistaken", again.render().unwrap());
    let row = |was, mistakes| {
        policies::RowPage::of(f(), shell(), views::row_form(was), NOW, mistakes).render().unwrap()
    };
    let every = [
        "id",
        "role",
        "requester",
        "provider",
        "entry_class",
        "items",
        "sensitivity",
        "grade_max",
        "action",
        "purpose",
        "assurance_min",
        "hours",
        "zones",
        "obligations",
        "effect",
    ];
    drawn.insert("policy-row", row("dep-all", Mistakes::default()));
    drawn.insert("policy-row-new", row("", wrong(&every.map(|field| (field, "missing")))));
    drawn.insert("policy-import", import(language, Vec::new()));
    drawn.insert("policy-import-wrong", import(language, wrong_lines()));
    trials(language, drawn);
    previews(language, drawn);
    for (name, compared) in [("policy-history", None), ("policy-compare", Some(views::compare()))] {
        let page = policies::HistoryPage::of(f(), shell(), views::history(), compared, NOW);
        drawn.insert(name, page.render().unwrap());
    }
}

fn import(language: Language, wrong: Vec<LineWrong>) -> String {
    let page = policies::ImportPage {
        f: frame(language, AT),
        shell: shell(language, Role::SecAdmin, AT),
        head: policies::VersionPage::of(
            frame(language, AT),
            shell(language, Role::SecAdmin, AT),
            views::policy(Which::Copy),
            Tab::Rules,
            NOW,
            false,
        )
        .head,
        text: "p,dep-all,*".into(),
        wrong,
        mistakes: Mistakes::default(),
    };
    page.render().unwrap()
}

/// Every way in which a line can be wrong.
fn wrong_lines() -> Vec<LineWrong> {
    let line = |(fault, line): (&LineFault, u64)| LineWrong {
        line,
        fault: *fault,
        column: Some(RuleColumn::Hours),
        cells: Some(3),
    };
    LineFault::ALL.iter().zip(2..).map(line).collect()
}

fn trials(language: Language, drawn: &mut BTreeMap<&'static str, String>) {
    let f = || frame(language, AT);
    let shell = || shell(language, Role::SecAdmin, AT);
    let mut in_force = views::tried();
    in_force.draft = None;
    for (name, which, tried, mistakes) in [
        ("policy-try", Which::InForce, None, Mistakes { fields: vec![("at", "not-a-date")], sentence: None }),
        ("policy-tried", Which::Copy, Some(views::tried()), Mistakes::default()),
        ("policy-tried-in-force", Which::InForce, Some(in_force), Mistakes::default()),
    ] {
        let page = policies::TrialPage::of(f(), shell(), views::try_out_form(), which, tried, NOW, mistakes);
        drawn.insert(name, page.render().unwrap());
    }
    for (name, found, item) in
        [("policy-reach", Some(views::reach()), "ZJHM"), ("policy-reach-none", None, "")]
    {
        let input = ReachInput { entry: "307001/000001".into(), item: item.into() };
        let page = policies::ReachPage::of(f(), shell(), views::reach_form(), Which::Copy, input, found, NOW);
        drawn.insert(name, page.render().unwrap());
    }
}

fn previews(language: Language, drawn: &mut BTreeMap<&'static str, String>) {
    let layer = || views::preview().layer;
    let mut nothing = views::preview();
    (nothing.found.turns, nothing.found.loosened, nothing.found.judged, nothing.found.period) =
        (0, 0, 0, None);
    (nothing.found.turned, nothing.found.by_turn) = (Vec::new(), Vec::new());
    for (name, which, made) in [
        ("policy-preview", Some(Which::Draft), Some(views::preview())),
        ("policy-preview-nothing", Some(Which::Draft), Some(nothing)),
        ("policy-preview-form", Some(Which::Copy), None),
        ("policy-preview-none", None, None),
    ] {
        let page = policies::PreviewPage::of(
            frame(language, AT),
            shell(language, Role::SecAdmin, AT),
            layer(),
            which,
            1_000,
            made.map(Made::of),
            NOW,
        );
        drawn.insert(name, page.render().unwrap());
    }
}
