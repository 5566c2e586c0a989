//! Random histories. Goal: whatever departments hand in, right or wrong, in whatever order and blocks,
//! nothing panics, all replicas agree, and the promises about grants and records hold after each block.
//! Method: a history is a list of moves; each becomes a signed transaction against what happened before,
//! many of them wrong on purpose; blocks are closed at random.

use crate::inspected;
use crate::story::papers::{MINUTE, code, loosen, next_version, payment_certificate, tighten};
use crate::story::{Centre, Chain, Replica};
use gm::sm2::Direct;
use ledger::catalogue::Mode;
use ledger::grant::Grant;
use ledger::ids::{GrantId, Height, InspectionId, RequestId, TxId};
use ledger::policy::{PolicyOwner, PolicySet};
use ledger::protocol::Protocol;
use ledger::receipt::{DeliveryOutcome, DenialClass, PolicyVersions, Record, RecordKind, Ticket};
use ledger::refusal::Refusal;
use ledger::request::{Request, RequestStatus, SubmitRequest};
use ledger::role::Role;
use ledger::state::StateRead as _;
use ledger::transaction::{Payload, Signed};
use ledger::views;
use ledger::wire::{from_bytes, to_bytes};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::{BTreeMap, BTreeSet};

/// One step of a history. `Twist` says what is wrong with it, if anything.
#[derive(Clone, Debug)]
enum Move {
    Publish(Who, Twist),
    Ask { by: Who, quota: u32, is_batch: bool, days: u64, twist: Twist },
    Approve { request: Index, by: Who, twist: Twist },
    Refuse { request: Index, by: Who, twist: Twist },
    Withdraw { request: Index, by: Who },
    Revoke { grant: Index, by: Who },
    Answer { grant: Index, units: u32, by: Who, twist: Twist },
    Deny { grant: Index, twist: Twist },
    AnswerAgain { ticket: Index },
    Acknowledge { tickets: Vec<Index>, by: Who },
    Draft { layer: usize, is_loose: bool, by: Who, twist: Twist },
    Countersign { layer: usize, by: Who, twist: Twist },
    TakeBack { layer: usize, by: Who, twist: Twist },
    Anchor { by: Who, size: u64 },
    Report { by: Who, height: u64 },
    Inspect { by: Who, twist: Twist },
    Look { inspection: Index, seen: Index, by: Who, twist: Twist },
    Conclude { inspection: Index, by: Who },
    Replay { earlier: Index },
    Tamper { earlier: Index, bit: Index },
    Close { wait_ms: u64 },
}

/// Mostly the right department.
#[derive(Clone, Copy, Debug)]
enum Who {
    Right,
    Other(Centre),
}

impl Who {
    const fn or(self, right: Centre) -> Centre {
        match self {
            Self::Right => right,
            Self::Other(centre) => centre,
        }
    }
}

/// Mostly nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    None,
    Items,
    Time,
    Quota,
    Policy,
    Officer,
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        8 => Just(Who::Right),
        1 => proptest::sample::select(Centre::ALL.to_vec()).prop_map(Who::Other),
    ]
}

fn twist() -> impl Strategy<Value = Twist> {
    use Twist::{Items, None, Officer, Policy, Quota, Time};
    prop_oneof![
        10 => Just(None),
        1 => Just(Items), 1 => Just(Time), 1 => Just(Quota), 1 => Just(Policy), 1 => Just(Officer),
    ]
}

