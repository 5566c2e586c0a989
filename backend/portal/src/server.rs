//! Starting and stopping the portal.

mod body;
mod count;
pub(crate) mod draw;
mod guard;
pub(crate) mod keep;
mod seats;
pub(crate) mod shelf;
mod whole;

use std::any::Any;
use std::fmt;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::Arc;

use actix_web::dev::{Extensions, Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer, web};
use services::Office;
use socket2::SockRef;
use zeroize::Zeroizing;

use crate::assets::Assets;
use crate::desk::Desk;
use crate::error::PortalError;
use crate::heavy::Heavy;
use crate::meter::Meter;
use crate::server::seats::Seats;
use crate::session::{CookieNames, Tokens};
use crate::site::Site;
use crate::unsent::Unsent;
use crate::{limits, routes};

/// What a portal needs to know.
pub struct PortalConfig {
    /// Where it listens: plain HTTP, on the own machine.
    pub listen: SocketAddr,
    /// Where browsers find it; requests that name another host are refused.
    pub site: Site,
    /// The proxy that is believed when it says for whom it asks.
    pub proxy: Option<IpAddr>,
    /// Where operators ask for figures.
    pub operations: SocketAddr,
    /// Every page says that the data are invented.
    pub demo: bool,
    /// Signs session tokens and forms. A new one ends all sessions.
    pub jwt_secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for PortalConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PortalConfig")
            .field("listen", &self.listen)
            .field("site", &self.site)
            .field("proxy", &self.proxy)
            .field("operations", &self.operations)
            .field("demo", &self.demo)
            .finish_non_exhaustive()
    }
}

/// Why a portal does not run.
#[derive(Debug, thiserror::Error)]
pub enum PortalFault {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {cause}; choose another listen in [portal] or [operations]")]
    Listen {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The server ended by itself.
    #[error("the portal's server failed: {0}")]
    Server(std::io::Error),
    /// A file is missing from the program.
    #[error("the program was built without the portal's assets")]
    Assets,
}

/// The pages, and the figures for operators, listening.
pub struct Portal {
    pages: Server,
    figures: Server,
    address: SocketAddr,
}

impl fmt::Debug for Portal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Portal").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Stops a portal from elsewhere.
#[derive(Debug, Clone)]
pub struct Stopper([ServerHandle; 2]);

impl Stopper {
    /// Takes no more requests, lets the running ones end within five seconds.
    pub async fn stop(&self) {
        for server in &self.0 {
            server.stop(true).await;
        }
    }
}

impl Portal {
    /// Listens; requests are answered once [`Self::run`] is awaited or spawned.
    ///
    /// # Errors
    /// The address cannot be used, or the program lacks its assets.
    pub fn serve(config: PortalConfig, office: Office) -> Result<Self, PortalFault> {
        let desk = web::Data::new(Desk {
            cookies: CookieNames::of(&office.own().id, config.site.is_secure()),
            tokens: Tokens::new(&config.jwt_secret),
            assets: Arc::new(Assets::load().ok_or(PortalFault::Assets)?),
            site: config.site,
            proxy: config.proxy,
            demo: config.demo,
            heavy: Heavy::default(),
            meter: Meter::default(),
            unsent: Unsent::default(),
            office,
        });
        let figures = figures(desk.clone(), config.operations)?;
        let seats = Seats::default();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(desk.clone())
                .app_data(web::PayloadConfig::new(limits::FORM_BYTES_MAX))
                .app_data(web::PathConfig::default().error_handler(|_, _| PortalError::NotFound.into()))
                .configure(routes::all)
                .default_service(web::to(draw::nowhere))
                .wrap(from_fn(keep::keep))
                .wrap(from_fn(whole::whole))
                .wrap(from_fn(body::read))
                .wrap(from_fn(draw::draw))
                .wrap(Compress::default())
                .wrap(from_fn(guard::guard))
                .wrap(from_fn(count::count))
        })
        .on_connect(move |connection, data| seat(&seats, connection, data))
        .workers(limits::WORKERS)
        .max_connections(limits::CONNECTIONS_MAX)
        .client_request_timeout(limits::REQUEST_WAIT)
        .keep_alive(limits::KEEP_ALIVE)
        // Who leaves waits for no page any more; what a form does runs on, see [`whole`].
        .h1_allow_half_closed(false)
        .shutdown_timeout(limits::STOP_WAIT_SECS)
        .disable_signals()
        .bind(config.listen)
        .map_err(|cause| PortalFault::Listen { address: config.listen, cause })?;
        let address = server.addrs().first().copied().unwrap_or(config.listen);
        Ok(Self { pages: server.run(), figures, address })
    }

    /// Where it listens; with port 0 in the configuration the port that was given.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A handle that stops it.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper([self.pages.handle(), self.figures.handle()])
    }

    /// Answers requests until stopped.
    ///
    /// # Errors
    /// The server ended by itself.
    pub async fn run(self) -> Result<(), PortalFault> {
        tokio::try_join!(self.pages, self.figures).map(|((), ())| ()).map_err(PortalFault::Server)
    }
}

/// The listener for operators: one thread, so that a busy portal cannot keep them out.
fn figures(desk: web::Data<Desk>, listen: SocketAddr) -> Result<Server, PortalFault> {
    let server = HttpServer::new(move || App::new().app_data(desk.clone()).configure(routes::operations))
        .workers(1)
        .max_connections(limits::OPERATORS_MAX)
        .client_request_timeout(limits::REQUEST_WAIT)
        .keep_alive(limits::KEEP_ALIVE)
        .shutdown_timeout(limits::STOP_WAIT_SECS)
        .disable_signals()
        .bind(listen)
        .map_err(|cause| PortalFault::Listen { address: listen, cause })?;
    Ok(server.run())
}

/// Gives a connection its seat, or ends it: its address holds too many already.
fn seat(seats: &Seats, connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let taken = stream
        .peer_addr()
        .ok()
        .and_then(|peer| seats.take(peer.ip().into(), limits::CONNECTIONS_PER_ADDRESS_MAX));
    match taken {
        Some(seat) => {
            data.insert(seat);
        }
        // One that is gone already cannot be ended; nothing is lost.
        None => drop(SockRef::from(stream).shutdown(Shutdown::Both)),
    }
}
