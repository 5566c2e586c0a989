//! Adversaries beside real departments: `scripts/disorder` starts this file's test with the keys of one of them,
//! whose own process it has stopped. What they may do is what anybody with these keys may.
#![allow(clippy::print_stderr)]

mod flood;
pub(super) mod liar;
mod stranger;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gm::sm2::SecretKey;
use ledger::genesis::Genesis;
use ledger::ids::{DepartmentId, PeerKey};

use super::town::Town;

/// Between two tries to be let in again.
const PAUSE: Duration = Duration::from_millis(50);

/// What an adversary knows.
pub(super) struct Adversary {
    genesis: Arc<Genesis>,
    /// The keys that it has; none for a stranger.
    keys: Option<Keys>,
    /// Whom it is after.
    nodes: Vec<(PeerKey, SocketAddr)>,
    counted: Counted,
}

/// A department's keys, as far as they count among nodes.
struct Keys {
    department: DepartmentId,
    peer: [u8; 32],
    office: SecretKey,
    consensus: Option<SecretKey>,
}

/// What came of it.
#[derive(Default)]
struct Counted {
    /// Connections that came about.
    connected: AtomicU64,
    /// Connections that the other side did not want, or wanted no more.
    closed: AtomicU64,
    /// Frames, transactions or questions that went out.
    said: AtomicU64,
    /// Answers that came.
    answered: AtomicU64,
}

impl Adversary {
    /// From the environment: the chain, the folder of the department whose keys it has, and `department=address` of
    /// each node, with commas between.
    fn told() -> Self {
        let told = |name: &str| std::env::var(format!("ZHENGLIAN_ADVERSARY_{name}")).ok();
        let genesis = Genesis::parse(&std::fs::read(told("GENESIS").unwrap()).unwrap()).unwrap();
        let node = |at: &str| {
            let (department, address) = at.split_once('=').unwrap();
            let member = genesis.member(&department.parse().unwrap()).unwrap();
            (member.peer.clone(), address.parse().unwrap())
        };
        let nodes = told("AT").unwrap().split(',').map(node).collect();
        let keys = told("KEYS").map(|folder| Keys::read(Path::new(&folder), &genesis));
        Self { genesis: Arc::new(genesis), keys, nodes, counted: Counted::default() }
    }

    /// With the keys of a department of a town, after all that run.
    pub(super) fn in_town(town: &Town, of: usize, after: std::ops::Range<usize>) -> Arc<Self> {
        let departments = &town.founded.departments;
        let own = &departments[of];
        let keys = Keys {
            department: own.id.clone(),
            peer: own.seed,
            office: own.office.clone(),
            consensus: Some(own.consensus.clone()),
        };
        let nodes = after.map(|node| (departments[node].peer.clone(), town.address(node).parse().unwrap()));
        Arc::new(Self {
            genesis: Arc::clone(&town.founded.genesis),
            keys: Some(keys),
            nodes: nodes.collect(),
            counted: Counted::default(),
        })
    }

    fn keys(&self) -> &Keys {
        self.keys.as_ref().expect("the keys of a department")
    }
}

impl Keys {
    fn read(folder: &Path, genesis: &Genesis) -> Self {
        let secret = |name: &str| -> Option<[u8; 32]> {
            let text = std::fs::read_to_string(folder.join(format!("{name}.key"))).ok()?;
            hex::decode(text.trim()).unwrap().try_into().ok()
        };
        let key = |name| secret(name).map(|bytes| SecretKey::from_bytes(&bytes).unwrap());
        let office = key("office").unwrap();
        let member = genesis.departments.iter().find(|member| member.office == office.public()).unwrap();
        Self {
            department: member.id.clone(),
            peer: secret("peer").unwrap(),
            consensus: key("consensus"),
            office,
        }
    }
}

fn count(what: &AtomicU64) {
    what.fetch_add(1, Ordering::Relaxed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "an adversary: scripts/disorder (#8)"]
async fn an_adversary_at_large() {
    let adversary = Arc::new(Adversary::told());
    let seconds = std::env::var("ZHENGLIAN_ADVERSARY_SECONDS").unwrap().parse().unwrap();
    let kind = std::env::var("ZHENGLIAN_ADVERSARY").unwrap();
    let tasks = match kind.as_str() {
        "stranger" => stranger::set_on(&adversary),
        "junk" => flood::set_on(&adversary, true),
        "flood" => flood::set_on(&adversary, false),
        "liar" => liar::set_on(&adversary),
        other => panic!("there is no adversary {other}"),
    };
    let ended = futures::future::select_all(tasks);
    if let Ok((ended, ..)) = tokio::time::timeout(Duration::from_secs(seconds), ended).await {
        panic!("it gave up: {ended:?}");
    }
    let Counted { connected, closed, said, answered } = &adversary.counted;
    let [connected, closed, said, answered] =
        [connected, closed, said, answered].map(|count| count.load(Ordering::Relaxed));
    // `scripts/disorder` shows this line.
    eprintln!(
        "{kind}: connected {connected} times, put out {closed}, said {said} things, {answered} answers"
    );
}
