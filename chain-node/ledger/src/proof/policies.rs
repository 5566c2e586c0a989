//! The policies that a file names: each version is one of the genesis file or one whose drafting and
//! countersignature the file shows. *That* it was in force in the block that names it, the validators say: a block
//! holds a record or an approval only if their rules found the versions it names in force.

use super::case::{Case, Outcome, count, ensure};
use super::rules::judged;
use super::{Amendment, Proven};
use crate::amendment::{CountersignPolicy, DraftPolicy};
use crate::ids::{DepartmentId, Height, PolicyVersion, Time};
use crate::policy::{PolicyOwner, PolicySet, narrows};
use crate::query::Details;
use crate::receipt::PolicyVersions;
use crate::role::Role;
use crate::transaction::Payload;
use crate::wire::from_bytes;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A version that the file shows, and when it can be in force at the earliest.
struct Known<'a> {
    set: &'a PolicySet,
    from: (Height, Time),
}

type Shown<'a> = BTreeMap<PolicyVersion, Known<'a>>;

/// Whether all versions that the file names are shown, were countersigned in due form before, and follow each other.
pub(super) fn policies(case: &Case<'_>) -> Outcome {
    let shown = shown(case)?;
    let mut named: Vec<(&DepartmentId, PolicyVersions, Height, Time)> = Vec::new();
    let evidence = case.evidence;
    if let Some(basis) = &evidence.basis
        && let Payload::ApproveRequest(approval) = &basis.approval.signed.body.payload
    {
        let Proven { signed, header, .. } = &basis.approval;
        named.push((&signed.body.department, approval.policy_versions, header.height, header.time));
    }
    let record = &evidence.record;
    let judged = judged(&record.signed.body)?;
    named.push((&judged.ticket.provider, *judged.versions, record.header.height, record.header.time));
    // Each by its own three owners, and the later of the provider's not older than the earlier.
    let mut used = BTreeSet::new();
    let mut numbers: BTreeMap<&PolicyOwner, u64> = BTreeMap::new();
    for (department, versions, height, time) in named {
        for known in in_force(case, &shown, department, &versions, height, time)? {
            let number = numbers.entry(&known.set.owner).or_default();
            ensure(known.set.number >= *number, "an older policy stands after a newer one")?;
            *number = known.set.number;
            used.insert((&known.set.owner, known.set.number));
        }
    }
    if let Some(details) = &evidence.details
        && let Ok(details) = from_bytes::<Details>(&details.0)
    {
        // What the requester judged under is compared in a later step; here only: is it shown for nothing?
        let versions = details.policy_versions;
        let named = [versions.national, versions.region, versions.department];
        let of = named.iter().filter_map(|version| shown.get(version));
        used.extend(of.map(|known| (&known.set.owner, known.set.number)));
    }
    for amendment in &evidence.amendments {
        let set = &drafted(amendment)?.set;
        ensure(used.contains(&(&set.owner, set.number)), "a policy is shown that nothing names")?;
    }
    count(evidence.amendments.len())
}

/// The three layers of a department under these versions, if the file shows them, each of its owner, in force at the
/// earliest by then.
fn in_force<'s, 'a>(
    case: &Case<'_>,
    shown: &'s Shown<'a>,
    department: &DepartmentId,
    versions: &PolicyVersions,
    height: Height,
    time: Time,
) -> Result<[&'s Known<'a>; 3], String> {
    let member = case.trusted.member(department).ok_or_else(|| format!("{department} is not a member"))?;
    let one = |owner: PolicyOwner, version: &PolicyVersion| {
        let known = shown.get(version).filter(|known| known.set.owner == owner);
        let known = known.ok_or_else(|| format!("the policy of {owner} that is named is not in the file"))?;
        let (since, from) = known.from;
        ensure(
            since <= height && from <= time,
            &format!("the policy of {owner} that is named was not in force by then"),
        )?;
        Ok::<_, String>(known)
    };
    Ok([
        one(PolicyOwner::Nation, &versions.national)?,
        one(PolicyOwner::Region(member.region.province()), &versions.region)?,
        one(PolicyOwner::Department(department.clone()), &versions.department)?,
    ])
}

