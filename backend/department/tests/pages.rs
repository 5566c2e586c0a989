//! The portal as a socket meets it: what is compressed, what is too slow, what is too much, and what
//! never goes into an address. One department alone on its chain.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Where the named proxy connects from.
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
const PASSWORD: &str = "Tk7-winter-lamp-Q";

/// A running department, killed and gone with its files when dropped.
struct Department {
    process: Child,
    host: String,
    address: SocketAddr,
    operations: SocketAddr,
    folder: tempfile::TempDir,
}

impl Drop for Department {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn zhenglian(folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_zhenglian")).current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// From below the ports that the system gives to who connects: one of those, let go of here, could be
/// taken by another test's connection before the department listens.
fn free_port() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(28_000);
    let mut ports = std::iter::repeat_with(|| SocketAddr::from((HERE, NEXT.fetch_add(1, Ordering::Relaxed))));
    ports.find(|port| std::net::TcpListener::bind(port).is_ok()).unwrap()
}

/// An account of the demonstration.
fn add(folder: &Path, account: &str, role: &str, more: &[&str]) {
    let named = ["--account", account, "--name", "林敏", "--role", role];
    zhenglian(folder, &[["staff", "add", "--password-file", "pw"].as_slice(), &named, more].concat());
}

/// What stands between two marks of a page.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {page}")).1;
    rest.split(after).next().unwrap()
}

impl Department {
    fn start() -> Self {
        Self::at(|port| format!("http://gz.localhost:{port}"))
    }

    /// Under the address that browsers ask for.
    fn at(public: impl Fn(u16) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = [(); 3].map(|()| free_port());
        let public = public(ports[0].port());
        let host = public.split("://").nth(1).unwrap().to_owned();
        let toml = format!(
            "[department]\nid = \"12440100X00000254F\"\nname_zh = \"广州中心（演示）\"\n\
             name_en = \"Guangzhou Centre (demo)\"\nregion = \"440100\"\n\
             [portal]\ndemo = true\nlisten = \"{}\"\npublic = \"{public}\"\nproxy = \"{PROXY}\"\n\
             [operations]\nlisten = \"{}\"\n\
             [node]\nlisten = \"{}\"\nvalidator = true\n",
            ports[0], ports[1], ports[2]
        );
        fs::write(folder.path().join("zhenglian.toml"), toml).unwrap();
        fs::write(folder.path().join("pw"), PASSWORD).unwrap();
        zhenglian(folder.path(), &["init"]);
        zhenglian(folder.path(), &["genesis", "--name", "one", "card.bin"]);
        add(folder.path(), "lin", "REQ_OPERATOR", &[]);
        let mut process = Command::new(env!("CARGO_BIN_EXE_zhenglian"))
            .current_dir(folder.path())
            .arg("run")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let running = lines.map_while(Result::ok).any(|line| line.starts_with("running"));
        assert!(running, "it did not start");
        Self { process, host, address: ports[0], operations: ports[1], folder }
    }

    async fn connect(&self, from: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// The head of a request; `more` are further header lines.
    fn head(&self, line: &str, more: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: {}\r\nAccept-Language: en\r\n{more}", self.host)
    }

    async fn get(&self, from: Ipv4Addr, path: &str, more: &str) -> Answer {
        let head = self.head(&format!("GET {path}"), more);
        let mut stream = self.connect(from).await;
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
        Answer::read(stream).await
    }

    async fn post(&self, from: Ipv4Addr, path: &str, visit: &Visit, fields: &str) -> Answer {
        self.post_with(from, path, visit, fields, "").await
    }

    /// The same; `more` are further header lines.
    async fn post_with(&self, from: Ipv4Addr, path: &str, visit: &Visit, fields: &str, more: &str) -> Answer {
        let body = format!("csrf={}&{fields}", visit.csrf);
        let more = format!(
            "{more}Cookie: {}\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n",
            visit.cookie,
            body.len()
        );
        let head = self.head(&format!("POST {path}"), &more);
        let mut stream = self.connect(from).await;
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
        Answer::read(stream).await
    }

    /// A browser on a page: its cookie and the token of the page's forms.
    async fn visit(&self, from: Ipv4Addr, path: &str, cookie: &str) -> Visit {
        let answer = self.get(from, path, &format!("Cookie: {cookie}\r\n")).await;
        let cookie = if cookie.is_empty() { answer.cookie() } else { cookie.to_owned() };
        let page = answer.text();
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        Visit { cookie, csrf }
    }

    async fn sign_in(&self, from: Ipv4Addr, account: &str, password: &str) -> Answer {
        let visit = self.visit(from, "/sign-in", "").await;
        self.post(from, "/sign-in", &visit, &format!("account={account}&password={password}")).await
    }
}

impl Department {
    /// Signs in with a password; gives the session's cookie.
    async fn enter(&self, account: &str, password: &str) -> String {
        let answer = self.sign_in(HERE, account, password).await;
        assert_eq!(answer.status(), 303, "{account}: {}", answer.text());
        answer.cookie()
    }

