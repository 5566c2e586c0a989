//! What a replay finds: a closed list with stable codes, each with a sentence in the portal's languages.

use access::Differs;
use ledger::ids::{Height, QueryId, Time};
use ledger::policy::{Layer, RowId};

use crate::protocol::Side;

/// A record of which something is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The query; also the id of its receipt.
    pub query: QueryId,
    /// The block of the record.
    pub height: Height,
    /// Its time.
    pub at: Time,
    /// Whose decision.
    pub side: Side,
    /// All that is not as it should be.
    pub what: Vec<What>,
}

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It stands on the chain, and nothing was kept of it.
    Missing,
    /// It stands on the chain, and the department does not open it to who inspects.
    Withheld,
    /// The details are missing, or not those of the ticket.
    Details,
    /// The answer's header is missing, or not that of the receipt.
    Header,
    /// The decision is not the one that was committed to.
    Opening,
    /// The officer's attributes are missing, or not those the details commit to.
    Asker,
    /// It names other versions than the record.
    VersionsNamed,
    /// A version was not in force at the height it was judged at.
    NotInForce(Layer),
    /// An attribute is not what chain and details say; its name in the model.
    Attribute(&'static str),
    /// Grant, entry or departments were not on the chain at that height: nothing says what the attributes were.
    Unfounded,
    /// Judged again it comes out otherwise.
    Judged(Differs),
    /// The record says another thing than the decision: an answer under a no, or a denial under a yes.
    Contradicted,
    /// A denial that no policy decided, of another class or form.
    Facts,
}

impl What {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Withheld => "withheld",
            Self::Details => "details",
            Self::Header => "header",
            Self::Opening => "opening",
            Self::Asker => "asker",
            Self::VersionsNamed => "versions-named",
            Self::NotInForce(_) => "not-in-force",
            Self::Attribute(_) => "attribute",
            Self::Unfounded => "unfounded",
            Self::Judged(differs) => differs.code(),
            Self::Contradicted => "contradicted",
            Self::Facts => "facts",
        }
    }

    /// Every code there is.
    pub const CODES: [&'static str; 19] = [
        "missing",
        "withheld",
        "details",
        "header",
        "opening",
        "asker",
        "versions-named",
        "not-in-force",
        "attribute",
        "unfounded",
        "contradicted",
        "facts",
        "unreadable",
        "model",
        "version-unknown",
        "unjudged",
        "allow",
        "row",
        "obligations",
    ];

    /// What exactly: an attribute, a layer with its rows, duties. Codes only, never a value or a person.
    #[must_use]
    pub fn detail(&self) -> String {
        let row = |row: &Option<RowId>| row.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let texts = |duties: &[access::Obligation]| {
            let texts: Vec<String> = duties.iter().map(ToString::to_string).collect();
            if texts.is_empty() { "-".to_owned() } else { texts.join(",") }
        };
        match self {
            Self::Attribute(name) => (*name).to_owned(),
            Self::NotInForce(layer) | Self::Judged(Differs::Version(layer)) => layer.code().to_owned(),
            Self::Judged(Differs::Allow { recorded }) => {
                let word = |allow| if allow { "allow" } else { "deny" };
                format!("{} → {}", word(*recorded), word(!*recorded))
            }
            Self::Judged(Differs::Row { layer, recorded, judged }) => {
                format!("{layer}: {} → {}", row(recorded), row(judged))
            }
            Self::Judged(Differs::Obligations { recorded, judged }) => {
                format!("{} → {}", texts(recorded), texts(judged))
            }
            Self::Missing
            | Self::Withheld
            | Self::Details
            | Self::Header
            | Self::Opening
            | Self::Asker
            | Self::VersionsNamed
            | Self::Unfounded
            | Self::Judged(Differs::Unreadable | Differs::Model | Differs::Unjudged)
            | Self::Contradicted
            | Self::Facts => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_a_code_of_the_list() {
        let judged = [
            Differs::Unreadable,
            Differs::Model,
            Differs::Version(Layer::Region),
            Differs::Unjudged,
            Differs::Allow { recorded: true },
            Differs::Row { layer: Layer::Region, recorded: None, judged: None },
            Differs::Obligations { recorded: Vec::new(), judged: Vec::new() },
        ];
        let own = [
            What::Missing,
            What::Withheld,
            What::Details,
            What::Header,
            What::Opening,
            What::Asker,
            What::VersionsNamed,
            What::NotInForce(Layer::National),
            What::Attribute("at"),
            What::Unfounded,
            What::Contradicted,
            What::Facts,
        ];
        let codes: Vec<_> = own.into_iter().chain(judged.map(What::Judged)).map(|what| what.code()).collect();
        assert_eq!(codes, What::CODES);
    }
}
