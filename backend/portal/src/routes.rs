//! All pages. The noun of an address is the name of its file.

use actix_web::web::{self, ServiceConfig, get, post};

use crate::server::shelf;
use crate::{
    account, audit, catalogue, chain, countersigning, departments, factor, find, grants, health, inspections,
    log, oidc, password, policies, queries, receipts, replay, requests, roster, sign_in, staff, taste,
    worklist,
};

/// Every address of the listener for operators.
pub(crate) fn operations(app: &mut ServiceConfig) {
    app.route("/healthz", get().to(health::healthz)).route("/metrics", get().to(health::metrics));
}

/// Every address of the portal.
pub(crate) fn all(app: &mut ServiceConfig) {
    app.route("/", get().to(worklist::show))
        .service(web::resource("/sign-in").route(get().to(sign_in::form)).route(post().to(sign_in::sign_in)))
        .service(
            web::resource("/sign-in/factor").route(get().to(factor::form)).route(post().to(factor::show)),
        )
        .route("/sign-in/oidc", get().to(sign_in::oidc::away))
        .route(oidc::BACK, get().to(sign_in::oidc::back))
        .route("/sign-out", post().to(sign_in::sign_out))
        .route("/find", post().to(find::find))
        .service(
            web::resource("/catalogue").route(get().to(catalogue::search)).route(post().to(catalogue::look)),
        )
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
        .route("/countersign", get().to(countersigning::list))
        .route("/countersign/{id}", get().to(countersigning::show))
        .route("/countersign/{id}/sign", post().to(countersigning::sign))
        .route("/countersign/{id}/seal", post().to(countersigning::seal))
        .route("/countersign/{id}/back", post().to(countersigning::back))
        .route("/countersign/{id}/take-back", post().to(countersigning::take_back))
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
        .service(
            web::resource("/inspections")
                .route(get().to(inspections::list))
                .route(post().to(inspections::propose)),
        )
        .route("/inspections/new", get().to(inspections::form))
        .route("/inspections/{id}", get().to(inspections::show))
        .route("/inspections/{id}/countersign", post().to(inspections::countersign))
        .route("/inspections/{id}/withdraw", post().to(inspections::withdraw))
        .route("/inspections/{id}/choose", post().to(inspections::choose))
        .route("/inspections/{id}/close", post().to(inspections::close))
        .route("/audit", get().to(audit::show))
        .route("/audit/file", get().to(audit::file))
        .service(web::resource("/replay").route(get().to(replay::form)).route(post().to(replay::start)))
        .route("/replay/{id}", get().to(replay::show))
        .route("/replay/{id}/stop", post().to(replay::stop))
        .route("/chain", get().to(chain::overview))
        .route("/chain/blocks", get().to(chain::blocks))
        .route("/chain/blocks/{height}", get().to(chain::block))
        .route("/chain/tx/{id}", get().to(chain::transaction))
        .route("/departments", get().to(departments::list))
        .route("/account", get().to(account::show))
        .service(
            web::resource("/account/password")
                .route(get().to(password::form))
                .route(post().to(password::change)),
        )
        .service(
            web::resource("/account/code")
                .route(get().to(account::code))
                .route(post().to(account::bind_code)),
        )
        .service(web::resource("/staff").route(get().to(staff::list)).route(post().to(staff::create)))
        .route("/staff/find", post().to(staff::find))
        .route("/staff/new", get().to(staff::form))
        .service(
            web::resource("/staff/import")
                .route(get().to(staff::import_form))
                .route(post().to(staff::import)),
        )
        .service(
            web::resource("/staff/roster").route(get().to(roster::show)).route(post().to(roster::publish)),
        )
        .route("/staff/{id}", get().to(staff::show))
        .route("/staff/{id}/rights", post().to(staff::authorise))
        .route("/staff/{id}/key", post().to(staff::bind_key))
        .route("/staff/{id}/act", post().to(staff::act))
        .route("/policies", get().to(policies::list))
        .route("/policies/{owner}", get().to(policies::rules))
        .route("/policies/{owner}/diff", get().to(policies::diff))
        .route("/policies/{owner}/check", get().to(policies::check))
        .route("/policies/{owner}/preview", get().to(policies::preview))
        .route("/policies/{owner}/reach", get().to(policies::reach))
        .route("/policies/{owner}/try", get().to(policies::trial))
        .route("/policies/{owner}/history", get().to(policies::history))
        .route("/policies/{owner}/file", get().to(policies::file))
        .service(
            web::resource("/policies/{owner}/row")
                .route(get().to(policies::row_form))
                .route(post().to(policies::save)),
        )
        .route("/policies/{owner}/row/remove", post().to(policies::remove))
        .service(
            web::resource("/policies/{owner}/import")
                .route(get().to(policies::import_form))
                .route(post().to(policies::import)),
        )
        .route("/policies/{owner}/begin", post().to(policies::begin))
        .route("/policies/{owner}/keep", post().to(policies::keep))
        .route("/policies/{owner}/discard", post().to(policies::discard))
        .route("/policies/{owner}/draft", post().to(policies::draft))
        .route("/policies/{owner}/countersign", post().to(policies::countersign))
        .route("/policies/{owner}/withdraw", post().to(policies::withdraw))
        .route("/account/role", post().to(account::role))
        .route("/language", post().to(taste::language))
        .route("/theme", post().to(taste::theme))
        .route("/assets/{name}", get().to(shelf::serve))
        .route("/healthz", get().to(health::well));
}