    /// Sends a form that stands on a page.
    async fn send(&self, cookie: &str, page: &str, to: &str, fields: &str) -> Answer {
        let visit = self.visit(HERE, page, cookie).await;
        self.post(HERE, to, &visit, fields).await
    }

    /// Where a page leads instead of showing itself.
    async fn leads(&self, cookie: &str, path: &str) -> String {
        let answer = self.get(HERE, path, &format!("Cookie: {cookie}\r\n")).await;
        answer.header("location").first().map(|place| (*place).to_owned()).unwrap_or_default()
    }
}

struct Visit {
    cookie: String,
    csrf: String,
}

/// What came back until the connection ended.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    async fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // An ended connection may be ended hard.
        let _ = stream.read_to_end(&mut bytes).await;
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        let body = bytes.split_off(end);
        Self { head: String::from_utf8(bytes).unwrap(), body }
    }

    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    fn cookie(&self) -> String {
        self.header("set-cookie")[0].split(';').next().unwrap().to_owned()
    }

    /// The body without the marks of its chunks.
    fn whole(&self) -> Vec<u8> {
        if self.header("transfer-encoding") != ["chunked"] {
            return self.body.clone();
        }
        let (mut whole, mut rest) = (Vec::new(), self.body.as_slice());
        while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
            rest = &rest[end + 4 + size..];
        }
        whole
    }

    fn text(&self) -> String {
        String::from_utf8(self.whole()).unwrap()
    }

    fn unpacked(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&self.whole()[..]).read_to_end(&mut plain).unwrap();
        plain
    }
}

