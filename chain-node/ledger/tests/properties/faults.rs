//! A store that breaks is never mistaken for a rule: whichever read fails, nothing is refused and nothing
//! takes effect.

use crate::story::papers::{DAY, loosen};
use crate::story::{Centre, Chain};
use gm::sm2::Direct;
use ledger::apply::Rejection;
use ledger::block::{self, BlockRejection};
use ledger::ids::Height;
use ledger::inspection::Sight;
use ledger::policy::{PolicyOwner, PolicySet};
use ledger::protocol::{Fault, UnknownVersion};
use ledger::receipt::DenialClass;
use ledger::state::{Changes, Pairs, ReadFault, StateRead};
use ledger::transaction::{Payload, Signed};
use ledger::wire::to_bytes;
use std::cell::Cell;

/// A state whose read number `fails_at` fails.
struct Failing<'a> {
    below: &'a dyn StateRead,
    fails_at: u32,
    reads: Cell<u32>,
}

impl Failing<'_> {
    fn count(&self) -> Result<(), ReadFault> {
        let read = self.reads.get();
        self.reads.set(read + 1);
        if read == self.fails_at { Err(ReadFault("the disk is gone".into())) } else { Ok(()) }
    }
}

impl StateRead for Failing<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        self.count()?;
        self.below.get(key)
    }
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Pairs, ReadFault> {
        self.count()?;
        self.below.scan(prefix, after, limit)
    }
}

fn of(chain: &Chain, centre: Centre) -> PolicySet {
    chain.next_policy(&PolicyOwner::Department(centre.id()), loosen)
}

/// One transaction of every kind, each good in the next block, which also puts a policy in force.
fn one_of_each(chain: &mut Chain) -> Vec<Signed> {
    for centre in [Centre::Nanjing, Centre::Shenzhen] {
        let draft = chain.a_draft(centre, &of(chain, centre));
        chain.submit(centre, Payload::DraftPolicy(draft)).unwrap();
    }
    chain.amend(Centre::Guangzhou, &PolicyOwner::Department(Centre::Guangzhou.id()), loosen).unwrap();
    let [closed, looking] = [0; 2].map(|_| chain.inspect(chain.an_inspection()).unwrap());
    // The next block is the first in which it is in force; what is judged is judged just before.
    chain.wait_ms(DAY - 3_000);
    chain.idle();
    let grant = ledger::views::grants(chain.state(), None, 1).unwrap()[0].id;
    let answered = chain.answer(&grant).unwrap();
    let mut entry = crate::story::papers::branch_list();
    entry.id.code = "307002/000002".parse().unwrap();
    let mut signed = vec![chain.sign(Centre::Suzhou, Payload::Publish(entry))];
    let of_grant = chain.grant(&grant).request;
    let mut ask = |chain: &mut Chain| {
        let id = chain.next_request(Centre::Guangzhou);
        let asked = chain.a_request();
        signed.push(chain.sign(Centre::Guangzhou, Payload::SubmitRequest(asked.clone())));
        (id, asked)
    };
    let [(approved, asked), (refused, _), (withdrawn, _)] = [ask(chain), ask(chain), ask(chain)];
    let approval = chain.approval_of(&approved, &asked);
    signed.push(chain.sign(Centre::Chengdu, Payload::ApproveRequest(approval)));
    let refused = chain.a_refusal(&refused);
    signed.push(chain.sign(Centre::Chengdu, Payload::RefuseRequest(refused)));
    let withdrawn = chain.a_withdrawal(&withdrawn);
    signed.push(chain.sign(Centre::Guangzhou, Payload::WithdrawRequest(withdrawn)));
    let ticket = chain.a_ticket(&grant);
    let receipt = chain.a_receipt(&ticket);
    signed.push(chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt)));
    let ticket = chain.a_ticket(&grant);
    let denial = chain.a_denial(&ticket, DenialClass::Entry);
    signed.push(chain.sign(Centre::Chengdu, Payload::RecordDenial(denial)));
    let delivery = chain.a_delivery(&[answered]);
    signed.push(chain.sign(Centre::Guangzhou, Payload::Acknowledge(delivery)));
    let amendments = [
        (Centre::Suzhou, Payload::DraftPolicy(chain.a_draft(Centre::Suzhou, &of(chain, Centre::Suzhou)))),
        (Centre::Nanjing, {
            let set = of(chain, Centre::Nanjing);
            Payload::CountersignPolicy(chain.a_countersignature(Centre::Nanjing, &set))
        }),
        (Centre::Shenzhen, {
            let set = of(chain, Centre::Shenzhen);
            Payload::WithdrawPolicy(chain.a_policys_withdrawal(Centre::Shenzhen, &set))
        }),
        (Centre::Suzhou, Payload::AnchorRoster(chain.a_roster(3))),
    ];
    signed.extend(amendments.map(|(by, payload)| chain.sign(by, payload)));
    let terms = Payload::OpenInspection(chain.an_inspection());
    signed.push(chain.sign(Centre::Inspectorate, terms));
    let closing = Payload::CloseInspection(chain.a_closing(&closed));
    signed.push(chain.sign(Centre::Inspectorate, closing));
    let sights = [Sight::Record(answered), Sight::Grant(grant), Sight::Request(of_grant)];
    let looks = Payload::RecordLooks(chain.looks(&looking, &sights));
    signed.push(chain.sign(Centre::Inspectorate, looks));
    let report = Payload::ReportEquivocation(chain.an_equivocation(1));
    signed.push(chain.sign(Centre::Guangzhou, report));
    signed
}

