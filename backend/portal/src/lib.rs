//! The pages of one department: forms in, HTML out.
//!
//! ```text
//!  browser ──► server (count, guard, draw, keep) ──► routes ──► Visit, Sent ──► one handler ──► services
//!                                                                 │
//!                          server::draw ◄── error ◄───────────────┤
//!                                                                 ▼
//!                                          template (web-templates) + texts (locales)
//! ```
//!
//! One file per entry of the menu, handlers of a few lines. Every link and form works without
//! script; htmx asks for parts of the same pages. Whether something may be done is decided in
//! `services` and arrives as part of a view.
//!
//! Never here: rules, SQL, the ledger, keys, and nothing about a citizen in an address or a log.

mod account;
mod address;
mod assets;
mod audit;
mod catalogue;
mod chain;
mod clock;
mod code_tables;
mod countersigning;
mod csrf;
mod departments;
mod desk;
mod error;
mod facets;
mod factor;
mod find;
mod form;
mod frame;
mod grants;
mod health;
mod heavy;
mod histogram;
mod inspections;
mod language;
mod limits;
mod log;
mod markup;
mod menu;
mod meter;
mod mistakes;
mod number;
mod oidc;
mod page;
mod pager;
mod password;
mod policies;
mod proof_path;
mod queries;
mod receipts;
mod replay;
mod requests;
mod roster;
mod routes;
mod sentence;
mod server;
mod session;
mod shell;
mod sign_in;
mod site;
mod staff;
mod taste;
mod theme;
mod unsent;
mod visit;
mod worklist;

#[cfg(test)]
mod drawn;
#[cfg(test)]
mod shelf_check;

pub use oidc::{Issuer, NoIssuer, Oidc, OidcConfig, OidcFault};
pub use server::{Portal, PortalConfig, PortalFault, Stopper};
pub use site::{NoSite, Site};
