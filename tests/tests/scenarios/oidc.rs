//! Signing in by an identity provider: one department and a certified provider (tests/oidc-provider), met as
//! browsers meet both, over plain HTTP on this machine.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use system_tests::page::{Form, Page};
use system_tests::program;
use system_tests::waiting::until;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const PASSWORD: &str = "Tk7-winter-lamp-Q";
const SECRET: &str = "a-secret-of-this-client-0417";
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a line of a process that begins like this.
async fn says(process: &mut Child, beginning: &str) {
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let found = tokio::time::timeout(PATIENCE, async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.starts_with(beginning) {
                // The rest is read too: a full pipe would stop the process.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return true;
            }
        }
        false
    });
    assert!(found.await.unwrap(), "no {beginning:?}");
}

/// The provider; killed when dropped.
async fn provider(port: u16, host: &str) -> Child {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc-provider");
    assert!(
        folder.join("node_modules").is_dir(),
        "the provider is not installed: npm ci --ignore-scripts in tests/oidc-provider (scripts/test does)"
    );
    let back = format!("http://{host}/sign-in/oidc/back");
    let mut process = Command::new("node")
        .current_dir(folder)
        .args(["server.mjs", &port.to_string(), &back])
        .env("ZL_SECRET", SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("node is not installed: scripts/test installs nodejs and npm");
    says(&mut process, "listening").await;
    process
}

/// A department alone on its chain, killed and gone with its files when dropped.
struct Office {
    _process: Child,
    host: String,
    provider_port: u16,
    folder: tempfile::TempDir,
}

async fn zhenglian(folder: &Path, arguments: &[&str]) -> String {
    let mut command = program::command(arguments).unwrap();
    command.current_dir(folder);
    let finished = program::finish(command).await.unwrap();
    assert_eq!(finished.code, 0, "{arguments:?}: {}", finished.err);
    finished.out
}

impl Office {
    /// With accounts `gu` (asks), `qin` (asks, has a key of her own), `luo` (locks and opens accounts).
    async fn start(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let held: Vec<_> = (0..4).map(free).collect();
        let ports: Vec<SocketAddr> = held.iter().map(|port| port.local_addr().unwrap()).collect();
        drop(held);
        let (host, provider_port) = (format!("gz.localhost:{}", ports[0].port()), ports[3].port());
        let toml = format!(
            "[department]\nid = \"12440100X00000254F\"\nname_zh = \"广州中心（演示）\"\n\
             name_en = \"Guangzhou Centre (demo)\"\nregion = \"440100\"\n\
             [portal]\ndemo = true\nlisten = \"{}\"\npublic = \"http://{host}\"\n\
             [operations]\nlisten = \"{}\"\n\
             [sign_in.oidc]\nissuer = \"http://127.0.0.1:{provider_port}\"\nclient_id = \"zhenglian\"\n\
             client_secret_file = \"oidc.secret\"\n{more}\n\
             [node]\nlisten = \"{}\"\nvalidator = true\n",
            ports[0], ports[1], ports[2]
        );
        let at = |name: &str| -> PathBuf { folder.path().join(name) };
        fs::write(at("zhenglian.toml"), toml).unwrap();
        fs::write(at("pw"), PASSWORD).unwrap();
        fs::write(at("oidc.secret"), format!("{SECRET}\n")).unwrap();
        fs::set_permissions(at("oidc.secret"), fs::Permissions::from_mode(0o600)).unwrap();
        zhenglian(folder.path(), &["init"]).await;
        zhenglian(folder.path(), &["genesis", "--name", "one", "card.bin"]).await;
        let key = zhenglian(folder.path(), &["officer-key", "new", "--out", "qin.key"]).await;
        fs::write(at("qin.pub"), key).unwrap();
        for (account, role, key) in
            [("gu", "BIZ_USER", ""), ("qin", "BIZ_USER", "qin.pub"), ("luo", "SEC_ADMIN", "")]
        {
            let mut add = vec!["staff", "add", "--password-file", "pw", "--name", "林敏"];
            add.extend(["--account", account, "--role", role]);
            if !key.is_empty() {
                add.extend(["--public-key", key]);
            }
            zhenglian(folder.path(), &add).await;
        }
        let mut process = program::command(&["run"])
            .unwrap()
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(at("log")).unwrap())
            .spawn()
            .unwrap();
        says(&mut process, "running").await;
        Self { _process: process, host, provider_port, folder }
    }

    async fn provider(&self) -> Child {
        provider(self.provider_port, &self.host).await
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.host)
    }

    /// All that the process wrote down for its operators.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

