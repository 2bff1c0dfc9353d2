//! Verdicts, stops and warnings on synthetic runs whose truth is known.

#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]

mod support;

use std::time::Duration;

use harness::analysis::compare::paired_tests;
use harness::analysis::replay::Floor;
use harness::analysis::{CurveReplay, RestoreLimits, RunFacts, Tables, curves, curves_of_rows};
use harness::recommend::rules::Regret;
use harness::recommend::{Decision, Mark, Reason, StopRule, Verdict, Warning};
use harness::record::{Ending, Outcome, TrialRow};
use harness::stats::interval::Level;
use harness::study::Study;
use restore_core::format::Format;
use restore_core::replay::Contention;
use restore_core::units::Jobs;
use support::{TrueCurve, facts, fail, run, usl};

fn judge(rows: &[TrialRow], facts: &RunFacts) -> Study {
    Study::of_rows("synthetic", rows, facts.clone())
}

fn jobs(jobs: u32) -> Jobs {
    Jobs::new(jobs).unwrap()
}

fn curve(times: &[(u32, f64)]) -> TrueCurve {
    TrueCurve { format: Format::Custom, times: times.to_vec() }
}

/// Falls to a plateau from 4 on.
fn plateau() -> TrueCurve {
    curve(&[(1, 100.0), (2, 55.0), (4, 30.0), (8, 29.8), (16, 30.2)])
}

#[test]
fn the_smallest_of_a_plateau_is_recommended() {
    for blocks in [3, 5, 8] {
        let seen = judge(&run(&[plateau()], blocks, 0.01, 11), &facts());
        assert_eq!(seen.curves[0].verdict.recommended(), Some(jobs(4)), "{blocks} blocks");
        let Verdict::Recommend { cannot_be_told_from, probability, .. } = &seen.curves[0].verdict
        else {
            panic!("no recommendation after {blocks} blocks")
        };
        assert!(probability.get() >= 0.95);
        assert!(!cannot_be_told_from.contains(&jobs(1)) && !cannot_be_told_from.contains(&jobs(2)));
    }
}

#[test]
fn verdicts_do_not_depend_on_the_order_of_the_rows() {
    let mut rows = run(&[plateau()], 5, 0.05, 12);
    let written = |rows: &[TrialRow]| serde_json::to_value(judge(rows, &facts())).unwrap();
    let before = written(&rows);
    rows.reverse();
    assert_eq!(written(&rows), before);
}

#[test]
fn two_blocks_decide_nothing() {
    let seen = judge(&run(&[plateau()], 2, 0.001, 13), &facts());
    let Verdict::Inconclusive { reasons, .. } = &seen.curves[0].verdict else {
        panic!("a verdict on two blocks")
    };
    assert_eq!(reasons[..], [Reason::TooFewBlocks { seen: 2 }]);
}

/// Two cells, equal on average, whose times differ by turns by exp(+-`swing`).
fn seesaw(swing: f64) -> Vec<TrialRow> {
    let mut rows = run(&[curve(&[(1, 100.0), (2, 100.0)])], 4, 0.0, 1);
    for row in rows.iter_mut().filter(|row| row.jobs == jobs(2)) {
        let swing = if row.block % 2 == 0 { swing } else { -swing };
        row.wall_ns = (100e9 * swing.exp()) as u64;
    }
    rows
}

#[test]
fn an_open_question_says_what_would_settle_it() {
    // The differences have the standard deviation 0.06 sqrt(4/3), so that
    // P = T3(ln 1.05 / 0.0346) = 0.873 for both; with n blocks in place of 4
    // the argument grows by sqrt(n / 4), and reaches 2.353 at n = 12.
    let seen = judge(&seesaw(0.06), &facts());
    let Verdict::Inconclusive { reasons, candidates, more_blocks_likely } = &seen.curves[0].verdict
    else {
        panic!("{:?}", seen.curves[0].verdict)
    };
    assert_eq!(candidates[..], [jobs(1), jobs(2)]);
    let [Reason::NoneSureEnough { probability, .. }] = reasons[..] else { panic!("{reasons:?}") };
    assert!((probability.get() - 0.873).abs() < 0.015, "{probability:?}");
    assert!(
        more_blocks_likely.is_some_and(|more| (7..=9).contains(&more)),
        "{more_blocks_likely:?}"
    );
}

