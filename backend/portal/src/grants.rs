//! Grants: held and given, one grant with what was done under it, its end.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::codes::{Action, GrantStatus};
use services::grants::{self, GrantFilter, GrantRow, GrantView, RevokeInput};
use services::names::Side;

use crate::address;
use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::pager::Pager;
use crate::sentence;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

const PATH: &str = "/grants";

#[derive(Template)]
#[template(path = "grants/index.html")]
pub(crate) struct ListPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) side: Side,
    pub(crate) status: Option<GrantStatus>,
    pub(crate) rows: Vec<GrantRow>,
    pub(crate) pager: Pager,
}

#[derive(Template)]
#[template(path = "grants/show.html")]
pub(crate) struct GrantPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: GrantView,
    /// Why the holder cannot ask now, if so.
    pub(crate) hindrance: Option<String>,
    pub(crate) mistakes: Mistakes,
    /// The reason chosen for ending it.
    pub(crate) reason: String,
}

/// `GET /grants?side=&status=`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let side = Side::from_code(query.one("side")).unwrap_or_default();
    let status = GrantStatus::from_code(query.one("status"));
    let filter = GrantFilter { side, status, entry: query.some("entry"), page: query.page() };
    let found = grants::list(visit.office(), &visit.officer, filter).await?;
    let pager = Pager::of(&found, &query, PATH);
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    page::ok(&ListPage { f, shell, side, status, rows: found.rows, pager })
}

/// `GET /grants/{id}`
pub(crate) async fn show(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let unsent = visit.unsent(&format!("{PATH}/{id}"));
    let reason = unsent.as_ref().map(|(_, fields)| fields.text("reason"));
    let mut drawn = grant_page(&visit, &id, Mistakes::default(), reason.unwrap_or_default()).await?;
    drawn.f.unsent = unsent.is_some() && drawn.view.may.revoke.is_open();
    page::ok(&drawn)
}

/// `POST /grants/{id}/revoke`
pub(crate) async fn revoke(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let input = RevokeInput { form_id: sent.0.text("form_id"), reason: sent.0.text("reason") };
    let revoked = grants::revoke(visit.office(), &visit.officer, &id, input).await;
    let again = async |mistakes| grant_page(&visit, &id, mistakes, sent.0.text("reason")).await;
    page::answer(&visit, revoked, |_| format!("{PATH}/{id}"), again).await
}

async fn grant_page(
    visit: &Visit,
    id: &str,
    mistakes: Mistakes,
    reason: String,
) -> Result<GrantPage, PortalError> {
    let view = grants::show(visit.office(), &visit.officer, id).await?;
    let (f, shell) = (Frame::of(visit), Shell::of(visit).await?);
    let hindrance = if view.row.requester.own {
        sentence::hindrance(&f, visit, Action::Ask, &view.may.ask).await
    } else {
        None
    };
    Ok(GrantPage { f, shell, view, hindrance, mistakes, reason })
}

impl ListPage {
    /// The address of this list with another state.
    fn state_at(&self, status: &str) -> String {
        let side = address::pair("side", self.side.code());
        if status.is_empty() { format!("{PATH}?{side}") } else { format!("{PATH}?{side}&status={status}") }
    }
}

impl GrantPage {
    /// Which rows the grant is limited to: item and value by name, with their codes.
    fn scope(&self, item: &str, value: &str) -> String {
        let known = self.view.items.iter().find(|granted| granted.item.code == item);
        let label = known.map_or(item, |granted| self.f.w(&granted.item.label));
        match self.f.coded(item, value) {
            Some(name) => format!("{label} = {name} ({value})"),
            None => format!("{label} = {value}"),
        }
    }
}

/// Used share of a quota, 0 to 100, for a bar.
pub(crate) fn share(used: &u64, quota: &u64) -> u64 {
    if *quota == 0 { 100 } else { (used.saturating_mul(100) / quota).min(100) }
}
