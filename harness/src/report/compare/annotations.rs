//! A comparison as workflow commands, which GitHub Actions shows beside a
//! pull request.
//!
//! "Workflow commands for GitHub Actions": `::error title=T::message`, with
//! `%`, CR and LF escaped, and in properties `:` and `,` as well.

use super::phrases;
use super::report::CompareReport;
use crate::gate::{Finding, MetricVerdict};

/// One line for the whole, and one for each gated metric that did not pass.
pub fn render(report: &CompareReport) -> String {
    let comparison = &report.comparison;
    let mut lines = vec![command(comparison.finding, "jobtune", &report.answer)];
    let open = comparison.gated().into_iter().filter(|metric| metric.finding != Finding::Pass);
    lines.extend(open.map(of_metric));
    lines.join("\n") + "\n"
}

fn of_metric(metric: &MetricVerdict) -> String {
    let title = format!("{}, {}", metric.curve, metric.metric);
    let numbers = format!(
        "{} to {} ({}): {}",
        phrases::value(metric, metric.base),
        phrases::value(metric, metric.candidate),
        phrases::interval(metric).unwrap_or_default(),
        metric.finding
    );
    command(metric.finding, &title, &phrases::why(metric).unwrap_or(numbers))
}

fn command(finding: Finding, title: &str, message: &str) -> String {
    let level = match finding {
        Finding::Pass => "notice",
        Finding::Inconclusive => "warning",
        Finding::Regression => "error",
    };
    let title = escape(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} title={title}::{}", escape(message))
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_and_messages_are_escaped() {
        assert_eq!(
            command(Finding::Regression, "custom gzip:6, WAL", "10 % more\nof it: all"),
            "::error title=custom gzip%3A6%2C WAL::10 %25 more%0Aof it: all"
        );
    }
}
