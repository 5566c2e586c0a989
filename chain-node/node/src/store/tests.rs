use malachitebft_core_types::Validity;

use super::*;
use crate::engine::context::{self, Address};
use crate::founding::{Founded, found};
use crate::store::memory::Memory;
use gm::sm2::Direct;
use ledger::block::{self, Proposal};
use ledger::ids::Time;
use ledger::state::StateRead;

/// Where a store lies, so that it can be opened again.
enum Ground {
    Folder(tempfile::TempDir),
    Memory(Memory),
}

impl Ground {
    fn both() -> [Self; 2] {
        [Self::Folder(tempfile::tempdir().unwrap()), Self::Memory(Memory::default())]
    }

    fn open(&self, founded: &Founded) -> Store {
        let database = match self {
            Self::Folder(folder) => Database::open(folder.path()).unwrap(),
            Self::Memory(memory) => Database::Memory(memory.clone()),
        };
        open(database, founded).unwrap()
    }
}

fn open(database: Database, founded: &Founded) -> Result<Store, NodeFault> {
    Store::open(database, Arc::clone(&founded.genesis), watch::Sender::new(None))
}

struct Nothing;

impl NodeRead for Nothing {
    fn node(&self, _: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        Ok(None)
    }
}

/// The tree over all that the state holds, built at once, which no history changes; that of the store is the same.
pub(crate) fn whole_tree(store: &Store) -> TreeUpdate {
    let snapshot = store.snapshot();
    let mut changes = Changes::default();
    for (key, value) in snapshot.scan(b"", None, usize::MAX).unwrap() {
        changes.put(key, value);
    }
    let whole = tree::update(&Nothing, Height(0), &changes).unwrap();
    assert_eq!(snapshot.state_root(), Ok(whole.root));
    let nodes = store.view().range(Column::Tree, &[], None, usize::MAX).unwrap();
    assert_eq!(nodes.len(), whole.nodes.len(), "nothing is kept of earlier trees");
    whole
}

/// Makes and commits the next block, which holds one publication.
fn grow(store: &Store, founded: &Founded, number: u64) -> (Block, Tip) {
    grow_by(Store::commit, store, founded, number)
}