/// One person's browser.
struct Browser {
    http: Client,
    jar: Arc<Jar>,
    base: String,
}

/// A sign-in that was begun.
struct Begun {
    /// Where the browser is sent.
    address: Url,
    /// The cookie it keeps, as it was set.
    kept: String,
}

fn header(response: &Response, name: &reqwest::header::HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().unwrap().to_owned())
}

/// An address with one value of its question changed.
fn changed(address: &Url, name: &str, value: &str) -> Url {
    let mut other = address.clone();
    let pairs: Vec<(String, String)> = address.query_pairs().into_owned().collect();
    assert!(pairs.iter().any(|(known, _)| known == name), "{name} is not in {address}");
    let pairs = pairs
        .into_iter()
        .map(|(known, old)| if known == name { (known, value.to_owned()) } else { (known, old) });
    other.query_pairs_mut().clear().extend_pairs(pairs);
    other
}

impl Browser {
    fn new(host: &str) -> Self {
        let jar = Arc::new(Jar::default());
        let english = HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static("en"))]);
        let http = Client::builder()
            .cookie_provider(Arc::clone(&jar))
            .resolve("gz.localhost", SocketAddr::from(([127, 0, 0, 1], 0)))
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .default_headers(english)
            .no_proxy()
            .build()
            .unwrap();
        Self { http, jar, base: format!("http://{host}") }
    }

    fn at(&self, path: &str) -> Url {
        format!("{}{path}", self.base).parse().unwrap()
    }

    async fn get(&self, path: &str) -> Page {
        page(self.http.get(self.at(path)).send().await.unwrap()).await
    }

    async fn send(&self, form: &Form) -> Response {
        let sent = self.http.post(self.at(&form.action)).header(ORIGIN, &self.base).form(&form.fields);
        sent.send().await.unwrap()
    }

    /// Where a page of the portal leads instead of showing itself.
    async fn leads(&self, path: &str) -> Option<String> {
        header(&self.http.get(self.at(path)).send().await.unwrap(), &LOCATION)
    }

    /// Follows the button of the sign-in page.
    async fn begin(&self) -> Begun {
        let shown = self.get("/sign-in?next=%2Fqueries").await;
        let link = shown.by_id("oidc").expect("no button for the provider");
        let answer = self.http.get(self.at(link.attribute("href").unwrap())).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        let kept = header(&answer, &SET_COOKIE).unwrap();
        Begun { address: header(&answer, &LOCATION).unwrap().parse().unwrap(), kept }
    }

    /// Goes through the provider's pages; where it leads back to.
    async fn through(&self, address: &Url, fields: &[(&str, &str)]) -> Url {
        let mut address = address.clone();
        for _ in 0..8 {
            let answer = self.http.get(address.clone()).send().await.unwrap();
            let next = match header(&answer, &LOCATION) {
                Some(next) => address.join(&next).unwrap(),
                None => {
                    let shown = page(answer).await;
                    let form = shown.forms().into_iter().next().unwrap_or_else(|| panic!("{}", shown.html));
                    let action = address.join(&form.action).unwrap();
                    let answer = self.http.post(action).form(fields).send().await.unwrap();
                    address.join(&header(&answer, &LOCATION).unwrap()).unwrap()
                }
            };
            if next.as_str().starts_with(&self.base) {
                return next;
            }
            address = next;
        }
        panic!("the provider leads nowhere");
    }

    /// Comes back to the portal.
    async fn arrive(&self, back: &Url) -> Page {
        page(self.http.get(back.clone()).send().await.unwrap()).await
    }

    /// The whole way.
    async fn sign_in(&self, fields: &[(&str, &str)]) -> Page {
        let begun = self.begin().await;
        let back = self.through(&begun.address, fields).await;
        self.arrive(&back).await
    }
}

