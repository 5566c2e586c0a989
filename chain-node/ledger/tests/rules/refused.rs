//! For every refusal at least one attempt that provokes it, on a chain where everything else is right.

use crate::story::{Centre, Chain};
use crate::{
    credits, refused_equivocations, refused_inspections, refused_policies, refused_records, refused_requests,
    refused_transactions,
};
use ledger::ids::{GrantId, QueryId, RequestId, TxId};
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use std::collections::BTreeSet;

/// What an attempt finds: an entry of Chengdu, an open request and a live grant of Guangzhou's for three
/// queries, one of them answered.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) chain: Chain,
    pub(crate) request: RequestId,
    pub(crate) grant: GrantId,
    pub(crate) answered: QueryId,
}

impl Stage {
    fn set() -> Self {
        let (mut chain, grant) = Chain::with_grant(3);
        let answered = chain.answer(&grant).unwrap();
        let request = chain.request(chain.a_request()).unwrap();
        Self { chain, request, grant, answered }
    }

    pub(crate) fn submit(&mut self, by: Centre, payload: Payload) -> Result<TxId, Refusal> {
        self.chain.submit(by, payload)
    }
}

/// The refusal expected, what is attempted, the attempt.
pub(crate) type Attempt = (Refusal, &'static str, fn(&mut Stage) -> Result<TxId, Refusal>);

#[test]
fn every_refusal_is_provoked_and_named_rightly() {
    let stage = Stage::set();
    let tables = [
        refused_transactions::ATTEMPTS,
        credits::CREDITS,
        refused_requests::ENTRIES,
        refused_requests::REQUESTS,
        refused_requests::APPROVALS,
        refused_requests::DECISIONS,
        refused_records::TICKETS,
        refused_records::GRANTS,
        refused_records::DELIVERIES,
        refused_policies::AMENDMENTS,
        refused_policies::ROSTERS,
        refused_inspections::INSPECTIONS,
        refused_inspections::LOOKS,
        refused_equivocations::EQUIVOCATIONS,
    ];
    let (mut provoked, mut wrong) = (BTreeSet::new(), vec![]);
    for (refusal, what, attempt) in tables.into_iter().flatten() {
        let mut here = stage.clone();
        let answer = attempt(&mut here).map(|_| ());
        if answer != Err(*refusal) {
            wrong.push(format!("{what}: {answer:?} instead of {refusal:?}"));
        }
        provoked.insert(*refusal);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let missing: Vec<_> = Refusal::ALL.iter().filter(|refusal| !provoked.contains(refusal)).collect();
    assert_eq!(missing, Vec::<&Refusal>::new(), "no attempt provokes these");
}
