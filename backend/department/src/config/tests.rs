use super::*;

const GOOD: &str = r#"
[department]
id = "12440100X00000254F"
name_zh = "广州市住房公积金管理中心（演示）"
name_en = "Guangzhou Housing Provident Fund Centre (demo)"
region = "440100"
codes = ["307001/000001"]
[portal]
listen = "127.0.0.1:8101"
public = "http://gz.localhost:8101"
demo = true
[node]
listen = "127.0.0.1:8201"
validator = true
[[peer]]
department = "12440300X00000262L"
address = "127.0.0.1:8202"
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
            "node.listen",
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

#[test]
fn zones_are_read_and_a_wrong_network_is_named_with_its_mend() {
    let with = |zones: &str| read(&format!("{GOOD}\n[zones]\n{zones}\n"));
    assert_eq!(read(GOOD).unwrap().zones, Zones::default());
    let good = with("hall = [\"10.8.0.0/16\", \"192.0.2.0/24\"]\nback-office = \"10.9.0.0/16\"").unwrap();
    let mut expected = Zones::default();
    for (name, network) in [("back-office", "10.9.0.0/16"), ("hall", "10.8.0.0/16"), ("hall", "192.0.2.0/24")]
    {
        expected.add(name, network).unwrap();
    }
    assert_eq!(good.zones, expected);
    for (zones, key, mend) in [
        ("hall = [\"10.8.0.1/16\"]", "zones.hall", "10.8.0.0/16"),
        ("hall = [\"10.8.0.0\"]", "zones.hall", "10.8.0.0/16"),
        ("hall = []", "zones.hall", "a list of networks"),
        ("hall = 8", "zones.hall", "a list of networks"),
        ("Hall = [\"10.8.0.0/16\"]", "zones.Hall", "small letters"),
        ("back = [\"10.8.4.0/24\"]\nhall = [\"10.8.0.0/16\"]", "zones.hall", "one zone"),
    ] {
        let mistakes = with(zones).unwrap_err();
        assert_eq!((mistakes.len(), mistakes[0].key.as_str()), (1, key), "{zones}");
        assert!(mistakes[0].mend.contains(mend), "{zones}: {}", mistakes[0].mend);
    }
}

#[test]
fn an_identity_provider_is_read_and_each_mistake_in_it_is_named() {
    let good = "issuer = \"https://id.example.cn\"\nclient_id = \"zl\"\nclient_secret_file = \"keys/oidc\"\n";
    let with = |section: &str| read(&format!("{GOOD}\n[sign_in.oidc]\n{section}"));
    assert!(read(GOOD).unwrap().oidc.is_none());
    let oidc = with(good).unwrap().oidc.unwrap();
    assert_eq!(oidc.client_secret_file, Path::new("/srv/zl/keys/oidc"));
    assert_eq!((oidc.account_claim.as_str(), oidc.factor_acr.len()), ("preferred_username", 0));
    let more = format!("{good}account_claim = \"sub\"\nsecond_factor_amr = [\"otp\", \"hwk\"]\n");
    let oidc = with(&more).unwrap().oidc.unwrap();
    assert_eq!((oidc.account_claim.as_str(), oidc.factor_amr.len()), ("sub", 2));
    for (section, keys) in [
        ("", &["sign_in.oidc.issuer", "sign_in.oidc.client_id", "sign_in.oidc.client_secret_file"][..]),
        (&good.replace("https://", "http://"), &["sign_in.oidc.issuer"]),
        (&good.replace("https://id", "id"), &["sign_in.oidc.issuer"]),
        (&format!("{good}scope = \"x\"\n"), &["sign_in.oidc.scope"]),
        (&format!("{good}second_factor_acr = 1\n"), &["sign_in.oidc.second_factor_acr"]),
    ] {
        let mistakes = with(section).unwrap_err();
        let found: Vec<&str> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
        assert_eq!(found, keys, "{section}");
    }
    let environment = [("ZHENGLIAN__SIGN_IN__OIDC__CLIENT_ID".to_owned(), "other".to_owned())];
    let text = format!("{GOOD}\n[sign_in.oidc]\n{good}");
    let config = Config::parse(&text, Path::new("/srv/zl"), overrides(environment.into_iter())).unwrap();
    assert_eq!(config.oidc.unwrap().client_id, "other");
}
