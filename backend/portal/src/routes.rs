//! All pages. The noun of an address is the name of its file.

use actix_web::web::{self, ServiceConfig, get, post};

use crate::server::shelf;
use crate::{
    account, catalogue, chain, departments, find, grants, health, log, queries, receipts, requests, sign_in,
    taste, worklist,
};

/// Every address of the listener for operators.
pub(crate) fn operations(app: &mut ServiceConfig) {
    app.route("/healthz", get().to(health::healthz)).route("/metrics", get().to(health::metrics));
}

/// Every address of the portal.
pub(crate) fn all(app: &mut ServiceConfig) {
    app.route("/", get().to(worklist::show))
        .service(web::resource("/sign-in").route(get().to(sign_in::form)).route(post().to(sign_in::sign_in)))
        .route("/sign-out", post().to(sign_in::sign_out))
        .route("/find", post().to(find::find))
        .route("/catalogue", get().to(catalogue::search))
        .route("/catalogue/entry", get().to(catalogue::entry))
        .service(
            web::resource("/requests").route(get().to(requests::list)).route(post().to(requests::submit)),
        )
        .service(
            web::resource("/requests/new").route(get().to(requests::form)).route(post().to(requests::check)),
        )
        .route("/requests/{id}", get().to(requests::show))
        .route("/requests/{id}/approve", post().to(requests::approve))
        .route("/requests/{id}/refuse", post().to(requests::refuse))
        .route("/requests/{id}/withdraw", post().to(requests::withdraw))
        .route("/grants", get().to(grants::list))
        .route("/grants/{id}", get().to(grants::show))
        .route("/grants/{id}/revoke", post().to(grants::revoke))
        .service(
            web::resource("/grants/{id}/query").route(get().to(queries::form)).route(post().to(queries::ask)),
        )
        .service(web::resource("/queries").route(get().to(queries::list)).route(post().to(queries::find)))
        .route("/queries/{id}", get().to(queries::show))
        .route("/receipts", get().to(receipts::list))
        .route("/receipts/{id}", get().to(receipts::show))
        .route("/receipts/{id}/evidence", get().to(receipts::evidence))
        .route("/log", get().to(log::show))
        .route("/chain", get().to(chain::overview))
        .route("/chain/blocks", get().to(chain::blocks))
        .route("/chain/blocks/{height}", get().to(chain::block))
        .route("/chain/tx/{id}", get().to(chain::transaction))
        .route("/departments", get().to(departments::list))
        .route("/account", get().to(account::show))
        .route("/account/role", post().to(account::role))
        .route("/language", post().to(taste::language))
        .route("/theme", post().to(taste::theme))
        .route("/assets/{name}", get().to(shelf::serve))
        .route("/healthz", get().to(health::well));
}
