//! The story told on a chain, and its evidence as a node would export it.

use crate::story::Chain;
use crate::story::cast::{Centre, Network};
use crate::story::papers::{branch_list, payment_certificate};
use gm::domain::{Kind, Salt, commit, digest};
use gm::sm3::Digest;
use ledger::ids::{QueryId, TxId};
use ledger::proof::{Basis, Evidence, Opening, Options, Report, Step, verify};
use ledger::receipt::{DenialClass, Receipt, Ticket};
use ledger::transaction::Payload;
use ledger::wire::{Bytes, to_bytes};

/// A chain on which Guangzhou's enquiry was answered and acknowledged, and others were denied.
pub(crate) struct Told {
    pub(crate) chain: Chain,
    pub(crate) publication: TxId,
    pub(crate) request: TxId,
    pub(crate) approval: TxId,
    pub(crate) receipt: TxId,
    pub(crate) denial: TxId,
    pub(crate) delivery: TxId,
    pub(crate) query: QueryId,
    pub(crate) details: Vec<u8>,
    pub(crate) answer: Vec<u8>,
    pub(crate) openings: Vec<Opening>,
}

impl Told {
    /// Among six departments, four of which validate.
    pub(crate) fn by_six() -> Self {
        Self::on(Chain::of(Network::founded(), 1))
    }

    /// Among two departments: the smallest file.
    pub(crate) fn by_two() -> Self {
        Self::on(Chain::of(Network::of_two(), 1))
    }

    pub(crate) fn on(mut chain: Chain) -> Self {
        let id = chain.network.chain;
        // Every block holds other transactions too, so that paths have siblings on both sides.
        let mut other_entry = branch_list();
        let entry = Payload::Publish(payment_certificate());
        let mut block = vec![chain.sign(Centre::Chengdu, Payload::Publish(other_entry.clone()))];
        block.push(chain.sign(Centre::Chengdu, entry));
        other_entry.id.code = "307001/000003".parse().unwrap();
        block.push(chain.sign(Centre::Guangzhou, Payload::Publish(other_entry)));
        let publication = block[1].id();
        assert_eq!(chain.block_of(block), vec![]);

        let request_id = chain.next_request(Centre::Guangzhou);
        let block: Vec<_> = (0..2)
            .map(|_| {
                let asked = chain.a_request();
                chain.sign(Centre::Guangzhou, Payload::SubmitRequest(asked))
            })
            .collect();
        let request = block[0].id();
        assert_eq!(chain.block_of(block), vec![]);

        let approval = chain.an_approval(&request_id);
        let approval = chain.submit(Centre::Chengdu, Payload::ApproveRequest(approval)).unwrap();

        // The details and the answer's header carry commitments; their secrets never leave the two parties.
        let opening = |salt: u8, value: &str| {
            let value = Bytes(value.as_bytes().to_vec());
            let commitment = commit(id, &Salt::from_bytes([salt; 32]), &value.0);
            Opening { commitment, salt: [salt; 32], value }
        };
        let openings = vec![opening(1, "990000199001010017"), opening(2, "GJJ-2026-000123")];
        let details = to_bytes(&(openings[0].commitment, openings[1].commitment, 7u32));
        let decision = opening(3, "allowed by nat-answer");
        let answer = to_bytes(&(decision.commitment, 1u32));
        let openings = openings.into_iter().chain([decision]).collect();

        let ticket = Ticket {
            details_digest: digest(id, Kind::Details, &details),
            ..chain.a_ticket(&approval.into())
        };
        let answer_digest = digest(id, Kind::Answer, &answer);
        let receipt = Receipt { answer_digest, ..chain.a_receipt(&ticket) };
        let mut block = vec![chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt))];
        for class in [DenialClass::Policy, DenialClass::Entry, DenialClass::Quota, DenialClass::Malformed] {
            let denied = chain.a_ticket(&approval.into());
            let denial = chain.a_denial(&denied, class);
            block.push(chain.sign(Centre::Chengdu, Payload::RecordDenial(denial)));
        }
        let (receipt, denial) = (block[0].id(), block[3].id());
        assert_eq!(chain.block_of(block), vec![]);

        let delivery = chain.a_delivery(&[ticket.query_id()]);
        let delivery = chain.submit(Centre::Guangzhou, Payload::Acknowledge(delivery)).unwrap();
        let query = ticket.query_id();
        Self {
            chain,
            publication,
            request,
            approval,
            receipt,
            denial,
            delivery,
            query,
            details,
            answer,
            openings,
        }
    }

    pub(crate) fn network(&self) -> &Network {
        &self.chain.network
    }

    /// The trust root that the members publish.
    pub(crate) fn root(&self) -> Digest {
        self.network().chain.0
    }

    /// What every node holds.
    pub(crate) fn evidence(&self) -> Evidence {
        Evidence {
            version: 1,
            chain: self.network().chain,
            genesis: self.network().genesis.clone(),
            basis: Some(Basis {
                publication: self.chain.proven(&self.publication),
                request: self.chain.proven(&self.request),
                approval: self.chain.proven(&self.approval),
            }),
            record: self.chain.proven(&self.receipt),
            delivery: Some(self.chain.proven(&self.delivery)),
            details: None,
            answer: None,
            openings: vec![],
        }
    }

    /// What a party exports.
    pub(crate) fn full_evidence(&self) -> Evidence {
        Evidence {
            details: Some(Bytes(self.details.clone())),
            answer: Some(Bytes(self.answer.clone())),
            openings: self.openings.clone(),
            ..self.evidence()
        }
    }

    /// Of the denial of another enquiry under the same grant.
    pub(crate) fn denial_evidence(&self) -> Evidence {
        Evidence { record: self.chain.proven(&self.denial), delivery: None, ..self.evidence() }
    }

    pub(crate) fn check(&self, evidence: &Evidence) -> Report {
        verify(&to_bytes(evidence), &self.root(), &Options::default())
    }

    /// The step that fails and what it says.
    pub(crate) fn failure(&self, evidence: &Evidence) -> Option<(Step, String)> {
        self.check(evidence).failure().map(|step| (step.step, step.wrong.clone().unwrap()))
    }
}
