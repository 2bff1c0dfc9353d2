//! What an archive needs of a server besides a database: roles, extensions,
//! tablespaces and the like, and the rights of a superuser.
//!
//! Read from the table of contents alone. Each [`Need`] says which items have
//! it, for what, and which option of `pg_restore` does without: whoever holds
//! the list against a server can say what is missing and the way out at once.
//!
//! Bodies of functions are not read: what a function names is looked up when it
//! is called, and a restore calls few.

mod avoid;
mod checks;
mod collect;
mod database;
mod definitions;
mod need;
mod roles;
mod superuser;

pub use avoid::Avoid;
pub use checks::{RowCheck, row_checks};
pub use collect::needs;
pub use database::{Provider, SourceDatabase};
pub use need::{Feature, Need, Purpose, Requirement, Usage};
