//! A comparison for a pull request.

use super::{CompareReport, phrases};
use crate::gate::Finding;
use crate::report::format;
use crate::report::markdown::{escape, push};

/// Writes `report` as GitHub-flavoured Markdown, the answer first.
pub fn render(report: &CompareReport) -> String {
    let comparison = &report.comparison;
    let sign = match comparison.finding {
        Finding::Pass => "✅",
        Finding::Inconclusive => "❔",
        Finding::Regression => "❌",
    };
    let mut text = format!("{sign} **{}**\n\n", escape(&report.answer));
    push_table(&mut text, report);
    text.push('\n');
    for remark in phrases::remarks(comparison) {
        push(&mut text, format_args!("- {}\n", escape(&remark)));
    }
    push(&mut text, format_args!("\n<sub>{}</sub>\n", escape(&phrases::rule(comparison))));
    text
}

fn push_table(text: &mut String, report: &CompareReport) {
    let comparison = &report.comparison;
    let [base, candidate] = [&comparison.base, &comparison.candidate].map(|name| escape(name));
    push(text, format_args!("| | | {base} | {candidate} | ratio | bounds | n | verdict |\n"));
    text.push_str("|:---|:---|---:|---:|---:|---:|---:|:---|\n");
    for metric in &comparison.metrics {
        let emphasis =
            if metric.gated && metric.finding == Finding::Regression { "**" } else { "" };
        push(
            text,
            format_args!(
                "| {} | {} | {} | {} | {} | {} | {} | {emphasis}{}{emphasis} |\n",
                escape(&metric.curve),
                metric.metric,
                phrases::value(metric, metric.base),
                phrases::value(metric, metric.candidate),
                metric.ratio.map_or_else(|| "-".to_owned(), format::ratio),
                phrases::interval(metric).unwrap_or_default(),
                metric.blocks,
                phrases::finding(metric),
            ),
        );
    }
}
