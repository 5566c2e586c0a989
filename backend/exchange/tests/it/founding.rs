//! A chain's beginning for tests: departments with fresh keys and the starter policies.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use gm::sm2::SecretKey;
use gm::sm3::Digest;
use ledger::catalogue::{
    Condition, DataType, Entry, Item, ItemMask, MaskRule, Mode, ReceiptMode, ShareType, UpdateCycle,
};
use ledger::department::Card;
use ledger::founding;
use ledger::genesis::Genesis;
use ledger::ids::{DepartmentId, EntryId, GrantId, Nonce, PeerKey, Pseudonym, RegionCode, Time};
use ledger::parameters::Parameters;
use ledger::policy::{Effect, PolicyOwner, PolicyRow};
use ledger::receipt::PolicyVersions;
use ledger::request::{ApproveRequest, GrantedItem, SubmitRequest};
use ledger::role::{By, Role};
use ledger::text::{Text, Words};
use ledger::transaction::{Payload, Signed, Transaction};
use node::Node;

/// A department with its secrets.
#[derive(Clone)]
pub(crate) struct Founder {
    pub(crate) id: DepartmentId,
    pub(crate) region: RegionCode,
    pub(crate) office: SecretKey,
    pub(crate) online: SecretKey,
    pub(crate) sealing: SecretKey,
    pub(crate) consensus: SecretKey,
    pub(crate) seed: [u8; 32],
    pub(crate) peer: PeerKey,
}

/// A chain's beginning with everybody's secrets. The first department asks, the second provides.
#[derive(Clone)]
pub(crate) struct Founded {
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) departments: Vec<Founder>,
}

/// What a grant is to be like.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) purpose: &'static str,
    pub(crate) quota: u32,
    pub(crate) from: Time,
    pub(crate) until: Time,
    pub(crate) version: u32,
}

pub(crate) const ASKER: usize = 0;
pub(crate) const PROVIDER: usize = 1;

/// Items of the entry, with the masks it demands.
pub(crate) const ITEMS: [(&str, DataType, Option<MaskRule>); 6] = [
    ("XingMing", DataType::Text, Some(MaskRule::Name)),
    ("ZJHM", DataType::Text, Some(MaskRule::Id)),
    ("SJHM", DataType::Text, Some(MaskRule::Mob)),
    ("GRZHZT", DataType::Text, None),
    ("GRZHYE", DataType::Money, Some(MaskRule::Amt)),
    ("DWMC", DataType::Text, None),
];

pub(crate) fn now() -> Time {
    Time(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap())
}

impl Terms {
    pub(crate) fn new() -> Self {
        let now = now();
        Self {
            purpose: "01",
            quota: 100,
            from: Time(now.0 - 60_000),
            until: Time(now.0 + 3_600_000),
            version: 1,
        }
    }
}

/// So many departments, of which those in `validators` vote.
pub(crate) fn found(departments: usize, validators: &[usize], parameters: Parameters) -> Founded {
    let founders: Vec<_> = (0..departments).map(founder).collect();
    let cards = (0..departments).map(|of| card(&founders[of], of, validators.contains(&of))).collect();
    let time = Time(now().0 - 1_000);
    let rows = |owner: &PolicyOwner| Ok::<_, Infallible>(rows(&founders, owner));
    let genesis =
        founding::join(Text::new("test chain").unwrap(), time, parameters, cards, Vec::new(), rows).unwrap();
    genesis.check().unwrap();
    Founded { genesis: Arc::new(genesis), departments: founders }
}

fn founder(number: usize) -> Founder {
    let (region, prefix) = if number == PROVIDER { ("510100", "12510100") } else { ("440100", "12440100") };
    let body = format!("{prefix}X{number:08}");
    let id =
        "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().find_map(|check| format!("{body}{check}").parse().ok());
    let seed = gm::random::bytes().unwrap();
    let key = || SecretKey::generate().unwrap();
    Founder {
        id: id.unwrap(),
        region: region.parse().unwrap(),
        office: key(),
        online: key(),
        sealing: key(),
        consensus: key(),
        seed,
        peer: Node::peer_key(&seed).unwrap(),
    }
}

fn words(text: &str) -> Words {
    Words::new(text, text).unwrap()
}

/// The third department inspects.
fn card(founder: &Founder, number: usize, validates: bool) -> Card {
    let founder = founding::Founder {
        id: founder.id.clone(),
        name: words("department"),
        region: founder.region.clone(),
        inspectorate: number == 2,
        codes: if number == PROVIDER { vec!["307001".parse().unwrap()] } else { Vec::new() },
        office: &founder.office,
        online: &founder.online,
        sealing: &founder.sealing,
        consensus: validates.then_some(&founder.consensus),
        peer: founder.peer.clone(),
        actor_commit: Digest::ZERO,
    };
    founder.card().unwrap()
}

