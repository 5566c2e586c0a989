//! The officer's day: what waits, by time left, and what the department did lately.

use actix_web::HttpResponse;
use askama::Template;
use services::codes::Role;
use services::deadline::Light;
use services::worklist::{self, Home, HomeFigures, Task, TaskKind};

use crate::address;
use crate::clock;
use crate::countersigning;
use crate::error::PortalError;
use crate::frame::Frame;
use crate::histogram::Chart;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "worklist/index.html")]
pub(crate) struct WorklistPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) home: Home,
    pub(crate) figures: Vec<Figure>,
    pub(crate) chart: Chart,
    /// Whether the day is about the own department's data: asked, answered, on record.
    pub(crate) shares: bool,
    /// Whether it is about the records of others.
    pub(crate) inspects: bool,
}

#[derive(Template)]
#[template(path = "worklist/_tasks.html")]
pub(crate) struct TasksPart {
    pub(crate) f: Frame,
    pub(crate) home: Home,
}

/// One figure of the strip, with the list it counts.
pub(crate) struct Figure {
    /// Key of its label; the note's key is the same with `-note`.
    pub(crate) key: &'static str,
    pub(crate) count: u64,
    /// What the note says of some of them.
    pub(crate) of_these: u64,
    pub(crate) href: String,
}

/// `GET /`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, PortalError> {
    let home = worklist::home(visit.office(), &visit.officer).await?;
    let f = Frame::of(&visit);
    if visit.guest.partial {
        return page::ok(&TasksPart { f, home });
    }
    let shell = Shell::of(&visit).await?;
    let figures = figures(visit.officer.role(), &home.figures, home.now);
    let chart = Chart::small(&home.provided);
    let inspects = visit.officer.role() == Role::Inspector;
    page::ok(&WorklistPage { f, shell, home, figures, chart, shares: !inspects, inspects })
}

/// The figures people of a role look at first: each leads to its list.
pub(crate) fn figures(role: Role, counts: &HomeFigures, now: i64) -> Vec<Figure> {
    let figure = |key, count, of_these, href: &str| Figure { key, count, of_these, href: href.to_owned() };
    let waiting = || {
        figure(
            "figure-requests",
            counts.requests_waiting,
            counts.requests_refused,
            "/requests?side=sent&status=submitted",
        )
    };
    let grants =
        || figure("figure-grants", counts.grants_live, counts.grants_ending, "/grants?side=sent&status=live");
    let asked = || figure("figure-asked", counts.asked_today, 0, "/receipts?side=sent");
    let answered = || figure("figure-answered", counts.answered_today, 0, "/receipts?side=received");
    let decide = || {
        figure(
            "figure-decide",
            counts.to_decide,
            counts.to_decide_today,
            "/requests?side=received&status=submitted",
        )
    };
    match role {
        Role::ReqOperator | Role::BizUser => vec![waiting(), grants(), asked(), answered()],
        Role::ProvApprover => vec![decide(), answered(), waiting(), grants()],
        Role::DeptLead => vec![waiting(), decide(), asked(), answered()],
        Role::Inspector => {
            let today = format!("/log?{}", address::pair("from", &clock::day(now)));
            vec![figure("figure-inspected", counts.inspected_today, 0, &today)]
        }
        Role::CatalogEditor
        | Role::CatalogReviewer
        | Role::DataOwnerOps
        | Role::CompReviewer
        | Role::CompMediator
        | Role::Reader => vec![asked(), answered()],
        Role::SysAdmin | Role::SecAdmin | Role::AuditAdmin => Vec::new(),
    }
}

/// Icon of a task's kind.
pub(crate) fn icon(task: &Task) -> &'static str {
    match task.kind {
        TaskKind::Decide | TaskKind::Proposed | TaskKind::Conclude => "checklist",
        TaskKind::Inspected => "file-search",
        TaskKind::Countersign | TaskKind::Drafted | TaskKind::Seal | TaskKind::SentBack => "users",
        TaskKind::Refused | TaskKind::Failed => "file-text",
        TaskKind::Renew | TaskKind::Granted | TaskKind::Revoked => "key",
        TaskKind::PolicyDraft => "scale",
    }
}

/// Class of a task's icon.
pub(crate) fn class(task: &Task) -> &'static str {
    match (task.kind, task.light) {
        (_, Light::Red) | (TaskKind::Refused, _) => "bad",
        (_, Light::Yellow) => "warn",
        (
            TaskKind::Decide
            | TaskKind::Countersign
            | TaskKind::Drafted
            | TaskKind::Seal
            | TaskKind::SentBack
            | TaskKind::Proposed
            | TaskKind::Conclude
            | TaskKind::Inspected
            | TaskKind::PolicyDraft,
            Light::Green,
        ) => "info",
        (TaskKind::Granted, Light::Green) => "ok",
        (TaskKind::Renew | TaskKind::Revoked | TaskKind::Failed, Light::Green) => "",
    }
}

/// Where a task is done.
pub(crate) fn place(task: &Task) -> String {
    match task.kind {
        TaskKind::Countersign | TaskKind::Drafted | TaskKind::Seal | TaskKind::SentBack => {
            countersigning::place(&task.id)
        }
        TaskKind::Decide | TaskKind::Refused => format!("/requests/{}", task.id),
        TaskKind::Renew | TaskKind::Granted | TaskKind::Revoked => format!("/grants/{}", task.id),
        TaskKind::Failed => format!("/queries/{}", task.id),
        TaskKind::Proposed | TaskKind::Conclude | TaskKind::Inspected => {
            format!("/inspections/{}", task.id)
        }
        TaskKind::PolicyDraft => format!("/policies/{}/diff?version=draft", task.id),
    }
}

/// Share of a task's time that is used, 0 to 100.
pub(crate) fn used(task: &Task) -> i64 {
    match &task.deadline {
        Some(limit) => {
            let whole = i64::from(limit.working_days).max(1);
            ((whole - limit.working_days_left.max(0)) * 100 / whole).clamp(4, 100)
        }
        None => 100 - task.days_left.clamp(0, 10) * 10,
    }
}
