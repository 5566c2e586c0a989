//! What the members of a chain agreed on: bounds of time and of a day's work, equal on every node.

use crate::protocol::Limits;

crate::wire_struct! {
    /// Governed parameters: times in milliseconds, and how often a department may do what stays for ever.
    #[derive(Copy)]
    pub struct Parameters {
        /// At most this long after a block an idle chain makes the next one, to move time.
        pub heartbeat_ms: u64,
        /// How long consensus waits for a proposal before it goes to the next proposer.
        pub propose_ms: u64,
        /// A ticket is valid at most this long after the time it was written.
        pub ticket_ms: u64,
        /// A decision is at most this old when its record enters a block.
        pub judged_lag_ms: u64,
        /// An answer may be fetched again this long.
        pub refetch_ms: u64,
        /// The requester collects acknowledgements this long before sending them.
        pub delivery_wait_ms: u64,
        /// Denials a minute that a provider records for one requester; the rest is only counted.
        pub denials_per_minute: u32,
        /// So long after its countersignature a policy that lets more pass is in force.
        pub loosening_ms: u64,
        /// Entries and versions of entries that a department publishes in a day.
        pub publications_per_day: u32,
        /// Requests that a department submits in a day.
        pub requests_per_day: u32,
        /// Denials of a department's tickets that are put on record in a day, whoever denies.
        pub denials_per_day: u32,
        /// Drafts of policies that a department submits in a day.
        pub drafts_per_day: u32,
    }
}

impl Parameters {
    /// What a chain is founded with.
    pub const DEFAULT: Self = Self {
        heartbeat_ms: 10_000,
        propose_ms: 500,
        ticket_ms: 5 * 60_000,
        judged_lag_ms: 60_000,
        refetch_ms: 24 * 60 * 60_000,
        delivery_wait_ms: 5_000,
        denials_per_minute: 60,
        loosening_ms: 24 * 60 * 60_000,
        publications_per_day: 200,
        requests_per_day: 1_000,
        denials_per_day: 5_000,
        drafts_per_day: 100,
    };

    /// Whether the values are usable.
    #[must_use]
    pub const fn is_sound(&self, limits: &Limits) -> bool {
        self.heartbeat_ms >= 100
            && self.propose_ms >= 50
            && self.propose_ms <= 500
            && self.ticket_ms >= 1_000
            && self.ticket_ms <= limits.transaction_wait_ms
            && self.judged_lag_ms >= 1_000
            && self.refetch_ms >= self.ticket_ms
            && self.denials_per_minute > 0
            && self.publications_per_day > 0
            && self.requests_per_day > 0
            && self.denials_per_day > 0
            && self.drafts_per_day > 0
            && self.loosening_ms <= limits.loosening_ms
    }
}
