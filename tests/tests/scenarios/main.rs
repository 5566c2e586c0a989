//! Promises of the whole, kept by six real processes.

mod crashes;
mod evidence;
mod privacy;
mod seed;
mod stage;
mod stories;
mod tidy;
mod validators;