fn grow_by(
    commit: fn(&Store, &Decided<'_>) -> Result<(), NodeFault>,
    store: &Store,
    founded: &Founded,
    number: u64,
) -> (Block, Tip) {
    let snapshot = store.snapshot();
    let tip = snapshot.tip();
    let proposal = Proposal {
        chain: store.chain(),
        round: 0,
        time: tip.time.plus_ms(1),
        proposer: founded.genesis.validator_set().validators()[0].address,
        last_certificate: None,
        state_root: snapshot.state_root().unwrap(),
    };
    let signed = founded.publication_until(0, number, Time(tip.time.0 + 9)).into();
    let waiting = block::probe(&snapshot, &tip, store.chain(), proposal.time, signed, &Direct).unwrap();
    let made = block::propose(&snapshot, &tip, proposal, vec![waiting]).unwrap();
    assert_eq!(made.block.transactions.len(), 1);
    drop(snapshot);
    let certificate =
        Certificate { height: made.tip.height, round: 0, block: made.tip.block, signatures: Vec::new() };
    let bytes = to_bytes(&made.block);
    let (block, tip) = (made.block, made.tip);
    let decided = Decided {
        block: &block,
        bytes: &bytes,
        certificate: &certificate,
        changes: &made.changes,
        tree: &store.grow_tree(tip.height, &made.changes).unwrap(),
        tip: &tip,
    };
    commit(store, &decided).unwrap();
    (block, tip)
}

fn proposal(height: u64, round: u32, id: u8) -> Undecided {
    let announcement = Announcement {
        height: context::Height(height),
        round: Round::new(round),
        valid_round: Round::Nil,
        proposer: Address([1; 20]),
        id: context::BlockId([id; 32]),
        content: [id; 32],
        size: 3,
    };
    Undecided { announcement, signature: None, validity: Some(Validity::Valid) }
}

#[test]
fn a_decided_block_is_there_whole_after_reopening() {
    for ground in Ground::both() {
        let founded = found(1, 1);
        let store = ground.open(&founded);
        assert_eq!(store.snapshot().tip().height, Height(0));
        let (first, _) = grow(&store, &founded, 1);
        let root = whole_tree(&store).root;
        let (second, tip) = grow(&store, &founded, 2);
        drop(store);
        let store = ground.open(&founded);
        let snapshot = store.snapshot();
        assert_eq!((snapshot.tip(), store.last_tip()), (tip, tip));
        assert_eq!(snapshot.block(Height(1)).as_ref(), Some(&first));
        assert_eq!(snapshot.block(Height(2)).as_ref(), Some(&second));
        assert_eq!(snapshot.block(Height(3)), None);
        assert_eq!(snapshot.certificate(Height(2)).unwrap().block, tip.block);
        assert_eq!(snapshot.transaction(second.transactions[0].id()), Some((Height(2), 0)));
        assert_eq!(ledger::views::entries(&snapshot, None, 9).unwrap().len(), 2);
        assert_eq!(second.header.state_root, root, "a header carries the root after its parent");
        whole_tree(&store);
    }
}

#[test]
fn a_snapshot_does_not_see_what_comes_after_it() {
    for ground in Ground::both() {
        let founded = found(1, 1);
        let store = ground.open(&founded);
        let before = store.snapshot();
        let (block, _) = grow(&store, &founded, 1);
        assert_eq!(before.tip().height, Height(0));
        assert_eq!(before.block(Height(1)), None);
        assert_eq!(before.transaction(block.transactions[0].id()), None);
        assert!(ledger::views::entries(&before, None, 9).unwrap().is_empty());
        assert_eq!(store.snapshot().tip().height, Height(1));
    }
}

#[test]
fn a_scan_starts_after_its_key_and_ends_with_its_prefix() {
    for ground in Ground::both() {
        let founded = found(3, 1);
        let store = ground.open(&founded);
        let snapshot = store.snapshot();
        let mut memory = ledger::state::MemoryState::default();
        memory.commit(&founded.genesis.initial().0);
        let all = memory.scan(b"", None, 1_000).unwrap();
        assert_eq!(snapshot.scan(b"", None, 1_000).unwrap(), all);
        for prefix in [b"department/".as_slice(), b"key/", b"policy/", b"zzz"] {
            for limit in [0, 1, 2, 100] {
                let here = snapshot.scan(prefix, None, limit).unwrap();
                assert_eq!(here, memory.scan(prefix, None, limit).unwrap());
                for (after, _) in &all {
                    let here = snapshot.scan(prefix, Some(after), limit).unwrap();
                    assert_eq!(here, memory.scan(prefix, Some(after), limit).unwrap());
                }
            }
        }
    }
}

#[test]
fn proposals_are_kept_until_their_height_is_decided() {
    for ground in Ground::both() {
        let founded = found(1, 1);
        let store = ground.open(&founded);
        for undecided in [proposal(1, 0, 1), proposal(1, 0, 2), proposal(1, 7, 1), proposal(2, 0, 9)] {
            store.put_undecided(&undecided, b"abc").unwrap();
        }
        drop(store);
        let store = ground.open(&founded);
        let of_round = store.undecided(Height(1), Round::new(0)).unwrap();
        assert_eq!(of_round, [proposal(1, 0, 1), proposal(1, 0, 2)]);
        assert_eq!(store.undecided_at(Height(1)).unwrap().len(), 3);
        let body = store.body(&proposal(1, 0, 2).announcement).unwrap();
        assert_eq!(body.as_deref(), Some(b"abc".as_slice()));
        grow(&store, &founded, 1);
        assert!(store.undecided_at(Height(1)).unwrap().is_empty());
        assert_eq!(store.body(&proposal(1, 0, 2).announcement).unwrap(), None);
        assert_eq!(store.undecided_at(Height(2)).unwrap(), [proposal(2, 0, 9)]);
        assert!(store.body(&proposal(2, 0, 9).announcement).unwrap().is_some());
    }
}

#[test]
fn a_store_belongs_to_one_chain() {
    for ground in Ground::both() {
        let founded = found(1, 1);
        drop(ground.open(&founded));
        let database = match &ground {
            Ground::Folder(folder) => Database::open(folder.path()).unwrap(),
            Ground::Memory(memory) => Database::Memory(memory.clone()),
        };
        assert!(matches!(open(database, &found(1, 1)), Err(NodeFault::OtherChain)));
        ground.open(&founded);
    }
}

#[test]
fn a_folder_belongs_to_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let _held = Database::open(dir.path()).unwrap();
    assert!(matches!(Database::open(dir.path()), Err(NodeFault::InUse(_))));
}

