//! The department's roster (人员名册): which officers' own keys other departments can check. Every account in use
//! that has a key registered is certified by the office key; the root over the certificates stands on the chain.
//!
//! ```text
//!  accounts ─► make: certificates, root ─► anchor: one transaction ─► the chain's newest roster
//!     ▲             (kept here)                (kept, sent again)           │
//!     └── what an administrator does to an account calls `follow` ◄─────────┘ what an officer signs stands on it
//! ```
//!
//! What holds is what the chain has: nothing here says that a roster is anchored. Before the security administrator
//! published the first one (`roster/page.rs`) nothing of this happens. An account that wrong passwords close for half
//! an hour stays on: else strangers could have rosters made by guessing.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gm::merkle;
use gm::sm2::{PublicKey, Signature};
use gm::sm3::Digest;
use ledger::ids::{Nonce, OfficerId, Time};
use ledger::refusal::Refusal;
use ledger::role::Role;
use ledger::roster::{AnchorRoster, Anchored, OfficerCertificate, OfficerEntry, OfficerProof};
use ledger::transaction::{Payload, Signed};
use ledger::views;
use ledger::wire::{from_bytes, to_bytes};
use node::SubmitError;
use sqlx::Row as _;

use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::office::Office;
use crate::officer::Officer;
use crate::{act, limits};

pub use page::{AnchoredView, MemberState, RosterMember, RosterView, publish, show};

/// An account that belongs on the roster.
struct Wanted {
    staff: i64,
    officer: OfficerId,
    key: PublicKey,
    roles: BTreeSet<Role>,
    clearance: u8,
    valid_until: Option<Time>,
}

/// A roster as it is kept here.
struct Made {
    id: i64,
    root: Digest,
    size: u64,
    signed: Option<Signed>,
}

impl Wanted {
    /// Whether a certificate says just this, and for long enough.
    fn is_said_by(&self, entry: &OfficerEntry, now: Time) -> bool {
        let lasts = entry.until > now.plus_ms(limits::CERTIFICATE_RENEWED_MS);
        (entry.officer, &entry.key, &entry.roles, entry.clearance)
            == (self.officer, &self.key, &self.roles, self.clearance)
            && entry.until == self.until(entry.from)
            && (lasts || Some(entry.until) == self.valid_until)
    }

    /// The last moment of a certificate from this one on.
    fn until(&self, from: Time) -> Time {
        let longest = from.plus_ms(limits::CERTIFICATE_MS);
        self.valid_until.map_or(longest, |until| until.min(longest))
    }

    fn entry(&self, office: &Office, from: Time) -> OfficerEntry {
        OfficerEntry {
            version: 1,
            chain: office.chain(),
            department: office.department().clone(),
            officer: self.officer,
            key: self.key.clone(),
            roles: self.roles.clone(),
            clearance: self.clearance,
            from,
            until: self.until(from),
        }
    }
}

fn damaged(error: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::fault("the roster that is kept here is damaged", error)
}

/// Every account in use with a key. Each gets its random id with its first certificate.
async fn wanted(office: &Office) -> Result<Vec<Wanted>, ServiceError> {
    let rows = sqlx::query(
        "SELECT s.id, s.officer, s.roles, s.clearance, s.valid_until, k.public
         FROM staff s JOIN officer_key k ON k.staff = s.id
         WHERE s.state = 'active' AND (s.valid_until IS NULL OR s.valid_until >= ?) AND (s.demo = 0 OR ?)
         ORDER BY s.id LIMIT ?",
    )
    .bind(office.now_ms())
    .bind(office.is_demo())
    .bind(limits::STAFF_MAX)
    .fetch_all(office.pool())
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (staff, known): (i64, Option<Vec<u8>>) = (row.try_get("id")?, row.try_get("officer")?);
        let officer = match known {
            Some(id) => OfficerId(id.try_into().map_err(|_| damaged(&"an officer's id"))?),
            None => named(office, staff).await?,
        };
        let (roles, public): (String, Vec<u8>) = (row.try_get("roles")?, row.try_get("public")?);
        let valid_until: Option<i64> = row.try_get("valid_until")?;
        let key = PublicKey::from_bytes(&public).map_err(|error| damaged(&error))?;
        let roles: BTreeSet<Role> = roles.split(',').filter_map(Role::from_code).collect();
        if !roles.is_empty() {
            found.push(Wanted {
                staff,
                officer,
                key,
                roles,
                clearance: row.try_get::<Option<u8>, _>("clearance")?.unwrap_or_default(),
                valid_until: valid_until.map(|until| Time(until.unsigned_abs())),
            });
        }
    }
    // In the order of their ids, which says nothing of people.
    found.sort_by_key(|wanted| wanted.officer);
    Ok(found)
}

