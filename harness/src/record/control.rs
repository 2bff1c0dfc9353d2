//! One row of `control/TRIAL.csv`.

use std::time::Duration;

use restore_core::event::Decision;
use serde::{Deserialize, Serialize};

use super::nanos;

/// What a restore with `-j auto` decided, and by which reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlRow {
    /// Since the start of the restore.
    pub at_ns: u64,
    /// Workers that may be busy.
    pub jobs: u32,
    /// How fast data may go to the server, in percent.
    pub flow: u8,
    /// Parallel workers of builds that begin from now on; empty for as many as there would be.
    pub parallel_workers: Option<u32>,
    /// The limit that is nearest.
    pub limit: String,
    /// What was read of it.
    pub reading: String,
    /// The reading as a share of the limit.
    pub pressure: f64,
    pub reason: String,
}

impl ControlRow {
    pub fn new(at: Duration, decision: &Decision) -> Self {
        Self {
            at_ns: nanos(at),
            jobs: decision.jobs,
            flow: decision.flow.as_percent(),
            parallel_workers: decision.parallel_workers,
            limit: decision.limit.clone(),
            reading: decision.reading.clone(),
            pressure: decision.pressure,
            reason: decision.reason.clone(),
        }
    }
}
