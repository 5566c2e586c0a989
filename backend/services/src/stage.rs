//! A chain in memory, for tables of judgements: gz publishes, sz asks, jd inspects. What happens on it
//! goes through the ledger's own rules; only consensus and the network are left out.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use access::{Judge, starter_rows};
use gm::sm2::{Direct, SecretKey};
use gm::sm3::{Digest, sm3};
use ledger::apply::{BlockContext, Rejection, Verified, apply};
use ledger::catalogue::Entry;
use ledger::department::Card;
use ledger::founding::{self, Founder};
use ledger::genesis::Genesis;
use ledger::ids::{DepartmentId, GrantId, Height, Nonce, PeerKey, RequestId, Time, TxId};
use ledger::parameters::Parameters;
use ledger::policy::PolicyOwner;
use ledger::refusal::Refusal;
use ledger::state::MemoryState;
use ledger::text::{Text, Words};
use ledger::transaction::{Payload, Signed, Transaction};
use zeroize::Zeroizing;

use crate::bureau::Bureau;
use crate::codes::Role;
use crate::entry_file;
use crate::error::ServiceError;
use crate::names::Names;
use crate::officer::Officer;
use crate::requests::{ApproveInput, ApproveItem, RequestInput};
use crate::scene::Scene;

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

    const fn region(self) -> &'static str {
        match self {
            Self::Gz => "440100",
            Self::Sz => "440300",
            Self::Jd => "510000",
        }
    }
}

/// The chain.
pub(crate) struct Stage {
    genesis: Genesis,
    /// Office key of each house.
    keys: [SecretKey; 3],
    state: MemoryState,
    height: Height,
    signed: u64,
    judge: Arc<Judge>,
    pub(crate) now: Time,
}

impl Stage {
    /// Three departments, nothing published.
    fn founded() -> Self {
        let keys = [0; 3].map(|_| SecretKey::generate().unwrap());
        let cards = House::ALL.into_iter().zip(&keys).map(|(house, key)| card(house, key)).collect();
        let rows = |owner: &PolicyOwner| Ok::<_, Infallible>(starter_rows(owner.layer()).unwrap());
        let name = Text::new("stage").unwrap();
        let began = Time(MORNING.0 - 1_000);
        let genesis = founding::join(name, began, Parameters::DEFAULT, cards, rows).unwrap();
        let mut state = MemoryState::default();
        state.commit(&genesis.initial().0);
        let judge = Arc::new(Judge::new().unwrap());
        Self { genesis, keys, state, height: Height(0), signed: 0, judge, now: MORNING }
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
        let payload = stage
            .at(House::Gz, Role::ProvApprover, |scene| {
                crate::requests::tests::approval(scene, &request, &as_asked())
            })
            .unwrap();
        let tx = stage.submit(House::Gz, payload).unwrap();
        (stage, GrantId::from(tx))
    }

    /// One request of sz.
    pub(crate) fn request(&mut self) -> RequestId {
        let request = RequestId::of(self.genesis.chain(), &House::Sz.id(), &self.next_nonce());
        let payload = self
            .at(House::Sz, Role::ReqOperator, |scene| {
                crate::requests::tests::asked(scene, &request, &a_request())
            })
            .unwrap();
        self.submit(House::Sz, payload).unwrap();
        request
    }

    fn next_nonce(&self) -> Nonce {
        Nonce(sm3(&[b"nonce", &self.signed.to_be_bytes()]).0)
    }

    /// Puts one transaction into a block of its own.
    pub(crate) fn submit(&mut self, by: House, payload: Payload) -> Result<TxId, Refusal> {
        let key = self.keys.iter().zip(House::ALL).find(|(_, house)| *house == by).unwrap().0;
        let body = Transaction {
            version: 1,
            chain: self.genesis.chain(),
            department: by.id(),
            key_id: key.public().key_id(),
            nonce: self.next_nonce(),
            valid_until: self.now.plus_ms(60_000),
            payload,
        };
        self.signed += 1;
        self.height = self.height.next();
        let signed = Signed::sign(body, key).unwrap();
        let id = signed.id();
        let context = BlockContext { chain: self.genesis.chain(), height: self.height, time: self.now };
        let applied = Verified::check(&self.state, &context, signed.into(), &Direct)
            .and_then(|verified| apply(&self.state, &context, &verified));
        match applied {
            Ok(changes) => {
                self.state.commit(&changes);
                Ok(id)
            }
            Err(Rejection::Refused(refusal)) => Err(refusal),
            Err(Rejection::Fault(fault)) => panic!("{fault}"),
        }
    }

    /// Lets days pass.
    pub(crate) fn wait_days(&mut self, days: u64) {
        self.now = self.now.plus_ms(days * 24 * 60 * 60 * 1000);
    }

    /// What an officer of a house meets.
    pub(crate) fn at<T>(&self, house: House, role: Role, look: impl FnOnce(&Scene<'_>) -> T) -> T {
        let bureau = Bureau {
            chain: self.genesis.chain(),
            department: house.id(),
            judge: Arc::clone(&self.judge),
            actor_key: Zeroizing::new([house as u8; 32]),
        };
        let officer = officer(house, role);
        let names = Arc::new(Names::read(&self.state, &house.id()).unwrap());
        look(&Scene::open(&bureau, &officer, &self.state, names, self.now).unwrap())
    }
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
        session: None,
    }
}

fn card(house: House, office: &SecretKey) -> Card {
    let name = Text::new(house.region()).unwrap();
    let (online, sealing) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let consensus = SecretKey::generate().unwrap();
    let founder = Founder {
        id: house.id(),
        name: Words { zh: name.clone(), en: name },
        region: house.region().parse().unwrap(),
        inspectorate: house == House::Jd,
        office,
        online: &online,
        sealing: &sealing,
        consensus: (house == House::Gz).then_some(&consensus),
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

/// gz's entry: six items, four of them to be answered.
const ENTRY: &str = r#"
code = "307001/000001"
version = 1
region = "440100"
share_type = "conditional"
modes = ["query"]
update_cycle = "real-time"
receipt_mode = "each"
name = { zh = "缴存证明查询", en = "Proof of contributions" }
summary = { zh = "按证件号码查询个人缴存情况", en = "Contributions of one person" }
legal_basis = { zh = "《住房公积金管理条例》", en = "Housing Provident Fund Regulation" }
[[condition]]
code = "01"
zh = "仅限异地贷款审核"
en = "For loan reviews only"
[[condition]]
code = "02"
zh = "应注明办件编号"
en = "A case number is needed"
[[item]]
code = "ZJLX"
zh = "证件类型"
en = "Kind of document"
type = "C"
sensitivity = 1
grade = 2
key = true
[[item]]
code = "XingMing"
zh = "姓名"
en = "Name"
type = "C"
sensitivity = 1
grade = 3
key = true
returnable = true
mask = "MK-NAME"
[[item]]
code = "GRZHZT"
zh = "账户状态"
en = "State of the account"
type = "C"
sensitivity = 1
grade = 3
returnable = true
mask = "clear"
[[item]]
code = "YJCE"
zh = "月缴存额"
en = "Monthly contribution"
type = "Y"
sensitivity = 2
grade = 4
returnable = true
mask = "clear"
[[item]]
code = "GRZH"
zh = "个人账号"
en = "Account"
type = "C"
sensitivity = 2
grade = 4
returnable = true
mask = "clear"
"#;
