//! Queries: asking about one person under a grant, the course of a query, its result.
//!
//! Nothing personal stands in an address or a log: names and numbers come by form, results go out
//! in pages no cache keeps and are cleared after ten minutes.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::codes::Action;
use services::queries::{
    self, AskedView, QueryFilter, QueryForm, QueryInput, QueryRow, QueryView, ResultView, Signing, ToSign,
};
use services::{Denial, ServiceError};

use crate::countersigning;
use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::limits;
use crate::mistakes::Mistakes;
use crate::page::{self, REFRESH};
use crate::pager::Pager;
use crate::sentence;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

const PATH: &str = "/queries";
/// A shown result is announced to be cleared this long before.
const WARNING_SECS: i64 = 120;

#[derive(Template)]
#[template(path = "queries/index.html")]
pub(crate) struct ListPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) rows: Vec<QueryRow>,
    /// None for the result of a search, which is one page.
    pub(crate) pager: Option<Pager>,
    pub(crate) case_no: String,
}

#[derive(Template)]
#[template(path = "queries/form.html")]
pub(crate) struct FormPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) form: QueryForm,
    pub(crate) input: QueryInput,
    pub(crate) hindrance: Option<String>,
    pub(crate) mistakes: Mistakes,
}

/// The form, filled in, before its officer's key signed it.
#[derive(Template)]
#[template(path = "queries/sign.html")]
pub(crate) struct SignPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) to_sign: ToSign,
    pub(crate) input: QueryInput,
    pub(crate) mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "queries/show.html")]
pub(crate) struct QueryPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) live: Live,
    pub(crate) view: QueryView,
}

#[derive(Template)]
#[template(path = "queries/_live.html")]
pub(crate) struct LivePart {
    pub(crate) f: Frame,
    pub(crate) live: Live,
    pub(crate) view: QueryView,
}

/// What the page adds to a query.
pub(crate) struct Live {
    /// Seconds until the result is cleared.
    pub(crate) clears_in: Option<i64>,
    /// Seconds until that is announced.
    pub(crate) warns_in: Option<i64>,
    /// Why it ended without a result, as a sentence.
    pub(crate) reason: Option<String>,
    /// What it waits for, as a sentence.
    pub(crate) waiting: Option<String>,
    /// Who looks and when: written across the result beside the watermark of the receipt.
    pub(crate) looker: String,
}

/// `GET /grants/{id}/query`
pub(crate) async fn form(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let form = queries::form(visit.office(), &visit.officer, &id).await?;
    let unsent = visit.unsent(&format!("/grants/{id}/query"));
    let typed = unsent.map(|(_, fields)| input_of(&id, &fields));
    let is_unsent = typed.is_some() && form.ask.is_open();
    let mut drawn = form_page(&visit, form, typed, Mistakes::default()).await?;
    drawn.f.unsent = is_unsent;
    page::ok(&drawn)
}

/// `POST /grants/{id}/query`: sent; or, with `sign`, shown with what the officer's key is to sign, so that it comes
/// back with the `answer`. Between the two the form is nowhere but on the page.
pub(crate) async fn ask(
    visit: Visit,
    id: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let (office, officer) = (visit.office(), &visit.officer);
    let input = input_of(&id, &sent.0);
    let asked = match sent.0.one("step") {
        "sign" => match queries::to_sign(office, officer, input.clone()).await {
            Ok(to_sign) => return page::ok(&sign_page(&visit, to_sign, input, Mistakes::default()).await?),
            Err(error) => Err(error),
        },
        "signed" => match queries::ask_signed(office, officer, input.clone(), sent.0.one("answer")).await {
            Err(error) if is_about_answer(&error) => {
                let to_sign = queries::to_sign(office, officer, input.clone()).await?;
                let mistakes = Mistakes::from(&Frame::of(&visit), Some(&visit), error).await?;
                return page::again(&sign_page(&visit, to_sign, input, mistakes).await?);
            }
            asked => asked,
        },
        _ => queries::ask(office, officer, input.clone()).await,
    };
    let again = async |mistakes| {
        let form = queries::form(office, officer, &id).await?;
        form_page(&visit, form, Some(input), mistakes).await
    };
    let next = |asked| match asked {
        AskedView::Sent(query) => format!("{PATH}/{query}"),
        AskedView::Waits(drafted) => countersigning::place(&drafted.id),
    };
    page::answer(&visit, asked, next, again).await
}

/// Whether the signature is all that is wrong: the form need not be filled in again.
fn is_about_answer(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Invalid(fields) if fields.iter().all(|wrong| wrong.field == "answer"))
}

async fn sign_page(
    visit: &Visit,
    to_sign: ToSign,
    input: QueryInput,
    mistakes: Mistakes,
) -> Result<SignPage, PortalError> {
    Ok(SignPage { f: Frame::of(visit), shell: Shell::of(visit).await?, to_sign, input, mistakes })
}

/// `GET /queries`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let filter = QueryFilter { grant: query.some("grant"), case_no: None, page: query.page() };
    let found = queries::list(visit.office(), &visit.officer, filter).await?;
    let pager = Some(Pager::of(&found, &query, PATH));
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    page::ok(&ListPage { f, shell, rows: found.rows, pager, case_no: String::new() })
}