/// The starter rows everywhere; the provider answers nobody for purpose 02 and with one row for 01, and the asker keeps back from its
/// own people for purpose 03 what no provider withholds.
fn rows(founders: &[Founder], owner: &PolicyOwner) -> Vec<PolicyRow> {
    let mut rows = access::starter_rows(owner.layer()).unwrap();
    let [asker, provider] = [ASKER, PROVIDER].map(|of| PolicyOwner::Department(founders[of].id.clone()));
    // Of the account's state alone two people of the asker decide, at both ends.
    let alone = |action| {
        let row = row("two-people", action, "01", Effect::Allow, &["second-person"]);
        PolicyRow { items: Text::new("GRZHZT").unwrap(), ..row }
    };
    if *owner == provider {
        rows.push(row("no-transfers", "answer", "02", Effect::Deny, &[]));
        rows.push(row("one-at-a-time", "answer", "01", Effect::Allow, &["limit:1"]));
        rows.push(alone("answer"));
    } else if *owner == asker {
        rows.push(alone("ask"));
        let duties = ["mask:DWMC=MK-NAME", "drop:GRZHZT"];
        rows.push(row("own-modesty", "ask", "03", Effect::Allow, &duties));
    }
    rows
}

/// A row about everyone, every entry and every item.
pub(crate) fn row(id: &str, action: &str, purpose: &str, effect: Effect, obligations: &[&str]) -> PolicyRow {
    PolicyRow {
        id: Text::new(id).unwrap(),
        role: Text::new("*").unwrap(),
        requester: Text::new("*").unwrap(),
        provider: Text::new("*").unwrap(),
        entry_class: Text::new("*").unwrap(),
        items: Text::new("*").unwrap(),
        sensitivity: Text::new("*").unwrap(),
        grade_max: 4,
        action: Text::new(action).unwrap(),
        purpose: Text::new(purpose).unwrap(),
        assurance_min: 1,
        hours: Text::new("*").unwrap(),
        zones: Text::new("*").unwrap(),
        obligations: obligations.iter().map(|duty| Text::new(duty).unwrap()).collect(),
        effect,
    }
}

/// The entry of which `founding` makes grants.
pub(crate) fn entry(version: u32) -> Entry {
    let item = |(code, data_type, mask): (&str, DataType, Option<MaskRule>)| Item {
        code: code.parse().unwrap(),
        label: words(code),
        data_type,
        sensitivity: 2,
        grade: 4,
        query_key: true,
        returnable: true,
        verify_only: false,
        mask: mask.map_or(ItemMask::Clear, ItemMask::Rule),
    };
    Entry {
        id: EntryId { code: "307001/000001".parse().unwrap(), version },
        previous: version.checked_sub(1).filter(|previous| *previous > 0),
        name: words("缴存证明"),
        summary: words("缴存证明"),
        region: "510100".parse().unwrap(),
        items: ITEMS.into_iter().map(item).collect(),
        share_type: ShareType::Conditional,
        conditions: vec![Condition { code: "01".parse().unwrap(), text: words("条件") }],
        modes: [Mode::Query].into(),
        update_cycle: UpdateCycle::RealTime,
        grade: 4,
        receipt_mode: ReceiptMode::Each,
        legal_basis: words("依据"),
    }
}

impl Founded {
    /// A department's transaction under its office key.
    pub(crate) fn office(&self, of: usize, payload: Payload) -> Signed {
        let founder = &self.departments[of];
        let body = Transaction {
            version: 1,
            chain: self.genesis.chain(),
            department: founder.id.clone(),
            key_id: founder.office.public().key_id(),
            nonce: Nonce(gm::random::bytes().unwrap()),
            valid_until: Time(now().0 + 300_000),
            payload,
        };
        Signed::sign(body, &founder.office).unwrap()
    }

    pub(crate) fn by(&self, role: Role) -> By {
        By { pseudonym: Pseudonym([role.number(); 32]), role }
    }

    /// Who countersigns what was drafted in a role.
    pub(crate) fn second(&self, drafted_in: Role) -> By {
        By { pseudonym: Pseudonym([100 + drafted_in.number(); 32]), role: Role::DeptLead }
    }

    /// The request and the approval of a grant, and the grant's id.
    pub(crate) fn grant(&self, terms: &Terms) -> (Signed, Signed, GrantId) {
        let provider = &self.departments[PROVIDER].id;
        self.grant_under(terms, self.genesis.policy_versions(provider).unwrap())
    }

    /// The same under policies that are not the first.
    pub(crate) fn grant_under(&self, terms: &Terms, versions: PolicyVersions) -> (Signed, Signed, GrantId) {
        let code = |text: &str| text.parse().unwrap();
        let asked = SubmitRequest {
            provider: self.departments[PROVIDER].id.clone(),
            entry: entry(terms.version).id,
            items: ITEMS.iter().map(|(item, ..)| item.parse().unwrap()).collect(),
            purpose: code(terms.purpose),
            basis: code("01"),
            mode: Mode::Query,
            from: terms.from,
            until: terms.until,
            quota: terms.quota,
            documents: None,
            by: self.by(Role::ReqOperator),
            second: self.second(Role::ReqOperator),
            seals: None,
        };
        let request = self.office(ASKER, Payload::SubmitRequest(asked));
        let mut items: Vec<GrantedItem> = ITEMS
            .iter()
            .map(|(item, _, mask)| GrantedItem { code: item.parse().unwrap(), mask: *mask })
            .collect();
        items.sort();
        let approval = ApproveRequest {
            request: request.body.request_id(),
            items,
            purpose: code(terms.purpose),
            row_scope: None,
            quota: terms.quota,
            from: terms.from,
            until: terms.until,
            receipt_mode: ReceiptMode::Each,
            policy_versions: versions,
            by: self.by(Role::ProvApprover),
            second: self.second(Role::ProvApprover),
            seals: None,
        };
        let approval = self.office(PROVIDER, Payload::ApproveRequest(approval));
        let grant = GrantId(approval.id().0);
        (request, approval, grant)
    }
}
