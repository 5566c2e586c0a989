//! A validator's folder goes back in time, or loses a part: it follows before it votes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::town::{Town, within};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_on_a_folder_of_before_follows_first_and_votes_afterwards() {
    let mut town = Town::found(4, 4);
    town.start_all().await;
    town.agree(town.publish(0, 1).await.unwrap().height).await;
    town.stop(3).await;
    let data = town.config(3).data;
    let backup = data.with_extension("backup");
    copy(&data, &backup);
    town.start(3).await;
    let mut last = town.publish(0, 2).await.unwrap().height;
    for number in 3..=6 {
        last = town.publish(number % 4, number as u64).await.unwrap().height;
    }
    town.agree(last).await;
    town.stop(3).await;
    fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);

    // Nobody decides what it may have voted on, so it waits.
    for of in 0..3 {
        town.stop(of).await;
    }
    town.start(3).await;
    assert!(!town.handle(3).status().validator, "it may have voted above its head");
    town.start_these(0..3).await;
    town.publish(0, 7).await.unwrap();
    let votes = async {
        let mut follow = town.handle(3).follow();
        while !town.handle(3).status().validator {
            follow.changed().await.unwrap();
        }
    };
    within(votes).await;
    // Two of the others are not enough without it: it does vote.
    town.stop(2).await;
    let with_it = town.publish(0, 8).await.unwrap();
    town.agree(with_it.height).await;
    for of in [0, 1, 3] {
        assert!(town.handle(of).equivocations().is_empty());
    }
    town.stop_all().await;
}

/// What it said at the height under way stood in the engine's log, which is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_validator_without_the_engines_log_does_not_vote_at_the_height_under_way() {
    let mut town = Town::found(3, 3);
    town.start_all().await;
    town.agree(town.publish(0, 1).await.unwrap().height).await;
    town.stop(2).await;
    let transaction = town.founded.publication(0, 2);
    let handle = town.handle(0).clone();
    let waiting = tokio::spawn(async move { handle.submit(transaction).await });
    // The other one votes at the next height, which nobody can decide.
    let guard = town.config(1).sign_guard;
    let voted = async {
        let of_next = format!("{} ", town.handle(1).status().tip.height.0 + 1);
        loop {
            let files =
                fs::read_dir(&guard).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
            if files
                .collect::<String>()
                .lines()
                .any(|line| line.starts_with(&of_next) && line.contains("vote"))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(voted).await;
    town.stop(1).await;
    town.start(1).await;
    assert!(town.handle(1).status().validator, "with its log it goes on");
    town.stop(1).await;
    fs::remove_file(town.config(1).data.join("consensus.log")).unwrap();
    town.start(1).await;
    assert!(!town.handle(1).status().validator);
    waiting.abort();
    town.stop_all().await;
}
