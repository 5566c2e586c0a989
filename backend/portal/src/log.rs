//! The access log of all departments, for inspectors. Each look is itself logged.

use actix_web::HttpResponse;
use askama::Template;
use services::inspection::{self, LogPage, LogSearch};
use services::receipts::Outcome;
use services::{Code, OfficeRefusal};

use crate::address;
use crate::clock;
use crate::error::PortalError;
use crate::facets::{Facets, Group};
use crate::form::Fields;
use crate::frame::Frame;
use crate::histogram::Chart;
use crate::page;
use crate::pager::Pager;
use crate::shell::Shell;
use crate::visit::Visit;

const PATH: &str = "/log";
const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "log/index.html")]
pub(crate) struct LogPageHtml {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) found: Found,
}

/// What stands in place of the log while no inspection is open, or none is chosen.
#[derive(Template)]
#[template(path = "log/closed.html")]
pub(crate) struct ClosedPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) why: String,
}

#[derive(Template)]
#[template(path = "log/_found.html")]
pub(crate) struct LogPart {
    pub(crate) f: Frame,
    pub(crate) found: Found,
}

/// What a search found, ready to be drawn.
pub(crate) struct Found {
    pub(crate) page: LogPage,
    pub(crate) chart: Chart,
    pub(crate) facets: Facets,
    pub(crate) pager: Pager,
    pub(crate) from: String,
    pub(crate) until: String,
    /// Ready-made spans: key, address, whether it is the one shown.
    pub(crate) spans: Vec<(&'static str, String, bool)>,
    /// A time that could not be read: the search is shown without it.
    pub(crate) wrong_time: bool,
}

/// `GET /log?from=&until=&requester=&provider=&region=&entry=&outcome=&page=`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let office = &visit.guest.desk.office;
    let search = LogSearch {
        from: clock::typed(query.one("from")),
        until: clock::typed(query.one("until")).map(|at| clock::end_of(query.one("until"), at)),
        requester: query.some("requester"),
        provider: query.some("provider"),
        region: query.some("region"),
        entry: query.some("entry"),
        outcome: Outcome::from_code(query.one("outcome")),
        page: query.page(),
    };
    let page =
        visit.heavy(|office, officer| async move { inspection::log(&office, &officer, search).await }).await;
    let page = match page {
        Err(PortalError::Refused(
            code @ Code::Office(OfficeRefusal::InspectionNone | OfficeRefusal::InspectionUnchosen),
        )) if !visit.guest.partial => {
            let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
            return page::ok(&ClosedPage { why: f.refusal(code.code()), f, shell });
        }
        page => page?,
    };
    let f = Frame::of(&visit);
    let found = Found::of(&f, page, &query, office.now_ms());
    if visit.guest.partial {
        return page::ok(&LogPart { f, found });
    }
    page::ok(&LogPageHtml { shell: Shell::of(&visit).await?, f, found })
}

impl Found {
    pub(crate) fn of(f: &Frame, page: LogPage, query: &Fields, now: i64) -> Self {
        let groups: [Group<'_>; 5] = [
            ("outcome", "record-outcome", "outcome", &page.facets.outcome),
            ("requester", "requester", "", &page.facets.requester),
            ("provider", "provider", "", &page.facets.provider),
            ("region", "facet-region", "region", &page.facets.region),
            ("entry", "entry", "", &page.facets.entry),
        ];
        let facets = Facets::of(f, PATH, query, &groups);
        let given = |name: &str| query.some(name).unwrap_or_default();
        let unread = |name: &str| !query.one(name).is_empty() && clock::typed(query.one(name)).is_none();
        Self {
            chart: Chart::lanes(&page.days),
            pager: Pager::of(&page.records, query, PATH),
            facets,
            from: given("from"),
            until: given("until"),
            spans: spans(query, now),
            wrong_time: unread("from") || unread("until"),
            page,
        }
    }
}

/// Today, the last seven and the last thirty days.
fn spans(query: &Fields, now: i64) -> Vec<(&'static str, String, bool)> {
    [("log-today", 0), ("log-week", 6), ("log-month", 29)]
        .into_iter()
        .map(|(key, days)| {
            let (from, until) = (clock::day(now.saturating_sub(days * DAY_MS)), clock::day(now));
            let address =
                format!("{PATH}?{}&{}", address::pair("from", &from), address::pair("until", &until));
            let shown = query.one("from") == from && query.one("until") == until;
            (key, address, shown)
        })
        .collect()
}
