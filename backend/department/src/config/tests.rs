use super::*;

const GOOD: &str = r#"
[department]
id = "12440100X00000254F"
name_zh = "广州市住房公积金管理中心（演示）"
name_en = "Guangzhou Housing Provident Fund Centre (demo)"
region = "440100"
[portal]
listen = "127.0.0.1:8101"
host = "gz.localhost:8101"
demo = true
[node]
consensus = "127.0.0.1:8201"
peers = "127.0.0.1:8301"
validator = true
[[peer]]
department = "12440300X00000262L"
consensus = "127.0.0.1:8202"
peers = "127.0.0.1:8302"
"#;

fn read(text: &str) -> Result<Config, Vec<Mistake>> {
    Config::parse(text, Path::new("/srv/zl"), BTreeMap::new())
}

#[test]
fn a_whole_file_is_read_and_paths_start_beside_it() {
    let config = read(GOOD).unwrap();
    assert_eq!(config.store.data, Path::new("/srv/zl/data"));
    assert_eq!(config.exchange.bindings, Path::new("/srv/zl/bindings"));
    assert_eq!(config.peers.len(), 1);
    assert!(config.node.validator && config.portal.demo && !config.department.inspectorate);
}

#[test]
fn an_empty_file_reports_every_missing_key_at_once() {
    let mistakes = read("").unwrap_err();
    let keys: Vec<&str> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "department.id",
            "department.name_zh",
            "department.name_en",
            "department.region",
            "portal.listen",
            "portal.host",
            "node.consensus",
            "node.peers",
            "node.validator",
        ]
    );
}

#[test]
fn unknown_and_misspelt_keys_are_reported_with_a_mend() {
    let text = GOOD.replace("[portal]", "[portal]\nlissten = 1").replace("region = \"440100\"", "")
        + "\n[telemetry]\non = true\n";
    let mistakes = read(&text).unwrap_err();
    let keys: Vec<&str> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["department.region", "portal.lissten", "telemetry"]);
    assert!(mistakes.iter().all(|mistake| !mistake.mend.is_empty()));
}

#[test]
fn a_wrong_check_digit_is_a_mistake_of_its_key() {
    let mistakes = read(&GOOD.replace("12440100X00000254F", "12440100X00000254G")).unwrap_err();
    assert_eq!(mistakes[0].key, "department.id");
}

#[test]
fn a_peer_may_not_be_oneself_nor_stand_twice() {
    let own = GOOD.replace("12440300X00000262L", "12440100X00000254F");
    assert_eq!(read(&own).unwrap_err()[0].key, "peer[0].department");
    let twice = format!("{GOOD}{}", &GOOD[GOOD.find("[[peer]]").unwrap()..]);
    assert_eq!(read(&twice).unwrap_err()[0].key, "peer[1].department");
}

#[test]
fn the_environment_overrides_one_key_and_nothing_unknown() {
    let environment = |name: &str, value: &str| overrides([(name.to_owned(), value.to_owned())].into_iter());
    let base = Path::new("/srv/zl");
    let config = Config::parse(GOOD, base, environment("ZHENGLIAN__PORTAL__LISTEN", "127.0.0.1:9")).unwrap();
    assert_eq!(config.portal.listen.port(), 9);
    let config = Config::parse(GOOD, base, environment("ZHENGLIAN__NODE__VALIDATOR", "false")).unwrap();
    assert!(!config.node.validator);
    let mistakes = Config::parse(GOOD, base, environment("ZHENGLIAN__PORTAL__LISSTEN", "x")).unwrap_err();
    assert_eq!(mistakes[0].key, "ZHENGLIAN__PORTAL__LISSTEN");
}
