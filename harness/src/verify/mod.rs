//! Whether two databases, or a database and an archive, hold the same.
//!
//! Both sides are read into [`Contents`], a database by [`database::read`], an
//! archive by [`archive::read`]; [`Certificate::of`] compares them. Definitions
//! are compared as `pg_dump` prints them, rows by hashes that do not depend on
//! their order.

pub mod archive;
mod certificate;
mod contents;
pub mod database;
mod document;
mod rows;

pub use certificate::{Certificate, Comparable, Compared, Difference, Sides};
pub use contents::{Contents, Definition, LargeObject, ObjectName, SequenceValue};
pub use rows::{RowHasher, Rows};

/// What is left out of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Who owns what, as after `pg_restore -O`.
    pub owners: bool,
    /// Grants and default privileges, as after `pg_restore -x`.
    pub privileges: bool,
}
