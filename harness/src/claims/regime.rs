//! What restores were short of, by the server that they were given.

use serde::{Serialize, Serializer};

use super::run::MeasuredRun;
use crate::analysis::CurveKey;
use crate::record::{Outcome, TrialRow};

/// Conditions in which rules may hold or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Regime {
    /// Nothing was made scarce.
    Usual,
    /// Each question to the server takes a while.
    FarServer,
    /// A disk that was limited.
    SlowDisk,
    /// The database is larger than the server's memory.
    LittleMemory,
    BesideWorkload,
}

impl Regime {
    /// That of a curve, by what its server was and by its rows.
    pub(super) fn of(run: &MeasuredRun, key: &CurveKey) -> Self {
        let resources = run.facts.resources(key);
        let rows = || run.rows.iter().filter(|row| CurveKey::of(row) == *key);
        let has_workload = |row: &TrialRow| row.workload.workload_during_p99_us.is_some();
        let exceeds_memory = |row: &TrialRow| {
            let bytes = row.database_bytes.filter(|_| row.outcome == Outcome::Completed);
            bytes.zip(resources.memory).is_some_and(|(bytes, memory)| bytes > memory.0)
        };
        if rows().any(has_workload) {
            Self::BesideWorkload
        } else if resources.is_far() {
            Self::FarServer
        } else if rows().any(exceeds_memory) {
            Self::LittleMemory
        } else if resources.disk_bytes_per_second.is_some() {
            Self::SlowDisk
        } else {
            Self::Usual
        }
    }

    /// As the beginning of a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usual => "On a near server with a fast disk",
            Self::FarServer => "On a far server",
            Self::SlowDisk => "On a slow disk",
            Self::LittleMemory => "With less memory than data",
            Self::BesideWorkload => "Beside a workload",
        }
    }

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::FarServer => "far_server",
            Self::SlowDisk => "slow_disk",
            Self::LittleMemory => "little_memory",
            Self::BesideWorkload => "beside_workload",
        }
    }
}

impl Serialize for Regime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
