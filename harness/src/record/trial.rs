//! One row of `trials.csv`.

use std::time::Duration;

use restore_core::format::{Compression, Format};
use restore_core::units::{Bytes, Jobs};
use serde::{Deserialize, Serialize};

use super::latency::WorkloadSummary;
use super::load::LoadSummary;

/// What came of a trial. Failure is data: it is kept, and counts in no curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The restore ended well and everything was there.
    Completed,
    /// The engine reported errors or ended badly.
    Failed,
    /// It was stopped at the time limit of a trial.
    TimedOut,
    /// The engine was content, but what it restored is not what was dumped.
    Invalid,
}

impl Outcome {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Invalid => "invalid",
        }
    }
}

/// Everything that is recorded of one trial.
///
/// The columns of `trials.csv` are these fields in this order, and then those
/// of the load and of the workload. Durations are nanoseconds; a reading that could not be taken is
/// an empty field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialRow {
    /// Number in the designed order, from 1.
    pub trial: u32,
    /// Block, from 1.
    pub block: u32,
    /// Place within the block, from 1.
    pub position: u32,
    /// Which execution of the sweep recorded it: 1, and one more per resume.
    pub session: u32,
    /// Name of the variant; `base` where the scenario has none.
    pub variant: String,
    /// Name of the engine.
    pub engine: String,
    /// Format of the archive.
    pub format: Format,
    /// Compression of the archive.
    pub compression: Compression,
    /// Concurrent workers.
    pub jobs: Jobs,
    /// What came of it.
    pub outcome: Outcome,
    /// Start of the restore, RFC 3339, UTC.
    pub started_at: String,
    /// Wall time of the restore.
    pub wall_ns: u64,
    /// The serial part before the first data item, where the log tells.
    pub pre_data_ns: Option<u64>,
    /// Fresh database, checkpoint, caches: before the restore.
    pub prepare_ns: u64,
    /// Counting what was restored.
    pub verify_ns: u64,
    /// Dropping the database.
    pub cleanup_ns: u64,
    /// Rows in all tables after the restore.
    pub rows: Option<u64>,
    /// Size of the restored database.
    pub database_bytes: Option<u64>,
    /// WAL written from the start to the end of the restore, by a workload beside
    /// it too.
    pub wal_bytes: Option<u64>,
    /// Errors that the engine reported.
    pub errors: u32,
    /// Exit status of the engine's program, if it ended by itself.
    pub exit_code: Option<i32>,
    /// Why the outcome is not `completed`.
    pub message: Option<String>,
    /// Size of the archive that was made; empty where one was restored.
    #[serde(default)]
    pub archive_bytes: Option<u64>,
    /// The scenario's scripts and commands before the restore; empty where it
    /// has none.
    #[serde(default)]
    pub before_ns: Option<u64>,
    /// The same after the restore.
    #[serde(default)]
    pub after_ns: Option<u64>,
    /// What made the restored database ready for queries, such as ANALYZE; empty where the
    /// scenario asks for nothing.
    #[serde(default)]
    pub ready_ns: Option<u64>,
    /// What the machine and the server were doing meanwhile.
    #[serde(skip)]
    pub load: LoadSummary,
    /// How the production workload beside did.
    #[serde(skip)]
    pub workload: WorkloadSummary,
}

impl TrialRow {
    /// A row with every field set, for headers and tests.
    pub(crate) fn example() -> Self {
        Self {
            trial: 1,
            block: 1,
            position: 1,
            session: 1,
            variant: "base".to_owned(),
            engine: "pg_restore".to_owned(),
            format: Format::Custom,
            compression: Compression::NONE,
            jobs: Jobs::ONE,
            outcome: Outcome::Completed,
            started_at: "2026-01-01T00:00:00.000Z".to_owned(),
            wall_ns: 1_000_000_000,
            pre_data_ns: Some(1_000_000),
            prepare_ns: 1_000_000,
            verify_ns: 1_000_000,
            cleanup_ns: 1_000_000,
            rows: Some(1),
            database_bytes: Some(8192),
            wal_bytes: Some(8192),
            errors: 0,
            exit_code: Some(0),
            message: None,
            archive_bytes: None,
            before_ns: None,
            after_ns: None,
            ready_ns: None,
            load: LoadSummary::default(),
            workload: WorkloadSummary::default(),
        }
    }

    /// Wall time of the restore.
    pub fn wall(&self) -> Duration {
        Duration::from_nanos(self.wall_ns)
    }

    /// What the harness spent around the restore.
    pub fn overhead(&self) -> Duration {
        let hooks = self.before_ns.unwrap_or(0) + self.after_ns.unwrap_or(0);
        Duration::from_nanos(self.prepare_ns + self.verify_ns + self.cleanup_ns + hooks)
    }

    /// WAL written, where it was read.
    pub fn wal(&self) -> Option<Bytes> {
        self.wal_bytes.map(Bytes)
    }
}

/// A duration as tables record it.
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
