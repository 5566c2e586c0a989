//! What every page of this portal may use.

use std::net::IpAddr;
use std::sync::Arc;

use services::Office;

use crate::assets::Assets;
use crate::heavy::Heavy;
use crate::meter::Meter;
use crate::session::{CookieNames, Tokens};
use crate::site::Site;
use crate::unsent::Unsent;

/// One per process, shared by all threads.
pub(crate) struct Desk {
    /// The use cases.
    pub(crate) office: Office,
    /// Where browsers find this portal.
    pub(crate) site: Site,
    /// The proxy that is believed when it says for whom it asks.
    pub(crate) proxy: Option<IpAddr>,
    /// Whether every page says that the data are invented.
    pub(crate) demo: bool,
    /// Cookie names of this department.
    pub(crate) cookies: CookieNames,
    /// Session tokens and form seals.
    pub(crate) tokens: Tokens,
    /// Forms whose session ended before they were sent.
    pub(crate) unsent: Unsent,
    /// Names of stylesheet, scripts and icons.
    pub(crate) assets: Arc<Assets>,
    /// The bound on pages that read much of the chain.
    pub(crate) heavy: Heavy,
    /// Requests served, for `/metrics`.
    pub(crate) meter: Meter,
}