/// `POST /queries`: the officer's own queries for one business case.
pub(crate) async fn find(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let case_no = sent.0.text("case_no");
    if case_no.is_empty() {
        return Ok(page::to(PATH));
    }
    of_case(&visit, case_no).await
}

/// The officer's own queries for a business case: shown without an address.
pub(crate) async fn of_case(visit: &Visit, case_no: String) -> Result<HttpResponse, PortalError> {
    let filter = QueryFilter { grant: None, case_no: Some(case_no.clone()), page: 1 };
    let found = queries::list(visit.office(), &visit.officer, filter).await?;
    let (f, shell) = (Frame::of(visit), Shell::of(visit).await?);
    page::ok(&ListPage { f, shell, rows: found.rows, pager: None, case_no })
}

/// `GET /queries/{id}`: the whole page, or with `stamp` the part that changes, once it has.
pub(crate) async fn show(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let (office, officer) = (visit.office(), &visit.officer);
    let f = Frame::of(&visit);
    let stamp: Option<u64> = visit.guest.query().one("stamp").parse().ok();
    if let (true, Some(stamp)) = (visit.guest.partial, stamp) {
        let view = queries::wait(office, officer, &id, stamp, limits::NEWS_WAIT).await?;
        let live = Live::of(&f, &view, officer.name(), office.now_ms());
        return page::ok(&LivePart { f, live, view });
    }
    let view = queries::show(office, officer, &id).await?;
    let live = Live::of(&f, &view, officer.name(), office.now_ms());
    let clears_in = live.clears_in;
    let mut answer = page::ok(&QueryPage { shell: Shell::of(&visit).await?, f, live, view })?;
    if let Some(seconds) = clears_in {
        // The browser draws the page again when the result is gone, with or without script.
        answer.headers_mut().insert(REFRESH, (seconds + 1).into());
    }
    Ok(answer)
}

async fn form_page(
    visit: &Visit,
    form: QueryForm,
    typed: Option<QueryInput>,
    mistakes: Mistakes,
) -> Result<FormPage, PortalError> {
    let (f, shell) = (Frame::of(visit), Shell::of(visit).await?);
    let hindrance = sentence::hindrance(&f, visit, Action::Ask, &form.ask).await;
    // The page says why once.
    let mistakes = if hindrance.is_some() { Mistakes::default() } else { mistakes };
    let input = typed.unwrap_or_else(|| blank(&form));
    Ok(FormPage { f, shell, form, input, hindrance, mistakes })
}

/// The form before anyone typed: who asks chooses what the case needs, nothing is chosen for them.
pub(crate) fn blank(form: &QueryForm) -> QueryInput {
    QueryInput {
        form_id: form.form_id.clone(),
        grant: form.grant.clone(),
        items: Vec::new(),
        name: String::new(),
        id_type: form.id_types.first().cloned().unwrap_or_default(),
        id_number: String::new(),
        case_no: String::new(),
    }
}

fn input_of(grant: &str, fields: &Fields) -> QueryInput {
    QueryInput {
        form_id: fields.text("form_id"),
        grant: grant.to_owned(),
        items: fields.all("items"),
        name: fields.text("name"),
        id_type: fields.text("id_type"),
        id_number: fields.text("id_number"),
        case_no: fields.text("case_no"),
    }
}

impl FormPage {
    /// Whether the officer can sign with a key of their own.
    fn signs(&self) -> bool {
        self.form.signing == Signing::On
    }

    fn chosen(&self, item: &str) -> bool {
        self.input.items.iter().any(|chosen| chosen == item)
    }
}

impl SignPage {
    /// The items as one text.
    fn items(&self) -> String {
        let names: Vec<&str> = self.to_sign.items.iter().map(|name| self.f.w(name)).collect();
        names.join(&self.f.t("list-comma").to_string())
    }
}

impl Live {
    pub(crate) fn of(f: &Frame, view: &QueryView, officer: &str, now: i64) -> Self {
        let clears_in = view.result.as_ref().and(view.clears_at).map(|at| (at - now).max(0) / 1000);
        let reason = match &view.denial {
            Some(denial) => Some(match denial.layer {
                Some(layer) => {
                    let action = if denial.by_provider { Action::Answer } else { Action::Ask };
                    sentence::by_policy(f, action, &Denial { layer, row: denial.row.clone() })
                }
                None => f.refusal(denial.code.code()),
            }),
            None => view.row.reason.map(|code| f.refusal(code.code())),
        };
        Self {
            warns_in: clears_in.map(|seconds| (seconds - WARNING_SECS).max(0)),
            clears_in,
            reason,
            waiting: view.waiting.map(|code| f.refusal(code.code())),
            looker: format!(
                "{} {officer} \u{b7} {} \u{b7} {}",
                f.own_name(),
                f.when(&now),
                f.c("purpose", &view.row.purpose)
            ),
        }
    }
}

/// Labels of masked values with their rules, each once.
pub(crate) fn masked(f: &Frame, result: &ResultView) -> Vec<(String, &'static str)> {
    let mut seen: Vec<(String, &'static str)> = Vec::new();
    for cell in result.rows.iter().flatten() {
        if let Some(mask) = cell.mask {
            let line = (f.w(&cell.label).to_owned(), mask.code());
            if !seen.contains(&line) {
                seen.push(line);
            }
        }
    }
    seen
}
