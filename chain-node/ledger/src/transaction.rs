//! Transactions: `Transaction` (what is signed) → `Signed` → `Encoded` → `apply::Verified`.

use crate::amendment::{CountersignPolicy, DraftPolicy, WithdrawPolicy};
use crate::catalogue::Entry;
use crate::department::KeyKind;
use crate::equivocation::Equivocation;
use crate::grant::RevokeGrant;
use crate::ids::{DepartmentId, InspectionId, Nonce, RequestId, Time, TxId};
use crate::inspection::{CloseInspection, OpenInspection, RecordLooks};
use crate::receipt::{Delivery, Denial, Receipt, Ticket};
use crate::request::{ApproveRequest, RefuseRequest, SubmitRequest, WithdrawRequest};
use crate::role::By;
use crate::roster::AnchorRoster;
use crate::seal::Seals;
use crate::wire::{In, Out, Wire, WireError, to_bytes};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Deref;
use gm::domain::{ChainId, Kind, digest};
use gm::merkle::leaf_hash;
use gm::sm2::{KeyId, SecretKey, SignFault, Signature};
use gm::sm3::Digest;

macro_rules! payloads {
    ($($(#[$meta:meta])* $variant:ident($type:ty) = $number:literal, $name:literal, $kind:ident, $rank:literal;)*) => {
        /// What a transaction does.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Payload { $($(#[$meta])* $variant($type)),* }

        impl Payload {
            /// Names of all payloads, as pages and logs use them.
            pub const NAMES: &'static [&'static str] = &[$($name),*];
            /// The name.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),* }
            }
            /// The kind of key that must sign it.
            #[must_use]
            pub const fn key_kind(&self) -> KeyKind {
                match self { $(Self::$variant(_) => KeyKind::$kind),* }
            }
            /// Its place in a block: what takes rights away stands before what uses them.
            #[must_use]
            pub const fn rank(&self) -> u8 {
                match self { $(Self::$variant(_) => $rank),* }
            }
        }

        impl Wire for Payload {
            fn put(&self, out: &mut Out) {
                out.array(2);
                match self { $(Self::$variant(body) => { out.number($number); body.put(out); })* }
            }
            fn take(input: &mut In<'_>) -> Result<Self, WireError> {
                input.array_of(2)?;
                match input.number()? {
                    $($number => Wire::take(input).map(Self::$variant),)*
                    _ => Err(WireError::Range),
                }
            }
        }
    };
}

payloads! {
    /// Publishes an entry or its next version.
    Publish(Entry) = 1, "publish", Office, 1;
    /// Asks for access.
    SubmitRequest(SubmitRequest) = 2, "submit-request", Office, 1;
    /// Grants.
    ApproveRequest(ApproveRequest) = 3, "approve-request", Office, 1;
    /// Refuses.
    RefuseRequest(RefuseRequest) = 4, "refuse-request", Office, 1;
    /// Takes a request back.
    WithdrawRequest(WithdrawRequest) = 5, "withdraw-request", Office, 1;
    /// Ends a grant.
    RevokeGrant(RevokeGrant) = 6, "revoke-grant", Office, 0;
    /// Receipt of an answer.
    RecordAnswer(Receipt) = 7, "record-answer", Online, 2;
    /// Record of a denial.
    RecordDenial(Denial) = 8, "record-denial", Online, 2;
    /// Acknowledges answers.
    Acknowledge(Delivery) = 9, "acknowledge", Online, 2;
    /// Proposes a layer's next policy; changes nothing in force.
    DraftPolicy(DraftPolicy) = 10, "draft-policy", Office, 1;
    /// Puts it in force, or lets its time begin.
    CountersignPolicy(CountersignPolicy) = 11, "countersign-policy", Office, 0;
    /// Takes it back before it is in force.
    WithdrawPolicy(WithdrawPolicy) = 12, "withdraw-policy", Office, 0;
    /// Anchors which officers a department certified.
    AnchorRoster(AnchorRoster) = 13, "anchor-roster", Office, 0;
    /// Opens an inspection.
    OpenInspection(OpenInspection) = 14, "open-inspection", Office, 1;
    /// Closes it.
    CloseInspection(CloseInspection) = 15, "close-inspection", Office, 1;
    /// Puts on record what was looked at in it.
    RecordLooks(RecordLooks) = 16, "record-looks", Online, 2;
    /// Proves that a validator said two things at one place of consensus.
    ReportEquivocation(Equivocation) = 17, "report-equivocation", Online, 1;
}