#[test]
fn hopeless_noise_is_called_so() {
    let seen = judge(&seesaw(0.6), &facts());
    let Verdict::Inconclusive { reasons, more_blocks_likely, .. } = &seen.curves[0].verdict else {
        panic!("{:?}", seen.curves[0].verdict)
    };
    assert_eq!(reasons[1], Reason::TooNoisy);
    assert_eq!(*more_blocks_likely, None);
}

#[test]
fn a_cell_that_mostly_fails_is_not_recommended() {
    let mut rows = run(&[plateau()], 5, 0.01, 14);
    for row in rows.iter_mut().filter(|row| row.jobs == jobs(4) && row.block != 2) {
        fail(row, "out of memory");
    }
    let seen = judge(&rows, &facts());
    assert_eq!(seen.curves[0].verdict.recommended(), Some(jobs(8)));
    let ruled_out = |cell: &&harness::recommend::CellStudy| cell.marks.contains(&Mark::RuledOut);
    let ruled_out = seen.curves[0].cells.iter().find(ruled_out).unwrap();
    assert_eq!(ruled_out.jobs, jobs(4));
    assert!(seen.warnings.iter().any(|warning| warning.to_string().contains("out of memory")));
}

#[test]
fn a_gap_does_not_cost_its_block() {
    let mut rows = run(&[plateau()], 3, 0.01, 15);
    for (row, block) in
        [(2, 1), (8, 2), (3, 3)].iter().flat_map(|&(row, block)| (0..1).map(move |_| (row, block)))
    {
        let index = rows.iter().position(|seen| seen.block == block).unwrap() + row % 5;
        fail(&mut rows[index], "gone");
    }
    assert_eq!(judge(&rows, &facts()).curves[0].verdict.recommended(), Some(jobs(4)));
}

#[test]
fn ratios_use_the_blocks_that_have_both() {
    let mut rows = run(&[curve(&[(1, 20.0), (2, 10.0)])], 4, 0.0, 1);
    for row in rows.iter_mut().filter(|row| row.block == 3) {
        row.wall_ns *= 9;
    }
    fail(&mut rows[0], "gone");
    let curves = curves_of_rows(&rows);
    let cells = &curves[0].cells;
    let ratio = cells[0].ratio_to(&cells[1], Level::P95).unwrap();
    assert_eq!(ratio.n, 3);
    assert!((ratio.ratio() - 2.0).abs() < 1e-9);
    assert_eq!(cells[0].counts.failed, 1);
}

#[test]
fn the_faster_format_is_named_or_not() {
    let directory = |seconds| usl(Format::Directory, &[1, 2, 4, 8], seconds, 0.1, 0.01);
    let custom = usl(Format::Custom, &[1, 2, 4, 8], 100.0, 0.1, 0.01);
    let apart = judge(&run(&[custom.clone(), directory(80.0)], 5, 0.02, 3), &facts());
    assert_eq!(apart.best[0].fastest.key.format, Format::Directory);
    assert!(apart.best[0].told_apart);
    // At 5 %, about 5 of 100 runs of equal formats tell them apart; more than
    // 12 are as good as impossible (binomial: 0.2 %).
    let told_apart = (0..100).filter(|&seed| {
        let rows = run(&[custom.clone(), directory(100.0)], 5, 0.02, seed);
        let curves = curves_of_rows(&rows);
        let cell = |curve: usize| curves[curve].cell(jobs(8)).unwrap();
        paired_tests(&[(cell(0), cell(1))])[0].unwrap().differs
    });
    assert!(told_apart.count() <= 12);
}

/// A replay that is not trusted, though its floor is known.
fn floor_of(critical_path: Duration) -> CurveReplay {
    let floor = Floor {
        critical_path,
        serial: Duration::ZERO,
        total_work: critical_path,
        items: Vec::new(),
    };
    CurveReplay {
        sections: None,
        recorded_jobs: Jobs::ONE,
        recordings: 1,
        processors: None,
        contention: Contention { a: 0.0, b: 0.0 },
        residuals: Vec::new(),
        trusted: false,
        predictions: Vec::new(),
        floor,
    }
}

