//! The gate on synthetic runs whose truth is known.

#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]

mod support;

use harness::document::{Answer as _, Style, markdown, terminal};
use harness::gate::judge::Reason;
use harness::gate::{Comparison, Finding, GatedMetric, Metric, Policy};
use harness::record::trial::TrialRow;
use harness::report::compare::{CompareReport, annotations, junit};
use restore_core::format::Format;
use restore_core::units::Jobs;
use support::{TrueCurve, arms, fail, usl};

fn curve() -> TrueCurve {
    usl(Format::Directory, &[1, 2, 4, 8], 40.0, 0.1, 0.01)
}

/// `candidate` against `base`, with the candidate's times multiplied.
fn compare(rows: &[TrialRow]) -> Comparison {
    Comparison::within(rows, "base", "candidate", None, &Policy::default())
}

fn slower(factor: f64, blocks: u32, seed: u64) -> Vec<TrialRow> {
    arms(&[curve()], |_| factor, blocks, 0.03, seed)
}

#[test]
fn what_is_slower_fails_and_what_is_equal_passes() {
    let seen = compare(&slower(1.2, 5, 1));
    assert_eq!(seen.finding, Finding::Regression);
    let [whole, best, ..] = &seen.metrics[..] else { panic!("{seen:?}") };
    assert_eq!(whole.metric, Metric::Curve);
    assert!(matches!(best.metric, Metric::Best { .. }));
    assert!((whole.ratio.unwrap() - 1.2).abs() < 0.04, "{whole:?}");
    assert!(whole.p.unwrap() < 0.001);
    let same = compare(&slower(1.0, 7, 2));
    assert_eq!(same.finding, Finding::Pass, "{same:?}");
    let faster = compare(&slower(0.8, 5, 3));
    assert_eq!(faster.finding, Finding::Pass, "{faster:?}");
}

#[test]
fn one_slower_j_is_seen_where_each_is_gated() {
    let at_eight = |jobs: u32| if jobs == 8 { 1.4 } else { 1.0 };
    let rows = arms(&[curve()], at_eight, 7, 0.02, 4);
    let policy = Policy { gated: vec![GatedMetric::Each], ..Policy::default() };
    let seen = Comparison::within(&rows, "base", "candidate", None, &policy);
    assert_eq!(seen.finding, Finding::Regression);
    let guilty: Vec<Metric> = seen
        .metrics
        .iter()
        .filter(|metric| metric.gated && metric.finding == Finding::Regression)
        .map(|metric| metric.metric)
        .collect();
    assert_eq!(guilty, [Metric::Time { jobs: Jobs::new(8).unwrap() }]);
    let jobs = [Jobs::ONE, Jobs::new(2).unwrap()];
    let without = Comparison::within(&rows, "base", "candidate", Some(&jobs), &policy);
    assert_eq!(without.finding, Finding::Pass);
}

#[test]
fn four_blocks_are_not_enough() {
    let seen = compare(&slower(3.0, 4, 5));
    assert_eq!(seen.finding, Finding::Inconclusive);
    assert_eq!(seen.metrics[0].reason, Some(Reason::TooFewBlocks { seen: 4 }));
    assert_eq!(seen.metrics[0].more_blocks_likely, Some(1));
}

#[test]
fn restores_that_no_longer_complete_are_a_regression() {
    let mut rows = slower(1.0, 5, 6);
    let broken = |row: &TrialRow| row.variant == "candidate" && row.jobs.get() == 8;
    rows.iter_mut().filter(|row| broken(row)).for_each(|row| fail(row, "out of memory"));
    let seen = compare(&rows);
    assert_eq!(seen.finding, Finding::Regression);
    assert_eq!(seen.metrics[0].reason, Some(Reason::CandidateFails { lost: 5, trials: 5 }));
    let answer = CompareReport::new(seen).answer;
    assert!(answer.contains("5 of 5 restores of the candidate did not complete"), "{answer}");
}

#[test]
fn drift_of_the_machine_is_not_the_candidates() {
    // Each block is slower than the one before, within it nothing changes.
    let mut rows = slower(1.0, 7, 7);
    for row in &mut rows {
        row.wall_ns = (row.wall_ns as f64 * (0.2 * f64::from(row.block)).exp()) as u64;
    }
    assert_eq!(compare(&rows).finding, Finding::Pass);
}

#[test]
fn more_wal_is_a_regression_of_its_own() {
    let mut rows = slower(1.0, 5, 8);
    for row in &mut rows {
        let wal = if row.variant == "candidate" { 120_000_000 } else { 100_000_000 };
        row.wal_bytes = Some(wal);
    }
    let seen = compare(&rows);
    assert_eq!(seen.finding, Finding::Regression);
    assert_eq!(seen.gated()[0].metric, Metric::Wal);
    assert!((seen.gated()[0].ratio.unwrap() - 1.2).abs() < 1e-9);
}

#[test]
fn renderings() {
    let at_eight = |jobs: u32| if jobs == 8 { 1.3 } else { 1.1 };
    let mut rows = arms(&[curve()], at_eight, 5, 0.03, 9);
    for row in &mut rows {
        row.wal_bytes = Some(123_456_789);
    }
    let report = CompareReport::new(compare(&rows));
    insta::assert_snapshot!("compare_text", terminal::render(&report.document(), Style::default()));
    insta::assert_snapshot!("compare_markdown", markdown::render(&report.document()));
    insta::assert_snapshot!("compare_junit", junit::render(&report).unwrap());
    insta::assert_snapshot!("compare_annotations", annotations::render(&report));
    let read: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    assert_eq!(read, serde_json::to_value(&report).unwrap());
}

#[test]
fn renderings_of_doubt() {
    let rows = arms(&[curve()], |_| 1.0, 5, 0.25, 10);
    let report = CompareReport::new(compare(&rows));
    insta::assert_snapshot!(
        "compare_doubt_text",
        terminal::render(&report.document(), Style::default())
    );
}
