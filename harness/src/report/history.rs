//! A history as a table and as Markdown.

use comfy_table::CellAlignment;

use super::format;
use super::markdown::{escape, push};
use super::terminal::{Style, finish, plain_table, section};
use crate::history::{CellHistory, Change, FEWEST_RUNS, History, LARGEST_P, SMALLEST_CHANGE};

const HEADINGS: [&str; 7] = ["cell", "runs", "since", "run", "before", "after", "ratio"];

/// Writes `history` as text, the answer first.
pub fn text(history: &History, style: Style) -> String {
    let mut lines: Vec<String> =
        style.paragraph(&answer(history), 0).iter().map(|line| style.bold(line)).collect();
    if history.changed().next().is_some() {
        let mut table = plain_table();
        table.set_header(HEADINGS);
        for (cell, change) in changes(history) {
            table.add_row(row(cell, change));
        }
        lines.push(String::new());
        lines.extend(finish(&mut table, CellAlignment::Left));
    }
    let levels: Vec<String> = history.cells.iter().map(level).collect();
    section(&mut lines, "Levels now", levels, style);
    section(&mut lines, "How it is judged", vec![rule()], style);
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// Writes `history` as GitHub-flavoured Markdown, the answer first.
pub fn markdown(history: &History) -> String {
    let mut text = format!("**{}**\n", escape(&answer(history)));
    if history.changed().next().is_some() {
        push(&mut text, format_args!("\n| {} |\n", HEADINGS.join(" | ")));
        text.push_str("|:---|---:|:---|:---|---:|---:|---:|\n");
        for (cell, change) in changes(history) {
            let cells = row(cell, change).map(|cell| escape(&cell)).join(" | ");
            push(&mut text, format_args!("| {cells} |\n"));
        }
    }
    text.push_str("\n### Levels now\n\n");
    for cell in &history.cells {
        push(&mut text, format_args!("- {}\n", escape(&level(cell))));
    }
    push(&mut text, format_args!("\n<sub>{}</sub>\n", escape(&rule())));
    text
}

/// The answer in one sentence.
pub(super) fn answer(history: &History) -> String {
    let changed = history.changed().count();
    let runs = history.runs;
    let longest = history.cells.iter().map(|cell| cell.points.len()).max().unwrap_or(0);
    if history.cells.is_empty() {
        return format!("No history: {runs} runs, and no cell that two of them share.");
    }
    if longest < FEWEST_RUNS {
        return format!(
            "Too short to tell: {longest} runs of a cell at most, and a change shows from \
             {FEWEST_RUNS} on."
        );
    }
    let latest = changes(history).max_by(|(_, a), (_, b)| a.at.cmp(&b.at));
    match latest {
        None => format!("No change of level in {} cells over {runs} runs.", history.cells.len()),
        Some((cell, change)) => format!(
            "{changed} of {} cells changed their level over {runs} runs, the latest since {}: {} \
             takes {} times as long as before.",
            history.cells.len(),
            minute(&change.at),
            cell.title(),
            format::ratio(change.ratio)
        ),
    }
}

fn changes(history: &History) -> impl Iterator<Item = (&CellHistory, &Change)> {
    history.changed().flat_map(|cell| cell.changes.iter().map(move |change| (cell, change)))
}

fn row(cell: &CellHistory, change: &Change) -> [String; 7] {
    [
        cell.title(),
        cell.points.len().to_string(),
        minute(&change.at),
        change.run.clone(),
        format::time(change.before_seconds),
        format::time(change.after_seconds),
        format::ratio(change.ratio),
    ]
}

/// A time in RFC 3339 without its seconds, for people.
fn minute(at: &str) -> String {
    at.chars().take("2026-01-09T03:00".len()).collect::<String>().replace('T', " ")
}

fn level(cell: &CellHistory) -> String {
    let (seconds, runs) = cell.level_now();
    format!("{}: {} over the last {runs} runs", cell.title(), format::time(seconds))
}

/// How changes are judged.
pub(super) fn rule() -> String {
    format!(
        "E-divisive change points of the runs' geometric means; a t test between the segments at \
         {LARGEST_P}, changes of at least {}.",
        format::round_percent(SMALLEST_CHANGE)
    )
}
