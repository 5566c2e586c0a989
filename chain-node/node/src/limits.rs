//! Every bound of the node, and what happens at it.

use std::time::Duration;

/// Transactions that may wait for a block, without those that take rights away or govern; the newest is refused.
pub const MEMPOOL_TRANSACTIONS_MAX: usize = 5_000;
/// Bytes of these; the newest is refused.
pub const MEMPOOL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// These of one department; its newest is refused.
pub const MEMPOOL_PER_DEPARTMENT_MAX: usize = 512;
/// Bytes of these of one department; its newest is refused.
pub const MEMPOOL_BYTES_PER_DEPARTMENT_MAX: usize = 512 * 1024;
/// Waiting transactions that take rights away or govern: they have room of their own, however many others wait.
pub const GOVERNANCE_TRANSACTIONS_MAX: usize = 1_000;
/// Bytes of these; the newest is refused.
pub const GOVERNANCE_BYTES_MAX: usize = 1024 * 1024;
/// These of one department; its newest is refused.
pub const GOVERNANCE_PER_DEPARTMENT_MAX: usize = 128;
/// Bytes of these of one department; its newest is refused.
pub const GOVERNANCE_BYTES_PER_DEPARTMENT_MAX: usize = 128 * 1024;
/// A block of ours brings no more signatures than this machine checks in this part of the time the
/// others wait for it: they may have seen none of them, and make the next block late if they cannot keep
/// up. The rest waits for the next block.
pub const CHECKING_SHARE: u32 = 4;
/// Eighths of halvings of that when blocks of ours do not get through in their rounds.
pub const CAUTION_MAX: u32 = 40;
/// So many signatures a block may always bring, however slow the machine. In its parts for governance and for the
/// rest a transaction of the most signatures has its place, so that the first in turn never waits for a faster one.
pub const BLOCK_SIGNATURES_MIN: usize = 12;
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
/// Of these of one department; its oldest is dropped.
pub const EARLY_PER_DEPARTMENT_MAX: usize = 16;
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

/// After this long a validator starts as soon as it is connected to any other, and without having heard
/// how far others are.
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
/// Blocks in one answer to a node that follows; the rest is asked for next.
pub const BLOCKS_PER_ANSWER_MAX: usize = 256;
/// Bytes of the blocks in one answer; the rest is asked for next. One block always fits.
pub const BLOCKS_ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of the certificate in an answer; a longer one is malformed.
pub const CERTIFICATE_BYTES_MAX: usize = 256 * 1024;
/// Questions for blocks of one peer being answered at once; a further one is told that we are busy.
pub const BLOCK_QUESTIONS_PER_PEER_MAX: usize = 4;
/// Questions for blocks of all peers being answered or waiting for news; a further one is told that we are busy.
pub const BLOCK_QUESTIONS_MAX: usize = 128;
/// Answers with blocks that are read from the disk at once; the others wait.
pub const BLOCK_READS_MAX: usize = 4;
/// Bytes of blocks that one peer gets in a second, in the long run; its answers wait.
pub const BLOCK_BYTES_PER_SECOND_MAX: u64 = 4 * 1024 * 1024;
/// So far a peer may be ahead of that rate.
pub const BLOCK_BYTES_AHEAD: Duration = Duration::from_secs(2);
/// The longest a question for blocks waits for news.
pub const BLOCKS_WAIT_MAX: Duration = Duration::from_secs(10);
/// A question for blocks without an answer so long after that wait is over.
pub const BLOCKS_ANSWER_WAIT: Duration = Duration::from_secs(10);
/// Our questions for blocks that wait for the network; the follower waits.
pub const BLOCKS_ASKED_MAX: usize = 16;
/// Peers that are asked to say when they have news, besides the one that is asked for blocks.
pub const NEWS_FROM: usize = 2;
/// A peer is known to be ahead for so long and nobody sent its blocks: another is asked as well.
pub const SOURCE_PATIENCE: Duration = Duration::from_millis(500);
/// Questions for blocks of ours at once; a further one waits for an answer.
pub const SOURCES_AT_ONCE: usize = 3;
/// A peer that was busy or could not be reached is not asked for so long.
pub const BUSY_REST: Duration = Duration::from_secs(1);
/// A peer that did not answer in time is not asked for so long.
pub const SILENT_REST: Duration = Duration::from_secs(10);
/// A peer that lied is not asked for so long.
pub const LIAR_REST: Duration = Duration::from_secs(60);
/// A validator further behind than this follows before its engine starts.
pub const HEIGHTS_BEHIND_MAX: u64 = 2;

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

const _: () = assert!(
    CHECKED_MAX
        > 2 * (MEMPOOL_TRANSACTIONS_MAX + GOVERNANCE_TRANSACTIONS_MAX)
            + 2 * ledger::limits::BLOCK_TRANSACTIONS_MAX
);
const _: () = assert!(ledger::limits::TRANSACTION_BYTES_MAX <= GOVERNANCE_BYTES_PER_DEPARTMENT_MAX);
// Four members that fill all they may leave room for the others.
const _: () = assert!(4 * MEMPOOL_BYTES_PER_DEPARTMENT_MAX < MEMPOOL_BYTES_MAX);
const _: () = assert!(4 * GOVERNANCE_BYTES_PER_DEPARTMENT_MAX < GOVERNANCE_BYTES_MAX);
const _: () = assert!(BLOCK_WIRE_BYTES_MAX < SYNC_BYTES_MAX);
const _: () = assert!(BLOCK_WIRE_BYTES_MAX <= BLOCKS_ANSWER_BYTES_MAX);
const _: () = assert!(ledger::limits::TRANSACTION_BYTES_MAX <= GOSSIP_BYTES_MAX);
