//! A member that does not vote and gives nobody rest: as many transactions as its connections carry, beside questions
//! for all blocks again and again and calls to who answers queries. Its transactions are good ones, or junk: well
//! formed and not signed by it, which costs it the connection.

use std::sync::Arc;

use futures::AsyncWriteExt;
use gm::sm3::{Digest, sm3};
use ledger::ids::{Nonce, Time};
use ledger::receipt::LogHead;
use ledger::roster::AnchorRoster;
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::wire::to_bytes;
use libp2p::request_response::{Event, Message};
use libp2p::swarm::{Stream, SwarmEvent};
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_sync::{Request, ValueRequest};
use tokio::task::JoinHandle;

use super::super::puppet::{Puppet, TongueEvent};
use super::{Adversary, Keys, PAUSE, count};
use crate::engine::codec::Wire;
use crate::engine::context::{Ctx, Height};
use crate::founding::now;
use crate::peers::adversary::{Frame, Line};

/// Questions under way at one node.
const ASKED: usize = 64;
/// Bytes of a call that means nothing.
const CALL_BYTES: usize = 64 * 1024;

pub(super) fn set_on(adversary: &Arc<Adversary>, is_junk: bool) -> Vec<JoinHandle<()>> {
    let nodes = 0..adversary.nodes.len();
    nodes.map(|node| tokio::spawn(flood(Arc::clone(adversary), node, is_junk))).collect()
}

/// One connection after the other: a key has one at a time.
async fn flood(adversary: Arc<Adversary>, node: usize, is_junk: bool) {
    let (peer, address) = &adversary.nodes[node];
    let seed = adversary.keys().peer;
    loop {
        let mut member = Puppet::reach(adversary.genesis.chain(), seed, peer, *address);
        let Some(line) = member.try_line(Line::Transactions).await else {
            count(&adversary.counted.closed);
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        count(&adversary.counted.connected);
        let sending = tokio::spawn(send(Arc::clone(&adversary), line, is_junk));
        ask(&adversary, &mut member).await;
        count(&adversary.counted.closed);
        sending.abort();
    }
}

async fn send(adversary: Arc<Adversary>, mut line: Stream, is_junk: bool) {
    let Keys { office, department, .. } = adversary.keys();
    for size in 1.. {
        let log_head = LogHead { size: 1, digest: Digest::ZERO };
        let root = sm3(&[&gm::random::bytes::<32>().unwrap()]);
        let body = Transaction {
            version: 1,
            chain: adversary.genesis.chain(),
            department: department.clone(),
            key_id: office.public().key_id(),
            nonce: Nonce(gm::random::bytes().unwrap()),
            valid_until: Time(now().0 + 60_000),
            payload: Payload::AnchorRoster(AnchorRoster { root, size, log_head }),
        };
        let mut signed = Signed::sign(body, office).unwrap();
        if is_junk {
            signed.body.nonce = Nonce(gm::random::bytes().unwrap());
        }
        let bytes = to_bytes(&signed);
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        if line.write_all(&length).await.is_err() || line.write_all(&bytes).await.is_err() {
            return;
        }
        line.flush().await.ok();
        count(&adversary.counted.said);
    }
}

/// Asks until it is put out.
async fn ask(adversary: &Adversary, member: &mut Puppet) {
    let request = Request::<Ctx>::ValueRequest(ValueRequest::new(Height(1)..=Height(1_000)));
    let all = Wire.encode(&request).unwrap().to_vec();
    let put = |member: &mut Puppet, number: usize| {
        let is_sync = number.is_multiple_of(2);
        member.ask(if is_sync { all.clone() } else { vec![7; CALL_BYTES] }, is_sync);
        count(&adversary.counted.said);
    };
    (0..ASKED).for_each(|number| put(member, number));
    for number in ASKED.. {
        loop {
            match member.next().await {
                SwarmEvent::Behaviour(TongueEvent::Sync(event) | TongueEvent::Calls(event)) => match event {
                    Event::Message { message: Message::Response { response, .. }, .. } => {
                        if matches!(response, Frame::Body(_)) {
                            count(&adversary.counted.answered);
                        }
                        break;
                    }
                    Event::OutboundFailure { .. } => break,
                    _ => {}
                },
                SwarmEvent::ConnectionClosed { .. } => return,
                _ => {}
            }
        }
        put(member, number);
    }
}
