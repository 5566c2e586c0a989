//! Requests: the list, the form, one request with its course and its decision.

mod decision;

use actix_web::{HttpResponse, web};
use askama::Template;
use services::ServiceError;
use services::codes::Action;
use services::names::Side;
use services::requests::{
    self, RefuseInput, RequestCheck, RequestFilter, RequestForm, RequestInput, RequestRow, RequestState,
    RequestView, WithdrawInput,
};

use crate::address;
use crate::countersigning;
use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::pager::Pager;
use crate::sentence;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

pub(crate) use decision::Decision;

const PATH: &str = "/requests";

#[derive(Template)]
#[template(path = "requests/index.html")]
pub(crate) struct ListPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) side: Side,
    pub(crate) status: Option<RequestState>,
    pub(crate) rows: Vec<RequestRow>,
    pub(crate) pager: Pager,
}

#[derive(Template)]
#[template(path = "requests/form.html")]
pub(crate) struct FormPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) form: RequestForm,
    pub(crate) check: Option<Checked>,
    pub(crate) mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "requests/_check.html")]
pub(crate) struct CheckPart {
    pub(crate) f: Frame,
    pub(crate) form: RequestForm,
    pub(crate) check: Option<Checked>,
}

#[derive(Template)]
#[template(path = "requests/show.html")]
pub(crate) struct RequestPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: RequestView,
    /// The approval form, if the officer may decide.
    pub(crate) decision: Option<Decision>,
    /// Why the officer cannot decide, on the provider's side.
    pub(crate) hindrance: Option<String>,
    pub(crate) mistakes: Mistakes,
    /// The condition or reason chosen in one of its forms.
    pub(crate) chosen: String,
}

/// What was typed into one of the forms of a request's page.
struct Typed<'a> {
    /// `approve`, `refuse` or `withdraw`.
    form: &'a str,
    fields: &'a Fields,
}

/// A rule check with its sentence.
pub(crate) struct Checked {
    pub(crate) check: RequestCheck,
    pub(crate) hindrance: Option<String>,
}

/// `GET /requests?side=&status=`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let side = Side::from_code(query.one("side")).unwrap_or_default();
    let status = RequestState::from_code(query.one("status"));
    let filter = RequestFilter { side, status, page: query.page() };
    let found = requests::list(visit.office(), &visit.officer, filter).await?;
    let pager = Pager::of(&found, &query, PATH);
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    page::ok(&ListPage { f, shell, side, status, rows: found.rows, pager })
}

