//! What a department may do in a day, and that the next day it works again.

use crate::refused::{Attempt, Stage};
use crate::story::papers::{next_version, payment_certificate, tighten};
use crate::story::{Centre, Chain, Network};
use ledger::credit::{Spent, day};
use ledger::ids::{GrantId, Time, TxId};
use ledger::parameters::Parameters;
use ledger::policy::PolicyOwner;
use ledger::receipt::DenialClass;
use ledger::refusal::Refusal;
use ledger::state::StateRead;
use ledger::transaction::Payload;
use ledger::views;

/// A chain on which a day allows little.
fn frugal(change: fn(&mut Parameters)) -> Chain {
    let mut network = Network::founded();
    change(&mut network.genesis.parameters);
    network.chain = network.genesis.chain();
    Chain::of(network, 1)
}

/// Publishes the entry's versions one after the other, `count` of them from `from` on.
fn publish(chain: &mut Chain, from: u32, count: u32) -> Result<(), Refusal> {
    let mut entry = payment_certificate();
    for version in 1..from + count {
        if version >= from {
            chain.submit(Centre::Chengdu, Payload::Publish(entry.clone()))?;
        }
        entry = next_version(&entry);
    }
    Ok(())
}

/// `by` denies a ticket that Guangzhou signed, or one of its own.
fn deny(chain: &mut Chain, by: Centre, own: bool) -> Result<TxId, Refusal> {
    let mut ticket = chain.a_ticket(&GrantId([7; 32]));
    ticket.provider = by.id();
    let requester = if own { by } else { Centre::Guangzhou };
    ticket.requester = requester.id();
    ticket.key_id = chain.network.keys[&requester].online.public().key_id();
    let mut denial = chain.a_denial(&ticket, DenialClass::Grant);
    denial.ticket_signature = chain.sign_ticket(requester, &ticket);
    denial.policy_versions = chain.policies_of(by);
    chain.submit(by, Payload::RecordDenial(denial))
}

/// Draft and withdrawal: nothing comes in force, and a day's drafts are used up all the same.
fn draft(chain: &mut Chain) -> Result<TxId, Refusal> {
    let set = chain.next_policy(&PolicyOwner::Department(Centre::Chengdu.id()), tighten);
    chain.submit(Centre::Chengdu, Payload::DraftPolicy(chain.a_draft(Centre::Chengdu, &set)))?;
    let withdrawal = chain.a_policys_withdrawal(Centre::Chengdu, &set);
    Ok(chain.submit(Centre::Chengdu, Payload::WithdrawPolicy(withdrawal)).unwrap())
}

pub(crate) const CREDITS: &[Attempt] = &[
    (Refusal::CreditPublications, "a third version on a day that allows two", |_| {
        let mut chain = frugal(|p| p.publications_per_day = 2);
        publish(&mut chain, 1, 2).unwrap();
        publish(&mut chain, 3, 1).map(|()| TxId([0; 32]))
    }),
    (Refusal::CreditRequests, "a third request on a day that allows two", |_| {
        let mut chain = frugal(|p| p.requests_per_day = 2);
        publish(&mut chain, 1, 1).unwrap();
        for _ in 0..2 {
            chain.request(chain.a_request()).unwrap();
        }
        chain.request(chain.a_request()).map(|id| TxId(id.0))
    }),
    (Refusal::CreditDenials, "a third denial of its own tickets by a department that denies itself", |_| {
        let mut chain = frugal(|p| p.denials_per_day = 2);
        for _ in 0..2 {
            deny(&mut chain, Centre::Nanjing, true).unwrap();
        }
        deny(&mut chain, Centre::Nanjing, true)
    }),
    (Refusal::CreditDenials, "a third denial of one requester, each by another provider", |_| {
        let mut chain = frugal(|p| p.denials_per_day = 2);
        deny(&mut chain, Centre::Nanjing, false).unwrap();
        deny(&mut chain, Centre::Suzhou, false).unwrap();
        deny(&mut chain, Centre::Chengdu, false)
    }),
    (Refusal::CreditDrafts, "a third draft on a day that allows two", |_: &mut Stage| {
        let mut chain = frugal(|p| p.drafts_per_day = 2);
        for _ in 0..2 {
            draft(&mut chain).unwrap();
        }
        draft(&mut chain)
    }),
];

#[test]
fn the_next_day_it_works_again_and_the_day_before_is_forgotten() {
    let mut chain = frugal(|p| p.publications_per_day = 1);
    publish(&mut chain, 1, 1).unwrap();
    let today = day(chain.now());
    let left_ms = |chain: &Chain| (today + 1) * 24 * 3_600_000 - 8 * 3_600_000 - chain.now().0;
    // The last millisecond of the day in Beijing, then the first of the next.
    chain.wait_ms(left_ms(&chain) - 1);
    assert_eq!(publish(&mut chain, 2, 1), Err(Refusal::CreditPublications));
    chain.wait_ms(1);
    assert_eq!(day(chain.now()), today + 1);
    publish(&mut chain, 2, 1).unwrap();
    let of = |time: Time| views::spent(chain.state(), &Centre::Chengdu.id(), time).unwrap();
    assert_eq!(of(chain.tip().time), Spent { publications: 1, ..Spent::default() });
    let kept = chain.state().scan(b"credit/", None, 9).unwrap();
    assert_eq!(kept.len(), 1, "yesterday is forgotten");
}

#[test]
fn what_one_has_used_up_is_not_anothers() {
    let mut chain = frugal(|p| (p.denials_per_day, p.publications_per_day) = (1, 1));
    deny(&mut chain, Centre::Nanjing, true).unwrap();
    assert_eq!(deny(&mut chain, Centre::Nanjing, true), Err(Refusal::CreditDenials));
    // A provider that is asked by others denies on; what it is asked costs the others.
    deny(&mut chain, Centre::Nanjing, false).unwrap();
    assert_eq!(deny(&mut chain, Centre::Nanjing, false), Err(Refusal::CreditDenials));
    publish(&mut chain, 1, 1).unwrap();
}
