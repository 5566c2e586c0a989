//! The process's log: text lines on standard error, filtered by `RUST_LOG`.

use tracing_subscriber::EnvFilter;

/// Our own crates say what they do; the engine and libraries only what worries
/// them. The engine's dialler calls every peer that is not up yet an error, and
/// the engine warns of its own clean stop and of every peer that goes away.
const DEFAULT_FILTER: &str = "warn,arc_malachitebft_network=off,arc_malachitebft_discovery=error,\
                              arc_malachitebft_engine::node=error,gm=info,ledger=info,node=info,access=info,exchange=info,\
                              services=info,portal=info,zhenglian=info";

/// Starts logging for the whole process.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
