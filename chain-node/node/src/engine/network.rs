//! The engine's network, which is ours: an actor that hands what the engine says to the peers' swarm,
//! and a task that tells the engine what was heard there. Who is heard and what is checked before is
//! `peers/`; nothing here keeps anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use malachitebft_app_channel::NetworkMsg;
use malachitebft_app_channel::app::engine::network::{
    Msg, NetworkEvent, NetworkRef, PersistentPeerError, Subscriber,
};
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_sync::OutboundRequestId;
use ractor::{Actor, ActorProcessingErr, ActorRef, async_trait};
use tokio::sync::mpsc;

use super::codec::Wire;
use super::context::Ctx;
use crate::fault::NodeFault;
use crate::peers::{Command, Mesh};

/// Somebody who wants to hear what is heard: the engine's consensus, and its sync.
type Ear = Box<dyn Subscriber<NetworkEvent<Ctx>>>;

/// Hands on what the engine says.
struct Network {
    mesh: Arc<Mesh>,
    commands: mpsc::Sender<Command>,
    ears: mpsc::UnboundedSender<Ear>,
    asked: AtomicU64,
}

/// The way into the peers' swarm, and out of it.
pub(crate) struct Link {
    /// Who is connected.
    pub(crate) mesh: Arc<Mesh>,
    /// What the swarm is asked to do.
    pub(crate) commands: mpsc::Sender<Command>,
    /// What was heard.
    pub(crate) heard: mpsc::Receiver<NetworkEvent<Ctx>>,
    /// What is told to the engine first: that there is a network, and who is connected.
    pub(crate) standing: Vec<NetworkEvent<Ctx>>,
}

impl Link {
    /// Passes over what is heard while no engine runs, but for what it must be told when it starts. It ends
    /// with the network.
    pub(crate) async fn pass_over(&mut self) {
        while let Some(event) = self.heard.recv().await {
            match &event {
                NetworkEvent::Listening(_) | NetworkEvent::PeerConnected(_) => self.standing.push(event),
                NetworkEvent::PeerDisconnected(gone) => self
                    .standing
                    .retain(|event| !matches!(event, NetworkEvent::PeerConnected(peer) if peer == gone)),
                _ => {} // votes, parts and the state of others: the engine hears them again
            }
        }
    }
}

/// Starts the actor. It ends with the engine.
pub(super) async fn spawn(link: Link) -> Result<(NetworkRef<Ctx>, mpsc::Sender<NetworkMsg<Ctx>>), NodeFault> {
    let Link { mesh, commands, heard, standing } = link;
    let (ears, listening) = mpsc::unbounded_channel(); // two of them, each once
    let network = Network { mesh, commands, ears, asked: AtomicU64::new(0) };
    let (actor, _) = Actor::spawn(None, network, ()).await.map_err(NodeFault::engine)?;
    tokio::spawn(tell(standing, heard, listening));
    // The app sends parts through a channel of its own.
    let (parts, mut sent) = mpsc::channel::<NetworkMsg<Ctx>>(1);
    let to = actor.clone();
    tokio::spawn(async move {
        while let Some(message) = sent.recv().await {
            if to.cast(message.into()).is_err() {
                return; // the engine is gone
            }
        }
    });
    Ok((actor, parts))
}

/// Tells what is heard to whoever listens, after what stands, and waits until somebody does.
async fn tell(
    standing: Vec<NetworkEvent<Ctx>>,
    mut heard: mpsc::Receiver<NetworkEvent<Ctx>>,
    mut listening: mpsc::UnboundedReceiver<Ear>,
) {
    let mut ears: Vec<Ear> = Vec::new();
    loop {
        tokio::select! {
            biased;
            ear = listening.recv() => match ear {
                Some(ear) => {
                    standing.iter().for_each(|event| ear.send(event.clone()));
                    ears.push(ear);
                }
                None => return, // the engine is gone
            },
            event = heard.recv(), if !ears.is_empty() => match event {
                Some(event) => ears.iter().for_each(|ear| ear.send(event.clone())),
                None => return, // the swarm is gone
            },
        }
    }
}

#[async_trait]
impl Actor for Network {
    type Msg = Msg<Ctx>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Msg<Ctx>>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Msg<Ctx>>,
        message: Msg<Ctx>,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Subscribe(ear) => {
                self.ears.send(ear).ok(); // the task ends only with the swarm
            }
            Msg::PublishConsensusMsg(message) => self.mesh.say(message),
            Msg::PublishLivenessMsg(message) => self.mesh.say_again(message),
            Msg::PublishProposalPart(part) => self.mesh.send_part(&part),
            Msg::BroadcastStatus(status) => {
                self.mesh.tell_status(status.tip_height, status.history_min_height)
            }
            Msg::OutgoingRequest(peer, question, reply) => {
                let id = self.asked.fetch_add(1, Ordering::Relaxed);
                reply.send(OutboundRequestId::new(id)).ok(); // a sync that is gone needs none
                let question = Wire.encode(&question)?.to_vec();
                self.commands.send(Command::Sync { id, peer: peer.to_bytes(), question }).await.ok();
            }
            Msg::OutgoingResponse(id, answer) => {
                let answer = Some(Wire.encode(&answer)?.to_vec());
                self.commands.send(Command::SyncAnswer { id, answer }).await.ok();
            }
            Msg::CancelInboundRequest(id) => {
                self.commands.send(Command::SyncAnswer { id, answer: None }).await.ok();
            }
            Msg::DumpState(reply) => {
                reply.send(None).ok(); // the node's own figures are in `NodeStatus`
            }
            Msg::UpdatePersistentPeers(_, reply) => {
                reply.send(Err(PersistentPeerError::NetworkStopped)).ok(); // peers are the ledger's
            }
            // A question that is asked in vain ends by itself; who votes and whose key is whose is
            // known from the ledger; the last is the engine's own network's.
            Msg::CancelRequest(_)
            | Msg::UpdateValidatorSet(_)
            | Msg::ValidatorProofVerified { .. }
            | Msg::NewEvent(_) => {}
        }
        Ok(())
    }
}
