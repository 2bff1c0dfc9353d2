//! What a restore with `-j auto` decided over its time.

use serde::Serialize;

use crate::record::ControlRow;
use crate::stats::estimate::digits;

/// What held from a time until the next decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlPoint {
    /// Since the engine was started.
    pub at_seconds: f64,
    /// Workers that might be busy.
    pub jobs: u32,
    /// How fast data might go to the server: 0 is held back, 1 as fast as it takes them.
    pub flow_ratio: f64,
    /// The nearest limit.
    pub limit: String,
    /// What was read of it, as a share of it.
    pub pressure_ratio: f64,
    pub reason: String,
}

/// The decisions of a trial, by ascending time.
pub(super) fn of_trial(rows: &[ControlRow]) -> Vec<ControlPoint> {
    let point = |row: &ControlRow| ControlPoint {
        at_seconds: digits(row.at_ns as f64 / 1e9),
        jobs: row.jobs,
        flow_ratio: f64::from(row.flow) / 100.0,
        limit: row.limit.clone(),
        pressure_ratio: digits(row.pressure),
        reason: row.reason.clone(),
    };
    rows.iter().map(point).collect()
}
