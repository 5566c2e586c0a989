//! A query's two papers that never stand on the chain but whose digests do: the details behind the ticket, the
//! header of the answer behind the receipt. They travel between the two departments; a party may disclose them in
//! evidence. Persons, case and claims stand in them as salted commitments only.

use crate::catalogue::Mode;
use crate::ids::{Code2, DepartmentId, EntryId, ItemCode, Nonce, Pseudonym, QueryId, Time};
use crate::receipt::{LogHead, PolicyVersions, Ticket};
use crate::request::ApproveRequest;
use crate::role::{Assurance, Role};
use crate::roster::OfficerWord;
use crate::wire::to_bytes;
use alloc::collections::BTreeSet;
use gm::domain::{ChainId, Kind, digest};
use gm::sm2::{KeyId, PublicKey};
use gm::sm3::Digest;

crate::wire_struct! {
    /// What the provider sees of a query, and an inspector or a court in evidence.
    pub struct Details {
        /// The protocol's version, 1.
        pub version: u16,
        /// Hides the details behind their digest; the object of the officer's pseudonym.
        pub nonce: Nonce,
        /// The catalogue entry.
        pub entry: EntryId,
        /// The items asked for.
        pub items: BTreeSet<ItemCode>,
        /// What for.
        pub purpose: Code2,
        /// Commitment to the person, in modes that ask about one.
        pub subject_commit: Option<Digest>,
        /// Root over the commitments to many persons and their number, in modes that ask about many.
        pub subjects: Option<(Digest, u32)>,
        /// Commitment to the business case.
        pub case_commit: Digest,
        /// Commitment to the claims, in mode verify.
        pub claims_commit: Option<Digest>,
        /// The officer, under a pseudonym good for this query only.
        pub actor: Pseudonym,
        /// How the officer signed in.
        pub assurance: Assurance,
        /// Commitment to the officer's own signature, where assurance is `ukey`.
        pub officer_proof_commit: Option<Digest>,
        /// Commitment to the officer's attributes.
        pub asker_commit: Digest,
        /// Commitment to the requester's own decision; its salt stays there.
        pub requester_decision_commit: Digest,
        /// The policies the requester decided under.
        pub policy_versions: PolicyVersions,
        /// The provider's key the envelope is sealed to.
        pub sealing_key_id: KeyId,
        /// A fresh key for this query: answers are sealed to it.
        pub reply_key: PublicKey,
        /// The job this query is a part of, and which part, in modes of several.
        pub job: Option<(Nonce, u32)>,
        /// The head of the requester's audit log.
        pub log_head: LogHead,
    }
}

impl Details {
    /// `digest("details", details)`, as it stands in the ticket.
    #[must_use]
    pub fn digest(&self, chain: ChainId) -> Digest {
        digest(chain, Kind::Details, &to_bytes(self))
    }

    /// How many persons are asked about; none when the details contradict themselves.
    const fn subject_count(&self) -> Option<u32> {
        match (self.subject_commit, self.subjects) {
            (Some(_), None) => Some(1),
            (None, Some((_, count))) => Some(count),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    /// What is wrong with them under a ticket and a grant of `entry`; nothing when they ask for no more.
    pub(crate) fn beyond(
        &self,
        ticket: &Ticket,
        entry: &EntryId,
        granted: &ApproveRequest,
    ) -> Option<&'static str> {
        let is_granted = |code| granted.items.iter().any(|item| &item.code == code);
        let held = [
            (self.version == 1, "the details have another version"),
            (self.entry == *entry, "the details ask for another entry than was granted"),
            (
                !self.items.is_empty() && self.items.iter().all(is_granted),
                "the details ask for items that were not granted",
            ),
            (self.purpose == granted.purpose, "the details name another purpose than was granted"),
            (
                self.subject_count() == Some(ticket.units),
                "the details ask about another number of persons than the ticket",
            ),
            (
                self.claims_commit.is_some() == (ticket.mode == Mode::Verify),
                "the details are of another mode than the ticket",
            ),
            (
                self.officer_proof_commit.is_some() == (self.assurance == Assurance::Ukey),
                "the details claim a sign-in that they do not prove",
            ),
        ];
        held.into_iter().find_map(|(holds, wrong)| (!holds).then_some(wrong))
    }
}

impl OfficerWord {
    /// The word that belongs to these details: what the officer signs, and what the provider checks against. The
    /// role stands in the secret half of a query, not in its details.
    #[must_use]
    pub fn of(details: &Details, chain: ChainId, department: &DepartmentId, role: Role) -> Self {
        Self {
            version: 1,
            chain,
            department: department.clone(),
            nonce: details.nonce,
            actor: details.actor,
            role,
            assurance: details.assurance,
            entry: details.entry.clone(),
            items: details.items.clone(),
            purpose: details.purpose.clone(),
            case_commit: details.case_commit,
            subject_commit: details.subject_commit,
            subjects: details.subjects,
            claims_commit: details.claims_commit,
        }
    }
}

crate::wire_struct! {
    /// The header of an answer. It is not signed by itself: the receipt signs its digest.
    pub struct Answer {
        /// The protocol's version, 1.
        pub version: u16,
        /// The grant's chain.
        pub chain: ChainId,
        /// Who answers.
        pub provider: DepartmentId,
        /// The key that will sign the receipt.
        pub key_id: KeyId,
        /// Which question.
        pub query_id: QueryId,
        /// Root of the tree over the rows.
        pub result_root: Digest,
        /// Leaves of that tree: a power of two.
        pub leaf_count_padded: u32,
        /// SM3 of the ciphertext as sent.
        pub sealed_digest: Digest,
        /// Bytes of the ciphertext.
        pub sealed_size: u64,
        /// `digest("key", seed)`: binds the ciphertext to one key.
        pub seed_commit: Digest,
        /// Commitment to the provider's decision.
        pub decision_commit: Digest,
        /// The anchored snapshot the rows were read from.
        pub snapshot: Option<Digest>,
        /// When the rows were read, by the provider's clock: for people only.
        pub prepared_at: Time,
        /// Until when the answer may be fetched again.
        pub refetch_until: Time,
    }
}

impl Answer {
    /// `digest("answer", answer)`, as it stands in the receipt.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(self.chain, Kind::Answer, &to_bytes(self))
    }

    /// The context an answer's body is sealed for: `query_id ‖ seed_commit`.
    #[must_use]
    pub fn context(query: &QueryId, seed_commit: &Digest) -> [u8; 64] {
        let mut context = [0; 64];
        for (to, from) in context.iter_mut().zip(query.0.iter().chain(&seed_commit.0)) {
            *to = *from;
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_sealed_for_its_query_and_its_key() {
        let context = Answer::context(&QueryId([1; 32]), &Digest([2; 32]));
        assert_eq!(context.as_slice(), [[1; 32], [2; 32]].concat());
    }
}
