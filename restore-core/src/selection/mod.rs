//! Which items of an archive `pg_restore` restores under its options, and in
//! which order it looks at them.
//!
//! [`Criteria`] are the options that decide, with the files that they name;
//! [`Selected`] is a table of contents with what they leave of it. The rules
//! are those of `pg_backup_archiver.c` (`_tocEntryRequired`,
//! `SortTocFromFile`), read in the newest minor releases of PostgreSQL 12 to
//! 18 and held against `pg_restore -l` of 15, 17 and 18 by
//! `tests/selections.rs`.

mod criteria;
mod filter;
mod list;
mod parts;
mod rules;
mod selected;

pub use criteria::{Criteria, CriteriaError};
pub use filter::FilterError;
pub(crate) use parts::is_restored;
pub use parts::{Parts, is_restored_by_default};
pub use selected::{Selected, SelectionError};
