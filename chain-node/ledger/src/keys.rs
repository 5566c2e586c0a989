//! Under which key each object stands in the state.

use crate::ids::{
    Address, DepartmentId, EntryId, GrantId, Height, InspectionId, PeerKey, QueryId, RequestId, ResourceCode,
    Time,
};
use crate::policy::PolicyOwner;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use gm::sm2::KeyId;

fn key(prefix: &str, rest: &[u8]) -> Vec<u8> {
    let mut key = prefix.as_bytes().to_vec();
    key.extend_from_slice(rest);
    key
}

pub(crate) const DEPARTMENTS: &[u8] = b"department/";
pub(crate) const ENTRIES: &[u8] = b"entry/";
pub(crate) const REQUESTS: &[u8] = b"request/";
pub(crate) const GRANTS: &[u8] = b"grant/";
pub(crate) const INSPECTIONS: &[u8] = b"inspection/";
pub(crate) const INSPECTIONS_COUNTED: &[u8] = b"inspections-counted";
pub(crate) const POLICIES: &[u8] = b"policy/";
pub(crate) const DUE: &[u8] = b"due/";
pub(crate) const SEEN: &[u8] = b"seen/";
pub(crate) const CREDIT: &[u8] = b"credit/";
pub(crate) const LAPSING: &[u8] = b"lapsing/";
pub(crate) const RECENT: &[u8] = b"recent/";
pub(crate) const PARAMETERS: &[u8] = b"parameters";
/// Which version of the protocol holds from which height on.
pub(crate) const SCHEDULE: &[u8] = b"schedule";
pub(crate) const VALIDATORS: &[u8] = b"validators";
/// Who decided the tip, whose certificate the next block brings.
pub(crate) const VALIDATORS_BEFORE: &[u8] = b"before/validators";
/// Validators that let their turns pass.
pub(crate) const PASSED_OVER: &[u8] = b"passed-over";
pub(crate) const RECEIPT_LOG: &[u8] = b"receipt-log";
pub(crate) const COUNTERS: &[u8] = b"counters";
pub(crate) const EQUIVOCATIONS: &[u8] = b"equivocation/";
/// How many there are, and which were reported last.
pub(crate) const EQUIVOCATIONS_TOLD: &[u8] = b"equivocations-told";

pub(crate) fn department(id: &DepartmentId) -> Vec<u8> {
    key("department/", id.as_str().as_bytes())
}
pub(crate) fn signing_key(id: &KeyId) -> Vec<u8> {
    key("key/", id.as_bytes())
}
pub(crate) fn peer(peer: &PeerKey) -> Vec<u8> {
    key("peer/", peer.as_bytes())
}
/// Versions of one resource stand in order; the number is padded for that.
pub(crate) fn entry(id: &EntryId) -> Vec<u8> {
    key("entry/", format!("{}@{:010}", id.code, id.version).as_bytes())
}
pub(crate) fn latest_entry(code: &ResourceCode) -> Vec<u8> {
    key("latest/", code.as_str().as_bytes())
}
pub(crate) fn request(id: &RequestId) -> Vec<u8> {
    key("request/", &id.0)
}
pub(crate) fn grant(id: &GrantId) -> Vec<u8> {
    key("grant/", &id.0)
}
/// An answer that is not acknowledged yet.
pub(crate) fn open(id: &QueryId) -> Vec<u8> {
    key("open/", &id.0)
}
/// Open answers stand in the order in which they can no longer be acknowledged.
pub(crate) fn lapsing(until: Time, id: &QueryId) -> Vec<u8> {
    timed("lapsing/", until, &id.0)
}
/// When what stands under this key lapses, and of which query it is.
pub(crate) fn lapsing_at(key: &[u8]) -> Option<(Time, QueryId)> {
    Some((time_after(LAPSING, key)?, QueryId(*key.last_chunk::<32>()?)))
}
pub(crate) fn policy(owner: &PolicyOwner) -> Vec<u8> {
    key("policy/", owner.to_string().as_bytes())
}
/// Which version of an owner's policy is in force: what most rules ask, without its rows.
pub(crate) fn policy_version(owner: &PolicyOwner) -> Vec<u8> {
    key("in-force/", owner.to_string().as_bytes())
}
/// The department that writes a layer.
pub(crate) fn steward(owner: &PolicyOwner) -> Vec<u8> {
    key("steward/", owner.to_string().as_bytes())
}
/// The set of an owner that waits for a second officer.
pub(crate) fn draft(owner: &PolicyOwner) -> Vec<u8> {
    key("draft/", owner.to_string().as_bytes())
}
/// The set of an owner that waits for its time.
pub(crate) fn pending(owner: &PolicyOwner) -> Vec<u8> {
    key("pending/", owner.to_string().as_bytes())
}
/// What waits for its time stands in the order in which it comes in force.
pub(crate) fn due(time: Time, owner: &PolicyOwner) -> Vec<u8> {
    timed("due/", time, owner.to_string().as_bytes())
}
/// When what stands under this key comes in force.
pub(crate) fn due_at(key: &[u8]) -> Option<Time> {
    time_after(DUE, key)
}
/// Sets of an owner that are or were in force, by their number.
pub(crate) fn enacted(owner: &PolicyOwner, number: u64) -> Vec<u8> {
    key("enacted/", format!("{owner}@{number:020}").as_bytes())
}
/// The rosters of a department that can be referred to.
pub(crate) fn rosters(id: &DepartmentId) -> Vec<u8> {
    key("roster/", id.as_str().as_bytes())
}
pub(crate) fn inspection(id: &InspectionId) -> Vec<u8> {
    key("inspection/", &id.0)
}
/// The inspections of a department that have no conclusion yet.
pub(crate) fn inspecting(id: &DepartmentId) -> Vec<u8> {
    key("inspecting/", id.as_str().as_bytes())
}
/// The looks at a record, request or grant, of all inspections.
pub(crate) fn looks(object: &[u8; 32]) -> Vec<u8> {
    key("look/", object)
}
/// When an inspection first looked at it.
pub(crate) fn look(object: &[u8; 32], inspection: &InspectionId) -> Vec<u8> {
    let mut key = looks(object);
    key.extend_from_slice(&inspection.0);
    key
}
/// Whose look the one behind this key is.
pub(crate) fn look_of(key: &[u8]) -> Option<InspectionId> {
    key.last_chunk::<32>().map(|id| InspectionId(*id))
}
/// What a department has spent of its credit on a day; days stand in order.
pub(crate) fn credit(day: u64, id: &DepartmentId) -> Vec<u8> {
    let mut rest = day.to_be_bytes().to_vec();
    rest.extend_from_slice(id.as_str().as_bytes());
    key("credit/", &rest)
}
/// The day of the credit behind this key.
pub(crate) fn credit_day(key: &[u8]) -> Option<u64> {
    time_after(CREDIT, key).map(|day| day.0)
}
/// Validators that said two things, in the order of heights.
pub(crate) fn equivocation(height: Height, validator: &Address) -> Vec<u8> {
    let mut rest = height.0.to_be_bytes().to_vec();
    rest.extend_from_slice(&validator.0);
    key("equivocation/", &rest)
}
pub(crate) fn recent(height: Height) -> Vec<u8> {
    key("recent/", &height.0.to_be_bytes())
}
/// Ids of transactions and used tickets stand in the order in which they may be forgotten. Both are digests of other
/// things: none is like another.
pub(crate) fn seen(valid_until: Time, id: &[u8; 32]) -> Vec<u8> {
    timed("seen/", valid_until, id)
}
/// When the id behind this key may be forgotten.
pub(crate) fn seen_until(key: &[u8]) -> Option<Time> {
    time_after(SEEN, key)
}

