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
/// Parts of one block: the header, what backs it, the data, the end.
pub const PARTS_MAX: u64 = BLOCK_WIRE_BYTES_MAX.div_ceil(PART_BYTES_MAX) as u64 + 3;
/// Open streams of one publisher; the oldest is dropped, one that is heeded only for another that is.
pub const STREAMS_PER_PUBLISHER_MAX: usize = 4;
/// Open streams in all; the oldest is dropped, one that is heeded only for another that is.
pub const STREAMS_MAX: usize = 64;
/// Bytes of a stream's name; a longer one is dropped.
pub const STREAM_ID_BYTES_MAX: usize = 64;
/// A stream that is not complete after this long is dropped.
pub const STREAM_AGE_MAX: Duration = Duration::from_secs(10);
/// A proposal this far above the head is kept until its height starts (the next height, and the one after it: a
/// proposer may have decided before us); what is higher is dropped.
pub const HEIGHTS_AHEAD_MAX: u64 = 2;
/// A proposal this many rounds above the current one is listened to: others may have waited less; what is higher
/// is dropped, and its round passes without our vote.
pub const ROUNDS_AHEAD_MAX: u32 = 2;
/// Different blocks of one proposer listened to in one round (an honest one makes one, two prove it a liar);
/// further ones are dropped before their parts are read.
pub const BLOCKS_PER_ROUND_MAX: usize = 2;
/// Bytes of the file that keeps what was signed; at more it is written anew.
pub const SIGN_GUARD_BYTES_MAX: u64 = 64 * 1024;
/// A validator that does not know what it signed follows until a block is decided whose time is so much after its
/// start: more than clocks differ.
pub const ABSTAIN_MS: u64 = 60_000;
/// Equivocations kept to be reported; the newest is dropped.
pub const EQUIVOCATIONS_MAX: usize = 256;
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
/// A clock that differs this much from the others' is told of: half of what makes it useless.
pub const CLOCK_WARN_MS: u64 = 1_000;
/// At most this often it is.
pub const CLOCK_WARN_EVERY: Duration = Duration::from_secs(60);
/// So long after an empty block an idle chain waits, as a part of its heartbeat, for one validator's word alone.
pub const QUIET_SHARE: u32 = 4;

/// After this long a validator starts as soon as it is connected to any other, and without having heard
/// how far others are.
pub const PEERS_WAIT: Duration = Duration::from_secs(3);
/// How long the engine and the peer network may take to stop.
pub const STOP_WAIT: Duration = Duration::from_secs(5);
/// What was heard and waits for the engine; whoever brings more waits.
pub const ENGINE_EVENTS_MAX: usize = 256;

/// Bytes of a call between departments; a longer one is refused before it is read.
pub const CALL_BYTES_MAX: usize = 128 * 1024;
/// Bytes of an answer to a call.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of all answers on their way to one department; further ones are not given.
pub const ANSWERS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest a call may take, whatever its caller says.
pub const CALL_WAIT_MAX: Duration = Duration::from_secs(120);
/// Calls of one department being answered at once; a further one is closed without answer.
pub const CALLS_PER_DEPARTMENT_MAX: usize = 64;
/// Calls waiting to be taken by the exchange; a further one is closed without answer.
pub const INCOMING_CALLS_MAX: usize = 256;
/// Commands waiting for the peer network; a caller waits.
pub const PEER_COMMANDS_MAX: usize = 1_024;
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
/// Bytes of a question of a node that catches up.
pub const SYNC_QUESTION_BYTES_MAX: usize = 1_024;
/// Bytes of the answer.
pub const SYNC_ANSWER_BYTES_MAX: usize = SYNC_BYTES_MAX + 2 * 1024 * 1024;
/// Questions of one node that catches up, being answered at once; a further one is closed without answer.
pub const SYNC_PER_PEER_MAX: usize = 8;
/// Bytes answered to one node at once, and then in a second; further questions are closed without answer.
pub const SYNC_BYTES_AT_ONCE: u32 = 64 * 1024 * 1024;
/// See [`SYNC_BYTES_AT_ONCE`].
pub const SYNC_BYTES_PER_SECOND: u32 = 8 * 1024 * 1024;
/// Such questions of one node in [`SYNC_WINDOW`]; the engine passes over further ones.
pub const SYNC_QUESTIONS_MAX: u32 = 400;
/// See [`SYNC_QUESTIONS_MAX`].
pub const SYNC_WINDOW: Duration = Duration::from_secs(10);

