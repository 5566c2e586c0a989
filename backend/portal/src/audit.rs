//! The department's own audit log, for its administrators who watch over others. Each look is itself noted.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use askama::Template;
use services::audit::{self, AuditPage, AuditSearch, Format, Scope};
use services::audit_log::AuditResult;

use crate::clock;
use crate::error::PortalError;
use crate::facets::{Facets, Group};
use crate::form::Fields;
use crate::frame::Frame;
use crate::page;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::visit::Visit;

const PATH: &str = "/audit";

#[derive(Template)]
#[template(path = "audit/index.html")]
pub(crate) struct AuditPageHtml {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) found: Found,
}

#[derive(Template)]
#[template(path = "audit/_found.html")]
pub(crate) struct AuditPart {
    pub(crate) f: Frame,
    pub(crate) found: Found,
}

/// What a search found, ready to be drawn.
pub(crate) struct Found {
    pub(crate) page: AuditPage,
    pub(crate) facets: Facets,
    pub(crate) pager: Pager,
    pub(crate) from: String,
    pub(crate) until: String,
    /// A time that could not be read: the search is shown without it.
    pub(crate) wrong_time: bool,
    /// Addresses of the same search as files.
    pub(crate) files: Vec<(&'static str, String)>,
}

/// `GET /audit?from=&until=&event=&account=&result=&page=`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let search = search(&query);
    let page =
        visit.heavy(|office, officer| async move { audit::list(&office, &officer, search).await }).await?;
    let f = Frame::of(&visit);
    let found = Found::of(&f, page, &query);
    if visit.guest.partial {
        return page::ok(&AuditPart { f, found });
    }
    page::ok(&AuditPageHtml { shell: Shell::of(&visit).await?, f, found })
}

/// `GET /audit/file?format=&…` under the same search.
pub(crate) async fn file(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let format = Format::from_ending(query.one("format")).ok_or(PortalError::NotFound)?;
    let search = search(&query);
    let export = move |office, officer| async move { audit::export(&office, &officer, search, format).await };
    let file = visit.heavy(export).await?;
    let mime = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Json => "application/json",
    };
    // The name is made of digits, letters, dashes and a dot.
    Ok(HttpResponse::Ok()
        .content_type(mime)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name)))
        .body(file.text))
}

fn search(query: &Fields) -> AuditSearch {
    AuditSearch {
        from: clock::typed(query.one("from")),
        until: clock::typed(query.one("until")).map(|at| clock::end_of(query.one("until"), at)),
        event: query.some("event"),
        account: query.some("account"),
        result: AuditResult::from_code(query.one("result")),
        page: query.page(),
    }
}

impl Found {
    pub(crate) fn of(f: &Frame, page: AuditPage, query: &Fields) -> Self {
        let groups: [Group<'_>; 3] = [
            ("result", "audit-result", "audit-result", &page.facets.result),
            ("event", "audit-event", "audit-event", &page.facets.event),
            ("account", "audit-account", "", &page.facets.account),
        ];
        let given = |name: &str| query.some(name).unwrap_or_default();
        let unread = |name: &str| !query.one(name).is_empty() && clock::typed(query.one(name)).is_none();
        let address = |ending: &'static str| (ending, query.with(&format!("{PATH}/file"), "format", ending));
        Self {
            facets: Facets::of(f, PATH, query, &groups),
            pager: Pager::of(&page.entries, query, PATH),
            from: given("from"),
            until: given("until"),
            wrong_time: unread("from") || unread("until"),
            files: vec![address("csv"), address("json")],
            page,
        }
    }

    /// Key of the sentence that says what the reader reads.
    fn scope(&self) -> &'static str {
        match self.page.scope {
            Scope::Users => "audit-scope-users",
            Scope::Administrators | Scope::All => "audit-scope-administrators",
        }
    }
}
