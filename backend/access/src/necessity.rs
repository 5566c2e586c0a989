//! Which items a purpose needs (`policies/necessity.csv`, PIPL article 6): national, compiled in. Asking for
//! more is a warning and no denial, for whether a case needs more is for the approver to say, who sees it.

use crate::fault::AccessFault;
use crate::table::lines;
use ledger::ids::{Code2, ItemCode};
use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("../../../policies/necessity.csv");

/// The items each purpose needs. Of a purpose that is not in the table nothing is said.
#[derive(Debug)]
pub(crate) struct Necessity(BTreeMap<Code2, BTreeSet<ItemCode>>);

impl Necessity {
    /// Reads the table compiled in.
    pub(crate) fn read() -> Result<Self, AccessFault> {
        Self::parse(TABLE).ok_or(AccessFault::Model("its table of necessary items cannot be read"))
    }

    fn parse(table: &str) -> Option<Self> {
        let mut needed = BTreeMap::new();
        for (_, cells) in lines(table, "purpose,items,reason").ok()? {
            let (purpose, items) = (cells.get(0)?.parse().ok()?, cells.get(1)?);
            let items = items.split(',').filter(|_| !items.is_empty()).map(str::parse);
            if needed.insert(purpose, items.collect::<Result<_, _>>().ok()?).is_some() {
                return None;
            }
        }
        Some(Self(needed))
    }

    /// What of these items the purpose does not need.
    pub(crate) fn over_asked(&self, purpose: &Code2, items: &BTreeSet<ItemCode>) -> BTreeSet<ItemCode> {
        self.0.get(purpose).map(|needed| items.difference(needed).cloned().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over_asked(purpose: &str, items: &[&str]) -> Vec<String> {
        let items = items.iter().map(|item| item.parse().unwrap()).collect();
        let found = Necessity::read().unwrap().over_asked(&purpose.parse().unwrap(), &items);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn items_a_purpose_does_not_need_are_named() {
        assert_eq!(over_asked("01", &["GRZHZT", "GRZHYE", "SJHM"]), ["GRZHYE", "SJHM"]);
        assert_eq!(over_asked("01", &["XingMing", "LXJCYS"]), [""; 0]);
        assert_eq!(over_asked("08", &["CXMC"]), ["CXMC"], "statistics need nobody's items");
        assert_eq!(over_asked("99", &["GRZHYE"]), [""; 0], "of another purpose nothing is said");
    }

    #[test]
    fn a_table_that_says_a_purpose_twice_or_misspelt_is_not_read() {
        for table in [
            "purpose,items,reason\n01,A,x\n01,B,y\n",
            "purpose,items,reason\n1,A,x\n",
            "purpose,items,reason\n01,\"A,\",x\n",
        ] {
            assert!(Necessity::parse(table).is_none(), "{table}");
        }
    }
}
