//! Several real nodes in one process, on loopback addresses and temporary folders.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crate::{Applied, IncomingCall, Node, NodeConfig, NodeFault, NodeHandle, PeerAddress, SubmitError};
use ledger::ids::{Height, TxId};
use ledger::parameters::Parameters;
use ledger::tip::Tip;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::founding::{Founded, found, found_with};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A chain and the nodes of its departments.
pub(crate) struct Town {
    pub(crate) founded: Founded,
    folders: Vec<TempDir>,
    addresses: Vec<String>,
    running: Vec<Option<Running>>,
    validators: usize,
    /// Whom each node knows; everybody if it is not said.
    pub(crate) knows: Vec<Option<Vec<usize>>>,
}

struct Running {
    node: Node,
    handle: NodeHandle,
    calls: Option<mpsc::Receiver<IncomingCall>>,
}

impl Town {
    /// A chain whose nodes are not started yet.
    pub(crate) fn found(departments: usize, validators: usize) -> Self {
        Self::of(found(departments, validators), validators)
    }

    pub(crate) fn found_with(departments: usize, validators: usize, parameters: Parameters) -> Self {
        Self::of(found_with(departments, validators, parameters), validators)
    }

    fn of(founded: Founded, validators: usize) -> Self {
        // Silent unless RUST_LOG says otherwise. Several tests share a process: the first sets it.
        let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "off".into());
        tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init().ok();
        let departments = founded.departments.len();
        // All ports are held until all are chosen, so that none is chosen twice.
        let listeners: Vec<_> = (0..departments).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().to_string()).collect();
        Self {
            founded,
            folders: (0..departments).map(|_| tempfile::tempdir().unwrap()).collect(),
            addresses,
            running: (0..departments).map(|_| None).collect(),
            validators,
            knows: vec![None; departments],
        }
    }

    pub(crate) fn config(&self, of: usize) -> NodeConfig {
        let founder = &self.founded.departments[of];
        let knows = |other: &usize| self.knows[of].as_ref().is_none_or(|known| known.contains(other));
        let peers = self.founded.departments.iter().zip(&self.addresses);
        NodeConfig {
            data: self.folders[of].path().join("data"),
            sign_guard: self.folders[of].path().join("signed"),
            genesis: Arc::clone(&self.founded.genesis),
            department: founder.id.clone(),
            peer_key: Zeroizing::new(founder.seed),
            consensus_key: (of < self.validators).then(|| founder.consensus.clone()),
            listen: self.addresses[of].clone(),
            peers: peers
                .enumerate()
                .filter(|(other, _)| knows(other))
                .map(|(_, (founder, address))| PeerAddress {
                    department: founder.id.clone(),
                    peer: founder.peer.clone(),
                    address: address.clone(),
                })
                .collect(),
        }
    }

    /// Where a node listens.
    pub(crate) fn address(&self, of: usize) -> &str {
        &self.addresses[of]
    }

    pub(crate) async fn start(&mut self, of: usize) {
        self.start_as(of, self.config(of)).await;
    }

    pub(crate) async fn start_as(&mut self, of: usize, config: NodeConfig) {
        let (node, handle, calls) = Node::start(config).await.unwrap();
        self.running[of] = Some(Running { node, handle, calls: Some(calls) });
    }

    pub(crate) async fn start_all(&mut self) {
        for of in 0..self.running.len() {
            self.start(of).await;
        }
    }

    /// Starts several nodes beside each other.
    pub(crate) async fn start_these(&mut self, which: std::ops::Range<usize>) {
        let configs = which.clone().map(|of| self.config(of));
        let started = futures::future::join_all(configs.map(Node::start)).await;
        for (of, started) in which.zip(started) {
            let (node, handle, calls) = started.unwrap();
            self.running[of] = Some(Running { node, handle, calls: Some(calls) });
        }
    }

    /// Stops a node and drops its handle, so that its folder is free.
    pub(crate) async fn stop(&mut self, of: usize) {
        let Running { node, handle, calls } = self.running[of].take().unwrap();
        drop((handle, calls));
        node.stop().await;
    }

    pub(crate) async fn stop_all(&mut self) {
        for of in 0..self.running.len() {
            if self.running[of].is_some() {
                self.stop(of).await;
            }
        }
    }

    pub(crate) fn handle(&self, of: usize) -> &NodeHandle {
        &self.running[of].as_ref().unwrap().handle
    }

    /// Answers the calls of a node with "from: body".
    pub(crate) fn echo(&mut self, of: usize) -> JoinHandle<()> {
        let mut calls = self.running[of].as_mut().unwrap().calls.take().unwrap();
        tokio::spawn(async move {
            while let Some(call) = calls.recv().await {
                let mut answer = format!("{}: ", call.from).into_bytes();
                answer.extend(call.body);
                call.answer.send(answer).ok();
            }
        })
    }

    /// Submits from one node a publication of its department.
    pub(crate) async fn publish(&self, of: usize, number: u64) -> Result<Applied, SubmitError> {
        let transaction = self.founded.publication(of, number);
        within(self.handle(of).submit(transaction)).await
    }

    /// Waits until a node stands at this height or above.
    pub(crate) async fn reach(&self, of: usize, height: Height) -> Tip {
        let mut follow = self.handle(of).follow();
        *within(follow.wait_for(|tip| tip.height >= height)).await.unwrap()
    }

    /// Waits until a node has applied a transaction.
    pub(crate) async fn applied(&self, of: usize, id: TxId) -> (Height, u32) {
        let handle = self.handle(of);
        let mut follow = handle.follow();
        loop {
            if let Some(place) = handle.read(|snapshot| snapshot.transaction(id)) {
                return place;
            }
            within(follow.changed()).await.unwrap();
        }
    }

    /// Everybody's block at this height, which must be one.
    pub(crate) async fn agree(&self, height: Height) {
        let mut blocks = Vec::new();
        for of in 0..self.running.len() {
            if self.running[of].is_some() {
                self.reach(of, height).await;
                blocks.push(self.handle(of).read(|snapshot| snapshot.block(height)).unwrap().header);
            }
        }
        assert!(blocks.windows(2).all(|pair| pair[0] == pair[1]), "different blocks at {height}: {blocks:?}");
    }
}

/// Waits, but not for ever.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it takes too long")
}

/// The fault with which a node does not start.
pub(crate) async fn refused_start(config: NodeConfig) -> NodeFault {
    match Node::start(config).await {
        Ok(_) => panic!("the node started"),
        Err(fault) => fault,
    }
}
