//! How much of a block one department may take, and what is kept for revocations and governance.

use crate::story::papers::entry_of;
use crate::story::{Centre, Chain, Network};
use gm::sm2::{PublicKey, Signature, Signatures};
use gm::sm3::Digest;
use ledger::block::{self, Block, BlockInvalid};
use ledger::limits::{DEPARTMENT_PART, ENTRY_BYTES_MAX};
use ledger::protocol::Protocol;
use ledger::roster::AnchorRoster;
use ledger::share::{Beyond, Room};
use ledger::transaction::{Payload, Signed};

/// Everybody's signature holds: here it is counted, not checked.
struct Trusting;

impl Signatures for Trusting {
    fn holds(&self, _: &PublicKey, _: &Digest, _: &Signature) -> bool {
        true
    }
}

/// What one department may take of each room.
fn share(room: Room) -> ledger::share::Load {
    let size = room.size(&Protocol::NEWEST.limits);
    ledger::share::Load {
        bytes: size.bytes / DEPARTMENT_PART,
        transactions: size.transactions / DEPARTMENT_PART,
        signatures: size.signatures / DEPARTMENT_PART,
    }
}

fn requests(chain: &mut Chain, by: Centre, count: usize) -> Vec<Signed> {
    let asked = chain.a_request();
    (0..count).map(|_| chain.sign(by, Payload::SubmitRequest(asked.clone()))).collect()
}

/// Rosters that differ: each takes effect after the one before.
fn anchorings(chain: &mut Chain, by: Centre, count: usize) -> Vec<Signed> {
    let anchoring = |chain: &mut Chain, number: usize| {
        let log_head = chain.a_roster(0).log_head;
        let (root, size) = (Digest([7; 32]), number as u64 + 1);
        chain.sign(by, Payload::AnchorRoster(AnchorRoster { root, size, log_head }))
    };
    (0..count).map(|number| anchoring(chain, number)).collect()
}

fn propose(chain: &Chain, waiting: &[Signed]) -> Block {
    let (tip, now) = (chain.tip(), chain.now());
    let take = |signed: &Signed| {
        let (of, height) = (chain.network.chain, tip.height.next());
        let context = ledger::apply::BlockContext::read(chain.state(), of, height, now).unwrap();
        ledger::apply::Verified::check(chain.state(), &context, signed.clone().into(), &Trusting).unwrap()
    };
    let proposed =
        block::propose(chain.state(), &tip, chain.proposal(), waiting.iter().map(take).collect()).unwrap();
    assert_eq!(proposed.left_out, vec![], "what does not fit is not refused");
    execute(chain, &proposed.block).unwrap();
    proposed.block
}

fn execute(chain: &Chain, block: &Block) -> Result<(), block::BlockRejection> {
    block::execute(chain.state(), &chain.tip(), chain.state_root(), chain.network.chain, block, &Trusting)
        .map(|_| ())
}

/// What a block is invalid for that holds this one too, in its place.
fn forced(chain: &Chain, block: &Block, more: &Signed) -> BlockInvalid {
    let mut forced = block.clone();
    forced.transactions.push(more.clone().into());
    forced.transactions.sort_by_key(|signed| signed.body.payload.rank());
    match execute(chain, &forced) {
        Err(block::BlockRejection::Invalid(invalid)) => invalid,
        other => panic!("{other:?}"),
    }
}

fn beyond(centre: Centre) -> BlockInvalid {
    BlockInvalid::Share(Beyond::Department(centre.id()))
}

fn ids(signed: &[Signed]) -> Vec<ledger::ids::TxId> {
    signed.iter().map(Signed::id).collect()
}

fn taken(block: &Block) -> Vec<ledger::ids::TxId> {
    block.transactions.iter().map(|signed| signed.id()).collect()
}

#[test]
fn one_department_takes_no_more_transactions_than_its_share() {
    let mut chain = Chain::with_entry();
    let most = share(Room::Ordinary).transactions;
    let flood = requests(&mut chain, Centre::Guangzhou, most + 1);
    let other = requests(&mut chain, Centre::Nanjing, 1);
    let waiting = [flood.clone(), other.clone()].concat();
    let block = propose(&chain, &waiting);
    assert_eq!(
        taken(&block),
        [ids(&flood[..most]), ids(&other)].concat(),
        "the other's comes, this one's last waits"
    );
    assert_eq!(forced(&chain, &block, &flood[most]), beyond(Centre::Guangzhou));
}

