//! Bounds of what one officer may ask that somebody of the department came to: lines for the security
//! administrator, who knows the names. Nobody else is told, and no other department.

use ledger::ids::Time;
use ledger::role::Role;
use sqlx::Row as _;

use crate::error::ServiceError;
use crate::limits;
use crate::names::{GrantRef, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::worklist::view::Alarm;

/// The newest first, those of the last days.
pub(super) async fn alarms(office: &Office, officer: &Officer, now: i64) -> Result<Vec<Alarm>, ServiceError> {
    if officer.role() != Role::SecAdmin {
        return Ok(Vec::new());
    }
    let since = Time((now - limits::ALARM_DAYS * limits::DAY_MS).unsigned_abs());
    let mut alarms = Vec::new();
    for reached in office.exchange().bounds_reached(since).await? {
        let person = sqlx::query("SELECT id, name FROM staff WHERE account = ?")
            .bind(&reached.account)
            .fetch_optional(office.pool())
            .await?;
        let (staff, name) = match person {
            Some(row) => (Some(row.try_get("id")?), row.try_get("name")?),
            None => (None, reached.account.clone()),
        };
        let grant = office.node().read(|snapshot| ledger::views::grant(snapshot, &reached.grant))?;
        alarms.push(Alarm {
            staff,
            name,
            account: reached.account,
            bound: reached.bound,
            grant: grant.as_ref().map(GrantRef::of),
            at: ms(reached.last),
            times: reached.times,
        });
    }
    Ok(alarms)
}
