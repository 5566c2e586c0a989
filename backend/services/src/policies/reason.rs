//! Why a version was drafted. The chain holds a salted digest; the text and its salt stay in the office's store,
//! so that the own department reads it and can show it to who must know.

use std::collections::BTreeMap;

use gm::domain::{ChainId, Salt, commit};
use gm::sm3::Digest;
use ledger::policy::PolicyOwner;
use sqlx::{Row as _, SqlitePool};

use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::policies::view::ReasonView;

/// What the salt of a reason is derived for.
const SALT_CONTEXT: &[u8] = b"policy-reason";

/// The reasons of a layer that this office knows, by their digest on the chain.
#[derive(Debug, Default)]
pub(super) struct Reasons(BTreeMap<[u8; 32], String>);

impl Reasons {
    /// Those that fit their digest; the newest of very many.
    pub(super) async fn of(
        pool: &SqlitePool,
        chain: ChainId,
        owner: &PolicyOwner,
    ) -> Result<Self, ServiceError> {
        let rows = sqlx::query(
            "SELECT digest, reason, salt FROM policy_reason WHERE owner = ? ORDER BY given_at DESC LIMIT ?",
        )
        .bind(owner.to_string())
        .bind(limits::POLICY_REASONS_MAX)
        .fetch_all(pool)
        .await?;
        let mut known = BTreeMap::new();
        for row in rows {
            let (digest, reason): (Vec<u8>, String) = (row.try_get("digest")?, row.try_get("reason")?);
            let salt = <[u8; 32]>::try_from(row.try_get::<Vec<u8>, _>("salt")?);
            let Ok(salt) = salt.map(Salt::from_bytes) else { continue };
            let computed = commit(chain, &salt, reason.as_bytes());
            if computed.0.as_slice() == digest {
                known.insert(computed.0, reason);
            }
        }
        Ok(Self(known))
    }

    /// The reason under a digest.
    pub(super) fn view(&self, digest: Option<&Digest>) -> ReasonView {
        match digest {
            None => ReasonView::None,
            Some(digest) => {
                self.0.get(&digest.0).map_or(ReasonView::Elsewhere, |text| ReasonView::Text(text.clone()))
            }
        }
    }
}

/// Keeps a reason before its digest is signed. The same form gives the same digest, so that a second click
/// says the same.
pub(super) async fn keep(
    office: &Office,
    owner: &PolicyOwner,
    form_id: &[u8; 32],
    reason: &str,
) -> Result<Digest, ServiceError> {
    let salt = Salt::from_bytes(office.store_key().index(SALT_CONTEXT, form_id).0);
    let digest = commit(office.chain(), &salt, reason.as_bytes());
    sqlx::query(
        "INSERT OR IGNORE INTO policy_reason (digest, owner, reason, salt, given_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(digest.0.as_slice())
    .bind(owner.to_string())
    .bind(reason)
    .bind(salt.as_bytes().as_slice())
    .bind(office.now_ms())
    .execute(office.pool())
    .await?;
    Ok(digest)
}
