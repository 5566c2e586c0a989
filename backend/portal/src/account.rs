//! The officer's own account: who one is, in which role one works, what one signs in with, where one did.

use actix_web::HttpResponse;
use askama::Template;
use services::codes::Role;
use services::staff::{self, CodeSecret, OwnView};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

#[derive(Template)]
#[template(path = "account/index.html")]
pub(crate) struct AccountPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) own: OwnView,
}

#[derive(Template)]
#[template(path = "account/code.html")]
pub(crate) struct CodePage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) secret: CodeSecret,
    pub(crate) mistakes: Mistakes,
}

/// `GET /account`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, PortalError> {
    let own = staff::own(visit.office(), &visit.officer).await?;
    page::ok(&AccountPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, own })
}

/// `POST /account/role`: go on in another role. Pages differ per role, so the worklist follows.
pub(crate) async fn role(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let role = Role::from_code(sent.0.one("role")).ok_or(PortalError::NotFound)?;
    staff::switch_role(visit.office(), &visit.officer, role).await?;
    Ok(page::to("/"))
}

/// `GET /account/code`: the secret for an authenticator app, and the form for its first code.
pub(crate) async fn code(visit: Visit) -> Result<HttpResponse, PortalError> {
    page::ok(&code_page(&visit, Mistakes::default()).await?)
}

/// `POST /account/code`
pub(crate) async fn bind_code(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let typed = sent.0.one("code");
    let bound = staff::bind_code(visit.office(), &visit.officer, visit.guest.source, typed).await;
    let again = async |mistakes| code_page(&visit, mistakes).await;
    page::answer(&visit, bound, |()| "/account".to_owned(), again).await
}

async fn code_page(visit: &Visit, mistakes: Mistakes) -> Result<CodePage, PortalError> {
    let secret = staff::code_secret(visit.office(), &visit.officer).await?;
    Ok(CodePage { f: Frame::of(visit), shell: Shell::of(visit).await?, secret, mistakes })
}
