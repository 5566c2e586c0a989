//! A validator that signs two votes for each place, one for each half of the others and then both for all, proposes
//! nothing in its turns but announces blocks that do not exist, and tells false heights.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures::AsyncWriteExt;
use gm::sm3::sm3;
use libp2p::swarm::{Stream, SwarmEvent};
use malachitebft_app_channel::app::consensus::SignedConsensusMsg;
use malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use malachitebft_app_channel::app::types::PeerId;
use malachitebft_app_channel::app::types::codec::Codec as _;
use malachitebft_core_types::{NilOrVal, Round, VoteType};
use malachitebft_signing::Signer as _;
use malachitebft_sync::Status;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use super::super::puppet::Puppet;
use super::{Adversary, PAUSE, count};
use crate::engine::codec::Wire;
use crate::engine::context::{Address, Announcement, BlockId, Ctx, Height, Part, Vote};
use crate::engine::signing::Signer;
use crate::peers::adversary::{self, End, Line, Spoken, read_frame};

/// Frames that wait for one node; the oldest are lost.
const WAITING: usize = 256;

/// What it says at one moment: on which line, and to which nodes.
#[derive(Clone)]
struct Word {
    line: Line,
    frame: bytes::Bytes,
    to: fn(usize) -> bool,
}

struct Liar {
    me: Address,
    peer: PeerId,
    /// Two that know nothing of each other.
    signers: [Signer; 2],
    words: broadcast::Sender<Word>,
    /// Places that it voted at.
    voted: Mutex<BTreeSet<(Height, i64, bool)>>,
}

pub(in crate::nodes) fn set_on(adversary: &Arc<Adversary>) -> Vec<JoinHandle<()>> {
    let key = adversary.keys().consensus.clone().expect("a validator's key");
    let chain = adversary.genesis.chain();
    let peer = crate::config::keypair(&adversary.keys().peer).unwrap().public().to_peer_id();
    let liar = Arc::new(Liar {
        me: ledger::department::address(&key.public()).into(),
        peer: PeerId::from_bytes(&peer.to_bytes()).unwrap(),
        signers: [(); 2].map(|()| Signer::forgetful(chain, key.clone())),
        words: broadcast::Sender::new(WAITING),
        voted: Mutex::default(),
    });
    let nodes = 0..adversary.nodes.len();
    nodes.map(|node| tokio::spawn(lie(Arc::clone(adversary), Arc::clone(&liar), node))).collect()
}

/// One connection after the other.
async fn lie(adversary: Arc<Adversary>, liar: Arc<Liar>, node: usize) {
    let (peer, address) = &adversary.nodes[node];
    let seed = adversary.keys().peer;
    loop {
        let mut validator = Puppet::reach(adversary.genesis.chain(), seed, peer, *address);
        let mut lines = Vec::new();
        for line in [Line::Votes, Line::Parts, Line::Status] {
            lines.extend(validator.try_line(line).await.map(|stream| (line, stream)));
        }
        if lines.len() < 3 {
            count(&adversary.counted.closed);
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        count(&adversary.counted.connected);
        let speaking = tokio::spawn(speak(Arc::clone(&adversary), Arc::clone(&liar), lines, node));
        let mut hearing = None;
        loop {
            let votes = |end: &End| matches!(end, End::In(Line::Votes, _));
            if let Some(at) = validator.ends.iter().position(votes) {
                let (End::In(_, stream) | End::Out(_, stream)) = validator.ends.swap_remove(at);
                hearing = Some(tokio::spawn(hear(Arc::clone(&liar), stream)));
            }
            if let Some(SwarmEvent::ConnectionClosed { .. }) = validator.step().await {
                break;
            }
        }
        count(&adversary.counted.closed);
        speaking.abort();
        hearing.inspect(JoinHandle::abort);
    }
}

async fn speak(adversary: Arc<Adversary>, liar: Arc<Liar>, mut lines: Vec<(Line, Stream)>, node: usize) {
    let mut words = liar.words.subscribe();
    loop {
        let word = match words.recv().await {
            Ok(word) => word,
            Err(broadcast::error::RecvError::Lagged(_)) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let Some((_, stream)) = lines.iter_mut().find(|(line, _)| *line == word.line && (word.to)(node))
        else {
            continue;
        };
        let length = u32::try_from(word.frame.len()).unwrap().to_be_bytes();
        if stream.write_all(&length).await.is_err() || stream.write_all(&word.frame).await.is_err() {
            return;
        }
        stream.flush().await.ok();
        count(&adversary.counted.said);
    }
}

/// Votes twice wherever somebody votes.
async fn hear(liar: Arc<Liar>, mut votes: Stream) {
    while let Ok(frame) = read_frame(&mut votes, Line::Votes.frame_max()).await {
        if let Some(Spoken::Consensus(SignedConsensusMsg::Vote(vote))) = adversary::read_spoken(&frame) {
            liar.vote_twice(&vote.message).await;
        }
    }
}

impl Liar {
    async fn vote_twice(&self, heard: &Vote) {
        let place = (heard.height, heard.round.as_i64(), heard.kind == VoteType::Precommit);
        if !self.voted.lock().unwrap().insert(place) {
            return;
        }
        let one = Vote { address: self.me, ..heard.clone() };
        let value = match heard.value {
            NilOrVal::Nil => NilOrVal::Val(BlockId(sm3(&[b"no block"]).0)),
            NilOrVal::Val(_) => NilOrVal::Nil,
        };
        let other = Vote { value, ..one.clone() };
        let halves: [fn(usize) -> bool; 2] = [|node| node % 2 == 0, |node| node % 2 == 1];
        let mut frames = Vec::new();
        for ((vote, signer), half) in [one, other].into_iter().zip(&self.signers).zip(halves) {
            let Ok(signed) = signer.sign_vote(vote).await else { continue };
            let frame = adversary::spoken(0, &Spoken::Consensus(SignedConsensusMsg::Vote(signed)));
            self.say(Line::Votes, frame.clone(), half);
            frames.push(frame);
        }
        for frame in frames {
            self.say(Line::Votes, frame, |_| true);
        }
        self.announce(heard.height, heard.round);
        let ahead = Height(heard.height.0 + 1_000_000);
        let own = Status::<Ctx> { peer_id: self.peer, tip_height: ahead, history_min_height: Height(1) };
        self.say(Line::Status, adversary::status(&Wire.encode(&own).unwrap()), |_| true);
    }

    /// A block that does not exist, as if it were its turn.
    fn announce(&self, height: Height, round: Round) {
        let id = BlockId(sm3(&[b"no block", &height.0.to_be_bytes()]).0);
        let announcement = Announcement {
            height,
            round,
            valid_round: Round::Nil,
            proposer: self.me,
            id,
            content: [3; 32],
            size: 1_000_000,
        };
        let Ok(Some(signature)) = self.signers[0].announce(&announcement) else { return };
        let stream = StreamId::new(height.0.to_be_bytes().to_vec().into());
        let head = StreamContent::Data(Part::Head(announcement, signature));
        let rest = StreamContent::Data(Part::Data(vec![0; 1_000]));
        for (sequence, content) in [head, rest, StreamContent::Fin].into_iter().enumerate() {
            let part = StreamMessage::new(stream.clone(), sequence as u64, content);
            self.say(Line::Parts, adversary::part(0, self.me, &part), |_| true);
        }
    }

    fn say(&self, line: Line, frame: bytes::Bytes, to: fn(usize) -> bool) {
        self.words.send(Word { line, frame, to }).ok(); // nobody may be connected
    }
}