#[test]
fn unmeasured_rules_of_thumb_are_predicted_where_a_law_fits() {
    let regret_of = |times: TrueCurve, replay: Option<CurveReplay>| {
        let rows = run(&[times], 5, 0.005, 4);
        let curves = curves(&rows, &Tables::default(), &RestoreLimits::default());
        let replays = replay.map(|replay| (curves[0].key.clone(), replay)).into_iter().collect();
        let seen = Study::judged("synthetic".to_owned(), rows, curves, replays, facts());
        seen.curves[0].rules.iter().find(|rule| rule.jobs == jobs(4)).unwrap().regret
    };
    let law = usl(Format::Custom, &[1, 2, 3, 6, 8], 100.0, 0.05, 0.02);
    // T(4) = 25 + 3.75 + 6 = 34.75; the best measured is T(6) = 30.83.
    let Regret::Predicted(regret) = regret_of(law.clone(), None) else { panic!("not predicted") };
    let truth = 34.75 / 30.833 - 1.0;
    assert!((regret.value - truth).abs() < 0.02, "{regret:?}");
    let (low, high) = (regret.low.unwrap(), regret.high.unwrap());
    assert!((low..=high).contains(&truth), "{regret:?}");

    let Regret::Predicted(regret) = regret_of(law, Some(floor_of(Duration::from_secs(50)))) else {
        panic!("not predicted")
    };
    assert!(regret.value > 0.6, "no faster than the critical path: {regret:?}");

    let jagged = curve(&[(1, 100.0), (2, 90.0), (3, 30.0), (6, 60.0), (8, 20.0)]);
    assert_eq!(regret_of(jagged, None), Regret::NotMeasured);
    let short = curve(&[(1, 100.0), (2, 60.0), (3, 50.0)]);
    assert_eq!(regret_of(short, None), Regret::NotMeasured, "beyond the data");
}

#[test]
fn warnings_come_when_they_should() {
    let kinds = |rows: &[TrialRow], facts: &RunFacts| -> Vec<&'static str> {
        judge(rows, facts).warnings.iter().map(Warning::kind).collect()
    };
    let roomy = RunFacts { cores: Some(64), ..facts() };
    assert!(kinds(&run(&[plateau()], 6, 0.01, 11), &roomy).is_empty());
    assert_eq!(kinds(&run(&[plateau()], 3, 0.01, 11), &roomy), ["few_blocks"]);
    assert!(kinds(&run(&[plateau()], 6, 0.25, 11), &roomy).contains(&"noisy"));
    let small = RunFacts { max_connections: Some(18), cores: Some(8), ..facts() };
    let seen = kinds(&run(&[plateau()], 6, 0.01, 11), &small);
    assert_eq!(seen, ["above_connections", "above_cores"]);
    let rising = curve(&[(1, 100.0), (2, 50.0), (4, 70.0), (8, 49.0)]);
    assert_eq!(kinds(&run(&[rising], 6, 0.01, 11), &roomy), ["non_monotone"]);
    let falling = curve(&[(1, 100.0), (2, 50.0), (4, 25.0)]);
    assert_eq!(kinds(&run(&[falling], 6, 0.01, 11), &roomy), ["best_at_largest"]);
}

fn stop_rule(cells_per_block: usize) -> StopRule {
    StopRule { facts: RunFacts { seed: 1, ..facts() }, cells_per_block }
}

/// What a workload beside the restores with so many jobs suffers: its p99 in
/// each block, in milliseconds.
fn suffer(rows: &mut [TrialRow], of: u32, p99: impl Fn(u32) -> u64) {
    for row in rows.iter_mut().filter(|row| row.jobs == jobs(of)) {
        row.workload.workload_before_p99_us = Some(5_000);
        row.workload.workload_during_p99_us = Some(p99(row.block) * 1_000);
        row.workload.workload_during_late_ratio = Some(p99(row.block) as f64 / 1e4);
    }
}

/// The limits of a workload, one at a time.
fn workload_limits() -> [RestoreLimits; 3] {
    let none = RestoreLimits::default();
    [
        RestoreLimits { p99_latency: Some(Duration::from_millis(50)), ..none },
        RestoreLimits { latency_increase: Some(9.0), ..none },
        RestoreLimits { missed: Some(0.005), ..none },
    ]
}

fn limited(cells_per_block: usize, limits: RestoreLimits) -> StopRule {
    StopRule { facts: RunFacts { seed: 1, limits, ..facts() }, cells_per_block }
}

