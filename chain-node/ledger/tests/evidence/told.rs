//! The story told on a chain, and its evidence as a node would export it.

use crate::story::Chain;
use crate::story::cast::{Centre, Network};
use crate::story::papers::{DAY, branch_list, loosen, payment_certificate, tighten};
use gm::sm3::Digest;
use ledger::ids::{QueryId, TxId};
use ledger::policy::PolicyOwner;
use ledger::proof::{Amendment, Basis, Evidence, Field, Opening, Options, Report, Step, verify};
use ledger::query::{Answer, Details};
use ledger::receipt::{DenialClass, Receipt, Ticket};
use ledger::transaction::Payload;
use ledger::views;
use ledger::wire::{Bytes, to_bytes};
use std::collections::BTreeMap;

/// A chain on which Guangzhou's query was answered and acknowledged, and others were denied.
pub(crate) struct Told {
    pub(crate) chain: Chain,
    pub(crate) publication: TxId,
    pub(crate) request: TxId,
    pub(crate) approval: TxId,
    pub(crate) receipt: TxId,
    pub(crate) denial: TxId,
    pub(crate) delivery: TxId,
    pub(crate) query: QueryId,
    pub(crate) details: Details,
    pub(crate) answer: Answer,
    pub(crate) openings: Vec<Opening>,
}

impl Told {
    /// Among six departments, four of which validate.
    pub(crate) fn by_six() -> Self {
        Self::on(Chain::of(Network::founded(), 1))
    }

    /// Among two departments, each step in the block after the one before: the smallest file.
    pub(crate) fn by_two() -> Self {
        Self::tell(Chain::of(Network::of_two(), 1), |_| (), |_| ())
    }

    /// With an idle block after each step, so that no two blocks of the file are neighbours.
    pub(crate) fn on(chain: Chain) -> Self {
        Self::tell(chain, |_| (), Chain::idle)
    }

    /// Policies change before the story, and Chengdu's own and the nation's between its grant and its query.
    pub(crate) fn with_amendments() -> Self {
        Self::tell(Chain::of(Network::founded(), 1), change_before, change_between)
    }

    /// Guangzhou anchors a roster after a step of the story.
    pub(crate) fn with_roster(after: fn(&mut Chain)) -> Self {
        Self::tell(Chain::of(Network::founded(), 1), |_| (), after)
    }

