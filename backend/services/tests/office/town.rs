//! A small chain with the offices of three departments: gz provides, sz asks, jd inspects. gz votes;
//! sz has its own node only where a query travels between two.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use access::{Judge, starter_rows};
use exchange::{Binding, Bounds, Exchange, ExchangeConfig};
use gm::domain::Kind;
use gm::sm2::SecretKey;
use gm::sm3::Digest;
use gm::store_key::StoreKey;
use ledger::amendment::Stewardship;
use ledger::catalogue::Mode;
use ledger::department::Card;
use ledger::founding::{self, Founder};
use ledger::genesis::Genesis;
use ledger::ids::{DepartmentId, GrantId, Nonce, QueryId, Time};
use ledger::parameters::Parameters;
use ledger::policy::{Effect, PolicyOwner, PolicyRow};
use ledger::receipt::{Denial, DenialClass, LogHead, Ticket};
use ledger::text::{Text, Words};
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::views;
use ledger::wire::to_bytes;
use node::{IncomingCall, Node, NodeConfig, NodeHandle, PeerAddress};
use services::audit_log::{AuditKey, AuditLog};
use services::countersigning::{self, Drafted};
use services::staff::{self, Factor, NewAccount, Source};
use services::store::OfficeStore;
use services::zones::Zones;
use services::{Office, OfficeFault, OfficeParts, Officer, Role, ServiceError, Submitted};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

pub(crate) const GZ: &str = "12440100X00000254F";
pub(crate) const SZ: &str = "12440300X00000262L";
pub(crate) const JD: &str = "11510000X00000430L";
pub(crate) const CODE: &str = "307001/000001";
pub(crate) const HOST: &str = "office.test";
pub(crate) const PASSWORD: &str = "Xk7-mountain-river";

/// What an officer of each of these departments may ask in an hour.
pub(crate) const QUERIES_PER_HOUR: u32 = 4;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Keys of one department.
struct Keys {
    id: DepartmentId,
    region: &'static str,
    inspectorate: bool,
    codes: &'static [&'static str],
    office: SecretKey,
    online: SecretKey,
    sealing: SecretKey,
    consensus: SecretKey,
    peer_seed: [u8; 32],
}

impl Keys {
    fn new(id: &str, region: &'static str, inspectorate: bool, codes: &'static [&'static str]) -> Self {
        let key = || SecretKey::generate().unwrap();
        Self {
            id: id.parse().unwrap(),
            region,
            inspectorate,
            codes,
            office: key(),
            online: key(),
            sealing: key(),
            consensus: key(),
            peer_seed: gm::random::bytes().unwrap(),
        }
    }

    fn card(&self) -> Card {
        let founder = Founder {
            id: self.id.clone(),
            name: words(&format!("{}中心", &self.region[..4])),
            region: self.region.parse().unwrap(),
            inspectorate: self.inspectorate,
            codes: self.codes.iter().map(|front| front.parse().unwrap()).collect(),
            office: &self.office,
            online: &self.online,
            sealing: &self.sealing,
            consensus: (self.id.as_str() == GZ).then_some(&self.consensus),
            peer: Node::peer_key(&self.peer_seed).unwrap(),
            actor_commit: Digest::ZERO,
        };
        founder.card().unwrap()
    }
}

fn words(text: &str) -> Words {
    Words { zh: Text::new(text).unwrap(), en: Text::new(text).unwrap() }
}

fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond().unsigned_abs())
}

