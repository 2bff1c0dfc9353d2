//! Claims against made-up runs whose truth is known.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as expected")]

mod support;

use std::collections::BTreeMap;

use harness::analysis::{Resources, RunFacts};
use harness::claims::{Judged, MeasuredRun, Ruling, judge};
use harness::record::TrialRow;
use harness::scenario::Phase;
use restore_core::format::Format;
use support::{TrueCurve, facts};

fn run(scenario: &str, phase: Phase, curves: &[(Format, &[(u32, f64)])]) -> MeasuredRun {
    let curves: Vec<TrueCurve> =
        curves.iter().map(|&(format, times)| TrueCurve { format, times: times.to_vec() }).collect();
    let rows = support::run(&curves, 5, 0.01, 7);
    with_rows(scenario, phase, rows)
}

fn with_rows(scenario: &str, phase: Phase, rows: Vec<TrialRow>) -> MeasuredRun {
    let facts = RunFacts { scenario: Some(scenario.to_owned()), phase, ..facts() };
    MeasuredRun::new(scenario.to_owned(), rows, facts)
}

#[track_caller]
fn ruling(judged: &[Judged], name: &str) -> Option<Ruling> {
    judged.iter().find(|judged| judged.claim.name == name).unwrap().ruling()
}

#[test]
fn a_restore_that_scales_to_four_and_no_further() {
    let times = [(1, 16.0), (2, 8.5), (4, 5.0), (8, 5.0)];
    let runs = [run("many-large-tables", Phase::Restore, &[(Format::Directory, &times)])];
    let judged = judge(&runs);
    // The machine of these facts has four cores.
    assert_eq!(ruling(&judged, "half-the-cores"), Some(Ruling::DoesNotHold));
    assert_eq!(ruling(&judged, "four-to-eight"), Some(Ruling::Holds));
    assert_eq!(ruling(&judged, "not-always-faster"), Some(Ruling::Holds));
    assert_eq!(ruling(&judged, "small-databases-gain-little"), Some(Ruling::NotDecidable));
    assert_eq!(ruling(&judged, "dumps-are-serial"), Some(Ruling::NotDecidable));
}

#[test]
fn a_rule_that_holds_in_one_regime_alone() {
    // The machine of these facts has four cores.
    let of = |times: &[(u32, f64)], resources: Resources| {
        let mut run = run("tiny-tables", Phase::Restore, &[(Format::Directory, times)]);
        run.facts.resources = BTreeMap::from([("base".to_owned(), resources)]);
        run
    };
    let near = of(&[(1, 10.0), (2, 6.0), (4, 6.1), (8, 6.2)], Resources::default());
    let far = Resources { round_trip: Some(0.01), ..Resources::default() };
    let far = of(&[(1, 80.0), (2, 40.0), (4, 20.0), (8, 10.0)], far);
    let slow = Resources { disk_bytes_per_second: Some(30e6), ..Resources::default() };
    let slow = of(&[(1, 10.0), (2, 9.0), (4, 10.0), (8, 12.0)], slow);
    let judged = judge(&[far, near, slow]);
    let half = judged.iter().find(|judged| judged.claim.name == "half-the-cores").unwrap();
    assert_eq!(half.ruling(), None);
    let said: Vec<String> = half.by_regime().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "On a near server with a fast disk: holds (1)",
            "On a far server: does not hold (1)",
            "On a slow disk: holds (1)",
        ]
    );
    // The same everywhere: no regime need be named.
    let steps = judged.iter().find(|judged| judged.claim.name == "directory-is-fastest").unwrap();
    assert!(steps.by_regime().is_empty());
}

#[test]
fn a_restore_that_always_scales() {
    let times = [(1, 16.0), (2, 8.0), (4, 4.0), (8, 2.0)];
    let runs = [run("many-large-tables", Phase::Restore, &[(Format::Directory, &times)])];
    assert_eq!(ruling(&judge(&runs), "not-always-faster"), Some(Ruling::DoesNotHold));
    // What comes after the only step that was measured is not known.
    let runs = [run("many-large-tables", Phase::Restore, &[(Format::Directory, &times[..2])])];
    assert_eq!(ruling(&judge(&runs), "not-always-faster"), Some(Ruling::NotDecidable));
}