async fn named(office: &Office, staff: i64) -> Result<OfficerId, ServiceError> {
    let id = OfficerId(gm::random::bytes()?);
    sqlx::query("UPDATE staff SET officer = ? WHERE id = ?")
        .bind(id.0.as_slice())
        .bind(staff)
        .execute(office.pool())
        .await?;
    Ok(id)
}

/// The certificates of a roster that is kept here, by account, in their places.
async fn certificates(
    office: &Office,
    roster: i64,
) -> Result<BTreeMap<i64, OfficerCertificate>, ServiceError> {
    let rows = sqlx::query("SELECT staff, certificate FROM roster_certificate WHERE roster = ?")
        .bind(roster)
        .fetch_all(office.pool())
        .await?;
    let mut found = BTreeMap::new();
    for row in rows {
        let bytes: Vec<u8> = row.try_get("certificate")?;
        found.insert(row.try_get("staff")?, from_bytes(&bytes).map_err(|error| damaged(&error))?);
    }
    Ok(found)
}

fn made(row: &sqlx::sqlite::SqliteRow) -> Result<Made, ServiceError> {
    let (root, leaves): (Vec<u8>, Vec<u8>) = (row.try_get("root")?, row.try_get("leaves")?);
    let signed: Option<Vec<u8>> = row.try_get("signed")?;
    Ok(Made {
        id: row.try_get("id")?,
        root: Digest(root.try_into().map_err(|_| damaged(&"a root"))?),
        size: (leaves.len() / LEAF_BYTES) as u64,
        signed: signed.map(|bytes| from_bytes(&bytes)).transpose().map_err(|error| damaged(&error))?,
    })
}

const LEAF_BYTES: usize = 32;

/// The roster made last; none before the first was published.
async fn newest(office: &Office) -> Result<Option<Made>, ServiceError> {
    let row =
        sqlx::query("SELECT * FROM roster ORDER BY id DESC LIMIT 1").fetch_optional(office.pool()).await?;
    row.as_ref().map(made).transpose()
}

/// What the chain has.
fn anchored(office: &Office) -> Result<Option<Anchored>, ServiceError> {
    let rosters = office.node().read(|snapshot| views::rosters(snapshot, office.department()))?;
    Ok(rosters.and_then(|rosters| rosters.newest().cloned()))
}

/// The roster that the chain has, as it is kept here.
async fn holding(office: &Office) -> Result<Option<(i64, Anchored)>, ServiceError> {
    let Some(anchored) = anchored(office)? else { return Ok(None) };
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM roster WHERE root = ? ORDER BY id DESC LIMIT 1")
        .bind(anchored.root.0.as_slice())
        .fetch_optional(office.pool())
        .await?;
    Ok(id.map(|id| (id, anchored)))
}

