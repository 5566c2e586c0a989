//! The only way state changes: `apply(reads, context, verified) -> changes | refusal | fault`.
//! Total and deterministic: no clock, no randomness, no floats, no unordered maps.

pub(crate) mod amendment;
mod catalogue;
pub(crate) mod credit;
mod equivocation;
mod grant;
mod inspection;
pub(crate) mod receipt;
mod request;
mod roster;
mod rule;
mod verified;

pub use rule::{BlockContext, Rejection};
pub use verified::Verified;

use crate::keys;
use crate::state::{Changes, StateRead};
use crate::transaction::Payload;
use rule::Rule;

/// What the transaction changes at this block, or why it does not take effect. Its signatures were checked
/// when it became [`Verified`].
///
/// # Errors
/// [`Rejection`].
pub fn apply(
    reads: &dyn StateRead,
    context: &BlockContext,
    transaction: &Verified,
) -> Result<Changes, Rejection> {
    let (body, id) = (&transaction.body, transaction.id());
    let mut rule = Rule { reads, context, body, id, changes: Changes::default() };
    match &body.payload {
        Payload::Publish(entry) => rule.publish(entry),
        Payload::SubmitRequest(asked) => rule.submit_request(asked),
        Payload::ApproveRequest(approval) => rule.approve_request(approval),
        Payload::RefuseRequest(refused) => rule.refuse_request(refused),
        Payload::WithdrawRequest(withdrawn) => rule.withdraw_request(withdrawn),
        Payload::RevokeGrant(revoked) => rule.revoke_grant(revoked),
        Payload::RecordAnswer(receipt) => rule.record_answer(receipt),
        Payload::RecordDenial(denial) => rule.record_denial(denial),
        Payload::Acknowledge(delivery) => rule.acknowledge(delivery),
        Payload::DraftPolicy(drafted) => rule.draft_policy(drafted),
        Payload::CountersignPolicy(signed) => rule.countersign_policy(signed),
        Payload::WithdrawPolicy(withdrawn) => rule.withdraw_policy(withdrawn),
        Payload::AnchorRoster(roster) => rule.anchor_roster(roster),
        Payload::OpenInspection(terms) => rule.open_inspection(terms),
        Payload::CloseInspection(closing) => rule.close_inspection(closing),
        Payload::RecordLooks(looks) => rule.record_looks(looks),
        Payload::ReportEquivocation(proof) => rule.report_equivocation(proof),
    }?;
    rule.put(keys::seen(body.valid_until, &id.0), &context.height);
    Ok(rule.changes)
}
