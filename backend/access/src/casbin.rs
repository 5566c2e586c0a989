//! The only file that knows Casbin: its model, its functions, its effect, its traps.
//!
//! What is kept away from the rest: with zero rows it judges against empty strings (so
//! `ruleset.rs` never asks it then); it ignores an effect it does not know and drops a row that
//! equals another (so rows are typed and counted); its switch that allows everything is not
//! reachable from outside; its constructors are async without waiting for anything.

use crate::fault::AccessFault;
use crate::hours::Moment;
use crate::limits::GRADE_MAX;
use crate::question::{ATTRIBUTES, Action, Question};
use crate::rule::{EVERYTHING, INSPECTORATE, SHARE, division};
use casbin::function_map::OperatorFunction;
use casbin::rhai::Dynamic;
use casbin::{CoreApi, DefaultEffector, DefaultModel, EffectKind, Effector, EffectorStream, Enforcer, Model};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// The model, as compiled in.
pub(crate) const MODEL: &str = include_str!("../../../policies/model.conf");

/// What a row is made of, in the model's order.
const COLUMNS: [&str; 15] = [
    "id",
    "role",
    "requester",
    "provider",
    "class",
    "items",
    "sensitivity",
    "grade",
    "action",
    "purpose",
    "assurance",
    "hours",
    "zones",
    "obligations",
    "eft",
];

/// The only effect this program knows. Casbin panics on one it does not know itself.
const EFFECT: &str = "some(where (p_eft == allow)) && !some(where (p_eft == deny))";

/// A model that was checked to be the one this program was written for.
#[derive(Clone)]
pub(crate) struct CheckedModel(DefaultModel);

impl CheckedModel {
    /// Reads the model and checks it.
    pub(crate) fn parse(text: &str) -> Result<Self, AccessFault> {
        let model = at_once(DefaultModel::from_str(text)).ok_or(NOT_AT_ONCE)??;
        let of = |section: &str, prefix: &str, names: &[&str]| {
            let tokens: Vec<String> = names.iter().map(|name| format!("{prefix}_{name}")).collect();
            model.get_model().get(section).is_some_and(|map| {
                map.len() == 1 && map.get(section).is_some_and(|assertion| assertion.tokens == tokens)
            })
        };
        let is_only = |section: &str, is_known: fn(&str) -> bool| {
            model.get_model().get(section).is_some_and(|map| {
                map.len() == 1 && map.get(section).is_some_and(|assertion| is_known(&assertion.value))
            })
        };
        if !of("r", "r", &ATTRIBUTES) {
            return Err(AccessFault::Model("its request definition is another"));
        }
        if !of("p", "p", &COLUMNS) {
            return Err(AccessFault::Model("its policy definition is another"));
        }
        if !is_only("e", |effect| effect == EFFECT) {
            return Err(AccessFault::Model("its effect is another"));
        }
        if !is_only("m", |matcher| !matcher.contains("eval")) {
            return Err(AccessFault::Model("it has no matcher, several, or one with eval"));
        }
        if model.get_model().contains_key("g") {
            return Err(AccessFault::Model("it has role chains"));
        }
        Ok(Self(model))
    }
}

/// What a layer's rows said: which rows spoke, in order, ended by the one that denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) allowed: bool,
    pub(crate) allow_rows: Vec<usize>,
    pub(crate) deny_row: Option<usize>,
}

/// One layer's rows, ready to judge one question at a time.
pub(crate) struct LayerEnforcer {
    enforcer: Enforcer,
    heard: Heard,
}

