//! What a liar says of itself, whatever its node says.

use gm::sm3::sm3;
use malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use malachitebft_core_consensus::{LivenessMsg, SignedConsensusMsg};
use malachitebft_core_types::{
    Context as _, NilOrVal, PolkaCertificate, PolkaSignature, Round, RoundCertificate, RoundCertificateType,
    RoundSignature, SignedMessage, VoteType,
};

use super::Trick::*;
use super::{Liar, said};
use crate::engine::context::{Announcement, BlockId, BlockRef, Ctx, Height, Part, Proposal};
use crate::engine::signing::Sig;
use crate::parts::Parts;
use crate::replica::Announced;
use crate::simulation::engine::{Heard, Said};
use crate::simulation::marks::junk;
use crate::simulation::node::Word;
use crate::simulation::settlement::{BEGINNING, peer_at};

impl Liar {
    /// What it says of itself, while the highest head of an honest node is this.
    pub(in crate::simulation) fn say(&mut self, head: u64, nodes: usize) -> Vec<(usize, Word)> {
        let mut said = Vec::new();
        for trick in self.tricks.clone() {
            for _ in 0..self.chance.between(1, 12) {
                let to = self.chance.below(nodes);
                if trick == Hoards {
                    said.extend(self.far_block(head).into_iter().map(|word| (to, word)));
                    continue;
                }
                let word = match trick {
                    JunkVotes => self.junk_vote(head),
                    JunkParts => self.junk_part(head),
                    FalseHeights => {
                        let lie = self.chance.one_of(&[0, 1, head + 1, head + 1_000_000, u64::MAX, head / 2]);
                        Word::Status(lie)
                    }
                    Greedy => {
                        let first = self.chance.one_of(&[0, 1, head, u64::MAX]);
                        let last = self.chance.one_of(&[0, head, head + 1, u64::MAX]);
                        Word::Wants(first, last)
                    }
                    Repeats if !self.heard.is_empty() => {
                        let at = self.chance.below(self.heard.len());
                        self.heard[at].clone()
                    }
                    _ => continue,
                };
                said.push((to, word));
            }
        }
        said
    }

    fn junk_vote(&mut self, head: u64) -> Word {
        let height = Height(self.chance.between(head, head + 6));
        let round = Round::new(self.chance.one_of(&[0, 1, 2, 9, 30, 1_000, u32::MAX - 1]));
        let value = if self.chance.percent(50) { NilOrVal::Nil } else { NilOrVal::Val(self.some_id()) };
        let place = self.chance.below(self.settlement.addresses.len() + 1);
        let whose = self.settlement.addresses.get(place).copied().unwrap_or(self.me);
        self.said += 1;
        let forged = Sig(junk(self.said));
        let mut vote = Ctx.new_prevote(height, round, value, self.me);
        if self.chance.percent(50) {
            vote.kind = VoteType::Precommit;
        }
        match self.chance.below(6) {
            0 => {
                vote.address = whose;
                said(SignedConsensusMsg::Vote(SignedMessage::new(vote, forged)))
            }
            1 | 2 => said(SignedConsensusMsg::Vote(self.sign(vote))),
            3 => {
                let own = self.sign(vote.clone()).signature;
                let addresses = self.settlement.addresses.iter().copied();
                let sign = |address| {
                    let signature = if address == self.me { own } else { forged };
                    RoundSignature::new(vote.kind, vote.value, address, signature)
                };
                // Bad view changes: forged, and its own vote many times over.
                let many = std::iter::repeat_n(self.me, 4);
                let round_signatures = if self.chance.percent(50) {
                    addresses.map(sign).collect()
                } else {
                    many.map(sign).collect()
                };
                let cert_type =
                    self.chance.one_of(&[RoundCertificateType::Skip, RoundCertificateType::Precommit]);
                let certificate = RoundCertificate { height, round, cert_type, round_signatures };
                Word::Consensus(Heard::Said(Said::Liveness(LivenessMsg::SkipRoundCertificate(certificate))))
            }
            4 => {
                let signatures = self.settlement.addresses.iter();
                let certificate = PolkaCertificate {
                    height,
                    round,
                    value_id: self.seen[0],
                    polka_signatures: signatures.map(|of| PolkaSignature::new(*of, forged)).collect(),
                };
                Word::Consensus(Heard::Said(Said::Liveness(LivenessMsg::PolkaCertificate(certificate))))
            }
            _ => {
                let proposal = Proposal {
                    height,
                    round,
                    value: BlockRef(self.some_id()),
                    pol_round: Round::Nil,
                    address: self.me,
                };
                said(SignedConsensusMsg::Proposal(self.sign_proposal(proposal)))
            }
        }
    }

    fn junk_part(&mut self, head: u64) -> Word {
        self.said += 1;
        let round = Round::new(self.chance.one_of(&[0, 1, 2, 3, 15, 16, 17, u32::MAX - 1]));
        let height = Height(self.chance.between(head, head + 7));
        let mut announcement = Announcement {
            height,
            round,
            valid_round: Round::Nil,
            proposer: self.me,
            id: self.some_id(),
            content: [3; 32],
            size: self.chance.one_of(&[0, 1, 100_000, 1_000_000, u32::MAX]),
        };
        let signature = if self.chance.percent(50) {
            self.announce(&announcement)
        } else {
            announcement.proposer = self.chance.one_of(&self.settlement.addresses);
            Sig(junk(self.said))
        };
        let bytes = vec![1; self.chance.one_of(&[0, 1, 1_000])];
        let (sequence, content) = match self.chance.below(4) {
            0 => (0, StreamContent::Data(Part::Head(announcement, signature))),
            1 => (self.chance.between(0, 12), StreamContent::Data(Part::Data(bytes))),
            2 => (self.chance.one_of(&[1, u64::MAX]), StreamContent::Data(Part::Data(bytes))),
            _ => (self.chance.between(0, 5), StreamContent::Fin),
        };
        // Any name will do, and any stream.
        let publisher = peer_at(self.of + self.chance.below(12));
        let length = self.chance.one_of(&[8, 8, 64, 65]);
        let mut name = self.chance.between(0, 200).to_be_bytes().to_vec();
        name.resize(length, 0);
        let stream = StreamId::new(name.into());
        Word::Consensus(Heard::Part(publisher, StreamMessage::new(stream, sequence, content)))
    }

    /// A whole block for a round in which it is its turn: far ahead, or one more where it is listened to and not judged.
    fn far_block(&mut self, head: u64) -> Vec<Word> {
        let is_near = self.chance.percent(50);
        let height = if is_near { head + 2 } else { self.chance.between(head + 1, head + 7) };
        let turns = (0..60).filter(|round| {
            let set = &self.settlement.validators;
            set.turn(Height(height), Round::new(*round), &self.me).is_some()
        });
        let turns: Vec<u32> = turns.collect();
        self.said += 1;
        let bytes = self.said.to_be_bytes().to_vec();
        let announcement = Announcement {
            height: Height(height),
            round: Round::new(if is_near { turns[0] } else { self.chance.one_of(&turns) }),
            valid_round: Round::Nil,
            proposer: self.me,
            id: BlockId(sm3(&[b"far", &bytes]).0),
            content: sm3(&[&bytes]).0,
            size: u32::try_from(bytes.len()).unwrap(),
        };
        let signature = self.announce(&announcement);
        let far = Announced { announcement, signature, backing: None, bytes };
        let parts = Parts::default().cut(&far, BEGINNING.plus_ms(self.said));
        parts.into_iter().map(|part| Word::Consensus(Heard::Part(peer_at(self.of), part))).collect()
    }
}