fn timed(prefix: &str, time: Time, rest: &[u8]) -> Vec<u8> {
    let mut after = time.0.to_be_bytes().to_vec();
    after.extend_from_slice(rest);
    key(prefix, &after)
}

fn time_after(prefix: &[u8], key: &[u8]) -> Option<Time> {
    let bytes = key.strip_prefix(prefix)?.first_chunk::<8>()?;
    Some(Time(u64::from_be_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_an_entry_stand_in_order() {
        let at = |version| entry(&EntryId { code: "307001/000001".parse().unwrap(), version });
        for pair in [1, 2, 9, 10, 99, 100, u32::MAX].windows(2) {
            assert!(at(pair[0]) < at(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn ids_stand_in_the_order_of_their_time() {
        let at = |time, id| seen(Time(time), &[id; 32]);
        assert!(at(255, 9) < at(256, 1) && at(256, 1) < at(256, 2) && at(256, 9) < at(u64::MAX, 0));
        for time in [0, 1, 256, u64::MAX] {
            assert_eq!(seen_until(&at(time, 7)), Some(Time(time)));
        }
        assert_eq!(seen_until(b"seen/short"), None);
        assert_eq!(seen_until(&request(&RequestId([0; 32]))), None);
    }

    #[test]
    fn no_prefix_begins_another() {
        let prefixes: [&[u8]; 33] = [
            DEPARTMENTS,
            ENTRIES,
            REQUESTS,
            GRANTS,
            LAPSING,
            b"open/",
            POLICIES,
            DUE,
            SEEN,
            CREDIT,
            PARAMETERS,
            SCHEDULE,
            VALIDATORS,
            VALIDATORS_BEFORE,
            PASSED_OVER,
            RECEIPT_LOG,
            COUNTERS,
            INSPECTIONS,
            INSPECTIONS_COUNTED,
            EQUIVOCATIONS,
            EQUIVOCATIONS_TOLD,
            b"inspecting/",
            b"look/",
            b"draft/",
            b"enacted/",
            b"pending/",
            b"roster/",
            b"steward/",
            b"in-force/",
            b"key/",
            b"latest/",
            b"peer/",
            RECENT,
        ];
        for (index, one) in prefixes.iter().enumerate() {
            assert!(
                prefixes
                    .iter()
                    .skip(index + 1)
                    .all(|other| !one.starts_with(other) && !other.starts_with(one))
            );
        }
    }
}
