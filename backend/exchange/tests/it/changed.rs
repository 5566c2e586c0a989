//! A requester whose program was changed: it asks its own policies and bounds nothing, makes envelopes by
//! itself under its department's true key, and sends them to the provider's peer port.

use std::time::Duration;

use access::Assurance;
use exchange::person::Person;
use exchange::protocol::{
    Answer, Asked, AskerAttributes, Call, Details, Envelope, Hold, Question, Refetch, Reply, VERSION,
};
use gm::domain::{ChainId, Kind, Salt, commit};
use gm::envelope::{self, Seed};
use gm::sm2::{PublicKey, SecretKey};
use gm::sm3::Digest;
use ledger::catalogue::Mode;
use ledger::ids::{DepartmentId, GrantId, Nonce, PolicyVersion, QueryId};
use ledger::receipt::{LogHead, PolicyVersions, RecordKind, Ticket};
use ledger::role::Role;
use ledger::text::Text;
use ledger::tip::Tip;
use ledger::views;
use ledger::wire::{Bytes, from_bytes, to_bytes};
use node::NodeHandle;
use zeroize::Zeroizing;

use crate::founding::{ASKER, ITEMS, PROVIDER, Terms, entry};
use crate::town::{CASE, Town, ZHANG};

const WAIT: Duration = Duration::from_secs(30);

/// The changed requester; it knows the provider's head only to be able to tell what it should have known.
#[derive(Clone)]
pub(crate) struct Changed {
    chain: ChainId,
    online: SecretKey,
    requester: DepartmentId,
    provider: DepartmentId,
    sealing: PublicKey,
    own_node: NodeHandle,
    pub(crate) provider_node: NodeHandle,
}

/// One use, ready to be sent.
pub(crate) struct Use {
    pub(crate) query: QueryId,
    envelope: Envelope,
    reply_key: SecretKey,
}

/// What a provider said to a question.
pub(crate) enum Said {
    /// The sealed answer, without its key.
    Answer(Box<Answer>, Vec<u8>),
    /// Denied; the reason is sealed.
    Denied,
    /// Refused with this code.
    Refused(String),
}

impl Changed {
    pub(crate) fn of(town: &Town) -> Self {
        let (asker, provider) = (&town.founded.departments[ASKER], &town.founded.departments[PROVIDER]);
        Self {
            chain: town.founded.genesis.chain(),
            online: asker.online.clone(),
            requester: asker.id.clone(),
            provider: provider.id.clone(),
            sealing: provider.sealing.public(),
            own_node: town.handle(ASKER).clone(),
            provider_node: town.handle(PROVIDER).clone(),
        }
    }

    /// A use of a grant whose ticket saw this block.
    pub(crate) fn make(&self, grant: GrantId, terms: &Terms, seen: &Tip) -> Use {
        let salt = || Salt::generate().unwrap();
        let text = |text: &str| Text::<200>::new(text).unwrap();
        let person = to_bytes(&(text(ZHANG.0), text("01"), text(ZHANG.1)));
        let asked = Asked::One(from_bytes::<Person>(&person).unwrap(), salt());
        let (case_salt, asker_salt) = (salt(), salt());
        let asker = AskerAttributes { role: Role::BizUser, clearance: 4, zone: None, second: None };
        let none = PolicyVersion([0; 32]);
        let reply_key = SecretKey::generate().unwrap();
        let nonce = gm::random::bytes().unwrap();
        let details = Details {
            version: VERSION,
            nonce: Nonce(nonce),
            entry: entry(terms.version).id,
            items: ITEMS.iter().map(|(item, ..)| item.parse().unwrap()).collect(),
            purpose: terms.purpose.parse().unwrap(),
            subject_commit: Some(asked.commitment(self.chain)),
            subjects: None,
            case_commit: commit(self.chain, &case_salt, CASE.as_bytes()),
            claims_commit: None,
            actor: crate::town::pseudonym(&nonce),
            assurance: Assurance::Password,
            officer_proof_commit: None,
            asker_commit: commit(self.chain, &asker_salt, &to_bytes(&asker)),
            requester_decision_commit: Digest::ZERO,
            policy_versions: PolicyVersions { national: none, region: none, department: none },
            sealing_key_id: self.sealing.key_id(),
            reply_key: reply_key.public(),
            job: None,
            log_head: LogHead { size: 1, digest: Digest([1; 32]) },
        };
        let ticket = Ticket {
            version: VERSION,
            chain: self.chain,
            requester: self.requester.clone(),
            key_id: self.online.public().key_id(),
            grant,
            provider: self.provider.clone(),
            mode: Mode::Query,
            units: 1,
            seen_height: seen.height,
            seen_block: seen.block,
            valid_until: seen.time.plus_ms(60_000),
            details_digest: details.digest(self.chain),
        };
        let case_no = Zeroizing::new(CASE.into());
        let question = Question { details, asked, case_no, case_salt, asker, asker_salt, officer: None };
        let (query, seed) = (ticket.query_id(), Seed::generate().unwrap());
        let envelope = Envelope {
            version: VERSION,
            chain: self.chain,
            ticket_signature: self.online.sign(self.chain, Kind::Ticket, &to_bytes(&ticket)).unwrap(),
            ticket,
            wrap: Bytes(seed.wrap(&self.sealing).unwrap()),
            sealed: Bytes(envelope::seal(&seed, self.chain, &query.0, &question.sealable())),
        };
        Use { query, envelope, reply_key }
    }

