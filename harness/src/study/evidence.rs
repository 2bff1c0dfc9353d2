//! What a curve rests on: its trials, the laws fitted to it, its floor.

use restore_core::units::Jobs;
use serde::Serialize;

use super::judged::Study;
use crate::analysis::fit::CurveFit;
use crate::analysis::{CellSummary, Curve, CurveKey};
use crate::recommend::CurveStudy;
use crate::record::{Outcome, TrialRow};
use crate::stats::estimate::digits;

/// Points of a law's line: enough that it looks round.
const LINE_POINTS: u32 = 48;

/// What a curve rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurveEvidence {
    /// Every trial, in the order in which they were run.
    pub trials: Vec<Trial>,
    /// What the fitted laws say between the measured points.
    pub laws: Vec<LawLine>,
    /// The times that no number of jobs can beat, where item durations are
    /// known.
    pub floor: Vec<FloorPoint>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    pub trial: u32,
    pub block: u32,
    pub position: u32,
    pub session: u32,
    pub jobs: Jobs,
    pub outcome: Outcome,
    /// Wall time of the restore.
    pub seconds: f64,
    /// Whether it stands apart from the others of its cell; it counts.
    pub outlier: bool,
    pub wal_bytes: Option<u64>,
    /// Why it did not complete.
    pub message: Option<String>,
}

/// A fitted law as a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LawLine {
    /// `usl` or `amdahl`.
    pub law: &'static str,
    /// By ascending jobs.
    pub points: Vec<LawPoint>,
}

/// A point of a law's line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LawPoint {
    /// Number of jobs, also between whole ones.
    pub jobs: f64,
    pub seconds: f64,
    /// Against the law's own time with one job.
    pub speedup: f64,
}

/// The floor at a number of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FloorPoint {
    pub jobs: Jobs,
    /// The time that cannot be beaten.
    pub seconds: f64,
    /// The speed-up over the measured time of one job that cannot be beaten.
    pub speedup: Option<f64>,
}

impl Study {
    /// What each curve rests on, in the order of the curves.
    pub fn evidence(&self) -> Vec<CurveEvidence> {
        self.curves.iter().map(|curve| of_curve(curve, &self.rows)).collect()
    }
}

fn of_curve(study: &CurveStudy, rows: &[TrialRow]) -> CurveEvidence {
    let curve = &study.measured;
    let own = rows.iter().filter(|row| CurveKey::of(row) == curve.key);
    CurveEvidence {
        trials: own.map(|row| trial(row, curve)).collect(),
        laws: curve.fits.iter().filter_map(|fit| law(fit, curve)).collect(),
        floor: floor(study),
    }
}

fn trial(row: &TrialRow, curve: &Curve) -> Trial {
    let observed = curve.cell(row.jobs).and_then(|cell| cell.observations.get(&row.block));
    Trial {
        trial: row.trial,
        block: row.block,
        position: row.position,
        session: row.session,
        jobs: row.jobs,
        outcome: row.outcome,
        seconds: digits(row.wall().as_secs_f64()),
        outlier: observed.is_some_and(|observed| observed.outlier && observed.trial == row.trial),
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
    Some(LawLine { law: fitted.fit.law.name(), points })
}

fn floor(study: &CurveStudy) -> Vec<FloorPoint> {
    let Some(replay) = &study.replay else { return Vec::new() };
    let serial = study.measured.cell(Jobs::ONE).and_then(CellSummary::seconds);
    let of_jobs = |jobs| {
        let seconds = replay.floor.at(jobs).as_secs_f64();
        (seconds > 0.0).then(|| FloorPoint {
            jobs,
            seconds: digits(seconds),
            speedup: serial.map(|serial| digits(serial / seconds)),
        })
    };
    study.cells.iter().filter_map(|cell| of_jobs(cell.jobs)).collect()
}
