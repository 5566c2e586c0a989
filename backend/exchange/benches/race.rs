//! As many uses raced against revocations as one wants; the gate runs some hundred (`tests/it/revocation.rs`).
//!
//! ```text
//! scripts/race --uses 100000
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]
#![allow(dead_code)] // shared with the crate's integration tests

#[path = "../tests/it/changed.rs"]
mod changed;
#[path = "../tests/it/founding.rs"]
mod founding;
#[path = "../tests/it/race.rs"]
mod race;
#[path = "../tests/it/town.rs"]
mod town;

const USES: usize = 2_000;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--uses");
    let uses = arguments.nth(1).map_or(USES, |uses| uses.parse().expect("--uses wants a number"));
    let mut figures = race::race(uses).await;
    figures.refusals.sort();
    let last = figures.refusals.len().saturating_sub(1);
    let at =
        |share: usize| figures.refusals[(figures.refusals.len() * share / 100).min(last)].as_secs_f64() * 1e3;
    println!("uses                       {:>9}", figures.uses);
    println!("rounds (revoked, tightened)  {:>7}", figures.rounds);
    println!("answered, key given        {:>9}", figures.answered);
    println!("denied or refused          {:>9}", figures.denied);
    println!("prepared, key never given  {:>9}", figures.crossed);
    println!("keys asked for too late    {:>9}", figures.late);
    println!("uses after the end         {:>9}", figures.after);
    println!("first refusal at the provider, p50 {:.0} ms, p99 {:.0} ms of {}", at(50), at(99), last + 1);
    println!("wall time                  {:>7.0} s", figures.took.as_secs_f64());
    assert_eq!(figures.after, 0, "a right that was taken away was used");
}
