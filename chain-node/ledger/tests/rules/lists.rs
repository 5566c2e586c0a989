//! Lists are read in pages, without gap or repeat.

use crate::story::papers::{next_version, payment_certificate};
use crate::story::{Centre, Chain};
use ledger::ids::EntryId;
use ledger::state::MemoryState;
use ledger::transaction::Payload;
use ledger::views;

/// Reads pages of every size and compares them with the whole.
fn pages<T: Clone + PartialEq + std::fmt::Debug, I>(
    chain: &Chain,
    read: fn(&MemoryState, Option<&I>, usize) -> Vec<T>,
    id: fn(&T) -> I,
    expected: usize,
) {
    let whole = read(chain.state(), None, 1_000);
    assert_eq!(whole.len(), expected);
    for size in 1..=expected + 1 {
        let mut joined: Vec<T> = vec![];
        loop {
            let page = read(chain.state(), joined.last().map(id).as_ref(), size);
            assert!(page.len() <= size);
            if page.is_empty() {
                break;
            }
            joined.extend(page);
        }
        assert_eq!(joined, whole, "pages of {size}");
    }
}

#[test]
fn pages_join_without_gap_or_repeat() {
    let (mut chain, grant) = Chain::with_grant(9);
    let mut entry = payment_certificate();
    // Twelve versions: the tenth stands after the ninth.
    for _ in 1..12 {
        entry = next_version(&entry);
        chain.submit(Centre::Chengdu, Payload::Publish(entry.clone())).unwrap();
    }
    for _ in 0..4 {
        chain.answer(&grant).unwrap();
    }
    let mut asked = chain.a_request();
    asked.entry = entry.id.clone();
    let request = chain.request(asked).unwrap();
    chain.approve(&request).unwrap();

    pages(&chain, |s, after, n| views::departments(s, after, n).unwrap(), |d| d.member.id.clone(), 6);
    pages(&chain, |s, after, n| views::entries(s, after, n).unwrap(), |e| e.entry.id.clone(), 12);
    pages(&chain, |s, after, n| views::requests(s, after, n).unwrap(), |r| r.id, 2);
    pages(&chain, |s, after, n| views::grants(s, after, n).unwrap(), |g| g.id, 2);
    pages(&chain, |s, after, n| views::policies(s, after, n).unwrap(), |p| p.owner.clone(), 10);

    let versions: Vec<_> =
        views::entries(chain.state(), None, 99).unwrap().iter().map(|e| e.entry.id.version).collect();
    assert_eq!(versions, (1..=12).collect::<Vec<_>>());
    let latest = views::latest_entry(chain.state(), &entry.id.code).unwrap().unwrap();
    assert_eq!(latest.entry.id, EntryId { code: entry.id.code, version: 12 });
}

#[test]
fn a_recent_block_is_found_by_its_height() {
    let mut chain = Chain::with_entry();
    let before = chain.tip();
    chain.idle();
    chain.idle();
    let tip = chain.tip();
    let at = |height| views::block_at(chain.state(), &tip, height).unwrap();
    assert_eq!(at(before.height), Some((before.time, before.block)));
    assert_eq!(at(tip.height), Some((tip.time, tip.block)));
    assert_eq!(at(tip.height.next()), None);
}
