//! Nodes and exchanges of several departments in one process.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use access::{Assurance, Judge};
use exchange::protocol::Answer;
use exchange::{
    Answered, AnsweredFilter, AnsweredState, Asker, Binding, Bounds, Exchange, ExchangeConfig, LogHeadSource,
    Look, Noted, OpenedAnswer, Query, QueryFilter, QueryState, QueryView, Subject,
};
use gm::sm3::Digest;
use gm::store_key::StoreKey;
use ledger::grant::RevokeGrant;
use ledger::ids::{GrantId, Pseudonym, QueryId};
use ledger::parameters::Parameters;
use ledger::receipt::{LogHead, Record};
use ledger::role::Role;
use ledger::transaction::{Payload, Signed};
use ledger::views;
use node::{IncomingCall, Node, NodeConfig, NodeFault, NodeHandle, PeerAddress};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::founding::{ASKER, Founded, ITEMS, PROVIDER, Terms, entry, found, now};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// People of the provider's database.
pub(crate) const ZHANG: (&str, &str) = ("张三", "990000199001010017");
pub(crate) const NOBODY: (&str, &str) = ("李小明", "990000199001010033");

/// Has two accounts.
pub(crate) const LIU: (&str, &str) = ("刘小红", "99000019900101005X");

const DATABASE: &str = "
    CREATE TABLE deposits (id_type TEXT NOT NULL, id_number TEXT NOT NULL, name TEXT NOT NULL, mobile TEXT,
        state TEXT, balance NUMERIC, unit TEXT);
    CREATE INDEX by_number ON deposits (id_number);
    INSERT INTO deposits VALUES
        ('01', '990000199001010017', '张三', '10000000001', '01', 23456.78, '成都市某某有限公司'),
        ('01', '99000019900101005X', '刘小红', '10000000002', '01', 100, '成都市某某有限公司'),
        ('01', '99000019900101005X', '刘小红', '10000000002', '02', 0, NULL);";

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
    SJHM = "mobile"
    GRZHZT = "state"
    GRZHYE = "balance"
    DWMC = "unit"
"#;

/// A department of the chain but of no grant. Where it votes, nothing is decided without it.
pub(crate) const THIRD: usize = 2;

/// A chain, its nodes and its exchanges.
pub(crate) struct Town {
    pub(crate) founded: Founded,
    folders: Vec<TempDir>,
    addresses: Vec<String>,
    nodes: Vec<Option<(Node, NodeHandle)>>,
    calls: Vec<Option<mpsc::Receiver<IncomingCall>>>,
    exchanges: Vec<Option<Exchange>>,
    validators: Vec<usize>,
    /// Of the exchanges started from now on.
    pub(crate) bounds: Bounds,
    /// What the departments' logs say of looks at their decisions.
    pub(crate) looks: Log,
}

/// A log that only remembers looks.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Look>>>);

impl Log {
    pub(crate) fn looks(&self) -> Vec<Look> {
        self.0.lock().unwrap().clone()
    }
}

impl LogHeadSource for Log {
    fn head(&self) -> LogHead {
        LogHead { size: 1, digest: Digest([1; 32]) }
    }
    fn note_look(&self, look: Look) -> Noted<'_> {
        self.0.lock().unwrap().push(look);
        Box::pin(async { Ok(()) })
    }
}

/// Parameters that do not keep a test waiting.
pub(crate) fn quick() -> Parameters {
    Parameters { delivery_wait_ms: 200, heartbeat_ms: 1_000, ..Parameters::DEFAULT }
}

/// Heartbeats so far apart that a standing chain does not count as behind during a test.
pub(crate) fn patient() -> Parameters {
    Parameters { heartbeat_ms: 60_000, ..quick() }
}

impl Town {
    /// Nodes of all departments and the exchanges of the first two, with the entry published.
    pub(crate) async fn start(departments: usize, validators: &[usize], parameters: Parameters) -> Self {
        let mut town = Self::found(departments, validators, parameters).await;
        for of in 0..departments {
            town.start_node(of).await;
        }
        town.publish().await;
        town.start_exchange(PROVIDER).await;
        town.start_exchange(ASKER).await;
        town
    }

