//! Many runs of the same cells: when did a level change?
//!
//! It needs several runs after a change to see it, so it stands beside the
//! gate and does not replace it.

use std::collections::BTreeMap;

use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use crate::analysis::{CurveKey, curves_over};
use crate::record::Run;
use crate::stats::change_points::{self, Threshold};
use crate::stats::moments;

/// The largest p of a change: a history is looked at often, and each look
/// tests every split of every cell.
pub const LARGEST_P: f64 = 0.001;

/// The smallest change that is worth telling, as a fraction.
pub const SMALLEST_CHANGE: f64 = 0.05;

/// Fewer runs than this cannot show a change: three on each side.
pub const FEWEST_RUNS: usize = 6;

/// All cells that several runs have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    pub runs: usize,
    /// The cells, by scenario, host, curve and jobs.
    pub cells: Vec<CellHistory>,
}

/// The runs of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellHistory {
    pub scenario: String,
    pub host: String,
    pub curve: String,
    pub jobs: Jobs,
    /// The runs, oldest first.
    pub points: Vec<Point>,
    /// Where the level changed, oldest first.
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub run: String,
    /// When it was made: RFC 3339, UTC.
    pub at: String,
    pub server: String,
    /// Geometric mean of its completed restores.
    pub time_seconds: f64,
    /// Lower end of its 95 % interval; `None` for a single restore.
    #[serde(default)]
    pub low_seconds: Option<f64>,
    /// Upper end.
    #[serde(default)]
    pub high_seconds: Option<f64>,
    pub n: usize,
    /// The time of each of them.
    #[serde(default)]
    pub trials_seconds: Vec<f64>,
}

/// A change of level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Index of the first point at the new level.
    pub index: usize,
    /// The first run at the new level.
    pub run: String,
    /// When that run was made.
    pub at: String,
    /// Geometric mean of the level before.
    pub before_seconds: f64,
    /// Geometric mean of the level from here on.
    pub after_seconds: f64,
    /// After over before.
    pub ratio: f64,
    /// The p of the t test between the two levels.
    pub p: f64,
}

impl CellHistory {
    /// Its name, as short as it can be.
    pub fn title(&self) -> String {
        format!("{}, {} -j {}", self.scenario, self.curve, self.jobs)
    }

    /// Geometric mean since the last change, in seconds, and of how many runs.
    pub fn level_now(&self) -> (f64, usize) {
        let first = self.changes.last().map_or(0, |change| change.index);
        let levels: Vec<f64> =
            self.points[first..].iter().map(|point| point.time_seconds.ln()).collect();
        (moments::mean(&levels).map_or(f64::NAN, f64::exp), levels.len())
    }
}

/// What makes two cells of different runs the same. The server's version and
/// the archive may change: that is what a history is to show.
type Key = (String, String, CurveKey, Jobs);

impl History {
    /// Puts runs together, in any order.
    pub fn new(runs: &[Run]) -> Self {
        let mut by_age: Vec<&Run> = runs.iter().collect();
        by_age.sort_by(|a, b| {
            (&a.record.created_at, &a.record.run).cmp(&(&b.record.created_at, &b.record.run))
        });
        let mut points: BTreeMap<Key, Vec<Point>> = BTreeMap::new();
        for run in by_age {
            for (key, point) in points_of(run) {
                points.entry(key).or_default().push(point);
            }
        }
        let cells = points
            .into_iter()
            .filter(|(_, points)| points.len() > 1)
            .map(|(key, points)| cell(key, points))
            .collect();
        Self { runs: runs.len(), cells }
    }

    /// The cells whose level changed.
    pub fn changed(&self) -> impl Iterator<Item = &CellHistory> {
        self.cells.iter().filter(|cell| !cell.changes.is_empty())
    }
}

fn points_of(run: &Run) -> Vec<(Key, Point)> {
    let record = &run.record;
    let machine = format!("{} x {}", record.host.cores, record.host.cpu_model);
    let host = match record.hosts.len() {
        0 | 1 => machine,
        // Another set of hosts is another history.
        count => format!("{count} hosts, {machine}"),
    };
    let mut points = Vec::new();
    for curve in curves_over(&run.rows, &record.block_hosts()) {
        let server = record.servers.get(&curve.key.variant);
        for cell in &curve.cells {
            let Some(seconds) = cell.seconds() else { continue };
            let key = (record.scenario.name.clone(), host.clone(), curve.key.clone(), cell.jobs);
            let interval = cell.interval.map(|mean| mean.interval.exp());
            let point = Point {
                run: run.name.clone(),
                at: record.created_at.clone(),
                server: server.map(|server| server.version.clone()).unwrap_or_default(),
                time_seconds: seconds,
                low_seconds: interval.map(|interval| interval.low),
                high_seconds: interval.map(|interval| interval.high),
                n: cell.n(),
                trials_seconds: cell
                    .observations
                    .values()
                    .map(|observed| observed.ln_seconds.exp())
                    .collect(),
            };
            points.push((key, point));
        }
    }
    points
}

fn cell((scenario, host, curve, jobs): Key, points: Vec<Point>) -> CellHistory {
    let levels: Vec<f64> = points.iter().map(|point| point.time_seconds.ln()).collect();
    let threshold = Threshold { p: LARGEST_P, difference: SMALLEST_CHANGE.ln_1p() };
    let changes = change_points::change_points(&levels, threshold)
        .into_iter()
        .map(|change| Change {
            index: change.at,
            run: points[change.at].run.clone(),
            at: points[change.at].at.clone(),
            before_seconds: change.before.exp(),
            after_seconds: change.after.exp(),
            ratio: (change.after - change.before).exp(),
            p: change.p,
        })
        .collect();
    CellHistory { scenario, host, curve: curve.to_string(), jobs, points, changes }
}
