//! What founds a chain, and what does not.

use crate::story::cast::{Centre, Network, key_of};
use ledger::department::{KeyKind, prove_possession};
use ledger::genesis::{Genesis, GenesisError};
use ledger::ids::PolicyVersion;
use ledger::limits::{POLICY_ROWS_MAX, VALIDATORS_MAX};
use ledger::wire::{WireError, to_bytes};

/// What a changed genesis file is refused for; its proofs stay as they are.
fn refused(change: impl FnOnce(&mut Genesis)) -> GenesisError {
    let mut genesis = Network::founded().genesis;
    change(&mut genesis);
    assert_eq!(genesis.check(), Genesis::parse(&to_bytes(&genesis)).map(|_| ()));
    genesis.check().expect_err("this founds no chain")
}

#[test]
fn a_genesis_file_reads_back_and_names_the_chain() {
    let network = Network::founded();
    let bytes = to_bytes(&network.genesis);
    assert_eq!(Genesis::parse(&bytes), Ok(network.genesis.clone()));
    assert_eq!(network.chain.0, gm::sm3::sm3(&[&bytes]));
    assert_ne!(network.chain, Network::of_two().chain);
}

#[test]
fn the_state_of_genesis_is_the_file() {
    let network = Network::founded();
    let (changes, tip) = network.genesis.initial();
    let mut state = ledger::state::MemoryState::default();
    state.commit(&changes);
    for centre in Centre::ALL {
        let department = ledger::views::department(&state, &centre.id()).unwrap().unwrap();
        assert_eq!(
            (&department.member, department.active),
            (network.genesis.member(&centre.id()).unwrap(), true)
        );
        let of_peer = ledger::views::department_of_peer(&state, &department.member.peer).unwrap();
        assert_eq!(of_peer, Some(department.clone()));
        assert_eq!(
            ledger::views::policy_versions(&state, network.chain, &centre.id()).unwrap(),
            network.genesis.policy_versions(&centre.id())
        );
        for (kind, key) in department.member.keys() {
            let record = ledger::views::signing_key(&state, &key.key_id()).unwrap().unwrap();
            assert_eq!((record.department, record.kind, &record.key), (centre.id(), kind, key));
        }
    }
    assert_eq!(ledger::views::validator_set(&state).unwrap().digest(), tip.validators);
    assert_eq!(ledger::views::parameters(&state).unwrap(), network.genesis.parameters);
}

#[test]
fn a_file_that_is_no_genesis_is_refused() {
    assert_eq!(Genesis::parse(b""), Err(GenesisError::Wire(WireError::Shape)));
    let mut trailing = to_bytes(&Network::founded().genesis);
    trailing.push(0);
    assert_eq!(Genesis::parse(&trailing), Err(GenesisError::Wire(WireError::NotCanonical)));
    assert_eq!(refused(|g| g.version = 2), GenesisError::Version(2));
}

#[test]
fn parameters_outside_their_bounds_are_refused() {
    let changes: [fn(&mut ledger::parameters::Parameters); 9] = [
        |p| p.heartbeat_ms = 99,
        |p| p.propose_ms = 49,
        |p| p.propose_ms = 501,
        |p| p.ticket_ms = 999,
        |p| p.ticket_ms = 600_001,
        |p| p.judged_lag_ms = 999,
        |p| p.refetch_ms = p.ticket_ms - 1,
        |p| p.denials_per_minute = 0,
        |p| *p = ledger::parameters::Parameters { heartbeat_ms: 0, ..*p },
    ];
    for change in changes {
        assert_eq!(refused(|g| change(&mut g.parameters)), GenesisError::Parameters);
    }
}

#[test]
fn departments_are_there_in_order_and_once() {
    assert_eq!(refused(|g| g.departments.clear()), GenesisError::Departments);
    assert_eq!(refused(|g| g.departments.swap(0, 1)), GenesisError::Departments);
    assert_eq!(refused(|g| g.departments.insert(0, g.departments[0].clone())), GenesisError::Departments);
}

