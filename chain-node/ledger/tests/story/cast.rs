//! Who takes part: six departments, their keys, and the genesis file they found a chain with.

use gm::domain::ChainId;
use gm::sm2::SecretKey;
use gm::sm3::{Digest, sm3};
use ledger::amendment::Stewardship;
use ledger::certificate::{Certificate, vote_body};
use ledger::department::{Card, KeyKind, address, pseudonym};
use ledger::founding::{self, Founder};
use ledger::genesis::Genesis;
use ledger::ids::{Address, BlockId, CodeFront, DepartmentId, Height, PeerKey, RegionCode, Time};
use ledger::parameters::Parameters;
use ledger::policy::{Effect, PolicyOwner, PolicyRow};
use ledger::role::{By, Role};
use ledger::text::{Text, Words};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// 2026-03-02 00:00 UTC.
pub(crate) const FOUNDED: Time = Time(1_772_409_600_000);

/// A department of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Centre {
    Guangzhou,
    Shenzhen,
    Nanjing,
    Suzhou,
    Chengdu,
    Inspectorate,
}

use Centre::{Chengdu, Guangzhou, Inspectorate, Nanjing, Shenzhen, Suzhou};

impl Centre {
    pub(crate) const ALL: [Self; 6] = [Guangzhou, Shenzhen, Nanjing, Suzhou, Chengdu, Inspectorate];
    pub(crate) const VALIDATORS: [Self; 4] = [Guangzhou, Shenzhen, Nanjing, Suzhou];

    const fn facts(self) -> [&'static str; 4] {
        match self {
            Guangzhou => {
                ["12440100X00000254F", "440100", "广州市住房公积金管理中心", "Guangzhou fund centre"]
            }
            Shenzhen => ["12440300X00000262L", "440300", "深圳市住房公积金管理中心", "Shenzhen fund centre"],
            Nanjing => ["12320100X00000115R", "320100", "南京住房公积金管理中心", "Nanjing fund centre"],
            Suzhou => ["12320500X000001239", "320500", "苏州市住房公积金管理中心", "Suzhou fund centre"],
            Chengdu => ["12510100X00000318P", "510100", "成都住房公积金管理中心", "Chengdu fund centre"],
            Inspectorate => {
                ["11510000X00000430L", "510000", "四川省住房公积金监督检查处", "Sichuan inspectorate"]
            }
        }
    }

    pub(crate) fn id(self) -> DepartmentId {
        self.facts()[0].parse().unwrap()
    }

    pub(crate) fn region(self) -> RegionCode {
        self.facts()[1].parse().unwrap()
    }

    /// The fronts of the resource codes that are its own.
    pub(crate) fn codes(self) -> Vec<CodeFront> {
        let front = match self {
            Chengdu => "307001",
            Suzhou => "307002",
            Guangzhou => "307003",
            Shenzhen | Nanjing | Inspectorate => return Vec::new(),
        };
        vec![front.parse().unwrap()]
    }

    pub(crate) fn name(self) -> Words {
        Words::new(self.facts()[2], self.facts()[3]).unwrap()
    }
}

/// A key that follows from its name.
pub(crate) fn key_of(seed: &str) -> SecretKey {
    SecretKey::from_bytes(&sm3(&[seed.as_bytes()]).0).unwrap()
}

/// What a department keeps secret.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) office: SecretKey,
    pub(crate) online: SecretKey,
    pub(crate) sealing: SecretKey,
    pub(crate) consensus: SecretKey,
    pub(crate) actor: [u8; 32],
}

impl Keys {
    fn from_seed(seed: &str) -> Self {
        let key = |kind: &str| key_of(&format!("{seed}/{kind}"));
        Self {
            office: key("office"),
            online: key("online"),
            sealing: key("sealing"),
            consensus: key("consensus"),
            actor: sm3(&[seed.as_bytes(), b"/actor"]).0,
        }
    }

    pub(crate) const fn of_kind(&self, kind: KeyKind) -> &SecretKey {
        match kind {
            KeyKind::Office => &self.office,
            KeyKind::Online => &self.online,
            KeyKind::Sealing => &self.sealing,
            KeyKind::Consensus => &self.consensus,
        }
    }

    fn card(&self, centre: Centre, validates: bool) -> Card {
        let founder = Founder {
            id: centre.id(),
            name: centre.name(),
            region: centre.region(),
            inspectorate: centre == Inspectorate,
            codes: centre.codes(),
            office: &self.office,
            online: &self.online,
            sealing: &self.sealing,
            consensus: validates.then_some(&self.consensus),
            peer: PeerKey::new(&[&[0, 36, 8, 1, 18, 32], self.actor.as_slice()].concat()).unwrap(),
            actor_commit: sm3(&[&self.actor]),
        };
        founder.card().unwrap()
    }
}

