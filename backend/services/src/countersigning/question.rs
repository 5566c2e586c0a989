//! A query that waits for a second officer. It names a citizen: it lies under the store key, only its masked form is
//! shown, and it is wiped when it is asked, taken back or lapses.

use std::collections::BTreeSet;

use access::Zone;
use exchange::{Asker, Query, Subject};
use gm::sm2::Signature;
use gm::sm3::Digest;
use ledger::ids::{GrantId, ItemCode};
use ledger::role::Assurance;
use ledger::roster::OfficerProof;
use ledger::wire::{Bytes, from_bytes, to_bytes};
use zeroize::Zeroizing;

use crate::countersigning::step::Step;
use crate::error::ServiceError;
use crate::office::Office;
use crate::staff::Drafter;

const INPUT: &[u8] = b"waiting_step.input";
const SAID: &[u8] = b"waiting_step.said";

/// What the form said: items, the three fields of the person, the case, how the officer had signed in.
type Said = (BTreeSet<ItemCode>, (Bytes, Bytes, Bytes), Bytes, Assurance);

/// What is kept of it: the form, where it was asked from, the officer's own signature.
type Kept = (Said, Option<Zone>, Option<Signature>);

/// A query that waits.
pub(super) struct Question {
    pub(super) items: BTreeSet<ItemCode>,
    pub(super) subject: Subject,
    pub(super) case_no: Zeroizing<String>,
    assurance: Assurance,
    zone: Option<Zone>,
    /// Under the word of the query, of who drafted it. The proof is made anew when it is asked: the roster goes on.
    pub(super) signature: Option<Signature>,
}

impl Question {
    pub(super) fn of(query: &Query) -> Self {
        Self {
            items: query.items.clone(),
            subject: query.subject.clone(),
            case_no: Zeroizing::new(query.case_no.clone()),
            assurance: query.asker.assurance,
            zone: query.asker.zone.clone(),
            signature: query.officer.as_ref().map(|proof| proof.signature),
        }
    }

    fn form(&self) -> Said {
        let text = |text: &str| Bytes(text.as_bytes().to_vec());
        let Subject { name, id_type, id_number } = &self.subject;
        let person = (text(name), text(id_type), text(id_number));
        (self.items.clone(), person, text(&self.case_no), self.assurance)
    }

    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let kept: Kept = (self.form(), self.zone.clone(), self.signature);
        Zeroizing::new(to_bytes(&kept))
    }

    /// A stand-in by which the same form is known again: a plain digest of a person could be guessed.
    pub(super) fn said(&self, office: &Office) -> Digest {
        office.store_key().index(SAID, &Zeroizing::new(to_bytes(&self.form())))
    }

    /// As it is kept, for the step of this id and no other.
    pub(super) fn seal(&self, office: &Office, id: &[u8; 32]) -> Result<Vec<u8>, ServiceError> {
        Ok(office.store_key().seal(&context(id), &self.bytes())?)
    }

    /// What was kept.
    pub(super) fn open(office: &Office, step: &Step) -> Result<Self, ServiceError> {
        let damaged = |cause: &dyn std::fmt::Display| {
            ServiceError::fault("a query that waits for a second officer is damaged", cause)
        };
        let plain =
            office.store_key().open(&context(&step.key), &step.input).map_err(|error| damaged(&error))?;
        let kept: Kept = from_bytes(&plain).map_err(|error| damaged(&error))?;
        let ((items, (name, id_type, id_number), case_no, assurance), zone, signature) = kept;
        let text = |bytes: Bytes| String::from_utf8(bytes.0).map_err(|_| damaged(&"its text"));
        Ok(Self {
            items,
            subject: Subject { name: text(name)?, id_type: text(id_type)?, id_number: text(id_number)? },
            case_no: Zeroizing::new(text(case_no)?),
            assurance,
            zone,
            signature,
        })
    }

    /// The query that it is, asked by who drafted it as they stand now.
    pub(super) fn query(
        &self,
        step: &Step,
        grant: GrantId,
        drafter: &Drafter,
        officer: Option<OfficerProof>,
    ) -> Result<Query, ServiceError> {
        let form_id: Result<[u8; 32], _> = step.key.as_slice().try_into();
        Ok(Query {
            form_id: form_id.map_err(|_| ServiceError::fault("a step that waits is damaged", &"its id"))?,
            grant,
            items: self.items.clone(),
            subject: self.subject.clone(),
            case_no: self.case_no.to_string(),
            asker: Asker {
                account: drafter.account.clone(),
                role: step.role,
                clearance: drafter.clearance,
                assurance: self.assurance,
                zone: self.zone.clone(),
            },
            officer,
        })
    }
}

fn context(id: &[u8]) -> Vec<u8> {
    [INPUT, id].concat()
}
