//! The log as the exchange sees it: its head, and looks of other departments at decisions of this one, which
//! the department looked at finds here.

use exchange::{LogHeadSource, Look, Noted, Unnoted};
use ledger::receipt::LogHead;

use super::{AuditLog, Event, Note};
use crate::names::ms;
use crate::officer::short;

impl LogHeadSource for AuditLog {
    fn head(&self) -> LogHead {
        Self::head(self)
    }

    fn note_look(&self, look: Look) -> Noted<'_> {
        Box::pin(async move {
            let object = said(&look);
            let note = Note::of_system(ms(look.at), Event::DecisionDisclose, &object, "ok");
            self.append(note).await.map(drop).map_err(|fault| Unnoted(fault.to_string()))
        })
    }
}

/// Who looked, under what, at how many and which.
fn said(look: &Look) -> String {
    let mut said = format!("by={} decisions={}", look.by, look.queries.len());
    said.push_str(&format!(" inspection={}", short(&look.inspection.to_string())));
    if !look.queries.is_empty() {
        let queries: Vec<String> = look.queries.iter().map(|query| short(&query.to_string())).collect();
        said.push_str(&format!(" receipts={}", queries.join(",")));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::ids::{InspectionId, QueryId, Time};

    #[test]
    fn a_look_says_who_looked_at_which_receipts() {
        let by = "12510100X00000318P".parse().unwrap();
        let queries = vec![QueryId([1; 32]), QueryId([0xab; 32])];
        let look = Look { at: Time(1), by, inspection: InspectionId([7; 32]), queries };
        let expected = "by=12510100X00000318P decisions=2 inspection=0707…07 receipts=0101…01,abab…ab";
        assert_eq!(said(&look), expected);
    }
}