impl LayerEnforcer {
    /// Takes rows as vectors of cells; their text is never joined or parsed again.
    pub(crate) fn new(model: &CheckedModel, rows: Vec<Vec<String>>) -> Result<Self, AccessFault> {
        let count = rows.len();
        let mut enforcer = at_once(Enforcer::new_raw(model.0.clone(), ())).ok_or(NOT_AT_ONCE)??;
        enforcer.add_function("listed", OperatorFunction::Arg2(listed));
        enforcer.add_function("party", OperatorFunction::Arg4(party));
        enforcer.add_function("of_class", OperatorFunction::Arg3(of_class));
        enforcer.add_function("any_item", OperatorFunction::Arg2(any_item));
        enforcer.add_function("all_items", OperatorFunction::Arg2(all_items));
        enforcer.add_function("at_most", OperatorFunction::Arg2(at_most));
        enforcer.add_function("at_least", OperatorFunction::Arg2(at_least));
        enforcer.add_function("within", OperatorFunction::Arg2(within));
        enforcer.add_function("granted", OperatorFunction::Arg2(granted));
        enforcer.add_function("cleared", OperatorFunction::Arg3(cleared));
        enforcer.get_mut_model().add_policies("p", "p", rows);
        if enforcer.get_model().get_policy("p", "p").len() != count {
            return Err(AccessFault::Model("rows were lost on the way into it"));
        }
        let heard: Heard = Arc::default();
        enforcer.set_effector(Box::new(Listener(Arc::clone(&heard))));
        Ok(Self { enforcer, heard })
    }

    /// Judges one question. Never called without rows. What is heard belongs to this question alone, for
    /// nobody else can ask meanwhile.
    #[allow(clippy::needless_pass_by_ref_mut, reason = "one question at a time")]
    pub(crate) fn judge(&mut self, question: &Question) -> Result<Said, AccessFault> {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Said::default();
        let allowed = self.enforcer.enforce(attributes(question))?;
        let mut said = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        said.allowed = allowed;
        Ok(said)
    }
}

/// The question as the model's attributes.
fn attributes(question: &Question) -> Vec<String> {
    let items: Vec<&str> = question.items.iter().map(|item| item.as_str()).collect();
    let grant = match question.grant_live {
        Some(true) => LIVE,
        Some(false) => "ended",
        None => "none",
    };
    let sensitivities: Vec<String> = question.sensitivities.iter().map(u8::to_string).collect();
    vec![
        question.role.code().to_owned(),
        question.clearance.to_string(),
        question.assurance.number().to_string(),
        question.zone.as_ref().map_or("", |zone| zone.as_str()).to_owned(),
        question.requester.as_str().to_owned(),
        question.requester_region.as_str().to_owned(),
        if question.requester_inspectorate { YES } else { NO }.to_owned(),
        question.provider.as_str().to_owned(),
        question.provider_region.as_str().to_owned(),
        question.share_type.code().to_owned(),
        question.entry_class.clone(),
        items.join(","),
        sensitivities.join(","),
        question.grade.to_string(),
        question.action.code().to_owned(),
        question.purpose.as_ref().map_or("", |purpose| purpose.as_str()).to_owned(),
        Moment::of(question.at).to_string(),
        grant.to_owned(),
    ]
}

const LIVE: &str = "live";
const YES: &str = "yes";
const NO: &str = "no";

// The functions of the model. Each says "no" to what it cannot read.

/// Whether a value stands in a list. Nothing (an empty value) stands only in "everything".
fn listed(value: Dynamic, list: Dynamic) -> Dynamic {
    is_listed(&text(&value), &text(&list)).into()
}

fn is_listed(value: &str, list: &str) -> bool {
    list == EVERYTHING || (!value.is_empty() && list.split(',').any(|element| element == value))
}

/// Whether a department is named by its code, by a division around it, or as an inspectorate.
fn party(id: Dynamic, region: Dynamic, inspectorate: Dynamic, list: Dynamic) -> Dynamic {
    let (id, region, inspectorate, list) = (text(&id), text(&region), text(&inspectorate), text(&list));
    let is_within = |code: &str| code.len() == 6 && region.starts_with(division(code));
    let is_named = |code: &str| {
        (!id.is_empty() && code == id) || (code == INSPECTORATE && inspectorate == YES) || is_within(code)
    };
    (list == EVERYTHING || list.split(',').any(is_named)).into()
}

/// Whether an entry is of a class, or shared in a way.
fn of_class(class: Dynamic, share: Dynamic, list: Dynamic) -> Dynamic {
    let list = text(&list);
    match list.strip_prefix(SHARE) {
        Some(kind) => kind == text(&share),
        None => is_listed(&text(&class), &list),
    }
    .into()
}