/// Genesis, decided blocks and judged proposals outlive a loss of power: votes rest on them. What
/// was not judged yet may go.
#[test]
fn a_crash_loses_nothing_that_was_relied_on() {
    let (disk, founded) = (Memory::default(), found(1, 1));
    let ground = Ground::Memory(disk.clone());
    drop(ground.open(&founded));
    disk.crash();
    let store = ground.open(&founded);
    let (_, tip) = grow(&store, &founded, 1);
    let judged = proposal(2, 0, 1);
    let unjudged = Undecided { validity: None, ..proposal(3, 0, 2) };
    store.put_undecided(&judged, b"abc").unwrap();
    store.put_undecided(&unjudged, b"def").unwrap();
    assert_eq!(store.undecided_at(Height(3)).unwrap(), [unjudged]);
    drop(store);
    disk.crash();
    let store = ground.open(&founded);
    assert_eq!(store.snapshot().tip(), tip);
    assert!(store.snapshot().block(tip.height).is_some());
    assert_eq!(store.undecided_at(Height(2)).unwrap(), std::slice::from_ref(&judged));
    assert_eq!(store.body(&judged.announcement).unwrap().as_deref(), Some(b"abc".as_slice()));
    assert!(store.undecided_at(Height(3)).unwrap().is_empty());
}

#[test]
fn a_loss_of_power_takes_state_tree_and_head_back_together() {
    let (disk, founded) = (Memory::default(), found(1, 1));
    let ground = Ground::Memory(disk.clone());
    let store = ground.open(&founded);
    grow(&store, &founded, 1);
    let root = whole_tree(&store).root;
    let (second, _) = grow_by(Store::commit_with_next, &store, &founded, 2);
    assert_ne!(whole_tree(&store).root, root);
    drop(store);
    disk.crash();
    let store = ground.open(&founded);
    assert_eq!((store.last_tip().height, whole_tree(&store).root), (Height(1), root));
    let (again, _) = grow(&store, &founded, 2);
    assert_eq!(again.header.state_root, second.header.state_root);
    whole_tree(&store);
}

#[test]
fn the_first_fault_is_the_one_reported() {
    let founded = found(1, 1);
    let failure = watch::Sender::new(None);
    let database = Database::Memory(Memory::default());
    let store = Store::open(database, Arc::clone(&founded.genesis), failure.clone()).unwrap();
    store.report(NodeFault::store("first"));
    store.report(NodeFault::store("second"));
    assert_eq!(failure.borrow().as_ref().unwrap().to_string(), "store: first");
}

/// Puts so many bytes in the place of a block's.
pub(crate) fn put_bytes(store: &Store, height: Height, bytes: usize) {
    let mut batch = Batch::default();
    batch.put(Column::Blocks, columns::height(height), vec![0; bytes]);
    store.database.write(batch, Lasts::Always).unwrap();
}
