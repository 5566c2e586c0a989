//! What a department may do in a day of that which stays for ever: publish, ask, draft policies, be denied on
//! record. Counted in days of Beijing, by the time of blocks, within what the [`Parameters`] allow.

use crate::ids::Time;
use crate::parameters::Parameters;
use crate::refusal::Refusal;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Beijing is so far ahead of UTC, all year.
const BEIJING_MS: u64 = 8 * HOUR_MS;

/// What is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    /// An entry, or a version of one: by who publishes it.
    Publication,
    /// A request: by who submits it.
    Request,
    /// The record of a denial: by who signed the ticket. A provider can be asked by anybody; a ticket is its
    /// requester's own, also where the two are one.
    Denial,
    /// A draft of a policy, of which each that comes in force is kept: by who drafts it.
    Draft,
}

crate::wire_struct! {
    /// What a department has spent on one day.
    #[derive(Copy, Default)]
    pub struct Spent {
        /// Publications.
        pub publications: u32,
        /// Requests.
        pub requests: u32,
        /// Denials.
        pub denials: u32,
        /// Drafts.
        pub drafts: u32,
    }
}

impl Spent {
    /// Takes one, if the day allows another.
    ///
    /// # Errors
    /// [`Refusal::CreditPublications`] and its like, which say when it works again.
    pub fn take(&mut self, credit: Credit, allowed: &Parameters) -> Result<(), Refusal> {
        let (count, allowed, refusal) = match credit {
            Credit::Publication => {
                (&mut self.publications, allowed.publications_per_day, Refusal::CreditPublications)
            }
            Credit::Request => (&mut self.requests, allowed.requests_per_day, Refusal::CreditRequests),
            Credit::Denial => (&mut self.denials, allowed.denials_per_day, Refusal::CreditDenials),
            Credit::Draft => (&mut self.drafts, allowed.drafts_per_day, Refusal::CreditDrafts),
        };
        if *count >= allowed {
            return Err(refusal);
        }
        *count = count.saturating_add(1);
        Ok(())
    }
}

/// The day in Beijing, counted from 1 January 1970.
#[must_use]
pub const fn day(time: Time) -> u64 {
    time.plus_ms(BEIJING_MS).0 / DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_beijing() {
        // 2025-12-31T16:00:00Z is the first moment of the year there.
        let midnight = Time(1_767_196_800_000);
        assert_eq!(day(midnight), 20_454, "1 January 2026");
        assert_eq!(day(midnight.minus_ms(1)), 20_453);
        assert_eq!(day(midnight.plus_ms(DAY_MS - 1)), 20_454);
        assert_eq!(day(midnight.plus_ms(DAY_MS)), 20_455);
    }

    #[test]
    fn each_credit_is_its_own() {
        let allowed = Parameters {
            publications_per_day: 1,
            requests_per_day: 2,
            denials_per_day: 3,
            drafts_per_day: 4,
            ..Parameters::DEFAULT
        };
        let mut spent = Spent::default();
        let credits = [
            (Credit::Publication, 1, Refusal::CreditPublications),
            (Credit::Request, 2, Refusal::CreditRequests),
            (Credit::Denial, 3, Refusal::CreditDenials),
            (Credit::Draft, 4, Refusal::CreditDrafts),
        ];
        for (credit, count, refusal) in credits {
            for _ in 0..count {
                assert_eq!(spent.take(credit, &allowed), Ok(()));
            }
            assert_eq!(spent.take(credit, &allowed), Err(refusal));
        }
        assert_eq!(spent, Spent { publications: 1, requests: 2, denials: 3, drafts: 4 });
    }
}
