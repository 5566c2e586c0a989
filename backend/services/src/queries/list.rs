//! The officer's enquiries in lists.

use exchange::{EnquiryFilter, EnquiryView};
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

/// The officer's own enquiries, newest first.
///
/// # Errors
/// Faults of the exchange.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: QueryFilter,
) -> Result<Page<QueryRow>, ServiceError> {
    let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
    let grant = match filter.grant.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse::<GrantId>().map_err(|_| ServiceError::NotFound)?),
    };
    let listing = enquiries(
        office,
        EnquiryFilter {
            grant,
            account: Some(officer.account().to_owned()),
            case_no: filter.case_no.filter(|case| !case.trim().is_empty()),
            skip: u32::try_from(wanted.offset()).unwrap_or(u32::MAX),
            limit: u32::try_from(wanted.per_page).unwrap_or(u32::MAX),
            ..EnquiryFilter::default()
        },
    )
    .await?;
    Ok(wanted.filled(listing.0, listing.1))
}

/// Rows and number of the department's enquiries under a filter.
pub(crate) async fn enquiries(
    office: &Office,
    filter: EnquiryFilter,
) -> Result<(Vec<QueryRow>, u64), ServiceError> {
    let listing = office.exchange().enquiries(&filter).await?;
    let rows = office.node().read(|snapshot| -> Result<Vec<QueryRow>, ServiceError> {
        let names = office.names(snapshot)?;
        let entries = catalogue::names_of(snapshot, listing.rows.iter().map(|row| row.entry.clone()))?;
        Ok(listing
            .rows
            .iter()
            .map(|enquiry| {
                let entry = entries.get(&enquiry.entry).cloned().unwrap_or_default();
                row(enquiry, entry, &names)
            })
            .collect())
    })?;
    Ok((rows, listing.total))
}

pub(super) fn row(enquiry: &EnquiryView, entry: EntryRef, names: &Names) -> QueryRow {
    let id = enquiry.query.to_string();
    QueryRow {
        entry,
        provider: names.of(enquiry.provider.as_str()),
        grant: enquiry.grant.to_string(),
        purpose: enquiry.purpose.to_string(),
        case_no: enquiry.case_no.clone(),
        subject: enquiry.subject.clone(),
        state: enquiry.state.stage(),
        reason: enquiry.state.reason().map(Code::from),
        is_final: enquiry.state.is_final(),
        at: ms(enquiry.times.asked.unwrap_or(enquiry.times.drafted)),
        receipt: enquiry.record.map(|place| ReceiptRef {
            number: receipt_number(ms(place.time), &id),
            id: id.clone(),
            use_no: place.use_no.map(u64::from),
            height: place.height.0,
            at: ms(place.time),
            delivered: place.delivered,
        }),
        id,
    }
}