fn a_move() -> impl Strategy<Value = Move> {
    let index = any::<Index>;
    let wait_ms = prop_oneof![12 => 0u64..5_000, 4 => 0..3 * MINUTE, 1 => 0..24 * 60 * MINUTE];
    prop_oneof![
        1 => (who(), twist()).prop_map(|(by, twist)| Move::Publish(by, twist)),
        4 => (who(), 0u32..6, any::<bool>(), 0u64..4, twist())
            .prop_map(|(by, quota, is_batch, days, twist)| Move::Ask { by, quota, is_batch, days, twist }),
        5 => (index(), who(), twist()).prop_map(|(request, by, twist)| Move::Approve { request, by, twist }),
        1 => (index(), who(), twist()).prop_map(|(request, by, twist)| Move::Refuse { request, by, twist }),
        2 => (index(), who()).prop_map(|(request, by)| Move::Withdraw { request, by }),
        2 => (index(), who()).prop_map(|(grant, by)| Move::Revoke { grant, by }),
        9 => (index(), 0u32..4, who(), twist())
            .prop_map(|(grant, units, by, twist)| Move::Answer { grant, units, by, twist }),
        2 => (index(), twist()).prop_map(|(grant, twist)| Move::Deny { grant, twist }),
        2 => index().prop_map(|ticket| Move::AnswerAgain { ticket }),
        3 => (vec(index(), 0..4), who()).prop_map(|(tickets, by)| Move::Acknowledge { tickets, by }),
        4 => (0..LAYERS, any::<bool>(), who(), twist())
            .prop_map(|(layer, is_loose, by, twist)| Move::Draft { layer, is_loose, by, twist }),
        5 => (0..LAYERS, who(), twist()).prop_map(|(layer, by, twist)| Move::Countersign { layer, by, twist }),
        1 => (0..LAYERS, who(), twist()).prop_map(|(layer, by, twist)| Move::TakeBack { layer, by, twist }),
        1 => (who(), 0u64..5).prop_map(|(by, size)| Move::Anchor { by, size }),
        1 => (who(), 1u64..5).prop_map(|(by, height)| Move::Report { by, height }),
        2 => (who(), twist()).prop_map(|(by, twist)| Move::Inspect { by, twist }),
        4 => (index(), index(), who(), twist())
            .prop_map(|(inspection, seen, by, twist)| Move::Look { inspection, seen, by, twist }),
        1 => (index(), who()).prop_map(|(inspection, by)| Move::Conclude { inspection, by }),
        2 => index().prop_map(|earlier| Move::Replay { earlier }),
        1 => (index(), index()).prop_map(|(earlier, bit)| Move::Tamper { earlier, bit }),
        8 => wait_ms.prop_map(|wait_ms| Move::Close { wait_ms }),
    ]
}

/// How many layers change in a history.
const LAYERS: usize = 3;

/// A layer and who writes it.
fn layer(number: usize) -> (PolicyOwner, Centre) {
    match number {
        0 => (PolicyOwner::Nation, Centre::Guangzhou),
        1 => (PolicyOwner::Region(Centre::Chengdu.region().province()), Centre::Chengdu),
        _ => (PolicyOwner::Department(Centre::Chengdu.id()), Centre::Chengdu),
    }
}

/// What a history knows of itself.
struct History {
    chain: Chain,
    waiting: Vec<Signed>,
    signed: Vec<Signed>,
    requests: Vec<(RequestId, SubmitRequest)>,
    grants: Vec<(GrantId, Mode)>,
    tickets: Vec<Ticket>,
    inspections: Vec<InspectionId>,
    /// The set last drafted for each layer, taken or not.
    drafted: BTreeMap<usize, PolicySet>,
    /// What was in force after each block.
    in_force: Vec<(Height, PolicyVersions)>,
    applied: BTreeSet<TxId>,
    refusals: BTreeSet<Refusal>,
}

impl History {
    fn begin() -> Self {
        let mut history = Self {
            chain: Chain::with_entry(),
            waiting: vec![],
            signed: vec![],
            requests: vec![],
            grants: vec![],
            tickets: vec![],
            inspections: vec![],
            drafted: BTreeMap::new(),
            in_force: vec![],
            applied: BTreeSet::new(),
            refusals: BTreeSet::new(),
        };
        // Something to refer to: a grant for queries and one for batches, both waiting for their block.
        for (is_batch, quota) in [(false, 3), (true, 9)] {
            let (by, twist) = (Who::Right, Twist::None);
            history.make(&Move::Ask { by, quota, is_batch, days: 2, twist });
            let (id, asked) = history.requests.last().cloned().unwrap();
            let approval = history.chain.approval_of(&id, &asked);
            history.hand_in(Centre::Chengdu, Payload::ApproveRequest(approval));
        }
        history.make(&Move::Inspect { by: Who::Right, twist: Twist::None });
        history
    }

