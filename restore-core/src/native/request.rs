//! What a native restore is asked for.

use std::sync::Arc;

use crate::archive::Archive;
use crate::connection::Conninfo;
use crate::options::RestoreOptions;
use crate::units::{Bytes, Jobs};

/// What to restore, where, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The archive.
    pub archive: Arc<Archive>,
    /// The database to fill.
    pub target: Conninfo,
    /// What `pg_restore` would be told.
    pub options: RestoreOptions,
    /// Whether to make the archive's database first, over a connection to
    /// `target`, and to restore into it.
    pub create: bool,
    /// Workers, each a connection.
    pub jobs: Jobs,
    /// What this engine does beyond `pg_restore`.
    pub tuning: Tuning,
    /// What builds of indexes may take of the server together.
    pub limits: Limits,
    /// Whether to gather the planner's statistics at the end.
    pub analyze: bool,
    /// Whether to go on with a restore that was interrupted, by the journal
    /// that it left in the database.
    pub resume: bool,
}

/// What builds of indexes and checks of keys may take of the server together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Sum of `maintenance_work_mem`; without it, the server's setting for
    /// each worker.
    pub maintenance_memory: Option<Bytes>,
    /// Processes that work at once, parallel workers of builds among them;
    /// without it, as many as the server's settings let be.
    pub processors: Option<u32>,
}

/// Where something is done that `pg_restore` does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// Nowhere.
    Never,
    /// Where the cost model expects it to shorten the restore.
    #[default]
    WherePays,
    /// Wherever it is possible, however small the table: for tests.
    Always,
}

/// What this engine does beyond `pg_restore`, each of which can be switched
/// off alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a way that is used or not")]
pub struct Tuning {
    /// Whether COPY into a table that this restore has made freezes its rows.
    pub freeze: bool,
    /// Which tables several workers load at once.
    pub split: Effort,
    /// How many bytes of COPY text one of them loads in a transaction.
    pub slice_bytes: usize,
    /// Which tables are vacuumed before foreign keys are checked, because
    /// their rows could not be frozen.
    pub vacuum: Effort,
    /// Which keys get their index beside the table's other indexes.
    pub early_key_indexes: Effort,
    /// Which foreign keys are checked apart, so that others can work on the
    /// referenced table meanwhile.
    pub validate: Effort,
    /// Whether builds share memory and processes within limits, in place of
    /// the server's settings for each.
    pub budget: bool,
    /// Whether statements are sent before the answers to earlier ones are
    /// there.
    pub pipeline: bool,
    /// Whether a journal in the database notes what is done, so that the
    /// restore can be resumed.
    pub journal: bool,
}

impl Tuning {
    /// Large enough that a transaction's commit does not matter, small enough
    /// that each worker can hold one and the next is read meanwhile.
    pub const SLICE_BYTES: usize = 8 << 20;

    /// Nothing beyond what `pg_restore` does.
    pub fn none() -> Self {
        Self {
            freeze: false,
            split: Effort::Never,
            slice_bytes: Self::SLICE_BYTES,
            vacuum: Effort::Never,
            early_key_indexes: Effort::Never,
            validate: Effort::Never,
            budget: false,
            pipeline: false,
            journal: false,
        }
    }
}

impl Tuning {
    /// All of it, with this effort wherever there is a choice: for tests.
    pub fn with_effort(effort: Effort) -> Self {
        Self {
            split: effort,
            vacuum: effort,
            early_key_indexes: effort,
            validate: effort,
            ..Self::default()
        }
    }
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            freeze: true,
            split: Effort::default(),
            slice_bytes: Self::SLICE_BYTES,
            vacuum: Effort::default(),
            early_key_indexes: Effort::default(),
            validate: Effort::default(),
            budget: true,
            pipeline: true,
            journal: true,
        }
    }
}
