//! The simulator: one question, asked of what is in force and of what is to come, with every row tried and why
//! it does not speak. The question is made and judged by the doors' own code.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Actor, Explanation, Offer, PolicySets, Question, Ruleset, Sides, Zone};
use ledger::ids::{Code2, DepartmentId, EntryId, ItemCode, ResourceCode, Time};
use ledger::policy::PolicyOwner;
use ledger::refusal::Refusal;
use ledger::views;

use crate::audit_log::Event;
use crate::codes::{Action, Assurance, FieldCode, Role};
use crate::error::ServiceError;
use crate::fields::Mistakes;
use crate::limits;
use crate::names::ms;
use crate::office::Office;
use crate::officer::Officer;
use crate::policies::amend::sound;
use crate::policies::edit::offers;
use crate::policies::layer::{self, LayerState};
use crate::policies::list::{Papers, layer_view};
use crate::policies::rows;
use crate::policies::rules::PolicyAct;
use crate::policies::show::{Version, beside, found};
use crate::policies::view::{
    ExplainedView, LayerTriedView, QuestionView, RowTriedView, TriedOut, TryOutForm, TryOutInput, Which,
};
use crate::scene::Scene;

/// The simulator's page, with a first question.
///
/// # Errors
/// Not found; refused `policy.study`.
pub async fn try_out_form(
    office: &Office,
    officer: &Officer,
    owner: &str,
    which: Which,
) -> Result<TryOutForm, ServiceError> {
    let (state, papers) = studied(office, officer, owner, which).await?;
    beside(office, officer, move |scene| {
        let offers = offers(scene)?;
        let input = TryOutInput {
            requester: scene.own().to_string(),
            entry: offers.entries.first().map(|entry| entry.code.clone()).unwrap_or_default(),
            action: Action::Ask.code().to_owned(),
            role: Role::BizUser.code().to_owned(),
            clearance: "4".to_owned(),
            assurance: Assurance::Password.code().to_owned(),
            // So that the question as it is drawn has an answer.
            purpose: crate::purpose::PURPOSES.first().copied().unwrap_or_default().to_owned(),
            grant_live: true,
            ..TryOutInput::default()
        };
        let layer = layer_view(scene, &state, &papers);
        Ok(TryOutForm { layer, offers, assurances: Assurance::ALL.to_vec(), input })
    })
    .await
}

/// Asks one question.
///
/// # Errors
/// Fields that are wrong; not found; refused `policy.study`, `policy.errors` where the draft cannot be judged by.
pub async fn try_out(
    office: &Office,
    officer: &Officer,
    owner: &str,
    which: Which,
    input: TryOutInput,
) -> Result<TriedOut, ServiceError> {
    let (state, papers) = studied(office, officer, owner, which).await?;
    beside(office, officer, move |scene| tried(scene, &state, &papers, which, &input)).await
}

/// Opens what is to come for a trial.
pub(super) async fn studied(
    office: &Office,
    officer: &Officer,
    owner: &str,
    which: Which,
) -> Result<(LayerState, Papers), ServiceError> {
    found(office, officer, owner, Event::PolicyTry, which, PolicyAct::Study).await
}

/// A version ready to judge; none for what is in force.
///
/// # Errors
/// Not found; refused `policy.errors` where nothing could be judged by it.
pub(super) fn draft_of(
    scene: &Scene<'_>,
    state: &LayerState,
    papers: &Papers,
    which: Which,
) -> Result<Option<Arc<Ruleset>>, ServiceError> {
    if which == Which::InForce {
        return Ok(None);
    }
    let set = Version::find(scene, state, papers, which)?.set;
    sound(&set)?;
    Ok(Some(layer::ruleset(scene.bureau.chain, set)))
}

pub(super) fn tried(
    scene: &Scene<'_>,
    state: &LayerState,
    papers: &Papers,
    which: Which,
    input: &TryOutInput,
) -> Result<TriedOut, ServiceError> {
    let question = question(scene, input)?;
    let judge = &scene.bureau.judge;
    let sets = judge
        .in_force(scene.reads, question.side_department())?
        .ok_or(ServiceError::refused(Refusal::PolicyNotLive))?;
    let draft = draft_of(scene, state, papers, which)?;
    let concerns = [&sets.national, &sets.region, &sets.department]
        .into_iter()
        .any(|set| set.set().owner == state.owner);
    let explained = |sets: &PolicySets, drafted: Option<&PolicyOwner>| {
        Ok::<_, ServiceError>(explained(&judge.explain(sets, &question)?, sets, drafted))
    };
    let in_force = explained(&sets, None)?;
    let draft =
        draft.map(|draft| explained(&sets.with(&draft), concerns.then_some(&state.owner))).transpose()?;
    Ok(TriedOut { question: question_view(scene, &question), in_force, draft, concerns })
}

