//! Blocks asked for over real connections.

use futures::future::join_all;
use ledger::state::Changes;
use libp2p::swarm::SwarmEvent;
use libp2p::{Swarm, SwarmBuilder, noise, tcp, yamux};
use tokio::task::JoinHandle;

use super::*;
use crate::replica::chamber::Chamber;
use crate::store::Decided;
use crate::store::database::Database;
use crate::store::memory::Memory;

/// A node with blocks, and somebody who asks it.
struct Pair {
    chamber: Chamber,
    store: Arc<Store>,
    tip: watch::Sender<Tip>,
    server: PeerId,
    asks: BlockPeers,
    tasks: [JoinHandle<()>; 2],
}

const WAIT: Duration = Duration::from_secs(60);

impl Pair {
    /// The one who asks has this seed.
    async fn of(seed: impl Fn(&Chamber) -> [u8; 32]) -> Self {
        let chamber = Chamber::new(2);
        let genesis = Arc::clone(&chamber.founded.genesis);
        let failure = watch::Sender::new(None);
        let store = Arc::new(Store::open(Database::Memory(Memory::default()), genesis, failure).unwrap());
        let tip = watch::Sender::new(store.last_tip());
        let (mut serving, _) = swarm(chamber.founded.departments[0].seed, &store, tip.subscribe());
        let (mut asking, asks) = swarm(seed(&chamber), &store, tip.subscribe());
        let server = *serving.local_peer_id();
        serving.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let address = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = serving.select_next_some().await {
                break address;
            }
        };
        asking.dial(address).unwrap();
        let tasks = [serving, asking].map(|mut swarm| {
            tokio::spawn(async move {
                loop {
                    swarm.select_next_some().await;
                }
            })
        });
        let mut connected = asks.connected.clone();
        tokio::time::timeout(WAIT, connected.wait_for(|peers| peers.contains(&server)))
            .await
            .unwrap()
            .unwrap();
        Self { chamber, store, tip, server, asks, tasks }
    }

    async fn member() -> Self {
        Self::of(|chamber| chamber.founded.departments[1].seed).await
    }

    async fn ask(&self, after: u64, bytes_max: u32, wait_ms: u16) -> Result<Answer, Unanswered> {
        let question = Question { after: Height(after), bytes_max, wait_ms };
        tokio::time::timeout(WAIT, self.asks.clone().ask(self.server, question)).await.unwrap()
    }

    async fn run(&self, after: u64, bytes_max: u32) -> Run {
        match self.ask(after, bytes_max, 0).await {
            Ok(Answer::Run(run)) => run,
            other => panic!("{other:?}"),
        }
    }

    /// The next height: some bytes. Nobody who answers reads what they say.
    fn grow(&mut self, bytes: &[u8]) {
        let (_, announced) = self.chamber.propose(1, 0, &[]);
        let block = ledger::wire::from_bytes(&announced.bytes).unwrap();
        let certificate = self.chamber.certificate(&announced.announcement);
        let certificate = &crate::engine::certificate::to_ledger(&certificate).unwrap();
        let last = self.store.last_tip();
        let (tip, changes) = (&Tip { height: last.height.next(), ..last }, &Changes::default());
        let tree = &self.store.grow_tree(tip.height, changes).unwrap();
        self.store.commit(&Decided { block: &block, bytes, certificate, changes, tree, tip }).unwrap();
        self.tip.send_replace(*tip);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn swarm(seed: [u8; 32], store: &Arc<Store>, tip: watch::Receiver<Tip>) -> (Swarm<Behaviour>, BlockPeers) {
    let (behaviour, asks) = new(Arc::clone(store), tip, Clock::Machine).unwrap();
    let swarm = SwarmBuilder::with_existing_identity(config::keypair(&seed).unwrap())
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| behaviour)
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(WAIT))
        .build();
    (swarm, asks)
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_bytes_are_answered_as_many_as_are_wanted() {
    let mut pair = Pair::member().await;
    for number in 1..=4 {
        pair.grow(&[number; 100]);
    }
    let run = pair.run(1, 1_000).await;
    assert_eq!(run.blocks, [[2; 100], [3; 100], [4; 100]]);
    assert_eq!(
        (run.head, Some(run.certificate)),
        (Height(4), pair.store.snapshot().certificate_bytes(Height(4)))
    );
    for (after, bytes_max, count) in [(0, 250, 2), (0, 99, 0), (0, 0, 0), (4, 1_000, 0), (99, 1_000, 0)] {
        let run = pair.run(after, bytes_max).await;
        assert_eq!((run.head, run.blocks.len(), run.certificate.is_empty()), (Height(4), count, count == 0));
    }
    let beyond = vec![9; BLOCKS_ANSWER_BYTES_MAX * 2 / 3];
    pair.grow(&beyond);
    pair.grow(&beyond);
    assert_eq!(pair.run(4, u32::MAX).await.blocks.len(), 1, "two exceed the limit of an answer");
    for _ in 0..BLOCKS_PER_ANSWER_MAX {
        pair.grow(b"small");
    }
    assert_eq!(pair.run(6, u32::MAX).await.blocks.len(), BLOCKS_PER_ANSWER_MAX);
    assert_eq!(pair.run(7, u32::MAX).await.blocks.len(), BLOCKS_PER_ANSWER_MAX - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_for_news_and_not_for_ever() {
    let mut pair = Pair::member().await;
    let (asks, server) = (pair.asks.clone(), pair.server);
    let question = Question { after: Height(0), bytes_max: 1_000, wait_ms: 60_000 };
    let mut waiting = tokio::spawn(asks.ask(server, question));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut waiting).await.is_err());
    pair.grow(b"news");
    let answer = tokio::time::timeout(BLOCKS_WAIT_MAX / 2, waiting).await.unwrap().unwrap();
    assert!(matches!(answer, Ok(Answer::Run(run)) if run.blocks == [b"news"]));
    let begun = Instant::now();
    let answer = pair.ask(1, 1_000, 300).await;
    assert!(matches!(answer, Ok(Answer::Run(run)) if run.blocks.is_empty() && run.head == Height(1)));
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_peer_has_so_many_questions_at_once() {
    let pair = Pair::member().await;
    let many = 3 * BLOCK_QUESTIONS_PER_PEER_MAX;
    let answers = join_all((0..many).map(|_| pair.ask(0, 0, 1_000))).await;
    let busy = answers.iter().filter(|answer| **answer == Ok(Answer::Busy)).count();
    assert_eq!(busy, many - BLOCK_QUESTIONS_PER_PEER_MAX);
    // And as many again when those are answered.
    let answers = join_all((0..BLOCK_QUESTIONS_PER_PEER_MAX).map(|_| pair.ask(0, 0, 10))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Answer::Run(_)))), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_peer_gets_so_many_bytes_in_a_second() {
    let mut pair = Pair::member().await;
    pair.grow(&vec![7; 1024 * 1024]);
    let begun = Instant::now();
    let free = BLOCK_BYTES_PER_SECOND_MAX * BLOCK_BYTES_AHEAD.as_secs() / (1024 * 1024);
    for _ in 0..free + 6 {
        assert_eq!(pair.run(0, u32::MAX).await.blocks.len(), 1);
    }
    // All but the last one's bytes beyond what is free at once had to be waited for.
    let least = Duration::from_secs(5) / u32::try_from(BLOCK_BYTES_PER_SECOND_MAX / (1024 * 1024)).unwrap();
    assert!(begun.elapsed() >= least - Duration::from_millis(100), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_member_gets_nothing() {
    let mut pair = Pair::of(|_| [9; 32]).await;
    pair.grow(b"not for all");
    for bytes_max in [0, 1_000] {
        assert!(pair.ask(0, bytes_max, 0).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_connected_is_not_dialled() {
    let pair = Pair::member().await;
    let question = Question { after: Height(0), bytes_max: 0, wait_ms: 0 };
    let answer = pair.asks.clone().ask(PeerId::random(), question).await;
    assert_eq!(answer, Err(Unanswered::Unreachable));
}
