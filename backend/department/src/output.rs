//! What the commands print: results to standard output, failures to standard error.

use std::io::{self, Write};

use serde::Serialize;

use crate::config::Mistake;
use crate::exit::Failure;

/// Standard output and error.
pub(crate) struct Output;

impl Output {
    /// One line of text for people.
    pub(crate) fn line(&self, text: impl std::fmt::Display) {
        // A closed pipe is the reader's choice, not a fault of ours.
        let _closed = writeln!(io::stdout(), "{text}").is_err();
    }

    /// A remark beside the result: to standard error.
    pub(crate) fn aside(&self, text: impl std::fmt::Display) {
        let _closed = writeln!(io::stderr(), "{text}").is_err();
    }

    /// One JSON document.
    ///
    /// # Errors
    /// A value that JSON cannot hold.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::Fault(format!("cannot be written as JSON: {error}")))?;
        self.line(text);
        Ok(())
    }

    /// Why the program ends.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut err = io::stderr();
        let _closed = match failure {
            Failure::Mistakes(mistakes) => {
                mistakes.iter().try_for_each(|mistake| write_mistake(&mut err, mistake)).is_err()
            }
            Failure::Usage(text) | Failure::Fault(text) => writeln!(err, "zhenglian: {text}").is_err(),
            // The command has already said which step refused it, or what it found.
            Failure::EvidenceRefused | Failure::PolicyRefused | Failure::Found => false,
        };
    }
}

fn write_mistake(err: &mut impl Write, mistake: &Mistake) -> io::Result<()> {
    writeln!(err, "{}: {}", mistake.key, mistake.what)?;
    writeln!(err, "    mend: {}", mistake.mend)
}
