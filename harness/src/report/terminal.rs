//! A report for a terminal or a log.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::recommendation::Report;
use super::{bottleneck, format, phrases, replay, workload};
use crate::analysis::CurveReplay;
use crate::recommend::{CellStudy, CurveStudy, Mark};

/// How to write for the place that the text goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns that the text may take.
    pub width: usize,
    /// Whether to use colour codes.
    pub color: bool,
}

impl Default for Style {
    /// 80 columns, no colour.
    fn default() -> Self {
        Self { width: 80, color: false }
    }
}

impl Style {
    pub(super) fn bold(self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Breaks `text` between words, with `indent` before every line but the
    /// first. Each line's emphasis is its own, so that a pager can cut there.
    pub(super) fn paragraph(self, text: &str, indent: usize) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let line = lines.last_mut().expect("there is a first line");
            let room = line.chars().count() + 1 + word.chars().count() <= self.width;
            if line.trim().is_empty() {
                line.push_str(word);
            } else if room {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(format!("{}{word}", " ".repeat(indent)));
            }
        }
        lines
    }
}

/// Writes `report` as text.
pub fn render(report: &Report, style: Style) -> String {
    let mut lines = Vec::new();
    lines.extend(style.paragraph(&report.answer, 0).iter().map(|line| style.bold(line)));
    for curve in &report.study.curves {
        lines.push(String::new());
        lines.extend(curve_lines(curve, report, style));
    }
    let best = report.study.best.iter().flat_map(phrases::best).collect();
    section(&mut lines, "Between curves", best, style);
    let beside = workload::phrases(&report.study.workload, &report.study.idle_and_busy);
    section(&mut lines, "Beside the workload", beside, style);
    let errors = report.study.errors.iter().map(ToString::to_string).collect();
    section(&mut lines, "Errors of the restores", errors, style);
    let warnings = report.study.warnings.iter().map(ToString::to_string).collect();
    section(&mut lines, "Warnings", warnings, style);
    section(&mut lines, "How it was measured", phrases::measured(&report.study.measured), style);
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// A heading and a list; nothing where the list is empty.
pub(super) fn section(lines: &mut Vec<String>, heading: &str, entries: Vec<String>, style: Style) {
    if entries.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(style.bold(heading));
    for entry in entries {
        lines.extend(style.paragraph(&format!("- {entry}"), 2));
    }
}

fn curve_lines(curve: &CurveStudy, report: &Report, style: Style) -> Vec<String> {
    let size = curve.archive_bytes.map(|bytes| format!(", archive of {bytes}")).unwrap_or_default();
    let mut lines = vec![style.bold(&format!("{}{size}", curve.title))];
    lines.extend(style.paragraph(&phrases::verdict(curve, &report.study.measured), 0));
    lines.push(String::new());
    for (index, line) in table(curve, style.width).into_iter().enumerate() {
        let recommended = index
            .checked_sub(1)
            .and_then(|row| curve.cells.get(row))
            .is_some_and(|cell| cell.marks.contains(&Mark::Recommended));
        lines.push(if recommended { style.bold(&line) } else { line });
    }
    lines.extend(
        phrases::legend(curve).iter().flat_map(|text| style.paragraph(&format!("  {text}"), 2)),
    );
    let bounds = bottleneck::lines(curve);
    if !bounds.is_empty() {
        lines.push(String::new());
        lines.extend(bounds.iter().flat_map(|line| style.paragraph(&format!("  {line}"), 4)));
    }
    if curve.says_what_rules_cost() {
        lines.push(String::new());
        lines.extend(rules(curve));
    }
    if let Some(replay) = &curve.replay {
        lines.push(String::new());
        lines.extend(replay::sentences(replay).iter().flat_map(|text| style.paragraph(text, 0)));
        lines.extend(predictions(replay));
    }
    lines
}

/// A column of a curve's table.
struct Column {
    heading: &'static str,
    text: fn(&CellStudy) -> String,
    /// Columns with higher numbers go first where the terminal is narrow.
    dispensable: u8,
}

const COLUMNS: [Column; 8] = [
    Column { heading: "-j", text: |cell| cell.jobs.to_string(), dispensable: 0 },
    Column { heading: "n", text: |cell| cell.n.to_string(), dispensable: 3 },
    Column {
        heading: "time",
        text: |cell| cell.time_seconds.map_or("-".into(), |time| format::time(time.value)),
        dispensable: 0,
    },
    Column {
        heading: "95 % interval",
        text: |cell| cell.time_seconds.as_ref().and_then(format::time_interval).unwrap_or_default(),
        dispensable: 1,
    },
    Column {
        heading: "speed-up",
        text: |cell| cell.speedup.map_or(String::new(), |speedup| format::ratio(speedup.value)),
        dispensable: 2,
    },
    Column {
        heading: "to fastest",
        text: |cell| cell.to_fastest.map_or(String::new(), |ratio| format::ratio(ratio.value)),
        dispensable: 0,
    },
    Column {
        heading: "95 % interval",
        text: |cell| cell.to_fastest.as_ref().and_then(format::ratio_interval).unwrap_or_default(),
        dispensable: 1,
    },
    Column {
        heading: "",
        text: |cell| cell.marks.iter().map(|&mark| phrases::sign(mark)).collect(),
        dispensable: 0,
    },
];

/// The widest table that fits, one line for the heading and for each cell.
fn table(curve: &CurveStudy, width: usize) -> Vec<String> {
    let of_columns = |most: u8| -> Vec<String> {
        let columns: Vec<&Column> =
            COLUMNS.iter().filter(|column| column.dispensable <= most).collect();
        let mut table = plain_table();
        table.set_header(columns.iter().map(|column| column.heading));
        for cell in &curve.cells {
            table.add_row(columns.iter().map(|column| (column.text)(cell)));
        }
        finish(&mut table, CellAlignment::Right)
    };
    let fits = |lines: &Vec<String>| lines.iter().all(|line| line.chars().count() <= width);
    (0..=3).rev().map(of_columns).find(fits).unwrap_or_else(|| of_columns(0))
}

fn rules(curve: &CurveStudy) -> Vec<String> {
    let mut table = plain_table();
    table.set_header(["rule of thumb", "-j", "against the fastest"]);
    for rule in &curve.rules {
        let (advice, standing) = phrases::rule(rule, curve);
        table.add_row([advice, rule.jobs.to_string(), standing]);
    }
    finish(&mut table, CellAlignment::Left)
}

fn predictions(replay: &CurveReplay) -> Vec<String> {
    let rows = replay::rows(replay);
    if rows.is_empty() {
        return Vec::new();
    }
    let mut table = plain_table();
    table.set_header(replay::HEADINGS);
    for row in rows {
        table.add_row(row);
    }
    let mut lines = finish(&mut table, CellAlignment::Right);
    lines.insert(0, String::new());
    lines
}

pub(super) fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

pub(super) fn finish(table: &mut Table, alignment: CellAlignment) -> Vec<String> {
    for column in table.column_iter_mut() {
        column.set_padding((2, 0)).set_cell_alignment(alignment);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}
