//! The versions a layer had, two of them side by side, and any of them as a file.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use askama::Template;
use services::policies::{self, CompareView, HistoryView, PastView, ReasonView, Which};

use crate::address;
use crate::error::PortalError;
use crate::frame::Frame;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

use super::head::{Head, Tab};
use super::naming::Naming;
use super::rows::{self, DiffEntry};
use super::{PATH, chosen};

#[derive(Template)]
#[template(path = "policies/history.html")]
pub(crate) struct HistoryPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) head: Head,
    pub(crate) versions: Vec<PastView>,
    pub(crate) compared: Option<CompareView>,
}

/// `GET /policies/{owner}/history?old=&new=`
pub(crate) async fn history(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let (office, officer) = (visit.office(), &visit.officer);
    let query = visit.guest.query();
    let view = policies::history(office, officer, &owner).await?;
    let named = |field: &str| Which::from_code(query.one(field));
    let compared = match (named("old"), named("new")) {
        (Some(old), Some(new)) => Some(policies::compare(office, officer, &owner, old, new).await?),
        _ => None,
    };
    let now = office.now_ms();
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    page::ok(&HistoryPage::of(f, shell, view, compared, now))
}

/// `GET /policies/{owner}/file?version=`: a version as Casbin's CSV.
pub(crate) async fn file(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let which = Which::from_code(query.one("version")).ok_or(PortalError::NotFound)?;
    let file = policies::export(visit.office(), &visit.officer, &owner, which).await?;
    // The name is made of digits, letters, dashes and a dot; others would not belong into a header.
    let name: String =
        file.name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-.".contains(*letter)).collect();
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(file.text))
}

impl HistoryPage {
    pub(crate) fn of(
        f: Frame,
        shell: Shell,
        view: HistoryView,
        compared: Option<CompareView>,
        now: i64,
    ) -> Self {
        let which = chosen(&crate::form::Fields::default(), &view.layer);
        let head = Head { layer: view.layer, which, tab: Tab::History, comes: None, now };
        Self { f, shell, head, versions: view.versions, compared }
    }

    fn diffs(&self, compared: &CompareView) -> Vec<DiffEntry> {
        let naming = Naming { departments: compared.departments.clone(), items: compared.items.clone() };
        compared.changes.iter().map(|change| DiffEntry::of(&self.f, &naming, change)).collect()
    }

    fn counts(&self, compared: &CompareView) -> (usize, usize, usize) {
        rows::counts(&compared.changes)
    }

    /// Whether a version is ticked: the two compared, else the newest and the one before.
    fn is_ticked(&self, past: &PastView, is_new: bool) -> bool {
        let number = past.in_force.version.number;
        let (old, new) = match &self.compared {
            Some(compared) => (compared.from.1.number, compared.to.1.number),
            None => {
                let newest = self.head.layer.in_force.version.number;
                (newest.saturating_sub(1).max(1), newest)
            }
        };
        number == if is_new { new } else { old }
    }

    /// The address of a version's rules.
    fn rules_at(&self, past: &PastView) -> String {
        format!("{PATH}/{}?{}", self.head.layer.layer.owner, Self::version(past))
    }

    /// The address of a version as a file.
    fn file_at(&self, past: &PastView) -> String {
        format!("{PATH}/{}/file?{}", self.head.layer.layer.owner, Self::version(past))
    }

    fn version(past: &PastView) -> String {
        address::pair("version", &past.in_force.version.number.to_string())
    }

    /// Why a version was drafted, if that is told here.
    fn reason(&self, past: &PastView) -> Option<String> {
        match &past.reason {
            ReasonView::None => None,
            ReasonView::Elsewhere => Some(self.f.t("policy-reason-elsewhere").to_string()),
            ReasonView::Text(text) => Some(text.clone()),
        }
    }
}
