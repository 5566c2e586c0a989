//! Four validators with more in flight than they can decide at once. Prints what it took:
//! `cargo test --release -p node flood -- --nocapture`.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use futures::{StreamExt, stream};
use ledger::ids::{Height, Time};

use super::town::Town;
use crate::founding::now;

const IN_FLIGHT: usize = 400;
const SIGNED: usize = 1_000;
/// The records lapse then: a chain that collapses under the flood loses them.
const VALID_MS: u64 = 60_000;

/// Records of two signatures each, handed in at all four: none is lost, and none of the work.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_records_is_committed_whole() {
    let mut town = Town::found(20, 4);
    for of in 0..4 {
        town.start(of).await;
    }
    let first = town.publish(0, 1).await.unwrap();
    town.agree(first.height).await;
    let valid_until = Time(now().0 + VALID_MS);
    let record = |number: usize| town.founded.denial(number % 20, (number + 7) % 20, valid_until);
    let records: Vec<_> = (0..SIGNED).map(record).collect();
    let begun = Instant::now();
    let submissions = records.into_iter().enumerate().map(|(number, record)| {
        let handle = town.handle(number % 4).clone();
        async move {
            let since = Instant::now();
            handle.submit(record).await.map(|_| since.elapsed())
        }
    });
    let mut took = Vec::new();
    let mut ends = stream::iter(submissions).buffer_unordered(IN_FLIGHT);
    while let Some(end) = ends.next().await {
        took.push(end.unwrap());
    }
    let seconds = begun.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied().unwrap_or_default();
    let (mut blocks, mut failed) = (0, 0);
    town.handle(0).read(|snapshot| {
        for height in (first.height.0 + 1..=snapshot.tip().height.0).map(Height) {
            blocks += 1;
            failed += snapshot.certificate(height).unwrap().round;
        }
    });
    println!(
        "{:.0} records/s, p50 {:?}, p99 {:?}; {blocks} blocks, {failed} failed rounds in {seconds:.0} s",
        took.len() as f64 / seconds,
        at(0.5),
        at(0.99),
    );
    drop(ends);
    assert_eq!(took.len(), SIGNED);
    town.stop_all().await;
}
