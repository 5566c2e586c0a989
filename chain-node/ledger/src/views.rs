//! Typed reads over a state.

use crate::amendment::{Draft, Enacted, Pending};
use crate::catalogue::PublishedEntry;
use crate::certificate::ValidatorSet;
use crate::credit::{Spent, day};
use crate::department::{Department, KeyRecord};
use crate::equivocation::Equivocated;
use crate::grant::Grant;
use crate::history::HistoryRead;
use crate::ids::{
    Address, BlockId, DepartmentId, EntryId, GrantId, Height, InspectionId, PeerKey, PolicyVersion, QueryId,
    RequestId, ResourceCode, Time, TxId,
};
use crate::inspection::Inspection;
use crate::keys;
use crate::limits::{LIST_MAX, LOOKS_READ_MAX};
use crate::parameters::Parameters;
use crate::policy::{PolicyOwner, PolicySet};
use crate::protocol::{Fault, Protocol, Schedule};
use crate::receipt::{OpenRecord, Place, PolicyVersions, Record, Ticket};
use crate::request::Request;
use crate::roster::Rosters;
use crate::state::{ReadFault, StateRead};
use crate::tip::Tip;
use crate::turns::{self, PassedOver};
use crate::wire::{Wire, from_bytes};
use alloc::format;
use alloc::vec::Vec;
use gm::sm2::KeyId;

/// A read of one kind of object.
type Read<T> = Result<T, ReadFault>;

pub(crate) fn decode<T: Wire>(key: &[u8], bytes: &[u8]) -> Read<T> {
    from_bytes(bytes)
        .map_err(|error| ReadFault(format!("the object under {:?} is damaged: {error}", hex::encode(key))))
}

pub(crate) fn object<T: Wire>(reads: &dyn StateRead, key: &[u8]) -> Read<Option<T>> {
    reads.get(key)?.map(|bytes| decode(key, &bytes)).transpose()
}

fn list<T: Wire>(reads: &dyn StateRead, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Read<Vec<T>> {
    reads.scan(prefix, after, limit.min(LIST_MAX))?.iter().map(|(key, bytes)| decode(key, bytes)).collect()
}

macro_rules! one {
    ($($(#[$meta:meta])* $name:ident($id:ident: &$type:ty) -> $object:ty, $key:path;)*) => {$(
        $(#[$meta])*
        ///
        /// # Errors
        /// [`ReadFault`] when the store breaks.
        pub fn $name(reads: &dyn StateRead, $id: &$type) -> Read<Option<$object>> {
            object(reads, &$key($id))
        }
    )*};
}

one! {
    /// A department.
    department(id: &DepartmentId) -> Department, keys::department;
    /// A key of a department.
    signing_key(id: &KeyId) -> KeyRecord, keys::signing_key;
    /// A published version of an entry.
    entry(id: &EntryId) -> PublishedEntry, keys::entry;
    /// The latest version of a resource.
    latest_version(code: &ResourceCode) -> u32, keys::latest_entry;
    /// A request.
    request(id: &RequestId) -> Request, keys::request;
    /// A grant.
    grant(id: &GrantId) -> Grant, keys::grant;
    /// An inspection.
    inspection(id: &InspectionId) -> Inspection, keys::inspection;
    /// An answer that is not acknowledged yet. It may have lapsed.
    open_record(id: &QueryId) -> OpenRecord, keys::open;
    /// An owner's policy in force.
    policy(owner: &PolicyOwner) -> PolicySet, keys::policy;
    /// The version of an owner's policy in force, without its rows.
    policy_version(owner: &PolicyOwner) -> PolicyVersion, keys::policy_version;
    /// An owner's next policy that waits for a second officer.
    policy_draft(owner: &PolicyOwner) -> Draft, keys::draft;
    /// An owner's next policy that waits for its time.
    policy_pending(owner: &PolicyOwner) -> Pending, keys::pending;
    /// The rosters of a department that can be referred to.
    rosters(id: &DepartmentId) -> Rosters, keys::rosters;
}

macro_rules! many {
    ($($(#[$meta:meta])* $name:ident($id:ident: &$type:ty) -> $object:ty, $prefix:path, $key:path;)*) => {$(
        $(#[$meta])*
        ///
        /// # Errors
        /// [`ReadFault`] when the store breaks.
        pub fn $name(reads: &dyn StateRead, after: Option<&$type>, limit: usize) -> Read<Vec<$object>> {
            list(reads, $prefix, after.map(|$id| $key($id)).as_deref(), limit)
        }
    )*};
}

many! {
    /// Departments after this one, in the order of their codes.
    departments(id: &DepartmentId) -> Department, keys::DEPARTMENTS, keys::department;
    /// Entries after this one, all versions.
    entries(id: &EntryId) -> PublishedEntry, keys::ENTRIES, keys::entry;
    /// Requests after this one, in the order of their ids.
    requests(id: &RequestId) -> Request, keys::REQUESTS, keys::request;
    /// Grants after this one, in the order of their ids.
    grants(id: &GrantId) -> Grant, keys::GRANTS, keys::grant;
    /// Inspections after this one, in the order of their ids.
    inspections(id: &InspectionId) -> Inspection, keys::INSPECTIONS, keys::inspection;
    /// Policies after this owner's.
    policies(owner: &PolicyOwner) -> PolicySet, keys::POLICIES, keys::policy;
}

/// The latest version of a resource.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn latest_entry(reads: &dyn StateRead, code: &ResourceCode) -> Read<Option<PublishedEntry>> {
    match latest_version(reads, code)? {
        Some(version) => entry(reads, &EntryId { code: code.clone(), version }),
        None => Ok(None),
    }
}

/// The inspections of a department that have no conclusion yet, oldest first. Some may have ended.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn inspections_running(reads: &dyn StateRead, id: &DepartmentId) -> Read<Vec<InspectionId>> {
    Ok(object(reads, &keys::inspecting(id))?.unwrap_or_default())
}

/// Which inspections looked at a record, request or grant, and where their first look is on record; a
/// hundred at most.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn looks(reads: &dyn StateRead, seen: &[u8; 32]) -> Read<Vec<(InspectionId, Place)>> {
    let found = reads.scan(&keys::looks(seen), None, LOOKS_READ_MAX)?;
    let look = |(key, bytes): &(Vec<u8>, Vec<u8>)| {
        let id = keys::look_of(key).ok_or_else(|| ReadFault("a look is of no inspection".into()))?;
        Ok((id, decode(key, bytes)?))
    };
    found.iter().map(look).collect()
}

/// Where an inspection's first look at a record, request or grant is on record.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn look(reads: &dyn StateRead, seen: &[u8; 32], inspection: &InspectionId) -> Read<Option<Place>> {
    object(reads, &keys::look(seen, inspection))
}

/// Whether a validator is marked for saying two things at a height, and the proof.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn equivocation(reads: &dyn StateRead, height: Height, validator: &Address) -> Read<Option<Equivocated>> {
    object(reads, &keys::equivocation(height, validator))
}

