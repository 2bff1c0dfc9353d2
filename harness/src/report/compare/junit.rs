//! A comparison as JUnit XML: a test case per gated metric.
//!
//! A regression is a failure. What is inconclusive is an error: JUnit has no
//! word for "not known", and "skipped" would pass for a success.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::phrases;
use super::report::CompareReport;
use crate::gate::{Finding, Metric, MetricVerdict};

pub fn render(report: &CompareReport) -> Result<String, quick_junit::SerializeError> {
    let comparison = &report.comparison;
    let mut suite = TestSuite::new(format!("{} against {}", comparison.candidate, comparison.base));
    suite.set_system_out(&report.answer);
    for metric in comparison.metrics.iter().filter(|metric| metric.gated) {
        suite.add_test_case(case(metric));
    }
    let mut junit = Report::new("jobtune compare");
    junit.add_test_suite(suite);
    junit.to_string()
}

fn case(metric: &MetricVerdict) -> TestCase {
    let kind = match metric.finding {
        Finding::Pass => None,
        Finding::Regression => Some(NonSuccessKind::Failure),
        Finding::Inconclusive => Some(NonSuccessKind::Error),
    };
    let status = kind.map_or_else(TestCaseStatus::success, |kind| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(metric.finding.to_string());
        status.set_message(phrases::why(metric).unwrap_or_else(|| phrases::evidence(metric)));
        status
    });
    let mut case = TestCase::new(metric.metric.to_string(), status);
    case.set_classname(metric.curve.clone());
    if let Some(seconds) = metric.candidate.filter(|_| metric.metric != Metric::Wal) {
        case.set_time(Duration::from_secs_f64(seconds));
    }
    case.set_system_out(phrases::evidence(metric));
    case
}
