//! Closed sets of the platform that views carry and forms send back. Each has `code()`, `from_code`
//! and `ALL`; the code is the last part of the portal's text key.

use exchange::Outcome;
use ledger::refusal::Refusal;

pub use access::Action;
pub use exchange::Stage;
pub use ledger::catalogue::{DataType, MaskRule, Mode, ReceiptMode, ShareType, UpdateCycle};
pub use ledger::grant::GrantStatus;
pub use ledger::policy::Layer;
pub use ledger::receipt::{DeliveryOutcome, DenialClass};
pub use ledger::role::Role;

/// A closed set with stable codes.
macro_rules! codes {
    ($($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident => $code:literal),* $(,)? })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant),* }

        impl $name {
            /// Every member of the set.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The member with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    )*};
}
pub(crate) use codes;

codes! {
    /// Why this crate says no, beside the ledger's and the exchange's reasons.
    pub enum OfficeRefusal {
        /// Account or password is wrong.
        SignInWrong => "sign-in.wrong",
        /// Too many wrong attempts from this address, or in all.
        SignInOften => "sign-in.often",
        /// The department is not active on the chain.
        SignInDepartment => "sign-in.department",
        /// The account was not used for too long.
        SignInUnused => "sign-in.unused",
        /// The session is over.
        SessionEnded => "session.ended",
        /// The officer does not hold this role.
        RoleNotHeld => "role.not-held",
        /// The form was sent before and said something else.
        FormChanged => "form.changed",
        /// The form was sent before by someone else.
        FormUsed => "form.used",
        /// The entry is not shared.
        EntryNotShared => "entry.not-shared",
        /// The entry is the own department's.
        EntryOwn => "entry.own",
        /// A newer version of the entry is published.
        EntrySuperseded => "entry.superseded",
        /// The entry is not given in this way.
        EntryMode => "entry.mode",
        /// The request is another department's to act on.
        RequestNotOurs => "request.not-ours",
        /// The request is decided or taken back.
        RequestNotOpen => "request.not-open",
        /// The grant is another department's to act on.
        GrantNotOurs => "grant.not-ours",
        /// The grant has ended.
        GrantNotLive => "grant.not-live",
        /// Too many queries are under way.
        QueryBusy => "query.busy",
        /// Too many transactions wait at the node.
        NodeFull => "node.full",
    }

    /// What is wrong with a field of a form.
    pub enum FieldCode {
        /// Nothing is in it.
        Missing => "missing",
        /// Too many characters.
        TooLong => "too-long",
        /// Too few characters.
        TooShort => "too-short",
        /// Too easy to guess.
        TooSimple => "too-simple",
        /// No such code can be.
        NotACode => "not-a-code",
        /// Not a number.
        NotANumber => "not-a-number",
        /// Not a day.
        NotADate => "not-a-date",
        /// Not the number of such a document.
        NotAnIdNumber => "not-an-id-number",
        /// Above the bound.
        TooLarge => "too-large",
        /// Below the bound.
        TooSmall => "too-small",
        /// Before today.
        InThePast => "in-the-past",
        /// Too far ahead, or too long.
        TooFar => "too-far",
        /// The end lies before the beginning.
        BeforeStart => "before-start",
        /// Not one of those offered.
        NotOffered => "not-offered",
        /// More than was asked for.
        WiderThanAsked => "wider-than-asked",
        /// Nothing is chosen.
        NoneChosen => "none-chosen",
        /// Characters that no such text has.
        BadCharacters => "bad-characters",
        /// There is such an account.
        Taken => "taken",
        /// These roles do not go together.
        Together => "together",
    }
}

/// Every reason for a no that a page may have to put into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A rule of the ledger.
    Ledger(Refusal),
    /// Why a query waits or ended, beside the ledger's rules.
    Exchange(Outcome),
    /// A rule of this crate.
    Office(OfficeRefusal),
}

impl Code {
    /// The stable code, `area.reason`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ledger(refusal) => refusal.code(),
            Self::Exchange(outcome) => outcome.code(),
            Self::Office(refusal) => refusal.code(),
        }
    }

    /// Every reason there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let ledger = Refusal::ALL.iter().copied().map(Self::Ledger);
        let exchange = Outcome::OWN.iter().copied().map(Self::Exchange);
        ledger.chain(exchange).chain(OfficeRefusal::ALL.iter().copied().map(Self::Office))
    }
}

impl From<Outcome> for Code {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ledger(refusal) => Self::Ledger(refusal),
            other => Self::Exchange(other),
        }
    }
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        Self::Ledger(refusal)
    }
}

impl From<OfficeRefusal> for Code {
    fn from(refusal: OfficeRefusal) -> Self {
        Self::Office(refusal)
    }
}

/// Which policy said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The highest layer that did not allow it.
    pub layer: Layer,
    /// The row that denied; none when no row of that layer allowed it.
    pub row: Option<String>,
}
