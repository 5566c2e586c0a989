//! Nodes that do not vote: they follow decided blocks from whoever is connected, and have no engine.

use std::time::{Duration, Instant};

use ledger::ids::Height;
use ledger::parameters::Parameters;

use super::town::{Town, within};

/// Followers only know nodes near them in this order, and a few far away: most know no validator.
fn neighbours(of: usize, validators: usize, all: usize) -> Vec<usize> {
    if of < validators {
        return (0..validators).collect();
    }
    let others = all - validators;
    let near = (1..=3).map(|step| validators + (of - validators + step) % others);
    let far = (1..=2).map(|step| (of * 7 + step * 13) % all);
    near.chain(far).filter(|other| *other != of).collect()
}

/// A town in which each follower knows five others.
fn country(departments: usize, validators: usize) -> Town {
    let parameters = Parameters { heartbeat_ms: 60_000, ..Parameters::DEFAULT };
    let mut town = Town::found_with(departments, validators, parameters);
    town.knows = (0..departments).map(|of| Some(neighbours(of, validators, departments))).collect();
    town
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_follower_has_the_same_ledger_and_is_heard() {
    let mut town = Town::found(3, 1);
    town.knows = vec![Some(vec![]), Some(vec![0]), Some(vec![1])];
    town.start_all().await;
    let first = town.publish(0, 1).await.unwrap();
    let last = town.publish(2, 2).await.unwrap(); // on its way to the validator through the other
    assert!(last.height > first.height);
    town.agree(last.height).await;
    let status = town.handle(2).status();
    assert_eq!(status.blocks_from.as_ref(), Some(&town.founded.departments[1].id));
    assert!(!status.validator && town.handle(0).status().validator);
    assert_eq!(town.handle(0).status().blocks_from, None);
    let metrics = town.handle(2).metrics();
    let from = format!("zhenglian_blocks_from{{department=\"{}\"}} 1", town.founded.departments[1].id);
    assert!(metrics.contains(&from) && metrics.contains("zhenglian_blocks_behind 0"), "{metrics}");
    // Only the validator has an engine.
    let has_engine = |of: usize| town.config(of).data.join("consensus.log").exists();
    assert_eq!([0, 1, 2].map(has_engine), [true, false, false]);
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_catches_up_from_genesis_while_the_chain_goes_on() {
    let mut town = Town::found(3, 1);
    town.start(0).await;
    for number in 0..40 {
        town.publish(0, number).await.unwrap();
    }
    town.start_these(1..3).await;
    let mut behind = town.handle(1).follow();
    let mut number = 40;
    let mut last = Height(0);
    while behind.borrow_and_update().height.0 < 60 {
        last = town.publish(0, number).await.unwrap().height;
        number += 1;
    }
    assert!(last.0 > 40);
    town.agree(last).await;
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_loses_its_source_goes_on_with_another() {
    let mut town = Town::found(4, 1);
    town.knows = vec![Some(vec![]), Some(vec![0]), Some(vec![0]), Some(vec![1, 2])];
    town.start_all().await;
    let mut last = town.publish(0, 1).await.unwrap();
    town.agree(last.height).await;
    for number in 2..6 {
        let source = town.handle(3).status().blocks_from.unwrap();
        let source = town.founded.departments.iter().position(|one| one.id == source).unwrap();
        town.stop(source).await;
        last = town.publish(0, number).await.unwrap();
        town.reach(3, last.height).await;
        town.start(source).await;
    }
    town.agree(last.height).await;
    town.stop_all().await;
}

/// Nobody is left whose engine could send it the blocks.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_validator_catches_up_from_a_follower_before_its_engine_starts() {
    let mut town = Town::found(5, 4);
    town.start_these(0..3).await;
    town.start(4).await;
    let mut last = Height(0);
    for number in 0..8 {
        last = town.publish(0, number).await.unwrap().height;
    }
    town.reach(4, last).await;
    for of in 0..3 {
        town.stop(of).await;
    }
    town.start(3).await;
    town.agree(last).await;
    // And it votes: with two of the others it decides.
    town.start_these(0..2).await;
    let next = town.publish(1, 20).await.unwrap();
    town.agree(next.height).await;
    town.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_followers_have_one_ledger() {
    let (validators, all) = (1, 41);
    let mut town = country(all, validators);
    town.start_these(0..all).await;
    let mut last = Height(0);
    for number in 0..5 {
        last = town.publish(0, number).await.unwrap().height;
    }
    last = last.max(town.publish(23, 5).await.unwrap().height);
    town.agree(last).await;
    assert!((1..all).all(|of| !town.handle(of).status().validator));
    town.stop_all().await;
}

/// `scripts/followers` runs this: as many followers and validators as it is told, and what it took.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: scripts/followers (#8)"]
#[allow(clippy::print_stdout)]
async fn followers_of_a_country_have_one_ledger() {
    let told = |name: &str, else_: usize| std::env::var(name).map_or(else_, |text| text.parse().unwrap());
    let (count, validators) = (told("FOLLOWERS", 491), told("VALIDATORS", 7));
    let (all, blocks) = (count + validators, told("BLOCKS", 20));
    let begun = Instant::now();
    let mut town = country(all, validators);
    println!("{all} departments founded after {:.1} s", begun.elapsed().as_secs_f64());
    town.start_these(0..validators).await;
    for first in (validators..all).step_by(20) {
        town.start_these(first..all.min(first + 20)).await;
    }
    println!("{all} nodes started after {:.1} s, {}", begun.elapsed().as_secs_f64(), memory());
    let mut last = town.publish(0, 0).await.unwrap().height;
    town.agree(last).await;
    println!("all at height {last} after {:.1} s, {}", begun.elapsed().as_secs_f64(), memory());
    let (since, mut lags) = (Instant::now(), Vec::new());
    for number in 1..=blocks as u64 {
        last = town.publish(0, number).await.unwrap().height;
        let decided = Instant::now();
        let arrive = (validators..all).map(|of| {
            let mut follow = town.handle(of).follow();
            async move {
                within(follow.wait_for(|tip| tip.height >= last)).await.unwrap();
                decided.elapsed()
            }
        });
        lags.extend(futures::future::join_all(arrive).await);
    }
    lags.sort_unstable();
    let at = |share: f64| lags[((lags.len() - 1) as f64 * share) as usize];
    println!(
        "{blocks} blocks in {:.1} s; behind who submitted p50 {:?}, p99 {:?}",
        since.elapsed().as_secs_f64(),
        at(0.5),
        at(0.99)
    );
    town.agree(last).await;
    let roots: std::collections::BTreeSet<_> = (0..all)
        .map(|of| town.handle(of).read(|snapshot| snapshot.block(last).unwrap().header.state_root.0))
        .collect();
    println!(
        "state roots at height {last} on {all} nodes: {}",
        roots.iter().map(hex::encode).collect::<Vec<_>>().join(" ")
    );
    assert_eq!(roots.len(), 1);
    println!("{:.1} s in all, {}", begun.elapsed().as_secs_f64(), memory());
    tokio::time::timeout(Duration::from_secs(60), town.stop_all()).await.ok();
}

/// What this process holds, as Linux tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    [line("VmRSS"), line("Threads")].into_iter().flatten().collect::<Vec<_>>().join(", ").replace('\t', " ")
}
