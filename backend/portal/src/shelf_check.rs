//! What must hold for templates, texts and assets together, checked from the files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use services::codes::{
    Action, Assurance, Bound, Code, DataType, DeliveryOutcome, DenialClass, FieldCode, GrantStatus, Layer,
    MaskRule, Mode, ReceiptMode, Role, ShareType, Stage, UpdateCycle,
};
use services::inspections::{InspectionState, SightKind};
use services::policies::{ChangeKind, Effect, LineFault, RuleColumn, Turn, Way};
use services::queries::{StepKind, WithheldReason};
use services::receipts::{CheckCode, FactKey, Outcome};
use services::requests::{RequestState, TimelineKind};
use services::staff::{AccountState, SessionEnd, StaffAct, Which};
use services::{purpose, worklist};

use crate::code_tables;
use crate::language::{Language, key_of};

const LANGUAGES: [Language; 2] = [Language::Chinese, Language::English];

fn shelf() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web-templates")
}

fn files(folder: &Path, ending: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.insert(path.display().to_string(), fs::read_to_string(&path).unwrap());
        }
    }
    found
}

fn templates() -> BTreeMap<String, String> {
    files(&shelf(), "html")
}

fn sources() -> BTreeMap<String, String> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "rs")
}

/// Keys of a language and the gaps of each text.
fn texts(tag: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys = BTreeMap::new();
    for (path, text) in files(&shelf().join("locales").join(tag), "ftl") {
        let mut current = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((key, _)) = line.split_once(" =").filter(|(key, _)| !key.starts_with([' ', '}'])) {
                current = key.to_owned();
                assert!(keys.insert(current.clone(), BTreeSet::new()).is_none(), "{path}: {key} twice");
            }
            let gaps = line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(|letter| letter.is_ascii_alphanumeric()).collect::<String>()
            });
            keys.entry(current.clone()).or_default().extend(gaps);
        }
    }
    keys.remove("");
    keys
}

/// What stands between `before` and the next quote, wherever `before` occurs.
fn quoted_after<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_gaps() {
    let (chinese, english) = (texts("zh-CN"), texts("en"));
    for (key, gaps) in &chinese {
        let other = english.get(key).unwrap_or_else(|| panic!("{key} is missing in English"));
        // A date names its month in English and numbers it in Chinese.
        if key != "date-long" && !gaps.is_superset(other) && !other.is_superset(gaps) {
            panic!("{key}: {gaps:?} and {other:?}");
        }
    }
    for key in english.keys() {
        assert!(chinese.contains_key(key), "{key} is missing in Chinese");
    }
}

#[test]
fn english_texts_hold_no_han_character() {
    for (key, _) in texts("en") {
        let text = Language::English.say(&key).to_string();
        let is_seal = key.starts_with("seal-");
        assert!(is_seal || !text.chars().any(is_han), "{key}: {text}");
    }
}

#[test]
fn templates_hold_no_han_character() {
    for (path, text) in templates() {
        let found: String = text.chars().filter(|letter| is_han(*letter)).collect();
        assert!(found.is_empty(), "{path}: {found}");
    }
}

fn is_han(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '\u{ff00}'..='\u{ffef}')
}

#[test]
fn every_text_a_page_names_exists() {
    let known = texts("zh-CN");
    let mut named = BTreeSet::new();
    for (path, text) in templates().into_iter().chain(sources()) {
        for before in ["f.t(\"", "self.t(\"", ".say(\"", "self.f.t(\""] {
            for key in quoted_after(&text, before).filter(|key| !key.contains('{')) {
                named.insert((key.to_owned(), path.clone()));
            }
        }
    }
    assert!(named.len() > 300);
    for (key, path) in named {
        let is_example = path.ends_with("language.rs") && key == "no-such-key";
        assert!(is_example || known.contains_key(&key), "{path}: {key}");
    }
}

