//! One validator, or one member that does not vote, that does not keep the rules. It runs a node like
//! everybody's; what that says is bent on its way out, and more is said besides. It has its own key only.

mod junk;

use std::collections::VecDeque;
use std::sync::Arc;

use gm::sm3::sm3;
use ledger::block::Block;
use ledger::wire::{from_bytes, to_bytes};
use malachitebft_app_channel::app::streaming::{StreamContent, StreamMessage};
use malachitebft_core_consensus::SignedConsensusMsg;
use malachitebft_core_types::{Context as _, NilOrVal, Round, SignedMessage};
use malachitebft_signing::Signer as _;

use super::chance::Chance;
use super::engine::{Heard, Said};
use super::marks::junk;
use super::node::{Host, Word};
use super::settlement::{BEGINNING, Settlement, peer_at};
use crate::engine::context::{Address, Announcement, Backing, BlockId, BlockRef, Ctx, Part, Proposal, Vote};
use crate::engine::sign_guard::SignGuard;
use crate::engine::signing::{Sig, Signer};
use crate::parts::Parts;
use crate::replica::Announced;

/// Words kept to be said again.
const REMEMBERED: usize = 64;

/// How it does not keep the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trick {
    /// Two blocks in its turn, one for each half.
    TwoBlocks,
    /// Two blocks in its turn, both for all.
    TwoBlocksToAll,
    /// In place of its block one that breaks a rule.
    BadBlock,
    /// Its blocks are of the past, as if proposed again.
    Backdates,
    /// Other bytes under the id of its block, or its bytes under another id.
    OtherBytes,
    /// Blocks for all rounds that are its turn, far ahead.
    Hoards,
    /// Parts without a proposal.
    OnlyAnnounces,
    /// A proposal without its parts.
    OnlyProposes,
    /// One vote for some and another for the others.
    TwoVotes,
    /// It speaks to some only.
    Selective,
    /// It claims rounds in which nobody agreed.
    ValidRoundLies,
    /// Votes and certificates of other heights, rounds and people.
    JunkVotes,
    /// Parts that make no block.
    JunkParts,
    /// It claims to be ahead, then behind, and answers with what was not asked.
    FalseHeights,
    /// It asks for everything, all the time.
    Greedy,
    /// It says again what was said long ago.
    Repeats,
}

use Trick::*;

/// What a validator can do.
const OF_A_VALIDATOR: [Trick; 16] = [
    TwoBlocks,
    TwoBlocksToAll,
    BadBlock,
    Backdates,
    OtherBytes,
    Hoards,
    OnlyAnnounces,
    OnlyProposes,
    TwoVotes,
    Selective,
    ValidRoundLies,
    JunkVotes,
    JunkParts,
    FalseHeights,
    Greedy,
    Repeats,
];
/// What everybody can do.
const OF_A_MEMBER: [Trick; 5] = [JunkVotes, JunkParts, FalseHeights, Greedy, Repeats];

/// The adversary.
pub(super) struct Liar {
    /// Its place; a member that does not vote stands after the validators.
    pub(super) of: usize,
    pub(super) tricks: Vec<Trick>,
    settlement: &'static Settlement,
    signer: Signer,
    me: Address,
    chance: Chance,
    heard: VecDeque<Word>,
    seen: VecDeque<BlockId>,
    /// Its own block on its way out: head, bytes, who gets it.
    own: Option<(Announcement, Vec<u8>, u64)>,
    /// The other block of a round, and who gets that.
    other: Option<(Announcement, u64)>,
    said: u64,
}

impl Liar {
    /// A validator with one trick or two of those it may have; no tricks mean all.
    pub(super) fn validator(settlement: &'static Settlement, mut chance: Chance, tricks: &[Trick]) -> Self {
        let of = chance.below(settlement.keys.len());
        Self::of(settlement, chance, of, if tricks.is_empty() { &OF_A_VALIDATOR } else { tricks })
    }

    /// A member that does not vote.
    pub(super) fn member(settlement: &'static Settlement, chance: Chance) -> Self {
        Self::of(settlement, chance, settlement.keys.len(), &OF_A_MEMBER)
    }

    fn of(settlement: &'static Settlement, mut chance: Chance, of: usize, tricks: &[Trick]) -> Self {
        let first = chance.one_of(tricks);
        let second = chance.one_of(tricks);
        let key = settlement.keys.get(of).cloned();
        // A member signs with a key that does not vote.
        let key = key.unwrap_or_else(|| settlement.founded.departments[0].online.public());
        let (chain, guard) = (settlement.founded.genesis.chain(), Arc::new(SignGuard::in_memory()));
        let me = ledger::department::address(&key).into();
        Self {
            of,
            tricks: vec![first, second],
            me,
            settlement,
            signer: Signer::marking(chain, key, guard, Arc::new(|_| ())),
            chance,
            heard: VecDeque::new(),
            seen: VecDeque::from([BlockId([7; 32])]),
            own: None,
            other: None,
            said: 0,
        }
    }

    fn does(&self, trick: Trick) -> bool {
        self.tricks.contains(&trick)
    }

