//! What the state at the head says about the next height: equal on all nodes.

use std::time::Duration;

use ledger::views;
use malachitebft_app_channel::app::engine::host::HeightParams;
use malachitebft_core_types::LinearTimeouts;

use crate::engine::context::{Ctx, Validators};
use crate::fault::NodeFault;
use crate::store::Store;

/// Its validators, its waits, and how long an idle chain waits for it.
pub(super) fn at_head(store: &Store) -> Result<(Validators, HeightParams<Ctx>, Duration), NodeFault> {
    let snapshot = store.snapshot();
    let set = views::validator_set(&snapshot).map_err(NodeFault::read)?;
    let parameters = views::parameters(&snapshot).map_err(NodeFault::read)?;
    let waiting = views::waiting(&snapshot, snapshot.tip().height.next()).map_err(NodeFault::read)?;
    let validators = Validators::new(&set, &waiting);
    let params = HeightParams::new(validators.clone(), timeouts(parameters.propose_ms), None);
    Ok((validators, params, Duration::from_millis(parameters.heartbeat_ms)))
}

/// Waits of consensus. Votes are sent again early and rounds grow slowly, so that a chain that
/// lost its majority goes on within seconds when it is back.
fn timeouts(propose_ms: u64) -> LinearTimeouts {
    let step = Duration::from_millis(propose_ms);
    let delta = step / 2;
    LinearTimeouts {
        propose: step,
        propose_delta: delta,
        prevote: step,
        prevote_delta: delta,
        precommit: step,
        precommit_delta: delta,
        rebroadcast: step * 2,
        max_timeout: step * 8,
    }
}
