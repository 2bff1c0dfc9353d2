//! Archives, plans and engines of parallel PostgreSQL restores.
//!
//! This crate reads what `pg_dump` wrote, knows how `pg_restore -j` schedules
//! it, and runs restores. It prints nothing, reads no environment variable,
//! and knows nothing of scenarios, statistics or containers: those belong to
//! the `harness` crate.

#![warn(missing_docs)]

pub mod archive;
pub mod connection;
pub mod control;
pub mod dump;
pub mod engine;
pub mod event;
pub mod format;
pub mod inspect;
pub mod launch;
pub mod native;
pub mod needs;
pub mod options;
pub mod plan;
pub mod replay;
pub mod schedule;
pub mod selection;
pub mod spelling;
pub mod sql;
pub mod toc;
pub mod units;
