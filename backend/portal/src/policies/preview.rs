//! What would have come of the latest real decisions under a version that is to come. It takes seconds: made
//! under the bound of heavy pages, and given up when the browser leaves.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use services::Verdict;
use services::policies::{self, LayerView, PreviewInput, PreviewView, SaidView, Turn, TurnedView, Which};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

use super::head::{Head, Tab};
use super::naming::Naming;
use super::studied;

/// How many of the latest decisions can be chosen.
const COUNTS: [u64; 4] = [100, 1_000, 10_000, 100_000];
/// What is chosen at first.
const COUNT_FIRST: u64 = 1_000;
/// Turned decisions shown of each kind; the figures count all.
const SHOWN_MAX: usize = 50;

#[derive(Template)]
#[template(path = "policies/preview.html")]
pub(crate) struct PreviewPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) head: Head,
    /// The version previewed; none where nothing is to come.
    pub(crate) which: Option<Which>,
    pub(crate) count: u64,
    pub(crate) made: Option<Made>,
    pub(crate) mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "policies/_made.html")]
pub(crate) struct MadePart {
    pub(crate) f: Frame,
    pub(crate) made: Option<Made>,
}

/// A preview, ready to be drawn.
pub(crate) struct Made {
    pub(crate) view: PreviewView,
    naming: Naming,
}

/// Which of the turned decisions a table shows.
pub(crate) struct Group {
    /// `looser` or `stricter`.
    pub(crate) code: &'static str,
    pub(crate) total: u64,
    pub(crate) rows: Vec<TurnedView>,
}

/// `GET /policies/{owner}/preview?version=&count=`: without a count only the form.
pub(crate) async fn preview(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let owner = owner.into_inner();
    let query = visit.guest.query();
    let layer = layer_of(&visit, &owner).await?;
    let which = studied(&query, &layer);
    let asked: Option<u64> = query.one("count").parse().ok();
    let (mut made, mut mistakes) = (None, Mistakes::default());
    if let (Some(which), Some(decisions)) = (which, asked) {
        let input = PreviewInput { which, decisions };
        let judge = move |office, officer| async move {
            // A version that cannot be judged by is an answer of its own here.
            Ok(policies::preview(&office, &officer, &owner, input).await)
        };
        match visit.heavy_while_awaited(judge).await? {
            Ok(view) => made = Some(Made::of(view)),
            Err(error) => mistakes = Mistakes::from(&Frame::of(&visit), Some(&visit), error).await?,
        }
    }
    let f = Frame::of(&visit);
    if visit.guest.partial && !mistakes.any() {
        return page::ok(&MadePart { f, made });
    }
    let count = asked.unwrap_or(COUNT_FIRST);
    let now = visit.office().now_ms();
    let page = PreviewPage::of(f, Shell::of(&visit).await?, layer, which, count, made, now);
    let page = PreviewPage { mistakes, ..page };
    if page.mistakes.any() { page::again(&page) } else { page::ok(&page) }
}

/// The layer, for who may study what is to come.
async fn layer_of(visit: &Visit, owner: &str) -> Result<LayerView, PortalError> {
    let layers = policies::list(visit.office(), &visit.officer).await?;
    let layer = layers.into_iter().find(|one| one.layer.owner == owner).ok_or(PortalError::NotFound)?;
    match layer.may.study {
        Verdict::Refused(code) => Err(PortalError::Refused(code)),
        Verdict::Open | Verdict::Denied(_) => Ok(layer),
    }
}

impl PreviewPage {
    pub(crate) fn of(
        f: Frame,
        shell: Shell,
        layer: LayerView,
        which: Option<Which>,
        count: u64,
        made: Option<Made>,
        now: i64,
    ) -> Self {
        let head =
            Head { layer, which: which.unwrap_or(Which::InForce), tab: Tab::Preview, comes: None, now };
        Self { f, shell, head, which, count, made, mistakes: Mistakes::default() }
    }

    /// What can be chosen.
    const fn counts() -> &'static [u64] {
        COUNTS.as_slice()
    }
}

impl Made {
    pub(crate) fn of(view: PreviewView) -> Self {
        let naming = Naming { departments: BTreeMap::default(), items: view.items.clone() };
        Self { view, naming }
    }