/// Makes the roster that the accounts want now; the one made last if it is the same. Who is certified as before keeps
/// the certificate.
async fn make(office: &Office) -> Result<Made, ServiceError> {
    let last = newest(office).await?;
    let mut kept = match &last {
        Some(last) => certificates(office, last.id).await?,
        None => BTreeMap::new(),
    };
    // A certificate holds from a block that is there already, whatever the own clock says.
    let now = office.node().read(|snapshot| snapshot.tip().time);
    let wanted = wanted(office).await?;
    let signer = office.clone();
    let certify = move || {
        let one = |wanted: Wanted| match kept.remove(&wanted.staff) {
            Some(kept) if wanted.is_said_by(&kept.entry, now) => Ok((wanted.staff, kept)),
            _ => {
                let entry = wanted.entry(&signer, now);
                OfficerCertificate::sign(entry, signer.office_key()).map(|made| (wanted.staff, made))
            }
        };
        wanted.into_iter().map(one).collect::<Result<Vec<_>, _>>()
    };
    // Thousands of signatures take a while.
    let certified = tokio::task::spawn_blocking(certify).await;
    let certified = certified.map_err(|error| ServiceError::fault("the office is stopping", &error))?;
    let certified =
        certified.map_err(|fault| ServiceError::fault("the office key could not certify", &fault))?;
    let leaves: Vec<Digest> = certified.iter().map(|(_, certificate)| certificate.leaf()).collect();
    let root = merkle::root(&leaves);
    match last {
        Some(last) if (last.root, last.size) == (root, leaves.len() as u64) => Ok(last),
        _ => keep(office, root, &leaves, &certified).await,
    }
}

async fn keep(
    office: &Office,
    root: Digest,
    leaves: &[Digest],
    certified: &[(i64, OfficerCertificate)],
) -> Result<Made, ServiceError> {
    let mut transaction = office.pool().begin_with("BEGIN IMMEDIATE").await?;
    let bytes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.0).collect();
    let id = sqlx::query("INSERT INTO roster (root, leaves, made_at) VALUES (?, ?, ?)")
        .bind(root.0.as_slice())
        .bind(bytes)
        .bind(office.now_ms())
        .execute(&mut *transaction)
        .await?
        .last_insert_rowid();
    for (place, (staff, certificate)) in (0i64..).zip(certified) {
        sqlx::query("INSERT INTO roster_certificate (roster, place, staff, certificate) VALUES (?, ?, ?, ?)")
            .bind(id)
            .bind(place)
            .bind(staff)
            .bind(to_bytes(certificate))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(Made { id, root, size: leaves.len() as u64, signed: None })
}

/// Puts a roster on the chain, if it is not there; the same bytes until they lapse or are refused.
async fn anchor(office: &Office, made: &Made) -> Result<(), ServiceError> {
    let is_anchored = |anchored: &Anchored| (anchored.root, anchored.size) == (made.root, made.size);
    if anchored(office)?.as_ref().is_some_and(is_anchored) {
        return forget_others(office, made).await;
    }
    let signed = match &made.signed {
        Some(signed) if signed.body.valid_until > office.node().now() => signed.clone(),
        _ => {
            let anchor = AnchorRoster { root: made.root, size: made.size, log_head: office.audit().head() };
            let signed = act::sign(office, Nonce(gm::random::bytes()?), Payload::AnchorRoster(anchor))?;
            set_signed(office, made, Some(&signed)).await?;
            signed
        }
    };
    let refused = match office.node().submit(signed).await {
        Ok(_) | Err(SubmitError::Refused(Refusal::RosterSame)) => return forget_others(office, made).await,
        // It may still take effect: what is kept stays.
        Err(SubmitError::Fault(fault)) => return Err(fault.into()),
        Err(SubmitError::Full) => return Err(ServiceError::refused(OfficeRefusal::NodeFull)),
        Err(SubmitError::Refused(refusal)) => ServiceError::refused(refusal),
        Err(SubmitError::Lapsed) => ServiceError::Lapsed,
    };
    set_signed(office, made, None).await?;
    Err(refused)
}

