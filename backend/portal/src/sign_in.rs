//! Signing in and out.

pub(crate) mod oidc;

use actix_web::{HttpResponse, web};
use askama::Template;
use services::staff::SignedIn;
use services::{limits, staff};

use crate::address;
use crate::csrf;
use crate::desk::Desk;
use crate::error::PortalError;
use crate::factor;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::session;
use crate::visit::{Guest, Sent};

#[derive(Template)]
#[template(path = "sign_in/index.html")]
pub(crate) struct SignInPage {
    pub(crate) f: Frame,
    pub(crate) mistakes: Mistakes,
    /// What was typed, so that only the password is typed again.
    pub(crate) account: String,
    /// Where to go afterwards.
    pub(crate) next: String,
    /// Whether a session ended on the way here.
    pub(crate) came_back: bool,
    /// Whether a form waits to be offered again to whom it belongs.
    pub(crate) kept: bool,
    /// Whether one may sign in by the department's identity provider.
    pub(crate) oidc: bool,
}

/// `GET /sign-in`
pub(crate) async fn form(guest: Guest) -> Result<HttpResponse, PortalError> {
    if is_signed_in(&guest).await {
        return Ok(page::to("/"));
    }
    let next = address::own_place(guest.query().one("next"));
    let visitor = match &guest.visitor {
        Some(visitor) => visitor.clone(),
        None => services::fresh_token()?,
    };
    let drawn = SignInPage {
        f: Frame::new(&guest, &csrf::token(&guest.desk.tokens, &visitor)),
        mistakes: Mistakes::default(),
        account: String::new(),
        came_back: next != "/",
        kept: guest.desk.unsent.waits_for(&visitor, guest.desk.office.now_ms()),
        oidc: guest.desk.office.has_identity_provider(),
        next,
    };
    let mut answer = page::ok(&drawn)?;
    set(&mut answer, &guest.desk, &visitor);
    Ok(answer)
}

/// `POST /sign-in`
pub(crate) async fn sign_in(guest: Guest, sent: Sent) -> Result<HttpResponse, PortalError> {
    let Sent(fields) = sent;
    let (account, next) = (fields.one("account"), address::own_place(fields.one("next")));
    match staff::sign_in(&guest.desk.office, guest.source, account, fields.raw("password")).await {
        Ok(signed_in) => {
            let next = match claimed(&guest, &signed_in).await? {
                Some(place) => place,
                None => next,
            };
            let mut answer = page::to(&next);
            enter(&guest, &signed_in, &mut answer)?;
            Ok(answer)
        }
        Err(error) => {
            let f = Frame::new(&guest, &guest.token());
            let mistakes = Mistakes::from(&f, None, error).await?;
            let visitor = guest.visitor.as_deref().unwrap_or_default();
            let kept = guest.desk.unsent.waits_for(visitor, guest.desk.office.now_ms());
            page::again(&SignInPage {
                f,
                mistakes,
                account: account.to_owned(),
                next,
                came_back: false,
                kept,
                oidc: guest.desk.office.has_identity_provider(),
            })
        }
    }
}

/// Gives the browser its session.
fn enter(guest: &Guest, signed_in: &SignedIn, answer: &mut HttpResponse) -> Result<(), PortalError> {
    let ends_at = guest.desk.office.now_ms().saturating_add(limits::SESSION_AGE_MS);
    let token = guest.desk.tokens.issue(&signed_in.session, ends_at).ok_or(PortalError::Drawing)?;
    // Names and values are ours and fit into a header.
    let _ = answer.add_cookie(&session::kept(&guest.desk.cookies.session, token));
    let _ = answer.add_cookie(&session::dropped(&guest.desk.cookies.visitor));
    Ok(())
}

/// The page of the form that this officer could not send, in the role it was filled in.
async fn claimed(guest: &Guest, signed_in: &SignedIn) -> Result<Option<String>, PortalError> {
    let desk = &guest.desk;
    let visitor = guest.visitor.as_deref().unwrap_or_default();
    let now = desk.office.now_ms();
    let Some(claimed) = desk.unsent.claim(visitor, signed_in.account(), &signed_in.session, now) else {
        return Ok(None);
    };
    // A role taken away meanwhile is not asked for: the page says what is not possible.
    signed_in.go_on_as(&desk.office, claimed.role).await?;
    Ok(Some(address::own_place(&claimed.place)))
}

/// `POST /sign-out`
pub(crate) async fn sign_out(guest: Guest, _sent: Sent) -> Result<HttpResponse, PortalError> {
    let session = factor::session(&guest)?;
    guest.desk.unsent.forget(session);
    staff::sign_out(&guest.desk.office, session).await?;
    let mut answer = page::to("/sign-in");
    let _ = answer.add_cookie(&session::dropped(&guest.desk.cookies.session));
    Ok(answer)
}

async fn is_signed_in(guest: &Guest) -> bool {
    match &guest.session {
        Some(session) => staff::glance(&guest.desk.office, session).await.is_ok(),
        None => false,
    }
}

fn set(answer: &mut HttpResponse, desk: &web::Data<Desk>, visitor: &str) {
    let _ = answer.add_cookie(&session::kept(&desk.cookies.visitor, visitor.to_owned()));
}
