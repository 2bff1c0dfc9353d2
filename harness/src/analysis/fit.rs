//! Scaling laws fitted to a curve, with what they leave unexplained.

use restore_core::units::Jobs;

use super::cell::CellSummary;
use crate::stats::usl::{Fit, Law, Point};

/// With a law's prediction off by more than this share at any measured j, the
/// law is not used for the j between them.
pub(super) const LARGEST_RESIDUAL: f64 = 0.10;

/// A law over one more j than it has parameters leaves a residual to judge it
/// by; with fewer it goes through every point and proves nothing.
const FEWEST_JOBS_TO_PREDICT: usize = 4;

/// A law fitted to a curve's geometric means, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveFit {
    /// The fitted law.
    pub fit: Fit,
    /// For each j, (measured - fitted) / fitted.
    pub residuals: Vec<(Jobs, f64)>,
}

impl CurveFit {
    /// The largest residual, without its sign.
    pub fn largest_residual(&self) -> f64 {
        self.residuals.iter().map(|(_, residual)| residual.abs()).fold(0.0, f64::max)
    }

    /// Whether the law may be asked for an unmeasured j: it lies between
    /// measured ones, there are enough of them to contradict the law, and
    /// they do not.
    pub fn predicts(&self, jobs: Jobs) -> bool {
        let within = |&(measured, _): &(Jobs, f64)| measured <= jobs;
        let below = self.residuals.iter().any(within);
        let above = !self.residuals.iter().all(within);
        below
            && above
            && self.residuals.len() >= FEWEST_JOBS_TO_PREDICT
            && self.largest_residual() <= LARGEST_RESIDUAL
    }
}

/// The laws that the cells can be fitted by: USL, Amdahl.
pub fn fits(cells: &[CellSummary]) -> Vec<CurveFit> {
    let measured: Vec<(Jobs, f64, f64)> = cells
        .iter()
        .filter_map(|cell| Some((cell.jobs, cell.seconds()?, cell.n() as f64)))
        .collect();
    [Law::Usl, Law::Amdahl]
        .into_iter()
        .filter_map(|law| {
            let points: Vec<Point> =
                measured.iter().map(|&(jobs, time, n)| point(jobs, time, n)).collect();
            let fit = Fit::new(law, &points)?;
            let residuals = measured
                .iter()
                .map(|&(jobs, time, _)| (jobs, time / fit.time(f64::from(jobs.get())) - 1.0))
                .collect();
            Some(CurveFit { fit, residuals })
        })
        .collect()
}

/// A point whose residual counts relative to its time, as noise does.
pub fn point(jobs: Jobs, time: f64, n: f64) -> Point {
    Point { jobs: f64::from(jobs.get()), time, weight: n / (time * time) }
}
