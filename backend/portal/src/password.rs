//! The own password: changed at will, or before anything else when it is due.

use actix_web::HttpResponse;
use askama::Template;
use services::staff::{self, PasswordInput};
use zeroize::Zeroizing;

use crate::address;
use crate::error::PortalError;
use crate::factor::session;
use crate::form::Fields;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::visit::{Guest, Sent};

#[derive(Template)]
#[template(path = "account/password.html")]
pub(crate) struct PasswordPage {
    pub(crate) f: Frame,
    pub(crate) account: String,
    /// Whether nothing else is open before it is done.
    pub(crate) is_due: bool,
    pub(crate) mistakes: Mistakes,
    /// Where to go afterwards.
    pub(crate) next: String,
}

/// `GET /account/password?next=`
pub(crate) async fn form(guest: Guest) -> Result<HttpResponse, PortalError> {
    let next = address::own_place(guest.query().one("next"));
    page::ok(&drawn(&guest, next, Mistakes::default()).await?)
}

/// `POST /account/password`
pub(crate) async fn change(guest: Guest, sent: Sent) -> Result<HttpResponse, PortalError> {
    let (session, fields) = (session(&guest)?, sent.0);
    let next = address::own_place(fields.one("next"));
    let changed = staff::change_password(&guest.desk.office, guest.source, session, input(&fields)).await;
    match changed {
        Ok(()) => Ok(page::to(&next)),
        Err(error) => {
            let mistakes = Mistakes::from(&Frame::new(&guest, ""), None, error).await?;
            page::again(&drawn(&guest, next, mistakes).await?)
        }
    }
}

fn input(fields: &Fields) -> PasswordInput {
    let field = |name: &str| Zeroizing::new(fields.raw(name).to_owned());
    PasswordInput { old: field("old"), new: field("new"), again: field("again") }
}

async fn drawn(guest: &Guest, next: String, mistakes: Mistakes) -> Result<PasswordPage, PortalError> {
    let (office, session) = (&guest.desk.office, session(guest)?);
    let account = staff::password_of(office, session).await?;
    let is_due = staff::glance(office, session).await.is_err();
    Ok(PasswordPage { f: Frame::new(guest, &guest.token()), account, is_due, mistakes, next })
}
