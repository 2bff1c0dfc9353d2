//! An inspection for a ticket or a wiki.

use super::InspectReport;
use super::phrases::{self, Block};
use crate::report::markdown::{escape, push_list};

/// Writes `report` as GitHub-flavoured Markdown.
pub fn render(report: &InspectReport) -> String {
    let mut text = format!("**{}**\n", escape(&report.answer));
    for block in phrases::blocks(report) {
        push_block(&mut text, &block);
    }
    push_list(&mut text, "Advice", &report.advice_text);
    text
}

fn push_block(text: &mut String, block: &Block) {
    text.push_str("\n### ");
    text.push_str(&escape(&block.title));
    text.push('\n');
    for sentence in &block.before {
        text.push('\n');
        text.push_str(&escape(sentence));
        text.push('\n');
    }
    if block.rows.is_empty() {
        return;
    }
    text.push('\n');
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let headings: Vec<String> = block.headings.iter().map(|&heading| escape(heading)).collect();
    text.push_str(&row(&headings));
    let rules: Vec<String> = (0..block.headings.len())
        .map(|column| if block.text_columns.contains(&column) { ":---" } else { "---:" }.to_owned())
        .collect();
    text.push('|');
    text.push_str(&rules.join("|"));
    text.push_str("|\n");
    for (number, cells) in block.rows.iter().enumerate() {
        let emphasis = if block.marked == Some(number) { "**" } else { "" };
        let cell = |cell: &String| {
            if cell.is_empty() {
                String::new()
            } else {
                format!("{emphasis}{}{emphasis}", escape(cell))
            }
        };
        text.push_str(&row(&cells.iter().map(cell).collect::<Vec<_>>()));
    }
}
