//! Reads a form before anything else does, within a time: the server's own clock ends with the head
//! of a request, and a body that trickles in would hold its connection for ever.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, rt, web};

use crate::error::PortalError;
use crate::limits;

/// Reads the whole body of a form; one that is too slow or too large is not taken, and its connection
/// is closed.
pub(crate) async fn read(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if *request.method() != Method::POST {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let fault = match rt::time::timeout(limits::BODY_WAIT, request.extract::<web::Bytes>()).await {
        Ok(Ok(body)) => {
            request.set_payload(body.into());
            return Ok(next.call(request).await?.map_into_boxed_body());
        }
        Ok(Err(_)) => PortalError::TooLarge,
        Err(_) => PortalError::TooSlow,
    };
    Ok(request.into_response(HttpResponse::from_error(fault)))
}
