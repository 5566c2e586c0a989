//! The command line as operators meet it: exit codes, mistakes, printed results.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const TOML: &str = r#"
[department]
id = "12440100X00000254F"
name_zh = "广州市住房公积金管理中心（演示）"
name_en = "Guangzhou Housing Provident Fund Centre (demo)"
region = "440100"
[portal]
listen = "127.0.0.1:0"
host = "gz.localhost"
[node]
consensus = "127.0.0.1:0"
peers = "127.0.0.1:0"
validator = true
"#;

fn zhenglian(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zhenglian")).current_dir(folder).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a configuration, keys, and a chain of this one department.
fn founded() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("zhenglian.toml"), TOML).unwrap();
    assert_eq!(code(&zhenglian(folder.path(), &["init"])), 0);
    let made = zhenglian(folder.path(), &["genesis", "--json", "--name", "one", "card.bin"]);
    assert_eq!(code(&made), 0, "{}", err(&made));
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let root = made["root"].as_str().unwrap().to_owned();
    (folder, root)
}

#[test]
fn a_chain_is_founded_and_found_in_order() {
    let (folder, root) = founded();
    let checked = zhenglian(folder.path(), &["check", "--json"]);
    assert_eq!(code(&checked), 0, "{}", err(&checked));
    let told: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(told["root"], *root);
    assert_eq!(told["validator"], true);
}

#[test]
fn keys_are_never_overwritten() {
    let (folder, _) = founded();
    let key = folder.path().join("keys/office.key");
    let before = fs::read(&key).unwrap();
    let again = zhenglian(folder.path(), &["init"]);
    assert_eq!(code(&again), 2);
    assert!(err(&again).contains("never overwritten"));
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[test]
fn every_mistake_of_a_configuration_is_reported_with_code_two() {
    let folder = tempfile::tempdir().unwrap();
    let toml = TOML.replace("region = \"440100\"", "region = \"44\"").replace("host =", "hoost =");
    fs::write(folder.path().join("zhenglian.toml"), toml).unwrap();
    for command in ["check", "run", "init"] {
        let output = zhenglian(folder.path(), &[command]);
        assert_eq!(code(&output), 2, "{command}");
        for key in ["department.region", "portal.host", "portal.hoost"] {
            assert!(err(&output).contains(key), "{command} does not name {key}: {}", err(&output));
        }
        assert_eq!(err(&output).matches("mend:").count(), 3);
    }
}

#[test]
fn a_key_file_that_others_may_read_stops_the_start() {
    let (folder, _) = founded();
    let key = folder.path().join("keys/online.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    for command in ["check", "run"] {
        let output = zhenglian(folder.path(), &[command]);
        assert_eq!(code(&output), 2);
        assert!(err(&output).contains("mode 644"), "{}", err(&output));
    }
}

#[test]
fn keys_of_another_department_do_not_pass_for_its_own() {
    let (folder, _) = founded();
    fs::remove_dir_all(folder.path().join("keys")).unwrap();
    assert_eq!(code(&zhenglian(folder.path(), &["init"])), 0);
    let output = zhenglian(folder.path(), &["check"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("store.keys"));
}

#[test]
fn cards_that_do_not_fit_together_found_no_chain() {
    let (folder, _) = founded();
    let twice =
        zhenglian(folder.path(), &["genesis", "--name", "two", "--out", "two.bin", "card.bin", "card.bin"]);
    assert_eq!(code(&twice), 2);
    let none = zhenglian(folder.path(), &["genesis", "--name", "two", "--out", "two.bin", "zhenglian.toml"]);
    assert_eq!(code(&none), 2);
    assert!(!folder.path().join("two.bin").exists());
}

#[test]
fn staff_accounts_need_a_role_and_a_password() {
    let (folder, _) = founded();
    fs::write(folder.path().join("pw"), "Tk7-winter-lamp-Q\n").unwrap();
    let add = |account: &str, role: &str| {
        zhenglian(
            folder.path(),
            &[
                "staff",
                "add",
                "--account",
                account,
                "--name",
                "林敏",
                "--role",
                role,
                "--password-file",
                "pw",
            ],
        )
    };
    let added = add("lin", "REQ_OPERATOR");
    assert_eq!(code(&added), 0, "{}", err(&added));
    assert_eq!(code(&add("lin", "REQ_OPERATOR")), 2, "one account stands once");
    assert_eq!(code(&add("wang", "KING")), 2);
    fs::write(folder.path().join("pw"), "\n").unwrap();
    assert_eq!(code(&add("wang", "REQ_OPERATOR")), 2);
}

#[test]
fn what_is_no_evidence_is_refused_with_code_three_and_the_step() {
    let (folder, root) = founded();
    fs::write(folder.path().join("a.zlproof"), "no evidence").unwrap();
    let output = zhenglian(folder.path(), &["verify", "--json", "--root", &root, "a.zlproof"]);
    assert_eq!(code(&output), 3);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["failed_step"], "format");
    assert_eq!(code(&zhenglian(folder.path(), &["verify", "--root", "12", "a.zlproof"])), 2);
    assert_eq!(code(&zhenglian(folder.path(), &["verify", "--root", &root, "b.zlproof"])), 2);
}

#[test]
fn a_mistaken_command_line_ends_with_code_two() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&zhenglian(folder.path(), &["walk"])), 2);
    assert_eq!(code(&zhenglian(folder.path(), &["--version"])), 0);
}
