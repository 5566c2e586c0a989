//! What went wrong in the harness, in words for whoever ran it.

use std::fmt;

/// A sentence that says what did not happen.
#[derive(Debug)]
pub struct Trouble(String);

/// What the harness gives back.
pub type Outcome<T> = Result<T, Trouble>;

impl Trouble {
    /// A trouble in one sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

/// Says what was being done when an error happened.
pub trait While<T> {
    /// The error with `doing` in front of it.
    ///
    /// # Errors
    /// The error itself, in words.
    fn during(self, doing: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn during(self, doing: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Trouble(format!("{doing}: {error}")))
    }
}

impl<T> While<T> for Option<T> {
    fn during(self, doing: impl fmt::Display) -> Outcome<T> {
        self.ok_or_else(|| Trouble(format!("{doing}: nothing there")))
    }
}