impl Payload {
    /// The officer behind it, for workflow steps.
    #[must_use]
    pub const fn by(&self) -> Option<&By> {
        match self {
            Self::SubmitRequest(p) => Some(&p.by),
            Self::ApproveRequest(p) => Some(&p.by),
            Self::RefuseRequest(p) => Some(&p.by),
            Self::WithdrawRequest(p) => Some(&p.by),
            Self::RevokeGrant(p) => Some(&p.by),
            Self::DraftPolicy(p) => Some(&p.by),
            Self::CountersignPolicy(p) => Some(&p.by),
            Self::WithdrawPolicy(p) => Some(&p.by),
            Self::OpenInspection(p) => Some(&p.by),
            Self::CloseInspection(p) => Some(&p.by),
            Self::Publish(_)
            | Self::RecordAnswer(_)
            | Self::RecordDenial(_)
            | Self::Acknowledge(_)
            | Self::AnchorRoster(_)
            | Self::RecordLooks(_)
            | Self::ReportEquivocation(_) => None,
        }
    }

    /// The second officer behind it, for steps that take two.
    #[must_use]
    pub const fn second(&self) -> Option<&By> {
        match self {
            Self::SubmitRequest(p) => Some(&p.second),
            Self::ApproveRequest(p) => Some(&p.second),
            Self::OpenInspection(p) => Some(&p.second),
            Self::RefuseRequest(_)
            | Self::WithdrawRequest(_)
            | Self::RevokeGrant(_)
            | Self::DraftPolicy(_)
            | Self::CountersignPolicy(_)
            | Self::WithdrawPolicy(_)
            | Self::Publish(_)
            | Self::RecordAnswer(_)
            | Self::RecordDenial(_)
            | Self::Acknowledge(_)
            | Self::AnchorRoster(_)
            | Self::CloseInspection(_)
            | Self::RecordLooks(_)
            | Self::ReportEquivocation(_) => None,
        }
    }

    /// The ticket it records, with the requester's signature.
    #[must_use]
    pub const fn ticket(&self) -> Option<(&Ticket, &Signature)> {
        match self {
            Self::RecordAnswer(receipt) => Some((&receipt.ticket, &receipt.ticket_signature)),
            Self::RecordDenial(denial) => Some((&denial.ticket, &denial.ticket_signature)),
            Self::Publish(_)
            | Self::SubmitRequest(_)
            | Self::ApproveRequest(_)
            | Self::RefuseRequest(_)
            | Self::WithdrawRequest(_)
            | Self::RevokeGrant(_)
            | Self::Acknowledge(_)
            | Self::DraftPolicy(_)
            | Self::CountersignPolicy(_)
            | Self::WithdrawPolicy(_)
            | Self::AnchorRoster(_)
            | Self::OpenInspection(_)
            | Self::CloseInspection(_)
            | Self::RecordLooks(_)
            | Self::ReportEquivocation(_) => None,
        }
    }

    /// The two officers' own signatures under it, if it bears them.
    #[must_use]
    pub const fn seals(&self) -> Option<&Seals> {
        match self {
            Self::SubmitRequest(asked) => asked.seals.as_ref(),
            Self::ApproveRequest(given) => given.seals.as_ref(),
            Self::RefuseRequest(_)
            | Self::WithdrawRequest(_)
            | Self::RevokeGrant(_)
            | Self::Publish(_)
            | Self::RecordAnswer(_)
            | Self::RecordDenial(_)
            | Self::Acknowledge(_)
            | Self::DraftPolicy(_)
            | Self::CountersignPolicy(_)
            | Self::WithdrawPolicy(_)
            | Self::AnchorRoster(_)
            | Self::OpenInspection(_)
            | Self::CloseInspection(_)
            | Self::RecordLooks(_)
            | Self::ReportEquivocation(_) => None,
        }
    }

    /// The two messages that it proves, if it reports an equivocation.
    #[must_use]
    pub const fn equivocation(&self) -> Option<&Equivocation> {
        if let Self::ReportEquivocation(proof) = self { Some(proof) } else { None }
    }

    /// How many signatures others have to check who have not seen it: its department's, that under a ticket, of
    /// each seal the officer's and that under the certificate, and those of both messages of an equivocation.
    #[must_use]
    pub const fn signatures(&self) -> usize {
        1 + self.ticket().is_some() as usize
            + 4 * self.seals().is_some() as usize
            + 2 * self.equivocation().is_some() as usize
    }

