use super::*;

const GOOD: &str = r#"
[department]
id = "12440100X00000254F"
name_zh = "广州市住房公积金管理中心（演示）"
name_en = "Guangzhou Housing Provident Fund Centre (demo)"
region = "440100"
[portal]
listen = "127.0.0.1:8101"
public = "http://gz.localhost:8101"
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
            "portal.public",
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
fn plain_http_stays_on_the_machine() {
    for listen in ["0.0.0.0:8101", "10.0.0.7:8101", "[::]:8101"] {
        let mistakes = read(&GOOD.replace("127.0.0.1:8101\"", &format!("{listen}\""))).unwrap_err();
        assert_eq!(mistakes[0].key, "portal.listen", "{listen}");
        assert!(mistakes[0].mend.contains("127.0.0.1"), "{}", mistakes[0].mend);
    }
    for public in ["http://zhenglian.example.cn", "zhenglian.example.cn", "https://a.cn/x"] {
        let mistakes = read(&GOOD.replace("http://gz.localhost:8101", public)).unwrap_err();
        assert_eq!(mistakes[0].key, "portal.public", "{public}");
    }
    let config = read(&GOOD.replace("http://gz.localhost:8101", "https://zhenglian.example.cn")).unwrap();
    assert_eq!(config.portal.public.base(), "https://zhenglian.example.cn");
}

#[test]
fn a_proxy_is_named_by_its_address_and_figures_stay_on_the_machine_unless_told() {
    let config = read(GOOD).unwrap();
    assert_eq!((config.portal.proxy, config.operations.listen.ip().is_loopback()), (None, true));
    let named = read(&GOOD.replace("demo = true", "demo = true\nproxy = \"127.0.0.1\"")).unwrap();
    assert_eq!(named.portal.proxy, Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    let wrong = GOOD.replace("demo = true", "demo = true\nproxy = \"gateway\"")
        + "[operations]\nlisten = \"0.0.0.0:9464\"\n";
    let keys: Vec<String> = read(&wrong).unwrap_err().into_iter().map(|mistake| mistake.key).collect();
    assert_eq!(keys, ["portal.proxy", "operations.listen"]);
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

#[test]
fn how_much_one_officer_may_ask_has_defaults_and_bounds_of_its_own() {
    let usual = read(GOOD).unwrap().exchange.bounds;
    assert_eq!(usual, Bounds::DEFAULT);
    let told = format!("{GOOD}\n[exchange]\nofficer_per_hour = 30\nofficer_share_percent = 20\n");
    let told = read(&told).unwrap().exchange.bounds;
    assert_eq!(told, Bounds { per_hour: 30, share_percent: 20, ..Bounds::DEFAULT });
    let wrong = "officer_at_once = 0\nofficer_per_hour = -1\nofficer_share_percent = 101\nofficer_share_above = \"many\"\n";
    let mistakes = read(&format!("{GOOD}\n[exchange]\n{wrong}")).unwrap_err();
    let keys: Vec<&str> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "exchange.officer_at_once",
            "exchange.officer_per_hour",
            "exchange.officer_share_percent",
            "exchange.officer_share_above"
        ]
    );
    assert!(mistakes.iter().all(|mistake| mistake.mend.starts_with("a whole number")));
}
