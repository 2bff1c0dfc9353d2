//! A restore engine of our own: any `pg_dump` archive, over connections that
//! are held here.
//!
//! [`restore`] takes a [`Request`] and gives a [`Summary`]. On the way:
//!
//! - `sql` says what is sent for each item: what `pg_restore` sends;
//! - `choices` has the rules where there is more than one way, `decide` tries
//!   them in simulated restores, `graph` makes the
//!   tasks of a pass with the `locks` that they take, `dispatch` hands them out:
//!   pure functions of the archive and the plan;
//! - `prospect` tells what a restore would do, with `simulate`, which runs its
//!   dispatcher without a server;
//! - `budget` shares memory and processes out among builds;
//! - `source` reads data ahead on threads, whole or in `slices`;
//! - `database` makes the database itself, for `--create`;
//! - `worker` does a task over its connection, `crew` holds the workers, `pass`
//!   brings tasks and workers together, `restore` the passes;
//! - `gate` holds data back while the restore gives way;
//! - `lock_watch` tells of locks of others that workers wait for;
//! - `journal` notes in the target what is done, within the transaction that
//!   does it, so that an interrupted restore can be resumed.
//!
//! Errors are `pg_restore`'s: an item that fails is reported and counted, and
//! the rest goes on. What this engine does faster, it does only where the
//! outcome is the same; where the server refuses a faster way, the item's own
//! SQL is sent as `pg_restore` sends it. See docs/native.md.

mod budget;
mod choices;
mod contents;
mod context;
mod crew;
mod database;
mod decide;
mod dispatch;
mod error;
mod failure;
mod gate;
mod graph;
mod journal;
mod lock_watch;
mod locks;
mod pass;
mod prospect;
mod reporter;
mod request;
mod restore;
mod simulate;
mod slices;
mod source;
mod sql;
mod summary;
#[cfg(test)]
mod testing;
mod worker;

pub use error::NativeError;
pub use failure::ServerMessage;
pub use prospect::{Expected, ExpectedRestore, Prospect, Treatment};
pub use request::{Effort, Limits, Request, Tuning};
pub use restore::restore;
pub use sql::{SqlError, SqlSettings};
pub use summary::Summary;