/// Whether a department could judge under these versions when it had seen this height. (The time of that block is not
/// shown; the record's, which is later, bounds it.)
pub(super) fn seen_in_force(
    case: &Case<'_>,
    department: &DepartmentId,
    versions: &PolicyVersions,
    seen: Height,
) -> Result<(), String> {
    let time = case.evidence.record.header.time;
    in_force(case, &shown(case)?, department, versions, seen, time).map(|_| ())
}

fn drafted(amendment: &Amendment) -> Result<&DraftPolicy, String> {
    match &amendment.draft.signed.body.payload {
        Payload::DraftPolicy(drafted) => Ok(drafted),
        _ => Err("a policy is shown without its draft".into()),
    }
}

fn countersigned(amendment: &Amendment) -> Result<&CountersignPolicy, String> {
    match &amendment.countersignature.signed.body.payload {
        Payload::CountersignPolicy(signed) => Ok(signed),
        _ => Err("a policy is shown without its countersignature".into()),
    }
}

/// The sets of the genesis file and of all amendments, by version.
fn shown<'a>(case: &Case<'a>) -> Result<Shown<'a>, String> {
    let (chain, start) = (case.trusted.chain(), case.trusted.start());
    let founded = case.evidence.genesis.policies.iter();
    let mut shown: Shown<'_> =
        founded.map(|set| (set.version(chain), Known { set, from: (Height(0), start.1) })).collect();
    let mut last: Option<(&PolicyOwner, u64)> = None;
    for amendment in &case.evidence.amendments {
        let draft = drafted(amendment)?;
        let place = (&draft.set.owner, draft.set.number);
        ensure(last < Some(place), "the policies are out of order or shown twice")?;
        last = Some(place);
        let from = enacted(case, &shown, amendment, draft)?;
        shown.insert(draft.set.version(chain), Known { set: &draft.set, from });
    }
    Ok(shown)
}

/// When a shown amendment can be in force at the earliest: it was drafted and countersigned by two officers of the
/// steward, and where the version before it is shown too and it lets more pass, its wait is over.
fn enacted(
    case: &Case<'_>,
    shown: &Shown<'_>,
    amendment: &Amendment,
    draft: &DraftPolicy,
) -> Result<(Height, Time), String> {
    let Amendment { draft: first, countersignature: second } = amendment;
    let countersigned = countersigned(amendment)?;
    let set = &draft.set;
    let chain = case.trusted.chain();
    ensure(
        countersigned.owner == set.owner && countersigned.version == set.version(chain),
        "a countersignature is under another policy than the draft",
    )?;
    let steward = case.trusted.steward(&set.owner);
    ensure(
        [first, second].into_iter().all(|step| Some(&step.signed.body.department) == steward),
        "a policy was not drafted and countersigned by the department that writes it",
    )?;
    ensure(
        [&draft.by, &countersigned.by].iter().all(|by| by.role == Role::SecAdmin)
            && draft.by.pseudonym != countersigned.by.pseudonym,
        "a policy was not drafted and countersigned by two officers in their role",
    )?;
    ensure(first.header.height < second.header.height, "a policy was countersigned before it was drafted")?;
    let protocol = case.trusted.protocol_at(first.header.height)?;
    ensure(set.check(&protocol.limits).is_ok() && set.number > 1, "a policy that is shown is malformed")?;
    let (height, time) = (second.header.height, second.header.time);
    match shown.get(&set.previous) {
        Some(before) => {
            ensure(
                before.set.owner == set.owner && Some(set.number) == before.set.number.checked_add(1),
                "a policy does not follow the one before it",
            )?;
            ensure(
                before.from.0 <= first.header.height && before.from.1 <= first.header.time,
                "a policy was drafted before the one it follows was in force",
            )?;
            let wait_ms = if narrows(before.set, set) { 0 } else { case.trusted.loosening_ms() };
            Ok((height, time.plus_ms(wait_ms)))
        }
        None => {
            // Its predecessor would be shown if it were of the genesis file.
            ensure(set.number > 2, "a policy does not follow the one before it")?;
            Ok((height, time))
        }
    }
}
