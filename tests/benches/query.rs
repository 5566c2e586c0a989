//! How long a query takes and what a node costs, on six real processes:
//!
//! ```text
//! . scripts/environment.sh && cargo build --release --workspace --bins
//! cargo bench --workspace --bench query
//! ```
//!
//! Asked → seen is what a clerk waits for: from opening the form to the page
//! with the rows. One block lies in between, the one with the receipt; how long
//! a block takes is what the provider's engine measured in the same minute, from
//! the start of a height to its decision.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::time::{Duration, Instant};

use system_tests::centres::{CENTRES, Centre};
use system_tests::layout::Layout;
use system_tests::network::Network;
use system_tests::seed::Seed;
use system_tests::story::Story;

const QUERIES: usize = 50;
const TRANSACTIONS: usize = 20;
const PORTS_FROM: u16 = 24_000;
/// How long the processes are watched doing nothing.
const IDLE: Duration = Duration::from_secs(30);
/// Kernel clock ticks a second, as `/proc` counts them on Linux.
const TICKS: f64 = 100.0;

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout {
        dir: dir.path().join("network"),
        seed: Seed(1),
        base_port: Layout::free_base_port(PORTS_FROM).unwrap(),
        people: 10_000,
    };
    let start = Instant::now();
    let mut network = Network::start(layout).await.unwrap();
    println!("six departments laid out and running     {:>7.1} s", start.elapsed().as_secs_f64());

    let (requester, provider) = (Centre::named("cd"), Centre::named("su"));
    let story = Story::new(&network, requester, provider);
    let operator = network.signed_in(requester, "operator").await.unwrap();
    let lead = network.signed_in(requester, "lead").await.unwrap();
    let mut requests = Vec::new();
    let mut last = String::new();
    for _ in 0..TRANSACTIONS {
        let start = Instant::now();
        last = story.request_as(&operator, &lead).await.unwrap();
        requests.push(start.elapsed());
    }
    tell("a request, catalogue to applied", &mut requests);

    let form = format!("/grants/{}/query", story.approve(&last).await.unwrap());
    let clerk = network.signed_in(requester, "clerk").await.unwrap();
    let people = network.layout.people_of(provider);
    let before = blocks(&network, provider).await;
    let mut queries = Vec::new();
    for (number, person) in people.iter().take(QUERIES).enumerate() {
        let start = Instant::now();
        let case = format!("GJJ-2026-{number:06}");
        let query = story.ask_as(&clerk, &form, person, &case).await.unwrap();
        story.answered_to(&clerk, &query).await.unwrap();
        queries.push(start.elapsed());
    }
    let after = blocks(&network, provider).await;
    tell("a query, form drawn to answer seen", &mut queries);
    let block = (after.0 - before.0) / (after.1 - before.1);
    let mean = queries.iter().map(Duration::as_secs_f64).sum::<f64>() / queries.len() as f64;
    println!(
        "of {:.0} ms on average, its block takes        {:>6.0} ms, {:.0} %",
        mean * 1_000.0,
        block * 1_000.0,
        block / mean * 100.0
    );
    drop(story);

    let before: Vec<f64> = CENTRES.iter().map(|centre| cpu_seconds(&network, centre)).collect();
    tokio::time::sleep(IDLE).await;
    for (centre, before) in CENTRES.iter().zip(before) {
        let percent = (cpu_seconds(&network, centre) - before) / IDLE.as_secs_f64() * 100.0;
        let vote = if centre.validator { "validator" } else { "follows" };
        println!(
            "{} ({vote:<9})  {:>6.1} MiB resident, {percent:>5.2} % of a core idle",
            centre.short,
            mebibytes(&network, centre)
        );
    }
    network.stop().await.unwrap();
}

fn tell(what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1_000.0;
    println!("{what:<40} p50 {:>6.0} ms, p99 {:>6.0} ms of {}", at(0.5), at(0.99), times.len());
}

/// Seconds the engine spent on blocks so far, and their number.
async fn blocks(network: &Network, centre: &Centre) -> (f64, f64) {
    const NAME: &str = "malachitebft_core_consensus_time_per_block";
    (
        network.figure(centre, &format!("{NAME}_sum")).await.unwrap(),
        network.figure(centre, &format!("{NAME}_count")).await.unwrap(),
    )
}

/// Seconds of CPU a department's process has used.
fn cpu_seconds(network: &Network, centre: &Centre) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", network.process(centre).unwrap())).unwrap();
    // After the name in brackets: utime and stime are the 12th and 13th fields.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS
}

/// Memory a department's process holds.
fn mebibytes(network: &Network, centre: &Centre) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", network.process(centre).unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1_024.0
}
