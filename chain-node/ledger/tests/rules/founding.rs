//! What founds a chain, and what does not.

use crate::story::cast::{Centre, Network, key_of};
use ledger::department::{Card, KeyKind, Member, ValidatorKey, address, prove_possession};
use ledger::founding;
use ledger::genesis::{Genesis, GenesisError};
use ledger::ids::{CodeFront, DepartmentId, PolicyVersion};
use ledger::limits::{
    CODE_FRONTS_MAX, DEPARTMENTS_MAX, LOOSENING_MS_MAX, OBLIGATIONS_MAX, POLICY_ROWS_MAX, VALIDATORS_MAX,
};
use ledger::policy::{PolicyOwner, PolicyRow, PolicySet, RowProblem};
use ledger::protocol::{Protocol, UnknownVersion};
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
            ledger::views::policy_versions(&state, &centre.id()).unwrap(),
            network.genesis.policy_versions(&centre.id())
        );
        for (kind, key) in department.member.keys() {
            let record = ledger::views::signing_key(&state, &key.key_id()).unwrap().unwrap();
            assert_eq!((record.department, record.kind, &record.key), (centre.id(), kind, key));
        }
    }
    let validators = ledger::views::validator_set(&state).unwrap();
    assert_eq!(validators.digest(), tip.validators);
    let mut expected: Vec<_> =
        network.genesis.validators.iter().map(|v| (address(&v.key), v.power)).collect();
    expected.sort_unstable();
    assert_eq!(validators.validators().iter().map(|v| (v.address, v.power)).collect::<Vec<_>>(), expected);
    assert_eq!(ledger::views::parameters(&state).unwrap(), network.genesis.parameters);
}

#[test]
fn a_file_that_is_no_genesis_is_refused() {
    assert_eq!(Genesis::parse(b""), Err(GenesisError::Wire(WireError::Shape)));
    let mut trailing = to_bytes(&Network::founded().genesis);
    trailing.push(0);
    assert_eq!(Genesis::parse(&trailing), Err(GenesisError::Wire(WireError::NotCanonical)));
    assert_eq!(refused(|g| g.version = 2), GenesisError::Version(UnknownVersion(2)));
}

#[test]
fn parameters_outside_their_bounds_are_refused() {
    let changes: [fn(&mut ledger::parameters::Parameters); 14] = [
        |p| p.loosening_ms = LOOSENING_MS_MAX + 1,
        |p| p.heartbeat_ms = 99,
        |p| p.propose_ms = 49,
        |p| p.propose_ms = 501,
        |p| p.ticket_ms = 999,
        |p| p.ticket_ms = 600_001,
        |p| p.judged_lag_ms = 999,
        |p| p.refetch_ms = p.ticket_ms - 1,
        |p| p.denials_per_minute = 0,
        |p| p.publications_per_day = 0,
        |p| p.requests_per_day = 0,
        |p| p.denials_per_day = 0,
        |p| p.drafts_per_day = 0,
        |p| *p = ledger::parameters::Parameters { heartbeat_ms: 0, ..*p },
    ];
    for change in changes {
        assert_eq!(refused(|g| change(&mut g.parameters)), GenesisError::Parameters);
    }
}

#[test]
fn parameters_on_their_bounds_found_a_chain() {
    let changes: [fn(&mut ledger::parameters::Parameters); 14] = [
        |p| p.loosening_ms = LOOSENING_MS_MAX,
        |p| p.loosening_ms = 0,
        |p| p.heartbeat_ms = 100,
        |p| p.propose_ms = 50,
        |p| p.propose_ms = 500,
        |p| p.ticket_ms = 1_000,
        |p| p.ticket_ms = 600_000,
        |p| p.judged_lag_ms = 1_000,
        |p| p.refetch_ms = p.ticket_ms,
        |p| p.denials_per_minute = 1,
        |p| p.publications_per_day = 1,
        |p| p.requests_per_day = 1,
        |p| p.denials_per_day = 1,
        |p| p.drafts_per_day = 1,
    ];
    for change in changes {
        let mut genesis = Network::founded().genesis;
        change(&mut genesis.parameters);
        assert_eq!(genesis.check(), Ok(()));
    }
}