/// Marked equivocations in the order of heights, after the one of this height and validator.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn equivocations(
    reads: &dyn StateRead,
    after: Option<(Height, Address)>,
    limit: usize,
) -> Read<Vec<Equivocated>> {
    let after = after.map(|(height, validator)| keys::equivocation(height, &validator));
    list(reads, keys::EQUIVOCATIONS, after.as_deref(), limit)
}

/// How many equivocations are marked.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn equivocations_counted(reads: &dyn StateRead) -> Read<u64> {
    Ok(equivocations_told(reads)?.0)
}

/// The equivocations reported last, newest first; sixteen at most.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn newest_equivocations(reads: &dyn StateRead) -> Read<Vec<Equivocated>> {
    let (_, newest) = equivocations_told(reads)?;
    let marks = newest.iter().filter_map(|(height, of)| equivocation(reads, *height, of).transpose());
    marks.collect()
}

pub(crate) fn equivocations_told(reads: &dyn StateRead) -> Read<(u64, Vec<(Height, Address)>)> {
    Ok(object(reads, keys::EQUIVOCATIONS_TOLD)?.unwrap_or_default())
}

/// The department a libp2p peer belongs to.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn department_of_peer(reads: &dyn StateRead, peer: &PeerKey) -> Read<Option<Department>> {
    match object::<DepartmentId>(reads, &keys::peer(peer))? {
        Some(id) => department(reads, &id),
        None => Ok(None),
    }
}

/// One thing of each of the three layers that hold for a department: national, its province's, its own.
fn layers<T>(
    reads: &dyn StateRead,
    id: &DepartmentId,
    of: impl Fn(&PolicyOwner) -> Read<Option<T>>,
) -> Read<Option<[T; 3]>> {
    let Some(department) = department(reads, id)? else { return Ok(None) };
    let national = of(&PolicyOwner::Nation)?;
    let region = of(&PolicyOwner::Region(department.member.region.province()))?;
    let own = of(&PolicyOwner::Department(id.clone()))?;
    Ok(national.zip(region).zip(own).map(|((national, region), own)| [national, region, own]))
}

/// The three layers in force for a department: national, its province's, its own. None when one is missing.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn policies_for(reads: &dyn StateRead, id: &DepartmentId) -> Read<Option<[PolicySet; 3]>> {
    layers(reads, id, |owner| policy(reads, owner))
}

/// The versions of the three layers in force for a department.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn policy_versions(reads: &dyn StateRead, id: &DepartmentId) -> Read<Option<PolicyVersions>> {
    let versions = layers(reads, id, |owner| policy_version(reads, owner))?;
    Ok(versions.map(|[national, region, department]| PolicyVersions { national, region, department }))
}

/// The department that writes a layer: its own, or the one that the genesis file names. None when the file
/// names none: then nobody does.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn steward(reads: &dyn StateRead, owner: &PolicyOwner) -> Read<Option<DepartmentId>> {
    match owner {
        PolicyOwner::Department(id) => Ok(Some(id.clone())),
        PolicyOwner::Nation | PolicyOwner::Region(_) => object(reads, &keys::steward(owner)),
    }
}

