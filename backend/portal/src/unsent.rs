//! Forms that could not be taken because their session had ended, kept until their officer signs in
//! again and is offered them filled in.
//!
//! ```text
//!  POST /grants/…/query ──► session over ──► kept under the visitor's random value ──► /sign-in
//!                                                                   │
//!     the form, filled in, not sent ◄── same account signs in ◄─────┤
//!                           wiped ◄── another signs in, time is up ◄┘
//! ```
//!
//! The fields may name a citizen: they stay in this process, are wiped when dropped, and never go into
//! an address, a cookie, a log or the browser. A form proves by its token whose it is (see
//! [`crate::csrf`]), so nobody else can put anything here, and each account has one place. Nothing is
//! ever sent from here: the officer looks and sends again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::ORIGIN;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, rt, web};
use services::codes::Role;
use zeroize::Zeroizing;

use crate::csrf::{self, Whose};
use crate::error::PortalError;
use crate::form::Fields;
use crate::page::{self, HX_REDIRECT};
use crate::visit::{Guest, Visit};
use crate::{catalogue, limits, session};

/// All kept forms, oldest first.
#[derive(Default)]
pub(crate) struct Unsent(Mutex<VecDeque<Kept>>);

/// One form on its way round the sign-in page.
struct Kept {
    /// Whose it is.
    whose: Whose,
    /// Which browser may have it: its visitor's value, after signing in its session.
    key: String,
    /// Where it was sent to.
    action: String,
    /// The page that shows it.
    place: String,
    body: Zeroizing<Vec<u8>>,
    until: i64,
}

/// What an officer finds again after signing in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// The page that shows the form.
    pub(crate) place: String,
    /// The role it was filled in.
    pub(crate) role: Role,
}

/// A form that was kept during this request, for the answer to it.
#[derive(Clone)]
pub(crate) struct KeptNow {
    /// The value the browser shall bring to the sign-in page.
    pub(crate) visitor: String,
    /// The page that shows the form.
    pub(crate) place: String,
}

impl Unsent {
    fn all(&self, now: i64) -> MutexGuard<'_, VecDeque<Kept>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| now < kept.until);
        all
    }

    /// Keeps a form in the place of the account's earlier one. The oldest makes room.
    fn keep(&self, kept: Kept, now: i64) {
        if kept.body.len() > limits::UNSENT_FORM_BYTES_MAX {
            return;
        }
        let mut all = self.all(now);
        all.retain(|other| other.whose.account != kept.whose.account);
        while all.len() >= limits::UNSENT_FORMS_MAX {
            all.pop_front();
        }
        all.push_back(kept);
    }

    /// Whether a form waits for this visitor to sign in.
    pub(crate) fn waits_for(&self, visitor: &str, now: i64) -> bool {
        self.all(now).iter().any(|kept| kept.key == visitor)
    }

    /// Someone signed in where a form was kept: its owner goes on with it under the new session,
    /// anyone else makes it vanish.
    pub(crate) fn claim(&self, visitor: &str, account: &str, session: &str, now: i64) -> Option<Claimed> {
        let mut all = self.all(now);
        all.retain(|kept| kept.key != visitor || kept.whose.account == account);
        let kept = all.iter_mut().find(|kept| kept.key == visitor)?;
        session.clone_into(&mut kept.key);
        Some(Claimed { place: kept.place.clone(), role: kept.whose.role })
    }

    /// The kept form of this page, once. Fields and the last part of where it was sent to.
    pub(crate) fn take(&self, session: &str, place: &str, now: i64) -> Option<(String, Fields)> {
        let mut all = self.all(now);
        let found = all.iter().position(|kept| kept.key == session && kept.place == place)?;
        let kept = all.remove(found)?;
        let last = kept.action.rsplit('/').next().unwrap_or_default().to_owned();
        Some((last, Fields::read(&kept.body).ok()?))
    }

    /// Drops what a session has not come back for: its officer signs out.
    pub(crate) fn forget(&self, session: &str) {
        self.all(i64::MIN).retain(|kept| kept.key != session);
    }
}

