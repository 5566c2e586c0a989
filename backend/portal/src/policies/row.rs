//! The working copy of a layer's next version: the form of one rule, taking one out, and a whole table brought
//! in. Nothing here goes on the chain.

use actix_web::{HttpResponse, web};
use askama::Template;
use services::policies::{self, Effect, Imported, LineWrong, RowCells, RowForm, RowInput, RuleColumn, Which};

use crate::address;
use crate::error::PortalError;
use crate::form::Fields;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

use super::PATH;
use super::head::{Head, Tab};
use super::naming::{EVERYTHING, Naming};

#[derive(Template)]
#[template(path = "policies/row.html")]
pub(crate) struct RowPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) head: Head,
    pub(crate) form: RowForm,
    pub(crate) naming: Naming,
    pub(crate) mistakes: Mistakes,
}

#[derive(Template)]
#[template(path = "policies/import.html")]
pub(crate) struct ImportPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) head: Head,
    pub(crate) text: String,
    pub(crate) wrong: Vec<LineWrong>,
    pub(crate) mistakes: Mistakes,
}

/// One box of a list of codes.
pub(crate) struct Tick {
    pub(crate) code: String,
    pub(crate) label: String,
    pub(crate) ticked: bool,
}

/// A word that a cell takes, with its meaning.
pub(crate) struct Word {
    pub(crate) code: String,
    pub(crate) meaning: String,
}

/// `GET /policies/{owner}/row?row=`
pub(crate) async fn row_form(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let was = visit.guest.query().text("row");
    let unsent = visit.unsent(&place(&owner, &was));
    let is_unsent = unsent.is_some();
    let typed = unsent.map(|(_, fields)| input_of(&fields));
    let mut drawn = drawn(&visit, &owner, &was, typed, Mistakes::default()).await?;
    drawn.f.unsent = is_unsent;
    page::ok(&drawn)
}

/// Where the form of a rule stands.
pub(crate) fn place(owner: &str, was: &str) -> String {
    format!("{PATH}/{owner}/row?{}", address::pair("row", was))
}

/// `POST /policies/{owner}/row`
pub(crate) async fn save(
    visit: Visit,
    owner: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let input = input_of(&sent.0);
    let saved = policies::put_row(visit.office(), &visit.officer, &owner, input.clone()).await;
    let again = async |mistakes| {
        let was = input.was.clone();
        drawn(&visit, &owner, &was, Some(input), mistakes).await
    };
    page::answer(&visit, saved, |_| copy_at(&owner), again).await
}

/// `POST /policies/{owner}/row/remove`
pub(crate) async fn remove(
    visit: Visit,
    owner: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let (stamp, row) = (sent.0.text("stamp"), sent.0.text("was"));
    let removed = policies::remove_row(visit.office(), &visit.officer, &owner, &stamp, &row).await;
    let again = async |mistakes| drawn(&visit, &owner, &row, None, mistakes).await;
    page::answer(&visit, removed, |_| copy_at(&owner), again).await
}

fn copy_at(owner: &str) -> String {
    format!("{PATH}/{owner}?{}", address::pair("version", &Which::Copy.code()))
}

async fn drawn(
    visit: &Visit,
    owner: &str,
    was: &str,
    typed: Option<RowInput>,
    mistakes: Mistakes,
) -> Result<RowPage, PortalError> {
    let was = Some(was).filter(|was| !was.is_empty());
    let mut form = policies::row_form(visit.office(), &visit.officer, owner, was).await?;
    if let Some(typed) = typed {
        form.cells = typed.cells;
    }
    let (f, shell) = (Frame::of(visit), Shell::of(visit).await?);
    Ok(RowPage::of(f, shell, form, visit.office().now_ms(), mistakes))
}

fn input_of(fields: &Fields) -> RowInput {
    let text = |name: &str| fields.text(name);
    let list = |name: &str| listed(&fields.all(name));
    RowInput {
        stamp: text("stamp"),
        was: text("was"),
        cells: RowCells {
            id: text("id"),
            role: list("role"),
            requester: text("requester"),
            provider: text("provider"),
            entry_class: text("entry_class"),
            items: text("items"),
            sensitivity: list("sensitivity"),
            grade_max: text("grade_max"),
            action: list("action"),
            purpose: list("purpose"),
            assurance_min: text("assurance_min"),
            hours: text("hours"),
            zones: text("zones"),
            obligations: text("obligations"),
            effect: text("effect"),
        },
    }
}

/// Ticked boxes as a cell: the box of everything holds all others.
fn listed(codes: &[String]) -> String {
    if codes.iter().any(|code| code == EVERYTHING) { EVERYTHING.to_owned() } else { codes.join(",") }
}

/// `GET /policies/{owner}/import`
pub(crate) async fn import_form(visit: Visit, owner: web::Path<String>) -> Result<HttpResponse, PortalError> {
    page::ok(&import_page(&visit, &owner, String::new(), Vec::new(), Mistakes::default()).await?)
}

/// `POST /policies/{owner}/import`
pub(crate) async fn import(
    visit: Visit,
    owner: web::Path<String>,
    sent: Sent,
) -> Result<HttpResponse, PortalError> {
    let (stamp, text) = (sent.0.text("stamp"), sent.0.raw("rows").to_owned());
    let taken = policies::import(visit.office(), &visit.officer, &owner, &stamp, text.as_bytes()).await;
    match taken {
        Ok(Imported::Taken(_)) => Ok(page::to(&copy_at(&owner))),
        Ok(Imported::Wrong(wrong)) => {
            page::again(&import_page(&visit, &owner, text, wrong, Mistakes::default()).await?)
        }
        Err(error) => {
            let mistakes = Mistakes::from(&Frame::of(&visit), Some(&visit), error).await?;
            page::again(&import_page(&visit, &owner, text, Vec::new(), mistakes).await?)
        }
    }
}

