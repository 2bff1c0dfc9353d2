//! Times on the server of a run, predicted for an archive that it restored.

use restore_core::units::Jobs;
use serde::Serialize;

use crate::analysis::CurveReplay;
use crate::analysis::fit::Residual;
use crate::analysis::replay::PredictedCell;
use crate::stats::estimate::Estimate;

/// Within this of the shortest predicted time, a number of jobs is as good.
const AS_GOOD: f64 = 0.01;

/// Times on the server of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Here {
    pub title: String,
    /// How many restores the item times come from.
    pub recordings: usize,
    /// With how many jobs they were made.
    pub recorded_jobs: Jobs,
    /// How many processors the items share there; `null` where it is not
    /// known, and then taken to be enough.
    pub processors: Option<f64>,
    /// For each measured j, (measured - fitted) / fitted.
    pub residuals: Vec<Residual>,
    pub times: Vec<PredictedCell>,
    /// The smallest number of jobs within 1 % of the shortest of them.
    pub enough: Jobs,
}

impl Here {
    /// The times that a replay predicts for its curve; `None` where it
    /// predicts none.
    pub fn new(title: String, replay: &CurveReplay) -> Option<Self> {
        let times = replay.predictions.clone();
        let shortest = times.iter().map(|of| of.time_seconds.value).fold(f64::INFINITY, f64::min);
        let as_good = |of: &&PredictedCell| of.time_seconds.value <= shortest * (1.0 + AS_GOOD);
        let enough = times.iter().find(as_good)?.jobs;
        Some(Self {
            title,
            recordings: replay.recordings,
            recorded_jobs: replay.recorded_jobs,
            processors: replay.processors,
            residuals: replay.residuals.clone(),
            times,
            enough,
        })
    }

    pub fn time(&self, jobs: Jobs) -> Option<&Estimate> {
        self.times.iter().find(|of| of.jobs == jobs).map(|of| &of.time_seconds)
    }
}
