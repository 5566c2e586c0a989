//! Gossip of transactions: set up here, judged in `intake.rs` before it is passed on.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gm::domain::ChainId;
use libp2p::PeerId;
use libp2p::gossipsub::{
    self, ConfigBuilder, IdentTopic, MessageAcceptance, MessageAuthenticity, MessageId, ValidationMode,
};
use libp2p::identity::Keypair;
use tokio::sync::mpsc;

use crate::fault::NodeFault;
use crate::guard::Guard;
use crate::intake::{Gossiped, Intake};
use crate::limits::{GOSSIP_BYTES_MAX, GOSSIP_WAITING_MAX};

/// How often the mesh is tended.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A message that waits to be judged.
pub(super) struct Heard {
    pub(super) id: MessageId,
    pub(super) from: PeerId,
    pub(super) bytes: Vec<u8>,
}

/// What is to become of a message.
pub(super) struct Judged {
    pub(super) id: MessageId,
    pub(super) from: PeerId,
    pub(super) acceptance: MessageAcceptance,
}

/// The topic of a chain's transactions.
pub(super) fn topic(chain: ChainId) -> IdentTopic {
    IdentTopic::new(format!("/zhenglian/{chain}/transactions"))
}

/// Gossip that passes a message on only after it was judged. Each sending has an id of its own,
/// so that what is gossiped again reaches those who missed it.
pub(super) fn behaviour(chain: ChainId, keypair: &Keypair) -> Result<gossipsub::Behaviour, NodeFault> {
    let config = ConfigBuilder::default()
        .protocol_id_prefix(format!("/zhenglian/{chain}/gossip"))
        .heartbeat_interval(HEARTBEAT)
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .max_transmit_size(GOSSIP_BYTES_MAX)
        .flood_publish(true)
        .build()
        .map_err(NodeFault::network)?;
    let mut behaviour = gossipsub::Behaviour::new(MessageAuthenticity::Signed(keypair.clone()), config)
        .map_err(NodeFault::network)?;
    behaviour.subscribe(&topic(chain)).map_err(|error| NodeFault::network(format!("{error:?}")))?;
    Ok(behaviour)
}

/// Where messages go to be judged, where they come back, and who does it.
type Judge = (mpsc::Sender<Heard>, mpsc::UnboundedReceiver<Judged>, JoinHandle<()>);

/// Judges messages on a thread of its own (each costs a signature check), in order of arrival,
/// until nobody sends any more.
pub(super) fn judge(intake: Arc<Intake>, guard: Guard) -> Result<Judge, NodeFault> {
    let (heard, mut waiting) = mpsc::channel::<Heard>(GOSSIP_WAITING_MAX);
    // Unbounded, but never longer than what was heard.
    let (done, judged) = mpsc::unbounded_channel();
    let judge = move || {
        let _guard = guard;
        while let Some(Heard { id, from, bytes }) = waiting.blocking_recv() {
            let acceptance = match intake.gossiped(bytes) {
                Gossiped::Taken => MessageAcceptance::Accept,
                Gossiped::Dropped => MessageAcceptance::Ignore,
                Gossiped::Malformed => MessageAcceptance::Reject,
            };
            if done.send(Judged { id, from, acceptance }).is_err() {
                return;
            }
        }
    };
    let judge = std::thread::Builder::new().name("gossip".into()).spawn(judge).map_err(NodeFault::network)?;
    Ok((heard, judged, judge))
}
