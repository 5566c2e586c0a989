//! A chain in memory, for tables: gz publishes, sz asks, jd inspects. What happens on it goes through the
//! ledger's own rules, block by block; the read model is filled from its blocks. Only the network is left out.

mod equivocation;
mod inspections;
mod projected;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use access::{Judge, starter_rows};
use gm::domain::{ChainId, Kind};
use gm::sm2::{Direct, SecretKey, Signature};
use gm::sm3::{Digest, sm3};
use ledger::amendment::Stewardship;
use ledger::apply::{Rejection, Verified};
use ledger::block::{Block, Proposal, execute, probe, propose};
use ledger::catalogue::{Entry, Mode};
use ledger::certificate::{Certificate, vote_body};
use ledger::department::{Card, KeyKind};
use ledger::founding::{self, Founder};
use ledger::genesis::Genesis;
use ledger::grant::RevokeGrant;
use ledger::ids::{CodeFront, DepartmentId, GrantId, Nonce, PeerKey, QueryId, RequestId, Time, TxId};
use ledger::index::MemoryLedger;
use ledger::parameters::Parameters;
use ledger::policy::{Effect, PolicyOwner, PolicyRow};
use ledger::receipt::{
    Delivery, DeliveryOutcome, Denial, DenialClass, LogHead, PolicyVersions, Receipt, Ticket,
};
use ledger::refusal::Refusal;
use ledger::request::{ApproveRequest, RefuseRequest, SubmitRequest, WithdrawRequest};
use ledger::text::{Text, Words};
use ledger::tip::Tip;
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::tree::MemoryTree;
use ledger::views;
use ledger::wire::to_bytes;
use zeroize::Zeroizing;

use crate::bureau::Bureau;
use crate::codes::Role;
use crate::entry_file;
use crate::error::ServiceError;
use crate::names::{Names, day_text, ms};
use crate::officer::Officer;
use crate::requests::tests::{approval, asked};
use crate::requests::{ApproveInput, ApproveItem, RequestInput};
use crate::scene::{Party, Scene};
use crate::zones::Zones;

pub(crate) use projected::Projected;

/// 2026-11-20, ten in the morning of UTC+8.
pub(crate) const MORNING: Time = Time(1_795_140_000_000);
/// The code of gz's entry.
pub(crate) const CODE: &str = "307001/000001";
/// An id that nothing has.
pub(crate) const NOTHING: [u8; 32] = [9; 32];

/// A department of the stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum House {
    /// Provides.
    Gz,
    /// Asks.
    Sz,
    /// Inspects.
    Jd,
}

impl House {
    const ALL: [Self; 3] = [Self::Gz, Self::Sz, Self::Jd];

    pub(crate) fn id(self) -> DepartmentId {
        let id = match self {
            Self::Gz => "12440100X00000254F",
            Self::Sz => "12440300X00000262L",
            Self::Jd => "11510000X00000430L",
        };
        id.parse().unwrap()
    }

    /// The fronts of its resource codes.
    fn codes(self) -> Vec<CodeFront> {
        let fronts: &[&str] = match self {
            Self::Gz => &[CODE, "307001/000003"],
            Self::Sz => &["307001/000002"],
            Self::Jd => &[],
        };
        fronts.iter().map(|front| front.parse().unwrap()).collect()
    }

    const fn region(self) -> &'static str {
        match self {
            Self::Gz => "440100",
            Self::Sz => "440300",
            Self::Jd => "510000",
        }
    }
}

/// Keys of a department.
struct Keys {
    office: SecretKey,
    online: SecretKey,
    consensus: SecretKey,
}

/// The chain.
pub(crate) struct Stage {
    genesis: Genesis,
    keys: [Keys; 3],
    pub(crate) state: MemoryLedger,
    tree: MemoryTree,
    tip: Tip,
    /// What was decided, from height 1.
    pub(crate) blocks: Vec<(Block, Certificate)>,
    signed: u64,
    judge: Arc<Judge>,
    /// The next block's time.
    pub(crate) now: Time,
}

