//! The officer's queries in lists.

use ledger::ids::GrantId;

use crate::catalogue::EntryRef;
use crate::codes::Code;
use crate::error::ServiceError;
use crate::names::{Names, ms, receipt_number};
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::queries::view::{QueryFilter, QueryRow, ReceiptRef};
use crate::{catalogue, limits};

/// The officer's own queries, newest first.
///
/// # Errors
/// Faults of the exchange.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: QueryFilter,
) -> Result<Page<QueryRow>, ServiceError> {
    let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
    let (rows, total) = queries(office, narrowed(officer, filter, wanted)?).await?;
    Ok(wanted.filled(rows, total))
}

/// The officer's own queries, and of them what the filter leaves.
pub(super) fn narrowed(
    officer: &Officer,
    filter: QueryFilter,
    wanted: Wanted,
) -> Result<exchange::QueryFilter, ServiceError> {
    let grant = match filter.grant.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse::<GrantId>().map_err(|_| ServiceError::NotFound)?),
    };
    Ok(exchange::QueryFilter {
        grant,
        account: Some(officer.account().to_owned()),
        case_no: filter.case_no.filter(|case| !case.trim().is_empty()),
        skip: u32::try_from(wanted.offset()).unwrap_or(u32::MAX),
        limit: u32::try_from(wanted.per_page).unwrap_or(u32::MAX),
        ..exchange::QueryFilter::default()
    })
}

/// Rows and number of the department's queries under a filter.
pub(crate) async fn queries(
    office: &Office,
    filter: exchange::QueryFilter,
) -> Result<(Vec<QueryRow>, u64), ServiceError> {
    let listing = office.exchange().queries(&filter).await?;
    let rows = office.node().read(|snapshot| -> Result<Vec<QueryRow>, ServiceError> {
        let names = office.names(snapshot)?;
        let entries = catalogue::names_of(snapshot, listing.rows.iter().map(|row| row.entry.clone()))?;
        Ok(listing
            .rows
            .iter()
            .map(|query| {
                let entry = entries.get(&query.entry).cloned().unwrap_or_default();
                row(query, entry, &names)
            })
            .collect())
    })?;
    Ok((rows, listing.total))
}

pub(super) fn row(query: &exchange::QueryView, entry: EntryRef, names: &Names) -> QueryRow {
    let id = query.query.to_string();
    QueryRow {
        entry,
        provider: names.of(query.provider.as_str()),
        grant: query.grant.to_string(),
        purpose: query.purpose.to_string(),
        case_no: query.case_no.clone(),
        subject: query.subject.clone(),
        state: query.state.stage(),
        reason: query.state.reason().map(Code::from),
        is_final: query.state.is_final(),
        at: ms(query.times.asked.unwrap_or(query.times.drafted)),
        receipt: query.record.map(|place| ReceiptRef {
            number: receipt_number(ms(place.time), &id),
            id: id.clone(),
            height: place.height.0,
            at: ms(place.time),
            delivered: place.delivered,
        }),
        id,
    }
}

#[cfg(test)]
mod tests {
    use ledger::ids::GrantId;

    use super::*;
    use crate::codes::Role;
    use crate::stage::{House, NOTHING, officer, said};

    fn asked(filter: QueryFilter) -> Result<exchange::QueryFilter, ServiceError> {
        let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
        narrowed(&officer(House::Sz, Role::BizUser), filter, wanted)
    }

    #[test]
    fn an_officer_lists_their_own_queries_whatever_is_asked_for() {
        let typed = |text: &str| Some(text.to_owned());
        let id = hex::encode(NOTHING);
        for (filter, grant, case_no) in [
            (QueryFilter::default(), None, None),
            (QueryFilter { grant: typed(""), case_no: typed(" "), page: 0 }, None, None),
            (QueryFilter { grant: typed(&id), ..QueryFilter::default() }, Some(GrantId(NOTHING)), None),
            (QueryFilter { case_no: typed("案 1"), ..QueryFilter::default() }, None, typed("案 1")),
        ] {
            let found = asked(filter).unwrap();
            assert_eq!(found.account.as_deref(), Some("someone"));
            assert_eq!((found.grant, found.case_no), (grant, case_no));
            assert_eq!((found.skip, found.limit), (0, 20));
        }
        for wrong in ["x", "*", &id[..63]] {
            assert_eq!(
                said(asked(QueryFilter { grant: typed(wrong), ..QueryFilter::default() })),
                "not-found"
            );
        }
    }

    #[test]
    fn pages_of_queries_are_bounded() {
        for (page, skip) in [(0, 0), (1, 0), (2, 20), (501, 10_000), (u64::MAX, 199_980)] {
            assert_eq!(asked(QueryFilter { page, ..QueryFilter::default() }).unwrap().skip, skip, "{page}");
        }
    }
}