#[test]
fn a_failing_read_is_a_fault_wherever_it_happens() {
    let (mut chain, grant) = Chain::with_grant(3);
    chain.answer(&grant).unwrap();
    let signed = one_of_each(&mut chain);
    let proposed = chain.propose(signed.clone());
    assert_eq!((proposed.left_out.len(), proposed.block.transactions.len()), (0, signed.len()));
    let candidates: Vec<_> = signed.iter().map(|signed| chain.take_in(signed.clone()).unwrap()).collect();
    let (tip, id) = (chain.tip(), chain.network.chain);

    let fault = ReadFault("the disk is gone".into());
    let mut reads = 0;
    loop {
        let failing = || Failing { below: chain.state(), fails_at: reads, reads: Cell::new(0) };
        let state = failing();
        let made = block::propose(&state, &tip, chain.proposal(), candidates.clone());
        if state.reads.get() <= reads {
            assert_eq!(made.unwrap().block, proposed.block, "all reads succeeded");
            break;
        }
        assert_eq!(made.map(|_| ()), Err(fault.clone().into()), "read {reads} of a proposer");
        let done = block::execute(&failing(), &tip, chain.state_root(), id, &proposed.block, &Direct);
        assert_eq!(done, Err(BlockRejection::from(fault.clone())), "read {reads} of a validator");
        reads += 1;
    }
    assert!(reads > 60, "{reads} reads");

    let alone = signed[0].clone().into();
    let state = Failing { below: chain.state(), fails_at: 0, reads: Cell::new(0) };
    let probed = block::probe(&state, &tip, id, chain.now(), alone, &Direct);
    assert_eq!(probed.map(|_| ()), Err(Rejection::from(fault)));
}

#[test]
fn rules_newer_than_the_program_are_a_fault_that_says_so() {
    let mut chain = Chain::with_entry();
    let mut entry = crate::story::papers::branch_list();
    entry.id.code = "307002/000002".parse().unwrap();
    let signed = chain.sign(Centre::Suzhou, Payload::Publish(entry));
    let (next, id, time) = (chain.tip().height.next(), chain.network.chain, chain.now());
    let proposed = chain.propose(vec![signed.clone()]);
    let verified = chain.take_in(signed.clone()).unwrap();
    for (from, is_known) in [(next.next(), true), (next, false)] {
        let mut changes = Changes::default();
        changes.put(b"schedule".to_vec(), to_bytes(&vec![(Height(0), 1u16), (from, 2)]));
        let mut chain = chain.clone();
        chain.operate(&changes);
        let (state, tip) = (chain.state(), chain.tip());
        let fault: Fault = UnknownVersion(2).into();
        let executed =
            block::execute(state, &tip, chain.state_root(), id, &proposed.block, &Direct).map(|_| ());
        let probed = block::probe(state, &tip, id, time, signed.clone().into(), &Direct).map(|_| ());
        let again = block::probe_again(state, &tip, id, time, &verified);
        let made = block::propose(state, &tip, chain.proposal(), vec![verified.clone()]).map(|_| ());
        if is_known {
            assert_eq!((executed, probed, again, made), (Ok(()), Ok(()), Ok(()), Ok(())));
        } else {
            assert_eq!(executed, Err(BlockRejection::Fault(fault.clone())));
            assert_eq!(probed, Err(Rejection::Fault(fault.clone())));
            assert_eq!(again, Err(Rejection::Fault(fault.clone())));
            assert_eq!(made, Err(fault));
        }
    }
}

#[test]
fn a_damaged_object_is_a_fault() {
    let (mut chain, grant) = Chain::with_grant(3);
    let ticket = chain.a_ticket(&grant);
    let receipt = chain.a_receipt(&ticket);
    let signed = chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt));
    let proposed = chain.propose(vec![signed]);
    let keys = [
        [b"grant/".as_slice(), &grant.0].concat(),
        format!("department/{}", Centre::Chengdu.id()).into_bytes(),
        b"in-force/national".to_vec(),
        b"receipt-log".to_vec(),
        b"parameters".to_vec(),
        b"validators".to_vec(),
        b"before/validators".to_vec(),
        b"schedule".to_vec(),
    ];
    for key in keys {
        let mut damaged = chain.clone();
        let mut changes = Changes::default();
        changes.put(key.clone(), vec![0x82, 0x00]);
        damaged.operate(&changes);
        let done = block::execute(
            damaged.state(),
            &chain.tip(),
            chain.state_root(),
            chain.network.chain,
            &proposed.block,
            &Direct,
        );
        assert!(matches!(done, Err(BlockRejection::Fault(_))), "{}: {done:?}", String::from_utf8_lossy(&key));
    }
    for key in [b"parameters".as_slice(), b"validators", b"schedule"] {
        let mut damaged = chain.clone();
        let mut changes = Changes::default();
        changes.remove(key.to_vec());
        damaged.operate(&changes);
        let done = block::execute(
            damaged.state(),
            &chain.tip(),
            chain.state_root(),
            chain.network.chain,
            &proposed.block,
            &Direct,
        );
        assert!(matches!(done, Err(BlockRejection::Fault(_))), "{}: {done:?}", String::from_utf8_lossy(key));
    }
}
