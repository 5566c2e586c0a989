//! `/healthz` and `/metrics`: figures of the process for its operators. No names, no ids, no data.

use std::fmt::Write as _;

use actix_web::{HttpResponse, web};

use crate::desk::Desk;

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /healthz`: 200 while the ledger moves, 503 when it is behind.
pub(crate) async fn healthz(desk: web::Data<Desk>) -> HttpResponse {
    let chain = desk.office.status();
    let text = format!("height {}\nbehind_ms {}\npeers {}\n", chain.height, chain.behind_ms, chain.peers);
    if chain.behind {
        HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body(text)
    } else {
        HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
    }
}

/// `GET /metrics`: the node's figures and the portal's own.
pub(crate) async fn metrics(desk: web::Data<Desk>) -> HttpResponse {
    let mut text = String::new();
    let name = "zhenglian_http_requests_total";
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} Requests answered, by class of status.\n# TYPE {name} counter");
    for (class, count) in desk.meter.counts() {
        let _ = writeln!(text, "{name}{{class=\"{class}\"}} {count}");
    }
    // The engine's figures come last: they end with a mark of the end.
    text.push_str(&desk.office.metrics());
    HttpResponse::Ok().content_type(PROMETHEUS).body(text)
}
