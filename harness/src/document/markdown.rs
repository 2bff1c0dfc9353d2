//! A document for a pull request, a ticket or a wiki: GitHub Flavored Markdown
//! (github.github.com/gfm, 4.10 for tables).

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::table::{Align, Column, Grid};
use super::{Block, Document, Tone, text};

/// Writes `document` as Markdown that ends with a line feed.
pub fn render(document: &Document) -> String {
    let blocks: Vec<String> = document.blocks.iter().map(block).collect();
    blocks.join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Answer { text, tone } => format!("{}**{}**\n", sign(*tone), escape(text)),
        Block::Heading(text) => format!("### {}\n", escape(text)),
        Block::Paragraph(text) => format!("{}\n", escape_start(text)),
        Block::Note(text) => format!("<sub>{}</sub>\n", escape(text)),
        Block::List(entries) => list(entries.iter().map(|entry| escape_start(entry))),
        Block::Fields(fields) => list(
            fields.iter().map(|(name, value)| format!("**{}**: {}", escape(name), escape(value))),
        ),
        Block::Table(grid) => table(grid),
    }
}

fn sign(tone: Option<Tone>) -> &'static str {
    match tone {
        None => "",
        Some(Tone::Good) => "✅ ",
        Some(Tone::Unsure) => "❔ ",
        Some(Tone::Bad) => "❌ ",
    }
}

fn list(entries: impl Iterator<Item = String>) -> String {
    entries.fold(String::new(), |mut list, entry| {
        let _ = writeln!(list, "- {entry}");
        list
    })
}

fn table(grid: &Grid) -> String {
    let groups = grid.groups.as_ref().map(|groups| Column {
        heading: groups.heading.clone(),
        align: Align::Left,
        dispensable: 0,
        cells: groups.names.clone(),
    });
    let columns: Vec<&Column> = groups.iter().chain(&grid.columns).collect();
    let mut table = Table::new();
    table
        .load_style(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| escape(&column.heading)));
    for (row, &strong) in grid.strong.iter().enumerate() {
        let group = grid.groups.as_ref().map(|groups| escape(&groups.names[row]));
        let cells = grid.columns.iter().map(|column| cell(&column.cells[row], strong));
        table.add_row(group.into_iter().chain(cells));
    }
    for (column, of) in table.column_iter_mut().zip(&columns) {
        column.set_cell_alignment(alignment(of.align));
    }
    let mut lines: Vec<String> = table.lines().collect();
    lines[1] = with_alignment(&lines[1], &columns);
    for note in &grid.notes {
        lines.extend([String::new(), escape_start(note)]);
    }
    lines.join("\n") + "\n"
}

fn cell(text: &str, strong: bool) -> String {
    let text = escape(text.trim());
    if strong && !text.is_empty() { format!("**{text}**") } else { text }
}

fn alignment(align: Align) -> CellAlignment {
    match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    }
}

/// comfy-table's line below the heading, `|-----|-----|`, with the colons that
/// say how each column stands.
fn with_alignment(line: &str, columns: &[&Column]) -> String {
    let dashes = line.trim_matches('|').split('|');
    let marked = dashes.zip(columns).map(|(dashes, column)| {
        let inner = "-".repeat(dashes.len().saturating_sub(1));
        match column.align {
            Align::Left => format!(":{inner}"),
            Align::Right => format!("{inner}:"),
        }
    });
    format!("|{}|", marked.collect::<Vec<_>>().join("|"))
}

/// Names come from the user and the archive: they must not become markup.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text::on_one_line(text).chars() {
        if matches!(
            character,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '~'
        ) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Escapes `text` at the start of a line, where more is markup: bullets, and
/// numbers of lists (GFM 5.2).
fn escape_start(text: &str) -> String {
    let escaped = escape(text.trim_start());
    let digits = escaped.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = escaped.split_at(digits);
    let is_item = if number.is_empty() {
        rest.starts_with("- ") || rest.starts_with("+ ")
    } else {
        rest.starts_with(". ") || rest.starts_with(") ")
    };
    if is_item { format!("{number}\\{rest}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::document;

    #[test]
    fn names_do_not_become_markup() {
        assert_eq!(escape("a|b *c*\n<d> ~e~"), r"a\|b \*c\* \<d\> \~e\~");
        assert_eq!(escape_start("1. a"), r"1\. a");
        assert_eq!(escape_start("- a"), r"\- a");
        assert_eq!(escape_start("-j 4: 1.5 s"), "-j 4: 1.5 s");
        assert_eq!(escape_start("1.18 times"), "1.18 times");
    }

    #[test]
    fn tables_say_how_their_columns_stand() {
        let mut document = Document::of_toned("Slower", Tone::Bad);
        document.table(
            document::Table::of([("a|b", 1), ("c", 20)])
                .grouped("run", |_| "one".to_owned())
                .text("name", |(name, _)| (*name).to_owned())
                .number("n", |(_, n)| n.to_string())
                .strong(|&(_, n)| n == 20)
                .note("n is a number"),
        );
        let expected = [
            r"❌ **Slower**",
            r"",
            r"| run | name  |      n |",
            r"|:----|:------|-------:|",
            r"| one | a\|b  |      1 |",
            r"| one | **c** | **20** |",
            r"",
            r"n is a number",
            r"",
        ];
        assert_eq!(render(&document), expected.join("\n"));
    }

    /// Bars that end a cell.
    fn bars(line: &str) -> usize {
        line.replace(r"\\", "").replace(r"\|", "").matches('|').count()
    }

    proptest! {
        #[test]
        fn a_row_is_a_line_with_a_bar_around_each_cell(names in vec("[a-z表|\\\\*\n\r-]{0,20}", 1..5)) {
            let mut document = Document::new();
            document.table(
                document::Table::of(&names)
                    .text(names[0].clone(), |name| (*name).clone())
                    .number("n", |name| (*name).clone())
                    .strong(|name| name.len() > 5),
            );
            let text = render(&document);
            prop_assert_eq!(text.lines().count(), names.len() + 2);
            for line in text.lines() {
                prop_assert_eq!(bars(line), 3, "{}", text);
            }
        }
    }
}
