//! What `jobtune restore` says at the end.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use restore_core::event::ItemTiming;
use restore_core::native::Summary;

use super::format::time;
use super::phrases::counted;
use crate::document::{Document, Table};

/// Steps that are named.
const COSTLIEST: usize = 10;

/// Time by phase, rows, the costliest steps, errors by their message.
pub fn document(summary: &Summary) -> Document {
    let mut document = Document::of(format!(
        "Restored in {}: {} rows, {}.",
        time(summary.wall.as_secs_f64()),
        summary.rows,
        errors(summary)
    ));
    document.table(
        Table::of(&summary.phases)
            .text("phase", |(phase, _)| phase.name().to_owned())
            .number("time", |(_, took)| time(took.as_secs_f64())),
    );
    if !summary.steps.is_empty() {
        document.heading("Costliest steps").table(costliest(summary));
    }
    if !summary.errors.is_empty() {
        document.heading("Errors").table(errors_by_message(summary));
    }
    let earlier = summary.earlier_errors.len() as u32;
    if earlier > 0 {
        document.paragraph(format!("{} had failed before the resume.", counted(earlier, "item")));
    }
    document
}

fn errors(summary: &Summary) -> String {
    match summary.errors.len() + summary.earlier_errors.len() {
        0 => "no errors".to_owned(),
        count => counted(count as u32, "error"),
    }
}

fn costliest(summary: &Summary) -> Table<&ItemTiming> {
    let took = |step: &ItemTiming| step.end.saturating_sub(step.start);
    let mut steps: Vec<&ItemTiming> = summary.steps.iter().collect();
    steps.sort_by_key(|step| Reverse(took(step)));
    steps.truncate(COSTLIEST);
    Table::of(steps)
        .number("time", |step| time(took(step).as_secs_f64()))
        .text("step", |step| step.step.name().to_owned())
        .text("item", |step| format!("{} {}", step.item.kind, step.item.name))
        .number("worker", |step| step.lane.to_string())
}

fn errors_by_message(summary: &Summary) -> Table<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for error in &summary.errors {
        *counts.entry(error.to_string()).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    Table::of(counts)
        .number("n", |(_, count)| count.to_string())
        .text("message", |(message, _)| message.clone())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use restore_core::event::Phase;

    use super::*;
    use crate::document::{Style, terminal};

    #[test]
    fn a_resumed_restore_says_what_had_failed_before() {
        let summary = Summary {
            wall: Duration::from_millis(12_300),
            phases: vec![(Phase::PreData, Duration::from_secs(1))],
            rows: 5,
            earlier_errors: vec!["INDEX a: disk full".to_owned()],
            ..Summary::default()
        };
        let expected = "Restored in 12.3 s: 5 rows, 1 error.\n\n  phase       time\n  pre-data  1.00 s\n\n\
                        1 item had failed before the resume.\n";
        let document = document(&summary);
        assert_eq!(terminal::render(&document, Style::default()), expected);
    }
}
