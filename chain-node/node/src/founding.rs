//! A chain's beginning for tests: departments with fresh keys, the first so many of them validators.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use gm::domain::Kind;
use gm::sm2::SecretKey;
use gm::sm3::{Digest, sm3};
use ledger::catalogue::{
    Condition, DataType, Entry, Item, ItemMask, Mode, ReceiptMode, ShareType, UpdateCycle,
};
use ledger::department::Card;
use ledger::founding;
use ledger::genesis::Genesis;
use ledger::ids::{BlockId, DepartmentId, EntryId, GrantId, Height, Nonce, PeerKey, Time};
use ledger::limits::ENTRY_BYTES_MAX;
use ledger::parameters::Parameters;
use ledger::policy::PolicyOwner;
use ledger::receipt::{Denial, DenialClass, LogHead, Ticket};
use ledger::roster::AnchorRoster;
use ledger::text::{Text, Words};
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::wire::to_bytes;
use libp2p::identity::Keypair;

/// A chain's beginning with everybody's secrets.
pub(crate) struct Founded {
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) departments: Vec<Founder>,
}

/// A department with its secrets.
#[derive(Clone)]
pub(crate) struct Founder {
    pub(crate) id: DepartmentId,
    pub(crate) office: SecretKey,
    pub(crate) online: SecretKey,
    pub(crate) consensus: SecretKey,
    pub(crate) sealing: SecretKey,
    pub(crate) seed: [u8; 32],
    pub(crate) peer: PeerKey,
}

pub(crate) fn now() -> Time {
    Time(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap())
}

/// So many departments, of which the first `validators` vote.
pub(crate) fn found(departments: usize, validators: usize) -> Founded {
    found_with(departments, validators, Parameters::DEFAULT)
}

pub(crate) fn found_with(departments: usize, validators: usize, parameters: Parameters) -> Founded {
    let fresh = |_: usize| SecretKey::generate().unwrap();
    let founders = (0..departments).map(|number| founder(number, fresh, gm::random::bytes().unwrap()));
    found_by(founders.collect(), validators, parameters, Time(now().0 - 1_000))
}

/// A chain with the same keys and the same time each time.
pub(crate) fn found_alike(validators: usize, parameters: Parameters, time: Time) -> Founded {
    let founders = (0..validators).map(|number| {
        let of = u8::try_from(number + 1).unwrap();
        let key =
            |which: usize| SecretKey::from_bytes(&[of + 16 * u8::try_from(which).unwrap(); 32]).unwrap();
        founder(number, key, [of; 32])
    });
    found_by(founders.collect(), validators, parameters, time)
}

fn found_by(founders: Vec<Founder>, validators: usize, parameters: Parameters, time: Time) -> Founded {
    let cards = founders.iter().enumerate().map(|(of, founder)| card(founder, of, of < validators)).collect();
    let no_rows = |_: &PolicyOwner| Ok::<_, Infallible>(Vec::new());
    let genesis =
        founding::join(Text::new("test chain").unwrap(), time, parameters, cards, Vec::new(), no_rows)
            .unwrap();
    genesis.check().unwrap();
    Founded { genesis: Arc::new(genesis), departments: founders }
}

fn founder(number: usize, key: impl Fn(usize) -> SecretKey, seed: [u8; 32]) -> Founder {
    let body = format!("12{}X{number:08}", 440_100 + number);
    let id =
        "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().find_map(|check| format!("{body}{check}").parse().ok());
    let peer = Keypair::ed25519_from_bytes(seed).unwrap().public().to_peer_id();
    Founder {
        id: id.unwrap(),
        office: key(1),
        online: key(2),
        consensus: key(3),
        sealing: key(4),
        seed,
        peer: PeerKey::new(&peer.to_bytes()).unwrap(),
    }
}

fn words(text: &str) -> Words {
    Words { zh: Text::new(text).unwrap(), en: Text::new(text).unwrap() }
}

/// The front of a department's resource codes.
fn codes(of: usize) -> String {
    format!("307{of:03}")
}

fn card(founder: &Founder, of: usize, validates: bool) -> Card {
    let founder = founding::Founder {
        id: founder.id.clone(),
        name: words("department"),
        region: "440100".parse().unwrap(),
        inspectorate: false,
        codes: vec![codes(of).parse().unwrap()],
        office: &founder.office,
        online: &founder.online,
        sealing: &founder.sealing,
        consensus: validates.then_some(&founder.consensus),
        peer: founder.peer.clone(),
        actor_commit: Digest::ZERO,
    };
    founder.card().unwrap()
}

impl Founded {
    /// A transaction that takes effect: the department publishes resource `number`.
    pub(crate) fn publication(&self, department: usize, number: u64) -> Signed {
        self.publication_until(department, number, Time(now().0 + 300_000))
    }

