//! Who is asking: an officer with a running session, or a guest who has not signed in.
//!
//! A handler that takes a [`Visit`] cannot be called without a session; one that takes [`Sent`]
//! cannot be called by a forged form.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{ORIGIN, REFERER};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use services::staff::Source;
use services::{Office, Officer, ServiceError, staff};

use crate::address;
use crate::csrf::{self, Whose};
use crate::desk::Desk;
use crate::error::PortalError;
use crate::form::Fields;
use crate::language::Language;
use crate::site::Site;
use crate::theme::Theme;
use crate::{session, site};

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, PortalError>>>>;

/// Anyone, signed in or not.
#[derive(Clone)]
pub(crate) struct Guest {
    /// The portal.
    pub(crate) desk: web::Data<Desk>,
    /// Language of the page.
    pub(crate) language: Language,
    /// Display of the page.
    pub(crate) theme: Theme,
    /// Who asks: the other end of the connection, or whom the named proxy asks for.
    pub(crate) source: Source,
    /// Path and question of the request.
    pub(crate) here: String,
    /// Whether htmx asks for a part of the page only.
    pub(crate) partial: bool,
    /// The session a readable token names; it may have ended.
    pub(crate) session: Option<String>,
    /// The value that forms drawn before signing in are bound to.
    pub(crate) visitor: Option<String>,
}

impl Guest {
    /// Reads a request's head.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, PortalError> {
        let desk = request.app_data::<web::Data<Desk>>().ok_or(PortalError::NotFound)?.clone();
        let cookie = |name: &str| request.cookie(name).map(|cookie| cookie.value().to_owned());
        Ok(Self {
            language: Language::of(request, &desk.cookies.language),
            theme: Theme::of(cookie(&desk.cookies.theme).as_deref()),
            // Without an address there is no connection: a request of a test.
            source: request
                .peer_addr()
                .map_or(Source::OWN, |peer| site::asker(peer.ip(), request.headers(), desk.proxy).into()),
            here: request.uri().path_and_query().map_or("/", |place| place.as_str()).to_owned(),
            partial: header(request, "HX-Request-Type") == Some("partial"),
            session: cookie(&desk.cookies.session).and_then(|token| desk.tokens.read(&token)),
            visitor: cookie(&desk.cookies.visitor).filter(|value| session::is_id(value)),
            desk,
        })
    }

    /// What this visitor's forms are bound to.
    fn bound_to(&self) -> Option<&str> {
        self.session.as_deref().or(self.visitor.as_deref())
    }

    /// The token of this visitor's forms; empty for one whom no form was drawn for.
    pub(crate) fn token(&self) -> String {
        self.bound_to().map_or_else(String::new, |visitor| csrf::token(&self.desk.tokens, visitor))
    }

    /// The fields of the address.
    pub(crate) fn query(&self) -> Fields {
        let question = self.here.split_once('?').map_or("", |(_, question)| question);
        // Longer addresses than a form may be are refused before this.
        Fields::read(question.as_bytes()).unwrap_or_default()
    }

    /// The path without its question.
    pub(crate) fn path(&self) -> &str {
        self.here.split_once('?').map_or(self.here.as_str(), |(path, _)| path)
    }
}

impl FromRequest for Guest {
    type Error = PortalError;
    type Future = std::future::Ready<Result<Self, PortalError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::of(request))
    }
}

/// An officer with a running session.
#[derive(Clone)]
pub(crate) struct Visit {
    /// What does not depend on the officer.
    pub(crate) guest: Guest,
    /// Who it is.
    pub(crate) officer: Officer,
    /// What the officer's forms carry, under a pad of their page.
    pub(crate) token: String,
}

impl Visit {
    async fn of(guest: Guest) -> Result<Self, PortalError> {
        let session = guest.session.clone().ok_or(PortalError::SignedOut)?;
        let office = &guest.desk.office;
        // A page that polls by itself must not keep a deserted session alive.
        let resumed = if guest.query().some("stamp").is_some() {
            staff::glance(office, &session).await
        } else {
            staff::resume(office, &session).await
        };
        let officer = match resumed {
            Ok(officer) => officer.asking_from(guest.source),
            Err(error) => {
                return Err(match PortalError::from(error) {
                    known @ (PortalError::Fault { .. }
                    | PortalError::FactorDue
                    | PortalError::PasswordDue) => known,
                    _ => PortalError::SignedOut,
                });
            }
        };
        let whose = Whose { account: officer.account().to_owned(), role: officer.role() };
        let token = csrf::officers_token(&guest.desk.tokens, &session, &whose);
        Ok(Self { guest, officer, token })
    }

    /// The use cases.
    pub(crate) fn office(&self) -> &Office {
        &self.guest.desk.office
    }

    /// Does the work of a page that reads much, beside the threads that answer requests.
    ///
    /// # Errors
    /// Busy, and what the work says.
    pub(crate) async fn heavy<T, Work>(
        &self,
        work: impl FnOnce(Office, Officer) -> Work + Send + 'static,
    ) -> Result<T, PortalError>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, ServiceError>>,
    {
        let (office, officer) = (self.office().clone(), self.officer.clone());
        self.guest.desk.heavy.make(move || work(office, officer)).await
    }

    /// The same for work that is given up when the browser leaves.
    ///
    /// # Errors
    /// Busy, and what the work says.
    pub(crate) async fn heavy_while_awaited<T, Work>(
        &self,
        work: impl FnOnce(Office, Officer) -> Work + Send + 'static,
    ) -> Result<T, PortalError>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, ServiceError>>,
    {
        let (office, officer) = (self.office().clone(), self.officer.clone());
        self.guest.desk.heavy.make_while_awaited(move || work(office, officer)).await
    }

    /// The form of this page that could not be sent because its session had ended, once: the last
    /// part of where it was sent to, and its fields.
    pub(crate) fn unsent(&self, place: &str) -> Option<(String, Fields)> {
        let session = self.guest.session.as_deref()?;
        self.guest.desk.unsent.take(session, place, self.office().now_ms())
    }
}

impl FromRequest for Visit {
    type Error = PortalError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let visit = Self::of(Guest::of(&request)?).await?;
            // An error page is drawn for the same visit, without asking again.
            request.extensions_mut().insert(visit.clone());
            Ok(visit)
        })
    }
}

/// A form of this portal, sent by the browser it was drawn for.
pub(crate) struct Sent(pub(crate) Fields);

impl FromRequest for Sent {
    type Error = PortalError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let guest = Guest::of(request);
        let origin = header(request, ORIGIN.as_str()).map(str::to_owned);
        let body = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let guest = guest?;
            if !guest.desk.site.is_own_origin(origin.as_deref()) {
                return Err(PortalError::Forged);
            }
            // Without either value the session is over, or never was.
            let bound_to = guest.bound_to().ok_or(PortalError::SignedOut)?;
            let body = body.await.map_err(|_| PortalError::TooLarge)?;
            let fields = Fields::read(&body).map_err(|_| PortalError::TooLarge)?;
            if !csrf::accepts(&guest.desk.tokens, bound_to, fields.raw(csrf::FIELD)) {
                return Err(PortalError::Forged);
            }
            Ok(Self(fields))
        })
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The page a request came from, if it is one of ours: where to return after signing in again.
pub(crate) fn came_from(request: &HttpRequest, site: &Site) -> String {
    let place = header(request, REFERER.as_str()).and_then(|address| site.place(address));
    address::own_place(place.unwrap_or("/"))
}