#[test]
fn every_code_from_below_has_both_texts() {
    let mut wanted: Vec<(&str, String)> = Vec::new();
    let mut family = |name: &'static str, codes: Vec<&str>| {
        wanted.extend(codes.into_iter().map(|code| (name, code.to_owned())));
    };
    family("refusal", Code::all().map(Code::code).collect());
    family("query-state", Stage::ALL.iter().map(|code| code.code()).collect());
    family("step", TimelineKind::ALL.iter().map(|code| code.code()).collect());
    family("query-step", StepKind::ALL.iter().map(|code| code.code()).collect());
    family("withheld", WithheldReason::ALL.iter().map(|code| code.code()).collect());
    family("check-done", CheckCode::ALL.iter().map(|code| code.code()).collect());
    family("check-open", CheckCode::ALL.iter().map(|code| code.code()).collect());
    family("check-how", CheckCode::ALL.iter().map(|code| code.code()).collect());
    family("check-bad", CheckCode::ALL.iter().map(|code| code.code()).collect());
    family("fact", FactKey::ALL.iter().map(|code| code.code()).collect());
    family("mistake", FieldCode::ALL.iter().map(|code| code.code()).collect());
    family("role", Role::ALL.iter().map(|code| code.code()).collect());
    family("share", ShareType::ALL.iter().map(|code| code.code()).collect());
    family("mode", Mode::ALL.iter().map(|code| code.code()).collect());
    family("receipt-mode", ReceiptMode::ALL.iter().map(|code| code.code()).collect());
    family("mask", MaskRule::ALL.iter().map(|code| code.code()).collect());
    family("data-type", DataType::ALL.iter().map(|code| code.code()).collect());
    family("cycle", UpdateCycle::ALL.iter().map(|code| code.code()).collect());
    family("layer", Layer::ALL.iter().map(|code| code.code()).collect());
    family("grant-status", GrantStatus::ALL.iter().map(|code| code.code()).collect());
    family("request-status", RequestState::ALL.iter().map(|code| code.code()).collect());
    family("outcome", Outcome::ALL.iter().map(|code| code.code()).collect());
    family("denial", DenialClass::ALL.iter().map(|code| code.code()).collect());
    family("delivery", DeliveryOutcome::ALL.iter().map(|code| code.code()).collect());
    family("account-state", AccountState::ALL.iter().map(|code| code.code()).collect());
    family(
        "change",
        StaffAct::ALL.iter().filter(|act| **act != StaffAct::Look).map(|act| act.code()).collect(),
    );
    family("bound", Bound::ALL.iter().map(|code| code.code()).collect());
    family("session-end", SessionEnd::ALL.iter().map(|code| code.code()).collect());
    family("proven", Assurance::ALL.iter().map(|code| code.code()).collect());
    family("only-signed", services::queries::Signing::ALL.iter().map(|code| code.code()).collect());
    family("roster-member", services::staff::MemberState::ALL.iter().map(|code| code.code()).collect());
    family("staff-which", Which::ALL.iter().map(|code| code.code()).collect());
    family("column", RuleColumn::ALL.iter().map(|code| code.code()).collect());
    family("csv", LineFault::ALL.iter().map(|code| code.code()).collect());
    family("rule", ChangeKind::ALL.iter().map(|code| code.code()).collect());
    family("rule", Effect::ALL.iter().map(|code| code.code()).collect());
    family("turn", Turn::ALL.iter().map(|code| code.code()).collect());
    family("way", Way::ALL.iter().map(|code| code.code()).collect());
    family("purpose", purpose::PURPOSES.to_vec());
    family("basis", purpose::BASES.to_vec());
    family("withdraw-reason", purpose::WITHDRAW_REASONS.to_vec());
    family("revoke-reason", purpose::REVOKE_REASONS.to_vec());
    family("id-type", purpose::ID_TYPES.to_vec());
    family("purpose-inspection", purpose::INSPECTION_PURPOSES.to_vec());
    family("conclusion", purpose::INSPECTION_CONCLUSIONS.to_vec());
    family("inspection-state", InspectionState::ALL.iter().map(|code| code.code()).collect());
    family("sight", SightKind::ALL.iter().map(|code| code.code()).collect());
    family("action", Action::ALL.iter().map(|code| code.code()).collect());
    family("grade", vec!["1", "2", "3", "4"]);
    family("sensitivity", vec!["0", "1", "2", "3"]);
    for (table, codes) in code_tables::families() {
        family(table, codes.to_vec());
    }
    for kind in worklist::TaskKind::ALL {
        for name in ["task", "task-do", "task-after"] {
            wanted.push((name, kind.code().to_owned()));
        }
    }
    for tag in LANGUAGES.map(Language::tag) {
        let known = texts(tag);
        for (name, code) in &wanted {
            let key = key_of(name, code);
            assert!(known.contains_key(&key), "{tag}: {key}");
        }
    }
}

