//! Sharing policies: the layers, and what each of them says, would say, and said. One file for each kind of
//! page. What an officer may do is decided below; a page offers what its view says.
//!
//! Where a page is about a version, its address names it (`?version=`, see [`Which`]).

mod head;
mod history;
mod naming;
mod preview;
mod reach;
mod row;
mod rows;
mod sign;
mod trial;
mod version;

use actix_web::HttpResponse;
use askama::Template;
use services::policies::{self, LayerView, RuleColumn, Which};

use crate::address;
use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

pub(crate) use head::{StepState, Tab, owner};
pub(crate) use history::{file, history};
pub(crate) use naming::{EVERYTHING, effect_class};
pub(crate) use preview::preview;
pub(crate) use reach::reach;
pub(crate) use row::{import, import_form, place as row_place, remove, row_form, save};
pub(crate) use rows::{change_class, finding, line_wrong};
pub(crate) use sign::{begin, countersign, discard, draft, keep, withdraw};
pub(crate) use trial::trial;
pub(crate) use version::{check, diff, rules};

#[cfg(test)]
pub(crate) use self::{
    history::HistoryPage,
    preview::{Made, PreviewPage},
    reach::ReachPage,
    row::{ImportPage, RowPage},
    trial::TrialPage,
    version::VersionPage,
};

const PATH: &str = "/policies";

#[derive(Template)]
#[template(path = "policies/index.html")]
pub(crate) struct ListPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) layers: Vec<LayerView>,
}

/// `GET /policies`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let layers = policies::list(visit.office(), &visit.officer).await?;
    page::ok(&ListPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, layers })
}

impl ListPage {
    /// What the officer may do with a layer beside looking at it.
    fn may(&self, layer: &LayerView) -> String {
        let may = &layer.may;
        let acts = [
            (may.edit.is_open(), "policy-do-edit"),
            (may.draft.is_open(), "policy-do-draft"),
            (may.countersign.is_open(), "policy-do-countersign"),
            (may.withdraw.is_open(), "policy-do-withdraw"),
        ];
        let open: Vec<String> = acts
            .into_iter()
            .filter(|(is_open, _)| *is_open)
            .map(|(_, key)| self.f.t(key).to_string())
            .collect();
        if open.is_empty() {
            self.f.t("policy-may-read").to_string()
        } else {
            open.join(&self.f.t("list-comma").to_string())
        }
    }
}

/// A row's name as the address of its form has it.
pub(crate) fn row_query(id: &str) -> String {
    address::pair("row", id)
}

/// The version that an address names; without one, the one that is furthest from being in force, since
/// that is where there is something to do.
fn chosen(query: &Fields, layer: &LayerView) -> Which {
    Which::from_code(query.one("version")).unwrap_or(match layer {
        LayerView { copy: Some(_), .. } => Which::Copy,
        LayerView { draft: Some(_), .. } => Which::Draft,
        LayerView { pending: Some(_), .. } => Which::Pending,
        LayerView { .. } => Which::InForce,
    })
}

/// The version whose consequences are looked at: one that is not in force yet, if there is any.
fn studied(query: &Fields, layer: &LayerView) -> Option<Which> {
    match chosen(query, layer) {
        which @ (Which::Copy | Which::Draft | Which::Pending) => Some(which),
        Which::InForce | Which::Number(_) => None,
    }
}

/// The name of a field of one of the forms, for its mistakes: cells are called as their columns.
pub(crate) fn field_name(f: &Frame, field: &str) -> String {
    let column = match field {
        "grade_max" => Some(RuleColumn::Grade),
        "assurance_min" => Some(RuleColumn::Assurance),
        other => RuleColumn::from_code(&other.replace('_', "-")),
    };
    column.map_or_else(|| f.c("field", field).to_string(), |column| f.c("column", column.code()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn::frame;
    use crate::language::Language;

    #[test]
    fn a_cell_with_a_mistake_is_called_as_its_column() {
        let f = frame(Language::English, "/policies");
        for cell in
            ["id", "role", "requester", "provider", "items", "sensitivity", "action", "purpose", "hours"]
        {
            assert_eq!(field_name(&f, cell), f.c("column", cell).to_string());
        }
        let called =
            ["entry_class", "grade_max", "assurance_min", "reason"].map(|field| field_name(&f, field));
        assert_eq!(called, ["Class of entry", "Grade of the data", "Sign-in", "Reason"]);
    }
}
