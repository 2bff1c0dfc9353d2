//! A history as a document.

use super::format;
use crate::document::{Answer, Document, Table};
use crate::history::{CellHistory, Change, FEWEST_RUNS, History, LARGEST_P, SMALLEST_CHANGE};

impl Answer for History {
    fn document(&self) -> Document {
        let mut document = Document::of(answer(self));
        document
            .table(changes_table(self))
            .section("Levels now", self.cells.iter().map(level).collect())
            .note(rule());
        document
    }
}

fn changes_table(history: &History) -> Table<(&CellHistory, &Change)> {
    Table::of(changes(history))
        .text("cell", |(cell, _)| cell.title())
        .number("runs", |(cell, _)| cell.points.len().to_string())
        .text("since", |(_, change)| format::minute(&change.at))
        .text("run", |(_, change)| change.run.clone())
        .number("before", |(_, change)| format::time(change.before_seconds))
        .number("after", |(_, change)| format::time(change.after_seconds))
        .number("ratio", |(_, change)| format::ratio(change.ratio))
}

pub(super) fn answer(history: &History) -> String {
    let changed = history.changed().count();
    let runs = history.runs;
    let longest = history.cells.iter().map(|cell| cell.points.len()).max().unwrap_or(0);
    if history.cells.is_empty() {
        return format!("No history: {runs} runs, and no cell that two of them share.");
    }
    if longest < FEWEST_RUNS {
        return format!(
            "Too short to tell: no cell has more than {longest} runs, and a change shows from \
             {FEWEST_RUNS} on."
        );
    }
    let latest = changes(history).max_by(|(_, a), (_, b)| a.at.cmp(&b.at));
    match latest {
        None => format!("No change of level in {} cells over {runs} runs.", history.cells.len()),
        Some((cell, change)) => format!(
            "{changed} of {} cells changed level over {runs} runs, the latest since {}: {} \
             takes {} times as long as before.",
            history.cells.len(),
            format::minute(&change.at),
            cell.title(),
            format::ratio(change.ratio)
        ),
    }
}

fn changes(history: &History) -> impl Iterator<Item = (&CellHistory, &Change)> {
    history.changed().flat_map(|cell| cell.changes.iter().map(move |change| (cell, change)))
}

fn level(cell: &CellHistory) -> String {
    let (seconds, runs) = cell.level_now();
    format!("{}: {} over the last {runs} runs", cell.title(), format::time(seconds))
}

pub(super) fn rule() -> String {
    format!(
        "E-divisive change points of the runs' geometric means; a t test between the segments at \
         {LARGEST_P}, changes of at least {}.",
        format::round_percent(SMALLEST_CHANGE)
    )
}
