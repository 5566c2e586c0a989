//! Showing the second factor: after the password, and again before what is done in one's own name.

use actix_web::HttpResponse;
use askama::Template;
use services::OfficeRefusal;
use services::ServiceError;
use services::staff::{self, Factor, Proving};

use crate::address;
use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::visit::{Guest, Sent};

#[derive(Template)]
#[template(path = "sign_in/factor.html")]
pub(crate) struct FactorPage {
    pub(crate) f: Frame,
    pub(crate) proving: Proving,
    pub(crate) mistakes: Mistakes,
    /// Where to go afterwards.
    pub(crate) next: String,
}

/// `GET /sign-in/factor?next=`
pub(crate) async fn form(guest: Guest) -> Result<HttpResponse, PortalError> {
    let next = address::own_place(guest.query().one("next"));
    match drawn(&guest, next.clone(), Mistakes::default()).await {
        Ok(drawn) => page::ok(&drawn),
        // There is nothing to show.
        Err(PortalError::Refused(code)) if code == OfficeRefusal::StepUpNone.into() => Ok(page::to(&next)),
        Err(error) => Err(error),
    }
}

/// `POST /sign-in/factor`
pub(crate) async fn show(guest: Guest, sent: Sent) -> Result<HttpResponse, PortalError> {
    let (session, fields) = (session(&guest)?, sent.0);
    let next = address::own_place(fields.one("next"));
    let factor = match fields.one("code") {
        "" => Factor::Answer(fields.one("answer")),
        code => Factor::Code(code),
    };
    match staff::prove(&guest.desk.office, guest.source, session, factor).await {
        Ok(()) => Ok(page::to(&next)),
        Err(error) => {
            let mistakes = Mistakes::from(&Frame::new(&guest, ""), None, error).await?;
            page::again(&drawn(&guest, next, mistakes).await?)
        }
    }
}

async fn drawn(guest: &Guest, next: String, mistakes: Mistakes) -> Result<FactorPage, PortalError> {
    let proving = staff::proving(&guest.desk.office, session(guest)?).await?;
    Ok(FactorPage { f: Frame::new(guest, &guest.token()), proving, mistakes, next })
}

/// The session of a visitor who is not at work yet.
pub(crate) fn session(guest: &Guest) -> Result<&str, PortalError> {
    guest.session.as_deref().ok_or(ServiceError::Refused(OfficeRefusal::SessionEnded.into()).into())
}
