//! A provider that puts on record what no honest exchange would: answers whose decisions it altered before it
//! committed to them. Everything else of them is as it should be.

use std::collections::BTreeMap;

use access::{Actor, Assurance, DecisionRecord, Judge, Offer, PolicySets, Sides};
use exchange::protocol::{Answer, AskerAttributes, Details, Opening, VERSION};
use gm::domain::{Kind, Salt, commit};
use gm::sm2::SecretKey;
use gm::sm3::Digest;
use ledger::catalogue::Mode;
use ledger::ids::{GrantId, Height, Nonce, Pseudonym, QueryId, Time};
use ledger::receipt::{LogHead, PolicyVersions, Receipt, Ticket};
use ledger::role::Role;
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::views;
use ledger::wire::{Bytes, to_bytes};
use tokio::task::JoinSet;

use crate::founding::{ASKER, ITEMS, PROVIDER};
use crate::town::{Town, within};

const LOG: LogHead = LogHead { size: 1, digest: Digest([1; 32]) };

/// Lies told so far.
pub(super) struct Liar<'a> {
    town: &'a Town,
    grant: GrantId,
    judge: Judge,
    /// The rows of the moment it was made.
    sets: PolicySets,
    txs: Vec<Signed>,
    openings: BTreeMap<QueryId, Opening>,
}

impl<'a> Liar<'a> {
    pub(super) fn new(town: &'a Town, grant: GrantId) -> Self {
        let judge = Judge::new().unwrap();
        let provider = &town.founded.departments[PROVIDER].id;
        let sets =
            town.handle(PROVIDER).read(|snapshot| judge.in_force(snapshot, provider)).unwrap().unwrap();
        Self { town, grant, judge, sets, txs: Vec::new(), openings: BTreeMap::new() }
    }

    /// An answer whose decision is changed before it is committed to.
    pub(super) fn tell(&mut self, change: &dyn Fn(&mut DecisionRecord)) -> QueryId {
        let asker = AskerAttributes { role: Role::BizUser, clearance: 4, zone: None, second: None };
        let (asker_salt, salt) = (Salt::generate().unwrap(), Salt::generate().unwrap());
        let details = self.details(&asker, &asker_salt);
        let (ticket, ticket_signature) = self.ticket(&details);
        let (mut decision, in_force, judged_height) = self.decision(&details);
        change(&mut decision);
        let decision = to_bytes(&decision);
        let chain = ticket.chain;
        let answer = self.answer(&ticket, commit(chain, &salt, &decision));
        let receipt = Receipt {
            answer_digest: answer.digest(),
            policy_versions: in_force,
            judged_height,
            log_head: LOG,
            ticket_signature,
            ticket: ticket.clone(),
        };
        let founder = &self.town.founded.departments[PROVIDER];
        let body = Transaction {
            version: 1,
            chain,
            department: founder.id.clone(),
            key_id: founder.online.public().key_id(),
            nonce: Nonce(gm::random::bytes().unwrap()),
            valid_until: ticket.valid_until,
            payload: Payload::RecordAnswer(receipt),
        };
        self.txs.push(Signed::sign(body, &founder.online).unwrap());
        let opening = Opening {
            decision: Bytes(decision),
            salt: *salt.as_bytes(),
            details: Some(details),
            asker: Some((asker, *asker_salt.as_bytes())),
            answer: Some(answer),
        };
        let query = ticket.query_id();
        self.openings.insert(query, opening);
        query
    }

    /// Puts all of it on record.
    pub(super) async fn submit(&mut self) {
        let mut under_way = JoinSet::new();
        for tx in self.txs.drain(..) {
            let handle = self.town.handle(PROVIDER).clone();
            under_way.spawn(async move { handle.submit(tx).await.unwrap().height });
        }
        let last = within(under_way.join_all()).await.into_iter().max().unwrap();
        for of in [ASKER, PROVIDER] {
            within(self.town.handle(of).follow().wait_for(|tip| tip.height >= last)).await.unwrap();
        }
    }

    /// What it shows of them.
    pub(super) fn openings(&self) -> BTreeMap<QueryId, Opening> {
        self.openings.clone()
    }

