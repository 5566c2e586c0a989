//! Steps that take two officers: the list of those that wait, one step as it will be signed, and the second
//! officer's word.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::codes::Action;
use services::countersigning::{self, Countersigned, SendBackInput, StepKind, WaitingRow, WaitingView};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::pager::Pager;
use crate::sentence;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

const PATH: &str = "/countersign";

#[derive(Template)]
#[template(path = "countersigning/index.html")]
pub(crate) struct ListPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) rows: Vec<WaitingRow>,
    pub(crate) pager: Pager,
}

#[derive(Template)]
#[template(path = "countersigning/show.html")]
pub(crate) struct StepPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: WaitingView,
    /// Why the officer cannot countersign, or cannot sign what they drafted.
    pub(crate) hindrance: Option<String>,
    pub(crate) mistakes: Mistakes,
    /// The reason typed for sending it back.
    pub(crate) reason: String,
}

/// `GET /countersign`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let found = countersigning::list(visit.office(), &visit.officer, query.page()).await?;
    let pager = Pager::of(&found, &query, PATH);
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    page::ok(&ListPage { f, shell, rows: found.rows, pager })
}

/// `GET /countersign/{id}`
pub(crate) async fn show(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let unsent = visit.unsent(&place(&id));
    let reason = unsent.as_ref().map(|(_, fields)| fields.text("reason")).unwrap_or_default();
    let mut drawn = step_page(&visit, &id, Mistakes::default(), reason).await?;
    drawn.f.unsent = unsent.is_some() && drawn.view.may.send_back;
    page::ok(&drawn)
}

/// `POST /countersign/{id}/sign`
pub(crate) async fn sign(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let signed = countersigning::sign(visit.office(), &visit.officer, &id, sent.0.one("answer")).await;
    let again = async |mistakes| step_page(&visit, &id, mistakes, String::new()).await;
    let next = |signed: Countersigned| match signed.kind {
        StepKind::Request | StepKind::Approval => request_at(&signed.object),
        // The answer is for who drafted it.
        StepKind::Query => place(&id),
    };
    page::answer(&visit, signed, next, again).await
}

/// `POST /countersign/{id}/seal`
pub(crate) async fn seal(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let sealed = countersigning::seal(visit.office(), &visit.officer, &id, sent.0.one("answer")).await;
    let again = async |mistakes| step_page(&visit, &id, mistakes, String::new()).await;
    page::answer(&visit, sealed, |()| place(&id), again).await
}

/// `POST /countersign/{id}/back`
pub(crate) async fn back(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let input = SendBackInput { reason: sent.0.text("reason") };
    let reason = input.reason.clone();
    let sent = countersigning::send_back(visit.office(), &visit.officer, &id, input).await;
    let again = async |mistakes| step_page(&visit, &id, mistakes, reason).await;
    page::answer(&visit, sent, |()| PATH.to_owned(), again).await
}

/// `POST /countersign/{id}/take-back`
pub(crate) async fn take_back(
    visit: Visit,
    id: web::Path<String>,
    _sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let taken = countersigning::take_back(visit.office(), &visit.officer, &id).await;
    let again = async |mistakes| step_page(&visit, &id, mistakes, String::new()).await;
    page::answer(&visit, taken, |()| PATH.to_owned(), again).await
}

/// The page of a step.
pub(crate) fn place(id: &str) -> String {
    format!("{PATH}/{id}")
}

fn request_at(id: &str) -> String {
    format!("/requests/{id}")
}

async fn step_page(
    visit: &Visit,
    id: &str,
    mistakes: Mistakes,
    reason: String,
) -> Result<StepPage, PortalError> {
    let view = countersigning::show(visit.office(), &visit.officer, id).await?;
    let (f, shell) = (Frame::of(visit), Shell::of(visit).await?);
    let action = match view.row.kind {
        StepKind::Request => Action::Request,
        StepKind::Approval => Action::Approve,
        StepKind::Query => Action::Ask,
    };
    let hindrance = if view.may.send_back {
        sentence::hindrance(&f, visit, action, &view.may.sign).await
    } else if let Some(seal) = &view.seal {
        sentence::hindrance(&f, visit, action, &seal.may).await
    } else {
        None
    };
    Ok(StepPage { f, shell, view, hindrance, mistakes, reason })
}

impl StepPage {
    /// Names of items that lie outside what the purpose needs.
    fn beyond(&self) -> Vec<&str> {
        let items = self.view.content.iter().flat_map(|content| &content.items);
        items.filter(|item| item.beyond_need).map(|item| self.f.w(&item.item.label)).collect()
    }

    /// Whether the drafter's own signature is missing and they can give it.
    fn lacks_seal(&self) -> bool {
        let seal = self.view.seal.as_ref();
        self.view.row.own && seal.is_some_and(|seal| !seal.given && seal.may.is_open())
    }

    /// Where the thing is that a step made or decided; none where it is not the officer's to see.
    fn made(&self) -> Option<String> {
        match self.view.row.kind {
            StepKind::Request | StepKind::Approval => Some(request_at(&self.view.object)),
            StepKind::Query => self.view.query.as_ref().map(|query| format!("/queries/{query}")),
        }
    }

    /// Where a step that came back is drafted anew.
    fn again(&self) -> String {
        match self.view.row.kind {
            StepKind::Request => self.f.asking_at(&self.view.row.entry),
            StepKind::Approval => request_at(&self.view.object),
            StepKind::Query => format!("/grants/{}/query", self.view.object),
        }
    }
}
