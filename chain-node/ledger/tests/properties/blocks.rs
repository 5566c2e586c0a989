//! A block made by hand is invalid, and says why.

use crate::story::Chain;
use crate::story::cast::{Centre, Network, key_of};
use crate::story::papers::{entry_of, next_version, payment_certificate};
use gm::domain::{ChainId, Kind};
use gm::sm2::Direct;
use gm::sm3::Digest;
use ledger::block::{self, Block, BlockInvalid, BlockRejection, Proposal};
use ledger::certificate::{Certificate, CertificateError, vote_body};
use ledger::ids::{Address, BlockId, Height};
use ledger::limits::{DEPARTMENT_PART, ENTRY_BYTES_MAX};
use ledger::protocol::Protocol;
use ledger::refusal::Refusal;
use ledger::share::{Beyond, Room};
use ledger::state::Changes;
use ledger::tip::Tip;
use ledger::transaction::{Payload, Signed};
use ledger::wire::to_bytes;

/// A chain at height 4 and its next block: a revocation, a new version of the entry, and an answer under
/// another grant.
fn a_good_block() -> (Chain, Block) {
    let (mut chain, revoked) = Chain::with_grant(3);
    let request = chain.request(chain.a_request()).unwrap();
    let grant = chain.approve(&request).unwrap();
    let payload = Payload::RevokeGrant(chain.a_revocation(&revoked));
    let mut candidates = vec![chain.sign(Centre::Chengdu, payload)];
    let entry = next_version(&payment_certificate());
    candidates.push(chain.sign(Centre::Chengdu, Payload::Publish(entry)));
    let ticket = chain.a_ticket(&grant);
    let receipt = chain.a_receipt(&ticket);
    candidates.push(chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt)));
    let proposed = chain.propose(candidates);
    assert_eq!((proposed.left_out, proposed.block.transactions.len()), (vec![], 3));
    (chain, proposed.block)
}

fn execute(chain: &Chain, block: &Block) -> Result<(Changes, Tip), BlockRejection> {
    block::execute(chain.state(), &chain.tip(), chain.state_root(), chain.network.chain, block, &Direct)
}

