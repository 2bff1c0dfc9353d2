//! The load of a run: over the number of jobs, and over the time of a trial.

use super::{LoadCell, LoadCurve, LoadKind, LoadLine, LoadPoint, LoadReport};
use crate::analysis::load_lines::{self, Share};
use crate::analysis::{Curve, CurveKey, Limits};
use crate::record::load::LoadSample;
use crate::record::{Outcome, TrialRow};
use crate::report::build::digits;
use crate::stats::moments;

/// Points of a line over time: more than a picture has room for.
const LINE_POINTS: usize = 240;

impl LoadKind {
    /// What a trial has of it.
    fn of(self, row: &TrialRow) -> Option<f64> {
        match self {
            Self::Processors => row.load.host_cpu_mean_ratio,
            Self::Disk => row.load.data_device_busy_mean_ratio,
            Self::IoPressure => row.load.host_io_pressure_ratio,
            Self::Wal => Some(row.wal_bytes? as f64 / row.wall().as_secs_f64().max(1e-9)),
        }
    }
}

/// Every kind of load that was read, over the jobs of each curve.
pub(super) fn of_run(curves: &[Curve], rows: &[TrialRow], limits: &Limits) -> Vec<LoadReport> {
    LoadKind::ALL
        .into_iter()
        .map(|kind| LoadReport {
            kind,
            title: kind.as_str().to_owned(),
            limit: match kind {
                LoadKind::Processors => limits.cpu,
                LoadKind::Disk => limits.disk_utilisation,
                LoadKind::IoPressure | LoadKind::Wal => None,
            },
            curves: curves
                .iter()
                .enumerate()
                .map(|(index, curve)| of_curve(kind, index, curve, rows))
                .filter(|curve| !curve.cells.is_empty())
                .collect(),
        })
        .filter(|report| !report.curves.is_empty())
        .collect()
}

fn of_curve(kind: LoadKind, index: usize, curve: &Curve, rows: &[TrialRow]) -> LoadCurve {
    let cells = curve.cells.iter().filter_map(|cell| {
        let trials: Vec<f64> = rows
            .iter()
            .filter(|row| row.jobs == cell.jobs && CurveKey::of(row) == curve.key)
            .filter(|row| row.outcome == Outcome::Completed)
            .filter_map(|row| kind.of(row))
            .map(digits)
            .collect();
        let mean = digits(moments::mean(&trials)?);
        Some(LoadCell { jobs: cell.jobs, mean, trials })
    });
    LoadCurve { curve: index, title: curve.key.to_string(), cells: cells.collect() }
}

/// The load over the time of one trial.
pub(super) fn of_trial(samples: &[LoadSample], seconds: f64) -> Vec<LoadLine> {
    let length_ns = (seconds * 1e9) as u64;
    let slots = samples.len().clamp(1, LINE_POINTS);
    Share::ALL
        .into_iter()
        .map(|share| LoadLine {
            kind: match share {
                Share::Processors => LoadKind::Processors,
                Share::Disk => LoadKind::Disk,
                Share::IoPressure => LoadKind::IoPressure,
            },
            points: load_lines::line(share, samples, length_ns, slots)
                .into_iter()
                .map(|(at, ratio)| LoadPoint { at_seconds: digits(at), ratio: digits(ratio) })
                .collect(),
        })
        .filter(|line| line.points.len() > 1)
        .collect()
}
