//! What must hold after everything that happens, whatever the seed.

use std::collections::{BTreeMap, BTreeSet};

use ledger::block::{self, Block};
use ledger::state::MemoryState;
use ledger::tip::Tip;
use ledger::tree::MemoryTree;
use malachitebft_core_consensus::SignedConsensusMsg;
use malachitebft_core_types::{NilOrVal, Round, VoteType};

use super::engine::Told;
use super::marks::Marks;
use super::node::Life;
use super::settlement::Settlement;
use crate::engine::context::{Announcement, BlockId, BlockRef, Proposal, Vote};
use crate::limits::{
    BLOCK_WIRE_BYTES_MAX, BLOCKS_PER_ROUND_MAX, HEIGHTS_AHEAD_MAX, MEMPOOL_BYTES_MAX,
    MEMPOOL_TRANSACTIONS_MAX, ROUNDS_AHEAD_MAX, STREAMS_MAX,
};

/// What broke.
pub(super) type Broken = String;

/// Who voted for a block in a round.
type Voters = BTreeMap<(u64, Round, BlockId), BTreeSet<usize>>;

/// What all honest nodes did so far.
pub(super) struct Checks {
    settlement: &'static Settlement,
    liars: usize,
    /// One block and one state for each height.
    decided: BTreeMap<u64, Tip>,
    /// A node that starts anew at each block: what it computes must be what all others have.
    fresh: (MemoryState, Tip, MemoryTree),
    heights: Vec<u64>,
    votes: BTreeMap<(usize, u64, Round, bool), NilOrVal<BlockId>>,
    proposals: BTreeMap<(usize, u64, Round), (BlockRef, Round)>,
    announced: BTreeMap<(usize, u64, Round), BlockId>,
    prevotes: Voters,
    precommits: Voters,
    /// What a node precommitted last, by height.
    locks: BTreeMap<(usize, u64), (Round, BlockId)>,
    /// What engines said is decided.
    certified: BTreeMap<u64, BlockId>,
    pub(super) round_max: i64,
    /// Logs that were read again.
    pub(super) replays: u64,
    /// Rounds that a liar's block or silence, or the links, cost.
    pub(super) failed_rounds: u64,
}

impl Checks {
    pub(super) fn new(settlement: &'static Settlement, liars: usize) -> Self {
        let (changes, tip) = settlement.founded.genesis.initial();
        let mut state = MemoryState::default();
        state.commit(&changes);
        Self {
            settlement,
            liars,
            decided: BTreeMap::new(),
            fresh: (state, tip, MemoryTree::founded(&changes).unwrap()),
            heights: vec![0; settlement.keys.len()],
            votes: BTreeMap::new(),
            proposals: BTreeMap::new(),
            announced: BTreeMap::new(),
            prevotes: BTreeMap::new(),
            precommits: BTreeMap::new(),
            locks: BTreeMap::new(),
            certified: BTreeMap::new(),
            round_max: 0,
            replays: 0,
            failed_rounds: 0,
        }
    }

    /// The highest head of an honest node.
    pub(super) fn highest(&self) -> u64 {
        self.decided.keys().next_back().copied().unwrap_or_default()
    }

    /// Everything decided, for the trace.
    pub(super) fn decided(&self) -> impl Iterator<Item = &Tip> {
        self.decided.values()
    }

    /// An honest node wrote a block.
    pub(super) fn wrote(&mut self, of: usize, block: &Block, tip: &Tip) -> Result<(), Broken> {
        let height = tip.height.0;
        if height != self.heights[of] + 1 {
            return Err(format!("node {of} wrote height {height} after {}", self.heights[of]));
        }
        self.heights[of] = height;
        if self.certified.get(&height) != Some(&tip.block.into()) {
            return Err(format!("node {of} wrote {tip:?}, decided was {:?}", self.certified.get(&height)));
        }
        if let Some(known) = self.decided.get(&height) {
            return if known == tip {
                Ok(())
            } else {
                Err(format!("two heads at height {height}: {known:?} and, at node {of}, {tip:?}"))
            };
        }
        if block.header.parent != self.fresh.1.block || block.header.id() != tip.block {
            return Err(format!("block {height} of node {of} does not follow block {}", height - 1));
        }
        let chain = self.settlement.founded.genesis.chain();
        let (state, at, tree) = &mut self.fresh;
        match block::execute(state, at, tree.root(), chain, block, &Marks) {
            Ok((changes, fresh)) if fresh == *tip => {
                state.commit(&changes);
                *at = fresh;
                tree.commit(fresh.height, &changes).map_err(|fault| fault.to_string())?;
            }
            Ok((_, fresh)) => {
                return Err(format!("executed anew height {height} is {fresh:?}, at node {of} {tip:?}"));
            }
            Err(rejection) => return Err(format!("node {of} wrote an invalid block: {rejection}")),
        }
        self.decided.insert(height, *tip);
        Ok(())
    }

    /// A node begins a life at this height.
    pub(super) fn began(&mut self, of: usize, tip: u64) -> Result<(), Broken> {
        // Power that went between the write and this check took nothing of it.
        if tip < self.heights[of] {
            return Err(format!("node {of} forgot height {}", self.heights[of]));
        }
        self.heights[of] = tip;
        Ok(())
    }

