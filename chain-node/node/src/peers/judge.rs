//! Transactions of others are judged on a thread of its own (each costs signature checks), in the order
//! in which their readers come: one at a time of each peer, so that none waits for all of another's.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::ears::Heard;
use crate::fault::NodeFault;
use crate::guard::Guard;
use crate::intake::Intake;

/// Where they go to be judged, and who does it until nobody sends any more.
pub(super) fn start(
    intake: Arc<Intake>,
    guard: Guard,
) -> Result<(mpsc::Sender<Heard>, JoinHandle<()>), NodeFault> {
    let (heard, mut waiting) = mpsc::channel::<Heard>(1); // those who wait for room are served in turn
    let judge = move || {
        let _guard = guard;
        while let Some(Heard { bytes, judged }) = waiting.blocking_recv() {
            judged.send(intake.gossiped(bytes)).ok(); // a reader that is gone needs no answer
        }
    };
    let judge = std::thread::Builder::new().name("gossip".into()).spawn(judge).map_err(NodeFault::network)?;
    Ok((heard, judge))
}
