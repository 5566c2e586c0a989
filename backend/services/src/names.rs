//! How the things of the platform are named to people: departments, numbers, sides.

use std::collections::BTreeMap;

use ledger::catalogue::Mode;
use ledger::grant::Grant;
use ledger::ids::{DepartmentId, GrantId, Height, InspectionId, RequestId, Time, TxId};
use ledger::inspection::Inspection;
use ledger::receipt::Place;
use ledger::request::{Request, Step};
use ledger::state::{ReadFault, StateRead};
use ledger::views;

use crate::codes::codes;
use crate::deadline;
use crate::words::Words;

/// A department as lists name it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DepartmentRef {
    /// Unified social credit code.
    pub id: String,
    /// Its name; the code itself when the chain does not know it.
    pub name: Words,
    /// Its division, six digits; empty when unknown.
    pub region: String,
    /// Whether it is the officer's own department.
    pub own: bool,
}

/// Names of all departments, read once for a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(BTreeMap<String, DepartmentRef>);

impl Names {
    pub(crate) fn read(reads: &dyn StateRead, own: &DepartmentId) -> Result<Self, ReadFault> {
        let departments = all(reads)?;
        Ok(Self(departments.iter().map(|d| (d.member.id.to_string(), reference(&d.member, own))).collect()))
    }

    /// The department's name, or its code alone.
    pub(crate) fn of(&self, id: &str) -> DepartmentRef {
        self.0.get(id).cloned().unwrap_or_else(|| DepartmentRef {
            id: id.to_owned(),
            name: Words::new(id, id),
            region: String::new(),
            own: false,
        })
    }

    /// All, in the order of their codes.
    pub(crate) fn all(&self) -> impl Iterator<Item = &DepartmentRef> {
        self.0.values()
    }
}

/// Every department of the chain.
pub(crate) fn all(reads: &dyn StateRead) -> Result<Vec<ledger::department::Department>, ReadFault> {
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|last: &ledger::department::Department| last.member.id.clone());
        let more = views::departments(reads, after.as_ref(), ledger::limits::LIST_MAX)?;
        if more.is_empty() {
            return Ok(found);
        }
        found.extend(more);
    }
}

/// A member as lists name it.
pub(crate) fn reference(member: &ledger::department::Member, own: &DepartmentId) -> DepartmentRef {
    DepartmentRef {
        id: member.id.to_string(),
        name: Words::from(&member.name),
        region: member.region.to_string(),
        own: member.id == *own,
    }
}

/// A grant as other pages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRef {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `SQD-2026-000003`.
    pub number: String,
}

impl GrantRef {
    /// Of a grant approved at `at` (ms UTC) under this count.
    pub(crate) fn new(id: GrantId, at: i64, count: u64) -> Self {
        Self { id: id.to_string(), number: number("SQD", at, count) }
    }

    /// Of a grant.
    pub(crate) fn of(grant: &Grant) -> Self {
        Self::new(grant.id, ms(grant.approved.at), grant.number)
    }
}

/// A request as other pages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRef {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `SQ-2026-000012`.
    pub number: String,
}

impl RequestRef {
    /// Of a request submitted at `at` (ms UTC) under this count.
    pub(crate) fn new(id: RequestId, at: i64, count: u64) -> Self {
        Self { id: id.to_string(), number: number("SQ", at, count) }
    }

    /// Of a request.
    pub(crate) fn of(request: &Request) -> Self {
        Self::new(request.id, ms(request.submitted.at), request.number)
    }
}

/// An inspection as other pages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionRef {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `JC-2026-000001`.
    pub number: String,
}

impl InspectionRef {
    /// Of an inspection opened at `at` (ms UTC) under this count.
    pub(crate) fn new(id: InspectionId, at: i64, count: u64) -> Self {
        Self { id: id.to_string(), number: number("JC", at, count) }
    }

    /// Of an inspection.
    pub(crate) fn of(inspection: &Inspection) -> Self {
        Self::new(inspection.id, ms(inspection.opened.at), inspection.number)
    }
}