/// `GET /requests/new?entry=&version=`
pub(crate) async fn form(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let (entry, version) = (query.one("entry"), query.one("version").parse().ok());
    let unsent = visit.unsent(&address::asking(entry, version.unwrap_or_default()));
    let form = match &unsent {
        Some((_, fields)) => filled(&visit, input_of(fields)).await?,
        None => drawn(&visit, entry, version).await?,
    };
    let (mut f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    f.unsent = unsent.is_some();
    page::ok(&FormPage { f, shell, form, check: None, mistakes: Mistakes::default() })
}

/// `POST /requests/new`: what the rules say to the form as it stands. Nothing is submitted.
pub(crate) async fn check(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let input = input_of(&sent.0);
    let check = requests::check(visit.office(), &visit.officer, &input).await?;
    let form = filled(&visit, input).await?;
    let f = Frame::of(&visit);
    let check = match check {
        Some(check) => {
            let hindrance = sentence::hindrance(&f, &visit, Action::Request, &check.verdict).await;
            Some(Checked { hindrance, check })
        }
        None => None,
    };
    if visit.guest.partial {
        return page::ok(&CheckPart { f, form, check });
    }
    page::ok(&FormPage { shell: Shell::of(&visit).await?, f, form, check, mistakes: Mistakes::default() })
}

/// `POST /requests`
pub(crate) async fn submit(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let input = input_of(&sent.0);
    let submitted = requests::request_access(visit.office(), &visit.officer, input.clone()).await;
    let again = async |mistakes| {
        let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
        Ok(FormPage { f, shell, form: filled(&visit, input).await?, check: None, mistakes })
    };
    page::answer(&visit, submitted, |drafted| countersigning::place(&drafted.id), again).await
}

/// `GET /requests/{id}`
pub(crate) async fn show(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let unsent = visit.unsent(&format!("{PATH}/{id}"));
    let typed = unsent.as_ref().map(|(form, fields)| Typed { form, fields });
    let mut drawn = request_page(&visit, &id, typed, Mistakes::default()).await?;
    drawn.f.unsent = unsent.is_some() && drawn.has_form();
    page::ok(&drawn)
}

/// `POST /requests/{id}/approve`
pub(crate) async fn approve(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let input = decision::input_of(&sent.0);
    let drafted = requests::approve(visit.office(), &visit.officer, &id, input).await;
    let typed = Typed { form: "approve", fields: &sent.0 };
    let again = async |mistakes| request_page(&visit, &id, Some(typed), mistakes).await;
    page::answer(&visit, drafted, |drafted| countersigning::place(&drafted.id), again).await
}

/// `POST /requests/{id}/refuse`
pub(crate) async fn refuse(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let input = RefuseInput { form_id: sent.0.text("form_id"), condition: sent.0.text("condition") };
    let refused = requests::refuse(visit.office(), &visit.officer, &id, input).await;
    decided(&visit, &id, refused, Typed { form: "refuse", fields: &sent.0 }).await
}

/// `POST /requests/{id}/withdraw`
pub(crate) async fn withdraw(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let input = WithdrawInput { form_id: sent.0.text("form_id"), reason: sent.0.text("reason") };
    let withdrawn = requests::withdraw(visit.office(), &visit.officer, &id, input).await;
    decided(&visit, &id, withdrawn, Typed { form: "withdraw", fields: &sent.0 }).await
}

/// After one of the forms of a request's page: the request as it stands now.
async fn decided<T>(
    visit: &Visit,
    id: &str,
    result: Result<T, ServiceError>,
    typed: Typed<'_>,
) -> Result<HttpResponse, PortalError> {
    let again = async |mistakes| request_page(visit, id, Some(typed), mistakes).await;
    page::answer(visit, result, |_| format!("{PATH}/{id}"), again).await
}

async fn request_page(
    visit: &Visit,
    id: &str,
    typed: Option<Typed<'_>>,
    mistakes: Mistakes,
) -> Result<RequestPage, PortalError> {
    let view = requests::show(visit.office(), &visit.officer, id).await?;
    let (f, shell) = (Frame::of(visit), Shell::of(visit).await?);
    let hindrance = if view.row.provider.own && view.row.state == RequestState::Submitted {
        sentence::hindrance(&f, visit, Action::Approve, &view.may.approve).await
    } else {
        None
    };
    let approving = typed.as_ref().filter(|typed| typed.form == "approve").map(|typed| typed.fields);
    let decision = view.may.approve.is_open().then(|| Decision::of(&f, &view, approving));
    let chosen = typed.as_ref().map(|typed| match typed.form {
        "refuse" => typed.fields.text("condition"),
        "withdraw" => typed.fields.text("reason"),
        _ => String::new(),
    });
    let chosen = chosen.unwrap_or_default();
    Ok(RequestPage { f, shell, view, decision, hindrance, mistakes, chosen })
}

async fn drawn(visit: &Visit, entry: &str, version: Option<u32>) -> Result<RequestForm, PortalError> {
    Ok(requests::form(visit.office(), &visit.officer, entry, version).await?)
}

/// The form with what was typed into it, under the id it was drawn with.
async fn filled(visit: &Visit, input: RequestInput) -> Result<RequestForm, PortalError> {
    let mut form = drawn(visit, &input.entry, Some(input.version)).await?;
    let fresh = std::mem::replace(&mut form.input, input);
    if form.input.form_id.is_empty() {
        form.input.form_id = fresh.form_id;
    }
    Ok(form)
}

fn input_of(fields: &Fields) -> RequestInput {
    RequestInput {
        form_id: fields.text("form_id"),
        entry: fields.text("entry"),
        version: fields.one("version").parse().unwrap_or_default(),
        items: fields.all("items"),
        purpose: fields.text("purpose"),
        basis: fields.text("basis"),
        mode: fields.text("mode"),
        from: fields.text("from"),
        until: fields.text("until"),
        quota: fields.text("quota"),
    }
}

impl ListPage {
    /// The address of this list with another state.
    fn state_at(&self, status: &str) -> String {
        let side = address::pair("side", self.side.code());
        if status.is_empty() { format!("{PATH}?{side}") } else { format!("{PATH}?{side}&status={status}") }
    }
}

impl FormPage {
    fn chosen(&self, item: &str) -> bool {
        self.form.input.items.iter().any(|chosen| chosen == item)
    }
}

impl RequestPage {
    /// Whether there is a form on the page.
    fn has_form(&self) -> bool {
        let may = &self.view.may;
        self.decision.is_some() || may.refuse.is_open() || may.withdraw.is_open()
    }

    fn is_chosen(&self, condition: impl std::fmt::Display) -> bool {
        !self.chosen.is_empty() && condition.to_string() == self.chosen
    }
}

impl Checked {
    /// Chosen items that leave masked, with their masks.
    fn masked(&self) -> Vec<(&str, &'static str)> {
        let duties = self.check.duties.iter().filter(|duty| !duty.dropped);
        duties.filter_map(|duty| Some((duty.item.as_str(), duty.mask?.code()))).collect()
    }

    fn dropped(&self) -> Vec<&str> {
        self.check.duties.iter().filter(|duty| duty.dropped).map(|duty| duty.item.as_str()).collect()
    }

    /// Items that lie outside what the purpose needs.
    fn beyond_need(&self) -> Vec<&str> {
        self.check.duties.iter().filter(|duty| duty.beyond_need).map(|duty| duty.item.as_str()).collect()
    }
}

/// Name of an item of a form in the page's language; its code when it is not offered.
pub(crate) fn item_name(f: &Frame, form: &RequestForm, code: &str) -> String {
    let found = form.items.iter().find(|item| item.code == code);
    found.map_or_else(|| code.to_owned(), |item| f.w(&item.label).to_owned())
}
