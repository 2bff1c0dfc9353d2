//! A document for a terminal or a log.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::table::{Align, Column, Grid};
use super::{Block, Document, text};

/// How to write for the place that the text goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns that the text may take.
    pub width: usize,
    pub color: bool,
}

impl Default for Style {
    /// 80 columns, no colour.
    fn default() -> Self {
        Self { width: 80, color: false }
    }
}

impl Style {
    fn bold(self, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Each line's emphasis is its own, so that a pager can cut there.
    fn bold_lines(self, lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| self.bold(line)).collect()
    }
}

/// Before the columns of a table, and between them.
const GAP: u16 = 2;

/// No text is broken into a narrower column than this.
const NARROWEST: usize = 16;

/// Writes `document` as text that ends with a line feed.
pub fn render(document: &Document, style: Style) -> String {
    let mut written = String::new();
    let mut before: Option<&Block> = None;
    for block in &document.blocks {
        let is_below_heading = matches!(before, Some(Block::Heading(_)));
        if before.is_some() && (!is_below_heading || matches!(block, Block::Heading(_))) {
            written.push('\n');
        }
        for line in block_lines(block, style) {
            written.push_str(line.trim_end());
            written.push('\n');
        }
        before = Some(block);
    }
    written
}

fn block_lines(block: &Block, style: Style) -> Vec<String> {
    match block {
        Block::Answer { text, .. } | Block::Heading(text) => {
            style.bold_lines(&wrap(text, style.width, "", ""))
        }
        Block::Paragraph(text) | Block::Note(text) => wrap(text, style.width, "", ""),
        Block::List(entries) => {
            entries.iter().flat_map(|entry| wrap(entry, style.width, "- ", "  ")).collect()
        }
        Block::Fields(fields) => fields_lines(fields, style),
        Block::Table(grid) => table_lines(grid, style),
    }
}

/// Breaks `text` between words, and within what is wider than a line. A number
/// stays beside its `-j` and its `%`.
fn wrap(text: &str, width: usize, first: &str, others: &str) -> Vec<String> {
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(others)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let text = text::on_one_line(text).replace(" %", "\u{a0}%").replace("-j ", "-j\u{a0}");
    let lines = textwrap::wrap(&text, options);
    lines.into_iter().map(|line| line.replace('\u{a0}', " ")).collect()
}

fn fields_lines(fields: &[(String, String)], style: Style) -> Vec<String> {
    let most = style.width / 3;
    let names = || fields.iter().map(|(name, _)| display_width(&text::on_one_line(name)));
    let widest = names().filter(|&width| width <= most).max().unwrap_or(0);
    let indent = " ".repeat(widest + usize::from(GAP));
    let mut lines = Vec::new();
    for ((name, value), width) in fields.iter().zip(names()) {
        if width > widest {
            lines.extend(wrap(name, style.width, "", ""));
            lines.extend(wrap(value, style.width, &indent, &indent));
        } else {
            let first = format!("{}{}", text::on_one_line(name), &indent[width..]);
            lines.extend(wrap(value, style.width, &first, &indent));
        }
    }
    lines
}

fn table_lines(grid: &Grid, style: Style) -> Vec<String> {
    let columns = fitting(&grid.columns, style.width);
    let widths = widths(&columns, style.width);
    let broken = |texts: Vec<&str>| -> Vec<String> {
        texts.iter().zip(&widths).map(|(text, &width)| break_cell(text, width)).collect()
    };
    let header = broken(columns.iter().map(|column| column.heading.as_str()).collect());
    let rows: Vec<Vec<String>> = (0..grid.row_count())
        .map(|row| broken(columns.iter().map(|column| column.cells[row].as_str()).collect()))
        .collect();
    let mut heights = std::iter::once(&header).chain(&rows).map(|cells| height(cells));
    let header_height = heights.next().unwrap_or(0);
    let heights: Vec<usize> = heights.collect();
    let mut laid_out = lay_out(&columns, header, rows).into_iter();
    let mut lines: Vec<String> = laid_out.by_ref().take(header_height).collect();
    for (row, height) in heights.into_iter().enumerate() {
        lines.extend(group_lines(grid, row, style));
        let of_row: Vec<String> = laid_out.by_ref().take(height).collect();
        lines.extend(if grid.strong[row] { style.bold_lines(&of_row) } else { of_row });
    }
    lines.extend(grid.notes.iter().flat_map(|note| wrap(note, style.width, "  ", "  ")));
    lines
}

/// The name of a row's group, before the first row of it.
fn group_lines(grid: &Grid, row: usize, style: Style) -> Vec<String> {
    let Some(groups) = &grid.groups else { return Vec::new() };
    let name = &groups.names[row];
    if row > 0 && groups.names[row - 1] == *name {
        return Vec::new();
    }
    style.bold_lines(&wrap(name, style.width, "", "  "))
}

fn height(cells: &[String]) -> usize {
    cells.iter().map(|cell| cell.lines().count().max(1)).max().unwrap_or(1)
}

fn break_cell(text: &str, width: usize) -> String {
    wrap(text, width, "", "").join("\n")
}

