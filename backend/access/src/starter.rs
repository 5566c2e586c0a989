//! The rows a new chain starts with: `policies/starter/*.csv`, compiled in. They hold for every
//! province and every department alike; the owner is set by whoever builds the genesis.

use crate::casbin_csv::{CsvProblem, read_csv};
use ledger::policy::{Layer, PolicyRow};

const NATIONAL: &str = include_str!("../../../policies/starter/national.csv");
const REGION: &str = include_str!("../../../policies/starter/region.csv");
const DEPARTMENT: &str = include_str!("../../../policies/starter/department.csv");

/// The starter rows of a layer.
///
/// # Errors
/// [`CsvProblem`] names the first line that cannot be read.
pub fn starter_rows(layer: Layer) -> Result<Vec<PolicyRow>, CsvProblem> {
    let table = match layer {
        Layer::National => NATIONAL,
        Layer::Region => REGION,
        Layer::Department => DEPARTMENT,
    };
    read_csv(table.as_bytes())
        .or_else(|problems| problems.first().map_or(Ok(Vec::new()), |first| Err(*first)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casbin_csv::write_csv;
    use crate::rule::Rule;

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
    fn the_starter_tables_stand_as_an_export_writes_them() {
        for (layer, table) in
            [(Layer::National, NATIONAL), (Layer::Region, REGION), (Layer::Department, DEPARTMENT)]
        {
            assert_eq!(write_csv(&starter_rows(layer).unwrap()), table);
        }
    }
}