#[test]
fn cards_in_any_order_found_the_same_chain() {
    let genesis = Network::founded().genesis;
    let card = |member: &Member| {
        let validator = genesis.validators.iter().find(|voter| voter.department == member.id).cloned();
        Card { member: member.clone(), validator }
    };
    let mut cards: Vec<_> = genesis.departments.iter().map(card).collect();
    for _ in 0..cards.len() {
        cards.rotate_left(1);
        let rows = |owner: &PolicyOwner| {
            let set = genesis.policies.iter().find(|set| &set.owner == owner);
            set.map(|set| set.rows.clone()).ok_or(())
        };
        let (name, time) = (genesis.name.clone(), genesis.time);
        let mut stewards = genesis.stewards.clone();
        stewards.reverse();
        let joined = founding::join(name, time, genesis.parameters, cards.clone(), stewards, rows);
        assert_eq!(joined.as_ref(), Ok(&genesis));
    }
    let (name, time) = (genesis.name.clone(), genesis.time);
    let without_rows = founding::join(name, time, genesis.parameters, cards, vec![], |_| Err("no rows"));
    assert_eq!(without_rows, Err("no rows"));
}

/// So many codes of departments, in order.
fn codes(count: usize) -> Vec<DepartmentId> {
    let code = |number| {
        let checks = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars();
        checks.map(|check| format!("12440100X{number:08}{check}")).find_map(|text| text.parse().ok()).unwrap()
    };
    (0..count).map(code).collect()
}

#[test]
fn a_chain_has_a_thousand_departments_and_sixty_four_validators_at_most() {
    let with = |departments: usize, validators: usize| {
        refused(|g| {
            let (member, voter) = (g.departments[0].clone(), g.validators[0].clone());
            let codes = codes(departments);
            let voters = codes.iter().take(validators).cloned();
            g.validators = voters.map(|department| ValidatorKey { department, ..voter.clone() }).collect();
            g.departments = codes.into_iter().map(|id| Member { id, ..member.clone() }).collect();
        })
    };
    // Within the bounds the next check speaks: the keys are all those of one department.
    let passes = |error| matches!(error, GenesisError::Possession(_));
    assert!(passes(with(VALIDATORS_MAX, VALIDATORS_MAX)));
    assert_eq!(with(VALIDATORS_MAX + 1, VALIDATORS_MAX + 1), GenesisError::Validators);
    assert!(passes(with(DEPARTMENTS_MAX, 1)));
    assert_eq!(with(DEPARTMENTS_MAX + 1, 1), GenesisError::Departments);
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
    assert_eq!(refused(|g| g.validators.insert(0, g.validators[0].clone())), GenesisError::Validators);
    assert_eq!(refused(|g| g.validators[0].power = 0), GenesisError::Validators);
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
    let unnumbered = PolicySet { number: 0, ..Network::founded().genesis.policies[0].clone() };
    assert!(!unnumbered.is_sound(&Protocol::NEWEST.limits), "versions count from 1");
    assert_eq!(refused(|g| g.policies[0].previous = PolicyVersion([1; 32])), GenesisError::Policies);
    assert_eq!(
        refused(|g| {
            let row = g.policies[0].rows[0].clone();
            g.policies[0].rows.push(row);
        }),
        GenesisError::Policies
    );
}

