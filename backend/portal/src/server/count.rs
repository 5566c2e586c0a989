//! Counts every answer for `/metrics`.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::desk::Desk;

/// Counts every answer.
pub(crate) async fn count(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let desk = request.app_data::<web::Data<Desk>>().cloned();
    let answer = next.call(request).await?;
    if let Some(desk) = desk {
        desk.meter.note(answer.status().as_u16());
    }
    Ok(answer)
}