async fn set_signed(office: &Office, made: &Made, signed: Option<&Signed>) -> Result<(), ServiceError> {
    sqlx::query("UPDATE roster SET signed = ? WHERE id = ?")
        .bind(signed.map(to_bytes))
        .bind(made.id)
        .execute(office.pool())
        .await?;
    Ok(())
}

/// The roster holds: those before it are of no use any more.
async fn forget_others(office: &Office, made: &Made) -> Result<(), ServiceError> {
    sqlx::query("DELETE FROM roster WHERE id < ?").bind(made.id).execute(office.pool()).await?;
    Ok(())
}

/// Makes the roster anew where accounts say something else, and anchors it. Nothing before the first was published.
///
/// # Errors
/// Why it is not anchored yet.
pub(crate) async fn keep_up(office: &Office) -> Result<(), ServiceError> {
    let _turn = office.roster_turn().await;
    if newest(office).await?.is_none() {
        return Ok(());
    }
    let made = make(office).await?;
    anchor(office, &made).await
}

/// After something was done to an account: the act is done, and its roster too if the chain is there. Else the
/// background goes on with it, and the page of the roster says so.
pub(super) async fn follow(office: &Office) {
    let wait = Duration::from_millis(limits::ROSTER_WAIT_MS);
    match tokio::time::timeout(wait, keep_up(office)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the roster is not anchored yet; trying again"),
        Err(_) => tracing::warn!("the roster is not anchored yet: the chain does not move; trying again"),
    }
}

/// Where an officer's key stands on the roster that holds, and its certificate.
struct Seat {
    roster: i64,
    place: i64,
    certificate: OfficerCertificate,
}

async fn seat(office: &Office, staff: i64, role: Role) -> Result<Option<Seat>, ServiceError> {
    let Some((roster, _)) = holding(office).await? else { return Ok(None) };
    let row = sqlx::query(
        "SELECT c.place, c.certificate, k.public FROM roster_certificate c JOIN officer_key k ON k.staff = c.staff
         WHERE c.roster = ? AND c.staff = ?",
    )
    .bind(roster)
    .bind(staff)
    .fetch_optional(office.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (bytes, public): (Vec<u8>, Vec<u8>) = (row.try_get("certificate")?, row.try_get("public")?);
    let certificate: OfficerCertificate = from_bytes(&bytes).map_err(|error| damaged(&error))?;
    let entry = &certificate.entry;
    // The key is another by now, or the role or the time is not what was certified.
    let fits = entry.key.as_bytes().as_slice() == public
        && entry.roles.contains(&role)
        && (entry.from..=entry.until).contains(&office.node().now());
    Ok(fits.then_some(Seat { roster, place: row.try_get("place")?, certificate }))
}

/// Whether the chain has a roster of the department with officers on it: steps of two are sealed from then on.
pub(crate) fn has_officers(office: &Office) -> Result<bool, ServiceError> {
    Ok(anchored(office)?.is_some_and(|anchored| anchored.size > 0))
}

/// The key by which other departments recognise who has an account, in a role; none for who is not on the roster that
/// holds.
pub(crate) async fn key_on(
    office: &Office,
    staff: i64,
    role: Role,
) -> Result<Option<PublicKey>, ServiceError> {
    Ok(seat(office, staff, role).await?.map(|seat| seat.certificate.entry.key))
}

/// Whether the officer can sign in the role they act in, so that other departments recognise them.
pub(crate) async fn is_on(office: &Office, officer: &Officer) -> Result<bool, ServiceError> {
    Ok(seat(office, officer.staff(), officer.role()).await?.is_some())
}

/// Whether the officer has a key at all.
pub(crate) async fn has_key(office: &Office, officer: &Officer) -> Result<bool, ServiceError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT staff FROM officer_key WHERE staff = ?")
        .bind(officer.staff())
        .fetch_optional(office.pool())
        .await?;
    Ok(found.is_some())
}

