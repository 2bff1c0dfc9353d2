//! What a curve rests on: its trials, the laws fitted to it, its floor.

use super::{Evidence, FloorPoint, LawLine, LawPoint, TrialReport};
use crate::analysis::fit::CurveFit;
use crate::analysis::{CellSummary, Curve, CurveKey, RunFacts};
use crate::record::TrialRow;
use crate::report::build::{digits, law_name};

/// Points of a law's line: enough that it looks round.
const LINE_POINTS: u32 = 48;

pub(super) fn of_curve(curve: &Curve, rows: &[TrialRow], facts: &RunFacts) -> Evidence {
    let own = rows.iter().filter(|row| CurveKey::of(row) == curve.key);
    Evidence {
        trials: own.map(|row| trial(row, curve)).collect(),
        laws: curve.fits.iter().filter_map(|fit| law(fit, curve)).collect(),
        floor: floor(curve, facts),
    }
}

fn trial(row: &TrialRow, curve: &Curve) -> TrialReport {
    let seen = curve.cell(row.jobs).and_then(|cell| cell.observations.get(&row.block));
    TrialReport {
        trial: row.trial,
        block: row.block,
        position: row.position,
        session: row.session,
        jobs: row.jobs,
        outcome: row.outcome,
        seconds: digits(row.wall().as_secs_f64()),
        outlier: seen.is_some_and(|seen| seen.outlier && seen.trial == row.trial),
        wal_bytes: row.wal_bytes,
        message: row.message.clone(),
    }
}

/// The law from the fewest to the most jobs that were measured.
fn law(fitted: &CurveFit, curve: &Curve) -> Option<LawLine> {
    let measured = curve.measured();
    let first = f64::from(measured.first()?.jobs.get());
    let last = f64::from(measured.last()?.jobs.get());
    let serial = fitted.fit.time(1.0);
    let step = (last / first).powf(1.0 / f64::from(LINE_POINTS));
    let points = (0..=LINE_POINTS)
        .map(|index| {
            let jobs = first * step.powf(f64::from(index));
            let seconds = fitted.fit.time(jobs);
            LawPoint {
                jobs: digits(jobs),
                seconds: digits(seconds),
                speedup: digits(serial / seconds),
            }
        })
        .collect();
    Some(LawLine { law: law_name(fitted.fit.law).to_owned(), points })
}

fn floor(curve: &Curve, facts: &RunFacts) -> Vec<FloorPoint> {
    let Some(archive) = facts.archive(&curve.key) else {
        return Vec::new();
    };
    let serial =
        curve.cells.iter().find(|cell| cell.jobs.get() == 1).and_then(CellSummary::seconds);
    let of_jobs = |jobs: restore_core::units::Jobs| {
        let seconds = archive.floor(f64::from(jobs.get()))?.as_secs_f64();
        (seconds > 0.0).then(|| FloorPoint {
            jobs,
            seconds: digits(seconds),
            speedup: serial.map(|serial| digits(serial / seconds)),
        })
    };
    curve.cells.iter().filter_map(|cell| of_jobs(cell.jobs)).collect()
}