#[test]
fn a_sweep_is_not_decided_on_a_number_that_a_workload_rules_out() {
    let falling = curve(&[(1, 100.0), (2, 50.0), (4, 25.0)]);
    for limits in workload_limits() {
        let mut rows = run(std::slice::from_ref(&falling), 3, 0.005, 2);
        for (number, p99) in [(1, 10), (2, 20), (4, 90)] {
            suffer(&mut rows, number, |block| p99 + u64::from(block));
        }
        let rule = limited(3, limits);
        assert_eq!(rule.decide(&rows), Decision::Stop(Ending::Decided), "{limits:?}");
        let seen = judge(&rows, &rule.facts);
        assert_eq!(seen.curves[0].verdict.recommended(), Some(jobs(2)), "{limits:?}");
        assert_eq!(seen.curves[0].beyond_limits[0].jobs, jobs(4));
    }
}

#[test]
fn a_sweep_ends_early_where_a_workload_leaves_one_number_or_none() {
    let edge = curve(&[(1, 105.0), (2, 100.0)]);
    for limits in workload_limits() {
        let mut rows = run(std::slice::from_ref(&edge), 3, 0.02, 2);
        assert_eq!(limited(2, limits).decide(&rows), Decision::Continue, "nothing was read");
        suffer(&mut rows, 1, |_| 10);
        suffer(&mut rows, 2, |_| 90);
        assert_eq!(limited(2, limits).decide(&rows), Decision::Stop(Ending::Decided));
        assert_eq!(
            judge(&rows, &limited(2, limits).facts).curves[0].verdict.recommended(),
            Some(jobs(1))
        );
        suffer(&mut rows, 1, |_| 80);
        assert_eq!(limited(2, limits).decide(&rows), Decision::Stop(Ending::Decided));
        let seen = judge(&rows, &limited(2, limits).facts);
        let Verdict::Inconclusive { reasons, .. } = &seen.curves[0].verdict else {
            panic!("{:?}", seen.curves[0].verdict)
        };
        assert_eq!(reasons[..], [Reason::NothingWithinLimits]);
    }
}

#[test]
fn a_sweep_goes_on_while_rows_leave_a_limit_of_the_workload_open() {
    let falling = curve(&[(1, 100.0), (2, 50.0), (4, 25.0)]);
    for limits in workload_limits() {
        let mut rows = run(std::slice::from_ref(&falling), 3, 0.005, 2);
        for number in [1, 2] {
            suffer(&mut rows, number, |_| 10);
        }
        suffer(&mut rows, 4, |block| if block == 2 { 90 } else { 40 });
        assert_eq!(limited(3, limits).decide(&rows), Decision::Continue, "{limits:?}");
    }
}

#[test]
fn a_sweep_stops_at_block_ends_when_all_is_decided() {
    let decided = run(&[curve(&[(1, 100.0), (2, 50.0), (4, 25.0)])], 3, 0.005, 2);
    let rule = stop_rule(3);
    assert_eq!(rule.decide(&decided), Decision::Stop(Ending::Decided));
    assert_eq!(rule.decide(&decided[..8]), Decision::Continue, "within the last block");
    assert_eq!(rule.decide(&decided[..6]), Decision::Continue, "before the least blocks");
    assert_eq!(rule.decide(&[]), Decision::Continue);
}

#[test]
fn a_sweep_stops_when_precise_or_at_its_last_block() {
    // 1 and 2 lie at the tolerance: no verdict on 1, whatever the precision.
    let edge = curve(&[(1, 105.0), (2, 100.0)]);
    let precise = run(std::slice::from_ref(&edge), 5, 0.001, 2);
    assert_eq!(stop_rule(2).decide(&precise), Decision::Stop(Ending::Precision));
    let noisy = run(&[edge], 10, 0.2, 2);
    assert_eq!(stop_rule(2).decide(&noisy[..18]), Decision::Continue);
    assert_eq!(stop_rule(2).decide(&noisy), Decision::Stop(Ending::MaxBlocks));
}

#[test]
fn a_single_cell_stops_on_its_own_precision() {
    let narrow = run(&[curve(&[(4, 10.0)])], 6, 0.002, 2);
    assert_eq!(stop_rule(1).decide(&narrow), Decision::Stop(Ending::Precision));
    let wide = run(&[curve(&[(4, 10.0)])], 6, 0.2, 2);
    assert_eq!(stop_rule(1).decide(&wide), Decision::Continue);
}

#[test]
fn failed_trials_never_stop_a_sweep_early() {
    let mut rows = run(&[plateau()], 4, 0.01, 2);
    for row in &mut rows {
        row.outcome = Outcome::Failed;
    }
    assert_eq!(stop_rule(5).decide(&rows), Decision::Continue);
}