async fn page(answer: Response) -> Page {
    let (url, status) = (answer.url().path().to_owned(), answer.status().as_u16());
    Page::new(url, status, answer.text().await.unwrap())
}

#[track_caller]
fn refused(page: &Page, sentence: &str) {
    assert!(page.status == 422 && page.text().contains(sentence), "{} {}", page.status, page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_signs_in_by_the_provider_and_out_here() {
    let office = Office::start("second_factor_acr = [\"urn:zhenglian:test:mfa\"]").await;
    let _provider = office.provider().await;
    let browser = office.browser();

    let begun = browser.begin().await;
    let asked: Vec<(String, String)> = begun.address.query_pairs().into_owned().collect();
    let value = |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((value("response_type"), value("code_challenge_method")), (Some("code"), Some("S256")));
    assert!(value("state").unwrap().len() == 64 && value("nonce").unwrap().len() == 64);
    assert!(!begun.address.as_str().contains(SECRET));
    for word in ["HttpOnly", "SameSite=Lax", "Max-Age=600"] {
        assert!(begun.kept.contains(word), "{}", begun.kept);
    }
    for hidden in ["state", "nonce"] {
        assert!(!begun.kept.contains(value(hidden).unwrap()), "{hidden} can be read in {}", begun.kept);
    }

    let back = browser.through(&begun.address, &[("login", "gu")]).await;
    let answer = browser.http.get(back.clone()).send().await.unwrap();
    assert_eq!(answer.headers().get("refresh").unwrap(), "0; url=/queries");
    let set: Vec<_> = answer.headers().get_all(SET_COOKIE).iter().map(|one| one.to_str().unwrap()).collect();
    assert!(set.iter().any(|one| one.contains("HttpOnly; SameSite=Strict")), "{set:?}");
    let arrived = page(answer).await;
    assert!(arrived.status == 200 && arrived.text().contains("You are signed in"), "{}", arrived.text());
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    assert!(!arrived.html.contains(&code), "the code is on the page");
    assert_eq!(browser.leads("/queries").await, None, "at work");

    // Out here; the provider remembers, and need not ask again.
    let shown = browser.get("/queries").await;
    let out = browser.send(&shown.form_to("/sign-out").unwrap()).await;
    assert_eq!(header(&out, &LOCATION).as_deref(), Some("/sign-in"));
    assert!(browser.leads("/queries").await.unwrap().starts_with("/sign-in"));
    assert!(browser.sign_in(&[]).await.text().contains("You are signed in"));
    assert_eq!(browser.leads("/queries").await, None);

    // Whoever has a key here shows it, unless the provider says that a second factor was shown there.
    let other = office.browser();
    other.sign_in(&[("login", "qin")]).await;
    assert!(other.leads("/queries").await.unwrap().starts_with("/sign-in/factor"));
    let third = office.browser();
    third.sign_in(&[("login", "qin"), ("factor", "on")]).await;
    assert_eq!(third.leads("/queries").await, None);

    let noted = zhenglian(office.folder.path(), &["audit", "export"]).await;
    let is_noted =
        |line: &&str| ["sign-in", "gu", "oidc", "127.0.0.1"].iter().all(|word| line.contains(word));
    assert_eq!(noted.lines().filter(is_noted).count(), 2, "{noted}");
    let log = office.log();
    assert!(!log.contains(SECRET) && !log.contains(&code), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_begun_in_this_browser_or_not_vouched_for_lets_nobody_in() {
    let office = Office::start("").await;
    let _provider = office.provider().await;
    let gu: &[(&str, &str)] = &[("login", "gu")];
    let elsewhere = "begun in another browser";

    // Another state; another browser; no browser that began; the first may still finish.
    let (browser, other) = (office.browser(), office.browser());
    let begun = browser.begin().await;
    let back = browser.through(&begun.address, gu).await;
    refused(&other.arrive(&back).await, elsewhere);
    other.begin().await;
    refused(&other.arrive(&back).await, elsewhere);
    assert!(browser.arrive(&back).await.text().contains("You are signed in"));

    // The same code again, by whoever has all that the browser had.
    browser.jar.add_cookie_str(&begun.kept, &browser.at("/"));
    assert!(browser.jar.cookies(&browser.at("/")).is_some());
    refused(&browser.arrive(&back).await, "could not be accepted");

    let browser = office.browser();
    let begun = browser.begin().await;
    let back = browser.through(&begun.address, gu).await;
    refused(&browser.arrive(&changed(&back, "state", &"0".repeat(64))).await, elsewhere);
    // What was kept is gone with the first return.
    refused(&browser.arrive(&back).await, elsewhere);

    // The address changed on the way to the provider: what it signs and gives fits no more.
    for (name, value) in [("nonce", "0".repeat(64)), ("code_challenge", "A".repeat(43))] {
        let browser = office.browser();
        let begun = browser.begin().await;
        let back = browser.through(&changed(&begun.address, name, &value), gu).await;
        refused(&browser.arrive(&back).await, "could not be accepted");
        assert!(browser.leads("/queries").await.unwrap().starts_with("/sign-in"), "{name}");
    }

    let browser = office.browser();
    let begun = browser.begin().await;
    let back = browser.through(&begun.address, &[("decline", "on")]).await;
    refused(&browser.arrive(&back).await, "did not let you in");

    let browser = office.browser();
    refused(&browser.sign_in(&[("login", "nobody-here")]).await, "no open account here");

    // A lock is felt in this way as in the other.
    let security = office.browser();
    security.sign_in(&[("login", "luo")]).await;
    let list = security.get("/staff").await;
    let links = list.links().into_iter().map(|(address, _)| address);
    let mut people =
        links.filter(|address| address.strip_prefix("/staff/").is_some_and(|id| id.parse::<u32>().is_ok()));
    let person = loop {
        let shown = security.get(&people.next().expect("gu is not on the list")).await;
        if shown
            .all(|element| element.tag == "main")
            .iter()
            .any(|main| main.text().split(' ').any(|word| word == "gu"))
        {
            break shown;
        }
    };
    let form = person.form_to("/act").unwrap().with("act", "lock").with("reason", "asked by phone");
    assert_eq!(security.send(&form).await.status(), 303);
    refused(&office.browser().sign_in(gu).await, "no open account here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_said_to_be_and_guesses_are_counted() {
    let office = Office::start("account_claim = \"staff_no\"").await;
    let browser = office.browser();
    // The department runs without it, and passwords still do.
    refused(&browser.get("/sign-in/oidc").await, "does not answer");
    let provider = office.provider().await;
    until("the provider is found", PATIENCE, || async {
        let answer = browser.leads("/sign-in/oidc").await;
        answer.map(drop).ok_or_else(|| "no redirect".to_owned())
    })
    .await
    .unwrap();
    // Another claim, by which there is no account.
    refused(&browser.sign_in(&[("login", "gu")]).await, "no open account here");

    let begun = browser.begin().await;
    let back = browser.through(&begun.address, &[]).await;
    drop(provider);
    until("the provider is gone", PATIENCE, || async {
        match browser.http.get(begun.address.clone()).send().await {
            Ok(_) => Err("it answers".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await
    .unwrap();
    refused(&browser.arrive(&back).await, "does not answer");

    // Counted with wrong passwords: in the end nothing more is looked at.
    let told = until("too many", PATIENCE, || async {
        let told = browser.get("/sign-in/oidc/back?code=x&state=y").await;
        if told.text().contains("Too many attempts") { Ok(told) } else { Err(told.text()) }
    });
    assert_eq!(told.await.unwrap().status, 422);
}