#[test]
fn one_department_takes_no_more_bytes_than_its_share() {
    let mut chain = Chain::with_entry();
    let most = share(Room::Ordinary).bytes / ENTRY_BYTES_MAX;
    let mut entry = entry_of(ENTRY_BYTES_MAX);
    let flood: Vec<_> = (100..=100 + most)
        .map(|number| {
            entry.id.code = format!("307001/{number:06}").parse().unwrap();
            chain.sign(Centre::Chengdu, Payload::Publish(entry.clone()))
        })
        .collect();
    // Of a higher rank, which stands behind all of them, and given last.
    let denial = {
        let ticket = chain.a_ticket(&ledger::ids::GrantId([7; 32]));
        let denial = chain.a_denial(&ticket, ledger::receipt::DenialClass::Grant);
        let mut denial = denial;
        denial.ticket.provider = Centre::Suzhou.id();
        denial.policy_versions = chain.policies_of(Centre::Suzhou);
        chain.sign(Centre::Suzhou, Payload::RecordDenial(denial))
    };
    let block = propose(&chain, &[flood.clone(), vec![denial.clone()]].concat());
    let fit = block.transactions.len() - 1;
    assert!(fit < flood.len());
    assert_eq!(taken(&block), [ids(&flood[..fit]), vec![denial.id()]].concat());
    assert_eq!(forced(&chain, &block, &flood[fit]), beyond(Centre::Chengdu));
}

#[test]
fn a_block_is_full_when_four_departments_have_their_share_and_room_is_left_for_revocations() {
    let mut chain = Chain::of(Network::founded(), 1);
    chain.submit(Centre::Chengdu, Payload::Publish(crate::story::papers::payment_certificate())).unwrap();
    let asked = chain.a_request();
    let request = chain.request(asked).unwrap();
    let grant = chain.approve(&request).unwrap();
    let most = share(Room::Ordinary).transactions;
    let four = [Centre::Guangzhou, Centre::Shenzhen, Centre::Nanjing, Centre::Suzhou];
    let mut waiting: Vec<_> = four.into_iter().flat_map(|by| requests(&mut chain, by, most)).collect();
    let late = requests(&mut chain, Centre::Inspectorate, 1).remove(0);
    waiting.push(late.clone());
    let revocation = chain.a_revocation(&grant);
    let revocation = chain.sign(Centre::Chengdu, Payload::RevokeGrant(revocation));
    waiting.push(revocation.clone());
    let block = propose(&chain, &waiting);
    assert_eq!(block.transactions.len(), Room::Ordinary.size(&Protocol::NEWEST.limits).transactions + 1);
    assert_eq!(block.transactions[0].id(), revocation.id());
    assert!(!taken(&block).contains(&late.id()));
    assert_eq!(forced(&chain, &block, &late), BlockInvalid::Share(Beyond::Block));
}

#[test]
fn governance_is_bounded_too_and_leaves_the_others_their_place() {
    let mut chain = Chain::with_entry();
    let most = share(Room::Governance).transactions;
    let flood = anchorings(&mut chain, Centre::Nanjing, most + 1);
    let asked = requests(&mut chain, Centre::Guangzhou, 1);
    let block = propose(&chain, &[flood.clone(), asked.clone()].concat());
    assert_eq!(taken(&block), [ids(&flood[..most]), ids(&asked)].concat());
    assert_eq!(forced(&chain, &block, &flood[most]), beyond(Centre::Nanjing));
}

/// A report brings three signatures: of these the share ends before that of transactions.
#[test]
fn one_department_takes_no_more_signatures_than_its_share() {
    let mut chain = Chain::with_entry();
    let most = share(Room::Ordinary).signatures / 3;
    assert!(most < share(Room::Ordinary).transactions);
    let flood: Vec<_> = (1..=most as u64 + 1)
        .map(|height| {
            let proof = chain.an_equivocation(height);
            chain.sign(Centre::Guangzhou, Payload::ReportEquivocation(proof))
        })
        .collect();
    let block = propose(&chain, &flood);
    assert_eq!(taken(&block), ids(&flood[..most]));
    assert_eq!(forced(&chain, &block, &flood[most]), beyond(Centre::Guangzhou));
}

#[test]
fn the_two_rooms_are_the_block() {
    let [governance, ordinary] =
        [Room::Governance, Room::Ordinary].map(|room| room.size(&Protocol::NEWEST.limits));
    assert_eq!(governance.bytes + ordinary.bytes, ledger::limits::BLOCK_BYTES_MAX);
    assert_eq!(governance.transactions + ordinary.transactions, ledger::limits::BLOCK_TRANSACTIONS_MAX);
    assert_eq!(governance.signatures + ordinary.signatures, ledger::limits::BLOCK_SIGNATURES_MAX);
    assert_eq!((share(Room::Ordinary).signatures, share(Room::Governance).bytes), (750, 65_536));
}