#[test]
fn formats_are_compared_at_their_best_and_in_their_gain() {
    let custom = [(1, 10.0), (2, 9.0), (4, 9.0)];
    let directory = [(1, 12.0), (2, 7.0), (4, 6.0)];
    let curves: [(Format, &[(u32, f64)]); 2] =
        [(Format::Custom, &custom), (Format::Directory, &directory)];
    let judged = judge(&[run("formats", Phase::Restore, &curves)]);
    assert_eq!(ruling(&judged, "directory-is-fastest"), Some(Ruling::Holds));
    assert_eq!(ruling(&judged, "directory-scales-best"), Some(Ruling::Holds));
    let curves: [(Format, &[(u32, f64)]); 2] =
        [(Format::Custom, &directory), (Format::Directory, &directory)];
    let judged = judge(&[run("formats", Phase::Restore, &curves)]);
    assert_eq!(ruling(&judged, "directory-is-fastest"), Some(Ruling::DoesNotHold));
}

#[test]
fn gains_of_two_shapes_are_compared_between_runs() {
    let many = [(1, 16.0), (2, 8.5), (4, 5.0)];
    let giant = [(1, 16.0), (2, 13.0), (4, 13.0)];
    let runs = [
        run("many-large-tables", Phase::Restore, &[(Format::Directory, &many)]),
        run("one-giant-table", Phase::Restore, &[(Format::Directory, &giant)]),
    ];
    let judged = judge(&runs);
    assert_eq!(ruling(&judged, "gains-need-many-tables"), Some(Ruling::Holds));
    assert_eq!(ruling(&judged, "few-tables-gain-little"), Some(Ruling::Holds));
    // On another host the two have nothing to do with each other.
    let [many, mut giant] = runs;
    giant.facts.host = Some("another".to_owned());
    let judged = judge(&[many, giant]);
    assert_eq!(ruling(&judged, "gains-need-many-tables"), Some(Ruling::NotDecidable));
}

#[test]
fn dumps_decide_about_dumps_alone() {
    let times = [(1, 10.0), (2, 6.0)];
    let judged = judge(&[run("dump", Phase::Dump, &[(Format::Directory, &times)])]);
    assert_eq!(ruling(&judged, "dumps-are-serial"), Some(Ruling::DoesNotHold));
    assert_eq!(ruling(&judged, "half-the-cores"), Some(Ruling::NotDecidable));
}

#[test]
fn latency_beside_many_jobs_is_read_from_the_trials() {
    let times = [(1, 10.0), (4, 6.0)];
    let curve = TrueCurve { format: Format::Directory, times: times.to_vec() };
    let mut all = support::run(&[curve], 5, 0.01, 7);
    let judged = judge(&[with_rows("production", Phase::Restore, all.clone())]);
    assert_eq!(ruling(&judged, "high-j-starves-production"), Some(Ruling::NotDecidable));
    for row in &mut all {
        let slow = if row.jobs.get() == 4 { 60_000 } else { 20_000 };
        row.workload.workload_during_p99_us = Some(slow + u64::from(row.block) * 100);
    }
    let judged = judge(&[with_rows("production", Phase::Restore, all.clone())]);
    assert_eq!(ruling(&judged, "high-j-starves-production"), Some(Ruling::Holds));
}

#[test]
fn too_few_blocks_decide_nothing() {
    let times = [(1, 10.0), (2, 6.0)];
    let mut all =
        support::run(&[TrueCurve { format: Format::Directory, times: times.to_vec() }], 5, 0.01, 7);
    all.retain(|row| row.block == 1);
    let judged = judge(&[with_rows("small-database", Phase::Restore, all.clone())]);
    for claim in judged {
        assert_eq!(claim.ruling(), Some(Ruling::NotDecidable), "{}", claim.claim.name);
    }
}
