//! The roster of officers whose own keys other departments can check: who is on it, since when, what differs; the
//! security administrator publishes it.

use actix_web::HttpResponse;
use askama::Template;
use services::staff::{self, RosterMember, RosterView};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page;
use crate::shell::Shell;
use crate::visit::{Sent, Visit};

const PATH: &str = "/staff/roster";

#[derive(Template)]
#[template(path = "staff/roster.html")]
pub(crate) struct RosterPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) view: RosterView,
    pub(crate) mistakes: Mistakes,
}

/// `GET /staff/roster`
pub(crate) async fn show(visit: Visit) -> Result<HttpResponse, PortalError> {
    page::ok(&drawn(&visit, Mistakes::default()).await?)
}

/// `POST /staff/roster`
pub(crate) async fn publish(visit: Visit, _form: Sent) -> Result<HttpResponse, PortalError> {
    let done = staff::publish_roster(visit.office(), &visit.officer).await;
    let again = async |mistakes| drawn(&visit, mistakes).await;
    page::answer(&visit, done, |()| PATH.to_owned(), again).await
}

async fn drawn(visit: &Visit, mistakes: Mistakes) -> Result<RosterPage, PortalError> {
    let view = staff::roster_page(visit.office(), &visit.officer).await?;
    Ok(RosterPage { f: Frame::of(visit), shell: Shell::of(visit).await?, view, mistakes })
}

impl RosterPage {
    /// Roles as words.
    fn roles(&self, member: &RosterMember) -> String {
        let names: Vec<String> =
            member.roles.iter().map(|role| self.f.c("role", role.code()).to_string()).collect();
        names.join(&self.f.t("list-comma").to_string())
    }
}
