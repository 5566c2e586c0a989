//! The validators of a chain without a network, for tests: their disks can lose their power, their
//! clock moves when it is told to, and each counts the signatures it checks.

use malachitebft_core_types::{CommitSignature, NilOrVal, SignedMessage};
use malachitebft_signing::Signer as _;
use tokio::sync::watch;

use super::*;
use crate::checked::tests::Counting;
use crate::clock::Clock;
use crate::council::Council;
use crate::engine::sign_guard::SignGuard;
use crate::founding::{Founded, found};
use crate::intake::Intake;
use crate::store::database::Database;
use crate::store::memory::Memory;

/// The replicas of a chain's validators, without a network, on disks that can lose their power.
pub(crate) struct Chamber {
    pub(crate) founded: Founded,
    pub(crate) replicas: Vec<Replica>,
    disks: Vec<Memory>,
    /// What they signed, which no crash takes.
    pub(crate) guards: Vec<Arc<SignGuard>>,
    pub(crate) counting: Vec<Counting>,
    pub(crate) clock: Clock,
}

impl Chamber {
    pub(crate) fn new(validators: usize) -> Self {
        let founded = found(validators, validators);
        let clock = Clock::set(Time(founded.genesis.time.0 + 1_000));
        let (replicas, disks, guards, counting) = Default::default();
        let mut chamber = Self { founded, replicas, disks, guards, counting, clock };
        for of in 0..validators {
            chamber.disks.push(Memory::default());
            chamber.guards.push(Arc::new(SignGuard::in_memory()));
            chamber.counting.push(Counting::new(&chamber.clock, Duration::from_millis(1)));
            let replica = chamber.open(of);
            chamber.replicas.push(replica);
        }
        chamber
    }

    fn open(&self, of: usize) -> Replica {
        let database = Database::Memory(self.disks[of].clone());
        let genesis = Arc::clone(&self.founded.genesis);
        let store = Store::open(database, genesis, watch::Sender::new(None)).unwrap();
        let key = self.founded.departments[of].consensus.clone();
        let contradicted = |fault| panic!("a signature is refused: {fault}");
        let signer = Signer::new(store.chain(), key, Arc::clone(&self.guards[of]), Arc::new(contradicted));
        let me = ledger::department::address(&signer.public()).into();
        let signatures = Arc::new(Checked::new(self.counting[of].clone(), self.clock.clone()));
        Replica::new(Arc::new(store), me, Some(signer), signatures).unwrap()
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now().time
    }

    /// One loses its power and comes back.
    pub(crate) fn crash(&mut self, of: usize) {
        self.disks[of].crash();
        self.replicas[of] = self.open(of);
    }

    /// A publication of the first department, as it stands in the mempool of one.
    pub(crate) fn waiting(&self, of: usize, number: u64) -> Verified {
        let replica = &self.replicas[of];
        let signed = self.founded.publication_until(0, number, Time(self.now().0 + 300_000)).into();
        let snapshot = replica.store.snapshot();
        let (tip, chain) = (snapshot.tip(), replica.store.chain());
        let time = self.now().max(tip.time.plus_ms(1));
        block::probe(&snapshot, &tip, chain, time, signed, &*replica.signatures).unwrap()
    }

    /// The door of one's mempool.
    pub(crate) fn intake(&self, of: usize) -> Intake {
        let Replica { store, signatures, .. } = &self.replicas[of];
        Intake::new(Arc::clone(store), Arc::clone(signatures), self.clock.clone())
    }

    /// One takes its seat; the others go on without it.
    pub(crate) fn seat(&mut self, of: usize) -> Council {
        let replica = self.replicas.remove(of);
        Council::new(Arc::clone(&replica.store), replica)
    }

    /// Whose turn it is.
    pub(crate) fn proposer(&self, height: u64, round: u32) -> usize {
        let is_turn = |replica: &Replica| {
            replica.validators.turn(Height(height).into(), Round::new(round), &replica.me).is_some()
        };
        self.replicas.iter().position(is_turn).unwrap()
    }

