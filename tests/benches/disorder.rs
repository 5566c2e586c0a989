//! Honest queries beside adversaries, while validators are killed at random moments, and while one comes back with
//! an old folder, on six real processes, loopback only: `scripts/disorder`.
//!
//! One clerk asks all the time, from a department that only follows to one that votes; neither is touched. First a
//! stranger comes, then a member that sends junk and one that floods, then a validator that lies: see
//! `chain-node/node/src/nodes/at_large/`. The last three have the keys of a department whose own process is stopped
//! meanwhile. Then of the three other validators one at a time is killed (SIGKILL), which leaves just enough to
//! decide, and is started again a moment later. Then one is stopped, its folder put back to what it was at the
//! beginning, and started: it has forgotten what it signed since, and must not sign otherwise. In the end all have the
//! same blocks.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use system_tests::centres::{CENTRES, Centre};
use system_tests::layout::Layout;
use system_tests::network::Network;
use system_tests::people::Person;
use system_tests::seed::Seed;
use system_tests::story::{self, ANSWER_MAX, Story, is_open};
use system_tests::visitor::Visitor;

const PORTS_FROM: u16 = 26_000;
/// How long queries are watched with nobody disturbed.
const CALM: Duration = Duration::from_secs(30);
/// Who is killed, one at a time.
const KILLED: [&str; 3] = ["gz", "sz", "nj"];
/// Who floods: a member that does not vote.
const FLOODS: &str = "jd";
/// Which validator lies.
const LIES: &str = "nj";
/// Who comes back with an old folder.
const RESTORED: &str = "nj";
/// How often a query's page is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One query: when it began, and how long its answer took, if it came.
type Asked = (Instant, Option<Duration>);

#[tokio::main]
async fn main() {
    let kills = number("--kills", 20);
    let seed = Seed(number("--seed", 1));
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout {
        dir: dir.path().join("network"),
        seed,
        base_port: Layout::free_base_port(PORTS_FROM).unwrap(),
        people: 1_000,
    };
    layout.prepare().await.unwrap();
    for centre in &CENTRES {
        layout.lift_bounds(centre).unwrap();
    }
    let mut network = Network::start(layout).await.unwrap();

    let (requester, provider) = (Centre::named("cd"), Centre::named("su"));
    let story = Story::new(&network, requester, provider);
    let request = story.request().await.unwrap();
    let form = format!("/grants/{}/query", story.approve(&request).await.unwrap());
    drop(story);
    let clerk = network.signed_in(requester, "clerk").await.unwrap();
    let people = network.layout.people_of(provider);
    let old = dir.path().join("old");
    network.stop_one(Centre::named(RESTORED)).await.unwrap();
    copy(&network.layout.folder(Centre::named(RESTORED)), &old);
    network.start_one(Centre::named(RESTORED)).await.unwrap();

    let over = Arc::new(AtomicBool::new(false));
    let asking = tokio::spawn(ask_on(clerk, form, people, Arc::clone(&over)));
    let mut marks = vec![("before", Instant::now())];
    tokio::time::sleep(CALM).await;

    for (what, kind, whose) in [
        ("a stranger", "stranger", None),
        ("a member sends junk", "junk", Some(FLOODS)),
        ("a member floods", "flood", Some(FLOODS)),
        ("a validator lies", "liar", Some(LIES)),
    ] {
        let centre = whose.map(Centre::named);
        if let Some(centre) = centre {
            network.stop_one(centre).await.unwrap();
        }
        marks.push((what, Instant::now()));
        set_on(&network.layout, kind, centre).await;
        marks.push(("afterwards", Instant::now()));
        if let Some(centre) = centre {
            network.start_one(centre).await.unwrap();
        }
        tokio::time::sleep(CALM).await;
    }
    let reader = network.signed_in(Centre::named("gz"), "operator").await.unwrap();
    let chain = reader.get("/chain").await.unwrap().text();
    let liar = Centre::named(LIES);
    assert!(!chain.contains("None on record"), "{} voted twice, and nobody told", liar.short);

    marks.push(("validators killed", Instant::now()));
    let mut random = seed.stream("kills");
    let mut moment = |most: u64| Duration::from_millis(random.between(0, most));
    for kill in 0..kills {
        let centre = Centre::named(KILLED[usize::try_from(kill).unwrap() % KILLED.len()]);
        tokio::time::sleep(moment(1_500)).await;
        network.kill(centre).await.unwrap();
        tokio::time::sleep(moment(1_500)).await;
        network.start_one(centre).await.unwrap();
    }
    marks.push(("afterwards", Instant::now()));
    tokio::time::sleep(CALM).await;

    marks.push(("an old folder put back", Instant::now()));
    let restored = Centre::named(RESTORED);
    network.stop_one(restored).await.unwrap();
    let folder = network.layout.folder(restored);
    std::fs::remove_dir_all(&folder).unwrap();
    copy(&old, &folder);
    network.start_one(restored).await.unwrap();
    tokio::time::sleep(CALM).await;

    over.store(true, Ordering::Relaxed);
    let asked = asking.await.unwrap();
    for (number, (what, from)) in marks.iter().enumerate() {
        let until = marks.get(number + 1).map(|(_, until)| *until);
        let within = |began: &Instant| began >= from && until.is_none_or(|until| *began < until);
        tell(what, asked.iter().filter(|(began, _)| within(began)));
    }
    agree(&network).await;
    network.stop().await.unwrap();
}

