//! The doors that a row may name.

crate::wire_code! {
    /// What someone wants to do. One door of the platform each.
    pub enum Action {
        /// See that an entry exists and what it holds.
        Discover = 1 => "discover",
        /// Ask for a grant.
        Request = 2 => "request",
        /// Give a grant.
        Approve = 3 => "approve",
        /// Send a query under a grant (judged at the requester).
        Ask = 4 => "ask",
        /// Answer a query under a grant (judged at the provider, for the role that asks).
        Answer = 5 => "answer",
        /// Look at records as an inspectorate.
        Inspect = 6 => "inspect",
        /// Have claims confirmed under a grant, yes or no (judged at the provider, for the role that asks).
        Verify = 7 => "verify",
        /// Have many persons answered under a grant (judged at the provider, for the role that asks).
        Batch = 8 => "batch",
        /// Take what was answered under a grant out as a file (judged at the requester).
        Download = 9 => "download",
        /// Steer rules, accounts and keys of the own department.
        Administer = 10 => "administer",
    }
}

impl Action {
    /// Whether data of a person passes here: a live grant is needed, and the officer's clearance must
    /// reach the grade.
    #[must_use]
    pub const fn is_data_door(self) -> bool {
        match self {
            Self::Ask | Self::Answer | Self::Verify | Self::Batch | Self::Download => true,
            Self::Discover | Self::Request | Self::Approve | Self::Inspect | Self::Administer => false,
        }
    }

    /// Whether the provider's rules are asked here, and not the requester's.
    #[must_use]
    pub const fn is_providers(self) -> bool {
        match self {
            Self::Approve | Self::Answer | Self::Verify | Self::Batch => true,
            Self::Discover
            | Self::Request
            | Self::Ask
            | Self::Inspect
            | Self::Download
            | Self::Administer => false,
        }
    }
}
