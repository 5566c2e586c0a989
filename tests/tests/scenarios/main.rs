//! Promises of the whole, kept by six real processes.

mod tidy;
