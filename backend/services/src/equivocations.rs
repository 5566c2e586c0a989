//! Equivocations that this department's node saw are reported to the chain, by whichever member comes first: two
//! messages of one validator for one place, with both signatures. No officer is asked: the proof speaks.

use std::convert::Infallible;
use std::time::Duration;

use ledger::equivocation::Equivocation;
use ledger::ids::Nonce;
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use node::SubmitError;

use crate::error::ServiceError;
use crate::fault::OfficeFault;
use crate::office::Office;
use crate::{act, limits};

/// Reports them, for ever.
///
/// # Errors
/// None: what fails is logged and tried again.
pub(crate) async fn report(office: &Office) -> Result<Infallible, OfficeFault> {
    // Members that saw the same look at different moments, so that mostly one reports.
    let first =
        office.department().as_str().bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31) ^ u64::from(byte));
    let mut wait = first % limits::EQUIVOCATIONS_EVERY_MS;
    loop {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        wait = limits::EQUIVOCATIONS_EVERY_MS;
        let seen = office.node().equivocations();
        for proof in seen.into_iter().take(limits::EQUIVOCATIONS_AT_ONCE) {
            // A fault is in the log already, under its number.
            submit(office, proof).await.ok();
        }
    }
}

async fn submit(office: &Office, proof: Equivocation) -> Result<(), ServiceError> {
    let (height, validator) = (proof.height, proof.validator);
    let nonce = Nonce(gm::random::bytes::<32>()?);
    match office.node().submit(act::sign(office, nonce, Payload::ReportEquivocation(proof))?).await {
        Ok(_) => {
            tracing::warn!(block.height = height.0, %validator, "an equivocation of a validator was reported");
            Ok(())
        }
        // Another member was faster: the node forgets it at the next look.
        Err(SubmitError::Refused(Refusal::EquivocationKnown) | SubmitError::Lapsed | SubmitError::Full) => {
            Ok(())
        }
        Err(SubmitError::Refused(refusal)) => {
            tracing::warn!(block.height = height.0, code = refusal.code(), "an equivocation was not taken");
            Ok(())
        }
        Err(SubmitError::Fault(fault)) => Err(fault.into()),
    }
}
