//! Policies that move between a decision and its record. No transaction of this version moves one, so a
//! receipt made under other versions stands in for it: the ledger refuses it in the same way.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use access::{Assurance, Judge};
use gm::sm3::Digest;
use gm::store_key::StoreKey;
use ledger::ids::{GrantId, Nonce, PolicyVersion, Pseudonym};
use ledger::parameters::Parameters;
use ledger::receipt::{Delivery, DeliveryOutcome, DenialClass, LogHead, RecordKind};
use ledger::role::Role;
use ledger::transaction::{Payload, Signed, Transaction};
use node::{Node, NodeConfig, NodeHandle, PeerAddress};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::*;
use crate::limits::DISPUTE_MS;
use crate::protocol::Answer;
use crate::query::{Asker, Query, QueryState};
use crate::store::answers::{AnswerRow, Stand};
use crate::{Binding, Bounds, Exchange, ExchangeConfig, Subject, standing};
use founding::{ASKER, Founded, PROVIDER, Terms, entry, found};

#[allow(dead_code)] // shared with the crate's integration tests
#[path = "../../tests/it/founding.rs"]
mod founding;

mod officer;

const PATIENCE: Duration = Duration::from_secs(120);

const BINDING: &str = r#"
    entry = "307001/000001@1"
    sqlite = "people.sqlite"
    table = "people"
    [keys]
    ZJHM = "number"
    [items]
    XingMing = "name"
    ZJHM = "number"
    SJHM = "mobile"
    GRZHZT = "state"
    GRZHYE = "balance"
    DWMC = "unit"
"#;

const PEOPLE: &str = "CREATE TABLE people (number TEXT PRIMARY KEY, name TEXT, mobile TEXT, state TEXT,
    balance NUMERIC, unit TEXT); INSERT INTO people VALUES ('990000199001010017', '张三', NULL, '01', 1, NULL);";

/// A requester's whole exchange, and a provider whose records are made only when the test says so.
struct Scene {
    folders: [TempDir; 2],
    nodes: Vec<Node>,
    founded: Founded,
    asker: NodeHandle,
    provider: Arc<Provider>,
    requester: Exchange,
    grant: GrantId,
}

async fn node(
    founded: &Founded,
    of: usize,
    folder: &TempDir,
    ports: &[String],
) -> (Node, NodeHandle, mpsc::Receiver<IncomingCall>) {
    let founder = &founded.departments[of];
    let peers = founded.departments.iter().zip(ports).map(|(founder, address)| PeerAddress {
        department: founder.id.clone(),
        peer: founder.peer.clone(),
        address: address.clone(),
    });
    let config = NodeConfig {
        data: folder.path().join("node"),
        sign_guard: folder.path().join("signed"),
        genesis: Arc::clone(&founded.genesis),
        department: founder.id.clone(),
        peer_key: Zeroizing::new(founder.seed),
        consensus_key: (of == ASKER).then(|| founder.consensus.clone()),
        listen: ports[of].clone(),
        peers: peers.collect(),
    };
    Node::start(config).await.unwrap()
}

fn log_head() -> LogHead {
    LogHead { size: 1, digest: Digest([1; 32]) }
}

impl Scene {
    async fn set() -> Self {
        Self::set_with(|_| {}).await
    }