impl Stage {
    /// Three departments, nothing published.
    pub(crate) fn founded() -> Self {
        let key = || SecretKey::generate().unwrap();
        let keys = [0; 3].map(|_| Keys { office: key(), online: key(), consensus: key() });
        let cards = House::ALL.into_iter().zip(&keys).map(|(house, keys)| card(house, keys)).collect();
        let rows = |owner: &PolicyOwner| Ok::<_, Infallible>(rows(owner));
        let name = Text::new("stage").unwrap();
        let began = Time(MORNING.0 - 1_000);
        // gz writes the province's layer, under which sz stands too; the nation's stays as it is founded.
        let stewards = vec![Stewardship { owner: province(), steward: House::Gz.id() }];
        let genesis = founding::join(name, began, Parameters::DEFAULT, cards, stewards, rows).unwrap();
        let mut state = MemoryLedger::default();
        let (changes, tip) = genesis.initial();
        state.state.commit(&changes);
        let tree = MemoryTree::founded(&changes).unwrap();
        let judge = Arc::new(Judge::new().unwrap());
        Self { genesis, keys, state, tree, tip, blocks: Vec::new(), signed: 0, judge, now: MORNING }
    }

    /// gz has published its entry.
    pub(crate) fn published() -> Self {
        let mut stage = Self::founded();
        stage.submit(House::Gz, Payload::Publish(entry(ENTRY))).unwrap();
        stage
    }

    /// sz has asked for three items of it.
    pub(crate) fn requested() -> (Self, RequestId) {
        let mut stage = Self::published();
        let request = stage.request();
        (stage, request)
    }

    /// gz has granted what was asked.
    pub(crate) fn granted() -> (Self, GrantId) {
        let (mut stage, request) = Self::requested();
        let grant = stage.approve(&request);
        (stage, grant)
    }

    /// One request of sz.
    pub(crate) fn request(&mut self) -> RequestId {
        self.request_with(|form| form)
    }

    /// One request of sz with a form filled in otherwise.
    pub(crate) fn request_with(&mut self, change: impl FnOnce(RequestInput) -> RequestInput) -> RequestId {
        let request = RequestId::of(self.chain(), &House::Sz.id(), &self.next_nonce());
        let form = change(RequestInput { from: day(self.now), ..a_request() });
        let payload = self.at(House::Sz, Role::ReqOperator, |scene| asked(scene, &request, &form).unwrap());
        let payload = self.countersigned(House::Sz, &request, payload);
        self.submit(House::Sz, payload).unwrap();
        request
    }

    /// What was drafted, countersigned by the lead of the house.
    pub(crate) fn countersigned(&self, house: House, request: &RequestId, drafted: Payload) -> Payload {
        let second = self.at(house, Role::DeptLead, |scene| scene.by(request.as_bytes()));
        match drafted {
            Payload::SubmitRequest(asked) => Payload::SubmitRequest(SubmitRequest { second, ..asked }),
            Payload::ApproveRequest(given) => Payload::ApproveRequest(ApproveRequest { second, ..given }),
            other => other,
        }
    }

    /// A grant of sz for a period of days.
    pub(crate) fn grant_for(&mut self, from: &str, until: &str) -> GrantId {
        let (from, until) = (from.to_owned(), until.to_owned());
        let request = self.request_with(|form| RequestInput { from, until, ..form });
        self.approve(&request)
    }

    fn next_nonce(&self) -> Nonce {
        Nonce(sm3(&[b"nonce", &self.signed.to_be_bytes()]).0)
    }

    /// Puts one transaction into a block of its own, a second after the last.
    pub(crate) fn submit(&mut self, by: House, payload: Payload) -> Result<TxId, Refusal> {
        let keys = &self.keys[by as usize];
        let key = if payload.key_kind() == KeyKind::Online { &keys.online } else { &keys.office };
        let body = Transaction {
            version: 1,
            chain: self.chain(),
            department: by.id(),
            key_id: key.public().key_id(),
            nonce: self.next_nonce(),
            valid_until: self.now.plus_ms(60_000),
            payload,
        };
        let signed = Signed::sign(body, key).unwrap();
        self.signed += 1;
        let id = signed.id();
        match probe(&self.state, &self.tip, self.chain(), self.now, signed.into(), &Direct) {
            Ok(verified) => self.decide(vec![verified]),
            Err(Rejection::Refused(refusal)) => return Err(refusal),
            Err(Rejection::Fault(fault)) => panic!("{fault}"),
        }
        Ok(id)
    }

