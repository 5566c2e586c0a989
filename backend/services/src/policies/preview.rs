//! What a version would have made of the last real decisions of this department, at both of its doors. Judged
//! again beside the threads that answer, some hundreds at a time: between two portions a preview that nobody
//! waits for ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use access::{DecisionRecord, Judge, PolicySets, Question, Turn, Turned};
use exchange::{Exchange, ExchangeFault, PastDecision};
use ledger::ids::{DepartmentId, QueryId, Time};
use ledger::policy::{Layer, RowId};
use ledger::refusal::Refusal;
use ledger::wire::from_bytes;
use tokio::task::spawn_blocking;

use crate::audit_log::Event;
use crate::error::ServiceError;
use crate::limits;
use crate::names::{Names, ms, receipt_number};
use crate::office::Office;
use crate::officer::Officer;
use crate::policies::layer::item_names;
use crate::policies::list::layer_view;
use crate::policies::rows;
use crate::policies::rules::PolicyAct;
use crate::policies::show::{Version, beside, found};
use crate::policies::try_out::draft_of;
use crate::policies::view::{PreviewInput, PreviewView, Previewed, TurnedView, VersionRef, Which};

/// Judges the last decisions again under a draft, a pending set or the working copy. Dropping it ends it.
///
/// # Errors
/// Not found; refused `policy.study`, `policy.errors`; what cannot be noted is not done.
pub async fn preview(
    office: &Office,
    officer: &Officer,
    owner: &str,
    input: PreviewInput,
) -> Result<PreviewView, ServiceError> {
    let (event, which) = (Event::PolicyPreview, input.which);
    let (state, papers) = found(office, officer, owner, event, which, PolicyAct::Study).await?;
    let (layer, version, items, trial) = beside(office, officer, move |scene| {
        let set = Version::find(scene, &state, &papers, which)?.set;
        let judge = &scene.bureau.judge;
        let in_force =
            judge.in_force(scene.reads, scene.own())?.ok_or(ServiceError::refused(Refusal::PolicyNotLive))?;
        let draft = draft_of(scene, &state, &papers, which)?;
        let then = draft.map_or_else(|| in_force.clone(), |draft| in_force.with(&draft));
        let trial = Trial {
            judge: Arc::clone(judge),
            own: scene.own().clone(),
            sets: (in_force, then),
            names: Arc::clone(&scene.names),
        };
        let version = match which {
            Which::Copy => String::new(),
            _ => set.version(scene.bureau.chain).to_string(),
        };
        let version = VersionRef { version, number: set.number, rows: set.rows.len() as u64 };
        Ok((layer_view(scene, &state, &papers), version, item_names(scene.reads)?, trial))
    })
    .await?;
    let found = trial.run(&Kept::Running(office.exchange()), input.decisions).await?;
    Ok(PreviewView { layer, which, version, items, found })
}

/// Where past decisions are read.
pub(super) enum Kept<'a> {
    /// The exchange of this process.
    Running(&'a Exchange),
    /// Its folder, beside the process.
    Beside(&'a exchange::Archive),
}

impl Kept<'_> {
    async fn decisions(
        &self,
        before: Option<(Time, QueryId)>,
        limit: u32,
    ) -> Result<Vec<PastDecision>, ExchangeFault> {
        match self {
            Self::Running(exchange) => exchange.decisions(before, limit).await,
            Self::Beside(archive) => archive.decisions(before, limit).await,
        }
    }
}

/// Two sets of one department's layers, to be compared over its past.
pub(super) struct Trial {
    pub(super) judge: Arc<Judge>,
    pub(super) own: DepartmentId,
    /// In force, and tried.
    pub(super) sets: (PolicySets, PolicySets),
    pub(super) names: Arc<Names>,
}

impl Trial {
    /// Judges the last decisions again, newest first.
    pub(super) async fn run(self, kept: &Kept<'_>, wanted: u64) -> Result<Previewed, ServiceError> {
        let began = Instant::now();
        let wanted = wanted.clamp(*limits::PREVIEW_DECISIONS.start(), *limits::PREVIEW_DECISIONS.end());
        let trial = Arc::new(self);
        let (mut tally, mut before, mut read) = (Tally::default(), None, 0);
        while read < wanted {
            let limit = u32::try_from(wanted - read).unwrap_or(u32::MAX).min(limits::PREVIEW_CHUNK);
            let more = kept.decisions(before, limit).await?;
            let Some(last) = more.last() else { break };
            before = Some((last.at, last.query));
            read += more.len() as u64;
            let trial = Arc::clone(&trial);
            let judged = spawn_blocking(move || trial.portion(tally, more));
            tally = judged.await.map_err(|error| ServiceError::fault("a preview broke off", &error))??;
        }
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(tally.view(&trial.names, wanted, took))
    }