/// Where something stands on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceView {
    /// Its transaction, 64 hexadecimal characters.
    pub tx: String,
    /// Its block.
    pub height: u64,
    /// Its block's time, ms UTC.
    pub at: i64,
}

impl PlaceView {
    pub(crate) fn new(tx: TxId, height: Height, at: Time) -> Self {
        Self { tx: tx.to_string(), height: height.0, at: ms(at) }
    }
}

impl From<&Place> for PlaceView {
    fn from(place: &Place) -> Self {
        Self::new(place.tx, place.height, place.at)
    }
}

impl From<&Step> for PlaceView {
    fn from(step: &Step) -> Self {
        Self::new(step.tx, step.height, step.at)
    }
}

codes! {
    /// Which side of requests or grants the own department is on.
    #[derive(Default)]
    pub enum Side {
        #[default]
        Sent => "sent",
        Received => "received",
    }
}

/// A number for people: `SQ-2026-000012`.
fn number(prefix: &str, at: i64, count: u64) -> String {
    let year = deadline::day(at).map_or(0, jiff::civil::Date::year);
    format!("{prefix}-{year}-{count:06}")
}

/// A receipt's number for people, e.g. `HZ-20261120-7F3A91`: day and the first digits of the id.
pub(crate) fn receipt_number(at: i64, id: &str) -> String {
    let day = deadline::day(at).map(|day| day.strftime("%Y%m%d").to_string()).unwrap_or_default();
    format!("HZ-{day}-{}", id.get(..6).unwrap_or_default().to_uppercase())
}

/// The bit of a mode in the read model.
pub(crate) fn mode_bit(mode: Mode) -> i64 {
    1 << mode.number()
}

/// A moment of the chain in a view.
pub(crate) fn ms(time: ledger::ids::Time) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

/// A moment as a day of UTC+8.
pub(crate) fn day_text(at: i64) -> String {
    deadline::day(at).map(|day| day.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_carries_the_year_of_its_day_in_beijing() {
        let new_year = deadline::day_start_ms(deadline::parse_day("2027-01-01").unwrap()).unwrap();
        assert_eq!(number("SQ", new_year, 12), "SQ-2027-000012");
        assert_eq!(number("SQ", new_year - 1, 12), "SQ-2026-000012");
    }

    #[test]
    fn a_receipt_is_numbered_by_its_day_in_beijing_and_the_head_of_its_id() {
        let midnight = deadline::day_start_ms(deadline::parse_day("2026-11-21").unwrap()).unwrap();
        assert_eq!(receipt_number(midnight - 1, "7f3a91ffff"), "HZ-20261120-7F3A91");
        assert_eq!(receipt_number(midnight, "7f3a91ffff"), "HZ-20261121-7F3A91");
        assert_eq!(receipt_number(midnight, "short"), "HZ-20261121-");
        assert_eq!((day_text(midnight - 1).as_str(), day_text(i64::MAX).as_str()), ("2026-11-20", ""));
    }

    #[test]
    fn each_mode_has_a_bit_of_its_own() {
        let mut bits = 0;
        for mode in Mode::ALL {
            assert_eq!(bits & mode_bit(*mode), 0, "{mode:?}");
            bits |= mode_bit(*mode);
        }
    }

    #[test]
    fn departments_are_named_in_the_order_of_their_codes_and_an_unknown_one_by_its_code() {
        use crate::stage::{House, Stage};
        let stage = Stage::founded();
        let names = Names::read(&stage.state, &House::Sz.id()).unwrap();
        let own: Vec<_> = names.all().map(|department| (department.id.clone(), department.own)).collect();
        let ids = [House::Jd, House::Gz, House::Sz].map(|house| house.id().to_string());
        assert_eq!(own, ids.into_iter().zip([false, false, true]).collect::<Vec<_>>());
        let unknown = names.of("12440400X00000270E");
        assert_eq!((unknown.name.zh.as_str(), unknown.region.as_str()), ("12440400X00000270E", ""));
        assert!(!unknown.own);
    }
}