    /// An honest node's engine said something.
    pub(super) fn told(&mut self, of: usize, told: &Told) -> Result<(), Broken> {
        match told {
            Told::Round(_, round) => {
                self.round_max = self.round_max.max(round.as_i64());
                self.failed_rounds += u64::from(round.as_i64() > 0);
            }
            Told::Replayed(_) => self.replays += 1,
            Told::Published(SignedConsensusMsg::Vote(vote)) => self.voted(of, &vote.message)?,
            Told::Published(SignedConsensusMsg::Proposal(proposal)) => {
                self.proposed(of, &proposal.message)?;
            }
            Told::Decided(certificate) => {
                let place = (certificate.height.0, certificate.round, certificate.value_id);
                let first = *self.certified.entry(place.0).or_insert(place.2);
                if first != place.2 {
                    return Err(format!(
                        "decided at height {}: {first} and, at node {of}, {}",
                        place.0, place.2
                    ));
                }
                if !self.is_quorum(of, self.precommits.get(&place)) {
                    return Err(format!("node {of} decides {place:?}, for which too few precommitted"));
                }
            }
            Told::Finalized(_) | Told::Received(_) | Told::Polka(_) => {}
        }
        Ok(())
    }

    /// An honest node sends the head of a block.
    pub(super) fn announced(&mut self, of: usize, announcement: &Announcement) -> Result<(), Broken> {
        if announcement.proposer != self.settlement.addresses[of] {
            return Ok(()); // another's, sent again
        }
        let place = (of, announcement.height.0, announcement.round);
        let first = *self.announced.entry(place).or_insert(announcement.id);
        if first != announcement.id {
            return Err(format!(
                "node {of} announced two blocks at {place:?}: {first} and {}",
                announcement.id
            ));
        }
        Ok(())
    }

    fn proposed(&mut self, of: usize, proposal: &Proposal) -> Result<(), Broken> {
        let place = (of, proposal.height.0, proposal.round);
        let said = (proposal.value, proposal.pol_round);
        let first = *self.proposals.entry(place).or_insert(said);
        // From round 10 on the engine sends others' proposals again (its hidden lock mitigation).
        let is_own = proposal.address == self.settlement.addresses[of];
        if is_own && first != said {
            return Err(format!("node {of} proposed twice at {place:?}: {first:?} and {said:?}"));
        }
        Ok(())
    }

    fn voted(&mut self, of: usize, vote: &Vote) -> Result<(), Broken> {
        let (height, round) = (vote.height.0, vote.round);
        let is_precommit = vote.kind == VoteType::Precommit;
        let place = (of, height, round, is_precommit);
        let first = *self.votes.entry(place).or_insert(vote.value);
        if first != vote.value {
            return Err(format!("node {of} voted twice at {place:?}: {first:?} and {:?}", vote.value));
        }
        let NilOrVal::Val(id) = vote.value else { return Ok(()) };
        let voters = if is_precommit { &mut self.precommits } else { &mut self.prevotes };
        voters.entry((height, round, id)).or_default().insert(of);
        if is_precommit {
            if !self.is_quorum(of, self.prevotes.get(&(height, round, id))) {
                return Err(format!("node {of} precommitted {id} at {place:?} without a polka"));
            }
            self.locks.insert((of, height), (round, id));
        } else if let Some((locked, block)) = self.locks.get(&(of, height))
            && *block != id
            && *locked < round
        {
            let rounds =
                self.prevotes.range((height, *locked, BlockId([0; 32]))..(height, round, BlockId([0; 32])));
            let mut polkas =
                rounds.filter(|((_, _, block), voters)| *block == id && self.is_quorum(of, Some(voters)));
            if polkas.next().is_none() {
                return Err(format!(
                    "node {of} prevoted {id} in round {round} of {height}, locked on {block} in {locked}"
                ));
            }
        }
        Ok(())
    }

    /// Whether these, this one and all liars are more than two thirds: the engine acts on its own vote
    /// before it publishes it.
    fn is_quorum(&self, of: usize, voters: Option<&BTreeSet<usize>>) -> bool {
        let others = voters.map_or(0, |voters| voters.iter().filter(|voter| **voter != of).count());
        (others + 1 + self.liars) * 3 > self.settlement.keys.len() * 2
    }

    /// What an honest node holds is bounded, and what it was asked is answered or will be.
    pub(super) fn holds(of: usize, life: &Life) -> Result<(), Broken> {
        let ((transactions, bytes), (streams, stream_bytes)) = life.host.load();
        if transactions > MEMPOOL_TRANSACTIONS_MAX || bytes > MEMPOOL_BYTES_MAX {
            return Err(format!("the pool of node {of} holds {transactions} with {bytes} bytes"));
        }
        if streams > STREAMS_MAX || stream_bytes > STREAMS_MAX * BLOCK_WIRE_BYTES_MAX {
            return Err(format!("node {of} has {streams} open streams with {stream_bytes} bytes"));
        }
        if life.host.holds() != life.host.due().is_some() {
            return Err(format!("node {of} owes its engine a start and nothing will remind it"));
        }
        Ok(())
    }

    /// What an honest node keeps on disk of what is undecided is bounded.
    pub(super) fn keeps(of: usize, life: &Life) -> Result<(), Broken> {
        let tip = life.host.store.last_tip().height;
        let (height, round) = life.engine.place();
        for ahead in 1..=HEIGHTS_AHEAD_MAX + 2 {
            let at = ledger::ids::Height(tip.0 + ahead);
            let kept = life.host.store.undecided_at(at).map_err(|fault| fault.to_string())?.len();
            let passed = if height.0 == at.0 { round.as_u32().unwrap_or_default() } else { 0 };
            let rounds = usize::try_from(passed + ROUNDS_AHEAD_MAX + 1).unwrap();
            // One more for each round comes with a certificate.
            if kept > rounds * (BLOCKS_PER_ROUND_MAX + 1) {
                return Err(format!("node {of} keeps {kept} blocks for height {at}"));
            }
        }
        Ok(())
    }
}