/// The starter rows; the inspectorate hides the catalogue from its clerks, gz answers nobody who asks from a hall, and
/// of the account's state alone two people of sz decide, at both ends.
fn rows(owner: &PolicyOwner) -> Vec<PolicyRow> {
    let mut rows = starter_rows(owner.layer()).unwrap();
    if matches!(owner, PolicyOwner::Department(id) if id.as_str() == JD) {
        rows.push(PolicyRow {
            id: "dep-no-browsing".parse().unwrap(),
            role: Text::new("BIZ_USER").unwrap(),
            action: Text::new("discover").unwrap(),
            effect: Effect::Deny,
            ..rows[0].clone()
        });
    }
    if matches!(owner, PolicyOwner::Department(id) if id.as_str() == GZ) {
        rows.push(PolicyRow {
            id: "dep-not-to-halls".parse().unwrap(),
            role: Text::new("*").unwrap(),
            action: Text::new("answer").unwrap(),
            zones: Text::new("hall").unwrap(),
            effect: Effect::Deny,
            ..rows[0].clone()
        });
    }
    let door = match owner {
        PolicyOwner::Department(id) if id.as_str() == SZ => "ask",
        PolicyOwner::Department(id) if id.as_str() == GZ => "answer",
        _ => return rows,
    };
    rows.push(PolicyRow {
        id: "dep-two-people".parse().unwrap(),
        items: Text::new("GRZHZT").unwrap(),
        action: Text::new(door).unwrap(),
        obligations: vec![Text::new("second-person").unwrap()],
        ..rows[0].clone()
    });
    rows
}

/// In every department a hall, where [`HALL`] sits.
fn zones() -> Zones {
    let mut zones = Zones::default();
    zones.add("hall", "198.51.100.0/24").unwrap();
    zones
}

/// The address of a desk in the hall.
pub(crate) const HALL: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));

fn genesis(departments: &[&Keys]) -> Genesis {
    let parameters = Parameters { heartbeat_ms: 1_000, delivery_wait_ms: 200, ..Parameters::DEFAULT };
    let cards = departments.iter().map(|keys| keys.card()).collect();
    let time = Time(now().0 - 1_000);
    let rows = |owner: &PolicyOwner| Ok::<_, Infallible>(rows(owner));
    // gz writes the province's layer, under which sz stands too.
    let province = PolicyOwner::Region("440000".parse().unwrap());
    let stewards = vec![Stewardship { owner: province, steward: GZ.parse().unwrap() }];
    let genesis =
        founding::join(Text::new("test chain").unwrap(), time, parameters, cards, stewards, rows).unwrap();
    genesis.check().unwrap();
    genesis
}

/// One department: its office and what keeps it going.
pub(crate) struct Department {
    pub(crate) office: Office,
    pub(crate) store: OfficeStore,
    pub(crate) audit: AuditLog,
    pub(crate) audit_key: AuditKey,
    pub(crate) database: std::path::PathBuf,
    pub(crate) node: NodeHandle,
    exchange: Exchange,
    judge: Arc<Judge>,
    id: DepartmentId,
    office_key: SecretKey,
    online_key: SecretKey,
    pub(crate) keeping: JoinHandle<()>,
}

/// The chain and its offices.
pub(crate) struct Town {
    pub(crate) gz: Department,
    pub(crate) sz: Department,
    pub(crate) jd: Department,
    nodes: Vec<Node>,
    _folder: TempDir,
}

struct Street {
    genesis: Arc<Genesis>,
    addresses: Vec<String>,
    keys: [Keys; 3],
}

impl Town {
    /// All three offices over gz's node: for everything that does not travel between departments.
    pub(crate) async fn small() -> Self {
        Self::found(false).await
    }

    /// sz with a node of its own: for queries.
    pub(crate) async fn large() -> Self {
        Self::found(true).await
    }

