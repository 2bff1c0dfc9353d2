//! What is sent for an item: the SQL that `pg_restore` sends.
//!
//! Everything here is a pure function of the table of contents and the
//! options; nothing here knows a connection.

mod clean;
mod copy;
mod define;
mod inserts;
mod keys;
mod large_objects;
mod quote;
mod session;
mod settings;

pub use define::SqlError;
pub use settings::SqlSettings;

pub(crate) use clean::drop_statements;
pub(crate) use copy::{CopyOptions, Destination};
pub(crate) use define::definition;
pub(crate) use inserts::StatementCutter;
pub(crate) use keys::StagedKey;
pub(crate) use quote::{identifier, qualified, string};
pub(crate) use session::{ArchiveSettings, SessionState, opening};