    /// The provider's own keys may be made others than the chain knows.
    async fn set_with(change: impl Fn(&mut founding::Founder)) -> Self {
        let founded = found(2, &[ASKER], Parameters { delivery_wait_ms: 100, ..Parameters::DEFAULT });
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let listeners: Vec<_> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().to_string()).collect();
        drop(listeners);
        let (asker, asker_handle, asker_calls) = node(&founded, ASKER, &folders[ASKER], &ports).await;
        let (owner, owner_handle, calls) = node(&founded, PROVIDER, &folders[PROVIDER], &ports).await;
        let (request, approval, grant) = founded.grant(&Terms::new());
        for tx in [founded.office(PROVIDER, Payload::Publish(entry(1))), request, approval] {
            let applied = asker_handle.submit(tx).await.unwrap();
            owner_handle.follow().wait_for(|tip| tip.height >= applied.height).await.unwrap();
        }
        let mut owner_keys = founded.departments[PROVIDER].clone();
        change(&mut owner_keys);
        let provider = provider(&founded, owner_keys, &folders[PROVIDER], owner_handle).await;
        answer_calls(Arc::clone(&provider), calls);
        let founder = &founded.departments[ASKER];
        let config = ExchangeConfig {
            dir: folders[ASKER].path().join("exchange"),
            department: founder.id.clone(),
            online: founder.online.clone(),
            sealing: founder.sealing.clone(),
            store_key: StoreKey::from_bytes([8; 32]),
            bindings: vec![],
            bounds: Bounds::DEFAULT,
        };
        let judge = Arc::new(Judge::new().unwrap());
        let requester = Exchange::start(config, asker_handle.clone(), judge, Arc::new(log_head), asker_calls)
            .await
            .unwrap();
        let nodes = vec![asker, owner];
        Self { folders, nodes, founded, asker: asker_handle, provider, requester, grant }
    }

    async fn ask(&self) -> QueryId {
        let query = self.send().await;
        self.until(&query, |state| *state == QueryState::Held).await;
        query
    }

    async fn send(&self) -> QueryId {
        let number = "990000199001010017";
        let query = Query {
            form_id: gm::random::bytes().unwrap(),
            grant: self.grant,
            items: founding::ITEMS.iter().map(|(item, ..)| item.parse().unwrap()).collect(),
            subject: Subject { name: "张三".into(), id_type: "01".into(), id_number: number.into() },
            case_no: "贷款-1".into(),
            asker: Asker {
                account: "wang".into(),
                role: Role::BizUser,
                clearance: 4,
                assurance: Assurance::Password,
                zone: None,
            },
            officer: None,
        };
        self.requester.ask(query, |nonce| Pseudonym(*nonce)).await.unwrap()
    }

    async fn until(&self, query: &QueryId, wanted: impl Fn(&QueryState) -> bool) -> QueryState {
        let mut view = self.requester.query(query).await.unwrap().unwrap();
        let wait = async {
            while !wanted(&view.state) {
                view = self.requester.wait(query, view.stamp, PATIENCE).await.unwrap().unwrap();
            }
        };
        assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "the query stays at {:?}", view.state);
        view.state
    }

    async fn row(&self, query: &QueryId) -> AnswerRow {
        self.provider.context.store.answer_row(query).await.unwrap().unwrap()
    }

    /// State, reason, and whether seed and ciphertext are still here.
    async fn kept(&self, query: &QueryId) -> (String, Option<String>, bool, bool) {
        let file = self.folders[PROVIDER].path().join("exchange").join("exchange.sqlite");
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap();
        let kept = sqlx::query_as(
            "SELECT state, code, seed IS NOT NULL, ciphertext IS NOT NULL FROM answers WHERE query = ?",
        );
        let kept = kept.bind(query.0.as_slice()).fetch_one(&pool).await.unwrap();
        pool.close().await;
        kept
    }

    async fn prepared(&self, query: &QueryId) -> (Answer, Vec<u8>) {
        let stand = self.row(query).await.stand;
        let ready = stand.ready().unwrap();
        (ready.answer.clone(), ready.seed.as_bytes().to_vec())
    }

    /// The prepared receipt names versions that are not in force.
    async fn move_policy(&self, query: &QueryId) {
        let tx = match self.row(query).await.stand {
            Stand::Prepared(prepared) => prepared.tx,
            Stand::Denied { open: Some(open), .. } => open.1,
            _ => panic!("no record is to be made"),
        };
        let mut payload = tx.body.payload;
        let versions = match &mut payload {
            Payload::RecordAnswer(receipt) => &mut receipt.policy_versions,
            Payload::RecordDenial(denial) => &mut denial.policy_versions,
            other => panic!("{other:?}"),
        };
        versions.national = PolicyVersion([9; 32]);
        let tx = self.provider.context.sign(tx.body.valid_until, payload).unwrap();
        self.overwrite(query, "UPDATE answers SET tx = ? WHERE query = ?", Some(to_bytes(&tx))).await;
    }

    /// The decision of the prepared answer is another than would be made now.
    async fn forget_decision(&self, query: &QueryId) {
        self.overwrite(query, "UPDATE answers SET decision = ? WHERE query = ?", None).await;
    }

    async fn overwrite(&self, query: &QueryId, statement: &'static str, value: Option<Vec<u8>>) {
        let file = self.folders[PROVIDER].path().join("exchange").join("exchange.sqlite");
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap();
        let written = sqlx::query(statement).bind(value).bind(query.0.as_slice()).execute(&pool).await;
        assert_eq!(written.unwrap().rows_affected(), 1);
        pool.close().await;
    }

    async fn record(&self, query: &QueryId) {
        let record = Arc::clone(&self.provider).record(*query);
        assert!(tokio::time::timeout(PATIENCE, record).await.is_ok(), "no record is made");
    }

    /// The requester's word on answers, whatever became of them.
    async fn acknowledge(&self, marks: &[(QueryId, DeliveryOutcome)]) {
        let asker = &self.founded.departments[ASKER];
        let delivery = Delivery { marks: marks.to_vec(), marks_root: Digest::ZERO, log_head: log_head() };
        let tx = Transaction {
            version: crate::protocol::VERSION,
            chain: self.founded.genesis.chain(),
            department: asker.id.clone(),
            key_id: asker.online.public().key_id(),
            nonce: Nonce(gm::random::bytes().unwrap()),
            valid_until: self.provider.context.now().plus_ms(60_000),
            payload: Payload::Acknowledge(delivery),
        };
        let applied = self.asker.submit(Signed::sign(tx, &asker.online).unwrap()).await.unwrap();
        let mut heads = self.provider.context.node.follow();
        heads.wait_for(|tip| tip.height >= applied.height).await.unwrap();
    }

    fn recorded(&self, query: &QueryId) -> Option<Digest> {
        let (_, record) = standing::record(&self.provider.context.node, query).unwrap();
        match record?.kind {
            RecordKind::Answer { answer_digest, .. } => Some(answer_digest),
            RecordKind::Denial { .. } => None,
        }
    }

    async fn end(self) {
        self.requester.stop().await;
        self.provider.context.stopping.cancel();
        for node in self.nodes {
            node.stop().await;
        }
    }
}

