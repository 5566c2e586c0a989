//! A form that was sent is taken to its end even if its browser leaves meanwhile; a page that is only read is
//! given up. What an officer did must not depend on whether they waited for the answer.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, rt};

use crate::error::PortalError;

/// Lets what a form does run on by itself.
pub(crate) async fn whole(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_form = *request.method() == Method::POST;
    let answer = next.call(request);
    if !is_form {
        return Ok(answer.await?.map_into_boxed_body());
    }
    match rt::spawn(answer).await {
        Ok(answer) => Ok(answer?.map_into_boxed_body()),
        Err(cause) => {
            tracing::error!(%cause, "what a form does broke off");
            Err(PortalError::Drawing.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use actix_web::dev::Service;
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, test, web};
    use tokio::sync::Notify;

    use super::*;

    /// How far a handler came whose browser left when it had begun.
    async fn came(request: test::TestRequest) -> (bool, bool) {
        let (began, ended) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        let (go_on, done) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let handler = {
            let (began, ended) = (Rc::clone(&began), Rc::clone(&ended));
            let (go_on, done) = (Rc::clone(&go_on), Rc::clone(&done));
            move || {
                let (began, ended) = (Rc::clone(&began), Rc::clone(&ended));
                let (go_on, done) = (Rc::clone(&go_on), Rc::clone(&done));
                async move {
                    // Dropped with the handler, whether it came to its end or not.
                    let _told = Told(done);
                    began.set(true);
                    go_on.notified().await;
                    ended.set(true);
                    HttpResponse::Ok().finish()
                }
            }
        };
        let app = App::new().default_service(web::to(handler)).wrap(from_fn(whole));
        let service = test::init_service(app).await;
        let mut answer = Box::pin(service.call(request.to_request()));
        while !began.get() {
            tokio::select! {
                biased;
                _ = &mut answer => {}
                () = tokio::task::yield_now() => {}
            }
        }
        drop(answer);
        go_on.notify_one();
        done.notified().await;
        (began.get(), ended.get())
    }

    struct Told(Rc<Notify>);

    impl Drop for Told {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    #[actix_web::test]
    async fn a_form_is_taken_to_its_end_and_a_page_is_given_up_when_the_browser_leaves() {
        assert_eq!(came(test::TestRequest::post()).await, (true, true));
        assert_eq!(came(test::TestRequest::get()).await, (true, false));
    }
}
