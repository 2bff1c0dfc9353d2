//! The options of `pg_restore`, typed.
//!
//! [`table`](Opt) lists every option of PostgreSQL 12 to 18 once: its names,
//! what it takes, the version that brought it and what it means to a sweep.
//! The words behind `--`, the keys of a scenario, the arguments of the program
//! and the check against its version all read that table.

mod check;
mod error;
mod set;
mod table;
mod words;

pub use error::OptionError;
pub use set::{OptionValue, RestoreOptions};
pub use table::{Meaning, Opt, Takes};
