//! A right that is taken away is gone at the provider from the block that took it, whatever the requester does.

use crate::race::race;

#[tokio::test(flavor = "multi_thread")]
async fn no_use_is_made_in_or_after_the_block_that_takes_the_right_away() {
    let figures = race(400).await;
    assert_eq!(figures.after, 0, "{figures:?}");
    // Both ways of taking a right away, and answers on record whose key was asked for too late.
    assert!(figures.rounds >= 2 && figures.late > 0, "{figures:?}");
    assert!(figures.answered > 0 && figures.denied > 0, "{figures:?}");
}
