//! Inspections: their list, the proposal, one inspection with what was looked at in it, its course.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::ServiceError;
use services::inspections::{
    self, CloseInput, InspectionForm, InspectionInput, InspectionRow, InspectionState, InspectionView,
    LookRow, SightKind,
};
use services::names::DepartmentRef;

use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

const PATH: &str = "/inspections";

#[derive(Template)]
#[template(path = "inspections/index.html")]
pub(crate) struct ListPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) rows: Vec<InspectionRow>,
    pub(crate) pager: Pager,
    /// Whether the officer may propose one.
    pub(crate) may_open: bool,
}

#[derive(Template)]
#[template(path = "inspections/form.html")]
pub(crate) struct FormPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) form: InspectionForm,
    pub(crate) mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "inspections/show.html")]
pub(crate) struct InspectionPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: InspectionView,
    pub(crate) pager: Pager,
    pub(crate) mistakes: Mistakes,
    /// The conclusion chosen in its form.
    pub(crate) conclusion: String,
}

/// `GET /inspections?page=`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let found = inspections::list(visit.office(), &visit.officer, query.page()).await?;
    let may_open = inspections::form(visit.office(), &visit.officer).await.is_ok();
    let pager = Pager::of(&found, &query, PATH);
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    page::ok(&ListPage { f, shell, rows: found.rows, pager, may_open })
}

/// `GET /inspections/new`
pub(crate) async fn form(visit: Visit) -> Result<HttpResponse, PortalError> {
    let mut form = inspections::form(visit.office(), &visit.officer).await?;
    let unsent = visit.unsent(&format!("{PATH}/new"));
    if let Some((_, fields)) = &unsent {
        form.input = kept(input_of(fields), form.input);
    }
    let (mut f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    f.unsent = unsent.is_some();
    page::ok(&FormPage { f, shell, form, mistakes: Mistakes::default() })
}

/// `POST /inspections`
pub(crate) async fn propose(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let input = input_of(&sent.0);
    let proposed = inspections::propose(visit.office(), &visit.officer, input.clone()).await;
    let again = async |mistakes| {
        let mut form = inspections::form(visit.office(), &visit.officer).await?;
        form.input = kept(input, form.input);
        Ok(FormPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, form, mistakes })
    };
    page::answer(&visit, proposed, |id| format!("{PATH}/{id}"), again).await
}

/// `GET /inspections/{id}?page=`
pub(crate) async fn show(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let unsent = visit.unsent(&format!("{PATH}/{id}"));
    let conclusion = unsent.as_ref().map(|(_, fields)| fields.text("conclusion")).unwrap_or_default();
    let mut drawn = inspection_page(&visit, &id, Mistakes::default(), conclusion).await?;
    drawn.f.unsent = unsent.is_some() && drawn.has_form();
    page::ok(&drawn)
}

/// `POST /inspections/{id}/countersign`
pub(crate) async fn countersign(
    visit: Visit,
    id: web::Path<String>,
    _sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let opened = inspections::countersign(visit.office(), &visit.officer, &id).await;
    done(&visit, &id, opened, String::new()).await
}

/// `POST /inspections/{id}/withdraw`
pub(crate) async fn withdraw(
    visit: Visit,
    id: web::Path<String>,
    _sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let withdrawn = inspections::withdraw(visit.office(), &visit.officer, &id).await;
    done(&visit, &id, withdrawn, String::new()).await
}

/// `POST /inspections/{id}/choose`
pub(crate) async fn choose(
    visit: Visit,
    id: web::Path<String>,
    _sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let chosen = inspections::choose(visit.office(), &visit.officer, &id).await;
    done(&visit, &id, chosen, String::new()).await
}

/// `POST /inspections/{id}/close`
pub(crate) async fn close(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let conclusion = sent.0.text("conclusion");
    let input = CloseInput { form_id: sent.0.text("form_id"), conclusion: conclusion.clone() };
    let closed = inspections::close(visit.office(), &visit.officer, &id, input).await;
    done(&visit, &id, closed, conclusion).await
}

/// After one of the forms of an inspection's page: the inspection as it stands now.
async fn done<T>(
    visit: &Visit,
    id: &str,
    result: Result<T, ServiceError>,
    conclusion: String,
) -> Result<HttpResponse, PortalError> {
    let again = async |mistakes| inspection_page(visit, id, mistakes, conclusion).await;
    page::answer(visit, result, |_| format!("{PATH}/{id}"), again).await
}

async fn inspection_page(
    visit: &Visit,
    id: &str,
    mistakes: Mistakes,
    conclusion: String,
) -> Result<InspectionPage, PortalError> {
    let query = visit.guest.query();
    let view = inspections::show(visit.office(), &visit.officer, id, query.page()).await?;
    let pager = Pager::of(&view.looks, &query, &format!("{PATH}/{id}"));
    let (f, shell) = (Frame::of(visit), Shell::of(visit).await?);
    Ok(InspectionPage { f, shell, view, pager, mistakes, conclusion })
}

/// What was typed, under the id it was drawn with.
fn kept(typed: InspectionInput, fresh: InspectionInput) -> InspectionInput {
    let form_id = if typed.form_id.is_empty() { fresh.form_id } else { typed.form_id.clone() };
    InspectionInput { form_id, ..typed }
}

fn input_of(fields: &Fields) -> InspectionInput {
    InspectionInput {
        form_id: fields.text("form_id"),
        scope: fields.text("scope"),
        departments: fields.all("departments"),
        from: fields.text("from"),
        until: fields.text("until"),
        ends: fields.text("ends"),
        purpose: fields.text("purpose"),
        file_no: fields.text("file_no"),
        warrant_no: fields.text("warrant_no"),
        reason: fields.text("reason"),
    }
}

/// Whose sharing is looked at: the names, or everybody's.
pub(crate) fn scope(f: &Frame, named: &[DepartmentRef]) -> String {
    if named.is_empty() {
        return f.t("inspection-scope-all").to_string();
    }
    let names: Vec<&str> = named.iter().map(|department| f.w(&department.name)).collect();
    names.join(&f.t("list-comma").to_string())
}

impl FormPage {
    fn named(&self, department: &str) -> bool {
        self.form.input.departments.iter().any(|named| named == department)
    }
}

impl InspectionPage {
    /// Where a thing lies that was looked at.
    fn place(&self, look: &LookRow) -> String {
        match look.kind {
            SightKind::Record => format!("/receipts/{}", look.id),
            SightKind::Request => format!("/requests/{}", look.id),
            SightKind::Grant => format!("/grants/{}", look.id),
        }
    }

    /// Its number, or what it is before it has one.
    fn title(&self) -> String {
        self.view.row.number.clone().unwrap_or_else(|| self.f.t("inspection-proposal").to_string())
    }

    /// Whether there is a form on the page.
    fn has_form(&self) -> bool {
        let may = &self.view.may;
        [&may.countersign, &may.withdraw, &may.choose, &may.close].into_iter().any(|may| may.is_open())
    }

    fn waits(&self) -> bool {
        self.view.row.state == InspectionState::Proposed
    }
}