#[test]
fn stewards_are_members_and_of_layers_that_several_share() {
    let stranger: DepartmentId = "12110000X00000019R".parse().unwrap();
    let own = PolicyOwner::Department(Centre::Chengdu.id());
    let elsewhere = PolicyOwner::Region("110000".parse().unwrap());
    assert_eq!(refused(|g| g.stewards[0].steward = stranger.clone()), GenesisError::Stewards);
    assert_eq!(refused(|g| g.stewards[1].owner = own.clone()), GenesisError::Stewards);
    assert_eq!(refused(|g| g.stewards[1].owner = elsewhere.clone()), GenesisError::Stewards);
    assert_eq!(refused(|g| g.stewards.reverse()), GenesisError::Stewards);
    assert_eq!(refused(|g| g.stewards.push(g.stewards[1].clone())), GenesisError::Stewards);
    let mut nobody = Network::founded().genesis;
    nobody.stewards.clear();
    assert_eq!(nobody.check(), Ok(()));
}

#[test]
fn a_policy_has_two_hundred_rows_of_thirty_two_duties_at_most() {
    let with = |rows: usize, duties: usize| {
        let mut genesis = Network::founded().genesis;
        let set = &mut genesis.policies[0];
        set.rows[0].obligations = (0..duties).map(|n| format!("drop:F{n}").parse().unwrap()).collect();
        let row = set.rows[0].clone();
        let row = |n| PolicyRow { id: format!("row-{n}").parse().unwrap(), ..row.clone() };
        set.rows = (0..rows).map(row).collect();
        genesis.check()
    };
    assert_eq!(with(POLICY_ROWS_MAX, OBLIGATIONS_MAX), Ok(()));
    assert_eq!(with(POLICY_ROWS_MAX + 1, OBLIGATIONS_MAX), Err(GenesisError::Policies));
    assert_eq!(with(POLICY_ROWS_MAX, OBLIGATIONS_MAX + 1), Err(GenesisError::Policies));
}

#[test]
fn no_chain_is_founded_on_a_row_that_no_door_can_read() {
    let unreadable = refused(|g| g.policies[1].rows[0].zones = "Hall".parse().unwrap());
    let GenesisError::PolicyRow { owner, row, problem } = &unreadable else { panic!("{unreadable:?}") };
    let founded = &Network::founded().genesis.policies[1];
    assert_eq!((owner, row, *problem), (&founded.owner, &founded.rows[0].id, RowProblem::Zones));
}

#[test]
fn a_code_is_one_departments_at_most() {
    let codes = |of: Centre, fronts: &[&str]| {
        let fronts: Vec<CodeFront> = fronts.iter().map(|front| front.parse().unwrap()).collect();
        move |genesis: &mut Genesis| {
            genesis.departments.iter_mut().find(|member| member.id == of.id()).unwrap().codes =
                fronts.clone();
        }
    };
    let twice = |front: &str, one: Centre, other: Centre| {
        let departments = (one.id(), other.id());
        GenesisError::CodeTwice { front: front.parse().unwrap(), departments }
    };
    // Chengdu has 307001, Suzhou 307002, Guangzhou 307003.
    let nanjing = |fronts: &[&str]| refused(codes(Centre::Nanjing, fronts));
    assert_eq!(nanjing(&["307001/000099"]), twice("307001/000099", Centre::Chengdu, Centre::Nanjing));
    assert_eq!(nanjing(&["307002"]), twice("307002", Centre::Nanjing, Centre::Suzhou));
    assert_eq!(nanjing(&["3"]), twice("307001", Centre::Nanjing, Centre::Chengdu));
    let own = twice("307009/1", Centre::Nanjing, Centre::Nanjing);
    assert_eq!(nanjing(&["307009", "307009/1"]), own);
    assert_eq!(nanjing(&["307009", "307008"]), GenesisError::Codes(Centre::Nanjing.id()));
    let many: Vec<_> = (0..=CODE_FRONTS_MAX).map(|number| format!("308{number:03}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(nanjing(&many), GenesisError::Codes(Centre::Nanjing.id()));
    let mut genesis = Network::founded().genesis;
    codes(Centre::Nanjing, &many[1..])(&mut genesis);
    assert_eq!(genesis.check(), Ok(()));
}