async fn import_page(
    visit: &Visit,
    owner: &str,
    text: String,
    wrong: Vec<LineWrong>,
    mistakes: Mistakes,
) -> Result<ImportPage, PortalError> {
    // Whoever may not change rules is told so before the form, not after it.
    let layer = policies::row_form(visit.office(), &visit.officer, owner, None).await?.layer;
    let head = Head { layer, which: Which::Copy, tab: Tab::Rules, comes: None, now: visit.office().now_ms() };
    Ok(ImportPage { f: Frame::of(visit), shell: Shell::of(visit).await?, head, text, wrong, mistakes })
}

impl ImportPage {
    /// Of the working copy that the table takes the place of.
    fn stamp(&self) -> &str {
        self.head.layer.copy.as_ref().map_or("", |copy| copy.stamp.as_str())
    }
}

impl RowPage {
    pub(crate) fn of(f: Frame, shell: Shell, form: RowForm, now: i64, mistakes: Mistakes) -> Self {
        let offers = &form.offers;
        let naming = Naming {
            departments: offers.departments.iter().map(|one| (one.id.clone(), one.clone())).collect(),
            items: offers.items.iter().cloned().collect(),
        };
        let head = Head { layer: form.layer.clone(), which: Which::Copy, tab: Tab::Rules, comes: None, now };
        Self { f, shell, head, form, naming, mistakes }
    }

    /// The boxes of a column whose codes are a closed set. A code that is none of them stays.
    fn boxes(&self, column: &RuleColumn) -> Vec<Tick> {
        let (cells, offers) = (&self.form.cells, &self.form.offers);
        let (cell, mut codes): (&str, Vec<String>) = match column {
            RuleColumn::Role => (&cells.role, offers.roles.iter().map(|role| role.code().into()).collect()),
            RuleColumn::Action => {
                (&cells.action, offers.actions.iter().map(|action| action.code().into()).collect())
            }
            RuleColumn::Purpose => (&cells.purpose, offers.purposes.clone()),
            _ => (&cells.sensitivity, (0..=3).map(|level: u8| level.to_string()).collect()),
        };
        let typed: Vec<&str> = cell.split(',').filter(|code| !code.is_empty()).collect();
        codes.insert(0, EVERYTHING.to_owned());
        let unknown: Vec<String> = typed
            .iter()
            .filter(|code| !codes.iter().any(|known| known == *code))
            .map(|code| (*code).into())
            .collect();
        codes.extend(unknown);
        codes
            .into_iter()
            .map(|code| Tick {
                label: self.naming.cell(&self.f, *column, &code),
                ticked: typed.contains(&code.as_str()),
                code,
            })
            .collect()
    }

    /// What the columns take that are written by hand, column by column.
    fn words(&self) -> Vec<(RuleColumn, Vec<Word>)> {
        let offers = &self.form.offers;
        let words = |column: RuleColumn, codes: Vec<String>| {
            let word = |code: String| Word { meaning: self.naming.code(&self.f, column, &code), code };
            (column, codes.into_iter().map(word).collect::<Vec<Word>>())
        };
        let departments = || offers.departments.iter().map(|one| one.id.clone());
        let shares = services::codes::ShareType::ALL.iter().map(|share| format!("share:{}", share.code()));
        let duties = [
            "mask",
            "drop",
            "clear",
            "receipt:each",
            "verify-only",
            "limit:20",
            "watermark",
            "second-person",
        ];
        let explained = duties.iter().map(|duty| Word {
            code: match *duty {
                "mask" => "mask:ZJHM=MK-ID".to_owned(),
                "drop" | "clear" => format!("{duty}:ZJHM"),
                whole => whole.to_owned(),
            },
            meaning: self.f.c("word", duty.split(':').next().unwrap_or_default()).to_string(),
        });
        vec![
            words(
                RuleColumn::Requester,
                std::iter::once("inspectorate".to_owned()).chain(departments()).collect(),
            ),
            words(RuleColumn::EntryClass, offers.classes.iter().cloned().chain(shares).collect()),
            words(RuleColumn::Items, offers.items.iter().map(|(code, _)| code.clone()).collect()),
            words(RuleColumn::Zones, offers.zones.clone()),
            (RuleColumn::Obligations, explained.collect()),
        ]
    }

    /// Masks that a duty may name.
    fn masks(&self) -> Vec<Word> {
        let masks = services::codes::MaskRule::ALL.iter();
        masks
            .map(|mask| Word {
                code: mask.code().to_owned(),
                meaning: self.f.c("mask", mask.code()).to_string(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticked_boxes_become_cells_and_everything_holds_all() {
        let fields = Fields::read(
            b"stamp=7&was=a&id=+dep-a+&role=BIZ_USER&role=REQ_OPERATOR&action=*&action=ask&sensitivity=&\
              requester=*&items=ZJHM,GRZH&grade_max=3&effect=allow",
        )
        .unwrap();
        let input = input_of(&fields);
        assert_eq!((input.stamp.as_str(), input.was.as_str()), ("7", "a"));
        let cells = input.cells;
        assert_eq!((cells.id.as_str(), cells.role.as_str()), ("dep-a", "BIZ_USER,REQ_OPERATOR"));
        assert_eq!((cells.action.as_str(), cells.sensitivity.as_str()), ("*", ""));
        assert_eq!((cells.items.as_str(), cells.purpose.as_str()), ("ZJHM,GRZH", ""));
    }
}
