//! Our rows and questions in Cedar's language: one policy a row, requester and entry class in its scope so
//! that it can be passed over early, all else in its condition.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;

use access::{Action, Question};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Request,
    Response, RestrictedExpression,
};
use ledger::ids::DepartmentId;
use ledger::policy::{Effect, PolicyRow};

/// Everything that is asked.
pub(crate) struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

fn uid(kind: &str, id: &str) -> EntityUid {
    format!("{kind}::\"{id}\"").parse().unwrap()
}

/// The divisions around a department, from the province down.
fn divisions(region: &str) -> [String; 2] {
    [format!("{}0000", &region[..2]), format!("{}00", &region[..4])]
}

impl Cedar {
    pub(crate) fn new(rows: &[PolicyRow], departments: &[(DepartmentId, String)]) -> Self {
        let mut policies = PolicySet::new();
        for row in rows {
            let policy = Policy::parse(Some(PolicyId::new(row.id.as_str())), policy(row)).unwrap();
            policies.add(policy).unwrap();
        }
        let mut seen = BTreeSet::new();
        let mut entities = Vec::new();
        for (id, region) in departments {
            let [province, city] = divisions(region);
            let mut add = |one: EntityUid, parent: Option<EntityUid>| {
                if seen.insert(one.to_string()) {
                    entities.push(Entity::new_no_attrs(one, parent.into_iter().collect::<HashSet<_>>()));
                }
            };
            add(uid("Division", &province), None);
            add(uid("Division", &city), Some(uid("Division", &province)));
            add(uid("Department", id.as_str()), Some(uid("Division", &city)));
        }
        let entities = Entities::from_entities(entities, None).unwrap();
        Self { authorizer: Authorizer::new(), policies, entities }
    }

    pub(crate) fn request(&self, question: &Question) -> Request {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let number = |number: u64| RestrictedExpression::new_long(i64::try_from(number).unwrap());
        // As the doors see it: days and minutes in UTC+8, Monday first.
        let local = question.at.0 / 60_000 + 8 * 60;
        let context = [
            ("role", text(question.role.code())),
            ("clearance", number(question.clearance.into())),
            ("assurance", number(question.assurance.number().into())),
            ("provider", RestrictedExpression::new_entity_uid(uid("Department", question.provider.as_str()))),
            ("items", RestrictedExpression::new_set(question.items.iter().map(|item| text(item.as_str())))),
            ("grade", number(question.grade.into())),
            ("purpose", text(question.purpose.as_ref().map_or("", |code| code.as_str()))),
            ("day", number((local / 1_440 + 3) % 7 + 1)),
            ("minute", number(local % 1_440)),
            ("grant_live", RestrictedExpression::new_bool(question.grant_live == Some(true))),
        ];
        let context = Context::from_pairs(context.map(|(name, value)| (name.to_owned(), value))).unwrap();
        Request::new(
            uid("Department", question.requester.as_str()),
            uid("Action", question.action.code()),
            uid("Class", &question.entry_class),
            context,
            None,
        )
        .unwrap()
    }

    pub(crate) fn judge(&self, request: &Request) -> Response {
        self.authorizer.is_authorized(request, &self.policies, &self.entities)
    }
}

/// Whether Cedar said the same, by a row that ours names too.
pub(crate) fn compare(said: &Response, allow: bool, row: Option<&str>, question: &Question) {
    assert_eq!(said.diagnostics().errors().count(), 0, "{said:?}");
    assert_eq!(said.decision() == Decision::Allow, allow, "{question:?}");
    let reasons: BTreeSet<String> = said.diagnostics().reason().map(|id| id.to_string()).collect();
    match row {
        Some(row) => assert!(reasons.contains(row), "{row} is not among {reasons:?}: {question:?}"),
        None => assert!(reasons.is_empty(), "{reasons:?}: {question:?}"),
    }
}

/// A row as a policy. Rows of the measurement name what is written here and nothing else.
fn policy(row: &PolicyRow) -> String {
    let is_deny = row.effect == Effect::Deny;
    let actions: Vec<String> =
        row.action.as_str().split(',').map(|door| format!("Action::\"{door}\"")).collect();
    let mut text = format!(
        "{}(principal == Department::\"{}\", action in [{}], resource == Class::\"{}\")",
        if is_deny { "forbid" } else { "permit" },
        row.requester,
        actions.join(", "),
        row.entry_class
    );
    let list = |cell: &str| {
        let quoted: Vec<String> = cell.split(',').map(|one| format!("\"{one}\"")).collect();
        format!("[{}]", quoted.join(", "))
    };
    let mut conditions = vec![
        format!("{}.contains(context.role)", list(row.role.as_str())),
        format!("context.provider in Division::\"{}\"", row.provider),
        format!(
            "{}.{}(context.items)",
            list(row.items.as_str()),
            if is_deny { "containsAny" } else { "containsAll" }
        ),
        format!("{}.contains(context.purpose)", list(row.purpose.as_str())),
    ];
    if row.hours.as_str() != "*" {
        conditions.push(hours(row.hours.as_str()));
    }
    if !is_deny {
        conditions.push(format!("context.grade <= {}", row.grade_max));
        conditions.push(format!("context.assurance >= {}", row.assurance_min));
        assert!(
            row.action
                .as_str()
                .split(',')
                .all(|door| [Action::Ask, Action::Answer].iter().any(|action| action.code() == door))
        );
        conditions.push("context.grant_live && context.clearance >= context.grade".to_owned());
    }
    let _ = write!(text, " when {{ {} }};", conditions.join(" && "));
    text
}

/// `1-7@00:00-24:00`
fn hours(cell: &str) -> String {
    let (days, clock) = cell.split_once('@').unwrap();
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':').unwrap();
        hour.parse::<u32>().unwrap() * 60 + minute.parse::<u32>().unwrap()
    };
    let (from, to) = clock.split_once('-').unwrap();
    format!(
        "context.day >= {first} && context.day <= {last} && context.minute >= {} && context.minute < {}",
        minutes(from),
        minutes(to)
    )
}