/// The officer's signature with all that shows whose it is.
///
/// # Errors
/// Refused `roster.not-on` for who is not on the roster that holds.
pub(crate) async fn proof(
    office: &Office,
    officer: &Officer,
    signature: Signature,
) -> Result<OfficerProof, ServiceError> {
    proof_of(office, officer.staff(), officer.role(), signature).await
}

/// The same for an account, in the role in which it signed.
///
/// # Errors
/// As [`proof`].
pub(crate) async fn proof_of(
    office: &Office,
    staff: i64,
    role: Role,
    signature: Signature,
) -> Result<OfficerProof, ServiceError> {
    let seat = seat(office, staff, role).await?;
    let Seat { roster, place, certificate } =
        seat.ok_or(ServiceError::refused(OfficeRefusal::RosterNotOn))?;
    let leaves: Vec<u8> = sqlx::query_scalar("SELECT leaves FROM roster WHERE id = ?")
        .bind(roster)
        .fetch_one(office.pool())
        .await?;
    let leaves: Vec<Digest> =
        leaves.chunks_exact(LEAF_BYTES).filter_map(|leaf| leaf.try_into().ok().map(Digest)).collect();
    let path = usize::try_from(place).ok().and_then(|place| merkle::path(&leaves, place));
    Ok(OfficerProof {
        certificate,
        index: place.unsigned_abs(),
        path: path.ok_or_else(|| damaged(&"a place in the roster"))?,
        signature,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gm::sm2::SecretKey;
    use ledger::ids::DepartmentId;

    const NOW: Time = Time(1_795_190_400_000);

    fn wanted(valid_until: Option<Time>) -> Wanted {
        Wanted {
            staff: 1,
            officer: OfficerId([1; 16]),
            key: SecretKey::from_bytes(&[7; 32]).unwrap().public(),
            roles: [Role::BizUser].into(),
            clearance: 3,
            valid_until,
        }
    }

    fn entry(wanted: &Wanted, from: Time) -> OfficerEntry {
        let department: DepartmentId = "12440100X00000254F".parse().unwrap();
        OfficerEntry {
            version: 1,
            chain: gm::domain::ChainId::ZERO,
            department,
            officer: wanted.officer,
            key: wanted.key.clone(),
            roles: wanted.roles.clone(),
            clearance: wanted.clearance,
            from,
            until: wanted.until(from),
        }
    }

    #[test]
    fn a_certificate_is_kept_while_it_says_what_the_account_says() {
        let person = wanted(None);
        let said = entry(&person, NOW);
        assert!(person.is_said_by(&said, NOW));
        let changes: [fn(&mut OfficerEntry); 5] = [
            |e| e.key = SecretKey::from_bytes(&[8; 32]).unwrap().public(),
            |e| {
                e.roles.insert(Role::ReqOperator);
            },
            |e| e.clearance = 2,
            |e| e.until = e.until.minus_ms(1),
            |e| e.officer = OfficerId([2; 16]),
        ];
        for change in changes {
            let mut other = said.clone();
            change(&mut other);
            assert!(!person.is_said_by(&other, NOW));
        }
    }

    #[test]
    fn a_certificate_is_renewed_before_it_ends_and_never_outlives_the_account() {
        let person = wanted(None);
        let said = entry(&person, NOW);
        let soon = said.until.minus_ms(limits::CERTIFICATE_RENEWED_MS);
        assert!(person.is_said_by(&said, soon.minus_ms(1)) && !person.is_said_by(&said, soon));
        let leaving = wanted(Some(NOW.plus_ms(5)));
        let said = entry(&leaving, NOW);
        assert_eq!(said.until, NOW.plus_ms(5));
        // There is nothing to renew: it ends with the account.
        assert!(leaving.is_said_by(&said, NOW.plus_ms(4)));
        assert!(!wanted(Some(NOW.plus_ms(9))).is_said_by(&said, NOW), "the account was given longer");
    }
}
