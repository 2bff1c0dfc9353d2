//! Comparisons that claims are decided by.
//!
//! Within a run they are paired by block; between runs they compare speed-ups,
//! each of which was paired within its own run, so that what differs between
//! the days of two runs cancels in both.

use restore_core::units::Jobs;

use super::claim::{Effect, NOTICEABLE, Quantity, Ruling};
use crate::analysis::{CellSummary, Curve};
use crate::stats::interval::{Interval, Level};
use crate::stats::{moments, student};

/// Whether what an interval (of a logarithm) covers is above nothing: it is
/// where the interval is; it is not where the interval ends below what is
/// noticeable.
pub(super) fn is_above(interval: Interval) -> Ruling {
    if interval.low > 0.0 {
        Ruling::Holds
    } else if interval.high < NOTICEABLE.ln_1p() {
        Ruling::DoesNotHold
    } else {
        Ruling::NotDecidable
    }
}

/// Whether what an interval covers stays below `limit`.
pub(super) fn is_below(interval: Interval, limit: f64) -> Ruling {
    if interval.high < limit {
        Ruling::Holds
    } else if interval.low > limit {
        Ruling::DoesNotHold
    } else {
        Ruling::NotDecidable
    }
}

/// Whether some number of jobs in `among` is within the noticeable of every
/// other one that was measured. All pairs are judged together (Bonferroni).
pub(super) fn is_good_enough(
    curve: &Curve,
    among: impl Fn(Jobs) -> bool,
) -> Option<(Ruling, Effect)> {
    let (inside, outside): (Vec<&CellSummary>, Vec<&CellSummary>) =
        curve.measured().into_iter().partition(|cell| among(cell.jobs));
    let level = Level::P95.split((inside.len() * outside.len()) as u32);
    let bounds = |cell: &CellSummary, other: &CellSummary| {
        cell.ratio_to(other, level)
            .map_or(Interval::between(f64::NEG_INFINITY, f64::INFINITY), |r| r.interval)
    };
    let allowed = NOTICEABLE.ln_1p();
    let holds =
        inside.iter().any(|cell| outside.iter().all(|other| bounds(cell, other).high <= allowed));
    let fails =
        outside.iter().any(|other| inside.iter().all(|cell| bounds(cell, other).low > allowed));
    let ruling = match (holds, fails) {
        (true, _) => Ruling::Holds,
        (_, true) => Ruling::DoesNotHold,
        _ => Ruling::NotDecidable,
    };
    let (best, rival) = (fastest(&inside)?, fastest(&outside)?);
    Some((ruling, ratio(best, rival)?))
}

fn fastest<'a>(cells: &[&'a CellSummary]) -> Option<&'a CellSummary> {
    let seconds = |cell: &CellSummary| cell.mean.unwrap_or(f64::INFINITY);
    cells.iter().copied().min_by(|a, b| seconds(a).total_cmp(&seconds(b)))
}

/// The time of a cell over that of another one of its curve.
pub(super) fn ratio(cell: &CellSummary, other: &CellSummary) -> Option<Effect> {
    let ratio = cell.ratio_to(other, Level::P95)?;
    let Interval { low, high } = ratio.ratio_interval();
    let what = format!("time at -j {} over -j {}", cell.jobs, other.jobs);
    Some(Effect::new(what, Quantity::Ratio, (ratio.ratio(), low, high), ratio.n))
}

/// ln of the speed-up from one job to the fastest number, in each block.
pub(super) fn speedups(curve: &Curve) -> Option<(Jobs, Vec<f64>)> {
    let serial = curve.cell(Jobs::ONE)?;
    let measured = curve.measured();
    let parallel: Vec<&CellSummary> =
        measured.into_iter().filter(|cell| cell.jobs != Jobs::ONE).collect();
    let best = fastest(&parallel)?;
    Some((best.jobs, differences(serial, best)))
}

/// ln of one cell's times less another's, in the blocks that have both; the means of
/// hosts where there are several.
pub(super) fn differences(cell: &CellSummary, other: &CellSummary) -> Vec<f64> {
    cell.differences_to(other)
}

/// The mean of logarithms as an effect: the ratio and its interval.
pub(super) fn effect(what: String, values: &[f64]) -> Option<(Interval, Effect)> {
    let mean = student::mean_interval(values, Level::P95)?;
    let Interval { low, high } = mean.interval.exp();
    let numbers = (mean.mean.exp(), low, high);
    Some((mean.interval, Effect::new(what, Quantity::Ratio, numbers, mean.n)))
}

/// The difference of two means of logarithms that share no blocks, by Welch;
/// degrees of freedom are rounded down.
pub(super) fn apart(what: String, a: &[f64], b: &[f64]) -> Option<(Interval, Effect)> {
    let part = |values: &[f64]| {
        let n = values.len() as f64;
        Some((moments::standard_deviation(values)?.powi(2) / n, n - 1.0))
    };
    let ((va, fa), (vb, fb)) = (part(a)?, part(b)?);
    let variance = va + vb;
    let doubt = va * va / fa + vb * vb / fb;
    let df = if doubt > 0.0 { variance * variance / doubt } else { fa + fb };
    let half = student::quantile(Level::P95.upper(), df as usize) * variance.sqrt();
    let mean = moments::mean(a)? - moments::mean(b)?;
    let interval = Interval::around(mean, half);
    let Interval { low, high } = interval.exp();
    let blocks = a.len().min(b.len());
    Some((interval, Effect::new(what, Quantity::Ratio, (mean.exp(), low, high), blocks)))
}