fn lay_out(columns: &[&Column], header: Vec<String>, rows: Vec<Vec<String>>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table.add_rows(rows);
    for (column, of) in table.column_iter_mut().zip(columns) {
        column.set_padding((GAP, 0)).set_cell_alignment(match of.align {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The columns without those that can go, as far as it takes to fit.
fn fitting(columns: &[Column], width: usize) -> Vec<&Column> {
    let up_to = |rank: u8| -> Vec<&Column> {
        columns.iter().filter(|column| column.dispensable <= rank).collect()
    };
    let fits = |columns: &Vec<&Column>| {
        columns.iter().map(|column| natural_width(column) + usize::from(GAP)).sum::<usize>()
            <= width
    };
    let most = columns.iter().map(|column| column.dispensable).max().unwrap_or(0);
    (0..=most).rev().map(up_to).find(fits).unwrap_or_else(|| up_to(0))
}

fn natural_width(column: &Column) -> usize {
    widest_cell(column).max(display_width(&text::on_one_line(&column.heading)))
}

fn widest_cell(column: &Column) -> usize {
    let width = |cell: &String| display_width(&text::on_one_line(cell));
    column.cells.iter().map(width).max().unwrap_or(0)
}

/// How far a column can be narrowed: numbers stay whole, their heading does not.
fn narrowest(column: &Column) -> usize {
    match column.align {
        Align::Left => NARROWEST,
        Align::Right => {
            let words = column.heading.split(' ').map(display_width);
            widest_cell(column).max(words.max().unwrap_or(0).min(NARROWEST))
        }
    }
    .min(natural_width(column))
    .max(1)
}

/// The width of each column, narrowed from the widest on until all fit, if they
/// can.
fn widths(columns: &[&Column], width: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| natural_width(column)).collect();
    let least: Vec<usize> = columns.iter().map(|column| narrowest(column)).collect();
    let room = width.saturating_sub(columns.len() * usize::from(GAP));
    while widths.iter().sum::<usize>() > room {
        let shrinkable = (0..widths.len()).filter(|&of| widths[of] > least[of]);
        let Some(widest) = shrinkable.max_by_key(|&of| widths[of]) else { break };
        widths[widest] -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::document;

    fn narrow() -> Style {
        Style { width: 30, color: false }
    }

    #[test]
    fn a_wide_table_gives_up_columns_and_then_breaks_text() {
        let table = |name: &str| {
            document::Table::of([name.to_owned()])
                .text("name", String::clone)
                .number("time", |_| "12.3 s".to_owned())
                .number("95 % interval", |_| "11.9 - 12.8 s".to_owned())
                .dispensable(1)
        };
        let shown = |name| render(Document::new().table(table(name)), narrow());
        assert_eq!(shown("a"), "  name    time  95 % interval\n  a     12.3 s  11.9 - 12.8 s\n");
        assert_eq!(shown("longer"), "  name      time\n  longer  12.3 s\n");
        assert_eq!(
            shown("a name that is long"),
            "  name                   time\n  a name that is long  12.3 s\n"
        );
        assert_eq!(
            shown("a name that is longer"),
            "  name              time\n  a name that is  12.3 s\n  longer\n"
        );
    }

    #[test]
    fn lines_are_as_wide_as_they_look() {
        // Each of these characters takes two columns.
        let wide = "表".repeat(40);
        let mut document = Document::of(&wide);
        document
            .list(vec![wide.clone()])
            .table(document::Table::of([wide.clone()]).text("name", String::clone));
        let text = render(&document, narrow());
        let widest = text.lines().map(display_width).max();
        assert_eq!(widest, Some(30), "{text}");
    }

    #[test]
    fn rows_that_matter_are_bold_whole() {
        let style = Style { color: true, ..narrow() };
        let table = document::Table::of(["a b c d e f g h i j k l m n o p", "q"])
            .grouped("", |_| "both".to_owned())
            .text("name", |name| (*name).to_owned())
            .text("and what it is like", |_| "x".to_owned())
            .strong(|name| name.len() > 1);
        let text = render(Document::new().table(table), style);
        let bold: Vec<bool> = text.lines().map(|line| line.starts_with("\u{1b}[1m")).collect();
        assert_eq!(bold, [false, false, true, true, true, false], "{text}");
    }

    #[test]
    fn fields_stand_below_each_other() {
        let mut document = Document::new();
        document.heading("Dump").fields([
            ("database", "shop".to_owned()),
            ("by", "pg_dump of PostgreSQL 17".to_owned()),
        ]);
        let expected = "Dump\ndatabase  shop\nby        pg_dump of\n          PostgreSQL 17\n";
        assert_eq!(render(&document, narrow()), expected);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            names in vec("[a-z 表é|*\n\t\u{1b}\u{202e}-]{0,120}", 1..5),
            width in 40_usize..120,
        ) {
            let mut document = Document::of(names.join(" "));
            document
                .fields(names.iter().map(|name| (name.as_str(), names.join(": "))))
                .list(names.clone())
                .table(
                    document::Table::of(&names)
                        .grouped("group", |name| (*name).clone())
                        .text(names[0].clone(), |name| (*name).clone())
                        .text("name", |name| (*name).clone())
                        .note(names[0].clone()),
                );
            let text = render(&document, Style { width, color: false });
            for line in text.lines() {
                prop_assert!(display_width(line) <= width, "{line:?} in {text}");
                let is_unsafe = |c: char| c.is_control() || c == '\u{202e}';
                prop_assert!(!line.contains(is_unsafe), "{line:?}");
            }
        }
    }
}
