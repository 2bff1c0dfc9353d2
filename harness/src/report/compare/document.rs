//! A comparison as a document.

use super::phrases;
use super::report::CompareReport;
use crate::document::{Answer, Document, Table, Tone};
use crate::gate::{Comparison, Finding, MetricVerdict};
use crate::report::format;

impl Answer for CompareReport {
    fn document(&self) -> Document {
        let comparison = &self.comparison;
        let tone = match comparison.finding {
            Finding::Pass => Tone::Good,
            Finding::Inconclusive => Tone::Unsure,
            Finding::Regression => Tone::Bad,
        };
        let mut document = Document::of_toned(&self.answer, tone);
        document
            .table(metrics(comparison))
            .section("Remarks", phrases::remarks(comparison))
            .note(phrases::rule(comparison));
        document
    }
}

fn metrics(comparison: &Comparison) -> Table<&MetricVerdict> {
    let ratio = |metric: &MetricVerdict| metric.ratio.map_or_else(|| "-".to_owned(), format::ratio);
    Table::of(&comparison.metrics)
        .grouped("", |metric| metric.curve.clone())
        .text("", |metric| metric.metric.to_string())
        .number(&comparison.base, |metric| phrases::value(metric, metric.base))
        .number(&comparison.candidate, |metric| phrases::value(metric, metric.candidate))
        .number("ratio", |metric| ratio(metric))
        .number("bounds", |metric| phrases::interval(metric).unwrap_or_default())
        .number("n", |metric| metric.blocks.to_string())
        .text("verdict", |metric| phrases::finding(metric))
        .strong(|metric| metric.gated && metric.finding == Finding::Regression)
}