    fn hand_in(&mut self, by: Centre, payload: Payload) -> TxId {
        let mode = match &payload {
            Payload::ApproveRequest(approval) => {
                let asked = self.requests.iter().find(|(id, _)| *id == approval.request);
                asked.map(|(_, asked)| asked.mode)
            }
            _ => None,
        };
        let signed = self.chain.sign(by, payload);
        let id = signed.id();
        if let Some(mode) = mode {
            self.grants.push((id.into(), mode));
        }
        self.signed.push(signed.clone());
        self.waiting.push(signed);
        id
    }

    fn ticket(&mut self, grant: &Index, units: u32, twist: Twist) -> Ticket {
        let (id, mode) = *grant.get(&self.grants);
        let units = if mode == Mode::Query { units.min(1) } else { units };
        let mut ticket = Ticket { mode, units, ..self.chain.a_ticket(&id) };
        match twist {
            Twist::Time => ticket.valid_until = self.chain.tip().time,
            Twist::Quota => ticket.units = u32::MAX,
            Twist::Officer => ticket.requester = Centre::Suzhou.id(),
            Twist::Items => ticket.grant = GrantId([9; 32]),
            Twist::None | Twist::Policy => {}
        }
        self.tickets.push(ticket.clone());
        ticket
    }

    fn make(&mut self, a_move: &Move) {
        match a_move {
            Move::Publish(by, twist) => {
                let id = payment_certificate().id;
                let latest = views::latest_entry(self.chain.state(), &id.code).unwrap().unwrap().entry;
                let mut entry = next_version(&latest);
                if *twist != Twist::None {
                    entry.previous = None;
                }
                self.hand_in(by.or(Centre::Chengdu), Payload::Publish(entry));
            }
            Move::Ask { by, quota, is_batch, days, twist } => {
                let mut asked = self.chain.a_request();
                let code_of = asked.entry.code.clone();
                let latest = views::latest_version(self.chain.state(), &code_of).unwrap();
                asked.entry.version = latest.unwrap();
                asked.quota = *quota;
                asked.until = asked.from.plus_ms(days * 24 * 60 * MINUTE);
                asked.mode = if *is_batch { Mode::Batch } else { Mode::Query };
                match twist {
                    Twist::Items => drop(asked.items.insert(code("YJCE"))),
                    Twist::Time => asked.from = asked.from.plus_ms(24 * 60 * MINUTE),
                    Twist::Policy => asked.mode = Mode::File,
                    Twist::Officer => asked.second.pseudonym = asked.by.pseudonym,
                    Twist::None | Twist::Quota => {}
                }
                let by = by.or(Centre::Guangzhou);
                self.requests.push((self.chain.next_request(by), asked.clone()));
                self.hand_in(by, Payload::SubmitRequest(asked));
            }
            Move::Approve { request, by, twist } => {
                let (id, asked) = request.get(&self.requests).clone();
                let mut approval = self.chain.approval_of(&id, &asked);
                match twist {
                    Twist::Items => approval.items.iter_mut().for_each(|item| item.mask = None),
                    Twist::Time => approval.until = approval.until.plus_ms(1),
                    Twist::Quota => approval.quota += 1,
                    Twist::Policy => approval.policy_versions.region.0[3] ^= 1,
                    Twist::Officer => approval.second.pseudonym = asked.by.pseudonym,
                    Twist::None => {}
                }
                self.hand_in(by.or(Centre::Chengdu), Payload::ApproveRequest(approval));
            }
            Move::Refuse { request, by, twist } => {
                let (id, asked) = request.get(&self.requests).clone();
                let mut refused = self.chain.a_refusal(&id);
                match twist {
                    Twist::Items => refused.condition = 9,
                    Twist::Officer => refused.by.pseudonym = asked.by.pseudonym,
                    Twist::None | Twist::Time | Twist::Quota | Twist::Policy => {}
                }
                self.hand_in(by.or(Centre::Chengdu), Payload::RefuseRequest(refused));
            }
            Move::Withdraw { request, by } => {
                let withdrawn = self.chain.a_withdrawal(&request.get(&self.requests).0);
                self.hand_in(by.or(Centre::Guangzhou), Payload::WithdrawRequest(withdrawn));
            }
            Move::Revoke { grant, by } => {
                let revocation = self.chain.a_revocation(&grant.get(&self.grants).0);
                self.hand_in(by.or(Centre::Chengdu), Payload::RevokeGrant(revocation));
            }
            Move::Answer { grant, units, by, twist } => {
                let ticket = self.ticket(grant, *units, *twist);
                let mut receipt = self.chain.a_receipt(&ticket);
                if *twist == Twist::Policy {
                    receipt.policy_versions.national.0[0] ^= 1;
                }
                self.hand_in(by.or(Centre::Chengdu), Payload::RecordAnswer(receipt));
            }
            Move::Deny { grant, twist } => {
                let ticket = self.ticket(grant, 1, *twist);
                let denial = self.chain.a_denial(&ticket, DenialClass::Policy);
                self.hand_in(Centre::Chengdu, Payload::RecordDenial(denial));
            }
            Move::AnswerAgain { ticket } => {
                if !self.tickets.is_empty() {
                    let receipt = self.chain.a_receipt(ticket.get(&self.tickets));
                    self.hand_in(Centre::Chengdu, Payload::RecordAnswer(receipt));
                }
            }
            Move::Acknowledge { tickets, by } => {
                let known = tickets.iter().filter(|_| !self.tickets.is_empty());
                let queries: Vec<_> = known.map(|ticket| ticket.get(&self.tickets).query_id()).collect();
                let mut delivery = self.chain.a_delivery(&queries);
                if let Some((_, outcome)) = delivery.marks.first_mut() {
                    *outcome = DeliveryOutcome::RejectedContent;
                }
                self.hand_in(by.or(Centre::Guangzhou), Payload::Acknowledge(delivery));
            }
            Move::Draft { layer: number, is_loose, by, twist } => {
                let (owner, right) = layer(*number);
                let change = if *is_loose { loosen } else { tighten };
                let mut set = self.chain.next_policy(&owner, change);
                match twist {
                    Twist::Items => set.rows.push(set.rows[0].clone()),
                    Twist::Quota => set.number += 1,
                    Twist::Policy => set.previous.0[0] ^= 1,
                    Twist::None | Twist::Time | Twist::Officer => {}
                }
                self.drafted.insert(*number, set.clone());
                let by = by.or(right);
                self.hand_in(by, Payload::DraftPolicy(self.chain.a_draft(by, &set)));
            }
            Move::Countersign { layer: number, by, twist } => {
                let (owner, right) = layer(*number);
                let last = self.drafted.get(number).cloned();
                let set = last.unwrap_or_else(|| self.chain.next_policy(&owner, tighten));
                let by = by.or(right);
                let mut signed = self.chain.a_countersignature(by, &set);
                match twist {
                    Twist::Officer => signed.by = self.chain.a_draft(by, &set).by,
                    Twist::Policy => signed.version.0[0] ^= 1,
                    Twist::None | Twist::Items | Twist::Time | Twist::Quota => {}
                }
                self.hand_in(by, Payload::CountersignPolicy(signed));
            }
            Move::TakeBack { layer: number, by, twist } => {
                let (owner, right) = layer(*number);
                let last = self.drafted.get(number).cloned();
                let set = last.unwrap_or_else(|| self.chain.next_policy(&owner, tighten));
                let by = by.or(right);
                let mut withdrawn = self.chain.a_policys_withdrawal(by, &set);
                if *twist == Twist::Policy {
                    withdrawn.version.0[0] ^= 1;
                }
                self.hand_in(by, Payload::WithdrawPolicy(withdrawn));
            }
            Move::Anchor { by, size } => {
                self.hand_in(by.or(Centre::Guangzhou), Payload::AnchorRoster(self.chain.a_roster(*size)));
            }
            Move::Report { by, height } => {
                let proof = self.chain.an_equivocation(*height);
                self.hand_in(by.or(Centre::Guangzhou), Payload::ReportEquivocation(proof));
            }
            Move::Inspect { by, twist } => {
                let terms = inspected::terms(&self.chain, *twist);
                self.inspections.push(self.chain.next_inspection());
                self.hand_in(by.or(Centre::Inspectorate), Payload::OpenInspection(terms));
            }
            Move::Look { inspection, seen, by, twist } => {
                let id = inspection.get(&self.inspections);
                let looks = inspected::looks(&self.chain, id, seen, *twist);
                self.hand_in(by.or(Centre::Inspectorate), Payload::RecordLooks(looks));
            }
            Move::Conclude { inspection, by } => {
                let closing = self.chain.a_closing(inspection.get(&self.inspections));
                self.hand_in(by.or(Centre::Inspectorate), Payload::CloseInspection(closing));
            }
            Move::Replay { earlier } => {
                let signed = earlier.get(&self.signed).clone();
                self.waiting.push(signed);
            }
            Move::Tamper { earlier, bit } => {
                let mut bytes = to_bytes(earlier.get(&self.signed));
                let bit = bit.index(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                if let Ok(signed) = from_bytes(&bytes) {
                    self.waiting.push(signed);
                }
            }
            Move::Close { wait_ms } => {
                self.chain.wait_ms(*wait_ms);
                self.close();
            }
        }
    }

    /// Makes a block of what waits. `Chain::decide` sees to it that all replicas agree.
    fn close(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let proposed = self.chain.propose(waiting.clone());
        let taken = &proposed.block.transactions;
        assert_eq!(taken.len() + proposed.left_out.len(), waiting.len(), "each is taken or refused");
        let known: BTreeSet<_> = self.signed.iter().map(to_bytes).collect();
        for signed in taken {
            assert!(known.contains(&to_bytes(signed)), "nothing that was tampered with takes effect");
            assert!(self.applied.insert(signed.id()), "nothing takes effect twice");
        }
        for (id, refusal) in &proposed.left_out {
            self.refusals.insert(*refusal);
            let replayed = matches!(refusal, Refusal::TxReplayed);
            assert!(!replayed || self.applied.contains(id), "only what took effect is a replay");
        }
        self.chain.decide(&proposed);
        self.in_force.push((self.chain.tip().height, self.chain.policies_of(Centre::Chengdu)));
        check_promises(&self.chain);
        check_policies(&self.chain);
        inspected::check(&self.chain);
        // At once again: nothing of it takes effect a second time.
        let again = self.chain.propose(taken.iter().map(|signed| signed.signed().clone()).collect());
        assert!(again.block.transactions.is_empty());
        for (_, refusal) in again.left_out {
            assert!(matches!(refusal, Refusal::TxReplayed | Refusal::TxExpired), "{refusal:?}");
        }
    }

    /// One who joins late executes all blocks and stands where the others stand.
    fn end(&mut self) {
        self.close();
        let network = &self.chain.network;
        let mut late = Replica::founded(network);
        for (block, certificate) in &self.chain.decided {
            let sent = from_bytes(&to_bytes(block)).unwrap();
            late.take(network, &sent).unwrap();
            assert_eq!(certificate.check(&network.genesis.validator_set(), network.chain, &Direct), Ok(()));
        }
        assert_eq!(late.tip, self.chain.tip());
        for (height, versions) in &self.in_force {
            let found = views::policy_versions_at(&late.state, &Centre::Chengdu.id(), *height).unwrap();
            assert_eq!(found.as_ref(), Some(versions), "what was in force at {height} is found again");
        }
    }
}

/// Of each layer one set is in force; every one that ever was follows the one before, was drafted and countersigned
/// by two officers of who writes it, and waited where it lets more pass.
fn check_policies(chain: &Chain) {
    let state = chain.state();
    let wait_ms = chain.network.genesis.parameters.loosening_ms;
    for set in views::policies(state, None, 1_000).unwrap() {
        let owner = set.owner.clone();
        let mut before: Option<ledger::amendment::Enacted> = None;
        for number in 1..=set.number {
            let enacted = views::policy_enacted(state, &owner, number).unwrap().expect("none is missing");
            assert_eq!((&enacted.set.owner, enacted.set.number), (&owner, number));
            assert_eq!(enacted.version, enacted.set.version(chain.network.chain));
            assert!(enacted.set.is_sound(&Protocol::NEWEST.limits));
            assert_eq!((number == 1, number == 1), (enacted.steps.is_none(), before.is_none()));
            if let (Some(before), Some((drafted, countersigned))) = (&before, &enacted.steps) {
                assert_eq!(enacted.set.previous, before.version);
                assert!(drafted.by.pseudonym != countersigned.by.pseudonym, "two people");
                assert!([drafted, countersigned].iter().all(|step| step.by.role == Role::SecAdmin));
                assert!(before.since <= drafted.height && drafted.height < countersigned.height);
                let waits = !ledger::policy::narrows(&before.set, &enacted.set);
                let due = if waits { countersigned.at.plus_ms(wait_ms) } else { countersigned.at };
                assert!(enacted.at >= due && enacted.since >= countersigned.height);
                assert!(waits || enacted.since == countersigned.height);
            }
            before = Some(enacted);
        }
        let newest = before.unwrap();
        assert_eq!(newest.set, set, "what is in force is the newest, and one");
        assert_eq!(views::policy_version(state, &owner).unwrap(), Some(newest.version));
        assert_eq!(views::policy_enacted(state, &owner, set.number + 1).unwrap(), None);
        if let Some(pending) = views::policy_pending(state, &owner).unwrap() {
            assert_eq!(pending.draft.set.previous, newest.version, "nothing waits that was overtaken");
            assert!(pending.due > chain.tip().time, "nothing waits whose time has come");
        }
    }
}

fn check_promises(chain: &Chain) {
    let state = chain.state();
    let requests: Vec<Request> = views::requests(state, None, 1_000).unwrap();
    let grants: Vec<Grant> = views::grants(state, None, 1_000).unwrap();
    let records: Vec<Record> = chain.history.records().unwrap();

    // One grant at most answers a request, and each knows of the other.
    let by_request: BTreeMap<_, _> = grants.iter().map(|grant| (grant.request, grant)).collect();
    assert_eq!(by_request.len(), grants.len(), "never two grants from one request");
    for request in &requests {
        let granted = by_request.get(&request.id);
        assert_eq!(request.status == RequestStatus::Submitted, request.decided.is_none());
        match &request.status {
            RequestStatus::Granted(id) => assert_eq!(granted.map(|grant| grant.id), Some(*id)),
            _ => assert!(granted.is_none()),
        }
        if let Some(grant) = granted {
            assert!(grant.quota <= request.asked.quota && grant.quota > 0);
            assert!(grant.from >= request.asked.from && grant.until <= request.asked.until);
            assert!(grant.items.iter().all(|item| request.asked.items.contains(&item.code)));
            assert_eq!(grant.purpose, request.asked.purpose);
            assert_eq!((&grant.requester, &grant.provider), (&request.requester, &request.asked.provider));
            let officers =
                [&request.submitted, &grant.approved].map(|step| [Some(&step.by), step.second.as_ref()]);
            let officers: Vec<_> = officers.iter().flatten().flatten().map(|by| by.pseudonym).collect();
            assert_eq!(officers.iter().collect::<BTreeSet<_>>().len(), 4, "four people: two ask, two grant");
        }
    }
    let consecutive = |mut numbers: Vec<u64>| {
        numbers.sort_unstable();
        assert!((1u64..).zip(&numbers).all(|(expected, number)| expected == *number), "{numbers:?}");
    };
    consecutive(requests.iter().map(|request| request.number).collect());
    consecutive(grants.iter().map(|grant| grant.number).collect());

    // Units and uses of each grant are those of its answers, and every answer has its grant.
    let mut answers: BTreeMap<GrantId, Vec<(u64, u64, &Record)>> = BTreeMap::new();
    for record in &records {
        if let RecordKind::Answer { use_no, .. } = record.kind {
            let of = answers.entry(record.ticket.grant).or_default();
            of.push((use_no.into(), record.ticket.units.into(), record));
        }
    }
    for grant in &grants {
        let of = answers.remove(&grant.id).unwrap_or_default();
        assert!(grant.used_units <= grant.quota, "never more than the quota");
        assert_eq!(of.iter().map(|(_, units, _)| units).sum::<u64>(), grant.used_units.into());
        assert_eq!(of.len() as u64, grant.uses.into());
        consecutive(of.iter().map(|(use_no, ..)| *use_no).collect());
        for (_, _, record) in of {
            assert!((grant.from..=grant.until).contains(&record.recorded.at));
            assert!(record.recorded.at <= record.ticket.valid_until);
            let revoked = grant.revoked.as_ref().map(|revoked| revoked.step.height);
            assert!(revoked.is_none_or(|height| record.recorded.height < height), "no answer after the end");
        }
    }
    assert!(answers.is_empty(), "no answer without a grant");
    for record in &records {
        let is_answer = matches!(record.kind, RecordKind::Answer { .. });
        assert!(is_answer || record.delivery.is_none(), "a denial is not acknowledged");
    }

    // The receipt log counts every record once, and every acknowledgement.
    let blocks = chain.decided.iter().flat_map(|(block, _)| &block.transactions);
    let leaves: Vec<_> = blocks.filter_map(|signed| signed.body.payload.receipt_leaf()).collect();
    assert_eq!(chain.tip().receipt_root, gm::merkle::root(&leaves));
    assert_eq!(chain.tip().receipt_count, leaves.len() as u64);
    let places: BTreeSet<_> = records.iter().map(|record| record.log_index).collect();
    assert_eq!(places.len(), records.len(), "each at its own place");

    // The state keeps of answers what is open, and nothing longer than it can be acknowledged.
    let refetch_ms = chain.network.genesis.parameters.refetch_ms;
    let open = state.scan(b"open/", None, usize::MAX).unwrap();
    let expected: BTreeSet<_> = records
        .iter()
        .filter(|record| matches!(record.kind, RecordKind::Answer { .. }) && record.delivery.is_none())
        .filter(|record| record.recorded.at.plus_ms(refetch_ms) >= chain.tip().time)
        .map(|record| [b"open/".as_slice(), &record.query.0].concat())
        .collect();
    assert_eq!(open.into_iter().map(|(key, _)| key).collect::<BTreeSet<_>>(), expected);
    assert_eq!(state.scan(b"lapsing/", None, usize::MAX).unwrap().len(), expected.len());
    for record in &records {
        let is_used = views::is_used(state, &record.ticket).unwrap();
        assert_eq!(is_used, record.ticket.valid_until >= chain.tip().time, "{:?}", record.ticket);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_a_promise(moves in vec(a_move(), 10..70)) {
        let mut history = History::begin();
        for a_move in &moves {
            history.make(a_move);
        }
        history.end();
    }
}

/// The generator is worth something only if both right and wrong things happen in it.
#[test]
fn histories_hold_every_kind_of_step_and_many_refusals() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut names, mut refusals) = (BTreeSet::new(), BTreeSet::new());
    let (mut uses_max, mut units_max) = (0, 0);
    for _ in 0..48 {
        let moves = vec(a_move(), 60).new_tree(&mut runner).unwrap().current();
        let mut history = History::begin();
        moves.iter().for_each(|a_move| history.make(a_move));
        history.end();
        let blocks = history.chain.decided.iter();
        names.extend(blocks.flat_map(|(block, _)| &block.transactions).map(|s| s.body.payload.name()));
        refusals.append(&mut history.refusals);
        for grant in views::grants(history.chain.state(), None, 1_000).unwrap() {
            uses_max = uses_max.max(grant.uses);
            units_max = units_max.max(grant.used_units - grant.uses);
        }
    }
    let all: BTreeSet<_> = Payload::NAMES.iter().copied().collect();
    assert_eq!(names, all);
    assert!(refusals.len() >= 20, "{refusals:?}");
    assert!(uses_max >= 3 && units_max >= 2, "{uses_max} uses, {units_max} further units of batches");
}