    async fn found(sz_has_node: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = [
            Keys::new(GZ, "440100", false, &[CODE]),
            Keys::new(SZ, "440300", false, &[]),
            Keys::new(JD, "510000", true, &[]),
        ];
        let genesis = Arc::new(genesis(&[&keys[0], &keys[1], &keys[2]]));
        let listeners: Vec<_> = (0..2).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().to_string()).collect();
        drop(listeners);
        let street = Street { genesis, addresses, keys };
        let mut nodes = Vec::new();
        let (node, gz_handle, gz_calls) = street.node(folder.path(), 0).await;
        nodes.push(node);
        let (sz_handle, sz_calls) = if sz_has_node {
            let (node, handle, calls) = street.node(folder.path(), 1).await;
            nodes.push(node);
            (handle, calls)
        } else {
            (gz_handle.clone(), mpsc::channel(1).1)
        };
        let jd_handle = gz_handle.clone();
        let gz = street.department(folder.path(), 0, gz_handle, gz_calls).await;
        let sz = street.department(folder.path(), 1, sz_handle, sz_calls).await;
        let jd = street.department(folder.path(), 2, jd_handle, mpsc::channel(1).1).await;
        let town = Self { gz, sz, jd, nodes, _folder: folder };
        town.published().await;
        town
    }

    /// Waits until gz's entry is on the chain and in everybody's read model.
    async fn published(&self) {
        for department in [&self.gz, &self.sz, &self.jd] {
            let officer = department.officer("reader", Role::ReqOperator).await;
            until(|| async {
                services::catalogue::entry(&department.office, &officer, CODE, None).await.is_ok()
                    && department.office.projected_height() > 0
                    && !services::catalogue::search(&department.office, &officer, Default::default())
                        .await
                        .unwrap()
                        .entries
                        .rows
                        .is_empty()
            })
            .await;
        }
    }

    /// Ends everything, so that the folders are free.
    pub(crate) async fn stop(self) {
        for department in [&self.gz, &self.sz, &self.jd] {
            department.keeping.abort();
        }
        drop((self.gz, self.sz, self.jd));
        for node in self.nodes {
            node.stop().await;
        }
    }
}

impl Street {
    async fn node(&self, folder: &Path, of: usize) -> (Node, NodeHandle, mpsc::Receiver<IncomingCall>) {
        let keys = &self.keys[of];
        let config = NodeConfig {
            data: folder.join(format!("node-{of}")),
            sign_guard: folder.join(format!("signed-{of}")),
            genesis: Arc::clone(&self.genesis),
            department: keys.id.clone(),
            peer_key: Zeroizing::new(keys.peer_seed),
            consensus_key: (of == 0).then(|| keys.consensus.clone()),
            listen: self.addresses[of].clone(),
            peers: self
                .keys
                .iter()
                .zip(&self.addresses)
                .map(|(keys, address)| PeerAddress {
                    department: keys.id.clone(),
                    peer: Node::peer_key(&keys.peer_seed).unwrap(),
                    address: address.clone(),
                })
                .collect(),
        };
        Node::start(config).await.unwrap()
    }

    async fn department(
        &self,
        folder: &Path,
        of: usize,
        node: NodeHandle,
        calls: mpsc::Receiver<IncomingCall>,
    ) -> Department {
        let keys = &self.keys[of];
        let folder = folder.join(keys.id.as_str());
        let bindings = folder.join("bindings");
        std::fs::create_dir_all(&bindings).unwrap();
        let mut bound = Vec::new();
        if of == 0 {
            std::fs::write(bindings.join("deposit.entry.toml"), ENTRY).unwrap();
            std::fs::write(bindings.join("deposit.toml"), BINDING).unwrap();
            people(&bindings.join("people.sqlite")).await;
            bound.push(Binding::load(&bindings.join("deposit.toml")).unwrap());
        }
        let store = OfficeStore::open(&folder).await.unwrap();
        let store_key = StoreKey::from_bytes(gm::random::bytes().unwrap());
        let audit = AuditLog::open(&store, AuditKey::of(&store_key)).await.unwrap();
        let judge = Arc::new(Judge::new().unwrap());
        let config = ExchangeConfig {
            dir: folder.join("exchange"),
            department: keys.id.clone(),
            online: keys.online.clone(),
            sealing: keys.sealing.clone(),
            store_key: store_key.clone(),
            bindings: bound,
            bounds: Bounds { per_hour: QUERIES_PER_HOUR, ..Bounds::DEFAULT },
        };
        let exchange =
            Exchange::start(config, node.clone(), Arc::clone(&judge), Arc::new(audit.clone()), calls)
                .await
                .unwrap();
        let office = Office::start(OfficeParts {
            node: node.clone(),
            exchange: exchange.clone(),
            judge: Arc::clone(&judge),
            department: keys.id.clone(),
            office_key: keys.office.clone(),
            online_key: keys.online.clone(),
            actor_key: Zeroizing::new(gm::random::bytes().unwrap()),
            store: store.clone(),
            audit: audit.clone(),
            store_key: StoreKey::from_bytes([5; 32]),
            host: HOST.to_owned(),
            demo: true,
            identity_provider: None,
            zones: zones(),
            entries: Some(bindings),
        })
        .await
        .unwrap();
        let kept = office.clone();
        let keeping = tokio::spawn(async move {
            let fault = kept.keep().await.unwrap_err();
            panic!("the office stopped: {fault}");
        });
        Department {
            office,
            store,
            audit,
            audit_key: AuditKey::of(&store_key),
            database: folder.join(services::store::FILE),
            node,
            exchange,
            judge,
            id: keys.id.clone(),
            office_key: keys.office.clone(),
            online_key: keys.online.clone(),
            keeping,
        }
    }
}

