//! The simulator: one question, judged by what is in force and by what is to come, every rule tried. By the
//! door's own code; nothing goes on the chain, no data are read.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::policies::{
    self, Effect, EntryOffer, ExplainedView, LayerTriedView, RowTriedView, TriedOut, TryOutForm, TryOutInput,
    Which,
};

use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

use super::head::{Head, Tab};
use super::naming::Naming;
use super::studied;

#[derive(Template)]
#[template(path = "policies/trial.html")]
pub(crate) struct TrialPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) head: Head,
    pub(crate) form: TryOutForm,
    pub(crate) naming: Naming,
    pub(crate) tried: Option<TriedOut>,
    pub(crate) mistakes: Mistakes,
}

/// `GET /policies/{owner}/try?version=&requester=&entry=&items=&action=&…`: a question stands in the address, so
/// that it can be asked again. It names no person.
pub(crate) async fn trial(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let (office, officer) = (visit.office(), &visit.officer);
    let query = visit.guest.query();
    let mut form = policies::try_out_form(office, officer, &owner, Which::InForce).await?;
    let which = studied(&query, &form.layer).unwrap_or(Which::InForce);
    let mut mistakes = Mistakes::default();
    let mut tried = None;
    if query.some("action").is_some() {
        form.input = input_of(&query);
        match policies::try_out(office, officer, &owner, which, form.input.clone()).await {
            Ok(answer) => tried = Some(answer),
            Err(error) => mistakes = Mistakes::from(&Frame::of(&visit), Some(&visit), error).await?,
        }
    }
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    let page = TrialPage::of(f, shell, form, which, tried, office.now_ms(), mistakes);
    if page.mistakes.any() { page::again(&page) } else { page::ok(&page) }
}

fn input_of(fields: &Fields) -> TryOutInput {
    let text = |name: &str| fields.text(name);
    TryOutInput {
        requester: text("requester"),
        entry: text("entry"),
        items: fields.all("items"),
        action: text("action"),
        purpose: text("purpose"),
        role: text("role"),
        clearance: text("clearance"),
        assurance: text("assurance"),
        zone: text("zone"),
        at: text("at"),
        grant_live: fields.has("grant_live", "yes"),
    }
}

impl TrialPage {
    pub(crate) fn of(
        f: Frame,
        shell: Shell,
        form: TryOutForm,
        which: Which,
        tried: Option<TriedOut>,
        now: i64,
        mistakes: Mistakes,
    ) -> Self {
        let offers = &form.offers;
        let naming = Naming {
            departments: offers.departments.iter().map(|one| (one.id.clone(), one.clone())).collect(),
            items: offers.items.iter().cloned().collect(),
        };
        let head = Head { layer: form.layer.clone(), which, tab: Tab::Try, comes: None, now };
        Self { f, shell, head, form, naming, tried, mistakes }
    }

    /// The entry chosen; its items can be ticked.
    fn entry(&self) -> Option<&EntryOffer> {
        self.form.offers.entries.iter().find(|entry| entry.code == self.form.input.entry)
    }

    fn asks(&self, item: &str) -> bool {
        self.form.input.items.iter().any(|asked| asked == item)
    }

    /// The answer in short, with the icon and class of its words.
    fn answer(&self, explained: &ExplainedView) -> (String, &'static str, &'static str) {
        if explained.said.allow {
            (self.f.t("try-allowed").to_string(), "check", "oktext")
        } else {
            (self.f.t("try-denied").to_string(), "x", "badtext")
        }
    }

    /// What made it so.
    fn by(&self, explained: &ExplainedView) -> String {
        let said = &explained.said;
        let layer =
            said.denied_by.map(|layer| self.f.c("layer", layer.code()).to_string()).unwrap_or_default();
        match (&said.denied_row, said.denied_by) {
            (Some(row), _) => self.f.t("try-by").put("layer", layer).put("row", row).to_string(),
            (None, Some(_)) => self.f.t("try-by-nobody").put("layer", layer).to_string(),
            (None, None) => {
                let rows = explained.layers.iter().filter_map(|layer| layer.decided.as_deref());
                let rows: Vec<&str> = rows.collect();
                let rows = rows.join(&self.f.t("list-comma").to_string());
                self.f.t("try-by-rows").put("rows", rows).to_string()
            }
        }
    }

    /// The name of the version beside the one in force.
    fn other(&self) -> String {
        let number = self.head.version().map(|version| version.number.to_string()).unwrap_or_default();
        let key = match self.head.which {
            Which::Draft => "try-other-draft",
            Which::Pending => "try-other-pending",
            Which::Copy | Which::InForce | Which::Number(_) => "try-other-copy",
        };
        self.f.t(key).put("number", number).to_string()
    }

    /// The versions in order, each with the key of its heading.
    fn courses(&self, tried: &TriedOut) -> Vec<(&'static str, ExplainedView)> {
        let other = tried.draft.clone().map(|draft| ("try-course-other", draft));
        other.into_iter().chain([("try-course-in-force", tried.in_force.clone())]).collect()
    }

    /// How a row stands to the question.
    fn stands(&self, row: &RowTriedView) -> String {
        if row.decided {
            return self.f.t("try-hit").put("effect", self.f.c("rule", row.effect.code())).to_string();
        }
        if row.misses.is_empty() {
            return self.f.t("try-hit-unused").to_string();
        }
        let why: Vec<String> =
            row.misses.iter().map(|column| self.f.c("miss", column.code()).to_string()).collect();
        let why = why.join(&self.f.t("list-comma").to_string());
        self.f.t("try-miss").put("why", why).to_string()
    }

    /// Icon of how a row stands to the question, and the class of its line.
    fn mark(&self, row: &RowTriedView) -> (&'static str, &'static str) {
        match (row.decided, row.effect) {
            (true, Effect::Allow) => ("check", "hit"),
            (true, Effect::Deny) => ("x", "hit"),
            (false, _) => ("minus", "skip-r"),
        }
    }

    /// The rows of a layer: what decided and what spoke first, then the rest.
    fn rows(&self, layer: &LayerTriedView) -> Vec<RowTriedView> {
        let mut rows = layer.rows.clone();
        rows.sort_by_key(|row| (!row.decided, row.misses.len()));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_from_its_address() {
        let fields = Fields::read(
            b"version=copy&requester=12440100X00000254F&entry=307001%2F000001&items=ZJHM&items=GRZH&action=ask\
              &purpose=01&role=BIZ_USER&clearance=4&assurance=ukey&at=2026-11-20T14:00&grant_live=yes",
        )
        .unwrap();
        let input = input_of(&fields);
        assert_eq!((input.entry.as_str(), input.items.len()), ("307001/000001", 2));
        assert_eq!((input.at.as_str(), input.grant_live), ("2026-11-20T14:00", true));
        assert!(!input_of(&Fields::read(b"action=ask&grant_live=no").unwrap()).grant_live);
    }
}