    /// Adds some decisions to what was found so far.
    fn portion(&self, mut tally: Tally, decisions: Vec<PastDecision>) -> Result<Tally, ServiceError> {
        let mut read: Vec<(PastDecision, Question)> = Vec::with_capacity(decisions.len());
        for decision in decisions {
            tally.saw(decision.at);
            match from_bytes::<DecisionRecord>(&decision.bytes) {
                Ok(record) => read.push((decision, record.question)),
                Err(_) => tally.unknown += 1,
            }
        }
        let own_door = |question: &Question| question.side_department() == &self.own;
        let room = limits::PREVIEW_TURNED_MAX.saturating_sub(tally.turned.len());
        let questions = read.iter().map(|(_, question)| question);
        let found = self.judge.preview(questions, |one| own_door(one).then_some(&self.sets), room)?;
        tally.judged += found.judged;
        tally.unknown += found.unknown;
        add(&mut tally.by_turn, found.by_turn);
        add(&mut tally.by_row, found.by_row);
        add(&mut tally.by_requester, found.by_department);
        for turned in found.turned {
            if let Some((decision, question)) = read.get(turned.place) {
                tally.turned.push(self.turned(decision, question, &turned));
            }
        }
        Ok(tally)
    }

    fn turned(&self, decision: &PastDecision, question: &Question, turned: &Turned) -> TurnedView {
        let (id, at) = (decision.query.to_string(), ms(decision.at));
        TurnedView {
            number: receipt_number(at, &id),
            id,
            at,
            requester: self.names.of(question.requester.as_str()),
            provider: self.names.of(question.provider.as_str()),
            action: question.action,
            class: question.entry_class.clone(),
            items: question.items.iter().map(ToString::to_string).collect(),
            purpose: question.purpose.as_ref().map(ToString::to_string),
            turn: turned.turn,
            layer: turned.by.as_ref().map(|(layer, _)| *layer),
            row: turned.by.as_ref().map(|(_, row)| row.to_string()),
            before: rows::said(&turned.before),
            after: rows::said(&turned.after),
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Tally {
    judged: usize,
    unknown: usize,
    period: Option<(Time, Time)>,
    turned: Vec<TurnedView>,
    by_turn: BTreeMap<Turn, usize>,
    by_row: BTreeMap<Option<(Layer, RowId)>, usize>,
    by_requester: BTreeMap<DepartmentId, usize>,
}

impl Tally {
    fn saw(&mut self, at: Time) {
        let (oldest, newest) = self.period.unwrap_or((at, at));
        self.period = Some((oldest.min(at), newest.max(at)));
    }

    fn view(self, names: &Names, wanted: u64, took_ms: u64) -> Previewed {
        let loosened = self.by_turn.iter().filter(|(turn, _)| turn.is_loosening());
        Previewed {
            wanted,
            judged: self.judged as u64,
            unknown: self.unknown as u64,
            period: self.period.map(|(oldest, newest)| (ms(oldest), ms(newest))),
            turns: self.by_turn.values().sum::<usize>() as u64,
            loosened: loosened.map(|(_, count)| *count as u64).sum(),
            turned: self.turned,
            by_turn: most(self.by_turn, |turn| turn),
            by_row: most(self.by_row, |by| by.map(|(layer, row)| (layer, row.to_string()))),
            by_requester: most(self.by_requester, |id| names.of(id.as_str())),
            took_ms,
        }
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, usize>, more: BTreeMap<K, usize>) {
    for (key, count) in more {
        *counts.entry(key).or_default() += count;
    }
}

/// What was counted, most first.
fn most<K, V>(counts: BTreeMap<K, usize>, view: impl Fn(K) -> V) -> Vec<(V, u64)> {
    let mut counted: Vec<(V, u64)> =
        counts.into_iter().map(|(key, count)| (view(key), count as u64)).collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted
}

#[cfg(test)]
mod tests;