    /// How long until it says something of itself, in milliseconds.
    pub(super) fn pause(&mut self) -> u64 {
        self.chance.between(20, 400)
    }

    /// What its node says, as it leaves it, and to whom.
    pub(super) fn bend(&mut self, host: &Host, others: &[usize], word: Word) -> Vec<(usize, Word)> {
        if self.heard.len() >= REMEMBERED {
            let at = self.chance.below(REMEMBERED);
            self.heard.remove(at);
        }
        self.heard.push_back(word.clone());
        let mut said = match word {
            Word::Consensus(Heard::Part(_, part)) => self.bend_part(host, others, part),
            Word::Consensus(Heard::Said(Said::Consensus(SignedConsensusMsg::Proposal(proposal)))) => {
                self.bend_proposal(others, proposal)
            }
            Word::Consensus(Heard::Said(Said::Consensus(SignedConsensusMsg::Vote(vote)))) => {
                self.bend_vote(others, vote)
            }
            Word::Blocks(values) if self.does(FalseHeights) => {
                let mut values = values;
                match self.chance.below(4) {
                    0 => values.clear(),
                    1 => values.reverse(),
                    2 => values.iter_mut().for_each(|value| {
                        value.value_bytes = vec![0xa0; 100].into();
                    }),
                    _ => values.iter_mut().for_each(|value| {
                        value.certificate.commit_signatures.truncate(1);
                    }),
                }
                to_all(others, &Word::Blocks(values))
            }
            word => to_all(others, &word),
        };
        if self.does(Selective) {
            said.retain(|_| self.chance.percent(60));
        }
        said
    }

    fn bend_vote(&mut self, others: &[usize], vote: SignedMessage<Ctx, Vote>) -> Vec<(usize, Word)> {
        let word = said(SignedConsensusMsg::Vote(vote.clone()));
        if !self.does(TwoVotes) {
            return to_all(others, &word);
        }
        let mut other = vote.message;
        other.value = match other.value {
            NilOrVal::Nil => NilOrVal::Val(self.some_id()),
            NilOrVal::Val(_) if self.chance.percent(50) => NilOrVal::Nil,
            NilOrVal::Val(_) => NilOrVal::Val(self.some_id()),
        };
        let other = said(SignedConsensusMsg::Vote(self.sign(other)));
        let mut all = Vec::new();
        for to in others {
            let which = self.chance.below(3);
            if which != 0 {
                all.push((*to, word.clone()));
            }
            if which != 1 {
                all.push((*to, other.clone()));
            }
        }
        all
    }

    fn bend_proposal(
        &mut self,
        others: &[usize],
        mut proposal: SignedMessage<Ctx, Proposal>,
    ) -> Vec<(usize, Word)> {
        if self.does(OnlyAnnounces) {
            return Vec::new();
        }
        if self.does(ValidRoundLies) && self.chance.percent(50) {
            proposal.message.pol_round = Round::from(self.chance.between(0, 6) as i64 - 1);
            proposal = self.sign_proposal(proposal.message);
        }
        let word = said(SignedConsensusMsg::Proposal(proposal.clone()));
        let place = |at: &Announcement| (at.height, at.round);
        let Some((other, whom)) = self
            .other
            .clone()
            .filter(|(other, _)| place(other) == (proposal.message.height, proposal.message.round))
        else {
            return to_all(others, &word);
        };
        let mut second = proposal.message;
        second.value = BlockRef(other.id);
        let second = said(SignedConsensusMsg::Proposal(self.sign_proposal(second)));
        let mut all = Vec::new();
        for to in others {
            let gets_other = whom >> to & 1 == 1;
            if self.does(TwoBlocksToAll) || !gets_other {
                all.push((*to, word.clone()));
            }
            if self.does(TwoBlocksToAll) || gets_other {
                all.push((*to, second.clone()));
            }
        }
        all
    }