/// Stands around the handlers: reads a form before they do, and keeps it when the answer is that its
/// session is over.
pub(crate) async fn keep(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if *request.method() != Method::POST || !is_kept(request.path()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let Ok(body) = request.extract::<web::Bytes>().await else {
        return Ok(request.error_response(PortalError::TooLarge));
    };
    request.set_payload(body.clone().into());
    let answer = next.call(request).await?.map_into_boxed_body();
    let error = answer.response().error().and_then(|error| error.as_error::<PortalError>());
    if !matches!(error, Some(PortalError::SignedOut | PortalError::Forged)) {
        return Ok(answer);
    }
    let Some(owned) = Owned::read(answer.request(), &body) else { return Ok(answer) };
    let (request, _) = answer.into_parts();
    let response = match Visit::extract(&request).await {
        // Signed in again in this browser since the form was drawn: back to it at once.
        Ok(visit) if visit.officer.account() == owned.whose.account => owned.offered(&visit),
        Ok(_) => HttpResponse::from_error(PortalError::Forged),
        Err(error) => {
            if error == PortalError::SignedOut {
                owned.waiting(&request);
            }
            HttpResponse::from_error(error)
        }
    };
    Ok(ServiceResponse::new(request, response))
}

/// A form that proved whose it is.
struct Owned<'a> {
    guest: Guest,
    whose: Whose,
    action: String,
    place: String,
    body: &'a [u8],
}

impl<'a> Owned<'a> {
    fn read(request: &HttpRequest, body: &'a [u8]) -> Option<Self> {
        let guest = Guest::of(request).ok()?;
        let origin = request.headers().get(ORIGIN).and_then(|value| value.to_str().ok());
        if !csrf::is_own_origin(origin, &guest.desk.host) {
            return None;
        }
        let fields = Fields::read(body).ok()?;
        Some(Self {
            whose: csrf::whose(&guest.desk.tokens, fields.raw(csrf::FIELD))?,
            place: place_of(request.path(), &fields)?,
            action: request.path().to_owned(),
            guest,
            body,
        })
    }

    /// Waits for its officer to sign in with this browser.
    fn waiting(self, request: &HttpRequest) {
        let fresh = || services::fresh_token().ok();
        let Some(visitor) = self.guest.visitor.clone().or_else(fresh) else { return };
        let now = KeptNow { visitor: visitor.clone(), place: self.place.clone() };
        self.hold(visitor);
        request.extensions_mut().insert(now);
    }

    /// The way back to the page that shows it.
    fn offered(self, visit: &Visit) -> HttpResponse {
        let (place, partial) = (self.place.clone(), self.guest.partial);
        if let Some(session) = &visit.guest.session {
            self.hold(session.clone());
        }
        if partial {
            return HttpResponse::Forbidden().insert_header((HX_REDIRECT, place)).finish();
        }
        page::to(&place)
    }

    fn hold(self, key: String) {
        let desk = self.guest.desk;
        let now = desk.office.now_ms();
        let kept = Kept {
            whose: self.whose,
            key,
            action: self.action,
            place: self.place,
            body: Zeroizing::new(self.body.to_vec()),
            until: now.saturating_add(limits::UNSENT_KEPT_MS),
        };
        desk.unsent.keep(kept, now);
        // Gone in time even if nobody asks for anything again.
        rt::spawn(async move {
            rt::time::sleep(limits::UNSENT_KEPT).await;
            drop(desk.unsent.all(desk.office.now_ms()));
        });
    }
}

/// Whether a form sent here can be shown again filled in.
fn is_kept(path: &str) -> bool {
    place_of(path, &Fields::default()).is_some()
}

