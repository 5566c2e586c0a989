//! What inspectors do.

use gm::sm3::Digest;
use ledger::ids::{InspectionId, Pseudonym, Time, TxId};
use ledger::inspection::{CloseInspection, InspectionScope, OpenInspection, RecordLooks, Sight};
use ledger::receipt::LogHead;
use ledger::role::By;
use ledger::transaction::Payload;

use super::{House, Stage};
use crate::codes::Role;

impl Stage {
    /// Two inspectors of jd open an inspection of everybody's sharing.
    pub(crate) fn inspect(&mut self) -> InspectionId {
        self.inspect_with(|terms| terms)
    }

    /// The same with other terms.
    pub(crate) fn inspect_with(
        &mut self,
        change: impl FnOnce(OpenInspection) -> OpenInspection,
    ) -> InspectionId {
        let id = InspectionId::of(self.chain(), &House::Jd.id(), &self.next_nonce());
        let by = |officer: u8| By { pseudonym: Pseudonym([officer; 32]), role: Role::Inspector };
        let terms = change(OpenInspection {
            scope: InspectionScope::All,
            from: Time(0),
            until: self.now.plus_ms(30 * 24 * 60 * 60 * 1000),
            purpose: "03".parse().unwrap(),
            case_commit: Digest::ZERO,
            warrant_commit: Digest::ZERO,
            ends: self.now.plus_ms(30 * 24 * 60 * 60 * 1000),
            by: by(1),
            second: by(2),
        });
        self.submit(House::Jd, Payload::OpenInspection(terms)).unwrap();
        id
    }

    /// jd puts looks on record.
    pub(crate) fn look(&mut self, inspection: InspectionId, looks: &[Sight]) -> TxId {
        let log_head = LogHead { size: 1, digest: Digest::ZERO };
        let mut looks = looks.to_vec();
        looks.sort_unstable();
        self.submit(House::Jd, Payload::RecordLooks(RecordLooks { inspection, looks, log_head })).unwrap()
    }

    /// jd closes an inspection.
    pub(crate) fn conclude(&mut self, inspection: InspectionId) {
        let by = By { pseudonym: Pseudonym([1; 32]), role: Role::Inspector };
        let conclusion = "01".parse().unwrap();
        self.submit(House::Jd, Payload::CloseInspection(CloseInspection { inspection, conclusion, by }))
            .unwrap();
    }
}
