//! Ending a grant before its time.

use access::Action;
use ledger::grant::{GrantStatus, RevokeGrant};
use ledger::ids::GrantId;
use ledger::transaction::Payload;
use ledger::views;

use crate::audit_log::Event;
use crate::door::{About, Door};
use crate::error::ServiceError;
use crate::fields::chosen;
use crate::grants::standing::status;
use crate::office::Office;
use crate::officer::Officer;
use crate::submission::{Form, Submitted};
use crate::{door, purpose, submission};

/// What the revocation form says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevokeInput {
    /// Drawn with the form.
    pub form_id: String,
    /// Reason code.
    pub reason: String,
}

/// Ends a grant that the own department gave. The id returned is the grant's.
///
/// # Errors
/// The field that is wrong; refused `grant.not-ours`, `grant.not-live`; denied by policy.
pub async fn revoke(
    office: &Office,
    officer: &Officer,
    id: &str,
    input: RevokeInput,
) -> Result<Submitted, ServiceError> {
    let grant: GrantId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let form = Form::new("revoke-grant", &input.form_id, &[id, &*input.reason])?;
    if let Some((_, applied)) = submission::again(office, officer, &form).await? {
        return Ok(submission::submitted(id.to_owned(), &applied));
    }
    // A revocation is not held up by a ledger that is behind: it only takes rights away.
    let decided = to_revoke(office, officer, &grant).and_then(|request| {
        let reason = chosen(&input.reason, &purpose::REVOKE_REASONS);
        let reason = reason.map_err(|code| ServiceError::field("reason", code))?;
        let by = officer.by(office, request.as_bytes());
        Ok(RevokeGrant { grant, reason, by })
    });
    let outcome = decided.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
    office.note(officer, Event::GrantRevoke, id, &outcome).await?;
    let (_, applied) = submission::submit(office, officer, &form, Payload::RevokeGrant(decided?)).await?;
    Ok(submission::submitted(id.to_owned(), &applied))
}

/// Lets policy decide; returns the grant's request.
fn to_revoke(
    office: &Office,
    officer: &Officer,
    id: &GrantId,
) -> Result<ledger::ids::RequestId, ServiceError> {
    office.node().read(|snapshot| {
        let grant = views::grant(snapshot, id)?.ok_or(ServiceError::NotFound)?;
        if grant.provider != *office.department() {
            return Err(ServiceError::refused("grant.not-ours"));
        }
        if !matches!(status(office, &grant), GrantStatus::Live | GrantStatus::Upcoming) {
            return Err(ServiceError::refused("grant.not-live"));
        }
        let published = door::entry(snapshot, &grant.entry)?;
        let requester = door::department(snapshot, &grant.requester)?;
        let door = Door::open(office, officer, snapshot)?;
        let about = About { purpose: Some(grant.purpose.clone()), ..About::default() };
        door::pass(Action::Approve, door.decide(Action::Approve, &published, &requester, about)?)?;
        Ok(grant.request)
    })
}