/// The page that shows the form which is sent to this path.
fn place_of(path: &str, fields: &Fields) -> Option<String> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["requests"] | ["requests", "new"] => {
            Some(catalogue::asking(fields.one("entry"), fields.one("version").parse().unwrap_or_default()))
        }
        ["requests", id, "approve" | "refuse" | "withdraw"] if session::is_id(id) => {
            Some(format!("/requests/{id}"))
        }
        ["grants", id, "query"] if session::is_id(id) => Some(format!("/grants/{id}/query")),
        ["grants", id, "revoke"] if session::is_id(id) => Some(format!("/grants/{id}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000;

    fn kept(account: &str, key: &str, body: &[u8]) -> Kept {
        Kept {
            whose: Whose { account: account.into(), role: Role::BizUser },
            key: key.into(),
            action: "/grants/11/query".into(),
            place: "/grants/11/query".into(),
            body: Zeroizing::new(body.to_vec()),
            until: NOW + limits::UNSENT_KEPT_MS,
        }
    }

    fn count(unsent: &Unsent) -> usize {
        unsent.all(NOW).len()
    }

    #[test]
    fn the_same_officer_finds_the_form_once() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "visitor", b"case_no=7"), NOW);
        assert!(unsent.waits_for("visitor", NOW));
        assert_eq!(unsent.take("visitor", "/grants/12/query", NOW).map(|(last, _)| last), None);
        let claimed = unsent.claim("visitor", "anna", "session", NOW).unwrap();
        assert_eq!((claimed.place.as_str(), claimed.role), ("/grants/11/query", Role::BizUser));
        assert!(!unsent.waits_for("visitor", NOW));
        let (last, fields) = unsent.take("session", "/grants/11/query", NOW).unwrap();
        assert_eq!((last.as_str(), fields.one("case_no")), ("query", "7"));
        assert!(unsent.take("session", "/grants/11/query", NOW).is_none());
    }

    #[test]
    fn another_officer_makes_it_vanish() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "visitor", b"a=1"), NOW);
        assert_eq!(unsent.claim("visitor", "bert", "session", NOW), None);
        assert_eq!(count(&unsent), 0);
    }

    #[test]
    fn another_browser_does_not_get_it() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "visitor", b"a=1"), NOW);
        assert_eq!(unsent.claim("other", "anna", "session", NOW), None);
        assert!(unsent.take("session", "/grants/11/query", NOW).is_none());
        assert_eq!(count(&unsent), 1);
    }

    #[test]
    fn time_number_and_size_are_bounded() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "v", b"a=1"), NOW);
        unsent.keep(kept("anna", "w", b"a=2"), NOW);
        assert_eq!(count(&unsent), 1, "one for each account");
        assert!(!unsent.waits_for("w", NOW + limits::UNSENT_KEPT_MS), "gone in time");
        unsent.keep(kept("bert", "x", &vec![b'a'; limits::UNSENT_FORM_BYTES_MAX + 1]), NOW);
        assert_eq!(count(&unsent), 0, "too large");
        for place in 0..=limits::UNSENT_FORMS_MAX {
            unsent.keep(kept(&place.to_string(), &place.to_string(), b"a=1"), NOW);
        }
        assert_eq!(count(&unsent), limits::UNSENT_FORMS_MAX);
        assert!(!unsent.waits_for("0", NOW), "the oldest made room");
    }

    #[test]
    fn signing_out_drops_it() {
        let unsent = Unsent::default();
        unsent.keep(kept("anna", "session", b"a=1"), NOW);
        unsent.forget("session");
        assert_eq!(count(&unsent), 0);
    }

    #[test]
    fn nothing_typed_but_the_entry_stands_in_the_address() {
        let id = "0f".repeat(32);
        let fields = Fields::read(b"entry=307001%2F000004&version=2&name=X&id_number=99&q=y").unwrap();
        let place = |path: &str| place_of(path, &fields);
        assert_eq!(place("/requests").unwrap(), "/requests/new?entry=307001%2F000004&version=2");
        assert_eq!(place(&format!("/requests/{id}/approve")).unwrap(), format!("/requests/{id}"));
        assert_eq!(place(&format!("/grants/{id}/query")).unwrap(), format!("/grants/{id}/query"));
        for other in ["/sign-in", "/find", "/queries", "/language", "/requests/8c/approve"] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
