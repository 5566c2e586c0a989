//! The officer's own account: who one is, in which role one works.

use actix_web::HttpResponse;
use askama::Template;
use services::codes::Role;
use services::staff;

use crate::error::PortalError;
use crate::frame::Frame;
use crate::page;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

#[derive(Template)]
#[template(path = "account/index.html")]
pub(crate) struct AccountPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) account: String,
    pub(crate) session_ends_at: i64,
}

/// `GET /account`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, PortalError> {
    let (f, shell) = (Frame::of(&visit), Shell::of(&visit).await?);
    let officer = &visit.officer;
    page::ok(&AccountPage {
        f,
        shell,
        account: officer.account().to_owned(),
        session_ends_at: officer.session_ends_at(),
    })
}

/// `POST /account/role`: go on in another role. Pages differ per role, so the worklist follows.
pub(crate) async fn role(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let role = Role::from_code(sent.0.one("role")).ok_or(PortalError::NotFound)?;
    staff::switch_role(visit.office(), &visit.officer, role).await?;
    Ok(page::to("/"))
}
