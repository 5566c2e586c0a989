//! The node's figures for a monitor, in the text format of Prometheus.

use std::sync::atomic::{AtomicI64, AtomicU64};

use malachitebft_app_channel::app::metrics;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::handle::NodeStatus;

/// These figures, and behind them the engine's.
pub(crate) fn text(status: &NodeStatus) -> String {
    let mut registry = Registry::with_prefix("zhenglian");
    let mut add = |name: &str, help: &str, value: u64| {
        let gauge = Gauge::<u64, AtomicU64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    add("block_height", "Height of the head", status.tip.height.0);
    add("block_time_ms", "Time of the head, ms since 1970", status.tip.time.0);
    add("receipts", "Receipts and denials since genesis", status.tip.receipt_count);
    add("peers_connected", "Departments connected", status.peers_connected as u64);
    add("mempool_transactions", "Transactions that wait", status.mempool_transactions as u64);
    add("mempool_bytes", "Bytes that wait", status.mempool_bytes as u64);
    add("validator", "1 if this node votes", u64::from(status.validator));
    add("blocks_behind", "Heights that others are ahead of a node that follows", status.blocks_behind);
    let sources = Family::<Vec<(&str, String)>, Gauge<u64, AtomicU64>>::default();
    if let Some(department) = &status.blocks_from {
        sources.get_or_create(&vec![("department", department.to_string())]).set(1);
    }
    registry.register("blocks_from", "1 for the department whose node sent blocks last", sources);
    let counter = Counter::<u64, AtomicU64>::default();
    counter.inc_by(status.equivocations);
    registry.register("equivocations", "Equivocations of validators on record", counter);
    if let Some(ahead) = status.clock_ahead_ms {
        let gauge = Gauge::<i64, AtomicI64>::default();
        gauge.set(ahead);
        registry.register(
            "clock_ahead_ms",
            "This clock before the median of other validators' blocks",
            gauge,
        );
    }
    let mut text = String::new();
    encode_registry(&mut text, &registry).ok(); // writing to a String cannot fail
    metrics::export(&mut text); // it writes the end mark
    text
}
