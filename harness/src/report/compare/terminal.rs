//! A comparison for a terminal or a log.

use super::{CompareReport, phrases};
use crate::gate::MetricVerdict;
use crate::report::format;
use crate::report::terminal::{Style, finish, plain_table, section};
use comfy_table::CellAlignment;

/// Writes `report` as text, the answer first.
pub fn render(report: &CompareReport, style: Style) -> String {
    let comparison = &report.comparison;
    let mut lines: Vec<String> =
        style.paragraph(&report.answer, 0).iter().map(|line| style.bold(line)).collect();
    let mut curves: Vec<&str> = Vec::new();
    for metric in &comparison.metrics {
        if !curves.contains(&metric.curve.as_str()) {
            curves.push(&metric.curve);
        }
    }
    for curve in curves {
        lines.push(String::new());
        lines.push(style.bold(curve));
        let metrics = comparison.metrics.iter().filter(|metric| metric.curve == curve);
        lines.extend(table(metrics, &comparison.base, &comparison.candidate));
    }
    section(&mut lines, "Remarks", phrases::remarks(comparison), style);
    lines.push(String::new());
    lines.extend(style.paragraph(&phrases::rule(comparison), 0));
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn table<'a>(
    metrics: impl Iterator<Item = &'a MetricVerdict>,
    base: &str,
    candidate: &str,
) -> Vec<String> {
    let mut table = plain_table();
    table.set_header(["", base, candidate, "ratio", "bounds", "n", ""]);
    for metric in metrics {
        table.add_row([
            metric.metric.to_string(),
            phrases::value(metric, metric.base),
            phrases::value(metric, metric.candidate),
            metric.ratio.map_or_else(|| "-".to_owned(), format::ratio),
            phrases::interval(metric).unwrap_or_default(),
            metric.blocks.to_string(),
            phrases::finding(metric),
        ]);
    }
    finish(&mut table, CellAlignment::Left)
}