    fn tell(mut chain: Chain, before: fn(&mut Chain), pause: fn(&mut Chain)) -> Self {
        before(&mut chain);
        // Every block holds other transactions too, so that paths have siblings on both sides.
        let mut other_entry = branch_list();
        let entry = Payload::Publish(payment_certificate());
        let mut block = vec![chain.sign(Centre::Chengdu, Payload::Publish(other_entry.clone()))];
        block.push(chain.sign(Centre::Chengdu, entry));
        other_entry.id.code = "307003/000003".parse().unwrap();
        block.push(chain.sign(Centre::Guangzhou, Payload::Publish(other_entry)));
        let publication = block[1].id();
        assert_eq!(chain.block_of(block), vec![]);
        pause(&mut chain);

        let request_id = chain.next_request(Centre::Guangzhou);
        let block: Vec<_> = (0..2)
            .map(|_| {
                let asked = chain.a_request();
                chain.sign(Centre::Guangzhou, Payload::SubmitRequest(asked))
            })
            .collect();
        let request = block[0].id();
        assert_eq!(chain.block_of(block), vec![]);
        pause(&mut chain);

        let approval = chain.an_approval(&request_id);
        let approval = chain.submit(Centre::Chengdu, Payload::ApproveRequest(approval)).unwrap();
        pause(&mut chain);

        let opening = |field, (salt, value): (u8, &str)| Opening {
            field,
            salt: [salt; 32],
            value: Bytes(value.as_bytes().to_vec()),
        };
        let (subject, case) = ((1, "990000199001010017"), (2, "GJJ-2026-000123"));
        let decision = (3, "allowed by nat-answer");
        let openings = vec![
            opening(Field::Subject, subject),
            opening(Field::Case, case),
            opening(Field::Decision, decision),
        ];
        let details = chain.a_details(subject, case);
        let ticket = Ticket {
            details_digest: details.digest(chain.network.chain),
            ..chain.a_ticket(&approval.into())
        };
        let answer = chain.an_answer(&ticket, decision);
        let receipt = Receipt { answer_digest: answer.digest(), ..chain.a_receipt(&ticket) };
        let mut block = vec![chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt))];
        for class in [DenialClass::Policy, DenialClass::Entry, DenialClass::Quota, DenialClass::Malformed] {
            let denied = chain.a_ticket(&approval.into());
            let denial = chain.a_denial(&denied, class);
            block.push(chain.sign(Centre::Chengdu, Payload::RecordDenial(denial)));
        }
        let (receipt, denial) = (block[0].id(), block[3].id());
        assert_eq!(chain.block_of(block), vec![]);
        pause(&mut chain);

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
            amendments: self.amendments(&[(Centre::Chengdu, self.receipt), (Centre::Chengdu, self.approval)]),
            roster: None,
        }
    }

    /// How the policies came to be that were in force for these departments in the blocks of these transactions.
    fn amendments(&self, named: &[(Centre, TxId)]) -> Vec<Amendment> {
        let state = self.chain.state();
        let mut steps = BTreeMap::new();
        for (centre, tx) in named {
            let height = self.chain.proven(tx).header.height;
            let region = PolicyOwner::Region(centre.region().province());
            for owner in [PolicyOwner::Nation, region, PolicyOwner::Department(centre.id())] {
                let enacted = views::policies_at(state, &owner, height).unwrap().unwrap();
                if let Some((draft, second)) = enacted.steps {
                    steps.insert((owner, enacted.set.number), (draft.tx, second.tx));
                }
            }
        }
        let amendment = |(draft, second): (TxId, TxId)| Amendment {
            draft: self.chain.proven(&draft),
            countersignature: self.chain.proven(&second),
        };
        steps.into_values().map(amendment).collect()
    }

    /// What a party exports.
    pub(crate) fn full_evidence(&self) -> Evidence {
        Evidence {
            details: Some(Bytes(to_bytes(&self.details))),
            answer: Some(Bytes(to_bytes(&self.answer))),
            openings: self.openings.clone(),
            amendments: self.amendments(&[
                (Centre::Chengdu, self.receipt),
                (Centre::Chengdu, self.approval),
                (Centre::Guangzhou, self.approval),
            ]),
            ..self.evidence()
        }
    }

    /// Of the denial of another query under the same grant.
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

fn own(centre: Centre) -> PolicyOwner {
    PolicyOwner::Department(centre.id())
}

/// Chengdu lets more pass and waits for it, Guangzhou and its province's steward tighten.
fn change_before(chain: &mut Chain) {
    chain.amend(Centre::Chengdu, &own(Centre::Chengdu), loosen).unwrap();
    chain.wait_ms(DAY);
    chain.idle();
    chain.amend(Centre::Guangzhou, &own(Centre::Guangzhou), tighten).unwrap();
}

/// Once the grant is given, Chengdu tightens, and so does the nation; each of the later pauses is idle.
fn change_between(chain: &mut Chain) {
    let granted = !views::grants(chain.state(), None, 1).unwrap().is_empty();
    let amended = views::policy(chain.state(), &PolicyOwner::Nation).unwrap().unwrap().number > 1;
    if granted && !amended {
        for (by, owner) in [(Centre::Chengdu, own(Centre::Chengdu)), (Centre::Guangzhou, PolicyOwner::Nation)]
        {
            // An idle block after each, so that no two blocks of the file are neighbours.
            let set = chain.next_policy(&owner, tighten);
            let countersignature = chain.a_countersignature(by, &set);
            chain.submit(by, Payload::DraftPolicy(chain.a_draft(by, &set))).unwrap();
            chain.idle();
            chain.submit(by, Payload::CountersignPolicy(countersignature)).unwrap();
            chain.idle();
        }
    }
    chain.idle();
}