fn invalid(chain: &Chain, block: &Block) -> BlockInvalid {
    match execute(chain, block) {
        Err(BlockRejection::Invalid(invalid)) => invalid,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_good_block_is_good() {
    let (chain, block) = a_good_block();
    let (changes, tip) = execute(&chain, &block).unwrap();
    assert!(changes.iter().next().is_some());
    assert_eq!((tip.block, tip.height), (block.id(), block.header.height));
}

#[test]
fn every_field_of_the_header_counts() {
    let (chain, good) = a_good_block();
    let tip = chain.tip();
    let with = |change: &dyn Fn(&mut Block)| {
        let mut block = good.clone();
        change(&mut block);
        invalid(&chain, &block)
    };
    let other = Digest([7; 32]);
    assert_eq!(with(&|b| b.header.version = 2), BlockInvalid::Version);
    assert_eq!(with(&|b| b.header.chain = ChainId::ZERO), BlockInvalid::Chain);
    assert_eq!(with(&|b| b.header.height = tip.height), BlockInvalid::Parent);
    assert_eq!(with(&|b| b.header.height = Height(tip.height.0 + 2)), BlockInvalid::Parent);
    assert_eq!(with(&|b| b.header.parent = BlockId([7; 32])), BlockInvalid::Parent);
    assert_eq!(with(&|b| b.header.time = tip.time), BlockInvalid::Time);
    assert_eq!(with(&|b| b.header.time = tip.time.minus_ms(1)), BlockInvalid::Time);
    assert_eq!(with(&|b| b.header.proposer = Address([7; 20])), BlockInvalid::Proposer);
    assert_eq!(with(&|b| b.header.last_certificate = other), BlockInvalid::Roots);
    assert_eq!(with(&|b| b.header.transaction_root = other), BlockInvalid::Roots);
    assert_eq!(with(&|b| b.header.transaction_count += 1), BlockInvalid::Roots);
    assert_eq!(with(&|b| b.header.state_root = other), BlockInvalid::StateRoot);
    assert_eq!(with(&|b| b.header.receipt_root = other), BlockInvalid::Roots);
    assert_eq!(with(&|b| b.header.receipt_count += 1), BlockInvalid::Roots);
    assert_eq!(with(&|b| b.header.validators = other), BlockInvalid::Roots);
    assert_eq!(with(&|b| b.header.next_validators = other), BlockInvalid::Roots);
    // Another time that moves forward makes another block of the same state.
    let mut later = good.clone();
    later.header.time = later.header.time.plus_ms(1);
    assert_eq!(execute(&chain, &later).map(|(_, tip)| tip.block), Ok(later.id()));
    assert_ne!(later.id(), good.id());
}

/// Who computes a state otherwise is found out by the next header: theirs is refused here, and ours there.
#[test]
fn a_header_carries_the_root_of_the_state_after_the_parent() {
    let mut chain = Chain::founded();
    let founded = chain.state_root();
    let publication = chain.sign(Centre::Chengdu, Payload::Publish(payment_certificate()));
    let first = chain.propose(vec![publication]);
    assert_eq!(first.block.header.state_root, founded, "that of the changes of genesis");
    chain.decide(&first);
    assert_ne!(chain.state_root(), founded, "a publication changes the state");
    let second = chain.propose(vec![]).block;
    assert_eq!(second.header.state_root, chain.state_root());

    let mut other = Chain::founded();
    let mut changes = first.changes.clone();
    changes.put(b"latest/307001/000009".to_vec(), vec![1]);
    for replica in &mut other.replicas {
        replica.state.commit(&changes);
        replica.tree.commit(first.tip.height, &changes).unwrap();
        replica.tip = first.tip;
    }
    other.decided.clone_from(&chain.decided);
    assert_eq!(invalid(&other, &second), BlockInvalid::StateRoot);
    let theirs = other.propose(vec![]).block;
    assert_eq!(invalid(&chain, &theirs), BlockInvalid::StateRoot);
    assert!(execute(&other, &theirs).is_ok() && execute(&chain, &second).is_ok());
    for root in [founded, Digest::ZERO] {
        let mut stale = second.clone();
        stale.header.state_root = root;
        assert_eq!(invalid(&chain, &stale), BlockInvalid::StateRoot, "of the parent's parent");
    }
}

#[test]
fn a_department_that_does_not_validate_proposes_nothing() {
    let (chain, mut block) = a_good_block();
    block.header.proposer = chain.network.address(Centre::Chengdu);
    assert_eq!(invalid(&chain, &block), BlockInvalid::Proposer);
}

#[test]
fn a_block_is_made_by_whose_turn_it_is_in_its_round() {
    let (chain, good) = a_good_block();
    let network = &chain.network;
    for round in 0..9 {
        let turn = network.proposer(good.header.height, round);
        for centre in Centre::VALIDATORS {
            let proposer = network.address(centre);
            let proposal = Proposal { round, proposer, ..chain.proposal() };
            let made = block::propose(chain.state(), &chain.tip(), proposal, vec![]).unwrap();
            assert_eq!((made.tip.round, made.block.header.round), (round, round));
            let executed = execute(&chain, &made.block).map(|(_, tip)| tip);
            if proposer == turn {
                assert_eq!(executed, Ok(made.tip));
            } else {
                assert_eq!(executed, Err(BlockInvalid::Proposer.into()), "round {round}");
            }
        }
    }
    // Four turns later the same validator makes another block.
    let mut later = good.clone();
    later.header.round += 4;
    assert!(execute(&chain, &later).is_ok());
    assert_ne!(later.id(), good.id());
}

#[test]
fn who_let_its_turn_pass_waits_and_the_header_says_so() {
    let mut chain = Chain::with_entry();
    let silent = chain.proposer(0);
    let proposal = Proposal { round: 1, proposer: chain.proposer(1), ..chain.proposal() };
    let made = block::propose(chain.state(), &chain.tip(), proposal, vec![]).unwrap();
    assert_eq!(made.block.header.waiting, []);
    chain.decide_in(&made, 1);
    let next = chain.propose(vec![]).block;
    assert_eq!(next.header.waiting, [silent]);
    let other = Centre::VALIDATORS.map(|centre| chain.network.address(centre));
    let other =
        other.into_iter().find(|address| *address != silent && *address != next.header.proposer).unwrap();
    for waiting in [vec![], vec![other], vec![silent, silent]] {
        let mut forged = next.clone();
        forged.header.waiting = waiting;
        assert!(execute(&chain, &forged).is_err(), "{:?}", forged.header.waiting);
    }
    // One turn of four.
    for _ in 0..4 {
        assert_ne!(chain.proposer(0), silent);
        assert_eq!(chain.proposer(3), silent, "where all others fail it is its turn");
        chain.decide(&chain.propose(vec![]));
    }
    assert_eq!(chain.propose(vec![]).block.header.waiting, []);
}

#[test]
fn a_block_is_decided_in_the_round_it_was_made_in_or_later() {
    let mut chain = Chain::with_entry();
    let (round, height) = (2, chain.tip().height.next());
    let proposal = Proposal { round, proposer: chain.network.proposer(height, round), ..chain.proposal() };
    let made = block::propose(chain.state(), &chain.tip(), proposal, vec![]).unwrap();
    for (decided_in, said) in [(1, Err(BlockInvalid::CertificateRound.into())), (2, Ok(())), (3, Ok(()))] {
        let mut chain = chain.clone();
        chain.decide_in(&made, decided_in);
        let next = chain.propose(vec![]).block;
        assert_eq!(execute(&chain, &next).map(|_| ()), said, "decided in round {decided_in}");
    }
    chain.decide(&made);
}

#[test]
fn a_certificate_is_of_the_validators_of_its_height() {
    let mut chain = Chain::with_entry();
    let parents = chain.tip();
    // From here on others validate, as a later version may have it by rules.
    let others = Network::founded_by("others", &Centre::ALL, &[Centre::Chengdu]);
    let set = others.genesis.validator_set();
    let mut changes = Changes::default();
    changes.put(b"validators".to_vec(), to_bytes(&set));
    chain.operate(&changes);
    for replica in &mut chain.replicas {
        replica.tip.validators = set.digest();
    }
    let proposer = set.validators()[0].address;
    let block = |chain: &Chain, certificate| {
        let proposal = Proposal { proposer, last_certificate: Some(certificate), ..chain.proposal() };
        block::propose(chain.state(), &chain.tip(), proposal, vec![]).unwrap()
    };
    let old = chain.decided.last().unwrap().1.clone();
    let first = block(&chain, old);
    assert_eq!((first.block.header.validators, first.tip.validators), (set.digest(), set.digest()));
    assert!(execute(&chain, &first.block).is_ok());
    let by_new = others.certificate(parents.height, 0, parents.block, &[Centre::Chengdu]);
    let early = block(&chain, by_new).block;
    assert!(matches!(invalid(&chain, &early), BlockInvalid::CertificateCheck(CertificateError::Stranger(_))));

    // One block later it is theirs.
    chain.decide(&first);
    let tip = chain.tip();
    let sign = |network: &Network, by: &[Centre]| {
        let certificate = network.certificate(tip.height, 0, tip.block, by);
        let chain_id = chain.network.chain;
        let signatures = certificate.signatures.iter().zip(by).map(|((voter, _), centre)| {
            let body = vote_body(tip.height, 0, Some(tip.block), *voter, true);
            let key = &network.keys[centre].consensus;
            (*voter, key.sign(chain_id, Kind::Vote, &body).unwrap())
        });
        let signatures = signatures.collect();
        Certificate { signatures, ..certificate }
    };
    assert!(execute(&chain, &block(&chain, sign(&others, &[Centre::Chengdu])).block).is_ok());
    let late = chain.network.certificate(tip.height, 0, tip.block, &Centre::VALIDATORS);
    assert!(matches!(
        invalid(&chain, &block(&chain, late).block),
        BlockInvalid::CertificateCheck(CertificateError::Stranger(_))
    ));
}

#[test]
fn the_transactions_are_those_of_the_header_in_their_order() {
    let (chain, good) = a_good_block();
    let with = |change: &dyn Fn(&mut Vec<Signed>)| {
        let mut transactions = good.transactions.iter().map(|t| t.signed().clone()).collect();
        change(&mut transactions);
        let transactions = transactions.into_iter().map(Into::into).collect();
        invalid(&chain, &Block { transactions, ..good.clone() })
    };
    assert_eq!(with(&|t| t.clear()), BlockInvalid::Roots);
    assert_eq!(with(&|t| drop(t.pop())), BlockInvalid::Roots);
    // What takes rights away stands before what uses them.
    assert_eq!(with(&|t| t.swap(0, 1)), BlockInvalid::Order);
    assert_eq!(with(&|t| t.swap(1, 2)), BlockInvalid::Order);
    assert_eq!(with(&|t| t.reverse()), BlockInvalid::Order);
    let refused = |index, refusal| BlockInvalid::Transaction { index, refusal };
    assert_eq!(with(&|t| t.push(t[2].clone())), refused(3, Refusal::TxReplayed));
    assert_eq!(with(&|t| t.insert(0, t[0].clone())), refused(1, Refusal::TxReplayed));
    assert_eq!(with(&|t| t[1].signature = t[0].signature), refused(1, Refusal::SignatureBad));
    assert_eq!(with(&|t| t[2].body.nonce.0[0] ^= 1), refused(2, Refusal::SignatureBad));
}

#[test]
fn two_good_transactions_exchanged_are_another_block() {
    let mut chain = Chain::with_entry();
    let requests = [0, 1].map(|_| {
        let asked = chain.a_request();
        chain.sign(Centre::Guangzhou, Payload::SubmitRequest(asked))
    });
    let mut block = chain.propose(requests.into()).block;
    assert!(execute(&chain, &block).is_ok());
    block.transactions.swap(0, 1);
    assert_eq!(invalid(&chain, &block), BlockInvalid::Roots);
}

#[test]
fn the_first_block_has_no_certificate_and_every_other_has_its_parents() {
    let first = Chain::founded();
    let block = first.propose(vec![]).block;
    assert!(execute(&first, &block).is_ok());
    let (chain, good) = a_good_block();
    let certificates: Vec<_> = chain.decided.iter().map(|(_, certificate)| certificate.clone()).collect();

    let mut early = block;
    early.last_certificate = Some(certificates[0].clone());
    assert_eq!(invalid(&first, &early), BlockInvalid::Certificate);
    // Validators who sign genesis make no certificate of it.
    let genesis = first.tip();
    let of_genesis = first.network.certificate(genesis.height, 0, genesis.block, &Centre::VALIDATORS);
    early.last_certificate = Some(of_genesis);
    assert_eq!(invalid(&first, &early), BlockInvalid::Certificate);

    let with = |certificate| {
        let mut block = good.clone();
        block.last_certificate = certificate;
        invalid(&chain, &block)
    };
    assert_eq!(with(None), BlockInvalid::Certificate);
    assert_eq!(with(Some(certificates[0].clone())), BlockInvalid::Certificate, "of an older block");
    let mut other = certificates.last().unwrap().clone();
    other.block = BlockId([7; 32]);
    assert_eq!(with(Some(other)), BlockInvalid::Certificate, "of another block");
    let mut other = certificates.last().unwrap().clone();
    other.height = Height(1);
    assert_eq!(with(Some(other)), BlockInvalid::Certificate, "of another height");

    // Another good certificate of the same block: valid by itself, but not the one in the header.
    let [a, b, c, d] = Centre::VALIDATORS;
    let parent = chain.tip();
    let all = chain.network.certificate(parent.height, 0, parent.block, &[a, b, c, d]);
    assert_eq!(with(Some(all)), BlockInvalid::Roots);
}

/// What a certificate of the parent block is refused for.
fn certificate_refused(change: impl FnOnce(&Chain, &mut Certificate)) -> CertificateError {
    let (chain, mut block) = a_good_block();
    let parent = chain.tip();
    let mut certificate = chain.network.certificate(parent.height, 0, parent.block, &Centre::VALIDATORS);
    change(&chain, &mut certificate);
    block.last_certificate = Some(certificate);
    match invalid(&chain, &block) {
        BlockInvalid::CertificateCheck(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_needs_more_than_two_thirds() {
    for voters in 0..=2 {
        let error = certificate_refused(|_, c| c.signatures.truncate(voters));
        assert_eq!(error, CertificateError::Power { held: voters as u64, total: 4 });
    }
    // Exactly two thirds are not more than two thirds.
    let three = Network::founded_by("three", &Centre::ALL, &Centre::VALIDATORS[..3]);
    let set = three.genesis.validator_set();
    for (voters, enough) in [(1, false), (2, false), (3, true)] {
        let certificate = three.certificate(Height(1), 0, BlockId([7; 32]), &Centre::VALIDATORS[..voters]);
        assert_eq!(certificate.check(&set, three.chain, &Direct).is_ok(), enough, "{voters} of three");
    }
}

#[test]
fn power_is_counted_and_not_heads() {
    let mut network = Network::founded();
    let heavy = network.genesis.validators[0].clone();
    network.genesis.validators[0].power = 7;
    let set = network.genesis.validator_set();
    let heavy = *Centre::VALIDATORS.iter().find(|centre| centre.id() == heavy.department).unwrap();
    let light: Vec<_> = Centre::VALIDATORS.into_iter().filter(|centre| *centre != heavy).collect();
    let check = |voters: &[Centre]| {
        network.certificate(Height(1), 0, BlockId([7; 32]), voters).check(&set, network.chain, &Direct)
    };
    assert_eq!(check(&[heavy]), Ok(()));
    assert_eq!(check(&light), Err(CertificateError::Power { held: 3, total: 10 }));
}

#[test]
fn each_vote_is_a_validators_own_precommit_for_this_block() {
    // Someone named twice, or out of order: one vote would count twice.
    let error = certificate_refused(|_, c| c.signatures.insert(0, c.signatures[0]));
    assert_eq!(error, CertificateError::Order);
    assert_eq!(certificate_refused(|_, c| c.signatures.reverse()), CertificateError::Order);

    // A stranger, and a member that does not validate.
    for centre in [Centre::Chengdu, Centre::Inspectorate] {
        let mut address = Address([0; 20]);
        let error = certificate_refused(|chain, c| {
            let stranger = chain.network.certificate(c.height, c.round, c.block, &[centre]);
            address = stranger.signatures[0].0;
            c.signatures.extend(stranger.signatures);
            c.signatures.sort_by_key(|(voter, _)| *voter);
        });
        assert_eq!(error, CertificateError::Stranger(address));
    }

    // A network of the same departments with keys of its own.
    let error = certificate_refused(|_, c| {
        let invented = Network::founded_by("invented", &Centre::ALL, &Centre::VALIDATORS);
        *c = invented.certificate(c.height, c.round, c.block, &Centre::VALIDATORS);
    });
    assert!(matches!(error, CertificateError::Stranger(_)));

    // Signatures that are good, but for something else.
    type Vote = fn(&Certificate, Address) -> Vec<u8>;
    let others: [(&str, Vote); 6] = [
        ("a prevote", |c, v| vote_body(c.height, c.round, Some(c.block), v, false)),
        ("a vote for nothing", |c, v| vote_body(c.height, c.round, None, v, true)),
        ("another round", |c, v| vote_body(c.height, c.round + 1, Some(c.block), v, true)),
        ("another height", |c, v| vote_body(c.height.next(), c.round, Some(c.block), v, true)),
        ("another block", |c, v| vote_body(c.height, c.round, Some(BlockId([7; 32])), v, true)),
        ("another voter", |c, _| vote_body(c.height, c.round, Some(c.block), Address([7; 20]), true)),
    ];
    for (what, vote) in others {
        let mut voter = Address([0; 20]);
        let error = certificate_refused(|chain, c| {
            voter = chain.network.address(Centre::Suzhou);
            let key = &chain.network.keys[&Centre::Suzhou].consensus;
            let signature = key.sign(chain.network.chain, Kind::Vote, &vote(c, voter)).unwrap();
            c.signatures.iter_mut().find(|(of, _)| *of == voter).unwrap().1 = signature;
        });
        assert_eq!(error, CertificateError::Signature(voter), "{what}");
    }

    // The right vote under another key, on another chain, or as another kind.
    type Sign = fn(&Chain, &[u8]) -> gm::sm2::Signature;
    let others: [(&str, Sign); 3] = [
        ("another key", |c, vote| key_of("stranger").sign(c.network.chain, Kind::Vote, vote).unwrap()),
        ("another chain", |c, vote| {
            c.network.keys[&Centre::Suzhou].consensus.sign(ChainId::ZERO, Kind::Vote, vote).unwrap()
        }),
        ("another kind", |c, vote| {
            c.network.keys[&Centre::Suzhou].consensus.sign(c.network.chain, Kind::Proposal, vote).unwrap()
        }),
    ];
    for (what, sign) in others {
        let mut voter = Address([0; 20]);
        let error = certificate_refused(|chain, c| {
            voter = chain.network.address(Centre::Suzhou);
            let vote = vote_body(c.height, c.round, Some(c.block), voter, true);
            c.signatures.iter_mut().find(|(of, _)| *of == voter).unwrap().1 = sign(chain, &vote);
        });
        assert_eq!(error, CertificateError::Signature(voter), "{what}");
    }
}

#[test]
fn a_block_has_bounds() {
    let (chain, good) = a_good_block();
    let mut block = good.clone();
    let share = Room::Ordinary.size(&Protocol::NEWEST.limits).bytes
        / DEPARTMENT_PART
        / good.transactions[2].bytes().len();
    let of_chengdu = BlockInvalid::Share(Beyond::Department(Centre::Chengdu.id()));
    block.transactions = vec![good.transactions[2].clone(); share + 1];
    assert_eq!(invalid(&chain, &block), of_chengdu);
    block.transactions.pop();
    assert_eq!(
        invalid(&chain, &block),
        BlockInvalid::Transaction { index: 1, refusal: Refusal::TxReplayed },
        "not its size"
    );
    // Four departments that take their whole share fill it; what stands behind is one too many.
    block.transactions.clear();
    for of in [Centre::Guangzhou, Centre::Shenzhen, Centre::Nanjing, Centre::Suzhou] {
        let mut signed = good.transactions[2].signed().clone();
        signed.body.department = of.id();
        block.transactions.extend(vec![signed.into(); share]);
    }
    assert!(matches!(invalid(&chain, &block), BlockInvalid::Transaction { index: 0, .. }));
    block.transactions.push(good.transactions[2].clone());
    assert_eq!(invalid(&chain, &block), BlockInvalid::Share(Beyond::Block));
}

#[test]
fn what_does_not_fit_a_block_waits_for_the_next() {
    let mut chain = Chain::founded();
    let mut entry = entry_of(ENTRY_BYTES_MAX);
    let waiting: Vec<_> = (1..=18)
        .map(|number| {
            entry.id.code = format!("307001/{number:06}").parse().unwrap();
            chain.sign(Centre::Chengdu, Payload::Publish(entry.clone()))
        })
        .collect();
    let share = Room::Ordinary.size(&Protocol::NEWEST.limits).bytes / DEPARTMENT_PART;
    let proposed = chain.propose(waiting.clone());
    let taken: usize = proposed.block.transactions.iter().map(|signed| to_bytes(signed).len()).sum();
    assert!(taken <= share);
    assert_eq!(proposed.left_out, vec![], "what does not fit is not refused");
    let fitted = proposed.block.transactions.len();
    assert!(fitted < waiting.len() && taken + to_bytes(&waiting[fitted]).len() > share);
    chain.decide(&proposed);
    assert_eq!(chain.block_of(waiting[fitted..].to_vec()), vec![]);
}

#[test]
fn an_idle_block_moves_time_alone() {
    let mut chain = Chain::with_entry();
    let (before, root) = (chain.tip(), chain.state_root());
    chain.wait_ms(9_000);
    chain.idle();
    let after = chain.tip();
    assert_eq!(after.time, before.time.plus_ms(10_000));
    assert_eq!((after.receipt_root, after.receipt_count), (before.receipt_root, before.receipt_count));
    assert_eq!(chain.state_root(), root, "heights and times are beside the tree");
}

#[test]
fn a_proposal_under_a_wrong_certificate_convinces_nobody() {
    let (chain, _) = a_good_block();
    let proposal = Proposal { last_certificate: None, ..chain.proposal() };
    let proposed = block::propose(chain.state(), &chain.tip(), proposal, vec![]).unwrap();
    assert_eq!(invalid(&chain, &proposed.block), BlockInvalid::Certificate);
}
