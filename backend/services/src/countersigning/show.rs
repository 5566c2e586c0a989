//! One step: what will be signed, and what the officer may do with it.

use sqlx::Row as _;

use crate::codes::Role;
use crate::countersigning::content::About;
use crate::countersigning::question::Question;
use crate::countersigning::seal::{self, Keys};
use crate::countersigning::sign::{confirmed, countersigned};
use crate::countersigning::step::{Step, StepKind, StepState};
use crate::countersigning::view::{SentBack, StepMay, WaitingView};
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::scene::Scene;
use crate::staff;
use crate::verdict::Verdict;

/// One step. Who drafted it sees it, and who could countersign it.
///
/// # Errors
/// Not found.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<WaitingView, ServiceError> {
    let step = Step::of(office, officer, id).await?;
    let stands = staff::drafter(office, step.staff, step.role).await?.is_some();
    let question = match (step.kind, step.state) {
        (StepKind::Query, StepState::Waiting | StepState::SentBack) => Some(Question::open(office, &step)?),
        _ => None,
    };
    let keys = Keys::of(office, officer, &step).await?;
    let mut view = office.scene(officer, |scene| view(office, scene, &step, question, stands, keys))?;
    if step.is_of(officer) && step.state == StepState::Waiting {
        view.colleagues = colleagues(office, &step).await?;
    }
    Ok(view)
}

fn view(
    office: &Office,
    scene: &Scene<'_>,
    step: &Step,
    question: Option<Question>,
    stands: bool,
    keys: Option<Keys>,
) -> Result<WaitingView, ServiceError> {
    let own = step.is_of(scene.officer);
    let mut seal = match &keys {
        Some(keys) if own => Some(keys.of_drafter(office, step)?),
        _ => None,
    };
    let sign = match (&question, &keys) {
        (Some(question), _) => confirmed(scene, step, &question.items, stands),
        (None, None) => countersigned(scene, step, stands).map(drop),
        (None, Some(keys)) => match countersigned(scene, step, stands) {
            Ok(payload) => {
                let open = keys.open_to_second(office, step);
                if open.is_ok() {
                    seal = Some(seal::of_second(office, step, payload)?);
                }
                open
            }
            Err(no) => Err(no),
        },
    };
    let about = About::of(scene, step, question)?;
    let second = step.second.as_ref().map(|(_, name)| name.clone());
    Ok(WaitingView {
        row: about.row(scene, step)?,
        content: about.content(scene)?,
        sent_back: second
            .clone()
            .filter(|_| step.state == StepState::SentBack)
            .map(|by| SentBack { by, reason: step.reason.clone() }),
        signed_by: second.filter(|_| step.state == StepState::Signed),
        object: step.object.clone(),
        query: (step.kind == StepKind::Query && own && !step.made.is_empty()).then(|| step.made.clone()),
        colleagues: Vec::new(),
        seal,
        may: StepMay {
            sign: verdict(sign)?,
            send_back: !own && step.state == StepState::Waiting,
            take_back: own && step.state != StepState::Signed,
        },
    })
}

/// A judgement as a page shows it.
fn verdict(judged: Result<(), ServiceError>) -> Result<Verdict, ServiceError> {
    match judged {
        Ok(()) => Ok(Verdict::Open),
        Err(ServiceError::Refused(code)) => Ok(Verdict::Refused(code)),
        Err(ServiceError::Denied { by, .. }) => Ok(Verdict::Denied(by)),
        Err(other) => Err(other),
    }
}

/// Names of colleagues who could countersign a step. A few.
async fn colleagues(office: &Office, step: &Step) -> Result<Vec<String>, ServiceError> {
    let rows = sqlx::query(
        "SELECT name, roles FROM staff WHERE state = 'active' AND id <> ? ORDER BY used_at DESC LIMIT ?",
    )
    .bind(step.staff)
    .bind(limits::STAFF_MAX)
    .fetch_all(office.pool())
    .await?;
    let mut names = Vec::new();
    for row in rows {
        let roles: String = row.try_get("roles")?;
        let could = roles.split(',').filter_map(Role::from_code).any(|role| role.countersigns(step.role));
        if could && (names.len() as i64) < limits::HOLDERS_NAMED_MAX {
            names.push(row.try_get("name")?);
        }
    }
    Ok(names)
}
