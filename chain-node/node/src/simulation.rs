//! The adversary as a simulator: our council, replica, parts, pool and store over the engine's pure core
//! (`malachitebft-core-consensus`), with links, clocks, disks and people that one seed makes. Whatever goes
//! wrong goes wrong again with the same seed. Test-only; `scripts/simulate` runs many seeds.
//!
//! ```text
//!   run ── plan, trouble, calm ──► world ── links, clocks, power ──► node ── host (as app.rs) ──► council
//!    ▲                               │  ▲                              └── engine (as its actor) ──► core
//!    └── outcome ◄── checks ◄────────┘  └── liar ── bends what one node says
//! ```
//!
//! What is real: the council and everything under it, the pool with its door, the ledger, the store over
//! memory that loses its power, the engine's core and its certificates' rules. What is not: signatures
//! (`marks.rs`), the network, and the engine's actors, which `engine.rs` and `node.rs` mirror. The mirrored
//! lines, of `arc-malachitebft-engine` 0.8.2 where no other crate is named; `recorded.rs` runs what the real
//! engine did through the mirror, so that a release that differs is noticed:
//!
//! | here | there |
//! |---|---|
//! | `Engine::handle`, what waits before the first height | consensus.rs 1983–2013 `handle`, 2035–2076 `should_buffer`, 262 `MAX_BUFFER_SIZE` |
//! | `Engine::start` | consensus.rs 519–624 `StartHeight`; 443–477 `process_buffered_msgs` |
//! | `Engine::replay` | consensus.rs 967–1056 `wal_replay` |
//! | messages of peers, values, timers | consensus.rs 643–833; network.rs 457–468 (liveness messages); util/timers.rs |
//! | `Hands::handle` | consensus.rs 1207–1915 `handle_effect`, flushing at 1230–1241, 1482–1492, 1583–1592 |
//! | `Host::append`, `flush`, `log_of` | consensus.rs 1164–1197; wal.rs 98–160; wal/thread.rs 93–118 |
//! | `Host::started_round`: one question after the other | app-channel connector.rs 60–83 |
//! | `Host::judge_synced` | consensus.rs 1803–1902 `CertVerifiedSyncValue` |
//! | `CatchUp`, one request at a time, a peer by chance | sync.rs 600–660 `process_value_response`; sync/handle.rs |
//! | the queues' sizes | config lib.rs 806–812 |
//!
//! The engine's own sync picks peers in the order of a hash map and by clocks of its own, so a seed could
//! not be replayed through it; its core has a test of its own in `known.rs`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::large_enum_variant,
    clippy::result_large_err,
    reason = "it says what it found, and its few values may be large"
)]

mod chance;
mod checks;
mod engine;
mod known;
mod liar;
pub(crate) mod marks;
mod node;
pub(crate) mod recorded;
mod run;
mod settlement;
mod tests;
mod trace;
mod world;
