//! ARCHITECTURE.md and the house rules as a test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use spdx::expression::Expression;
use spdx::{Licensee, ParseMode};
use system_tests::people::id_check_digit;

use crate::circles::Crate;

/// Arrows between our crates that exist; no other.
const ARROWS: [(&str, &[&str]); 9] = [
    ("gm", &[]),
    ("ledger", &["gm"]),
    ("node", &["ledger", "gm"]),
    ("access", &["ledger", "gm"]),
    ("exchange", &["node", "access", "ledger", "gm"]),
    ("services", &["exchange", "access", "node", "ledger", "gm"]),
    ("portal", &["services"]),
    ("department", &["gm", "ledger", "node", "access", "exchange", "services", "portal"]),
    ("system-tests", &["gm", "ledger", "node", "access", "exchange", "services", "portal", "department"]),
];

/// Packages that have a home; nobody else may use them.
const HOMES: [(&str, &[&str]); 42] = [
    ("sm2", &["gm"]),
    ("sm3", &["gm"]),
    ("sm4", &["gm"]),
    ("aes-gcm", &["gm"]),
    ("hmac", &["gm"]),
    ("signature", &["gm"]),
    ("getrandom", &["gm"]),
    ("sm-crypto", &["gm"]),
    ("num-bigint", &["gm"]),
    ("minicbor", &["ledger"]),
    ("unicode-normalization", &["ledger"]),
    ("jmt", &["ledger"]),
    ("anyhow", &["ledger"]),
    ("arc-malachitebft-app-channel", &["node"]),
    ("arc-malachitebft-core-types", &["node"]),
    ("arc-malachitebft-core-consensus", &["node"]),
    ("arc-malachitebft-engine", &["node"]),
    ("arc-malachitebft-sync", &["node"]),
    ("arc-malachitebft-signing", &["node"]),
    ("borsh", &["ledger", "node"]),
    ("libp2p", &["node"]),
    ("rocksdb", &["node"]),
    ("prometheus-client", &["node"]),
    ("ractor", &["node"]),
    ("casbin", &["access"]),
    ("csv", &["access", "services"]),
    ("sqlx", &["exchange", "services"]),
    ("jiff", &["exchange", "services", "portal", "department"]),
    ("argon2", &["services"]),
    ("totp-rs", &["services"]),
    ("ipnet", &["services"]),
    ("openidconnect", &["portal"]),
    ("reqwest", &["portal"]),
    ("actix-web", &["portal"]),
    ("flate2", &["portal"]),
    ("fluent-templates", &["portal"]),
    ("askama", &["portal"]),
    ("jsonwebtoken", &["portal"]),
    ("clap", &["department"]),
    ("tracing-subscriber", &["department"]),
    ("scraper", &["system-tests"]),
    ("spdx", &["system-tests"]),
];

/// Named for a feature that the engine's other parts need, and for nothing else.
const NAMED_FOR_A_FEATURE: [&str; 2] = ["malachitebft-core-consensus", "malachitebft-engine"];

const FILE_NAMES_BANNED: [&str; 8] =
    ["utils", "util", "helpers", "helper", "common", "misc", "manager", "mod"];
const FILE_LINES_MAX: usize = 600;
/// Folders that are not ours or not sources.
const FOLDERS_PASSED_OVER: [&str; 4] = ["target", ".git", ".demo", "node_modules"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata(which: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked"])
        .args(which)
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Our own packages.
fn packages() -> Vec<Value> {
    metadata(&["--no-deps"])
}

/// All packages that are compiled here, those of others included.
fn all_packages() -> Vec<Value> {
    metadata(&["--filter-platform", "x86_64-unknown-linux-gnu"])
}

/// A list of `deny.toml`.
fn denied(table: &str, key: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("deny.toml")).unwrap();
    let parsed: toml::Table = text.parse().unwrap();
    let list = parsed[table][key].as_array().unwrap();
    list.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Name and what it is used for, of each dependency.
fn dependencies(package: &Value) -> Vec<(String, Option<String>)> {
    let list = package["dependencies"].as_array().unwrap();
    list.iter()
        .map(|one| (one["name"].as_str().unwrap().to_owned(), one["kind"].as_str().map(str::to_owned)))
        .collect()
}

/// Every file of the repository with one of these endings.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !FOLDERS_PASSED_OVER.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn nothing(found: Vec<String>, rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn arrows_between_our_crates_go_only_down() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            wrong.push(format!("{name} is a tenth crate"));
            continue;
        };
        for (to, _) in dependencies(&package) {
            let is_ours = ARROWS.iter().any(|(crate_name, _)| *crate_name == to);
            if is_ours && !allowed.contains(&to.as_str()) {
                wrong.push(format!("{name} -> {to}"));
            }
        }
    }
    nothing(wrong, "arrows that ARCHITECTURE.md does not list");
}