impl Department {
    /// A second office over the same records, as after a restart.
    pub(crate) async fn start_again(&self) -> Result<Office, OfficeFault> {
        Office::start(OfficeParts {
            node: self.node.clone(),
            exchange: self.exchange.clone(),
            judge: Arc::clone(&self.judge),
            department: self.id.clone(),
            office_key: self.office_key.clone(),
            online_key: self.online_key.clone(),
            actor_key: Zeroizing::new([7; 32]),
            store: self.store.clone(),
            audit: AuditLog::open(&self.store, self.audit_key.clone()).await.unwrap(),
            store_key: StoreKey::from_bytes([5; 32]),
            host: HOST.to_owned(),
            demo: false,
            identity_provider: None,
            zones: zones(),
            entries: None,
        })
        .await
    }

    /// Puts on record that it denied a query of another under a grant that nobody knows.
    pub(crate) async fn denies_an_unknown_grant_of(&self, requester: &Self) -> QueryId {
        let (chain, tip, versions) = self.node.read(|snapshot| {
            let versions = views::policy_versions(snapshot, &self.id).unwrap().unwrap();
            (snapshot.chain(), snapshot.tip(), versions)
        });
        let ticket = Ticket {
            version: 1,
            chain,
            requester: requester.id.clone(),
            key_id: requester.online_key.public().key_id(),
            grant: GrantId([0; 32]),
            provider: self.id.clone(),
            mode: Mode::Query,
            units: 1,
            seen_height: tip.height,
            seen_block: tip.block,
            valid_until: now().plus_ms(60_000),
            details_digest: Digest::ZERO,
        };
        let query = ticket.query_id();
        let denial = Denial {
            ticket_signature: requester.online_key.sign(chain, Kind::Ticket, &to_bytes(&ticket)).unwrap(),
            ticket,
            class: DenialClass::Grant,
            decision_commit: Digest::ZERO,
            policy_versions: versions,
            judged_height: tip.height,
            log_head: LogHead { size: 1, digest: Digest::ZERO },
        };
        let body = Transaction {
            version: 1,
            chain,
            department: self.id.clone(),
            key_id: self.online_key.public().key_id(),
            nonce: Nonce(gm::random::bytes().unwrap()),
            valid_until: now().plus_ms(60_000),
            payload: Payload::RecordDenial(denial),
        };
        self.node.submit(Signed::sign(body, &self.online_key).unwrap()).await.unwrap();
        query
    }

    /// Someone with one role, signed in.
    pub(crate) async fn officer(&self, account: &str, role: Role) -> Officer {
        self.officer_with(account, &[role]).await
    }

    /// A lead of the department, signed in.
    pub(crate) async fn lead(&self) -> Officer {
        let account = format!("lead{}", hex::encode(gm::random::bytes::<4>().unwrap()));
        self.officer(&account, Role::DeptLead).await
    }

    /// The lead countersigns a step.
    pub(crate) async fn countersigned(&self, step: &Drafted) -> Submitted {
        let lead = self.lead().await;
        let signed = countersigning::sign(&self.office, &lead, &step.id, "").await.unwrap();
        let submitted = signed.submitted.unwrap();
        Submitted { id: signed.made, ..submitted }
    }

    /// Someone with several roles, signed in.
    pub(crate) async fn officer_with(&self, account: &str, roles: &[Role]) -> Officer {
        // Who does something in their own name has a key; the others go on with a password.
        let in_own_name = |role: &Role| {
            role.is_administrator() || matches!(role, Role::ProvApprover | Role::DeptLead | Role::Inspector)
        };
        let key = roles.iter().any(in_own_name).then(|| SecretKey::generate().unwrap());
        self.enter(account, roles, key).await
    }

