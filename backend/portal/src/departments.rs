//! The members of the chain.

use actix_web::HttpResponse;
use askama::Template;
use services::departments::{self, DepartmentRow};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "departments/index.html")]
pub(crate) struct DepartmentsPage {
    pub(crate) f: Frame,
    pub(crate) shell: Shell,
    pub(crate) rows: Vec<DepartmentRow>,
}

/// `GET /departments`
pub(crate) async fn list(visit: Visit) -> Result<HttpResponse, PortalError> {
    let rows = departments::list(visit.office(), &visit.officer).await?;
    page::ok(&DepartmentsPage { f: Frame::of(&visit), shell: Shell::of(&visit).await?, rows })
}