#[test]
fn a_named_package_is_used_only_in_its_home() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        for (dependency, kind) in dependencies(&package) {
            let home = HOMES.iter().find(|(named, _)| *named == dependency);
            if let (Some((_, homes)), None) = (home, kind)
                && !homes.contains(&name)
                && name != "system-tests"
            {
                wrong.push(format!("{name} uses {dependency}, at home in {}", homes.join(", ")));
            }
        }
    }
    nothing(wrong, "packages away from home");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for package in packages() {
        let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
        for circle in Crate::read(&manifest.with_file_name("src")).circles() {
            let files: Vec<String> =
                circle.iter().map(|file| format!("{}/{file}", package["name"].as_str().unwrap())).collect();
            found.push(files.join(" "));
        }
    }
    nothing(found, "circles of more than two files");
}

#[test]
fn every_dependency_of_ours_is_used() {
    let mut unused = Vec::new();
    for package in packages() {
        let folder = PathBuf::from(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned();
        let sources: Vec<String> = files(&[".rs"])
            .iter()
            .filter(|path| path.starts_with(&folder))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        for dependency in package["dependencies"].as_array().unwrap() {
            let name = dependency["rename"].as_str().or(dependency["name"].as_str()).unwrap();
            if NAMED_FOR_A_FEATURE.contains(&name) {
                continue;
            }
            let word = name.replace('-', "_");
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            if !sources.iter().any(|text| text.split(|c| !is_word(c)).any(|found| found == word)) {
                unused.push(format!("{} does not use {name}", package["name"]));
            }
        }
    }
    nothing(unused, "dependencies that no source names");
}

#[test]
fn everything_compiled_has_a_licence_and_a_source_that_we_take() {
    let allowed: Vec<Licensee> =
        denied("licenses", "allow").iter().map(|name| Licensee::parse(name).unwrap()).collect();
    let mut wrong = Vec::new();
    let mut registries = BTreeSet::new();
    for package in all_packages() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_default();
        let is_allowed = Expression::parse_mode(licence, ParseMode::LAX)
            .is_ok_and(|terms| terms.evaluate(|term| allowed.iter().any(|licence| licence.satisfies(term))));
        if !is_allowed {
            wrong.push(format!("{name}: licence {licence:?}"));
        }
        // Ours have none. A repository or a second registry beside Cargo's own is one too many.
        let Some(source) = package["source"].as_str() else { continue };
        if !source.starts_with("registry+") {
            wrong.push(format!("{name}: from {source}"));
        }
        registries.insert(source.to_owned());
    }
    if registries.len() != 1 {
        wrong.push(format!("registries: {registries:?}"));
    }
    nothing(wrong, "licences and sources that deny.toml does not allow");
}

#[test]
fn the_list_of_doubled_packages_only_shrinks() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in all_packages() {
        let version = package["version"].as_str().unwrap().to_owned();
        versions.entry(package["name"].as_str().unwrap().to_owned()).or_default().insert(version);
    }
    let doubled: BTreeSet<String> =
        versions.into_iter().filter(|(_, versions)| versions.len() > 1).map(|(name, _)| name).collect();
    let known = denied("bans", "skip");
    nothing(doubled.difference(&known).cloned().collect(), "packages in two versions");
    nothing(known.difference(&doubled).cloned().collect(), "no longer doubled: take them off deny.toml");
}