    fn details(&self, asker: &AskerAttributes, salt: &Salt) -> Details {
        let chain = self.town.founded.genesis.chain();
        let provider = &self.town.founded.departments[PROVIDER];
        let asking = &self.town.founded.departments[ASKER].id;
        let grant = self.town.handle(ASKER).read(|snapshot| views::grant(snapshot, &self.grant));
        let grant = grant.unwrap().unwrap();
        let versions = self.town.handle(ASKER).read(|snapshot| views::policy_versions(snapshot, asking));
        Details {
            version: VERSION,
            nonce: Nonce(gm::random::bytes().unwrap()),
            entry: grant.entry,
            items: ITEMS.iter().map(|(item, ..)| item.parse().unwrap()).collect(),
            purpose: grant.purpose,
            subject_commit: Some(Digest([1; 32])),
            subjects: None,
            case_commit: Digest([2; 32]),
            claims_commit: None,
            actor: Pseudonym([3; 32]),
            assurance: Assurance::Password,
            officer_proof_commit: None,
            asker_commit: commit(chain, salt, &to_bytes(asker)),
            requester_decision_commit: Digest([4; 32]),
            policy_versions: versions.unwrap().unwrap(),
            sealing_key_id: provider.sealing.public().key_id(),
            reply_key: SecretKey::generate().unwrap().public(),
            job: None,
            log_head: LOG,
        }
    }

    fn ticket(&self, details: &Details) -> (Ticket, gm::sm2::Signature) {
        let tip = self.town.handle(PROVIDER).status().tip;
        let [asker, provider] = [ASKER, PROVIDER].map(|of| &self.town.founded.departments[of]);
        let chain = self.town.founded.genesis.chain();
        let ticket = Ticket {
            version: VERSION,
            chain,
            requester: asker.id.clone(),
            key_id: asker.online.public().key_id(),
            grant: self.grant,
            provider: provider.id.clone(),
            mode: Mode::Query,
            units: 1,
            seen_height: tip.height,
            seen_block: tip.block,
            valid_until: tip.time.plus_ms(60_000),
            details_digest: details.digest(chain),
        };
        let signature = asker.online.sign(chain, Kind::Ticket, &to_bytes(&ticket)).unwrap();
        (ticket, signature)
    }

    /// The decision by the rows it knows, the versions in force, and where it looked.
    fn decision(&self, details: &Details) -> (DecisionRecord, PolicyVersions, Height) {
        let actor = Actor { role: Role::BizUser, clearance: 4, assurance: details.assurance, zone: None };
        self.town.handle(PROVIDER).read(|snapshot| {
            let grant = views::grant(snapshot, &self.grant).unwrap().unwrap();
            let offer = Offer::read(snapshot, &grant.entry).unwrap().unwrap();
            let requester = views::department(snapshot, &grant.requester).unwrap().unwrap();
            let provider = views::department(snapshot, &grant.provider).unwrap().unwrap();
            let (requester, provider) = (&requester, &provider);
            let sides = Sides { requester, provider, offer: &offer, at: snapshot.tip().time };
            let question = sides.answer(&actor, &details.items, &grant);
            let decision = self.judge.decide(&self.sets, &question).unwrap();
            assert!(decision.allow);
            let in_force = views::policy_versions(snapshot, &grant.provider).unwrap().unwrap();
            (decision.record(), in_force, snapshot.tip().height)
        })
    }

    fn answer(&self, ticket: &Ticket, decision_commit: Digest) -> Answer {
        Answer {
            version: VERSION,
            chain: ticket.chain,
            provider: ticket.provider.clone(),
            key_id: self.town.founded.departments[PROVIDER].online.public().key_id(),
            query_id: ticket.query_id(),
            result_root: Digest([5; 32]),
            leaf_count_padded: 1,
            sealed_digest: Digest([6; 32]),
            sealed_size: 1,
            seed_commit: Digest([7; 32]),
            decision_commit,
            snapshot: None,
            prepared_at: Time(1),
            refetch_until: Time(2),
        }
    }
}