    pub(crate) fn publication_until(&self, department: usize, number: u64, valid_until: Time) -> Signed {
        let office = &self.departments[department].office;
        self.signed(department, office, valid_until, Payload::Publish(entry(department, number)))
    }

    /// One whose entry is nearly as large as an entry may be.
    pub(crate) fn large_publication(&self, department: usize, number: u64, valid_until: Time) -> Signed {
        let mut entry = entry(department, number);
        let long = "x".repeat(1_000);
        let filler = Item { label: words(&long), query_key: false, ..entry.items[0].clone() };
        let item = |number: usize| Item { code: format!("F{number}").parse().unwrap(), ..filler.clone() };
        entry.items.extend((0..7).map(item));
        assert!((13_000..=ENTRY_BYTES_MAX).contains(&to_bytes(&entry).len()));
        let office = &self.departments[department].office;
        self.signed(department, office, valid_until, Payload::Publish(entry))
    }

    /// A transaction that governs: a department anchors a roster of so many officers, each size once.
    pub(crate) fn anchoring(&self, department: usize, size: u64, valid_until: Time) -> Signed {
        let log_head = LogHead { size: 1, digest: Digest::ZERO };
        let roster = AnchorRoster { root: sm3(&[&size.to_be_bytes()]), size, log_head };
        let office = &self.departments[department].office;
        self.signed(department, office, valid_until, Payload::AnchorRoster(roster))
    }

    /// The same publication with the same bytes each time.
    pub(crate) fn publication_alike(&self, department: usize, number: u64, valid_until: Time) -> Signed {
        let office = &self.departments[department].office;
        let nonce = Nonce(gm::sm3::sm3(&[&number.to_be_bytes()]).0);
        self.signed_with(nonce, department, office, valid_until, Payload::Publish(entry(department, number)))
    }

    /// A transaction of two signatures that takes effect: one department records that it denied a
    /// query of another, judged at genesis.
    pub(crate) fn denial(&self, requester: usize, provider: usize, valid_until: Time) -> Signed {
        let (from, to) = (&self.departments[requester], &self.departments[provider]);
        let ticket = Ticket {
            version: 1,
            chain: self.genesis.chain(),
            requester: from.id.clone(),
            key_id: from.online.public().key_id(),
            grant: GrantId([0; 32]),
            provider: to.id.clone(),
            mode: Mode::Query,
            units: 1,
            seen_height: Height(0),
            seen_block: BlockId([0; 32]),
            valid_until,
            details_digest: Digest(gm::random::bytes().unwrap()),
        };
        let signature = from.online.sign(ticket.chain, Kind::Ticket, &to_bytes(&ticket)).unwrap();
        let denial = Denial {
            ticket,
            ticket_signature: signature,
            class: DenialClass::Grant,
            decision_commit: Digest::ZERO,
            policy_versions: self.genesis.policy_versions(&to.id).unwrap(),
            judged_height: Height(0),
            log_head: LogHead { size: 1, digest: Digest::ZERO },
        };
        self.signed(provider, &to.online, valid_until, Payload::RecordDenial(denial))
    }

    fn signed(&self, department: usize, key: &SecretKey, valid_until: Time, payload: Payload) -> Signed {
        let nonce = Nonce(gm::random::bytes().unwrap());
        self.signed_with(nonce, department, key, valid_until, payload)
    }

    fn signed_with(
        &self,
        nonce: Nonce,
        department: usize,
        key: &SecretKey,
        valid_until: Time,
        payload: Payload,
    ) -> Signed {
        let body = Transaction {
            version: 1,
            chain: self.genesis.chain(),
            department: self.departments[department].id.clone(),
            key_id: key.public().key_id(),
            nonce,
            valid_until,
            payload,
        };
        Signed::sign(body, key).unwrap()
    }
}

fn entry(department: usize, number: u64) -> Entry {
    let code = format!("{}/{number:06}", codes(department));
    Entry {
        id: EntryId { code: code.parse().unwrap(), version: 1 },
        previous: None,
        name: words("entry"),
        summary: words("what it is"),
        region: "440100".parse().unwrap(),
        items: vec![Item {
            code: "ZJHM".parse().unwrap(),
            label: words("identity number"),
            data_type: DataType::Text,
            sensitivity: 1,
            grade: 2,
            query_key: true,
            returnable: true,
            verify_only: false,
            mask: ItemMask::Unsaid,
        }],
        share_type: ShareType::Conditional,
        conditions: vec![Condition { code: "01".parse().unwrap(), text: words("condition") }],
        modes: [Mode::Query].into(),
        update_cycle: UpdateCycle::Daily,
        grade: 2,
        receipt_mode: ReceiptMode::Each,
        legal_basis: words("basis"),
    }
}