    fn bend_part(
        &mut self,
        host: &Host,
        others: &[usize],
        mut part: StreamMessage<Part>,
    ) -> Vec<(usize, Word)> {
        if self.does(OnlyProposes) {
            return Vec::new();
        }
        let changes = [TwoBlocks, TwoBlocksToAll, BadBlock, Backdates, OtherBytes];
        let changes_block = changes.into_iter().any(|trick| self.does(trick));
        let mut finished = None;
        match &mut part.content {
            StreamContent::Data(Part::Head(announcement, signature)) => {
                self.see(announcement.id);
                if self.does(ValidRoundLies) && self.chance.percent(50) {
                    announcement.valid_round = Round::from(self.chance.between(0, 6) as i64 - 1);
                    *signature = self.announce(announcement);
                }
                // Who gets the other one: all, if it stands in place of the true one.
                let some = self.chance.between(0, 1 << self.settlement.keys.len());
                let whom = if self.does(BadBlock) || self.does(Backdates) { u64::MAX } else { some };
                self.own = Some((announcement.clone(), Vec::new(), whom));
                self.other = None;
            }
            StreamContent::Data(Part::Data(bytes)) => {
                if let Some((_, own, _)) = &mut self.own {
                    own.extend_from_slice(bytes);
                }
            }
            StreamContent::Data(Part::Backing(_)) => {}
            StreamContent::Fin => finished = self.own.take(),
        }
        let whom = self.own.as_ref().or(finished.as_ref()).map_or(0, |(_, _, whom)| *whom);
        let word = Word::Consensus(Heard::Part(peer_at(self.of), part));
        let gets_it = |to: &&usize| !changes_block || self.does(TwoBlocksToAll) || whom >> **to & 1 == 0;
        let mut all: Vec<_> = others.iter().filter(gets_it).map(|to| (*to, word.clone())).collect();
        if changes_block
            && let Some((announcement, bytes, whom)) = finished
            && let Some(other) = self.other_block(host, &announcement, &bytes)
        {
            self.see(other.announcement.id);
            self.other = Some((other.announcement.clone(), whom));
            self.said += 1;
            let parts = Parts::default().cut(&other, BEGINNING.plus_ms(self.said));
            for to in others.iter().filter(|to| self.does(TwoBlocksToAll) || whom >> **to & 1 == 1) {
                for part in &parts {
                    all.push((*to, Word::Consensus(Heard::Part(peer_at(self.of), part.clone()))));
                }
            }
        }
        all
    }

    /// Another block for the same place, signed.
    fn other_block(&mut self, host: &Host, announcement: &Announcement, bytes: &[u8]) -> Option<Announced> {
        let mut announcement = announcement.clone();
        let mut block: Block = from_bytes(bytes).ok()?;
        let parent = host.store.last_tip();
        let bytes = if self.does(OtherBytes) && self.chance.percent(60) {
            let mut bytes = bytes.to_vec();
            let at = self.chance.below(bytes.len());
            match self.chance.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.push(0),
                2 => bytes[at] ^= 1 << self.chance.below(8),
                3 => announcement.id = BlockId(sm3(&[&bytes]).0),
                _ => {
                    block.transactions.reverse();
                    block.transactions.pop();
                    bytes = to_bytes(&block);
                }
            }
            bytes
        } else {
            let header = &mut block.header;
            match self.chance.below(if self.does(BadBlock) { 10 } else { 1 }) {
                1 => header.parent = ledger::ids::BlockId([9; 32]),
                2 => header.state_root.0[0] ^= 1,
                3 => header.proposer = self.settlement.addresses[(self.of + 1) % 4].into(),
                4 => header.height = ledger::ids::Height(header.height.0 + 1),
                5 => header.time = parent.time,
                6 => header.time = header.time.plus_ms(3_600_000),
                7 => block.last_certificate = None,
                8 => block.transactions.extend(block.transactions.first().cloned()),
                9 => header.last_certificate.0[0] ^= 1,
                _ => header.time = header.time.plus_ms(1),
            }
            if self.does(Backdates) {
                block.header.time = parent.time.plus_ms(1);
                announcement.valid_round = Round::new(5);
            }
            announcement.id = block.id().into();
            to_bytes(&block)
        };
        announcement.content = sm3(&[&bytes]).0;
        announcement.size = u32::try_from(bytes.len()).unwrap();
        let signature = self.announce(&announcement);
        let backing = self.does(Backdates).then(|| self.forged_backing(&announcement));
        Some(Announced { announcement, signature, backing, bytes })
    }

    /// Prevotes of all for a block of the past, of which its own alone is genuine.
    fn forged_backing(&self, announcement: &Announcement) -> Backing {
        let round = announcement.valid_round;
        let own = Ctx.new_prevote(announcement.height, round, NilOrVal::Val(announcement.id), self.me);
        let own = self.sign(own).signature;
        let forged = Sig(junk(self.said));
        let sign = |of: &Address| (*of, if *of == self.me { own } else { forged });
        Backing { round, prevotes: self.settlement.addresses.iter().map(sign).collect() }
    }

    fn see(&mut self, id: BlockId) {
        self.seen.push_front(id);
        self.seen.truncate(6);
    }

    fn some_id(&mut self) -> BlockId {
        let at = self.chance.below(self.seen.len());
        self.seen[at]
    }

    /// With no guard: whatever it signs is the first that it signs.
    fn signer(&self) -> Signer {
        self.signer.lying()
    }

    fn announce(&self, announcement: &Announcement) -> Sig {
        self.signer().announce(announcement).unwrap().unwrap()
    }

    fn sign(&self, vote: Vote) -> SignedMessage<Ctx, Vote> {
        futures::executor::block_on(self.signer().sign_vote(vote)).unwrap()
    }

    fn sign_proposal(&self, proposal: Proposal) -> SignedMessage<Ctx, Proposal> {
        futures::executor::block_on(self.signer().sign_proposal(proposal)).unwrap()
    }
}

fn said(message: SignedConsensusMsg<Ctx>) -> Word {
    Word::Consensus(Heard::Said(Said::Consensus(message)))
}

fn to_all(others: &[usize], word: &Word) -> Vec<(usize, Word)> {
    others.iter().map(|to| (*to, word.clone())).collect()
}