    /// How many of all that were judged, as a share.
    pub(crate) fn share(&self, part: &u64) -> String {
        let per_ten_thousand = part.saturating_mul(10_000) / self.view.found.judged.max(1);
        format!("{}.{:02}%", per_ten_thousand / 100, per_ten_thousand % 100)
    }

    pub(crate) fn stricter(&self) -> u64 {
        self.view.found.turns.saturating_sub(self.view.found.loosened)
    }

    /// How many turn in one way.
    pub(crate) fn of_turn(&self, turn: Turn) -> u64 {
        self.view.found.by_turn.iter().filter(|(found, _)| *found == turn).map(|(_, count)| *count).sum()
    }

    /// The turned decisions: what lets more pass first, since that is to be looked at one by one.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let group = |code, total, is_loosening: bool| Group {
            code,
            total,
            rows: self
                .view
                .found
                .turned
                .iter()
                .filter(|turned| turned.turn.is_loosening() == is_loosening)
                .take(SHOWN_MAX)
                .cloned()
                .collect(),
        };
        let groups =
            [group("looser", self.view.found.loosened, true), group("stricter", self.stricter(), false)];
        groups.into_iter().filter(|group| group.total > 0).collect()
    }

    /// What the rules said, in short, with the class of its tag and its icon.
    pub(crate) fn said(&self, f: &Frame, said: &SaidView) -> (String, &'static str, &'static str) {
        if !said.allow {
            return (f.t("rule-deny").to_string(), "bad", "x");
        }
        if said.duties.iter().any(|duty| duty.kind == "verify-only") {
            return (f.t("said-verify-only").to_string(), "info", "info-circle");
        }
        if said.duties.iter().any(|duty| matches!(duty.kind.as_str(), "mask" | "drop")) {
            return (f.t("said-masked").to_string(), "info", "eye-off");
        }
        (f.t("rule-allow").to_string(), "ok", "check")
    }

    /// What one answer demands and the other does not: what makes two answers of the same word differ.
    pub(crate) fn difference(&self, f: &Frame, turned: &TurnedView) -> Vec<String> {
        let only = |here: &SaidView, there: &SaidView, key: &str| {
            let new = here.duties.iter().filter(|duty| !there.duties.contains(duty));
            new.map(|duty| f.t(key).put("duty", self.naming.duty(f, duty)).to_string()).collect::<Vec<_>>()
        };
        if !(turned.before.allow && turned.after.allow) {
            return Vec::new();
        }
        let mut said = only(&turned.after, &turned.before, "preview-now-demanded");
        said.extend(only(&turned.before, &turned.after, "preview-no-longer"));
        said
    }

    /// The rule that makes a difference.
    pub(crate) fn rule(&self, f: &Frame, turned: &TurnedView) -> (String, String) {
        let layer = turned.layer.map(|layer| f.c("layer", layer.code()).to_string()).unwrap_or_default();
        (turned.row.clone().unwrap_or_else(|| f.t("preview-nobody").to_string()), layer)
    }

    /// The names of the items asked about.
    pub(crate) fn items(&self, f: &Frame, turned: &TurnedView) -> String {
        let names: Vec<String> = turned.items.iter().map(|item| self.naming.item_name(f, item)).collect();
        names.join(&f.t("list-comma").to_string())
    }

    /// Seconds it took, with one place.
    pub(crate) fn took(&self) -> String {
        format!("{}.{}", self.view.found.took_ms / 1000, self.view.found.took_ms % 1000 / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::policy_views;

    #[test]
    fn what_lets_more_pass_stands_first_and_shares_are_of_what_was_judged() {
        let made = Made::of(policy_views::preview());
        let groups = made.groups();
        assert_eq!(groups.first().map(|group| group.code), Some("looser"));
        assert!(groups.iter().all(|group| {
            group.rows.iter().all(|turned| turned.turn.is_loosening() == (group.code == "looser"))
        }));
        assert_eq!(made.stricter() + made.view.found.loosened, made.view.found.turns);
        assert_eq!(made.share(&14), "0.14%");
    }
}