#[test]
fn validators_are_members_in_order_with_power() {
    assert_eq!(refused(|g| g.validators.clear()), GenesisError::Validators);
    assert_eq!(refused(|g| g.validators.swap(0, 1)), GenesisError::Validators);
    assert_eq!(refused(|g| g.validators[0].power = 0), GenesisError::Validators);
    assert_eq!(
        refused(|g| g.validators = vec![g.validators[0].clone(); VALIDATORS_MAX + 1]),
        GenesisError::Validators
    );
    // A validator of a department that is not a member.
    let gone = Centre::Shenzhen.id();
    assert_eq!(refused(|g| g.departments.retain(|member| member.id != gone)), GenesisError::Validators);
}

#[test]
fn each_key_stands_once_and_is_proven_to_be_held() {
    let id = |g: &Genesis, n: usize| g.departments[n].id.clone();
    let network = Network::founded();
    let first = id(&network.genesis, 0);
    let second = id(&network.genesis, 1);
    assert_eq!(
        refused(|g| g.departments[0].online = g.departments[0].office.clone()),
        GenesisError::KeyTwice(first.clone())
    );
    assert_eq!(
        refused(|g| g.departments[1].sealing = g.departments[0].sealing.clone()),
        GenesisError::KeyTwice(second.clone())
    );
    assert_eq!(
        refused(|g| g.departments[1].peer = g.departments[0].peer.clone()),
        GenesisError::KeyTwice(second)
    );
    assert_eq!(
        refused(|g| g.validators[0].key = g.departments[0].office.clone()),
        GenesisError::KeyTwice(network.genesis.validators[0].department.clone())
    );

    // Someone else's proof, a proof for another kind, a proof of another key.
    let stranger = key_of("stranger");
    assert_eq!(
        refused(|g| g.departments[0].office = stranger.public()),
        GenesisError::Possession(first.clone())
    );
    for (proof, kind) in [(0, KeyKind::Online), (1, KeyKind::Sealing), (2, KeyKind::Office)] {
        let wrong = refused(|g| {
            let member = &mut g.departments[0];
            let other = prove_possession(&member.id, kind, &stranger).unwrap();
            match proof {
                0 => (member.office, member.proofs.0) = (stranger.public(), other),
                1 => (member.online, member.proofs.1) = (stranger.public(), other),
                _ => (member.sealing, member.proofs.2) = (stranger.public(), other),
            }
        });
        assert_eq!(wrong, GenesisError::Possession(first.clone()));
    }
    let voter = network.genesis.validators[0].department.clone();
    assert_eq!(refused(|g| g.validators[0].proof = g.validators[1].proof), GenesisError::Possession(voter));
}

#[test]
fn every_department_has_all_three_layers() {
    let owners = Network::founded().genesis.policies.len();
    for missing in 0..owners {
        assert_eq!(refused(|g| drop(g.policies.remove(missing))), GenesisError::Policies);
    }
    assert_eq!(refused(|g| g.policies.swap(1, 2)), GenesisError::Policies);
    assert_eq!(refused(|g| g.policies.insert(0, g.policies[0].clone())), GenesisError::Policies);
    assert_eq!(refused(|g| g.policies[0].number = 2), GenesisError::Policies);
    assert_eq!(refused(|g| g.policies[0].previous = PolicyVersion([1; 32])), GenesisError::Policies);
    assert_eq!(
        refused(|g| {
            let row = g.policies[0].rows[0].clone();
            g.policies[0].rows.push(row);
        }),
        GenesisError::Policies
    );
    assert_eq!(
        refused(|g| {
            let row = g.policies[0].rows[0].clone();
            g.policies[0].rows = (0..=POLICY_ROWS_MAX)
                .map(|n| {
                    let mut row = row.clone();
                    row.id = format!("row-{n}").parse().unwrap();
                    row
                })
                .collect();
        }),
        GenesisError::Policies
    );
}
