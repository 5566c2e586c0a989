//! Receipts: the own department's list, one record with its checks and proof, its evidence file.

use actix_web::http::header::{CONTENT_DISPOSITION, HeaderName};
use actix_web::{HttpResponse, web};
use askama::Template;
use services::names::DepartmentRef;
use services::names::Side;
use services::receipts;
use services::receipts::{CheckView, FactKey, RecordRow, RecordView};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::number;
use crate::page;
use crate::pager::Pager;
use crate::proof_path::Drawing;
use crate::shell::Shell;
use crate::visit::Visit;

const PATH: &str = "/receipts";
const BINARY: &str = "application/octet-stream";
/// SM3 of the downloaded file, for programs that fetch it.
const DIGEST: HeaderName = HeaderName::from_static("x-content-sm3");

#[derive(Template)]
#[template(path = "receipts/index.html")]
pub(crate) struct ListPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) side: Side,
    pub(crate) rows: Vec<RecordRow>,
    pub(crate) pager: Pager,
}

#[derive(Template)]
#[template(path = "receipts/show.html")]
pub(crate) struct RecordPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: RecordView,
    pub(crate) drawing: Drawing,
}

/// `GET /receipts?side=`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let query = visit.guest.query();
    let side = Side::from_code(query.one("side")).unwrap_or_default();
    let found = receipts::list(visit.office(), &visit.officer, side, query.page()).await?;
    let pager = Pager::of(&found, &query, PATH);
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    page::ok(&ListPage { f, shell, side, rows: found.rows, pager })
}

/// `GET /receipts/{id}`
pub(crate) async fn show(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let show = |office, officer| async move { receipts::show(&office, &officer, &id).await };
    let view = visit.heavy(show).await?;
    let drawing = Drawing::of(&view.proof, &view.certificate);
    page::ok(&RecordPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, view, drawing })
}

/// `GET /receipts/{id}/evidence`
pub(crate) async fn evidence(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, PortalError> {
    let evidence = |office, officer| async move { receipts::evidence(&office, &officer, &id).await };
    let file = visit.heavy(evidence).await?;
    // The name is made of digits, letters, dashes and a dot; others would not belong into a header.
    let name: String =
        file.name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-.".contains(*letter)).collect();
    Ok(HttpResponse::Ok()
        .content_type(BINARY)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((DIGEST, file.digest))
        .body(file.bytes))
}

impl RecordPage {
    /// Number of a check in the list, from 1; 0 if it is not there.
    fn no(&self, code: &str) -> usize {
        self.view.checks.iter().position(|check| check.code.code() == code).map_or(0, |place| place + 1)
    }

    fn check(&self, code: &str) -> Option<&CheckView> {
        self.view.checks.iter().find(|check| check.code.code() == code)
    }

    fn passed(&self, code: &str) -> bool {
        self.check(code).is_some_and(|check| check.passed == Some(true))
    }

    fn failed(&self) -> Vec<&CheckView> {
        self.view.checks.iter().filter(|check| check.passed == Some(false)).collect()
    }

    fn entry_name(&self) -> String {
        let known = self.view.row.entry.as_ref();
        known.map_or_else(|| self.f.t("entry-unknown").to_string(), |entry| self.f.w(&entry.name).to_owned())
    }

    fn purpose(&self) -> String {
        let known = self.view.purpose.as_deref();
        known.map_or_else(|| self.f.t("dash").to_string(), |code| self.f.c("purpose", code).to_string())
    }

    /// Why it was denied, as far as the chain knows.
    fn denial(&self) -> String {
        let class = self.view.row.class;
        class.map_or_else(
            || self.f.t("dash").to_string(),
            |class| self.f.c("denial", class.code()).to_string(),
        )
    }

    /// The value of a fact: codes have texts, digests are cut, the rest stays.
    fn fact(&self, key: &FactKey, value: &str) -> String {
        match key {
            FactKey::Outcome => self.f.c("delivery", value).to_string(),
            FactKey::Reason => self.f.c("fact-reason", value).to_string(),
            FactKey::FailedStep => value.to_owned(),
            FactKey::Department if value == self.view.row.requester.id => {
                self.party(&self.view.row.requester)
            }
            FactKey::Department if value == self.view.row.provider.id => self.party(&self.view.row.provider),
            _ if is_digest(value) => number::short(value),
            _ => value.to_owned(),
        }
    }

    /// A department by name, with the code that stands in the record.
    fn party(&self, department: &DepartmentRef) -> String {
        format!("{} ({})", self.f.w(&department.name), department.id)
    }

    /// The record's address as text, for print.
    fn address(&self) -> String {
        format!("{}{PATH}/{}", self.f.base, self.view.row.id)
    }

    fn passed_count(&self) -> usize {
        self.view.checks.iter().filter(|check| check.passed == Some(true)).count()
    }

    fn made_count(&self) -> usize {
        self.view.checks.iter().filter(|check| check.passed.is_some()).count()
    }
}

/// Microseconds as milliseconds with two places.
pub(crate) fn millis(micros: &u64) -> String {
    format!("{}.{:02}", micros / 1000, micros % 1000 / 10)
}

/// A fact of a check: digests and keys are long hexadecimal texts.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
