//! How the process is. To everyone the portal says only whether it is well; figures are for its
//! operators, who ask on a listener of their own. No names, no ids, no data.

use std::fmt::Write as _;

use actix_web::{HttpResponse, web};

use crate::desk::Desk;

const PLAIN: &str = "text/plain; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /healthz` of the portal: 200 while the ledger moves, 503 when it is behind, and no more.
pub(crate) async fn well(desk: web::Data<Desk>) -> HttpResponse {
    let is_well = !desk.office.status().behind;
    answer(is_well).body(if is_well { "ok\n" } else { "not ok\n" })
}

/// `GET /healthz` for operators: the same with its reasons.
pub(crate) async fn healthz(desk: web::Data<Desk>) -> HttpResponse {
    let chain = desk.office.status();
    let mut text = format!("height {}\nbehind_ms {}\npeers {}\n", chain.height, chain.behind_ms, chain.peers);
    // Writing to a String cannot fail.
    if let Some(ahead) = chain.clock_ahead_ms {
        let _ = writeln!(text, "clock_ahead_ms {ahead}");
    }
    if chain.clock_off {
        let _ = writeln!(
            text,
            "this machine's clock differs from the other validators': set it by a time server"
        );
    }
    answer(!chain.behind).body(text)
}

fn answer(is_well: bool) -> actix_web::HttpResponseBuilder {
    let mut answer = if is_well { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.content_type(PLAIN);
    answer
}

/// `GET /metrics` for operators: the node's figures the portal's own, and what officers came to.
pub(crate) async fn metrics(desk: web::Data<Desk>) -> HttpResponse {
    let mut text = String::new();
    let name = "zhenglian_http_requests_total";
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} Requests answered, by class of status.\n# TYPE {name} counter");
    for (class, count) in desk.meter.counts() {
        let _ = writeln!(text, "{name}{{class=\"{class}\"}} {count}");
    }
    let name = "zhenglian_officer_bounds_reached";
    // Those of the exchange's store, which a restart forgets nothing of and a year does: no counter.
    if let Ok(counted) = desk.office.turned_away().await {
        let _ = writeln!(
            text,
            "# HELP {name} Queries turned away at a bound of one officer, in the last year.\n# TYPE {name} gauge"
        );
        for (bound, count) in counted {
            let _ = writeln!(text, "{name}{{bound=\"{}\"}} {count}", bound.code());
        }
    }
    // The engine's figures come last: they end with a mark of the end.
    text.push_str(&desk.office.metrics());
    HttpResponse::Ok().content_type(PROMETHEUS).body(text)
}