    /// Makes the next block, which gz alone votes for.
    fn decide(&mut self, transactions: Vec<Verified>) {
        let (chain, voter) = (self.chain(), self.genesis.validator_set().validators()[0].address);
        let last_certificate = self.blocks.last().map(|(_, certificate)| certificate.clone());
        let (time, state_root) = (self.now, self.tree.root());
        let proposal = Proposal { chain, round: 0, time, proposer: voter, last_certificate, state_root };
        let made = propose(&self.state, &self.tip, proposal, transactions).unwrap();
        assert_eq!(made.left_out, []);
        let (height, block) = (made.tip.height, made.tip.block);
        let vote = vote_body(height, 0, Some(block), voter, true);
        let signature = self.keys[House::Gz as usize].consensus.sign(chain, Kind::Vote, &vote).unwrap();
        let certificate = Certificate { height, round: 0, block, signatures: vec![(voter, signature)] };
        self.state.commit(&made.block, &made.changes).unwrap();
        self.tree.commit(height, &made.changes).unwrap();
        self.blocks.push((made.block, certificate));
        self.tip = made.tip;
        self.now = self.now.plus_ms(1_000);
    }

    /// sz asks about one person under a grant, known or not; gz does not answer yet.
    fn ticket(&mut self, grant: GrantId) -> (Ticket, Signature) {
        // A block is decided upon what is not older than some minutes.
        self.decide(Vec::new());
        let key = &self.keys[House::Sz as usize].online;
        let ticket = Ticket {
            version: 1,
            chain: self.chain(),
            requester: House::Sz.id(),
            key_id: key.public().key_id(),
            grant,
            provider: House::Gz.id(),
            mode: Mode::Query,
            units: 1,
            seen_height: self.tip.height,
            seen_block: self.tip.block,
            valid_until: self.now.plus_ms(60_000),
            details_digest: Digest::ZERO,
        };
        let signature = key.sign(self.chain(), Kind::Ticket, &to_bytes(&ticket)).unwrap();
        (ticket, signature)
    }

    /// gz records an answer to sz.
    pub(crate) fn answer(&mut self, grant: GrantId) -> QueryId {
        let (ticket, ticket_signature) = self.ticket(grant);
        let query = ticket.query_id();
        let receipt = Receipt {
            ticket,
            ticket_signature,
            answer_digest: sm3(&[b"answer"]),
            policy_versions: self.policies_of_gz(),
            judged_height: self.tip.height,
            log_head: LogHead { size: 1, digest: Digest::ZERO },
        };
        self.submit(House::Gz, Payload::RecordAnswer(receipt)).unwrap();
        query
    }

    /// gz records that it denied sz an answer.
    pub(crate) fn deny(&mut self, grant: GrantId, class: DenialClass) -> QueryId {
        let (ticket, ticket_signature) = self.ticket(grant);
        let query = ticket.query_id();
        let denial = Denial {
            ticket,
            ticket_signature,
            class,
            decision_commit: Digest::ZERO,
            policy_versions: self.policies_of_gz(),
            judged_height: self.tip.height,
            log_head: LogHead { size: 1, digest: Digest::ZERO },
        };
        self.submit(House::Gz, Payload::RecordDenial(denial)).unwrap();
        query
    }

    /// sz says what became of an answer.
    pub(crate) fn acknowledge(&mut self, query: QueryId, outcome: DeliveryOutcome) {
        let log_head = LogHead { size: 1, digest: Digest::ZERO };
        let delivery = Delivery { marks: vec![(query, outcome)], marks_root: Digest::ZERO, log_head };
        self.submit(House::Sz, Payload::Acknowledge(delivery)).unwrap();
    }

    fn policies_of_gz(&self) -> PolicyVersions {
        views::policy_versions(&self.state, &House::Gz.id()).unwrap().unwrap()
    }

    /// gz grants a request as it was asked, from today on when its first day is over.
    pub(crate) fn approve(&mut self, request: &RequestId) -> GrantId {
        let payload = self.at(House::Gz, Role::ProvApprover, |scene| {
            let asked = scene.submitted(request).unwrap().asked;
            let form = ApproveInput {
                from: day(asked.from.max(scene.now)),
                until: day(asked.until),
                quota: asked.quota.to_string(),
                ..as_asked()
            };
            approval(scene, request, &form).unwrap()
        });
        let payload = self.countersigned(House::Gz, request, payload);
        GrantId::from(self.submit(House::Gz, payload).unwrap())
    }