    pub(crate) fn propose(&mut self, height: u64, round: u32, numbers: &[u64]) -> (usize, Announced) {
        let of = self.proposer(height, round);
        let candidates = numbers.iter().map(|number| self.waiting(of, *number)).collect();
        let now = self.now();
        let made = self.replicas[of].propose(Height(height), Round::new(round), candidates, now).unwrap();
        (of, made.announced)
    }

    /// Another announcement of a block, signed by its proposer beside its guard.
    pub(crate) fn lie(
        &self,
        of: usize,
        made: &Announced,
        change: impl FnOnce(&mut Announcement),
    ) -> Announced {
        let mut announcement = made.announcement.clone();
        change(&mut announcement);
        let signature = self.liar(of).announce(&announcement).unwrap().unwrap();
        Announced { announcement, signature, ..made.clone() }
    }

    /// The key of one, with a guard that knows of nothing.
    pub(crate) fn liar(&self, of: usize) -> Signer {
        Signer::forgetful(self.founded.genesis.chain(), self.founded.departments[of].consensus.clone())
    }

    /// All of them decide a block in its first round: the others receive it, and all commit it.
    pub(crate) fn decide(&mut self, height: u64, numbers: &[u64]) -> Tip {
        let (_, announced) = self.propose(height, 0, numbers);
        let certificate = self.certificate(&announced.announcement);
        let now = self.now();
        let mut tips = self.replicas.iter_mut().map(|replica| {
            replica.enter(Height(height), Round::new(0), now).unwrap();
            replica.receive(announced.clone(), now).unwrap();
            replica.commit(&certificate).unwrap().1
        });
        let first = tips.next().unwrap();
        assert!(tips.all(|tip| tip == first));
        first
    }

    /// The certificate of all for a block.
    pub(crate) fn certificate(&self, announcement: &Announcement) -> CommitCertificate<Ctx> {
        self.certified(announcement, Replica::sign)
    }

    /// The same, whatever they signed before: all of them lie.
    pub(crate) fn conspiracy(&self, announcement: &Announcement) -> CommitCertificate<Ctx> {
        self.certified(announcement, |replica, vote| {
            let signer = replica.signer.as_ref().unwrap().lying();
            futures::executor::block_on(signer.sign_vote(vote)).unwrap()
        })
    }

    fn certified(
        &self,
        announcement: &Announcement,
        vote_of: impl Fn(&Replica, Vote) -> SignedMessage<Ctx, Vote>,
    ) -> CommitCertificate<Ctx> {
        let sign = |replica: &Replica| {
            let vote = malachitebft_core_types::Context::new_precommit(
                &Ctx,
                announcement.height,
                announcement.round,
                NilOrVal::Val(announcement.id),
                replica.me,
            );
            CommitSignature::new(replica.me, vote_of(replica, vote).signature)
        };
        CommitCertificate {
            height: announcement.height,
            round: announcement.round,
            value_id: announcement.id,
            commit_signatures: self.replicas.iter().map(sign).collect(),
        }
    }
}

impl Replica {
    pub(crate) fn address(&self) -> Address {
        self.me
    }

    /// What it remembers.
    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store)
    }

    /// From now on it only follows.
    pub(crate) fn forget_key(&mut self) {
        self.signer = None;
    }

    /// As if nothing had been announced.
    pub(crate) fn forgive(&mut self) {
        self.docket.clear();
    }

    /// A vote of this validator.
    pub(crate) fn sign(&self, vote: Vote) -> SignedMessage<Ctx, Vote> {
        futures::executor::block_on(self.signer.as_ref().unwrap().sign_vote(vote)).unwrap()
    }
}

/// What the heights of a chain begin with, as long as its members stay.
pub(crate) fn params_of(founded: &Founded) -> HeightParams<Ctx> {
    let genesis = Arc::clone(&founded.genesis);
    let store = Store::open(Database::Memory(Memory::default()), genesis, watch::Sender::new(None)).unwrap();
    at_head(&store).unwrap().1
}
