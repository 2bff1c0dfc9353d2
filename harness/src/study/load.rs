//! The load of a run: over the number of jobs, and over the time of a trial.

use restore_core::units::Jobs;
use serde::Serialize;

use super::judged::Study;
use crate::analysis::CurveKey;
use crate::recommend::CurveStudy;
use crate::record::{LoadSample, Outcome, TrialRow};
use crate::stats::estimate::digits;
use crate::stats::moments;

/// Points of a line over time: more than a picture has room for.
const LINE_POINTS: usize = 240;

/// What of the machine was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// Processor time in use, of all processors of the host.
    Processors,
    /// Time in which the device of the data directory had anything to do.
    Disk,
    /// Time in which some task waited for input or output.
    IoPressure,
    /// WAL written per second.
    Wal,
}

impl LoadKind {
    pub const ALL: [Self; 4] = [Self::Processors, Self::Disk, Self::IoPressure, Self::Wal];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processors => "processors in use",
            Self::Disk => "disk busy",
            Self::IoPressure => "waiting for input or output",
            Self::Wal => "WAL written",
        }
    }
}

/// A kind of load by number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadByJobs {
    /// What was read: shares of the whole, from 0 to 1; of WAL, bytes per
    /// second.
    pub kind: LoadKind,
    pub title: &'static str,
    /// What the scenario allows in the busiest twentieth of a trial.
    pub limit: Option<f64>,
    /// For each curve that has it.
    pub curves: Vec<LoadCurve>,
}

/// A kind of load over the jobs of a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadCurve {
    /// Index of the curve.
    pub curve: usize,
    pub title: String,
    /// By ascending jobs.
    pub cells: Vec<LoadCell>,
}

/// A kind of load in a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadCell {
    pub jobs: Jobs,
    /// The mean of its completed trials.
    pub mean: f64,
    /// Each of them: its mean over time.
    pub trials: Vec<f64>,
}

/// A kind of load over the time of a trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadLine {
    pub kind: LoadKind,
    /// By ascending time.
    pub points: Vec<LoadPoint>,
}

/// The load of a part of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LoadPoint {
    /// The middle of the part, since the engine was started.
    pub at_seconds: f64,
    /// The share of the whole.
    pub ratio: f64,
}

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

    /// What was used and out of what, in one sample; `None` where it was not
    /// read, or is no share of anything.
    fn of_sample(self, sample: &LoadSample) -> Option<(u64, u64)> {
        match self {
            Self::Processors => {
                let used = sample.host_cpu_user_ns? + sample.host_cpu_system_ns?;
                let rest =
                    [sample.host_cpu_iowait_ns, sample.host_cpu_steal_ns, sample.host_cpu_idle_ns];
                Some((used, used + rest.into_iter().flatten().sum::<u64>()))
            }
            Self::Disk => Some((sample.data_device_busy_ns?, sample.interval_ns)),
            Self::IoPressure => Some((sample.host_io_pressure_ns?, sample.interval_ns)),
            Self::Wal => None,
        }
    }

    /// The share over time: the middle of each of `slots` equal parts of
    /// `length_ns`, and the share in it. Parts without a reading are left out.
    fn line(self, samples: &[LoadSample], length_ns: u64, slots: usize) -> Vec<LoadPoint> {
        let width = (length_ns as f64 / slots.max(1) as f64).max(1.0);
        let mut sums = vec![(0_u64, 0_u64); slots];
        for sample in samples {
            // A sample speaks for the time before it.
            let middle = sample.at_ns.saturating_sub(sample.interval_ns / 2);
            let slot = (middle as f64 / width) as usize;
            if let (Some((used, of)), Some(sum)) = (self.of_sample(sample), sums.get_mut(slot)) {
                sum.0 += used;
                sum.1 += of;
            }
        }
        sums.into_iter()
            .enumerate()
            .filter(|(_, (_, of))| *of > 0)
            .map(|(slot, (used, of))| {
                let at = (slot as f64 + 0.5) * width / 1e9;
                let ratio = (used as f64 / of as f64).min(1.0);
                LoadPoint { at_seconds: digits(at), ratio: digits(ratio) }
            })
            .collect()
    }
}

impl Study {
    /// Every kind of load that was read, over the jobs of each curve.
    pub fn load(&self) -> Vec<LoadByJobs> {
        let limits = &self.facts().limits;
        let by_jobs = |kind: LoadKind| LoadByJobs {
            kind,
            title: kind.as_str(),
            limit: match kind {
                LoadKind::Processors => limits.cpu,
                LoadKind::Disk => limits.disk_utilisation,
                LoadKind::IoPressure | LoadKind::Wal => None,
            },
            curves: self
                .curves
                .iter()
                .enumerate()
                .map(|(index, curve)| of_curve(kind, index, curve, &self.rows))
                .filter(|curve| !curve.cells.is_empty())
                .collect(),
        };
        LoadKind::ALL.into_iter().map(by_jobs).filter(|load| !load.curves.is_empty()).collect()
    }
}

fn of_curve(kind: LoadKind, index: usize, curve: &CurveStudy, rows: &[TrialRow]) -> LoadCurve {
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
    LoadCurve { curve: index, title: curve.title.clone(), cells: cells.collect() }
}

/// The load over the time of one trial.
pub(super) fn of_trial(samples: &[LoadSample], seconds: f64) -> Vec<LoadLine> {
    let length_ns = (seconds * 1e9) as u64;
    let slots = samples.len().clamp(1, LINE_POINTS);
    let line = |kind: LoadKind| LoadLine { kind, points: kind.line(samples, length_ns, slots) };
    LoadKind::ALL.into_iter().map(line).filter(|line| line.points.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_part_are_weighed_by_their_time() {
        let sample = |at_ns, interval_ns, busy| LoadSample {
            at_ns,
            interval_ns,
            data_device_busy_ns: busy,
            ..LoadSample::default()
        };
        let samples = [
            sample(100, 100, Some(100)),
            sample(400, 300, Some(0)),
            sample(600, 200, None),
            sample(1000, 400, Some(200)),
        ];
        let points = LoadKind::Disk.line(&samples, 1000, 2);
        let shares: Vec<f64> = points.iter().map(|point| point.ratio).collect();
        assert_eq!(shares, [0.25, 0.5]);
        assert!(LoadKind::Processors.line(&samples, 1000, 2).is_empty());
    }
}
