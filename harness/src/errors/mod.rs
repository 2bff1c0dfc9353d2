//! Errors of restores: what kind each is, whether a trial may have it, and what to do.
//!
//! `pg_restore` goes on after an error and exits with 1. Some errors cannot change what is
//! measured; `docs/errors.md` lists the kinds and says which are accepted.

pub mod classify;
pub mod group;
pub mod judge;
pub mod kind;
pub mod notes;
pub mod summary;

pub use classify::classify;
pub use group::{ErrorGroup, groups};
pub use judge::{Judge, Judgement};
pub use kind::ErrorKind;
