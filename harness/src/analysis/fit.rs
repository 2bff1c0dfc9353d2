//! Scaling laws fitted to a curve, with what they leave unexplained.

use restore_core::units::Jobs;

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::cell::CellSummary;
use crate::stats::estimate::{digits, six_digits};
use crate::stats::usl::{Fit, Law, Point};

/// With a law's prediction off by more than this share at any measured j, the
/// law is not used for the j between them.
pub const LARGEST_RESIDUAL: f64 = 0.10;

/// A law over one more j than it has parameters leaves a residual to judge it
/// by; with fewer it goes through every point and proves nothing.
const FEWEST_JOBS_TO_PREDICT: usize = 4;

/// What a model leaves unexplained at a measured number of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Residual {
    pub jobs: Jobs,
    /// (measured - fitted) / fitted.
    #[serde(serialize_with = "six_digits")]
    pub ratio: f64,
}

/// The largest of `residuals`, without its sign.
pub fn largest(residuals: &[Residual]) -> f64 {
    residuals.iter().map(|residual| residual.ratio.abs()).fold(0.0, f64::max)
}

/// A law fitted to a curve's geometric means, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveFit {
    pub fit: Fit,
    /// For each j, (measured - fitted) / fitted.
    pub residuals: Vec<Residual>,
}

impl CurveFit {
    /// Whether the law may be asked for an unmeasured j: it lies between
    /// measured ones, there are enough of them to contradict the law, and
    /// they do not.
    pub fn predicts(&self, jobs: Jobs) -> bool {
        let within = |residual: &Residual| residual.jobs <= jobs;
        let below = self.residuals.iter().any(within);
        let above = !self.residuals.iter().all(within);
        below
            && above
            && self.residuals.len() >= FEWEST_JOBS_TO_PREDICT
            && largest(&self.residuals) <= LARGEST_RESIDUAL
    }
}

impl Serialize for CurveFit {
    /// T(j) = parallel / j + serial (1 - 1/j) + crosstalk (j - 1), with alpha and
    /// beta its two last over the first.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fit = &self.fit;
        let mut fields = serializer.serialize_struct("CurveFit", 8)?;
        fields.serialize_field("law", fit.law.name())?;
        fields.serialize_field("parallel_seconds", &digits(fit.parallel))?;
        fields.serialize_field("serial_seconds", &digits(fit.serial))?;
        fields.serialize_field("crosstalk_seconds", &digits(fit.crosstalk))?;
        fields.serialize_field("alpha", &digits(fit.alpha()))?;
        fields.serialize_field("beta", &digits(fit.beta()))?;
        fields.serialize_field("peak_jobs", &fit.peak().map(digits))?;
        fields.serialize_field("residuals", &self.residuals)?;
        fields.end()
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
                .map(|&(jobs, time, _)| Residual {
                    jobs,
                    ratio: time / fit.time(f64::from(jobs.get())) - 1.0,
                })
                .collect();
            Some(CurveFit { fit, residuals })
        })
        .collect()
}

/// A point whose residual counts relative to its time, as noise does.
pub fn point(jobs: Jobs, time: f64, n: f64) -> Point {
    Point { jobs: f64::from(jobs.get()), time, weight: n / (time * time) }
}
