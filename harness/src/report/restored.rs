//! What `jobtune restore` says at the end.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use restore_core::native::{StepTiming, Summary};
use restore_core::toc::{Item, Toc};

use super::format::time;

/// Steps that are named.
const COSTLIEST: usize = 10;

/// The summary as text: time by phase, rows, the costliest steps, errors by
/// their message.
pub fn render(summary: &Summary, toc: &Toc) -> String {
    let mut lines = vec![format!(
        "restored in {}: {} rows, {}",
        time(summary.wall.as_secs_f64()),
        summary.rows,
        errors(summary)
    )];
    let phases = summary.phases.iter();
    lines.extend(
        phases.map(|(phase, took)| format!("  {:>8}  {}", time(took.as_secs_f64()), phase.name())),
    );
    lines.extend(costliest(summary, toc));
    lines.extend(errors_by_message(summary));
    lines.join("\n")
}

fn errors(summary: &Summary) -> String {
    match summary.errors.len() + summary.earlier_errors.len() {
        0 => "no errors".to_owned(),
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    }
}

fn costliest(summary: &Summary, toc: &Toc) -> Vec<String> {
    let items: HashMap<_, &Item> = toc.items.iter().map(|item| (item.id, item)).collect();
    let mut steps: Vec<&StepTiming> = summary.steps.iter().collect();
    steps.sort_by_key(|step| Reverse(step.end.saturating_sub(step.start)));
    steps.truncate(COSTLIEST);
    let line = |step: &StepTiming| {
        let took = step.end.saturating_sub(step.start).as_secs_f64();
        let item = items.get(&step.item);
        let kind = item.map_or("item", |item| item.kind.as_str());
        let name = item.map_or("", |item| item.name());
        format!("  {:>8}  {}: {kind} {name} (worker {})", time(took), step.step.name(), step.worker)
    };
    let heading = (!steps.is_empty()).then(|| "the costliest steps:".to_owned());
    heading.into_iter().chain(steps.into_iter().map(line)).collect()
}

fn errors_by_message(summary: &Summary) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for error in &summary.errors {
        *counts.entry(error.to_string()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let heading = (!counts.is_empty()).then(|| "errors by message:".to_owned());
    let lines = counts.into_iter().map(|(message, count)| format!("  {count:>8}  {message}"));
    let earlier = summary.earlier_errors.len();
    let earlier =
        (earlier > 0).then(|| format!("{earlier} items had failed before the restore was resumed"));
    heading.into_iter().chain(lines).chain(earlier).collect()
}