/// Bytes of one transaction on its way.
pub const GOSSIP_BYTES_MAX: usize = ledger::limits::TRANSACTION_BYTES_MAX;
/// Bytes of a vote, a proposal or a certificate of many votes; a sender of more is kept out.
pub const VOTE_FRAME_BYTES_MAX: usize = 32 * 1024;
/// Bytes of a part of a block with its frame; a sender of more is kept out.
pub const PART_FRAME_BYTES_MAX: usize = PART_BYTES_MAX + 256;
/// Bytes of what a node tells of itself; a sender of more is kept out.
pub const STATUS_BYTES_MAX: usize = 1 + 20 * ledger::limits::VALIDATORS_MAX;
/// Bytes of the name that a proposer gives a stream of parts.
pub const PART_STREAM_ID_BYTES_MAX: usize = 40;
/// Frames that wait for one peer, of each kind: votes, parts, transactions, status. The newest is dropped;
/// its author says it again.
pub const LINE_FRAMES_MAX: [usize; 4] = [1_024, 64, 1_024, 64];
/// Votes, proposals and certificates of one peer at once, and then in a second; further ones wait.
pub const VOTES_AT_ONCE: u32 = 1_000;
/// See [`VOTES_AT_ONCE`].
pub const VOTES_PER_SECOND: u32 = 500;
/// Bytes of parts of one peer at once, and then in a second; further ones wait.
pub const PARTS_BYTES_AT_ONCE: u32 = 16 * 1024 * 1024;
/// See [`PARTS_BYTES_AT_ONCE`].
pub const PARTS_BYTES_PER_SECOND: u32 = 16 * 1024 * 1024;
/// Transactions of one peer at once, and then in a second; further ones wait. One at a time is judged of
/// each peer, in turn.
pub const TRANSACTIONS_AT_ONCE: u32 = 1_000;
/// See [`TRANSACTIONS_AT_ONCE`].
pub const TRANSACTIONS_PER_SECOND: u32 = 1_000;
/// What a node tells of itself, at once, and then in a second; further words wait.
pub const STATUS_AT_ONCE: u32 = 100;
/// See [`STATUS_AT_ONCE`].
pub const STATUS_PER_SECOND: u32 = 50;
/// Pieces of junk (a false signature, what cannot be read) forgiven at once; after that the sender is
/// kept out for [`BARRED_FOR`].
pub const JUNK_FORGIVEN: u32 = 16;
/// Then one more is forgiven in this time.
pub const JUNK_FORGIVEN_EVERY: Duration = Duration::from_secs(10);
/// How long a peer that sent junk is kept out.
pub const BARRED_FOR: Duration = Duration::from_secs(60);
/// Votes and proposals are heard for so many heights above the head: the one under way, and the next.
pub const HEIGHTS_HEARD: u64 = 2;
/// Places (round, and what is said there) heard of one validator and height. Further ones of the next
/// height are dropped; of the height under way they take the place of the lowest, one in each
/// [`PLACE_MORE_EVERY`].
pub const PLACES_MAX: usize = 48;
/// See [`PLACES_MAX`]: rounds do not pass faster.
pub const PLACE_MORE_EVERY: Duration = Duration::from_millis(100);
/// Contents heard of one validator at one place: two prove that it lies.
pub const SAID_PER_PLACE_MAX: usize = 2;
/// The same is heard and passed on again after this time.
pub const SAID_AGAIN: Duration = Duration::from_secs(1);
/// What waits in the engine for the next height: all that may be heard of all validators.
pub const ENGINE_QUEUE_MAX: usize = 8_192;
/// How often a vote or a part is passed on, one node after the other.
pub const HOPS_MAX: u8 = 3;
/// Votes and parts remembered as passed on; the oldest is forgotten.
pub const PASSED_MAX: usize = 8_192;

/// First wait before a peer is dialled again; doubled at each failure.
pub const DIAL_WAIT_MIN: Duration = Duration::from_millis(250);
/// Longest wait before a peer is dialled again.
pub const DIAL_WAIT_MAX: Duration = Duration::from_secs(10);
/// How often a connected peer is asked whether it is still there.
pub const PROBE_EVERY: Duration = Duration::from_secs(15);
/// A peer that does not answer that question in time is disconnected and dialled again.
pub const PROBE_WAIT: Duration = Duration::from_secs(10);
/// How long a handshake may take.
pub const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// Connections in the middle of their handshake, from elsewhere than where peers of the configuration
/// are; a further one is closed.
pub const HANDSHAKES_MAX: usize = 64;
/// The same from one address; a further one is closed.
pub const HANDSHAKES_PER_IP_MAX: usize = 16;
/// The same from an address of the configuration, behind which several departments may sit.
pub const HANDSHAKES_PER_HOME_MAX: usize = 64;
/// Two connections of one peer are taken to be dialled by both at the same time if the second came so
/// soon after the first.
pub const CROSSED_DIALS: Duration = Duration::from_secs(1);

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
const _: () = assert!(ENGINE_QUEUE_MAX > PLACES_MAX * SAID_PER_PLACE_MAX * ledger::limits::VALIDATORS_MAX);
const _: () = assert!(PART_STREAM_ID_BYTES_MAX + 20 <= STREAM_ID_BYTES_MAX);