/// The question that a form asks, as the door of its action puts it.
fn question(scene: &Scene<'_>, input: &TryOutInput) -> Result<Question, ServiceError> {
    let mut mistakes = Mistakes::default();
    let requester = mistakes.take("requester", input.requester.parse::<DepartmentId>().map_err(not_a_code));
    let code = mistakes.take("entry", input.entry.parse::<ResourceCode>().map_err(not_a_code));
    let action = mistakes.take("action", Action::from_code(&input.action).ok_or(FieldCode::NotOffered));
    let role = mistakes.take("role", Role::from_code(&input.role).ok_or(FieldCode::NotOffered));
    let assurance = Assurance::from_code(&input.assurance).ok_or(FieldCode::NotOffered);
    let assurance = mistakes.take("assurance", assurance);
    let clearance = mistakes.take("clearance", clearance(&input.clearance));
    let zone = mistakes.take("zone", zone(&input.zone));
    let at = mistakes.take("at", moment(&input.at, scene.now));
    let purpose = mistakes.take("purpose", purpose(&input.purpose, action));
    let items = mistakes.take("items", items(&input.items));
    let asked =
        (|| Some((requester?, code?, action?, role?, assurance?, clearance?, zone?, at?, purpose?, items?)))(
        );
    let Some((requester, code, action, role, assurance, clearance, zone, at, purpose, items)) = asked else {
        return Err(mistakes.into());
    };
    let Some(requester) = views::department(scene.reads, &requester)? else {
        return Err(ServiceError::field("requester", FieldCode::NotOffered));
    };
    let Some(version) = views::latest_version(scene.reads, &code)? else {
        return Err(ServiceError::field("entry", FieldCode::NotOffered));
    };
    let offer: Offer = scene.offer(&EntryId { code, version })?;
    let provider = scene.department(&offer.asked().provider)?;
    if items.iter().any(|item| offer.asked().entry.item(item).is_none()) {
        return Err(ServiceError::field("items", FieldCode::NotOffered));
    }
    let actor = Actor { role, clearance, assurance, zone };
    let sides = Sides { requester: &requester, provider: &provider, offer: &offer, at };
    Ok(sides.tried(action, &actor, &items, &purpose, input.grant_live))
}

fn not_a_code<E>(_: E) -> FieldCode {
    FieldCode::NotACode
}

fn clearance(text: &str) -> Result<u8, FieldCode> {
    match text.trim() {
        "" => Ok(0),
        text => match text.parse() {
            Ok(grade) if grade <= limits::CLEARANCE_MAX => Ok(grade),
            Ok(_) => Err(FieldCode::TooLarge),
            Err(_) => Err(FieldCode::NotANumber),
        },
    }
}

fn zone(text: &str) -> Result<Option<Zone>, FieldCode> {
    match text.trim() {
        "" => Ok(None),
        text => Zone::new(text).map(Some).map_err(not_a_code),
    }
}

/// A purpose, where the door has one; of a door without, whatever was chosen does not matter.
fn purpose(text: &str, action: Option<Action>) -> Result<Code2, FieldCode> {
    let has_none = matches!(action, Some(Action::Discover | Action::Administer));
    match text.trim() {
        "" if has_none => "00".parse().map_err(not_a_code),
        "" => Err(FieldCode::Missing),
        text => text.parse().map_err(not_a_code),
    }
}

fn items(codes: &[String]) -> Result<BTreeSet<ItemCode>, FieldCode> {
    if codes.len() > ledger::limits::ITEMS_MAX {
        return Err(FieldCode::TooLarge);
    }
    codes.iter().map(|code| code.parse().map_err(not_a_code)).collect()
}

/// A moment of UTC+8, as a form of browsers writes it; now where none is given.
fn moment(text: &str, now: Time) -> Result<Time, FieldCode> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(now);
    }
    let typed: jiff::civil::DateTime = text.parse().map_err(|_| FieldCode::NotADate)?;
    let start = crate::deadline::day_start_ms(typed.date()).ok_or(FieldCode::NotADate)?;
    let of_day = i64::from(typed.hour()) * 3_600_000
        + i64::from(typed.minute()) * 60_000
        + i64::from(typed.second()) * 1_000;
    u64::try_from(start + of_day).map(Time).map_err(|_| FieldCode::NotADate)
}

fn question_view(scene: &Scene<'_>, question: &Question) -> QuestionView {
    let named = |id: &DepartmentId| scene.names.of(id.as_str());
    QuestionView {
        requester: named(&question.requester),
        provider: named(&question.provider),
        judged_at: named(question.side_department()),
        class: question.entry_class.clone(),
        share: question.share_type,
        items: question.items.iter().map(ToString::to_string).collect(),
        grade: question.grade,
        sensitivities: question.sensitivities.iter().copied().collect(),
        action: question.action,
        purpose: question.purpose.as_ref().map(ToString::to_string),
        role: question.role,
        clearance: question.clearance,
        assurance: question.assurance,
        zone: question.zone.as_ref().map(ToString::to_string),
        at: ms(question.at),
        grant_live: question.grant_live,
    }
}

/// An explanation as people read it; `drafted`: whose rows are those of the draft.
fn explained(explanation: &Explanation, sets: &PolicySets, drafted: Option<&PolicyOwner>) -> ExplainedView {
    let in_order = [&sets.national, &sets.region, &sets.department];
    let layers = explanation.layers.iter().zip(in_order).map(|(layer, set)| LayerTriedView {
        layer: layer.layer,
        number: set.set().number,
        is_draft: drafted == Some(&set.set().owner),
        decided: layer.decided.as_ref().map(ToString::to_string),
        rows: layer
            .rows
            .iter()
            .map(|row| RowTriedView {
                row: row.row.to_string(),
                effect: row.effect,
                decided: layer.decided.as_ref() == Some(&row.row),
                misses: row.misses.iter().map(|column| rows::tried(*column)).collect(),
            })
            .collect(),
    });
    ExplainedView { said: rows::said(&explanation.decision), layers: layers.collect() }
}

#[cfg(test)]
mod tests;
