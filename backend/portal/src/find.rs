//! The search field of the top bar: a number is a block, an id is what it names, anything else a
//! word of the catalogue.
//!
//! It is a form and not an address, so that nothing typed here by mistake (a person's number, say)
//! stays in a browser's history.

use actix_web::HttpResponse;
use services::{ServiceError, chain, grants, requests};

use crate::address;
use crate::error::PortalError;
use crate::page;
use crate::session;
use crate::visit::{Sent, Visit};

/// Digits of the largest height; a longer number is no block, and may be a person's.
const HEIGHT_DIGITS_MAX: usize = 10;

/// `POST /find`
pub(crate) async fn find(visit: Visit, sent: Sent) -> Result<HttpResponse, PortalError> {
    let typed = sent.0.one("q").replace(',', "");
    let id = typed.to_ascii_lowercase();
    if session::is_id(&id) {
        return Ok(page::to(&place_of(&visit, &id).await?));
    }
    let is_number = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && typed.len() <= HEIGHT_DIGITS_MAX {
        return Ok(page::to(&format!("/chain/blocks/{typed}")));
    }
    if looks_personal(&typed) {
        return Err(PortalError::NotFound);
    }
    Ok(page::to(&format!("/catalogue?{}", address::pair("q", sent.0.one("q")))))
}

/// Where the thing with this id is shown; a record if nothing else is known.
async fn place_of(visit: &Visit, id: &str) -> Result<String, PortalError> {
    let (office, officer) = (visit.office(), &visit.officer);
    if is_known(requests::show(office, officer, id).await)? {
        Ok(format!("/requests/{id}"))
    } else if is_known(grants::show(office, officer, id).await)? {
        // A grant's id is that of the transaction that gave it.
        Ok(format!("/grants/{id}"))
    } else if is_known(chain::transaction(office, officer, id).await)? {
        Ok(format!("/chain/tx/{id}"))
    } else {
        Ok(format!("/receipts/{id}"))
    }
}

fn is_known<T>(found: Result<T, ServiceError>) -> Result<bool, PortalError> {
    match found {
        Ok(_) => Ok(true),
        Err(ServiceError::Fault { number }) => Err(PortalError::Fault { number }),
        Err(_) => Ok(false),
    }
}

/// Long numbers with an optional letter: citizens' numbers, telephones, accounts. They are never
/// written into an address.
fn looks_personal(typed: &str) -> bool {
    typed.bytes().filter(u8::is_ascii_digit).count() > HEIGHT_DIGITS_MAX && !typed.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_number_never_becomes_an_address() {
        assert!(looks_personal("990000199001010017"));
        assert!(looks_personal("10000000001"));
        assert!(!looks_personal("307001/000001"));
        assert!(!looks_personal("\u{8d37}\u{6b3e}"));
    }
}
