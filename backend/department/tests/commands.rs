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
public = "http://gz.localhost"
[operations]
listen = "127.0.0.1:0"
[node]
listen = "127.0.0.1:0"
validator = true
"#;

fn zhenglian(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zhenglian")).current_dir(folder).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
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
    let toml = TOML.replace("region = \"440100\"", "region = \"44\"").replace("public =", "pubblic =");
    fs::write(folder.path().join("zhenglian.toml"), toml).unwrap();
    for command in ["check", "run", "init"] {
        let output = zhenglian(folder.path(), &[command]);
        assert_eq!(code(&output), 2, "{command}");
        for key in ["department.region", "portal.public", "portal.pubblic"] {
            assert!(err(&output).contains(key), "{command} does not name {key}: {}", err(&output));
        }
        assert_eq!(err(&output).matches("mend:").count(), 3);
    }
}

/// It would go back in time with the folder, and the validator would vote twice.
#[test]
fn a_sign_guard_inside_the_data_folder_is_a_mistake() {
    let (folder, _) = founded();
    for (guard, expected) in [("data/guard", 2), ("data", 2), ("guard", 0)] {
        let toml = format!("{TOML}sign_guard = \"{guard}\"\n");
        fs::write(folder.path().join("zhenglian.toml"), toml).unwrap();
        let checked = zhenglian(folder.path(), &["check"]);
        assert_eq!(code(&checked), expected, "{guard}: {}", err(&checked));
        assert_eq!(err(&checked).contains("node.sign_guard"), expected == 2);
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
fn the_secret_for_an_identity_provider_is_kept_as_a_key_is() {
    let (folder, _) = founded();
    let named = "[sign_in.oidc]\nissuer = \"https://id.example.cn\"\nclient_id = \"zl\"\n\
                 client_secret_file = \"keys/oidc.secret\"\n";
    fs::write(folder.path().join("zhenglian.toml"), format!("{TOML}{named}")).unwrap();
    let secret = folder.path().join("keys/oidc.secret");
    let told = |what: &str| {
        let output = zhenglian(folder.path(), &["check"]);
        assert_eq!(code(&output), 2);
        for word in ["sign_in.oidc.client_secret_file", what, "mend:"] {
            assert!(err(&output).contains(word), "no {word:?}: {}", err(&output));
        }
    };
    told("oidc.secret");
    fs::write(&secret, "\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).unwrap();
    told("mode 640");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    told("empty");
    fs::write(&secret, "x".repeat(1025)).unwrap();
    told("too long");
    fs::write(&secret, "x".repeat(1024)).unwrap();
    // The provider is not asked: a department starts without it.
    let checked = zhenglian(folder.path(), &["check"]);
    assert_eq!(code(&checked), 0, "{}", err(&checked));
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

/// `staff add` with these further arguments.
fn staff_add(folder: &Path, account: &str, role: &str, more: &[&str]) -> Output {
    let named = ["staff", "add", "--account", account, "--name", "林敏", "--role", role];
    zhenglian(folder, &[named.as_slice(), more].concat())
}

#[test]
fn outside_a_demonstration_only_administrators_are_added_once_each_with_a_secret_of_their_own() {
    let (folder, _) = founded();
    let folder = folder.path();
    let mut secrets = Vec::new();
    for (account, role) in [("he", "SYS_ADMIN"), ("luo", "SEC_ADMIN"), ("wei", "AUDIT_ADMIN")] {
        let (own, public) = (format!("{account}.key"), format!("{account}.pub"));
        let made = zhenglian(folder, &["officer-key", "new", "--out", &own]);
        fs::write(folder.join(&public), out(&made)).unwrap();
        let without = staff_add(folder, account, role, &[]);
        assert_eq!(code(&without), 2);
        assert!(err(&without).contains("a key of their own"), "{}", err(&without));
        let added = staff_add(folder, account, role, &["--json", "--public-key", &public]);
        assert_eq!(code(&added), 0, "{}", err(&added));
        let told: serde_json::Value = serde_json::from_str(&out(&added)).unwrap();
        secrets.push(told["one_time_secret"].as_str().unwrap().to_owned());
        let second = staff_add(folder, "second", role, &["--public-key", &public]);
        assert_eq!(code(&second), 2);
        assert!(err(&second).contains("somebody holds this role"), "{}", err(&second));
    }
    secrets.dedup();
    assert_eq!(secrets.len(), 3);
    let clerk = staff_add(folder, "lin", "BIZ_USER", &["--public-key", "he.pub"]);
    assert_eq!(code(&clerk), 2);
    assert!(err(&clerk).contains("in the portal"), "{}", err(&clerk));
}

#[test]
fn in_a_demonstration_accounts_need_a_role_and_a_password() {
    let (folder, _) = founded();
    let folder = folder.path();
    let config = fs::read_to_string(folder.join("zhenglian.toml")).unwrap();
    fs::write(folder.join("zhenglian.toml"), config.replace("[portal]", "[portal]\ndemo = true")).unwrap();
    fs::write(folder.join("pw"), "Tk7-winter-lamp-Q\n").unwrap();
    let add = |account: &str, role: &str| staff_add(folder, account, role, &["--password-file", "pw"]);
    let added = add("lin", "REQ_OPERATOR");
    assert_eq!(code(&added), 0, "{}", err(&added));
    assert_eq!(code(&add("lin", "REQ_OPERATOR")), 2, "one account stands once");
    assert_eq!(code(&add("wang", "KING")), 2);
    fs::write(folder.join("pw"), "\n").unwrap();
    assert_eq!(code(&add("wang", "REQ_OPERATOR")), 2);
}

#[test]
fn an_officers_key_is_its_owners_alone_and_answers_challenges_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = zhenglian(folder, &["officer-key", "new", "--out", "own.key"]);
    assert_eq!((code(&made), out(&made).trim().len()), (0, 130), "{}", err(&made));
    assert_eq!(code(&zhenglian(folder, &["officer-key", "new", "--out", "own.key"])), 2, "never overwritten");
    assert_eq!(out(&zhenglian(folder, &["officer-key", "public", "--key", "own.key"])), out(&made));
    let answered = zhenglian(folder, &["officer-key", "answer", "--key", "own.key", "zl1-sign-in.00.00"]);
    assert_eq!(code(&answered), 2);
    assert!(err(&answered).contains("nothing to sign"), "{}", err(&answered));
    let cut = zhenglian(folder, &["officer-key", "answer", "--key", "own.key", "zl1-query.00.00"]);
    assert_eq!(code(&cut), 2);
    // Who signs a query sees what it asks for; the answer alone can be taken on.
    let shown = word();
    let signed = zhenglian(
        folder,
        &["officer-key", "answer", "--key", "own.key", &services::staff::challenge::word_text(&shown)],
    );
    assert_eq!(code(&signed), 0, "{}", err(&signed));
    for part in ["BIZ_USER", "12440100X00000254F", "purpose 01", "307001/000001", "GRZHZT, XingMing"] {
        assert!(err(&signed).contains(part), "{part}: {}", err(&signed));
    }
    let answer = out(&signed);
    let signature = hex::decode(answer.trim().strip_prefix("zl1-answer.").unwrap()).unwrap();
    let signature = gm::sm2::Signature::from_slice(&signature).unwrap();
    let key = services::staff::read_key(&out(&made)).unwrap();
    assert!(key.verify_digest(&shown.digest(), &signature));
}

/// What an officer of a department signs for one query.
fn word() -> ledger::roster::OfficerWord {
    let digest = gm::sm3::Digest([3; 32]);
    ledger::roster::OfficerWord {
        version: 1,
        chain: gm::domain::ChainId(gm::sm3::Digest([7; 32])),
        department: "12440100X00000254F".parse().unwrap(),
        nonce: ledger::ids::Nonce([1; 32]),
        actor: ledger::ids::Pseudonym([2; 32]),
        role: ledger::role::Role::BizUser,
        assurance: ledger::role::Assurance::Ukey,
        entry: ledger::ids::EntryId { code: "307001/000001".parse().unwrap(), version: 1 },
        items: ["XingMing".parse().unwrap(), "GRZHZT".parse().unwrap()].into(),
        purpose: "01".parse().unwrap(),
        case_commit: digest,
        subject_commit: Some(digest),
        subjects: None,
        claims_commit: None,
    }
}

/// A founded demonstration with a password in `pw`.
fn demonstration() -> tempfile::TempDir {
    let (folder, _) = founded();
    let file = folder.path().join("zhenglian.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(file, config.replace("[portal]", "[portal]\ndemo = true")).unwrap();
    fs::write(folder.path().join("pw"), "Tk7-winter-lamp-Q\n").unwrap();
    folder
}

#[test]
fn what_the_process_writes_is_its_owners_alone_even_under_an_open_umask() {
    let folder = demonstration();
    let add = "umask 000; exec \"$0\" staff add --account lin --name 林敏 --role BIZ_USER --password-file pw";
    let added = Command::new("sh")
        .args(["-c", add, env!("CARGO_BIN_EXE_zhenglian")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(code(&added), 0, "{}", err(&added));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let data = folder.path().join("data");
    assert_eq!((mode(&data), mode(&data.join("office"))), (0o700, 0o700));
    for file in fs::read_dir(data.join("office")).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn the_audit_log_is_verified_and_exported_and_a_change_of_it_is_found() {
    let folder = demonstration();
    for account in ["lin", "su"] {
        let arguments = ["staff", "add", "--name", "林敏", "--role", "BIZ_USER", "--password-file", "pw"];
        let added = zhenglian(folder.path(), &[&arguments[..], &["--account", account]].concat());
        assert_eq!(code(&added), 0, "{}", err(&added));
    }
    let verified = zhenglian(folder.path(), &["audit", "verify", "--json"]);
    assert_eq!(code(&verified), 0, "{}", err(&verified));
    let told: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!((&told["holds"], &told["entries"]), (&true.into(), &2.into()));

    let exported = zhenglian(folder.path(), &["audit", "export"]);
    let text = String::from_utf8(exported.stdout).unwrap();
    assert!(text.starts_with("seq,at,time,event,") && text.contains("\"staff.create\",\"system\""), "{text}");
    let exported = zhenglian(folder.path(), &["audit", "export", "--json"]);
    let entries: serde_json::Value = serde_json::from_slice(&exported.stdout).unwrap();
    // The exports are noted themselves.
    assert_eq!((entries.as_array().unwrap().len(), &entries[2]["event"]), (4, &"audit.export".into()));

    // One letter in the file, by other means than statements.
    let database = folder.path().join("data/office/office.sqlite");
    let mut bytes = fs::read(&database).unwrap();
    let place = bytes.windows(18).rposition(|window| window == b"staff.createsystem").unwrap();
    bytes[place + 12] = b'z';
    fs::write(&database, bytes).unwrap();
    let verified = zhenglian(folder.path(), &["audit", "verify"]);
    assert_eq!(code(&verified), 3, "{}", err(&verified));
    let told = String::from_utf8(verified.stdout).unwrap();
    assert!(told.starts_with("DOES NOT HOLD: entry"), "{told}");
    assert_ne!(code(&zhenglian(folder.path(), &["run"])), 0, "it fails closed");
}

/// A table of policies: the starter rows of a department's layer and one more.
fn a_policy(folder: &Path, name: &str, more: &str) {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/starter/department.csv");
    let rows = fs::read_to_string(starter).unwrap();
    fs::write(folder.join(name), format!("{rows}{more}\n")).unwrap();
}

#[test]
fn a_file_of_policies_is_checked_against_what_is_in_force_and_told_by_line() {
    let (folder, _) = founded();
    let folder = folder.path();
    a_policy(folder, "good.csv", "p,dep-no-02,*,*,*,*,*,*,4,ask,02,1,*,*,,deny");
    let checked = zhenglian(folder, &["policy", "check", "good.csv", "--json"]);
    assert_eq!(code(&checked), 0, "{}{}", out(&checked), err(&checked));
    let told: serde_json::Value = serde_json::from_str(&out(&checked)).unwrap();
    assert_eq!((&told["number"], &told["narrows"], &told["errors"]), (&2.into(), &true.into(), &0.into()));
    assert_eq!(told["added"], serde_json::json!(["dep-no-02"]));
    fs::write(folder.join("loose.csv"), "p,dep-all,*,*,*,*,*,*,4,*,*,1,*,*,,allow\n").unwrap();
    let checked = zhenglian(folder, &["policy", "check", "loose.csv"]);
    assert_eq!(code(&checked), 0);
    assert!(out(&checked).contains("may let more pass"), "{}", out(&checked));

    a_policy(folder, "bad.csv", "p,dep-bad,ROOT,*,*,*,*,*,4,ask,02,1,*,*,,deny");
    let checked = zhenglian(folder, &["policy", "check", "bad.csv"]);
    assert_eq!((code(&checked), out(&checked).trim()), (3, "ERROR  line 4: rule role"));
    let nowhere = zhenglian(folder, &["policy", "check", "good.csv", "--layer", "510000"]);
    assert_eq!(code(&nowhere), 2, "{}", err(&nowhere));
    assert_eq!(code(&zhenglian(folder, &["policy", "check", "no.csv"])), 2);
    let early = zhenglian(folder, &["policy", "preview", "good.csv"]);
    assert_eq!(code(&early), 2);
    assert!(err(&early).contains("nothing to preview"), "{}", err(&early));
    assert_eq!(code(&zhenglian(folder, &["policy", "preview", "good.csv", "--last", "99"])), 2);
}

#[test]
fn a_file_of_policies_is_handed_in_and_nothing_is_signed() {
    let (folder, _) = founded();
    let folder = folder.path();
    a_policy(folder, "good.csv", "p,dep-no-02,*,*,*,*,*,*,4,ask,02,1,*,*,,deny");
    let handed_in = zhenglian(folder, &["policy", "publish", "good.csv"]);
    assert_eq!(code(&handed_in), 0, "{}", err(&handed_in));
    assert!(err(&handed_in).contains("drafts it in the portal"), "{}", err(&handed_in));
    let again = zhenglian(folder, &["policy", "publish", "good.csv"]);
    assert_eq!(code(&again), 2, "somebody's copy is not overwritten unasked");
    assert_eq!(code(&zhenglian(folder, &["policy", "publish", "good.csv", "--replace"])), 0);
    let theirs = zhenglian(folder, &["policy", "publish", "good.csv", "--layer", "national"]);
    assert_eq!(code(&theirs), 2);
    assert!(err(&theirs).contains("another department writes"), "{}", err(&theirs));
    let exported = zhenglian(folder, &["audit", "export", "--json"]);
    let entries: serde_json::Value = serde_json::from_slice(&exported.stdout).unwrap();
    let told: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["event"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told[..4],
        [
            ("policy.import", "ok"),
            ("policy.import", "policy.copy-moved"),
            ("policy.import", "ok"),
            ("policy.import", "policy.write"),
        ]
    );
}

#[test]
fn nothing_is_judged_again_where_nothing_was_decided_or_in_no_period() {
    let folder = demonstration();
    let replay = |from, to| zhenglian(folder.path(), &["replay", "--from", from, "--to", to]);
    let nothing = replay("2026-11-01", "2026-11-30");
    assert_eq!(code(&nothing), 2);
    assert!(err(&nothing).contains("nothing was decided here yet"), "{}", err(&nothing));
    for (from, to) in [("2026-11-30", "2026-11-01"), ("2026-11", "2026-11-30"), ("2026-11-01", "2026-02-30")]
    {
        assert_eq!(code(&replay(from, to)), 2, "{from} {to}");
    }
    let help = zhenglian(folder.path(), &["replay", "--help"]);
    assert!(out(&help).contains("4 something was found"), "{}", out(&help));
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

/// A file of the ledger's story, as it is frozen there, and its trust root.
fn frozen(folder: &Path, name: &str) -> String {
    let golden =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chain-node/ledger/tests/golden").join(name);
    let digits: String = fs::read_to_string(golden).unwrap().split_whitespace().collect();
    let bytes = hex::decode(digits).unwrap();
    let evidence: ledger::proof::Evidence = ledger::wire::from_bytes(&bytes).unwrap();
    fs::write(folder.join("a.zlproof"), bytes).unwrap();
    evidence.chain.to_string()
}

#[test]
fn a_verified_answer_is_told_with_parties_grant_outcome_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let root = frozen(folder.path(), "evidence-answer.hex");
    let told = zhenglian(folder.path(), &["verify", "--second-opinion", "--root", &root, "a.zlproof"]);
    assert_eq!(code(&told), 0, "{}", err(&told));
    let told = String::from_utf8(told.stdout).unwrap();
    for said in [
        "VERIFIED: an ANSWER is on record; the requester acknowledged that it opened it",
        "asked by      12440100X00000254F Guangzhou fund centre / 广州市住房公积金管理中心",
        "asked of      12510100X00000318P Chengdu fund centre / 成都住房公积金管理中心",
        "recorded      block 4, 2026-03-02T00:00:04Z",
        "opened        block 5",
        "307001/000001@1 Payment certificate / 缴存证明查询",
        "purpose       code 01",
        "items asked   GRZHYE, XingMing",
        "GRZHYE (Balance) MK-AMT, GRZHZT (Account status) in clear, XingMing (Name) MK-NAME",
        "3 queries, 2026-03-02T00:00:02Z to 2026-04-01T00:00:02Z",
        "disclosed     details, answer header, subject, case, decision",
        "does not show",
        "passed: format 1, trust-root 1",
        "second-opinion",
    ] {
        assert!(told.contains(said), "{said}\n{told}");
    }
    assert!(told.lines().count() <= 24, "one screen:\n{told}");

    let json = zhenglian(folder.path(), &["verify", "--json", "--root", &root, "a.zlproof"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["verified"], true);
    let proven = &json["proven"];
    assert_eq!(
        (proven["outcome"].as_str(), proven["delivery"]["outcome"].as_str()),
        (Some("answered"), Some("opened"))
    );
    assert_eq!(proven["requester"]["id"], "12440100X00000254F");
    assert_eq!(proven["basis"]["granted"][0]["mask"], "MK-AMT");
    assert_eq!(proven["basis"]["granted"][1]["mask"], serde_json::Value::Null);
    assert_eq!(proven["asked"], serde_json::json!(["GRZHYE", "XingMing"]));
    assert_eq!(proven["recorded"]["height"], 4);
}

#[test]
fn a_verified_denial_is_told_as_a_denial() {
    let folder = tempfile::tempdir().unwrap();
    let root = frozen(folder.path(), "evidence-denial.hex");
    let told = zhenglian(folder.path(), &["verify", "--root", &root, "a.zlproof"]);
    assert_eq!(code(&told), 0, "{}", err(&told));
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.starts_with("VERIFIED: a DENIAL is on record, nothing was answered"), "{told}");
    assert!(told.contains("quota") && told.contains("whether there was a grant"), "{told}");
    assert!(!told.contains("ANSWER"), "{told}");
}

#[test]
fn a_mistyped_root_is_shown_beside_the_files_own_and_help_names_the_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let root = frozen(folder.path(), "evidence-answer.hex");
    let mistyped = root.replace('2', "3");
    let told = zhenglian(folder.path(), &["verify", "--root", &mistyped, "a.zlproof"]);
    assert_eq!(code(&told), 3);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains(&root) && told.contains(&mistyped), "{told}");
    let json = zhenglian(folder.path(), &["verify", "--json", "--root", &mistyped, "a.zlproof"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["verified"], &json["proven"]), (&false.into(), &serde_json::Value::Null));
    let help = zhenglian(folder.path(), &["verify", "--help"]);
    assert!(String::from_utf8(help.stdout).unwrap().contains("3 refused"));
}

#[test]
fn a_mistaken_command_line_ends_with_code_two() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&zhenglian(folder.path(), &["walk"])), 2);
    assert_eq!(code(&zhenglian(folder.path(), &["--version"])), 0);
}
