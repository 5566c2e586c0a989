//! Judging again what was decided in a period: the form, a run on its way, what it found.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::replay::{self, ReplayForm, ReplayInput, ReplayState, ReplayView};

use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::limits;
use crate::mistakes::Mistakes;
use crate::page;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

const PATH: &str = "/replay";

#[derive(Template)]
#[template(path = "replay/index.html")]
pub(crate) struct FormPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) form: ReplayForm,
    pub(crate) mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "replay/show.html")]
pub(crate) struct RunPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: ReplayView,
    pub(crate) pager: Pager,
}

#[derive(Template)]
#[template(path = "replay/_run.html")]
pub(crate) struct RunPart {
    pub(crate) f: Frame,
    pub(crate) view: ReplayView,
    pub(crate) pager: Pager,
}

/// `GET /replay?department=&from=&until=`
pub(crate) async fn form(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let typed = query.some("department").map(|_| input(&query));
    page::ok(&form_page(&visit, typed, Mistakes::default()).await?)
}

/// `POST /replay`
pub(crate) async fn start(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let input = input(&sent.0);
    let started = replay::start(visit.office(), &visit.officer, input.clone()).await;
    let again = async |mistakes| form_page(&visit, Some(input), mistakes).await;
    page::answer(&visit, started, |id| format!("{PATH}/{id}"), again).await
}

/// `GET /replay/{id}?page=`: the whole page, or with `stamp` the part that changes, once it has.
pub(crate) async fn show(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let (office, officer, query) = (visit.office(), &visit.officer, visit.guest.query());
    let f = Frame::of(&visit);
    let stamp: Option<u64> = query.one("stamp").parse().ok();
    if let (true, Some(stamp)) = (visit.guest.partial, stamp) {
        let view = replay::wait(office, officer, &id, stamp, limits::NEWS_WAIT).await?;
        let pager = Pager::of(&view.findings, &Fields::default(), &format!("{PATH}/{id}"));
        return page::ok(&RunPart { f, view, pager });
    }
    let view = replay::show(office, officer, &id, query.page()).await?;
    let pager = Pager::of(&view.findings, &Fields::default(), &format!("{PATH}/{id}"));
    page::ok(&RunPage { shell: Shell::of(&visit).await?, f, view, pager })
}

/// `POST /replay/{id}/stop`
pub(crate) async fn stop(
    visit: Visit,
    id: web::Path<String>,
    _sent: Sent,
) -> Result<HttpResponse, PortalError> {
    replay::stop(visit.office(), &visit.officer, &id).await?;
    Ok(page::to(&format!("{PATH}/{id}")))
}

async fn form_page(
    visit: &Visit,
    typed: Option<ReplayInput>,
    mistakes: Mistakes,
) -> Result<FormPage, PortalError> {
    let mut form = replay::form(visit.office(), &visit.officer).await?;
    form.input = typed.unwrap_or(form.input);
    Ok(FormPage { f: Frame::of(visit), shell: Shell::of(visit).await?, form, mistakes })
}

fn input(fields: &Fields) -> ReplayInput {
    ReplayInput {
        department: fields.text("department"),
        from: fields.text("from"),
        until: fields.text("until"),
    }
}

impl RunPage {
    pub(crate) fn is_running(&self) -> bool {
        self.view.row.state == ReplayState::Running
    }
}

/// The class of a state's mark.
pub(crate) const fn mark(state: ReplayState, found: u64) -> (&'static str, &'static str) {
    match state {
        ReplayState::Running => ("info", "clock"),
        ReplayState::Done if found == 0 => ("ok", "check"),
        ReplayState::Done => ("bad", "alert-triangle"),
        ReplayState::Stopped => ("warn", "clock-off"),
        ReplayState::Refused | ReplayState::Failed => ("bad", "x"),
    }
}
