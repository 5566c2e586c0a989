//! Refused reports of equivocations.

use crate::refused::{Attempt, Stage};
use crate::story::Centre;
use ledger::equivocation::{Equivocation, Message};
use ledger::ids::{Address, BlockId, Height, TxId};
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use ledger::views;

fn report(s: &mut Stage, change: impl FnOnce(&mut Equivocation)) -> Result<TxId, Refusal> {
    let mut proof = s.chain.an_equivocation(1);
    change(&mut proof);
    s.submit(Centre::Guangzhou, Payload::ReportEquivocation(proof))
}

/// Nanjing's validator says something, with its own signature.
fn say(s: &Stage, height: u64, message: Message) -> (Message, gm::sm2::Signature) {
    let address = s.chain.network.address(Centre::Nanjing);
    let digest = message.digest(s.chain.network.chain, Height(height), address);
    (message, s.chain.network.keys[&Centre::Nanjing].consensus.sign_digest(&digest).unwrap())
}

const fn vote(round: u32, is_precommit: bool, block: Option<BlockId>) -> Message {
    Message::Vote { round, is_precommit, block }
}

const fn proposal(round: u32, valid_round: Option<u32>) -> Message {
    Message::Proposal { round, valid_round, block: BlockId([1; 32]) }
}

/// Both signed by one validator, and still no equivocation.
fn both(s: &mut Stage, one: Message, other: Message) -> Result<TxId, Refusal> {
    let (one, other) = (say(s, 1, one), say(s, 1, other));
    let validator = s.chain.network.address(Centre::Nanjing);
    let proof = Equivocation { height: Height(1), validator, one, other };
    s.submit(Centre::Guangzhou, Payload::ReportEquivocation(proof))
}

pub(crate) const EQUIVOCATIONS: &[Attempt] = &[
    (Refusal::EquivocationNone, "one vote twice", |s| report(s, |proof| proof.other = proof.one)),
    (Refusal::EquivocationNone, "in the other order", |s| {
        report(s, |proof| std::mem::swap(&mut proof.one, &mut proof.other))
    }),
    (Refusal::EquivocationNone, "of another height", |s| report(s, |proof| proof.height = Height(2))),
    (Refusal::EquivocationNone, "of another validator", |s| {
        let other = s.chain.network.address(Centre::Guangzhou);
        report(s, |proof| proof.validator = other)
    }),
    (Refusal::EquivocationNone, "the second signature is of the first", |s| {
        report(s, |proof| proof.other.1 = proof.one.1)
    }),
    (Refusal::EquivocationNone, "the first signature is of the second", |s| {
        report(s, |proof| proof.one.1 = proof.other.1)
    }),
    (Refusal::EquivocationNone, "votes of two rounds", |s| {
        both(s, vote(0, true, None), vote(1, true, Some(BlockId([1; 32]))))
    }),
    (Refusal::EquivocationNone, "a prevote and a precommit", |s| {
        both(s, vote(0, false, None), vote(0, true, Some(BlockId([1; 32]))))
    }),
    (Refusal::EquivocationNone, "a vote and a proposal", |s| {
        both(s, vote(0, false, None), proposal(0, None))
    }),
    (Refusal::EquivocationStranger, "of nobody who votes", |s| {
        report(s, |proof| proof.validator = Address([7; 20]))
    }),
    (Refusal::EquivocationKnown, "reported before", |s| {
        report(s, |_| ()).unwrap();
        let (one, other) = (proposal(0, None), proposal(0, Some(3)));
        both(s, one, other)
    }),
];

#[test]
fn two_messages_for_one_place_mark_their_validator() {
    let (mut chain, _) = crate::story::Chain::with_grant(1);
    let proof = chain.an_equivocation(1);
    let before = views::equivocations_counted(chain.state()).unwrap();
    chain.submit(Centre::Suzhou, Payload::ReportEquivocation(proof.clone())).unwrap();
    let second = chain.an_equivocation(2);
    chain.submit(Centre::Guangzhou, Payload::ReportEquivocation(second.clone())).unwrap();
    let mark = views::equivocation(chain.state(), Height(1), &proof.validator).unwrap().unwrap();
    assert_eq!((&mark.proof, mark.reporter), (&proof, Centre::Suzhou.id()));
    assert_eq!(views::equivocations_counted(chain.state()).unwrap(), before + 2);
    let all = |after| views::equivocations(chain.state(), after, 10).unwrap();
    let proofs: Vec<_> = all(None).into_iter().map(|mark| mark.proof).collect();
    assert_eq!(proofs, [proof.clone(), second.clone()]);
    assert_eq!(all(Some((Height(1), proof.validator)))[0].proof, second);
    for height in 3..=40 {
        let proof = chain.an_equivocation(height);
        chain.submit(Centre::Guangzhou, Payload::ReportEquivocation(proof)).unwrap();
    }
    let newest = views::newest_equivocations(chain.state()).unwrap();
    assert_eq!(newest.len(), ledger::limits::EQUIVOCATIONS_NEWEST);
    assert_eq!((newest[0].proof.height, newest[1].proof.height), (Height(40), Height(39)));
}

#[test]
fn each_kind_of_message_said_twice_is_an_equivocation() {
    let (chain, _) = crate::story::Chain::with_grant(1);
    let validator = chain.network.address(Centre::Nanjing);
    let content = gm::sm3::Digest::ZERO;
    let announced =
        |size| Message::Announcement { round: 3, valid_round: None, block: BlockId([1; 32]), content, size };
    for (one, other) in [
        (vote(3, false, None), vote(3, false, Some(BlockId([1; 32])))),
        (vote(3, true, None), vote(3, true, Some(BlockId([1; 32])))),
        (proposal(3, None), proposal(3, Some(1))),
        (announced(1), announced(2)),
    ] {
        let mut chain = chain.clone();
        let said = |message: Message| {
            let digest = message.digest(chain.network.chain, Height(9), validator);
            (message, chain.network.keys[&Centre::Nanjing].consensus.sign_digest(&digest).unwrap())
        };
        let proof = Equivocation::of(Height(9), validator, said(other), said(one)).unwrap();
        assert!(proof.one.0 < proof.other.0);
        chain.submit(Centre::Suzhou, Payload::ReportEquivocation(proof)).unwrap();
        assert!(Equivocation::of(Height(9), validator, say_of(one), say_of(one)).is_none());
    }
}

/// Said without a signature that fits.
fn say_of(message: Message) -> (Message, gm::sm2::Signature) {
    let key = gm::sm2::SecretKey::from_bytes(&[7; 32]).unwrap();
    (message, key.sign_digest(&gm::sm3::Digest::ZERO).unwrap())
}
