//! Ending a grant before its time.

use access::Action;
use ledger::grant::RevokeGrant;
use ledger::ids::GrantId;
use ledger::transaction::Payload;
use serde::Serialize;

use crate::act::{self, Act, Submitted};
use crate::audit_log::Event;
use crate::error::ServiceError;
use crate::fields::chosen;
use crate::grants::standing::may_revoke;
use crate::office::Office;
use crate::officer::Officer;
use crate::purpose;
use crate::scene::Scene;

/// What the revocation form says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    // A revocation is not held up by a ledger that is behind: it only takes rights away.
    let act = Act::new(Event::GrantRevoke, id, &input.form_id, &input)?.even_behind();
    act::take(office, officer, act, |scene| revocation(scene, &grant, &input)).await
}

pub(super) fn revocation(
    scene: &Scene<'_>,
    id: &GrantId,
    input: &RevokeInput,
) -> Result<Payload, ServiceError> {
    let grant = scene.grant(id)?;
    may_revoke(scene, &grant)?.into_result(Action::Approve)?;
    let reason = chosen(&input.reason, &purpose::REVOKE_REASONS)
        .map_err(|code| ServiceError::field("reason", code))?;
    let by = scene.by(grant.request.as_bytes());
    Ok(Payload::RevokeGrant(RevokeGrant { grant: *id, reason, by }))
}
