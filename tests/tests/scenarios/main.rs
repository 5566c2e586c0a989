//! Promises of the whole, kept by six real processes.

mod crashes;
mod evidence;
mod privacy;
mod stage;
mod tidy;
mod validators;
