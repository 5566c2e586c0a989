use super::*;
use gm::sm3::sm3;

const HERE: (u32, MessageKind) = (2, MessageKind::Prevote);

fn digest(of: &str) -> Digest {
    sm3(&[of.as_bytes()])
}

fn open(folder: &Path) -> (SignGuard, bool) {
    SignGuard::open(folder, ChainId(digest("chain")), Address([7; 20])).unwrap()
}

/// A guard that has signed a prevote in round 2 of height 5.
fn guarding() -> SignGuard {
    let guard = SignGuard::in_memory();
    guard.keep(Height(5), HERE, &digest("a")).unwrap();
    guard
}

#[test]
fn nothing_is_signed_lower_or_twice() {
    use MessageKind::{Announcement, Precommit, Prevote, Proposal};
    for (height, place, what, verdict) in [
        (5, HERE, "a", Ok(())),
        (5, HERE, "b", Err(Contradiction::Different)),
        (5, (2, Proposal), "a", Err(Contradiction::Backwards)),
        (5, (1, Precommit), "a", Err(Contradiction::Backwards)),
        (4, (9, Prevote), "a", Err(Contradiction::Backwards)),
        (5, (2, Precommit), "b", Ok(())),
        (5, (3, Proposal), "b", Ok(())),
        (6, (0, Prevote), "b", Ok(())),
        // A block is announced beside the votes, before or after them.
        (5, (0, Announcement), "a", Ok(())),
    ] {
        let guard = guarding();
        assert_eq!(guard.check(Height(height), place, &digest(what)), verdict, "{height} {place:?} {what}");
        assert_eq!(guard.keep(Height(height), place, &digest(what)).is_ok(), verdict.is_ok());
    }
    let guard = guarding();
    guard.keep(Height(5), (3, Announcement), &digest("a")).unwrap();
    assert_eq!(guard.check(Height(5), (1, Announcement), &digest("a")), Err(Contradiction::Backwards));
    assert_eq!(guard.check(Height(5), (3, Announcement), &digest("b")), Err(Contradiction::Different));
}

#[test]
fn after_a_contradiction_nothing_more_is_signed_at_its_height() {
    let guard = guarding();
    let fault = guard.keep(Height(5), HERE, &digest("b")).unwrap_err();
    assert!(matches!(fault, NodeFault::Contradiction { height: 5, signed: 5, what: "another in its place" }));
    assert_eq!(guard.voting(Height(4), true, true, Time(0)), Voting::Above(Height(5)));
    assert!(guard.keep(Height(5), (9, MessageKind::Precommit), &digest("c")).is_err());
    assert_eq!(guard.voting(Height(5), true, true, Time(0)), Voting::AtOnce);
    guard.keep(Height(6), (0, MessageKind::Prevote), &digest("c")).unwrap();
}

#[test]
fn where_it_is_closed_no_kind_of_message_is_signed_any_more() {
    let guard = guarding();
    guard.close(Height(6)).unwrap();
    for kind in [MessageKind::Announcement, MessageKind::Prevote, MessageKind::Precommit] {
        assert_eq!(guard.check(Height(6), (0, kind), &digest("a")), Err(Contradiction::Backwards), "{kind}");
    }
    assert_eq!(guard.check(Height(7), (0, MessageKind::Announcement), &digest("a")), Ok(()));
}

#[test]
fn what_was_signed_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let (guard, was_there) = open(folder.path());
    assert!(!was_there);
    guard.keep(Height(5), HERE, &digest("a")).unwrap();
    let path = guard.path.clone();
    drop(guard);
    // The power failed in the middle of the next line: its signature never left.
    let mut torn = std::fs::read(&path).unwrap();
    torn.extend_from_slice(b"5 2 precommit 00");
    std::fs::write(&path, torn).unwrap();
    let (guard, was_there) = open(folder.path());
    assert!(was_there);
    assert_eq!(guard.check(Height(5), HERE, &digest("b")), Err(Contradiction::Different));
    assert_eq!(guard.check(Height(5), HERE, &digest("a")), Ok(()));
    guard.keep(Height(5), (2, MessageKind::Precommit), &digest("b")).unwrap();
    drop(guard);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    std::fs::write(&path, "5 2 prevote garbled\n").unwrap();
    let fault = SignGuard::open(folder.path(), ChainId(digest("chain")), Address([7; 20])).err().unwrap();
    assert!(matches!(fault, NodeFault::SignGuard { .. }), "{fault}");
}

#[test]
fn the_file_stays_small_and_whole_however_much_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (guard, _) = open(folder.path());
    for height in 1..=40 {
        for round in 0..40 {
            guard.keep(Height(height), (round, MessageKind::Prevote), &digest("a")).unwrap();
        }
    }
    let (signed, path) = (guard.inner().signed.clone(), guard.path.clone());
    drop(guard);
    assert!(std::fs::metadata(path).unwrap().len() <= SIGN_GUARD_BYTES_MAX);
    let (guard, _) = open(folder.path());
    assert_eq!(guard.inner().signed, signed);
    assert_eq!(
        guard.check(Height(40), (0, MessageKind::Prevote), &digest("a")),
        Err(Contradiction::Backwards)
    );
}

#[test]
fn two_processes_do_not_sign_with_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let (_guard, _) = open(folder.path());
    let again = SignGuard::open(folder.path(), ChainId(digest("chain")), Address([7; 20]));
    assert!(matches!(again.err().unwrap(), NodeFault::InUse(_)));
}

#[test]
fn a_folder_that_knows_less_than_was_signed_is_followed_with_first() {
    let now = Time(1_000);
    let guard = guarding();
    let voting = |tip, has_log| guard.voting(Height(tip), has_log, true, now);
    assert_eq!(voting(4, true), Voting::AtOnce, "started again in the middle of height 5");
    assert_eq!(voting(9, true), Voting::AtOnce);
    assert_eq!(voting(9, false), Voting::AtOnce, "all that was signed is decided");
    assert_eq!(voting(4, false), Voting::Above(Height(5)), "the engine's log is lost");
    assert_eq!(voting(3, true), Voting::Above(Height(5)), "put back from a backup");
    assert_eq!(voting(0, false), Voting::Above(Height(5)), "begun anew");
    let new = SignGuard::in_memory();
    assert_eq!(new.voting(Height(0), false, false, now), Voting::AtOnce, "a new chain");
    assert_eq!(new.voting(Height(7), true, false, now), Voting::AboveOneMadeAfter(now));
    new.close(Height(9)).unwrap();
    assert_eq!(new.voting(Height(8), true, true, now), Voting::Above(Height(9)));
    assert_eq!(new.voting(Height(9), true, true, now), Voting::AtOnce);
}
