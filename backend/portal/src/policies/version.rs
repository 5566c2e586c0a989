//! One version of a layer: its rules, what is different about them, what is found about them. Whoever may
//! sign, withdraw or drop it does so here.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::codes::Action;
use services::policies::{self, PolicyView, ReasonView, Which};

use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::sentence;
use crate::shell::Shell;
use crate::visit::Visit;

use super::head::{Head, Tab};
use super::naming::Naming;
use super::rows::{self, DiffEntry, ShownRow};
use super::sign::{SignForm, Typed};
use super::{PATH, chosen};

#[derive(Template)]
#[template(path = "policies/version.html")]
pub(crate) struct VersionPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) head: Head,
    pub(crate) view: PolicyView,
    pub(crate) naming: Naming,
    pub(crate) rows: Vec<ShownRow>,
    pub(crate) changed_only: bool,
    pub(crate) forms: Vec<SignForm>,
    /// Why what comes next is not the officer's to do.
    pub(crate) hindrance: Option<String>,
    pub(crate) typed: Typed,
    pub(crate) mistakes: Mistakes,
}

/// `GET /policies/{owner}?version=&show=`
pub(crate) async fn rules(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let unsent = visit.unsent(&format!("{PATH}/{owner}"));
    let typed = unsent.and_then(|(form, fields)| Typed::of(&form, fields));
    let is_unsent = typed.is_some();
    let mut drawn = drawn(&visit, &owner, Tab::Rules, typed.unwrap_or_default(), Mistakes::default()).await?;
    drawn.f.unsent = is_unsent;
    page::ok(&drawn)
}

/// `GET /policies/{owner}/diff?version=`
pub(crate) async fn diff(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    page::ok(&drawn(&visit, &owner, Tab::Diff, Typed::default(), Mistakes::default()).await?)
}

/// `GET /policies/{owner}/check?version=`
pub(crate) async fn check(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    page::ok(&drawn(&visit, &owner, Tab::Check, Typed::default(), Mistakes::default()).await?)
}

/// A version's page under one of its tabs, with what was typed into one of its forms.
pub(super) async fn drawn(
    visit: &Visit,
    owner: &str,
    tab: Tab,
    typed: Typed,
    mistakes: Mistakes,
) -> Result<VersionPage, PortalError> {
    let query = visit.guest.query();
    let view = viewed(visit, owner, &query, &typed).await?;
    let f = Frame::of(visit);
    let next = match view.which {
        Which::Copy => Some(&view.layer.may.draft),
        Which::Draft => Some(&view.layer.may.countersign),
        Which::Pending => Some(&view.layer.may.withdraw),
        Which::InForce | Which::Number(_) => None,
    };
    let hindrance = match next {
        Some(verdict) => sentence::hindrance(&f, visit, Action::Administer, verdict).await,
        None => None,
    };
    let now = visit.office().now_ms();
    let shell = Shell::of(visit).await?;
    let mut page = VersionPage::of(f, shell, view, tab, now, query.has("show", "changed"));
    page.hindrance = hindrance;
    page.typed = typed;
    page.mistakes = mistakes;
    Ok(page)
}

/// The version that the address, or a form that is shown again, is about.
async fn viewed(
    visit: &Visit,
    owner: &str,
    query: &Fields,
    typed: &Typed,
) -> Result<PolicyView, PortalError> {
    let show = async |which| policies::show(visit.office(), &visit.officer, owner, which).await;
    let named = Which::from_code(query.one("version"));
    if let Some(which) = named.filter(|_| typed.is_none()) {
        return Ok(show(which).await?);
    }
    let in_force = show(Which::InForce).await?;
    let which = typed.about(&in_force.layer).unwrap_or_else(|| chosen(query, &in_force.layer));
    if which == Which::InForce { Ok(in_force) } else { Ok(show(which).await?) }
}

impl VersionPage {
    /// A page without anything typed.
    pub(crate) fn of(
        f: Frame,
        shell: Shell,
        view: PolicyView,
        tab: Tab,
        now: i64,
        changed_only: bool,
    ) -> Self {
        let naming = Naming { departments: view.departments.clone(), items: view.items.clone() };
        let head = Head { layer: view.layer.clone(), which: view.which, tab, comes: view.comes, now };
        let rows = ShownRow::all(&f, &naming, &view, changed_only);
        let forms = SignForm::all(&view);
        let (typed, mistakes) = (Typed::default(), Mistakes::default());
        Self { f, shell, head, view, naming, rows, changed_only, forms, hindrance: None, typed, mistakes }
    }

    fn diffs(&self) -> Vec<DiffEntry> {
        self.view.changes.iter().map(|change| DiffEntry::of(&self.f, &self.naming, change)).collect()
    }

    /// How many rows were added, changed, removed.
    fn counts(&self) -> (usize, usize, usize) {
        rows::counts(&self.view.changes)
    }

    /// Things found that do not keep the version from being signed.
    fn hints(&self) -> u64 {
        (self.view.findings.len() as u64).saturating_sub(self.view.errors)
    }

    /// Whether rows can be changed here.
    fn edits(&self) -> bool {
        self.head.layer.may.edit.is_open() && matches!(self.view.which, Which::Copy | Which::InForce)
    }

    /// Whether the rules shown are those to begin a change with.
    fn begins(&self) -> bool {
        self.edits() && (self.view.which == Which::Copy || self.head.layer.copy.is_none())
    }

    /// Why it was drafted, if that is told here.
    fn reason(&self) -> Option<String> {
        match &self.view.reason {
            ReasonView::None => None,
            ReasonView::Elsewhere => Some(self.f.t("policy-reason-elsewhere").to_string()),
            ReasonView::Text(text) => Some(text.clone()),
        }
    }

    /// The address of the same rules, all or those that differ.
    fn show_at(&self, changed: bool) -> String {
        let here = self.head.at(Tab::Rules);
        if changed { format!("{here}&show=changed") } else { here }
    }
}