#[test]
fn every_form_field_has_a_name_for_its_mistakes() {
    let fields = [
        "account",
        "password",
        "form_id",
        "entry",
        "version",
        "items",
        "purpose",
        "basis",
        "mode",
        "from",
        "until",
        "quota",
        "receipt_mode",
        "condition",
        "reason",
        "role",
        "name",
        "id_type",
        "id_number",
        "case_no",
        "grant",
        "roles",
        "clearance",
        "valid_until",
        "departments",
        "file_no",
        "warrant_no",
        "ends",
        "conclusion",
        "key",
        "number",
        "unit",
        "old",
        "new",
        "again",
        "zone",
        "at",
        "item",
    ];
    for field in fields {
        for language in LANGUAGES {
            assert!(language.code("field", field).known().is_some(), "{language:?}: {field}");
        }
    }
}

#[test]
fn icons_used_and_icons_packed_are_the_same() {
    let sprite = fs::read_to_string(shelf().join("assets/icons.svg")).unwrap();
    let packed: BTreeSet<&str> = quoted_after(&sprite, "<symbol id=\"").collect();
    let (templates, sources) = (templates(), sources());
    let mut used = BTreeSet::new();
    for text in templates.values() {
        used.extend(quoted_after(text, "f.ico(\""));
        used.extend(quoted_after(text, "f.icos(\""));
    }
    // Icons of errors, of the side bar and of tasks are named in the sources.
    let named: BTreeSet<&str> =
        sources.values().flat_map(|text| text.split('"').skip(1).step_by(2)).collect();
    for icon in &used {
        assert!(packed.contains(icon), "{icon} is not packed");
    }
    for icon in packed {
        assert!(used.contains(icon) || named.contains(icon), "{icon} is packed and not used");
    }
}

#[test]
fn no_template_needs_what_the_content_policy_forbids() {
    for (path, text) in templates() {
        for forbidden in
            [" style=\"", "<style", " onclick", " onload", "hx-on", "hx-vals", "javascript:", "data-hx-on"]
        {
            assert!(!text.contains(forbidden), "{path}: {forbidden}");
        }
        assert!(!text.contains("<script>"), "{path}: inline script");
    }
}

#[test]
fn every_form_that_writes_carries_a_token() {
    for (path, text) in templates() {
        let forms = text.matches("method=\"post\"").count();
        let tokens = text.matches("name=\"csrf\"").count();
        assert_eq!(forms, tokens, "{path}");
    }
}

#[test]
fn every_template_is_used() {
    let (templates, sources) = (templates(), sources());
    let root = shelf().display().to_string();
    for path in templates.keys() {
        let name = path.strip_prefix(&root).unwrap().trim_start_matches('/');
        let quoted = format!("\"{name}\"");
        let used = templates.values().chain(sources.values()).any(|text| text.contains(&quoted));
        assert!(used, "{name} is not used");
    }
}
