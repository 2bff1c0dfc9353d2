//! An inspection for a terminal or a log.

use comfy_table::CellAlignment;

use super::InspectReport;
use super::phrases::{self, Block};
use crate::report::Style;
use crate::report::terminal::{plain_table, section};

/// Columns between the columns of a table.
const GAP: u16 = 2;

/// Writes `report` as text.
pub fn render(report: &InspectReport, style: Style) -> String {
    let mut lines = Vec::new();
    lines.extend(style.paragraph(&report.answer, 0).iter().map(|line| style.bold(line)));
    for block in phrases::blocks(report) {
        lines.push(String::new());
        lines.extend(block_lines(&block, style));
    }
    section(&mut lines, "Advice", report.advice_text.clone(), style);
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn block_lines(block: &Block, style: Style) -> Vec<String> {
    let mut lines: Vec<String> =
        style.paragraph(&block.title, 2).iter().map(|line| style.bold(line)).collect();
    for sentence in &block.before {
        let inner = Style { width: style.width.saturating_sub(2), ..style };
        lines.extend(inner.paragraph(sentence, 0).iter().map(|line| format!("  {line}")));
    }
    if block.rows.is_empty() {
        return lines;
    }
    if !block.before.is_empty() {
        lines.push(String::new());
    }
    let rows = wrapped(block, style.width);
    let mut table = plain_table();
    table.set_header(block.headings.iter());
    for row in rows {
        table.add_row(row);
    }
    for (number, column) in table.column_iter_mut().enumerate() {
        let is_text = block.text_columns.contains(&number);
        column.set_padding((GAP, 0)).set_cell_alignment(if is_text {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        });
    }
    let marked = block.marked.map(|row| row + 1);
    lines.extend(table.lines().enumerate().map(|(number, line)| {
        let line = line.trim_end();
        if Some(number) == marked { style.bold(line) } else { line.to_owned() }
    }));
    lines
}

/// The rows with the texts of a last text column broken, so that the table
/// stays within `width` as far as its other columns allow.
fn wrapped(block: &Block, width: usize) -> Vec<Vec<String>> {
    let last = block.headings.len() - 1;
    if !block.text_columns.contains(&last) || block.headings[last].is_empty() {
        return block.rows.clone();
    }
    let widest = |column: usize| {
        let heading = block.headings[column].chars().count();
        block.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(heading)
    };
    let taken: usize = (0..last).map(|column| widest(column) + usize::from(GAP)).sum();
    let room = width.saturating_sub(taken + usize::from(GAP)).max(MIN_ROOM);
    let inner = Style { width: room, color: false };
    let breaks = |row: &Vec<String>| {
        let mut row = row.clone();
        row[last] = inner.paragraph(&row[last], 0).join("\n");
        row
    };
    block.rows.iter().map(breaks).collect()
}

/// No text is broken into a narrower column than this.
const MIN_ROOM: usize = 20;