    /// Someone with one role and a key of their own, signed in.
    pub(crate) async fn officer_with_key(&self, account: &str, role: Role) -> Officer {
        self.enter(account, &[role], Some(SecretKey::generate().unwrap())).await
    }

    /// Someone with one role, and the session they sit in.
    pub(crate) async fn officer_in(&self, account: &str, role: Role) -> (String, Officer) {
        self.seated(account, &[role], Some(SecretKey::generate().unwrap())).await
    }

    /// Someone with one role and this key, signed in with it.
    pub(crate) async fn officer_holding(&self, account: &str, role: Role, key: &SecretKey) -> Officer {
        self.seated(account, &[role], Some(key.clone())).await.1
    }

    async fn enter(&self, account: &str, roles: &[Role], key: Option<SecretKey>) -> Officer {
        self.seated(account, roles, key).await.1
    }

    async fn seated(&self, account: &str, roles: &[Role], key: Option<SecretKey>) -> (String, Officer) {
        let new = NewAccount {
            account: account.to_owned(),
            name: format!("{account} 女士"),
            roles: roles.to_vec(),
            password: Zeroizing::new(PASSWORD.to_owned()),
            key: key.as_ref().map(SecretKey::public),
        };
        staff::add(&self.store, &self.audit, new).await.unwrap();
        let session = staff::sign_in(&self.office, Source::OWN, account, PASSWORD).await.unwrap().session;
        if let Some(key) = &key {
            self.show_key(&session, key).await.unwrap();
        }
        let officer = staff::resume(&self.office, &session).await.unwrap();
        (session.to_string(), officer)
    }

    /// Changes a row behind the office's back: time that passed, say.
    pub(crate) async fn execute(&self, statement: &'static str) {
        use sqlx::Connection as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&self.database);
        let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query(statement).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    }

    /// Whether the office's file has these bytes somewhere.
    pub(crate) fn file_holds(&self, wanted: &[u8]) -> bool {
        let wal = self.database.with_extension("sqlite-wal");
        let files = [std::fs::read(&self.database).unwrap(), std::fs::read(wal).unwrap_or_default()];
        files.iter().any(|bytes| bytes.windows(wanted.len()).any(|part| part == wanted))
    }

    /// Answers the session's challenge, as a bridge to a USB key does.
    pub(crate) async fn show_key(&self, session: &str, key: &SecretKey) -> Result<(), ServiceError> {
        let asked = staff::proving(&self.office, session).await?.challenge.unwrap();
        let answer = staff::challenge::answer(&asked, key).unwrap();
        staff::prove(&self.office, Source::OWN, session, Factor::Answer(&answer)).await
    }
}

/// Waits until a question is answered with yes, asking again after every moment.
pub(crate) async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let waited = tokio::time::timeout(PATIENCE, async {
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        while !is_so().await {
            tick.tick().await;
        }
    });
    waited.await.expect("it did not come to pass");
}

/// Two people of nobody's province.
async fn people(file: &Path) {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    for statement in [
        "CREATE TABLE deposits (id_type TEXT NOT NULL, id_number TEXT NOT NULL, name TEXT NOT NULL,
           account TEXT, state TEXT, monthly TEXT)",
        "CREATE INDEX deposits_type ON deposits (id_type)",
        "CREATE INDEX deposits_number ON deposits (id_number)",
        "CREATE INDEX deposits_name ON deposits (name)",
        "INSERT INTO deposits VALUES
           ('01', '990000199001010017', '王小明', '00000000000000000123', '01', '3250.00')",
    ] {
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
}

const BINDING: &str = r#"
entry = "307001/000001@1"
sqlite = "people.sqlite"
table = "deposits"
[keys]
ZJLX = "id_type"
ZJHM = "id_number"
XingMing = "name"
[items]
XingMing = "name"
ZJHM = "id_number"
GRZH = "account"
GRZHZT = "state"
YJCE = "monthly"
"#;

const ENTRY: &str = include_str!("../deposit.entry.toml");