/// An owner's set of this number, if it is or was in force.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn policy_enacted(reads: &dyn StateRead, owner: &PolicyOwner, number: u64) -> Read<Option<Enacted>> {
    object(reads, &keys::enacted(owner, number))
}

/// The set of an owner that was in force in the block of a height, for everything in it that is not governance.
/// Reads as many sets as the number of versions has binary digits.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn policies_at(reads: &dyn StateRead, owner: &PolicyOwner, height: Height) -> Read<Option<Enacted>> {
    let Some(latest) = policy(reads, owner)? else { return Ok(None) };
    let (mut low, mut high, mut found) = (1, latest.number, None);
    while low <= high {
        let middle = low + (high - low) / 2;
        match policy_enacted(reads, owner, middle)? {
            Some(enacted) if enacted.since <= height => (low, found) = (middle + 1, Some(enacted)),
            Some(_) | None => high = middle - 1,
        }
    }
    Ok(found)
}

/// The versions of the three layers that held for a department in the block of a height.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn policy_versions_at(
    reads: &dyn StateRead,
    id: &DepartmentId,
    height: Height,
) -> Read<Option<PolicyVersions>> {
    let at = |owner: &PolicyOwner| Ok(policies_at(reads, owner, height)?.map(|enacted| enacted.version));
    let versions = layers(reads, id, at)?;
    Ok(versions.map(|[national, region, department]| PolicyVersions { national, region, department }))
}

/// What a department has spent of its credit on the day of this moment.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn spent(reads: &dyn StateRead, id: &DepartmentId, time: Time) -> Read<Spent> {
    Ok(object(reads, &keys::credit(day(time), id))?.unwrap_or_default())
}

/// The parameters in force.
///
/// # Errors
/// [`ReadFault`] when the store breaks or holds none.
pub fn parameters(reads: &dyn StateRead) -> Read<Parameters> {
    object(reads, keys::PARAMETERS)?.ok_or_else(|| ReadFault("the state holds no parameters".into()))
}

/// Whether an object of the state tells who is a member or a validator.
#[must_use]
pub fn tells_members(key: &[u8]) -> bool {
    key == keys::VALIDATORS || key.starts_with(keys::DEPARTMENTS)
}

/// The record of a query, from the blocks that hold it and its acknowledgement.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn record(history: &dyn HistoryRead, id: &QueryId) -> Read<Option<Record>> {
    history.record(id)
}

/// The rules that hold at a height.
///
/// # Errors
/// [`Fault`] when the store breaks or holds no schedule, or the rules are newer than this program.
pub fn protocol(reads: &dyn StateRead, height: Height) -> Result<&'static Protocol, Fault> {
    let schedule: Option<Schedule> = object(reads, keys::SCHEDULE)?;
    let schedule = schedule.ok_or_else(|| ReadFault("the state says no version of the protocol".into()))?;
    Ok(schedule.at(height)?)
}

/// The validators of the next height.
///
/// # Errors
/// [`ReadFault`] when the store breaks or holds none.
pub fn validator_set(reads: &dyn StateRead) -> Read<ValidatorSet> {
    object(reads, keys::VALIDATORS)?.ok_or_else(|| ReadFault("the state holds no validators".into()))
}

/// The validators of the tip's height: whose certificate the next block brings.
///
/// # Errors
/// [`ReadFault`] when the store breaks or holds none.
pub fn validators_before(reads: &dyn StateRead) -> Read<ValidatorSet> {
    object(reads, keys::VALIDATORS_BEFORE)?
        .ok_or_else(|| ReadFault("the state holds no validators of the height before".into()))
}

/// Validators that let their turns pass, in the order of their addresses.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn passed_over(reads: &dyn StateRead) -> Read<Vec<PassedOver>> {
    Ok(object(reads, keys::PASSED_OVER)?.unwrap_or_default())
}

/// Validators who wait their turns out at a height, in the order of their addresses.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn waiting(reads: &dyn StateRead, height: Height) -> Read<Vec<Address>> {
    Ok(turns::waiting(&passed_over(reads)?, height))
}

/// Time and id of a recent block: the tip, or one that the state still remembers.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn block_at(reads: &dyn StateRead, tip: &Tip, height: Height) -> Read<Option<(Time, BlockId)>> {
    if height == tip.height { Ok(Some((tip.time, tip.block))) } else { object(reads, &keys::recent(height)) }
}

/// Whether a ticket is on record, as long as it could be used.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn is_used(reads: &dyn StateRead, ticket: &Ticket) -> Read<bool> {
    Ok(reads.get(&keys::seen(ticket.valid_until, &ticket.query_id().0))?.is_some())
}

/// Whether a transaction took effect and its id is still remembered.
///
/// # Errors
/// [`ReadFault`] when the store breaks.
pub fn is_remembered(reads: &dyn StateRead, valid_until: Time, id: &TxId) -> Read<bool> {
    Ok(reads.get(&keys::seen(valid_until, &id.0))?.is_some())
}
