//! Marking validators that said two things at one place.

use super::rule::{Rejection, Rule};
use crate::equivocation::{Equivocated, Equivocation};
use crate::keys;
use crate::refusal::Refusal;
use crate::views;

impl Rule<'_> {
    /// Both signatures were checked when the transaction became verified.
    pub(super) fn report_equivocation(&mut self, proof: &Equivocation) -> Result<(), Rejection> {
        proof.check()?;
        if views::equivocation(self.reads, proof.height, &proof.validator)?.is_some() {
            return Err(Refusal::EquivocationKnown.into());
        }
        let reporter = self.body.department.clone();
        let mark = Equivocated { proof: proof.clone(), reporter, reported: self.place() };
        self.put(keys::equivocation(proof.height, &proof.validator), &mark);
        let (counted, mut newest) = views::equivocations_told(self.reads)?;
        newest.insert(0, (proof.height, proof.validator));
        newest.truncate(self.limits().equivocations_newest);
        self.put(keys::EQUIVOCATIONS_TOLD.to_vec(), &(counted.saturating_add(1), newest));
        Ok(())
    }
}