    /// gz refuses a request under its second condition.
    pub(crate) fn refuse(&mut self, request: RequestId) {
        let by = self.at(House::Gz, Role::ProvApprover, |scene| scene.by(request.as_bytes()));
        let payload = Payload::RefuseRequest(RefuseRequest { request, condition: 1, by });
        self.submit(House::Gz, payload).unwrap();
    }

    /// sz takes a request back.
    pub(crate) fn withdraw(&mut self, request: RequestId) {
        let by = self.at(House::Sz, Role::ReqOperator, |scene| scene.by(request.as_bytes()));
        let reason = "01".parse().unwrap();
        let payload = Payload::WithdrawRequest(WithdrawRequest { request, reason, by });
        self.submit(House::Sz, payload).unwrap();
    }

    /// gz ends a grant.
    pub(crate) fn revoke(&mut self, grant: GrantId) {
        let by = self.at(House::Gz, Role::ProvApprover, |scene| scene.by(grant.as_bytes()));
        let reason = "01".parse().unwrap();
        self.submit(House::Gz, Payload::RevokeGrant(RevokeGrant { grant, reason, by })).unwrap();
    }

    /// A house publishes an entry like gz's under another code, made other by a change of its text.
    pub(crate) fn publish(&mut self, by: House, code: &str, change: impl FnOnce(String) -> String) {
        let text = change(ENTRY.replace(CODE, code));
        self.submit(by, Payload::Publish(entry(&text))).unwrap();
    }

    /// The read model filled from all blocks at once.
    pub(crate) async fn projected(&self) -> Projected {
        let projected = Projected::empty(ms(self.now)).await;
        for (block, _) in &self.blocks {
            projected.fill(&self.state, block).await;
        }
        projected
    }

    /// The read model filled block by block, each from the state right after it.
    pub(crate) async fn followed(&self) -> Projected {
        let projected = Projected::empty(ms(self.now)).await;
        let mut state = MemoryLedger::default();
        let (first, mut tip) = self.genesis.initial();
        state.state.commit(&first);
        let mut tree = MemoryTree::founded(&first).unwrap();
        for (block, _) in &self.blocks {
            let (changes, after) = execute(&state, &tip, tree.root(), self.chain(), block, &Direct).unwrap();
            state.commit(block, &changes).unwrap();
            tree.commit(after.height, &changes).unwrap();
            tip = after;
            projected.fill(&state, block).await;
        }
        projected
    }

    /// Puts a block without transactions, as time does.
    pub(crate) fn pass(&mut self) {
        self.decide(Vec::new());
    }

    pub(crate) const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    pub(crate) fn chain(&self) -> ChainId {
        self.genesis.chain()
    }

    /// Lets days pass.
    pub(crate) fn wait_days(&mut self, days: u64) {
        self.now = self.now.plus_ms(days * 24 * 60 * 60 * 1000);
    }

