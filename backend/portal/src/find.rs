//! The search field of the top bar: a number leads to what it names, anything else to the catalogue
//! if a published entry knows it.
//!
//! It is a form and not an address, so that nothing typed here by mistake stays in a browser's
//! history: only what stands in the catalogue goes into an address, never a person's name or number.

use actix_web::HttpResponse;
use askama::Template;
use services::find::{self, Thing};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};
use crate::{address, catalogue, page, queries};

#[derive(Template)]
#[template(path = "find/index.html")]
pub(crate) struct NothingPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
}

/// `POST /find`
pub(crate) async fn find(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let typed = sent.0.one("q");
    match find::find(visit.office(), &visit.officer, typed).await? {
        Some(Thing::Case(case_no)) => queries::of_case(&visit, case_no).await,
        Some(thing) => Ok(page::to(&place(&thing))),
        None if catalogue::knows(&visit, typed).await? => {
            Ok(page::to(&format!("/catalogue?{}", address::pair("q", typed))))
        }
        None => page::ok(&NothingPage { f: Frame::of(&visit), shell: Shell::of(&visit).await? }),
    }
}

fn place(thing: &Thing) -> String {
    match thing {
        Thing::Request(id) => format!("/requests/{id}"),
        Thing::Grant(id) => format!("/grants/{id}"),
        Thing::Receipt(id) => format!("/receipts/{id}"),
        Thing::Inspection(id) => format!("/inspections/{id}"),
        Thing::Transaction(id) => format!("/chain/tx/{id}"),
        Thing::Block(height) => format!("/chain/blocks/{height}"),
        // Shown without an address.
        Thing::Case(_) => String::from("/queries"),
    }
}
