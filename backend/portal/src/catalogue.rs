//! The catalogue: search with facets, one entry.

use actix_web::HttpResponse;
use askama::Template;
use services::catalogue::{self, CataloguePage, CatalogueSearch, EntryRow, EntryView};
use services::codes::{Action, Mode, ShareType};

use crate::error::PortalError;
use crate::facets::{Facets, Group};
use crate::form::Fields;
use crate::frame::Frame;
use crate::markup::Markup;
use crate::page;
use crate::pager::Pager;
use crate::sentence;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

const PATH: &str = "/catalogue";

#[derive(Template)]
#[template(path = "catalogue/index.html")]
pub(crate) struct SearchPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) hits: Hits,
}

#[derive(Template)]
#[template(path = "catalogue/_hits.html")]
pub(crate) struct SearchPart {
    pub(crate) f: Frame,
    pub(crate) hits: Hits,
}

#[derive(Template)]
#[template(path = "catalogue/entry.html")]
pub(crate) struct EntryPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: EntryView,
    /// Why it cannot be asked for, if so.
    pub(crate) hindrance: Option<String>,
}

/// What a search found, ready to be drawn.
pub(crate) struct Hits {
    pub(crate) page: CataloguePage,
    pub(crate) facets: Facets,
    pub(crate) pager: Pager,
    words: Vec<String>,
}

/// `GET /catalogue`
pub(crate) async fn search(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let page = catalogue::search(visit.office(), &visit.officer, wanted(&query)).await?;
    show(&visit, page, &query).await
}

/// `POST /catalogue`: the search as a form, so that what was typed goes into an address only when a published
/// entry knows it. A person's name typed here by mistake is looked for and stays nowhere.
pub(crate) async fn look(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let query = &sent.0;
    if knows(&visit, query.one("q")).await? {
        return Ok(page::to(&query.at_page(PATH, 1)));
    }
    let page = catalogue::search(visit.office(), &visit.officer, wanted(query)).await?;
    show(&visit, page, &query.except("q")).await
}

/// Whether a published entry has these words; no words are in all of them.
pub(crate) async fn knows(visit: &Visit, typed: &str) -> Result<bool, PortalError> {
    let wanted = CatalogueSearch { q: typed.to_owned(), page: 1, ..CatalogueSearch::default() };
    let found = catalogue::search(visit.office(), &visit.officer, wanted).await?;
    Ok(typed.is_empty() || found.entries.total > 0)
}

fn wanted(query: &Fields) -> CatalogueSearch {
    CatalogueSearch {
        q: query.text("q"),
        share_type: ShareType::from_code(query.one("share")),
        mode: Mode::from_code(query.one("mode")),
        region: query.some("region"),
        provider: query.some("dept"),
        grade: query.one("grade").parse().ok(),
        page: query.page(),
    }
}

/// The page, or the part of it that a search changes, with the addresses of `query`.
async fn show(visit: &Visit, page: CataloguePage, query: &Fields) -> Result<HttpResponse, PortalError> {
    let f = Frame::of(visit);
    let hits = Hits::of(&f, page, query);
    if visit.guest.partial {
        return page::ok(&SearchPart { f, hits });
    }
    page::ok(&SearchPage { shell: Shell::of(visit).await?, f, hits })
}

/// `GET /catalogue/entry?code=&version=`
pub(crate) async fn entry(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let version = query.one("version").parse().ok();
    let view = catalogue::entry(visit.office(), &visit.officer, query.one("code"), version).await?;
    let f = Frame::of(&visit);
    let hindrance = sentence::hindrance(&f, &visit, Action::Request, &view.may_request).await;
    page::ok(&EntryPage { shell: Shell::of(&visit).await?, f, view, hindrance })
}

impl Hits {
    pub(crate) fn of(f: &Frame, page: CataloguePage, query: &Fields) -> Self {
        let groups: [Group<'_>; 5] = [
            ("share", "facet-share", "share", &page.facets.share_type),
            ("mode", "facet-mode", "mode", &page.facets.mode),
            ("region", "facet-region", "region", &page.facets.region),
            ("dept", "facet-provider", "", &page.facets.provider),
            ("grade", "facet-grade", "grade", &page.facets.grade),
        ];
        let facets = Facets::of(f, PATH, query, &groups);
        let words = page.search.q.split_whitespace().map(str::to_owned).collect();
        Self { pager: Pager::of(&page.entries, query, PATH), page, facets, words }
    }

    /// Name of an entry with the found words marked.
    pub(crate) fn marked(&self, f: &Frame, row: &EntryRow) -> Markup {
        Markup::marked(f.w(&row.entry.name), &self.words)
    }
}
