//! Who is who at a head: the peers of active departments, and the seats of the validators.

use std::collections::HashMap;

use ledger::state::{ReadFault, StateRead};
use ledger::views;
use libp2p::PeerId;

use crate::config;
use crate::engine::context::{Address, Validators};
use ledger::ids::DepartmentId;

/// The peers of a chain. Made again only when members change.
pub(super) struct Roll {
    /// Whom each peer belongs to, of active departments.
    pub(super) members: HashMap<PeerId, DepartmentId>,
    /// Who votes.
    pub(super) validators: Validators,
    /// Where each validator sits.
    seats: HashMap<Address, PeerId>,
    /// Who sits where.
    voters: HashMap<PeerId, Address>,
}

impl Roll {
    /// Reads it at a head.
    pub(super) fn read(reads: &dyn StateRead) -> Result<Self, ReadFault> {
        let mut members = HashMap::new();
        let mut after = None;
        loop {
            let page = views::departments(reads, after.as_ref(), ledger::limits::LIST_MAX)?;
            let Some(last) = page.last() else { break };
            after = Some(last.member.id.clone());
            for department in page.into_iter().filter(|department| department.active) {
                if let Ok(peer) = config::peer_id(&department.member.peer) {
                    members.insert(peer, department.member.id);
                }
            }
        }
        let set = views::validator_set(reads)?;
        let mut seats = HashMap::new();
        for validator in set.validators() {
            let Some(key) = views::signing_key(reads, &validator.key.key_id())? else { continue };
            let sits = members.iter().find(|(_, department)| **department == key.department);
            if let Some((peer, _)) = sits {
                seats.insert(validator.address.into(), *peer);
            }
        }
        let voters = seats.iter().map(|(address, peer)| (*peer, *address)).collect();
        Ok(Self { members, validators: Validators::new(&set, &[]), seats, voters })
    }

    /// The validator behind a peer.
    pub(super) fn voter(&self, peer: &PeerId) -> Option<Address> {
        self.voters.get(peer).copied()
    }

    /// The peer of a validator.
    pub(super) fn seat(&self, address: &Address) -> Option<PeerId> {
        self.seats.get(address).copied()
    }
}