async fn provider(
    founded: &Founded,
    founder: founding::Founder,
    folder: &TempDir,
    node: NodeHandle,
) -> Arc<Provider> {
    let options =
        SqliteConnectOptions::new().filename(folder.path().join("people.sqlite")).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql(PEOPLE).execute(&pool).await.unwrap();
    pool.close().await;
    let binding = Binding::parse(BINDING, folder.path()).unwrap();
    let source = Source::open(&binding).await.unwrap();
    let context = Context {
        department: founder.id,
        chain: founded.genesis.chain(),
        online_id: founder.online.public().key_id(),
        sealing_id: founder.sealing.public().key_id(),
        online: founder.online,
        sealing: founder.sealing,
        node,
        judge: Arc::new(Judge::new().unwrap()),
        log: Arc::new(log_head),
        store: crate::store::Store::open(&folder.path().join("exchange"), StoreKey::from_bytes([7; 32]))
            .await
            .unwrap(),
        bounds: Bounds::DEFAULT,
        stopping: CancellationToken::new(),
    };
    let tasks = Arc::new(Tasks::new());
    tasks.end(Duration::ZERO).await; // nothing is recorded by itself
    Provider::new(Arc::new(context), BTreeMap::from([(binding.entry, source)]), tasks)
}

fn answer_calls(provider: Arc<Provider>, mut calls: mpsc::Receiver<IncomingCall>) {
    tokio::spawn(async move {
        while let Some(call) = calls.recv().await {
            let provider = Arc::clone(&provider);
            tokio::spawn(async move {
                let reply = provider.reply(&call.from, &call.body).await;
                call.answer.send(to_bytes(&reply)).ok();
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_decision_keeps_the_answer_that_is_held() {
    let scene = Scene::set().await;
    let query = scene.ask().await;
    let (before, _) = scene.prepared(&query).await;
    scene.move_policy(&query).await;
    scene.record(&query).await;
    assert_eq!(scene.recorded(&query), Some(before.digest()));
    assert_eq!(scene.row(&query).await.prepared_times, 1);
    assert_eq!(scene.until(&query, QueryState::is_final).await, QueryState::Opened);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_decision_prepares_once_more_and_the_requester_fetches_what_is_recorded() {
    let scene = Scene::set().await;
    let query = scene.ask().await;
    let (before, seed) = scene.prepared(&query).await;
    scene.move_policy(&query).await;
    scene.forget_decision(&query).await;
    scene.record(&query).await;
    assert_eq!(scene.row(&query).await.prepared_times, 2);
    let (after, new_seed) = scene.prepared(&query).await;
    assert_ne!(seed, new_seed);
    let digest = after.digest();
    assert_ne!(before.digest(), digest);
    assert_eq!(scene.recorded(&query), Some(digest));
    assert_eq!(scene.until(&query, QueryState::is_final).await, QueryState::Opened);
    let header = scene.requester.papers(&query).await.unwrap().unwrap().answer.unwrap();
    assert_eq!(header.digest(), digest);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_moves_twice_ends_the_query_without_a_seed() {
    let scene = Scene::set().await;
    let query = scene.ask().await;
    scene.move_policy(&query).await;
    scene.forget_decision(&query).await;
    // The first turn prepares once more; before the second the policy moves again.
    let turn = async || scene.provider.record_once(&query).await.unwrap();
    assert!(!turn().await);
    scene.move_policy(&query).await;
    scene.forget_decision(&query).await;
    assert!(turn().await);
    let over = ("refused".to_owned(), Some("policy.moved".to_owned()), false, false);
    assert_eq!(scene.kept(&query).await, over);
    assert_eq!(scene.recorded(&query), None);
    scene.end().await;
}

/// The requester is told why although nothing can be sealed to it, and of what was sent only the ticket is kept;
/// it is enough to deny once more when the policy moves before the record.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_does_not_open_is_denied_on_both_sides() {
    let scene = Scene::set_with(|keys| keys.sealing = gm::sm2::SecretKey::generate().unwrap()).await;
    let query = scene.send().await;
    let expected = QueryState::Denied {
        by: crate::DeniedBy::Provider,
        class: DenialClass::Malformed,
        layer: None,
        row: None,
        code: Outcome::QuestionMalformed,
    };
    assert_eq!(scene.until(&query, QueryState::is_final).await, expected);
    let row = scene.row(&query).await;
    let Stand::Denied { open: Some(open), .. } = &row.stand else { panic!("it is not denied") };
    assert!(row.details.is_none() && open.0.sealed.0.is_empty());
    scene.move_policy(&query).await;
    scene.record(&query).await;
    let (_, record) = standing::record(&scene.provider.context.node, &query).unwrap();
    assert!(matches!(record.unwrap().kind, RecordKind::Denial { class: DenialClass::Malformed, .. }));
    assert!(matches!(scene.row(&query).await.stand, Stand::Denied { open: None, .. }));
    scene.end().await;
}

/// A requester that opened an answer and says that the key did not fit must be answerable: the provider shows the seed.
/// Only one that says it opened the answer has nothing to complain of.
#[tokio::test(flavor = "multi_thread")]
async fn the_seed_is_kept_for_a_dispute_unless_the_answer_was_opened() {
    let scene = Scene::set().await;
    let outcomes = [
        DeliveryOutcome::RejectedKey,
        DeliveryOutcome::RejectedContent,
        DeliveryOutcome::Unopened,
        DeliveryOutcome::Opened,
    ];
    let mut marks = Vec::new();
    for outcome in outcomes {
        marks.push((scene.ask().await, outcome));
    }
    scene.requester.stop().await; // it would say what is true
    for (query, _) in &marks {
        scene.record(query).await;
    }
    let seen = scene.provider.keep_up(None).await.unwrap();
    let mut sorted = marks.clone();
    sorted.sort_by_key(|(query, _)| *query);
    scene.acknowledge(&sorted).await;
    scene.provider.keep_up(Some(seen)).await.unwrap();
    for (query, outcome) in &marks {
        let (state, _, seed, ciphertext) = scene.kept(query).await;
        assert_eq!(state, "closed");
        assert_eq!(seed, *outcome != DeliveryOutcome::Opened, "{outcome}");
        assert_eq!(ciphertext, seed);
    }
    // No longer than a dispute may take.
    let store = &scene.provider.context.store;
    let recorded = store.unacknowledged().await.unwrap();
    assert!(recorded.is_empty());
    let now = scene.provider.context.now();
    assert_eq!(store.destroy_undisputed(now.plus_ms(DISPUTE_MS - 600_000)).await.unwrap(), 0);
    assert_eq!(store.destroy_undisputed(now.plus_ms(DISPUTE_MS)).await.unwrap(), 3);
    for (query, _) in &marks {
        assert!(!scene.kept(query).await.2);
    }
    scene.end().await;
}

/// Answers of which no word comes are no work at a head: only what stands in the blocks since the last one is. What a
/// process missed while it did not run is taken over at its start.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_costs_only_what_its_blocks_hold() {
    let scene = Scene::set().await;
    let (missed, told) = (scene.ask().await, scene.ask().await);
    scene.requester.stop().await;
    scene.record(&missed).await;
    scene.record(&told).await;
    scene.acknowledge(&[(missed, DeliveryOutcome::Opened)]).await;
    let seen = scene.provider.context.node.read(|snapshot| snapshot.tip().height);
    scene.acknowledge(&[(told, DeliveryOutcome::Opened)]).await;
    scene.provider.keep_up(Some(seen)).await.unwrap();
    let closed = async |query| scene.kept(query).await.0 == "closed";
    assert!(!closed(&missed).await && closed(&told).await);
    scene.provider.keep_up(None).await.unwrap();
    assert!(closed(&missed).await);
    scene.end().await;
}
