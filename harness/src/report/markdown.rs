//! A report for a pull request or a wiki.

use std::fmt::Write;

use super::recommendation::Report;
use super::{bottleneck, format, phrases, replay, workload};
use crate::analysis::CurveReplay;
use crate::recommend::{CellStudy, CurveStudy, Mark};
use crate::stats::estimate::Estimate;

/// Writes `report` as GitHub-flavoured Markdown.
pub fn render(report: &Report) -> String {
    let mut text = format!("**{}**\n", escape(&report.answer));
    for curve in &report.study.curves {
        push_curve(&mut text, curve, report);
    }
    let best: Vec<String> = report.study.best.iter().flat_map(phrases::best).collect();
    push_list(&mut text, "Between curves", &best);
    let beside = workload::phrases(&report.study.workload, &report.study.idle_and_busy);
    push_list(&mut text, "Beside the workload", &beside);
    let errors: Vec<String> = report.study.errors.iter().map(ToString::to_string).collect();
    push_list(&mut text, "Errors of the restores", &errors);
    let warnings: Vec<String> = report.study.warnings.iter().map(ToString::to_string).collect();
    push_list(&mut text, "Warnings", &warnings);
    push_list(&mut text, "How it was measured", &phrases::measured(&report.study.measured));
    text
}

pub(super) fn push_list(text: &mut String, heading: &str, entries: &[String]) {
    if entries.is_empty() {
        return;
    }
    push(text, format_args!("\n### {heading}\n\n"));
    for entry in entries {
        push(text, format_args!("- {}\n", escape(entry)));
    }
}

fn push_curve(text: &mut String, curve: &CurveStudy, report: &Report) {
    let size = curve.archive_bytes.map(|bytes| format!(", archive of {bytes}")).unwrap_or_default();
    push(text, format_args!("\n### {}{size}\n\n", escape(&curve.title)));
    push(text, format_args!("{}\n\n", escape(&phrases::verdict(curve, &report.study.measured))));
    text.push_str("| -j | n | time | speed-up | to fastest | |\n");
    text.push_str("|---:|---:|---:|---:|---:|:---|\n");
    for cell in &curve.cells {
        push_cell(text, cell);
    }
    if let Some(legend) = phrases::legend(curve) {
        push(text, format_args!("\n{}\n", escape(&legend)));
    }
    let bounds = bottleneck::lines(curve);
    if !bounds.is_empty() {
        text.push('\n');
    }
    for line in bounds {
        push(text, format_args!("- {}\n", escape(&line)));
    }
    if curve.says_what_rules_cost() {
        text.push_str("\n| rule of thumb | -j | against the fastest |\n|:---|---:|:---|\n");
        for rule in &curve.rules {
            let (advice, standing) = phrases::rule(rule, curve);
            push(text, format_args!("| {advice} | {} | {standing} |\n", rule.jobs));
        }
    }
    if let Some(replay) = &curve.replay {
        push_replay(text, replay);
    }
}

fn push_replay(text: &mut String, replay: &CurveReplay) {
    text.push('\n');
    push(text, format_args!("{}\n", escape(&replay::sentences(replay).join(" "))));
    let rows = replay::rows(replay);
    if rows.is_empty() {
        return;
    }
    push(text, format_args!("\n| {} |\n|---:|---:|---:|---:|\n", replay::HEADINGS.join(" | ")));
    for row in rows {
        push(text, format_args!("| {} |\n", row.join(" | ")));
    }
}

fn push_cell(text: &mut String, cell: &CellStudy) {
    let bracketed = |value: String, interval: Option<String>| match interval {
        Some(interval) => format!("{value} ({interval})"),
        None => value,
    };
    let ratio = |estimate: Option<&Estimate>| {
        estimate.map_or(String::new(), |estimate| {
            bracketed(format::ratio(estimate.value), format::ratio_interval(estimate))
        })
    };
    let time = cell.time_seconds.map_or("-".to_owned(), |time| {
        bracketed(format::time(time.value), format::time_interval(&time))
    });
    let signs: String = cell.marks.iter().map(|&mark| phrases::sign(mark)).collect();
    let emphasis = if cell.marks.contains(&Mark::Recommended) { "**" } else { "" };
    push(
        text,
        format_args!(
            "| {emphasis}{}{emphasis} | {} | {time} | {} | {} | {} |\n",
            cell.jobs,
            cell.n,
            ratio(cell.speedup.as_ref()),
            ratio(cell.to_fastest.as_ref()),
            escape(&signs),
        ),
    );
}

/// Names come from the user and the archive: they must not become markup.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(super) fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a string does not fail");
}