#[tokio::test]
async fn pages_and_assets_are_packed_for_who_reads_that_and_figures_are_for_the_machine_itself() {
    let gz = Department::start();
    let plain = gz.get(HERE, "/sign-in", "").await;
    assert_eq!((plain.status(), plain.header("content-encoding").len()), (200, 0));
    let style =
        plain.text().split("href=\"/assets/portal.").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for (path, least) in [("/sign-in".to_owned(), 2), (format!("/assets/portal.{style}"), 3)] {
        let plain = gz.get(HERE, &path, "").await;
        let packed = gz.get(HERE, &path, "Accept-Encoding: gzip, br\r\n").await;
        assert_eq!(packed.header("content-encoding"), ["gzip"], "{path}: {}", packed.head);
        assert!(
            packed.header("vary").join(",").to_ascii_lowercase().contains("accept-encoding"),
            "{path}: {}",
            packed.head
        );
        assert!(packed.whole().len() * least < plain.whole().len(), "{path}");
        let unpacked = String::from_utf8(packed.unpacked()).unwrap();
        assert_eq!(unpacked.lines().next(), plain.text().lines().next(), "{path}");
    }
    // The same token never looks the same on two pages.
    let visit = gz.visit(HERE, "/sign-in", "").await;
    assert_ne!(gz.visit(HERE, "/sign-in", &visit.cookie).await.csrf, visit.csrf);

    // To everyone the portal says that it is well and no more; figures are on the listener for operators.
    assert_eq!(gz.get(ELSEWHERE, "/healthz", "").await.text(), "ok\n");
    assert_eq!(gz.get(HERE, "/metrics", "").await.status(), 404);
    for (path, said) in [("/healthz", "behind_ms"), ("/metrics", "zhenglian_http_requests_total")] {
        let mut stream = TcpStream::connect(gz.operations).await.unwrap();
        let line = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(line.as_bytes()).await.unwrap();
        let answer = Answer::read(stream).await;
        assert!(answer.status() == 200 && answer.text().contains(said), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn over_tls_cookies_are_for_tls_and_a_form_of_the_plain_address_is_foreign() {
    let gz = Department::at(|_| "https://gz.example.cn".to_owned());
    let page = gz.get(HERE, "/sign-in", "").await;
    assert_eq!(page.header("strict-transport-security"), ["max-age=31536000"]);
    let cookies = page.header("set-cookie");
    assert!(!cookies.is_empty());
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-zl_") && cookie.contains("; Secure"), "{cookie}");
    }
    let visit = gz.visit(HERE, "/sign-in", "").await;
    let typed = format!("account=lin&password={PASSWORD}");
    for (origin, status) in [("http://gz.example.cn", 403), ("https://gz.example.cn", 303)] {
        let more = format!("Origin: {origin}\r\n");
        let answer = gz.post_with(HERE, "/sign-in", &visit, &typed, &more).await;
        assert_eq!(answer.status(), status, "{origin}: {}", answer.head);
    }
}

#[tokio::test]
async fn who_comes_through_the_named_proxy_is_counted_by_its_word_and_nobody_elses() {
    let gz = Department::start();
    let visit = gz.visit(HERE, "/sign-in", "").await;
    let refused = async |from: Ipv4Addr, behind: &str| {
        let typed = "account=nobody&password=Wrong-2026-xx";
        let more = format!("X-Forwarded-For: {behind}\r\n");
        gz.post_with(from, "/sign-in", &visit, typed, &more).await.text().contains("was not looked at")
    };
    while !refused(PROXY, "203.0.113.5, 192.0.2.7").await {}
    assert!(!refused(PROXY, "192.0.2.7, 192.0.2.8").await, "another behind the same proxy is heard");
    assert!(refused(PROXY, "192.0.2.9, 192.0.2.7").await, "what the browser wrote says nothing");
    while !refused(ELSEWHERE, "192.0.2.8").await {}
    assert!(refused(ELSEWHERE, "192.0.2.10").await, "who is no proxy is not believed");
}

#[tokio::test]
async fn a_form_that_trickles_in_is_ended_while_others_are_served() {
    let gz = Department::start();
    let began = Instant::now();
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = gz.connect(HERE).await;
        let head = gz.head("POST /requests", "Content-Length: 60000\r\n");
        stream.write_all(format!("{head}\r\ncsrf=").as_bytes()).await.unwrap();
        slow.push(stream);
    }
    assert_eq!(gz.get(HERE, "/sign-in", "").await.status(), 200);
    for mut stream in slow {
        // One byte more now and then does not help.
        let _ = stream.write_all(b"a").await;
        let answer = Answer::read(stream).await;
        assert_eq!(answer.status(), 408, "{}", answer.head);
    }
    let took = began.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(30)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn an_address_that_takes_too_many_connections_is_ended_and_others_find_room() {
    let gz = Department::start();
    let mut held = Vec::new();
    for _ in 0..512 {
        held.push(gz.connect(HERE).await);
    }
    // Each of the portal's threads has taken up all before it.
    for _ in 0..4 {
        assert_eq!(gz.get(ELSEWHERE, "/sign-in", "").await.status(), 200);
    }
    assert_eq!(Answer::read(gz.connect(HERE).await).await.head, "");
    drop(held);
    while gz.get(HERE, "/sign-in", "").await.status() != 200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_flood_of_failed_sign_ins_is_refused_and_an_officer_comes_in_from_elsewhere() {
    let gz = Department::start();
    let visit = gz.visit(HERE, "/sign-in", "").await;
    let mut refused = 0;
    // A slow machine may pass into the next minute, which counts anew.
    for number in 0..240 {
        if refused == 15 {
            break;
        }
        let typed = format!("account=nobody{number}&password=Wrong-2026-xx");
        let answer = gz.post(HERE, "/sign-in", &visit, &typed).await;
        assert_eq!(answer.status(), 422);
        refused += u32::from(answer.text().contains("was not looked at"));
    }
    assert_eq!(refused, 15);
    let entered = gz.sign_in(ELSEWHERE, "lin", PASSWORD).await;
    assert_eq!((entered.status(), entered.header("location")), (303, vec!["/"]), "{}", entered.text());
}

#[tokio::test]
async fn what_is_typed_into_the_search_stays_out_of_the_address() {
    let gz = Department::start();
    let session = gz.sign_in(HERE, "lin", PASSWORD).await;
    assert_eq!(session.status(), 303);
    let visit = gz.visit(HERE, "/", &session.cookie()).await;
    for typed in
        ["%E5%90%B4%E6%80%9D", "990000199001010017", "HZ-20261122-B5D409", "SQ-2026-000002", "%3Cb%3E"]
    {
        let answer = gz.post(HERE, "/find", &visit, &format!("q={typed}")).await;
        assert_eq!((answer.status(), answer.header("location")), (200, vec![]), "{typed}");
        assert!(answer.text().contains("Nothing has this number or name"), "{typed}");
    }
    let block = gz.post(HERE, "/find", &visit, "q=1").await;
    assert_eq!(block.header("location"), ["/chain/blocks/1"]);

    // The catalogue's own field is the same kind of form: shown in its field again, in no address and no link.
    let typed = "%E5%90%B4%E6%80%9D";
    let page = gz.post(HERE, "/catalogue", &visit, &format!("q={typed}&share=conditional")).await;
    assert_eq!((page.status(), page.header("location")), (200, vec![]));
    assert!(page.text().contains("value=\"\u{5434}\u{601d}\""), "{}", page.text());
    assert!(!page.text().contains(typed), "{}", page.text());
    let form = page.text().split("<form id=\"cs\"").nth(1).map(str::to_owned).unwrap();
    assert!(form.starts_with(" action=\"/catalogue\" method=\"post\""), "{form}");
    // Choices are no secret.
    let all = gz.post(HERE, "/catalogue", &visit, "q=&share=conditional").await;
    assert_eq!((all.status(), all.header("location")), (303, vec!["/catalogue?share=conditional"]));
}

#[tokio::test]
async fn an_account_passes_from_one_administrator_to_the_next_and_a_lock_is_felt_at_the_next_page() {
    let gz = Department::start();
    let folder = gz.folder.path();
    let public = zhenglian(folder, &["officer-key", "new", "--out", "luo.key"]);
    fs::write(folder.join("luo.pub"), public).unwrap();
    add(folder, "he", "SYS_ADMIN", &[]);
    add(folder, "luo", "SEC_ADMIN", &["--public-key", "luo.pub"]);

    let system = gz.enter("he", PASSWORD).await;
    let made = gz.send(&system, "/staff/new", "/staff", "account=gu&name=Gu").await;
    let person = made.header("location").first().unwrap().to_string();
    let found = gz.send(&system, "/staff", "/staff/find", "which=all&q=Gu").await;
    assert_eq!((found.status(), found.header("location")), (200, vec![]), "a name is in no address");
    assert!(found.text().contains("value=\"Gu\"") && found.text().contains(&person), "{}", found.text());
    assert!(!found.text().contains("q=Gu"), "{}", found.text());
    let rights = "role=BIZ_USER&clearance=3&reason=new";
    let told = gz.send(&system, "/staff", &format!("{person}/rights"), rights).await;
    assert!(told.status() == 422 && told.text().contains("not for your role"), "{}", told.head);

    // A key is asked for before any page, and its answer opens the one that was wanted.
    let security = gz.enter("luo", PASSWORD).await;
    let gate = gz.leads(&security, &person).await;
    assert!(gate.starts_with("/sign-in/factor?next=%2Fstaff"), "{gate}");
    let page = gz.get(HERE, &gate, &format!("Cookie: {security}\r\n")).await.text();
    let asked = between(&page, "id=\"challenge\">", "<");
    let answer = zhenglian(folder, &["officer-key", "answer", "--key", "luo.key", asked]);
    let next = person.replace('/', "%2F");
    let shown =
        gz.send(&security, &gate, "/sign-in/factor", &format!("answer={}&next={next}", answer.trim())).await;
    assert_eq!(shown.header("location"), [person.as_str()], "{}", shown.text());

    let act = format!("{person}/act");
    let told = gz.send(&security, &person, &format!("{person}/rights"), rights).await;
    assert_eq!(told.header("location"), [person.as_str()], "{}", told.text());
    let opened = gz.send(&security, &person, &act, "act=activate").await.text();
    let secret = between(&opened, "id=\"secret\">", "<").to_owned();
    assert!(!gz.get(HERE, &person, &format!("Cookie: {security}\r\n")).await.text().contains(&secret));

    let clerk = gz.enter("gu", &secret).await;
    assert!(gz.leads(&clerk, "/queries").await.starts_with("/account/password?next=%2Fqueries"));
    let typed = |new: &str| format!("old={secret}&new={new}&again={new}&next=%2Fqueries");
    let told = gz.send(&clerk, "/account/password", "/account/password", &typed("short")).await;
    assert!(told.status() == 422 && told.text().contains("too short"), "{}", told.head);
    let changed = gz.send(&clerk, "/account/password", "/account/password", &typed("Mountain-2026-x")).await;
    assert_eq!(changed.header("location"), ["/queries"], "{}", changed.text());
    assert_eq!(gz.leads(&clerk, "/queries").await, "");

    let told = gz.send(&security, &person, &act, "act=lock&reason=asked+by+phone").await;
    assert_eq!(told.header("location"), [person.as_str()], "{}", told.text());
    assert!(gz.leads(&clerk, "/queries").await.starts_with("/sign-in?next=%2Fqueries"));
}

/// Beside the process that holds the stores; a department alone on its chain has decided nothing about others.
#[tokio::test]
async fn a_period_is_judged_again_beside_the_running_department() {
    let department = Department::start();
    let told = zhenglian(department.folder.path(), &["replay", "--from", "2020-01-01", "--to", "2099-12-31"]);
    assert!(told.contains("0 records: 0 decisions judged again"), "{told}");
    assert!(told.contains("ALL THE SAME"), "{told}");
    let told = zhenglian(
        department.folder.path(),
        &["replay", "--json", "--from", "2020-01-01", "--to", "2099-12-31"],
    );
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["found"], &told["findings"]), (&0.into(), &serde_json::json!([])));
}