/// Lets an adversary loose on all other departments, with the keys of one or with none, until its time is over.
async fn set_on(layout: &Layout, kind: &str, plays: Option<&Centre>) {
    let program = std::env::var("ZHENGLIAN_ADVERSARY_PROGRAM").unwrap();
    let others = CENTRES.iter().filter(|centre| plays.is_none_or(|plays| plays.id != centre.id));
    let at: Vec<_> =
        others.map(|other| format!("{}=127.0.0.1:{}", other.id, layout.node_port(other))).collect();
    let mut command = tokio::process::Command::new(program);
    if let Some(plays) = plays {
        command.env("ZHENGLIAN_ADVERSARY_KEYS", layout.folder(plays).join("keys"));
    }
    let ended = command
        .args(["--ignored", "--exact", "--nocapture", "nodes::at_large::an_adversary_at_large"])
        .env("ZHENGLIAN_ADVERSARY", kind)
        .env("ZHENGLIAN_ADVERSARY_GENESIS", layout.genesis())
        .env("ZHENGLIAN_ADVERSARY_AT", at.join(","))
        .env("ZHENGLIAN_ADVERSARY_SECONDS", CALM.as_secs().to_string())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{}{said}", String::from_utf8_lossy(&ended.stdout));
    print!("{said}");
}

/// A number of the command line, or another.
fn number(name: &str, otherwise: u64) -> u64 {
    let arguments: Vec<_> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)).map_or(otherwise, |word| word.parse().unwrap())
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// Asks one query after the other until told to stop.
async fn ask_on(clerk: Visitor, form: String, people: Vec<Person>, over: Arc<AtomicBool>) -> Vec<Asked> {
    let mut asked = Vec::new();
    for person in people.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        let answered = tokio::time::timeout(ANSWER_MAX, answer(&clerk, &form, person)).await;
        asked.push((began, answered.is_ok_and(|came| came).then(|| began.elapsed())));
    }
    asked
}

/// Asks about a person and waits for the answer. False if the query was not taken.
async fn answer(clerk: &Visitor, path: &str, person: &Person) -> bool {
    let Ok(Some(form)) = clerk.get(path).await.map(|page| page.form_to("/query")) else { return false };
    let form = story::query(form, person, "GJJ-2026-100000");
    let Ok(mut page) = clerk.submit(&form).await else { return false };
    let query = page.url.clone();
    if !query.starts_with("/queries/") {
        return false;
    }
    while !is_open(&page) {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Ok(next) = clerk.get(&query).await {
            page = next;
        }
    }
    true
}

fn tell<'a>(what: &str, asked: impl Iterator<Item = &'a Asked>) {
    let (mut times, mut failed) = (Vec::new(), 0);
    for (_, took) in asked {
        match took {
            Some(took) => times.push(*took),
            None => failed += 1,
        }
    }
    times.sort();
    if times.is_empty() {
        println!("{what:<24} nobody was answered, {failed} not taken");
        return;
    }
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1_000.0;
    println!(
        "{what:<24} p50 {:>6.0} ms, p99 {:>6.0} ms, longest {:>6.0} ms of {}, {failed} not taken",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
}

/// All six come to one height, and say the same of every block up to it, but for who signed: each keeps the
/// precommits that came to it first.
async fn agree(network: &Network) {
    let height = network.height(&CENTRES[0]).await.unwrap();
    network.until_common_height(height).await.unwrap();
    let mut told: Vec<Vec<(String, String)>> = vec![Vec::new(); usize::try_from(height).unwrap()];
    for centre in &CENTRES {
        let account = if centre.inspectorate { "inspector" } else { "operator" };
        let reader = network.signed_in(centre, account).await.unwrap();
        for (blocks, height) in told.iter_mut().zip(1..) {
            let page = reader.get(&format!("/chain/blocks/{height}")).await.unwrap();
            assert_eq!(page.status, 200, "{}: {}", centre.short, page.text());
            let digests = page
                .live()
                .into_iter()
                .map(|(_, text)| text)
                .filter(|text| text.contains('…') && !text.starts_with("SM2"));
            blocks.push((centre.short.to_owned(), digests.collect()));
        }
    }
    for (blocks, height) in told.iter().zip(1..) {
        assert!(blocks.windows(2).all(|pair| pair[0].1 == pair[1].1), "at height {height}: {blocks:?}");
    }
    println!("six departments agree on {height} blocks");
}
