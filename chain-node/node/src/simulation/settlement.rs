//! The chain that all seeds share: the same keys, genesis and transactions each time, made once per process.

use std::sync::LazyLock;

use gm::sm2::PublicKey;
use ledger::ids::Time;
use ledger::parameters::Parameters;
use ledger::transaction::Signed;
use malachitebft_app_channel::app::types::PeerId;

use crate::engine::context::{Address, Validators};
use crate::founding::{Founded, found_alike};
use crate::replica::chamber::params_of;

/// When the chain begins.
pub(super) const BEGINNING: Time = Time(1_800_000_000_000);
/// How long its transactions may wait, in milliseconds: longer than any simulation.
const LIFE_MS: u64 = 290_000;
const TRANSACTIONS: u64 = 96;

/// A chain with its nodes' names.
pub(super) struct Settlement {
    pub(super) founded: Founded,
    pub(super) keys: Vec<PublicKey>,
    pub(super) addresses: Vec<Address>,
    pub(super) peers: Vec<PeerId>,
    pub(super) validators: Validators,
    /// Each with its department.
    pub(super) transactions: Vec<(usize, Signed)>,
}

/// Four validators, of which one may lie.
pub(super) static FOUR: LazyLock<Settlement> = LazyLock::new(|| Settlement::of(4));
/// Seven, of which two may.
pub(super) static SEVEN: LazyLock<Settlement> = LazyLock::new(|| Settlement::of(7));

static PEERS: LazyLock<Vec<PeerId>> = LazyLock::new(|| (1..=24).map(peer).collect());

fn peer(number: u8) -> PeerId {
    let id = crate::config::keypair(&[number; 32]).unwrap().public().to_peer_id();
    PeerId::from_bytes(&id.to_bytes()).unwrap()
}

/// Whose name in the network this is.
pub(super) fn place_of(peer: PeerId) -> Option<usize> {
    PEERS.iter().position(|known| *known == peer)
}

/// A name in the network; those above the validators are strangers'.
pub(super) fn peer_at(place: usize) -> PeerId {
    PEERS[place % PEERS.len()]
}

impl Settlement {
    fn of(validators: usize) -> Self {
        let founded = found_alike(validators, Parameters::DEFAULT, BEGINNING);
        let keys: Vec<_> = founded.departments.iter().map(|founder| founder.consensus.public()).collect();
        let addresses = keys.iter().map(|key| ledger::department::address(key).into()).collect();
        let until = BEGINNING.plus_ms(LIFE_MS);
        let transactions = (0..TRANSACTIONS).map(|number| {
            let of = usize::try_from(number).unwrap() % validators;
            (of, founded.publication_alike(of, number, until))
        });
        let transactions = transactions.collect();
        let peers = PEERS[..validators].to_vec();
        let validators = params_of(&founded).validator_set;
        Self { keys, addresses, peers, validators, transactions, founded }
    }
}
