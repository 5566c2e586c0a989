//! How fast a right is gone, and how well an officer signs in while a stranger posts forms, on six real
//! processes, loopback only:
//!
//! ```text
//! . scripts/environment.sh && cargo build --release --workspace --bins
//! cargo bench --workspace --bench access
//! ```
//!
//! Click → first refusal is what an approver waits for: from sending the revocation's form in the provider's
//! portal until a clerk of the requester, who asks again and again meanwhile, is refused for the first time.
//! How soon the provider itself refuses a changed requester is `scripts/race`.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use system_tests::centres::{CENTRES, Centre};
use system_tests::layout::Layout;
use system_tests::network::Network;
use system_tests::page::Form;
use system_tests::people::Person;
use system_tests::seed::Seed;
use system_tests::story::{self, Story};
use system_tests::visitor::Visitor;
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval};

const REVOCATIONS: usize = 100;
const SIGN_INS: usize = 100;
const PORTS_FROM: u16 = 25_000;
/// Of a stranger's forms: how many a second, and for how long at most.
const FORMS_A_SECOND: u32 = 2_000;
const FLOOD_MAX: Duration = Duration::from_secs(120);
/// Forms of the stranger under way at once: more than a portal takes of one address.
const FORMS_AT_ONCE: usize = 512;
/// Forms sent together, so that a tick of the clock is not too short.
const FORMS_A_TICK: u32 = 20;
/// An address of this machine from which no officer comes.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout {
        dir: dir.path().join("network"),
        seed: Seed(1),
        base_port: Layout::free_base_port(PORTS_FROM).unwrap(),
        people: 1_000,
    };
    layout.prepare().await.unwrap();
    for centre in &CENTRES {
        layout.lift_bounds(centre).unwrap();
    }
    let mut network = Network::start(layout).await.unwrap();
    revocations(&network).await;
    sign_ins(&network).await;
    network.stop().await.unwrap();
}

async fn revocations(network: &Network) {
    let (requester, provider) = (Centre::named("cd"), Centre::named("su"));
    let story = Story::new(network, requester, provider);
    let operator = network.signed_in(requester, "operator").await.unwrap();
    let lead = network.signed_in(requester, "lead").await.unwrap();
    let clerk = network.signed_in(requester, "clerk").await.unwrap();
    let people = network.layout.people_of(provider);
    let (mut refused, mut asked) = (Vec::new(), 0);
    for number in 0..REVOCATIONS {
        let grant = story.approve(&story.request_as(&operator, &lead).await.unwrap()).await.unwrap();
        let form = format!("/grants/{grant}/query");
        // The clerk's portal knows the grant and has used it.
        let query = story.ask_as(&clerk, &form, &people[0], &format!("GJJ-2026-{number:06}")).await.unwrap();
        story.answered_to(&clerk, &query).await.unwrap();
        // The story has signed the approver in elsewhere, which ended the session before.
        let approver = network.signed_in(provider, "approver").await.unwrap();
        let page = approver.get(&format!("/grants/{grant}")).await.unwrap();
        let Some(revoke) = page.form_to("/revoke") else { panic!("{} {}", page.status, page.text()) };
        let revoke = revoke.with("reason", "01");
        let click = Instant::now();
        let revoking = tokio::spawn({
            let approver = approver.clone();
            async move { approver.submit(&revoke).await.unwrap().status }
        });
        while use_of(&clerk, &form, &people[1]).await {
            asked += 1;
        }
        refused.push(click.elapsed());
        assert_eq!(revoking.await.unwrap(), 200);
        assert!(!use_of(&clerk, &form, &people[1]).await, "a grant that was refused was used again");
    }
    tell("click → first refusal", &mut refused);
    println!("queries taken between the clicks and the refusals: {asked}");
}

/// Whether a query was taken: the form was there, and it became a query.
async fn use_of(clerk: &Visitor, path: &str, person: &Person) -> bool {
    let Some(form) = clerk.get(path).await.unwrap().form_to("/query") else { return false };
    let form = story::query(form, person, "GJJ-2026-100000");
    let page = clerk.submit(&form).await.unwrap();
    page.status == 200 && page.url.starts_with("/queries/") && page.url.len() > "/queries/".len()
}

async fn sign_ins(network: &Network) {
    let centre = Centre::named("gz");
    tell("sign-in, nobody else", &mut signed_in(network, centre, SIGN_INS).await);
    let stranger = Visitor::coming_from(&network.layout.host(centre), Some(STRANGER)).unwrap();
    let form = stranger.get("/sign-in").await.unwrap().form_to("/sign-in").unwrap();
    let form = form.with("account", "operator").with("password", "Wrong-2026-xx");
    let began = Instant::now();
    let over = Arc::new(AtomicBool::new(false));
    let flood = tokio::spawn(flood(stranger, form, Arc::clone(&over)));
    let mut times = signed_in(network, centre, SIGN_INS).await;
    over.store(true, Ordering::Relaxed);
    let counted = flood.await.unwrap();
    let lasted = began.elapsed().as_secs_f64();
    tell("sign-in, a stranger posts", &mut times);
    let posts: u64 = counted.values().sum();
    println!("{posts} forms of a stranger in {lasted:.0} s, {:.0} a second", posts as f64 / lasted);
    println!("by status (0: no connection): {counted:?}");
}

/// How long each of so many sign-ins of one officer takes, page, form and first page after it.
async fn signed_in(network: &Network, centre: &Centre, count: usize) -> Vec<Duration> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        network.signed_in(centre, "operator").await.unwrap();
        times.push(began.elapsed());
    }
    times
}

/// Posts forms until it is told to stop or its time is over; how each was answered.
async fn flood(stranger: Visitor, form: Form, over: Arc<AtomicBool>) -> BTreeMap<u16, u64> {
    let (room, form) = (Arc::new(Semaphore::new(FORMS_AT_ONCE)), Arc::new(form));
    let mut tick = interval(Duration::from_secs(1) * FORMS_A_TICK / FORMS_A_SECOND);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let began = Instant::now();
    let mut posts = tokio::task::JoinSet::new();
    let mut counted = BTreeMap::new();
    while began.elapsed() < FLOOD_MAX && !over.load(Ordering::Relaxed) {
        tick.tick().await;
        for _ in 0..FORMS_A_TICK {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return counted };
            let (stranger, form) = (stranger.clone(), Arc::clone(&form));
            posts.spawn(async move {
                // A connection that is not taken is an answer too.
                let status = stranger.post(&form).await.unwrap_or(0);
                drop(place);
                status
            });
        }
        while let Some(Ok(status)) = posts.try_join_next() {
            *counted.entry(status).or_default() += 1;
        }
    }
    while let Some(Ok(status)) = posts.join_next().await {
        *counted.entry(status).or_default() += 1;
    }
    counted
}

fn tell(what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1_000.0;
    println!("{what:<28} p50 {:>6.0} ms, p99 {:>6.0} ms of {}", at(0.5), at(0.99), times.len());
}