    /// What an officer of a house meets.
    pub(crate) fn at<T>(&self, house: House, role: Role, look: impl FnOnce(&Scene<'_>) -> T) -> T {
        self.met_by(house, &officer(house, role), look)
    }

    /// What this officer of a house meets. Every house has a hall: 198.51.100.0/24.
    pub(crate) fn met_by<T>(&self, house: House, officer: &Officer, look: impl FnOnce(&Scene<'_>) -> T) -> T {
        let mut zones = Zones::default();
        zones.add("hall", "198.51.100.0/24").unwrap();
        let bureau = Bureau {
            chain: self.chain(),
            department: house.id(),
            judge: Arc::clone(&self.judge),
            actor_key: Zeroizing::new([house as u8; 32]),
            zones,
        };
        let names = Arc::new(Names::read(&self.state, &house.id()).unwrap());
        look(&Scene::open(&bureau, officer, &self.state, names, self.now).unwrap())
    }
}

/// The starter rows; jd hides the catalogue from its clerks, and from everybody in its hall.
fn rows(owner: &PolicyOwner) -> Vec<PolicyRow> {
    let mut rows = starter_rows(owner.layer()).unwrap();
    if *owner == PolicyOwner::Department(House::Jd.id()) {
        rows.push(PolicyRow {
            id: "dep-no-browsing".parse().unwrap(),
            role: Text::new("BIZ_USER").unwrap(),
            action: Text::new("discover").unwrap(),
            effect: Effect::Deny,
            ..rows[0].clone()
        });
        rows.push(PolicyRow {
            id: "dep-not-in-the-hall".parse().unwrap(),
            action: Text::new("discover").unwrap(),
            zones: Text::new("hall").unwrap(),
            effect: Effect::Deny,
            ..rows[0].clone()
        });
    }
    rows
}

/// As whom someone looks, or why not.
pub(crate) fn as_whom(found: Result<Party, ServiceError>) -> String {
    match found {
        Ok(Party::Own) => String::from("own"),
        Ok(Party::Inspector(_)) => String::from("inspector"),
        Err(error) => said::<()>(Err(error)),
    }
}

/// The province of gz and sz.
pub(crate) fn province() -> PolicyOwner {
    PolicyOwner::Region("440000".parse().unwrap())
}

/// The day of a moment.
fn day(at: Time) -> String {
    day_text(ms(at))
}

/// Someone of a house in one role.
pub(crate) fn officer(house: House, role: Role) -> Officer {
    Officer {
        staff: 1,
        staff_id: role.code().to_owned(),
        account: "someone".to_owned(),
        name: "某人".to_owned(),
        roles: [role].into(),
        role,
        department: house.id(),
        clearance: Some(4),
        source: None,
        session: None,
    }
}

fn card(house: House, keys: &Keys) -> Card {
    let name = Text::new(house.region()).unwrap();
    let founder = Founder {
        id: house.id(),
        name: Words { zh: name.clone(), en: name },
        region: house.region().parse().unwrap(),
        inspectorate: house == House::Jd,
        codes: house.codes(),
        office: &keys.office,
        online: &keys.online,
        sealing: &SecretKey::generate().unwrap(),
        consensus: (house == House::Gz).then_some(&keys.consensus),
        peer: PeerKey::new(&[house as u8 + 1; 38]).unwrap(),
        actor_commit: Digest::ZERO,
    };
    founder.card().unwrap()
}

/// An entry from the text of its file.
fn entry(text: &str) -> Entry {
    entry_file::parse(Path::new("stage.entry.toml"), text).unwrap()
}

/// A later version of gz's entry.
pub(crate) fn revised(version: u32) -> Entry {
    entry(&ENTRY.replace("version = 1", &format!("version = {version}")))
}

/// A later version that is shared with nobody.
pub(crate) fn taken_back(version: u32) -> Entry {
    let shared = ENTRY.replace("version = 1", &format!("version = {version}"));
    let closed =
        shared.replace("\"conditional\"", "\"not-shared\"").replace("modes = [\"query\"]", "modes = []");
    entry(&closed)
}

/// The form of sz's request, filled in.
pub(crate) fn a_request() -> RequestInput {
    RequestInput {
        form_id: hex::encode([1; 32]),
        entry: CODE.to_owned(),
        version: 1,
        items: ["XingMing", "GRZHZT", "YJCE"].map(str::to_owned).to_vec(),
        purpose: "01".to_owned(),
        basis: "01".to_owned(),
        mode: "query".to_owned(),
        from: "2026-11-20".to_owned(),
        until: "2027-02-17".to_owned(),
        quota: "200".to_owned(),
    }
}

/// The form that grants it as asked.
pub(crate) fn as_asked() -> ApproveInput {
    let item = |code: &str, mask: &str| ApproveItem { code: code.to_owned(), mask: mask.to_owned() };
    ApproveInput {
        form_id: hex::encode([2; 32]),
        items: vec![item("XingMing", "MK-NAME"), item("GRZHZT", ""), item("YJCE", "")],
        quota: "200".to_owned(),
        from: "2026-11-20".to_owned(),
        until: "2027-02-17".to_owned(),
        receipt_mode: String::new(),
    }
}

/// What a judgement said, for tables: `ok`, the code of a refusal, `denied` with the layer, the fields with
/// their mistakes.
pub(crate) fn said<T>(result: Result<T, ServiceError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(ServiceError::Invalid(mistakes)) => {
            let told: Vec<_> =
                mistakes.iter().map(|mistake| format!("{} {}", mistake.field, mistake.code.code())).collect();
            told.join(", ")
        }
        Err(ServiceError::Denied { by, .. }) => format!("denied {}", by.layer.code()),
        Err(other) => other.outcome(),
    }
}

/// gz's entry: six items, five of them to be answered.
const ENTRY: &str = include_str!("../tests/deposit.entry.toml");