    pub(crate) async fn found(departments: usize, validators: &[usize], parameters: Parameters) -> Self {
        // All ports are held until all are chosen, so that none is chosen twice.
        let listeners: Vec<_> = (0..departments).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().to_string()).collect();
        let town = Self {
            founded: found(departments, validators, parameters),
            folders: (0..departments).map(|_| tempfile::tempdir().unwrap()).collect(),
            addresses,
            nodes: (0..departments).map(|_| None).collect(),
            calls: (0..departments).map(|_| None).collect(),
            exchanges: (0..departments).map(|_| None).collect(),
            validators: validators.to_vec(),
            looks: Log::default(),
            bounds: Bounds::DEFAULT,
        };
        let options = SqliteConnectOptions::new().filename(town.database()).create_if_missing(true);
        let pool = SqlitePool::connect_with(options).await.unwrap();
        sqlx::raw_sql(DATABASE).execute(&pool).await.unwrap();
        pool.close().await;
        town
    }

    /// The provider's own database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folders[PROVIDER].path().join("people.sqlite")
    }

    /// A department's folder.
    pub(crate) fn folder(&self, of: usize) -> &std::path::Path {
        self.folders[of].path()
    }

    pub(crate) async fn start_node(&mut self, of: usize) {
        let founder = &self.founded.departments[of];
        let peers = || self.founded.departments.iter().zip(&self.addresses);
        let config = || NodeConfig {
            data: self.folders[of].path().join("node"),
            sign_guard: self.folders[of].path().join("signed"),
            genesis: Arc::clone(&self.founded.genesis),
            department: founder.id.clone(),
            peer_key: Zeroizing::new(founder.seed),
            consensus_key: self.validators.contains(&of).then(|| founder.consensus.clone()),
            listen: self.addresses[of].clone(),
            peers: peers()
                .map(|(founder, address)| PeerAddress {
                    department: founder.id.clone(),
                    peer: founder.peer.clone(),
                    address: address.clone(),
                })
                .collect(),
        };
        let (node, handle, calls) = loop {
            match Node::start(config()).await {
                Ok(started) => break started,
                // The folder of a node just stopped is given back a moment later.
                Err(NodeFault::InUse(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(fault) => panic!("{fault}"),
            }
        };
        self.nodes[of] = Some((node, handle));
        self.calls[of] = Some(calls);
    }

    /// Stops a node; its exchange must be stopped.
    pub(crate) async fn stop_node(&mut self, of: usize) {
        assert!(self.exchanges[of].is_none());
        let (node, handle) = self.nodes[of].take().unwrap();
        self.calls[of] = None;
        drop(handle);
        node.stop().await;
    }

    pub(crate) async fn start_exchange(&mut self, of: usize) {
        // An exchange is started once for each start of its node; a second one is given no calls.
        let calls = self.calls[of].take().unwrap_or_else(|| mpsc::channel(1).1);
        let exchange = self.exchange_with(of, calls).await;
        self.exchanges[of] = Some(exchange);
    }

    async fn exchange_with(&self, of: usize, calls: mpsc::Receiver<IncomingCall>) -> Exchange {
        let founder = &self.founded.departments[of];
        let folder = self.folders[of].path();
        let bindings = if of == PROVIDER { vec![Binding::parse(BINDING, folder).unwrap()] } else { vec![] };
        let config = ExchangeConfig {
            dir: folder.join("exchange"),
            department: founder.id.clone(),
            online: founder.online.clone(),
            sealing: founder.sealing.clone(),
            store_key: StoreKey::from_bytes([7; 32]),
            bindings,
            bounds: self.bounds,
        };
        let judge = Arc::new(Judge::new().unwrap());
        Exchange::start(config, self.handle(of).clone(), judge, Arc::new(self.looks.clone()), calls)
            .await
            .unwrap()
    }

    pub(crate) async fn stop_exchange(&mut self, of: usize) {
        self.exchanges[of].take().unwrap().stop().await;
    }

    /// Stops a department, as a crash does: what it knows is on its disk.
    pub(crate) async fn leave(&mut self, of: usize) {
        self.stop_exchange(of).await;
        self.stop_node(of).await;
    }

    /// Starts a department from its disk.
    pub(crate) async fn come_back(&mut self, of: usize) {
        self.start_node(of).await;
        self.start_exchange(of).await;
    }

    pub(crate) async fn restart(&mut self, of: usize) {
        self.leave(of).await;
        self.come_back(of).await;
    }

    pub(crate) async fn stop(mut self) {
        for of in 0..self.nodes.len() {
            if self.exchanges[of].is_some() {
                self.stop_exchange(of).await;
            }
            if self.nodes[of].is_some() {
                self.stop_node(of).await;
            }
        }
    }

    pub(crate) fn handle(&self, of: usize) -> &NodeHandle {
        &self.nodes[of].as_ref().unwrap().1
    }

    pub(crate) fn exchange(&self, of: usize) -> &Exchange {
        self.exchanges[of].as_ref().unwrap()
    }

    pub(crate) async fn submit(&self, of: usize, tx: Signed) {
        let applied = within(self.handle(of).submit(tx)).await.unwrap();
        // Others see it a moment later.
        for node in self.nodes.iter().flatten() {
            within(node.1.follow().wait_for(|tip| tip.height >= applied.height)).await.unwrap();
        }
    }

    async fn publish(&self) {
        let tx = self.founded.office(PROVIDER, Payload::Publish(entry(1)));
        self.submit(PROVIDER, tx).await;
    }

    pub(crate) async fn grant(&self, terms: &Terms) -> GrantId {
        let (request, approval, grant) = self.founded.grant(terms);
        self.submit(ASKER, request).await;
        self.submit(PROVIDER, approval).await;
        grant
    }

    pub(crate) async fn revoke(&self, grant: GrantId) {
        let by = self.founded.by(Role::ProvApprover);
        let revocation = RevokeGrant { grant, reason: "01".parse().unwrap(), by };
        self.submit(PROVIDER, self.founded.office(PROVIDER, Payload::RevokeGrant(revocation))).await;
    }

    /// Units of a grant that are used, as the asker's node has it.
    pub(crate) fn used(&self, grant: GrantId) -> u32 {
        self.handle(ASKER).read(|snapshot| views::grant(snapshot, &grant)).unwrap().unwrap().used_units
    }

    /// Asks while the third department is away, without which the answer cannot be put on record.
    pub(crate) async fn ask_until_held(&mut self, grant: GrantId) -> QueryId {
        self.stop_node(THIRD).await;
        let query = self.ask(grant, ZHANG).await;
        self.until(&query, |view| view.state == QueryState::Held).await;
        query
    }

    /// The record of a query, once the asker's node has it.
    pub(crate) async fn until_on_record(&self, query: &QueryId) -> Record {
        let handle = self.handle(ASKER);
        let mut heads = handle.follow();
        let wait = async {
            loop {
                if let Some(record) = handle.read(|snapshot| views::record(snapshot, query)).unwrap() {
                    return record;
                }
                heads.changed().await.unwrap();
            }
        };
        within(wait).await
    }

    /// Writes another role into the asker's own record of a query; its exchange must be stopped.
    pub(crate) async fn change_role(&self, query: &QueryId, role: Role) {
        let file = self.folders[ASKER].path().join("exchange").join("exchange.sqlite");
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap();
        let written = sqlx::query("UPDATE queries SET role = ? WHERE query = ?")
            .bind(role.code())
            .bind(query.0.as_slice())
            .execute(&pool)
            .await;
        assert_eq!(written.unwrap().rows_affected(), 1);
        pool.close().await;
    }

    /// Asks as the first department's officer.
    pub(crate) async fn ask(&self, grant: GrantId, person: (&str, &str)) -> QueryId {
        self.ask_as(grant, person, Role::BizUser, gm::random::bytes().unwrap()).await
    }

    pub(crate) async fn ask_as(
        &self,
        grant: GrantId,
        person: (&str, &str),
        role: Role,
        form_id: [u8; 32],
    ) -> QueryId {
        let query = query(grant, person, role, form_id);
        within(self.exchange(ASKER).ask(query, pseudonym)).await.unwrap()
    }

    pub(crate) async fn look(&self, query: &QueryId) -> QueryView {
        self.exchange(ASKER).query(query).await.unwrap().unwrap()
    }

    /// Waits until a query is as wanted.
    pub(crate) async fn until(&self, query: &QueryId, wanted: impl Fn(&QueryView) -> bool) -> QueryView {
        let mut view = self.look(query).await;
        let wait = async {
            while !wanted(&view) {
                view = self.exchange(ASKER).wait(query, view.stamp, PATIENCE).await.unwrap().unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("the query stays at {:?} {:?}\n{}", view.state, view.waiting, self.describe());
        }
        view
    }

    pub(crate) async fn until_closed(&self, query: &QueryId) -> QueryView {
        self.until(query, |view| view.state == QueryState::Closed || is_bad_end(&view.state)).await
    }

    /// Waits until the provider's only query is in this state.
    pub(crate) async fn until_answered(&self, state: AnsweredState) {
        self.until_provider(|found| found == state).await;
    }

    /// Waits until the provider's only query is in a state as wanted.
    pub(crate) async fn until_provider(&self, wanted: impl Fn(AnsweredState) -> bool) {
        let mut changes = self.exchange(PROVIDER).follow();
        let wait = async {
            loop {
                let found = self.answered().await;
                assert!(found.len() <= 1);
                if found.first().is_some_and(|row| wanted(row.state)) {
                    return;
                }
                changes.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            let found = self.answered().await;
            panic!("the provider stays at {:?}\n{}", found.first().map(|row| row.state), self.describe());
        }
    }

    /// How all nodes stand, for a test that waited in vain.
    fn describe(&self) -> String {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .map(|(of, node)| match node {
                Some((_, handle)) => format!("{of}: {:?}\n", handle.status()),
                None => format!("{of}: stopped\n"),
            })
            .collect()
    }

    /// The header of an answer, as its requester holds it.
    pub(crate) async fn header(&self, query: &QueryId) -> Answer {
        self.exchange(ASKER).papers(query).await.unwrap().unwrap().answer.unwrap()
    }

    /// What the provider lists.
    pub(crate) async fn answered(&self) -> Vec<Answered> {
        let filter = AnsweredFilter { limit: 100, ..AnsweredFilter::default() };
        let listing = self.exchange(PROVIDER).answered(&filter).await.unwrap();
        assert_eq!(listing.total, listing.rows.len() as u64);
        listing.rows
    }

    pub(crate) async fn journal(&self) -> Vec<QueryView> {
        let filter = QueryFilter { limit: 100, ..QueryFilter::default() };
        self.exchange(ASKER).queries(&filter).await.unwrap().rows
    }
}

/// The values of an answer's only row that has them all.
pub(crate) fn values(answer: &OpenedAnswer) -> Vec<(&str, &str)> {
    assert_eq!(answer.rows.len(), 1);
    answer.rows[0].iter().map(|(item, value)| (item.as_str(), value.as_deref().unwrap())).collect()
}

fn is_bad_end(state: &QueryState) -> bool {
    state.is_final() && !matches!(state, QueryState::Opened | QueryState::Closed)
}

pub(crate) fn pseudonym(nonce: &[u8; 32]) -> Pseudonym {
    ledger::department::pseudonym(&[5; 32], gm::domain::ChainId::ZERO, nonce, "staff-1")
}

pub(crate) fn query(grant: GrantId, person: (&str, &str), role: Role, form_id: [u8; 32]) -> Query {
    Query {
        form_id,
        grant,
        items: ITEMS.iter().map(|(item, ..)| item.parse().unwrap()).collect(),
        subject: Subject { name: person.0.into(), id_type: "01".into(), id_number: person.1.into() },
        case_no: CASE.into(),
        asker: Asker {
            account: "wang".into(),
            role,
            clearance: 4,
            assurance: Assurance::Password,
            zone: None,
        },
        officer: None,
    }
}

/// The business case of every query here.
pub(crate) const CASE: &str = "贷款-2026-0117";

/// Waits, but not for ever.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it takes too long")
}

/// A moment for terms that are over.
pub(crate) fn long_ago() -> ledger::ids::Time {
    ledger::ids::Time(now().0 - 30_000)
}

/// Waits for the clock: while a chain stands still there is no other event.
pub(crate) async fn until_clock(time: ledger::ids::Time) {
    tokio::time::sleep(Duration::from_millis(time.0.saturating_sub(now().0))).await;
}