#[test]
fn the_architecture_names_only_what_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let sources = files(&[".rs"]);
    let components = |path: &Path| -> Vec<String> {
        let parts = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        parts.filter(|part| part != "src").collect()
    };
    let mut missing = Vec::new();
    for quoted in text.split('`').skip(1).step_by(2) {
        for word in quoted.split(|c: char| !(c.is_alphanumeric() || "_-./:".contains(c))) {
            let mut parts = word.split("::");
            let file = parts.next().unwrap_or_default();
            if !file.ends_with(".rs") {
                continue;
            }
            let wanted = components(Path::new(file));
            let named: Vec<&PathBuf> =
                sources.iter().filter(|path| components(path).ends_with(&wanted)).collect();
            let defines = |name: &str| {
                let kinds = ["fn", "struct", "enum", "trait", "const", "type", "mod"];
                let words = kinds.map(|kind| format!("{kind} {name}"));
                named.iter().any(|path| {
                    let text = fs::read_to_string(path).unwrap();
                    let ends = |at: usize| {
                        text[at..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_')
                    };
                    words
                        .iter()
                        .any(|word| text.match_indices(word.as_str()).any(|(at, _)| ends(at + word.len())))
                })
            };
            if named.is_empty() || !parts.all(defines) {
                missing.push(word.to_owned());
            }
        }
    }
    nothing(missing, "named in ARCHITECTURE.md and not there");
}

#[test]
fn pure_crates_say_no_std_and_all_crates_keep_the_workspace_lints() {
    for name in ["gm", "ledger"] {
        let text = fs::read_to_string(root().join("chain-node").join(name).join("src/lib.rs")).unwrap();
        assert!(text.lines().any(|line| line == "#![no_std]"), "{name} is not no_std");
    }
    for package in packages() {
        let manifest = fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", package["name"]);
    }
}

#[test]
fn files_are_named_by_nouns_of_the_field() {
    let banned = |path: &PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // Cargo wants shared modules of integration tests to be called mod.rs.
        let shared = stem == "mod" && path.components().any(|part| part.as_os_str() == "tests");
        (FILE_NAMES_BANNED.contains(&stem.as_str()) && !shared).then(|| path.display().to_string())
    };
    nothing(files(&[".rs", ".html"]).iter().filter_map(banned).collect(), "names that say nothing");
}

#[test]
fn files_stay_short_enough_to_read() {
    let long = |path: &PathBuf| {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{} has {lines} lines", path.display()))
    };
    nothing(files(&[".rs", ".html"]).iter().filter_map(long).collect(), "files over 600 lines");
}

#[test]
fn nothing_is_left_half_done() {
    // Put together here, so that this file does not find itself.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["#[ig", "nore"].concat()];
    let marks = [&marks[..], &[["#[should", "_panic"].concat(), ["unimpl", "emented!("].concat()]].concat();
    let mut found = Vec::new();
    for path in files(&[".rs", ".html", ".ftl", ".toml"]) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let left = marks.iter().any(|mark| line.contains(mark.as_str()));
            if left && !line.contains("(#") {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    nothing(found, "left half done, without an issue's number");
}

#[test]
fn no_citizen_number_in_the_repository_could_be_a_real_persons() {
    let mut found = Vec::new();
    for path in files(&[".rs", ".html", ".ftl", ".toml", ".md", ".csv", ".js"]) {
        let text = fs::read_to_string(&path).unwrap();
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 18) {
            let digits = word.bytes().take(17).all(|byte| byte.is_ascii_digit());
            if digits && word.ends_with(id_check_digit(&word[..17])) && is_real(word) {
                found.push(format!("{}: {word}", path.display()));
            }
        }
    }
    nothing(found, "citizen numbers outside the never assigned 990000");
}

/// A division that exists, and a birth day of our time.
fn is_real(number: &str) -> bool {
    let year: u32 = number[6..10].parse().unwrap_or_default();
    let month: u32 = number[10..12].parse().unwrap_or_default();
    let day: u32 = number[12..14].parse().unwrap_or_default();
    // The example that GB 11643 itself prints.
    const STANDARDS_EXAMPLE: &str = concat!("3405241980", "0101001X");
    !number.starts_with("99")
        && ("11".."83").contains(&&number[..2])
        && (1850..2100).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && number != STANDARDS_EXAMPLE
}