/// Whether any of what is asked stands in the list.
fn any_item(items: Dynamic, list: Dynamic) -> Dynamic {
    let (items, list) = (text(&items), text(&list));
    (list == EVERYTHING || items.split(',').any(|item| is_listed(item, &list))).into()
}

/// Whether all of it stands in the list. Who asks for none is heard by "everything" only.
fn all_items(items: Dynamic, list: Dynamic) -> Dynamic {
    let (items, list) = (text(&items), text(&list));
    (list == EVERYTHING || items.split(',').all(|item| is_listed(item, &list))).into()
}

/// Whether a grade exists and is not above the row's.
fn at_most(value: Dynamic, max: Dynamic) -> Dynamic {
    let within = |value: u8, max: u8| value >= 1 && max <= GRADE_MAX && value <= max;
    number(&value).zip(number(&max)).is_some_and(|(value, max)| within(value, max)).into()
}

/// Whether an assurance reaches the row's.
fn at_least(value: Dynamic, min: Dynamic) -> Dynamic {
    number(&value).zip(number(&min)).is_some_and(|(value, min)| min >= 1 && value >= min).into()
}

/// Whether a moment (`5@14:03`) is in one of the windows (`1-5@08:00-18:00`). Two digits compare as text.
fn within(at: Dynamic, windows: Dynamic) -> Dynamic {
    let (at, windows) = (text(&at), text(&windows));
    let is_in = |window: &str| {
        let (day, clock) = at.split_once('@')?;
        let (days, hours) = window.split_once('@')?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (from, to) = hours.split_once('-')?;
        Some(first <= day && day <= last && from <= clock && clock < to)
    };
    (windows == EVERYTHING || windows.split(',').any(|window| is_in(window) == Some(true))).into()
}

/// Whether the door needs no grant, or the grant is live.
fn granted(grant: Dynamic, action: Dynamic) -> Dynamic {
    (!is_data_door(&text(&action)) || text(&grant) == LIVE).into()
}

/// Whether the door needs no clearance, or it reaches the grade.
fn cleared(clearance: Dynamic, grade: Dynamic, action: Dynamic) -> Dynamic {
    let reaches = number(&clearance).zip(number(&grade)).is_some_and(|(clearance, grade)| clearance >= grade);
    (!is_data_door(&text(&action)) || reaches).into()
}

fn is_data_door(action: &str) -> bool {
    [Action::Ask, Action::Answer, Action::Verify, Action::Batch, Action::Download]
        .iter()
        .any(|door| door.code() == action)
}

fn text(value: &Dynamic) -> String {
    value.clone().into_string().unwrap_or_default()
}

fn number(value: &Dynamic) -> Option<u8> {
    text(value).parse().ok()
}

type Heard = Arc<Mutex<Said>>;

/// Casbin's own effect, with an ear for which rows spoke. (Its `explain` feature would say the
/// same, but brings a logger with a thread and a terminal.)
struct Listener(Heard);

struct Stream {
    effect: Box<dyn EffectorStream>,
    row: usize,
    heard: Heard,
}

impl Effector for Listener {
    fn new_stream(&self, effect: &str, rows: usize) -> Box<dyn EffectorStream> {
        let effect = DefaultEffector.new_stream(effect, rows);
        Box::new(Stream { effect, row: 0, heard: Arc::clone(&self.0) })
    }
}

impl EffectorStream for Stream {
    fn next(&self) -> bool {
        self.effect.next()
    }

    fn push_effect(&mut self, effect: EffectKind) -> bool {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match effect {
            EffectKind::Allow => heard.allow_rows.push(self.row),
            EffectKind::Deny => heard.deny_row = Some(self.row),
            EffectKind::Indeterminate => {}
        }
        drop(heard);
        self.row = self.row.saturating_add(1);
        self.effect.push_effect(effect)
    }
}

const NOT_AT_ONCE: AccessFault = AccessFault::Model("it was not ready at once");

/// The result of a future that waits for nothing.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests;
