//! A validator that said two things.

use ledger::equivocation::{Equivocation, Message};
use ledger::ids::{BlockId, Height};
use ledger::transaction::Payload;

use super::{House, NOTHING, Stage};

impl Stage {
    /// gz's validator voted twice at height 1, which sz reports.
    pub(crate) fn report_equivocation(&mut self) {
        let key = &self.keys[House::Gz as usize].consensus;
        let (height, validator) = (Height(1), ledger::department::address(&key.public()));
        let said = |block| {
            let message = Message::Vote { round: 2, is_precommit: false, block };
            (message, key.sign_digest(&message.digest(self.chain(), height, validator)).unwrap())
        };
        let proof = Equivocation::of(height, validator, said(None), said(Some(BlockId(NOTHING)))).unwrap();
        self.submit(House::Sz, Payload::ReportEquivocation(proof)).unwrap();
    }
}
