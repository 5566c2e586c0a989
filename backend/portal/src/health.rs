//! `/healthz` and `/metrics`: figures of the process for its operators, who ask on the machine itself.
//! To anyone else there are no such pages. No names, no ids, no data.

use std::fmt::Write as _;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::desk::Desk;
use crate::error::PortalError;

/// What gateways write into a request that they pass on.
const PASSED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /healthz`: 200 while the ledger moves, 503 when it is behind.
pub(crate) async fn healthz(
    request: HttpRequest,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, PortalError> {
    operators_only(&request)?;
    let chain = desk.office.status();
    let text = format!("height {}\nbehind_ms {}\npeers {}\n", chain.height, chain.behind_ms, chain.peers);
    let mut answer = if chain.behind { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
    Ok(answer.content_type("text/plain; charset=utf-8").body(text))
}

/// `GET /metrics`: the node's figures and the portal's own.
pub(crate) async fn metrics(
    request: HttpRequest,
    desk: web::Data<Desk>,
) -> Result<HttpResponse, PortalError> {
    operators_only(&request)?;
    let mut text = String::new();
    let name = "zhenglian_http_requests_total";
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} Requests answered, by class of status.\n# TYPE {name} counter");
    for (class, count) in desk.meter.counts() {
        let _ = writeln!(text, "{name}{{class=\"{class}\"}} {count}");
    }
    // The engine's figures come last: they end with a mark of the end.
    text.push_str(&desk.office.metrics());
    Ok(HttpResponse::Ok().content_type(PROMETHEUS).body(text))
}

/// Whether a request was made on this machine, and not passed on by a gateway that stands on it.
fn operators_only(request: &HttpRequest) -> Result<(), PortalError> {
    let is_near = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let is_passed_on = PASSED_ON.iter().any(|name| request.headers().contains_key(*name));
    if is_near && !is_passed_on { Ok(()) } else { Err(PortalError::NotFound) }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn figures_are_for_who_asks_on_the_machine_itself() {
        let from = |peer: &str| TestRequest::get().peer_addr(peer.parse().unwrap());
        assert!(operators_only(&from("127.0.0.1:4000").to_http_request()).is_ok());
        assert!(operators_only(&from("[::1]:4000").to_http_request()).is_ok());
        assert!(operators_only(&from("192.0.2.7:4000").to_http_request()).is_err());
        for name in PASSED_ON {
            let passed_on = from("127.0.0.1:4000").insert_header((name, "192.0.2.7"));
            assert!(operators_only(&passed_on.to_http_request()).is_err(), "{name}");
        }
        assert!(operators_only(&TestRequest::get().to_http_request()).is_err(), "from nowhere");
    }
}