/// A chain's founders: the genesis file, and all secrets behind it.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) genesis: Genesis,
    pub(crate) chain: ChainId,
    pub(crate) keys: BTreeMap<Centre, Keys>,
    pub(crate) validators: Vec<Centre>,
}

impl Network {
    /// Six departments, four of which validate.
    pub(crate) fn founded() -> Self {
        Self::founded_by("zhenglian", &Centre::ALL, &Centre::VALIDATORS)
    }

    /// Two departments that both validate: the smallest network with a requester and a provider.
    pub(crate) fn of_two() -> Self {
        Self::founded_by("two", &[Guangzhou, Chengdu], &[Guangzhou, Chengdu])
    }

    pub(crate) fn founded_by(seed: &str, members: &[Centre], validators: &[Centre]) -> Self {
        let keys: BTreeMap<_, _> =
            members.iter().map(|c| (*c, Keys::from_seed(&format!("{seed}/{c:?}")))).collect();
        let cards = members.iter().map(|c| keys[c].card(*c, validators.contains(c))).collect();
        let name = Text::new(seed).unwrap();
        let rows = |owner: &PolicyOwner| Ok::<_, Infallible>(rows(owner));
        let is_in = |named: &Stewardship| members.iter().any(|centre| centre.id() == named.steward);
        let stewards = stewards().into_iter().filter(is_in).collect();
        let genesis = founding::join(name, FOUNDED, Parameters::DEFAULT, cards, stewards, rows).unwrap();
        let validators = validators.to_vec();
        Self { chain: genesis.chain(), genesis, keys, validators }
    }

    /// A validator's address.
    pub(crate) fn address(&self, centre: Centre) -> Address {
        address(&self.keys[&centre].consensus.public())
    }

    /// The address of whose turn it is, where nobody waits.
    pub(crate) fn proposer(&self, height: Height, round: u32) -> Address {
        self.genesis.validator_set().proposer(height, round, &[]).unwrap().address
    }

    /// What these departments' precommits for a block make together.
    pub(crate) fn certificate(
        &self,
        height: Height,
        round: u32,
        block: BlockId,
        voters: &[Centre],
    ) -> Certificate {
        let vote = |centre: &Centre| {
            let voter = self.address(*centre);
            let body = vote_body(height, round, Some(block), voter, true);
            let key = &self.keys[centre].consensus;
            (voter, key.sign(self.chain, gm::domain::Kind::Vote, &body).unwrap())
        };
        let mut signatures: Vec<_> = voters.iter().map(vote).collect();
        signatures.sort_by_key(|(voter, _)| *voter);
        Certificate { height, round, block, signatures }
    }

    /// An officer of a department as the chain knows them within one object.
    pub(crate) fn officer(&self, centre: Centre, object: &[u8], staff_id: &str, role: Role) -> By {
        By { pseudonym: pseudonym(&self.keys[&centre].actor, self.chain, object, staff_id), role }
    }
}

/// Guangzhou writes the nation's policy and Chengdu its province's; those of the other provinces nobody does.
fn stewards() -> Vec<Stewardship> {
    let sichuan = PolicyOwner::Region(Chengdu.region().province());
    let named = [(PolicyOwner::Nation, Guangzhou), (sichuan, Chengdu)];
    named.map(|(owner, steward)| Stewardship { owner, steward: steward.id() }).into()
}

pub(crate) fn row(id: &str, action: &str, obligations: &[&str]) -> PolicyRow {
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
        purpose: Text::new("01,02").unwrap(),
        assurance_min: 1,
        hours: Text::new("*").unwrap(),
        zones: Text::new("*").unwrap(),
        obligations: obligations.iter().map(|text| Text::new(text).unwrap()).collect(),
        effect: Effect::Allow,
    }
}

fn rows(owner: &PolicyOwner) -> Vec<PolicyRow> {
    match owner {
        PolicyOwner::Nation => vec![
            row("nat-ask", "ask", &["mask:ZJHM=MK-ID", "receipt:each"]),
            row("nat-answer", "answer", &["mask:ZJHM=MK-ID"]),
        ],
        PolicyOwner::Region(code) => vec![row(&format!("reg-{code}"), "answer", &[])],
        PolicyOwner::Department(_) => vec![row("own", "answer", &[])],
    }
}

/// A digest nobody has seen before.
pub(crate) fn digest_of(text: &str) -> Digest {
    sm3(&[text.as_bytes()])
}