    async fn call(&self, call: &Call) -> Reply {
        from_bytes(&self.own_node.call(&self.provider, to_bytes(call), WAIT).await.unwrap()).unwrap()
    }

    pub(crate) async fn ask(&self, made: &Use) -> Said {
        match self.call(&Call::Ask(Box::new(made.envelope.clone()))).await {
            Reply::Answered { answer, sealed } => Said::Answer(answer, sealed.0),
            Reply::Denied { .. } => Said::Denied,
            Reply::Refused { code } => Said::Refused(code),
            other => panic!("{other:?}"),
        }
    }

    /// Says that it holds an answer; whether its key was given. A key that was given opens the answer, and the
    /// record of just this answer stands on the provider's chain.
    pub(crate) async fn hold(&self, made: &Use, answer: &Answer, sealed: &[u8]) -> bool {
        let hold = Hold {
            version: VERSION,
            query_id: made.query,
            answer_digest: answer.digest(),
            sealed_digest: answer.sealed_digest,
            key_id: self.online.public().key_id(),
            height: self.own_node.status().tip.height,
        };
        let signature = hold.sign(self.chain, &self.online).unwrap();
        match self.call(&Call::Hold(hold, signature)).await {
            Reply::Released { wrap } => {
                self.check_key(made, answer, sealed, &made.reply_key, &wrap.0);
                true
            }
            Reply::Denied { .. } | Reply::Refused { .. } => false,
            other => panic!("{other:?}"),
        }
    }

    /// Asks for an answer once more, under another key; whether it came.
    pub(crate) async fn refetch(&self, made: &Use, answer: &Answer) -> bool {
        let reply_key = SecretKey::generate().unwrap();
        let refetch = Refetch {
            version: VERSION,
            query_id: made.query,
            answer_digest: answer.digest(),
            reply_key: reply_key.public(),
            key_id: self.online.public().key_id(),
            seen_height: self.own_node.status().tip.height,
        };
        let signature = refetch.sign(self.chain, &self.online).unwrap();
        match self.call(&Call::Refetch(refetch, signature)).await {
            Reply::Again { answer, sealed, wrap } => {
                self.check_key(made, &answer, &sealed.0, &reply_key, &wrap.0);
                true
            }
            Reply::Denied { .. } | Reply::Refused { .. } => false,
            other => panic!("{other:?}"),
        }
    }

    fn check_key(&self, made: &Use, answer: &Answer, sealed: &[u8], key: &SecretKey, wrap: &[u8]) {
        let seed = Seed::unwrap_with(key, wrap).unwrap();
        let context = Answer::context(&made.query, &answer.seed_commit);
        envelope::open(&seed, self.chain, &context, sealed).unwrap();
        let record = self.provider_node.read(|snapshot| views::record(snapshot, &made.query)).unwrap();
        let recorded = record.map(|record| record.kind);
        let is_it = matches!(recorded, Some(RecordKind::Answer { answer_digest, .. }) if answer_digest == answer.digest());
        assert!(is_it, "the key of {} was given without its record: {recorded:?}", made.query);
    }
}
