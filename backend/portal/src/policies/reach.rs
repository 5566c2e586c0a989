//! Who can reach one item at all, by which rules, and what a version that is to come would change about it.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::names::DepartmentRef;
use services::policies::{
    self, ChangeKind, EntryOffer, LayerView, Offers, ReachInput, ReachView, ReachedView, Which,
};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

use super::head::{Head, Tab};
use super::naming::Naming;
use super::studied;

/// Departments named of one way; the rest is counted.
const NAMED_MAX: usize = 6;

#[derive(Template)]
#[template(path = "policies/reach.html")]
pub(crate) struct ReachPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) head: Head,
    pub(crate) offers: Offers,
    pub(crate) input: ReachInput,
    pub(crate) naming: Naming,
    pub(crate) found: Option<ReachView>,
    pub(crate) mistakes: Mistakes,
}

/// `GET /policies/{owner}/reach?version=&entry=&item=`
pub(crate) async fn reach(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let owner = owner.into_inner();
    let query = visit.guest.query();
    let (layer, offers) = policies::reach_form(visit.office(), &visit.officer, &owner).await?;
    let which = studied(&query, &layer).unwrap_or(Which::InForce);
    let input = ReachInput { entry: query.text("entry"), item: query.text("item") };
    let (mut found, mut mistakes) = (None, Mistakes::default());
    if !input.item.is_empty() {
        let wanted = input.clone();
        let search = move |office, officer| async move {
            // A field that is wrong is an answer of its own here.
            Ok(policies::reach(&office, &officer, &owner, which, wanted).await)
        };
        match visit.heavy(search).await? {
            Ok(reach) => found = Some(reach),
            Err(error) => mistakes = Mistakes::from(&Frame::of(&visit), Some(&visit), error).await?,
        }
    }
    let now = visit.office().now_ms();
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    let page = ReachPage::of(f, shell, (layer, offers), which, input, found, now);
    let page = ReachPage { mistakes, ..page };
    if page.mistakes.any() { page::again(&page) } else { page::ok(&page) }
}

impl ReachPage {
    pub(crate) fn of(
        f: Frame,
        shell: Shell,
        (layer, offers): (LayerView, Offers),
        which: Which,
        input: ReachInput,
        found: Option<ReachView>,
        now: i64,
    ) -> Self {
        let naming = Naming {
            departments: offers.departments.iter().map(|one| (one.id.clone(), one.clone())).collect(),
            items: offers.items.iter().cloned().collect(),
        };
        let head = Head { layer, which, tab: Tab::Reach, comes: None, now };
        Self { f, shell, head, offers, input, naming, found, mistakes: Mistakes::default() }
    }

    /// The entry chosen; one of its items can be chosen then.
    fn entry(&self) -> Option<&EntryOffer> {
        self.offers.entries.iter().find(|entry| entry.code == self.input.entry)
    }

    /// Who has a way, the first few by name.
    fn who(&self, way: &ReachedView) -> String {
        let name = |one: &DepartmentRef| self.f.w(&one.name).to_owned();
        let mut names: Vec<String> = way.requesters.iter().take(NAMED_MAX).map(name).collect();
        let more = way.requesters.len().saturating_sub(NAMED_MAX);
        if more > 0 {
            names.push(self.f.t("reach-more").put("count", more).to_string());
        }
        names.join(&self.f.t("list-comma").to_string())
    }

    fn purposes(&self, way: &ReachedView) -> String {
        let names: Vec<String> = way.purposes.iter().map(|code| self.f.known("purpose", code)).collect();
        names.join(&self.f.t("list-comma").to_string())
    }

    /// The rules that open a way, each once.
    fn rules(&self, way: &ReachedView) -> Vec<String> {
        let mut rules: Vec<String> = Vec::new();
        for (_, layer, row) in &way.rows {
            let Some(row) = row else { continue };
            let rule = self
                .f
                .t("reach-rule")
                .put("layer", self.f.c("layer", layer.code()))
                .put("row", row)
                .to_string();
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        rules
    }

    /// Seconds it took, with one place.
    fn took(&self, reach: &ReachView) -> String {
        format!("{}.{}", reach.took_ms / 1000, reach.took_ms % 1000 / 100)
    }

    /// What the version looked at changes about a way, with the class of its tag and of its line.
    fn change(&self, way: &ReachedView) -> Option<(String, &'static str, &'static str)> {
        let (key, tag, line) = match way.change? {
            ChangeKind::Added => ("reach-opened", "warn", "rule-new"),
            ChangeKind::Removed => ("reach-closed", "info", "rule-del"),
            ChangeKind::Changed => return None,
        };
        Some((self.f.t(key).to_string(), tag, line))
    }
}
