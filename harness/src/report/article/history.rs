//! Cells that several runs have, over time.

use restore_core::units::Jobs;
use serde::Serialize;

use crate::history::{CellHistory, History, Point};
use crate::report::history;
use crate::stats::estimate::{Estimate, digits};

/// Fewer runs of a cell are no course of time.
const FEWEST: usize = 5;

/// The course of cells over the runs of an article.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryReport {
    pub answer: String,
    pub how: String,
    /// The cells, those that changed first.
    pub cells: Vec<HistoryCell>,
}

/// The course of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryCell {
    pub title: String,
    pub host: String,
    pub jobs: Jobs,
    /// The runs, oldest first.
    pub points: Vec<HistoryPoint>,
    /// The levels between changes, oldest first; one where nothing changed.
    pub levels: Vec<HistoryLevel>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryPoint {
    /// Name of the run in the article.
    pub run: String,
    /// When it was made: RFC 3339, UTC.
    pub at: String,
    pub server: String,
    /// Geometric mean of its completed trials.
    pub time_seconds: Estimate,
    pub n: usize,
    pub trials_seconds: Vec<f64>,
}

/// Runs between two changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryLevel {
    pub first: usize,
    pub last: usize,
    pub n: usize,
    pub run: String,
    pub at: String,
    /// Geometric mean of its runs.
    pub time_seconds: f64,
    /// That over the level before; `null` for the oldest.
    pub to_before_ratio: Option<f64>,
}

impl HistoryReport {
    /// The course of the cells that enough runs have; `None` where none is.
    pub(super) fn of(history: &History) -> Option<Self> {
        let mut cells: Vec<HistoryCell> =
            history.cells.iter().filter(|cell| cell.points.len() >= FEWEST).map(cell).collect();
        cells.sort_by_key(|cell| cell.levels.len() == 1);
        (!cells.is_empty()).then(|| Self {
            answer: history::answer(history),
            how: history::rule(),
            cells,
        })
    }
}

fn cell(cell: &CellHistory) -> HistoryCell {
    HistoryCell {
        title: cell.title(),
        host: cell.host.clone(),
        jobs: cell.jobs,
        points: cell.points.iter().map(point).collect(),
        levels: levels(cell),
    }
}

fn point(point: &Point) -> HistoryPoint {
    HistoryPoint {
        run: point.run.clone(),
        at: point.at.clone(),
        server: point.server.clone(),
        time_seconds: Estimate {
            value: digits(point.time_seconds),
            low: point.low_seconds.map(digits),
            high: point.high_seconds.map(digits),
        },
        n: point.n,
        trials_seconds: point.trials_seconds.iter().copied().map(digits).collect(),
    }
}

fn levels(cell: &CellHistory) -> Vec<HistoryLevel> {
    let starts: Vec<usize> =
        std::iter::once(0).chain(cell.changes.iter().map(|change| change.index)).collect();
    let level = |(place, &first): (usize, &usize)| {
        let before = place.checked_sub(1).map(|before| &cell.changes[before]);
        let next = starts.get(place + 1).copied().unwrap_or(cell.points.len());
        let seconds = match (before, cell.changes.first()) {
            (Some(change), _) => change.after_seconds,
            (None, Some(change)) => change.before_seconds,
            (None, None) => cell.level_now().0,
        };
        HistoryLevel {
            first,
            last: next - 1,
            n: next - first,
            run: cell.points[first].run.clone(),
            at: cell.points[first].at.clone(),
            time_seconds: digits(seconds),
            to_before_ratio: before.map(|change| digits(change.ratio)),
        }
    };
    starts.iter().enumerate().map(level).collect()
}
