//! Who can reach an item at all, and by which rows: in force, and by what is to come.

use std::collections::BTreeMap;
use std::time::Instant;

use access::{Judge, Known, KnownEntry, Means, PolicySets, Reach, Reached};
use ledger::catalogue::{Item, PublishedEntry};
use ledger::ids::{DepartmentId, ItemCode, ResourceCode};
use ledger::views;

use crate::codes::FieldCode;
use crate::error::ServiceError;
use crate::names::Names;
use crate::office::Office;
use crate::officer::Officer;
use crate::policies::edit::{entry_offer, offers};
use crate::policies::layer::{self, LayerState};
use crate::policies::list::{Papers, layer_view};
use crate::policies::rows;
use crate::policies::show::beside;
use crate::policies::try_out::{draft_of, studied};
use crate::policies::view::{ChangeKind, LayerView, Offers, ReachInput, ReachView, ReachedView, Which};
use crate::scene::Scene;
use crate::words::Words;

/// What may be asked about.
///
/// # Errors
/// Not found; refused `policy.study`.
pub async fn reach_form(
    office: &Office,
    officer: &Officer,
    owner: &str,
) -> Result<(LayerView, Offers), ServiceError> {
    let (state, papers) = studied(office, officer, owner, Which::InForce).await?;
    beside(office, officer, move |scene| Ok((layer_view(scene, &state, &papers), offers(scene)?))).await
}

/// Who reaches an item, in force and by the version asked for.
///
/// # Errors
/// Fields that are wrong; not found; refused `policy.study`, `policy.errors`.
pub async fn reach(
    office: &Office,
    officer: &Officer,
    owner: &str,
    which: Which,
    input: ReachInput,
) -> Result<ReachView, ServiceError> {
    let (state, papers) = studied(office, officer, owner, which).await?;
    beside(office, officer, move |scene| reached(scene, &state, &papers, which, &input)).await
}

fn reached(
    scene: &Scene<'_>,
    state: &LayerState,
    papers: &Papers,
    which: Which,
    input: &ReachInput,
) -> Result<ReachView, ServiceError> {
    let began = Instant::now();
    let (published, item) = subject(scene, input)?;
    let draft = draft_of(scene, state, papers, which)?;
    let known = layer::known(scene.reads)?;
    let entry = KnownEntry::from(&published);
    let judge: &Judge = &scene.bureau.judge;
    let mut sets: BTreeMap<DepartmentId, PolicySets> = BTreeMap::new();
    for department in &known.departments {
        if let Some(in_force) = judge.in_force(scene.reads, &department.id)? {
            sets.insert(department.id.clone(), in_force);
        }
    }
    let find = |sets: &BTreeMap<DepartmentId, PolicySets>, known: &Known| {
        judge.reach(&entry, &item, known, |id| sets.get(id))
    };
    let now = find(&sets, &known)?;
    let then = match draft {
        None => None,
        Some(draft) => {
            for set in sets.values_mut() {
                *set = set.with(&draft);
            }
            Some(find(&sets, &known)?)
        }
    };
    Ok(ReachView {
        layer: layer_view(scene, state, papers),
        which,
        entry: entry_offer(&published, &scene.names),
        item: (item.code.to_string(), Words::from(&item.label)),
        ways: ways(&now, then.as_ref(), &scene.names),
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

fn subject(scene: &Scene<'_>, input: &ReachInput) -> Result<(PublishedEntry, Item), ServiceError> {
    let wrong = |field| ServiceError::field(field, FieldCode::NotOffered);
    let code: ResourceCode = input.entry.parse().map_err(|_| wrong("entry"))?;
    let published = views::latest_entry(scene.reads, &code)?.ok_or(wrong("entry"))?;
    let code: ItemCode = input.item.parse().map_err(|_| wrong("item"))?;
    let item = published.entry.item(&code).cloned().ok_or(wrong("item"))?;
    Ok((published, item))
}

/// Every way in force and by the draft; those that only one of them opens first.
fn ways(now: &Reach, then: Option<&Reach>, names: &Names) -> Vec<ReachedView> {
    let Some(then) = then else {
        return now.iter().map(|(means, reached)| way(means, reached, None, names)).collect();
    };
    let mut ways = Vec::new();
    for (means, reached) in then {
        let change = (now.get(means) != Some(reached)).then_some(ChangeKind::Added);
        ways.push(way(means, reached, change, names));
    }
    for (means, reached) in now.iter().filter(|(means, reached)| then.get(means) != Some(reached)) {
        ways.push(way(means, reached, Some(ChangeKind::Removed), names));
    }
    ways.sort_by_key(|way| way.change.is_none());
    ways
}

fn way(means: &Means, reached: &Reached, change: Option<ChangeKind>, names: &Names) -> ReachedView {
    let row = |(action, layer, row): &(_, _, Option<ledger::policy::RowId>)| {
        (*action, *layer, row.as_ref().map(ToString::to_string))
    };
    ReachedView {
        way: means.way,
        role: means.role,
        assurance: means.assurance,
        zone: means.zone.as_ref().map(ToString::to_string),
        duties: rows::duties(&means.obligations),
        rows: means.rows.iter().map(row).collect(),
        requesters: reached.requesters.iter().map(|id| names.of(id.as_str())).collect(),
        purposes: means.purposes.iter().map(ToString::to_string).collect(),
        always: reached.always,
        change,
    }
}