    /// Whether it adds a leaf to the receipt log.
    #[must_use]
    pub const fn is_logged(&self) -> bool {
        matches!(self, Self::RecordAnswer(_) | Self::RecordDenial(_) | Self::Acknowledge(_))
    }

    /// The leaf that it adds to the receipt log.
    #[must_use]
    pub fn receipt_leaf(&self) -> Option<Digest> {
        match self {
            Self::RecordAnswer(receipt) => Some(receipt.leaf()),
            Self::RecordDenial(denial) => Some(denial.leaf()),
            Self::Acknowledge(delivery) => Some(delivery.leaf()),
            Self::Publish(_)
            | Self::SubmitRequest(_)
            | Self::ApproveRequest(_)
            | Self::RefuseRequest(_)
            | Self::WithdrawRequest(_)
            | Self::RevokeGrant(_)
            | Self::DraftPolicy(_)
            | Self::CountersignPolicy(_)
            | Self::WithdrawPolicy(_)
            | Self::AnchorRoster(_)
            | Self::OpenInspection(_)
            | Self::CloseInspection(_)
            | Self::RecordLooks(_)
            | Self::ReportEquivocation(_) => None,
        }
    }
}

crate::wire_struct! {
    /// What a department signs.
    pub struct Transaction {
        /// Protocol version, 1.
        pub version: u16,
        /// The chain.
        pub chain: ChainId,
        /// Who.
        pub department: DepartmentId,
        /// With which key.
        pub key_id: KeyId,
        /// Fresh random bytes.
        pub nonce: Nonce,
        /// After this block time it can no longer take effect.
        pub valid_until: Time,
        /// What.
        pub payload: Payload,
    }
}

impl Transaction {
    /// Its id, which covers everything but the signature.
    #[must_use]
    pub fn id(&self) -> TxId {
        digest(self.chain, Kind::Tx, &to_bytes(self)).into()
    }

    /// The request it makes, if it submits one.
    #[must_use]
    pub fn request_id(&self) -> RequestId {
        RequestId::of(self.chain, &self.department, &self.nonce)
    }

    /// The inspection it opens, if it opens one.
    #[must_use]
    pub fn inspection_id(&self) -> InspectionId {
        InspectionId::of(self.chain, &self.department, &self.nonce)
    }
}

crate::wire_struct! {
    /// A transaction with its department's signature, not checked yet.
    pub struct Signed {
        /// What was signed.
        pub body: Transaction,
        /// SM2 over the transaction's id.
        pub signature: Signature,
    }
}

impl Signed {
    /// Signs.
    ///
    /// # Errors
    /// [`SignFault`] when signing breaks.
    pub fn sign(body: Transaction, key: &SecretKey) -> Result<Self, SignFault> {
        let signature = key.sign(body.chain, Kind::Tx, &to_bytes(&body))?;
        Ok(Self { body, signature })
    }

    /// The transaction's id.
    #[must_use]
    pub fn id(&self) -> TxId {
        self.body.id()
    }
}

/// A signed transaction with its canonical bytes and what is computed from them, once: its id, which leaves
/// the signature out, and its leaf, which does not. Nothing of it is checked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Encoded(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    signed: Signed,
    bytes: Vec<u8>,
    id: TxId,
    leaf: Digest,
}

impl From<Signed> for Encoded {
    fn from(signed: Signed) -> Self {
        let body = to_bytes(&signed.body);
        let id = digest(signed.body.chain, Kind::Tx, &body).into();
        let mut out = Out::default();
        out.array(2);
        out.encoded(&body);
        signed.signature.put(&mut out);
        let bytes = out.into_bytes();
        Self(Arc::new(Kept { leaf: leaf_hash(&bytes), signed, bytes, id }))
    }
}

impl Deref for Encoded {
    type Target = Signed;

    fn deref(&self) -> &Signed {
        self.signed()
    }
}

impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes == other.0.bytes
    }
}

impl Eq for Encoded {}

impl Encoded {
    /// The transaction.
    #[must_use]
    pub fn signed(&self) -> &Signed {
        &self.0.signed
    }

    /// The canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The transaction's id.
    #[must_use]
    pub fn id(&self) -> TxId {
        self.0.id
    }

    /// Its leaf in the transaction root of a block: the digest of all its bytes, signatures included.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        self.0.leaf
    }
}

impl Wire for Encoded {
    fn put(&self, out: &mut Out) {
        out.encoded(&self.0.bytes);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        Signed::take(input).map(Self::from)
    }
}
