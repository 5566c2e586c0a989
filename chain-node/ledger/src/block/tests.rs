use super::*;
use crate::limits::{FORGOTTEN_PER_BLOCK, RECENT_HEIGHTS};
use crate::protocol::Protocol;
use crate::state::MemoryState;

const fn context(height: Height, time: Time) -> BlockContext {
    BlockContext { chain: ChainId::ZERO, height, time, protocol: Protocol::NEWEST }
}

fn tip_at(height: u64) -> Tip {
    Tip {
        height: Height(height),
        round: 0,
        time: Time(height),
        block: BlockId([1; 32]),
        receipt_root: Digest::ZERO,
        receipt_count: 0,
        validators: Digest::ZERO,
    }
}

/// A state that remembers `count` transactions of each of these times.
fn remembering(times: &[u64], count: u64) -> MemoryState {
    let mut changes = Changes::default();
    for time in times {
        for number in 0..count {
            let id = sm3(&[&number.to_be_bytes()]).0;
            changes.put(keys::seen(Time(*time), &id), Vec::new());
        }
    }
    let mut state = MemoryState::default();
    state.commit(&changes);
    state
}

/// Forgets in one block at `time`; how many.
fn forgotten(state: &mut MemoryState, time: u64) -> usize {
    let mut overlay = Overlay::new(state);
    forget(&mut overlay, state, &context(Height(9), Time(time))).unwrap();
    let changes = overlay.changes;
    assert!(changes.iter().all(|(_, value)| value.is_none()));
    state.commit(&changes);
    changes.iter().count()
}

#[test]
fn a_transaction_is_forgotten_only_when_its_time_is_over() {
    let mut state = remembering(&[10, 20, 30], 3);
    assert_eq!(forgotten(&mut state, 10), 0, "at 10 it could still be replayed");
    assert_eq!(forgotten(&mut state, 11), 3);
    assert_eq!(forgotten(&mut state, 30), 3);
    assert_eq!(forgotten(&mut state, 31), 3);
    assert_eq!(forgotten(&mut state, u64::MAX), 0);
}

#[test]
fn more_are_forgotten_than_one_read_gives() {
    for count in [FORGOTTEN_PER_READ - 1, FORGOTTEN_PER_READ, FORGOTTEN_PER_READ + 1, 250] {
        let mut state = remembering(&[10, 20], count as u64);
        assert_eq!(forgotten(&mut state, 15), count);
        assert_eq!(forgotten(&mut state, 25), count);
    }
}

#[test]
fn one_block_forgets_so_many_and_the_next_the_rest() {
    let mut state = remembering(&[10], FORGOTTEN_PER_BLOCK as u64 + 7);
    assert_eq!(forgotten(&mut state, 11), FORGOTTEN_PER_BLOCK);
    assert_eq!(forgotten(&mut state, 11), 7);
}

#[test]
fn the_state_remembers_the_last_heights_and_no_more() {
    let mut state = MemoryState::default();
    for height in 0..RECENT_HEIGHTS + 3 {
        let tip = tip_at(height);
        let changes = open(&state, &tip, &context(tip.height.next(), tip.time)).unwrap().changes;
        state.commit(&changes);
    }
    let remembered = |height| views::block_at(&state, &tip_at(9_999), Height(height)).unwrap();
    assert_eq!(remembered(2), None);
    assert_eq!(remembered(3), Some((Time(3), BlockId([1; 32]))));
    assert_eq!(remembered(RECENT_HEIGHTS + 2), Some((Time(RECENT_HEIGHTS + 2), BlockId([1; 32]))));
    assert_eq!(remembered(9_999), Some((Time(9_999), BlockId([1; 32]))), "the tip itself");
    assert_eq!(remembered(9_998), None);
}
