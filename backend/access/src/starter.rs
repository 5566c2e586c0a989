//! The rows a new chain starts with: `policies/starter/*.csv`, compiled in. They hold for every
//! province and every department alike; the owner is set by whoever builds the genesis.

use crate::table::lines;
use ledger::policy::{Effect, Layer, PolicyRow};
use ledger::text::{Text, TextError};

const HEADING: &str =
    "id,role,requester,provider,entry_class,items,grade_max,action,purpose,assurance_min,obligations,effect";

const NATIONAL: &str = include_str!("../../../policies/starter/national.csv");
const REGION: &str = include_str!("../../../policies/starter/region.csv");
const DEPARTMENT: &str = include_str!("../../../policies/starter/department.csv");

/// A starter table that cannot be read, by line (counted from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StarterFault {
    /// Its number of fields.
    #[error("line {0} of the starter rows is not a row of the table")]
    Line(u64),
    /// A cell that is empty, too long, or not text.
    #[error("line {0} of the starter rows has a cell that may not stand on the chain")]
    Cell(u64),
    /// A grade or assurance that is not a number.
    #[error("line {0} of the starter rows has a grade or assurance that is not a number")]
    Number(u64),
    /// An effect other than allow and deny.
    #[error("line {0} of the starter rows has an effect other than allow and deny")]
    Effect(u64),
}

/// The starter rows of a layer.
///
/// # Errors
/// [`StarterFault`] names the line that cannot be read.
pub fn starter_rows(layer: Layer) -> Result<Vec<PolicyRow>, StarterFault> {
    parse(match layer {
        Layer::National => NATIONAL,
        Layer::Region => REGION,
        Layer::Department => DEPARTMENT,
    })
}

fn parse(table: &str) -> Result<Vec<PolicyRow>, StarterFault> {
    let lines = lines(table, HEADING).map_err(StarterFault::Line)?;
    lines.iter().map(|(line, cells)| row(*line, &cells.iter().collect::<Vec<_>>())).collect()
}

fn row(line: u64, cells: &[&str]) -> Result<PolicyRow, StarterFault> {
    let &[id, role, requester, provider, class, items, grade, action, purpose, assurance, duties, effect] =
        cells
    else {
        return Err(StarterFault::Line(line));
    };
    let cell = |_: TextError| StarterFault::Cell(line);
    let number = |text: &str| text.parse().map_err(|_| StarterFault::Number(line));
    let obligations = duties.split(',').filter(|_| !duties.is_empty());
    Ok(PolicyRow {
        id: Text::new(id).map_err(cell)?,
        role: Text::new(role).map_err(cell)?,
        requester: Text::new(requester).map_err(cell)?,
        provider: Text::new(provider).map_err(cell)?,
        entry_class: Text::new(class).map_err(cell)?,
        items: Text::new(items).map_err(cell)?,
        grade_max: number(grade)?,
        action: Text::new(action).map_err(cell)?,
        purpose: Text::new(purpose).map_err(cell)?,
        assurance_min: number(assurance)?,
        obligations: obligations.map(Text::new).collect::<Result<_, _>>().map_err(cell)?,
        effect: Effect::from_code(effect).ok_or(StarterFault::Effect(line))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Rule;

    fn a_table(line: &str) -> String {
        format!("{HEADING}\n{line}\n")
    }

    #[test]
    fn all_starter_rows_are_read() {
        let all =
            [Layer::National, Layer::Region, Layer::Department].map(|layer| starter_rows(layer).unwrap());
        assert_eq!(all.each_ref().map(Vec::len), [7, 2, 2]);
        for row in all.iter().flatten() {
            assert!(Rule::parse(row).is_ok(), "{:?}", row.id);
        }
    }

    #[test]
    fn an_effect_other_than_allow_and_deny_is_refused() {
        // Casbin would take such a row and let it say nothing.
        for effect in ["Deny", "denied", "ALLOW", "", "allow ", "permit"] {
            let table = a_table(&format!("r,*,*,*,*,*,4,*,*,1,,{effect}"));
            assert_eq!(parse(&table), Err(StarterFault::Effect(2)), "{effect:?}");
        }
        assert!(parse(&a_table("r,*,*,*,*,*,4,*,*,1,,deny")).is_ok());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        assert_eq!(parse(&a_table("r,*,*,*,*,*,4,*,*,1,allow")), Err(StarterFault::Line(2)));
        assert_eq!(parse(&a_table("r,*,*,*,*,*,four,*,*,1,,allow")), Err(StarterFault::Number(2)));
        assert_eq!(parse(&a_table("r,*,*,*,*,*,256,*,*,1,,allow")), Err(StarterFault::Number(2)));
        assert_eq!(parse(&a_table("r,,*,*,*,*,4,*,*,1,,allow")), Err(StarterFault::Cell(2)));
        assert_eq!(
            parse(&a_table("r,*,*,*,*,*,4,*,*,1,\"receipt:each,\",allow")),
            Err(StarterFault::Cell(2))
        );
        assert_eq!(parse(&a_table("r,*,*,*,*,\"*,4,*,*,1,,allow")), Err(StarterFault::Line(2)));
        assert_eq!(parse("id,role\n"), Err(StarterFault::Line(1)));
    }
}
