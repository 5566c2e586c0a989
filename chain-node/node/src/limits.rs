//! Every bound of the node, and what happens at it.

use std::time::Duration;

/// Transactions that may wait for a block; the newest is refused.
pub const MEMPOOL_TRANSACTIONS_MAX: usize = 5_000;
/// Bytes of all waiting transactions; the newest is refused.
pub const MEMPOOL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Waiting transactions of one department; its newest is refused.
pub const MEMPOOL_PER_DEPARTMENT_MAX: usize = 512;
/// A block of ours brings no more signatures than this machine checks in this part of the time the
/// others wait for it: they may have seen none of them, and make the next block late if they cannot keep
/// up. The rest waits for the next block.
pub const CHECKING_SHARE: u32 = 4;
/// Eighths of halvings of that when blocks of ours do not get through in their rounds.
pub const CAUTION_MAX: u32 = 40;
/// So many signatures a block may always bring, however slow the machine: a transaction's two.
pub const BLOCK_SIGNATURES_MIN: usize = 2;
/// How long one signature check is taken to last until some were measured.
pub const CHECK_AT_FIRST: Duration = Duration::from_millis(1);
/// Good signatures remembered, so that they are not checked again; the oldest is forgotten. More than
/// all that may wait, with a block and its votes.
pub const CHECKED_MAX: usize = 16_384;
/// Waiting transactions found good again at a new head; the others are judged when they come to the front.
pub const JUDGED_AGAIN_MAX: usize = 32;
/// Callers that wait for one transaction; the newest is told that the mempool is full.
pub const WAITERS_MAX: usize = 16;
/// Own waiting transactions gossiped again at each turn; the rest waits for the next.
pub const REGOSSIP_MAX: usize = 64;
/// Gossiped transactions kept because they may build on a block not written here yet; the oldest is
/// dropped (its sender gossips again).
pub const EARLY_MAX: usize = 64;
/// Heads such a transaction may still wait for.
pub const EARLY_HEADS: u8 = 2;
/// How often own waiting transactions are gossiped again: a peer may have joined since.
pub const REGOSSIP_EVERY: Duration = Duration::from_secs(2);

/// Bytes of a proposed block or of one answered from the store: header, certificate and transactions.
pub const BLOCK_WIRE_BYTES_MAX: usize = ledger::limits::BLOCK_BYTES_MAX + 256 * 1024;
/// Bytes of one part of a block on its way.
pub const PART_BYTES_MAX: usize = 128 * 1024;
/// Parts of one block: the header, the data, the end.
pub const PARTS_MAX: u64 = BLOCK_WIRE_BYTES_MAX.div_ceil(PART_BYTES_MAX) as u64 + 2;
/// Open streams of one publisher; the oldest is dropped.
pub const STREAMS_PER_PUBLISHER_MAX: usize = 4;
/// Open streams in all; the oldest is dropped.
pub const STREAMS_MAX: usize = 64;
/// Bytes of a stream's name; a longer one is dropped.
pub const STREAM_ID_BYTES_MAX: usize = 64;
/// A stream that is not complete after this long is dropped.
pub const STREAM_AGE_MAX: Duration = Duration::from_secs(10);
/// A proposal this far above the head is kept until its height starts; what is higher is dropped.
pub const HEIGHTS_AHEAD_MAX: u64 = 4;
/// A proposal this many rounds above the current one is listened to; what is higher is dropped.
pub const ROUNDS_AHEAD_MAX: u32 = 16;
/// Different blocks of one proposer kept for one round (an honest one makes one); further ones are dropped.
pub const BLOCKS_PER_ROUND_MAX: usize = 2;
/// Executed blocks kept in memory until one of them is decided.
pub const EXECUTED_MAX: usize = 8;

/// Heights answered at once to a node that catches up.
pub const SYNC_HEIGHTS_MAX: u64 = 32;
/// Bytes answered at once to a node that catches up.
pub const SYNC_BYTES_MAX: usize = 6 * 1024 * 1024;

/// A fresh proposal's time may lie this far behind our clock.
pub const CLOCK_BEHIND_MS_MAX: u64 = 10_000;
/// A proposal's time may lie this far before our clock.
pub const CLOCK_AHEAD_MS_MAX: u64 = 2_000;

/// After this long a node that only follows starts without the validators, and one that votes starts
/// as soon as it is connected to anyone.
pub const PEERS_WAIT: Duration = Duration::from_secs(3);
/// How often the start looks whether they are.
pub const PEERS_POLL: Duration = Duration::from_millis(25);
/// How long the engine and the peer network may take to stop.
pub const STOP_WAIT: Duration = Duration::from_secs(5);

/// Bytes of a call between departments, and of its answer.
pub const CALL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest a call may take, whatever its caller says.
pub const CALL_WAIT_MAX: Duration = Duration::from_secs(120);
/// Calls of one department being answered at once; a further one is closed without answer.
pub const CALLS_PER_DEPARTMENT_MAX: usize = 64;
/// Calls waiting to be taken by the exchange; a further one is closed without answer.
pub const INCOMING_CALLS_MAX: usize = 256;
/// Commands waiting for the peer network; a caller waits.
pub const PEER_COMMANDS_MAX: usize = 1_024;
/// Gossiped transactions waiting to be checked; the newest is dropped (its sender gossips again).
pub const GOSSIP_WAITING_MAX: usize = 1_024;
/// Bytes of a gossip message: a transaction and what the network adds.
pub const GOSSIP_BYTES_MAX: usize = ledger::limits::TRANSACTION_BYTES_MAX + 1024;
/// First wait before a peer is dialled again; doubled at each failure.
pub const DIAL_WAIT_MIN: Duration = Duration::from_millis(250);
/// Longest wait before a peer is dialled again.
pub const DIAL_WAIT_MAX: Duration = Duration::from_secs(10);
/// How often a connected peer is asked whether it is still there.
pub const PROBE_EVERY: Duration = Duration::from_secs(15);
/// A peer that does not answer that question in time is disconnected and dialled again.
pub const PROBE_WAIT: Duration = Duration::from_secs(10);
/// Connections in the middle of their handshake.
pub const HANDSHAKES_MAX: u32 = 64;
/// Connections of one peer: both sides may dial at the same time.
pub const CONNECTIONS_PER_PEER_MAX: u32 = 4;

const _: () =
    assert!(CHECKED_MAX > 2 * MEMPOOL_TRANSACTIONS_MAX + 2 * ledger::limits::BLOCK_TRANSACTIONS_MAX);
const _: () = assert!(BLOCK_WIRE_BYTES_MAX < SYNC_BYTES_MAX);
const _: () = assert!(ledger::limits::TRANSACTION_BYTES_MAX <= GOSSIP_BYTES_MAX);
