//! How often the gate errs, by simulation with stated seeds. The table of
//! docs/statistics.md is what this prints:
//!
//!     cargo test -p harness --test gate_simulation -- --nocapture

#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]
#![allow(clippy::print_stdout, reason = "`--nocapture` shows the table")]

mod support;

use harness::gate::judge::Finding;
use harness::gate::{Comparison, Metric, Policy};
use harness::record::trial::TrialRow;
use harness::stats::random;
use rand_distr::{Distribution, StandardNormal};
use restore_core::format::Format;
use support::{TrueCurve, arms, usl};

/// Experiments of each row.
const EXPERIMENTS: u32 = 4_000;

/// How often the gate says what, and its interval holds the truth.
#[derive(Debug, Default)]
struct Tally {
    experiments: u32,
    regressions: u32,
    passes: u32,
    covered: u32,
}

impl Tally {
    fn add(&mut self, comparison: &Comparison, truth: f64) {
        self.experiments += 1;
        self.regressions += u32::from(comparison.finding == Finding::Regression);
        self.passes += u32::from(comparison.finding == Finding::Pass);
        let first = comparison.metrics.iter().find(|metric| metric.metric != Metric::Wal).unwrap();
        // Bounds at 2.5 % each are a 95 % interval: asked for apart.
        let held = first.ratio_low.unwrap() <= truth && truth <= first.ratio_high.unwrap();
        self.covered += u32::from(held);
    }

    fn share(&self, count: u32) -> f64 {
        f64::from(count) / f64::from(self.experiments)
    }

    fn row(&self, what: &str, spread: f64, blocks: u32, effect: f64) {
        println!(
            "| {what} | {:.0} % | {blocks} | {:+.0} % | {:.2} % | {:.1} % | {:.1} % | {:.1} % |",
            spread * 100.0,
            (effect - 1.0) * 100.0,
            self.share(self.regressions) * 100.0,
            self.share(self.passes) * 100.0,
            self.share(self.experiments - self.regressions - self.passes) * 100.0,
            self.share(self.covered) * 100.0,
        );
    }
}

fn one_cell() -> TrueCurve {
    TrueCurve { format: Format::Directory, times: vec![(4, 30.0)] }
}

fn whole_curve() -> TrueCurve {
    usl(Format::Directory, &[1, 2, 4, 8], 40.0, 0.1, 0.01)
}

/// The machine becomes slower by `drift` from the first restore to the last.
fn drift(rows: &mut [TrialRow], drift: f64) {
    let last = (rows.len() - 1).max(1) as f64;
    for (place, row) in rows.iter_mut().enumerate() {
        row.wall_ns = (row.wall_ns as f64 * (drift.ln_1p() * place as f64 / last).exp()) as u64;
    }
}

struct Row {
    what: &'static str,
    curve: TrueCurve,
    spread: f64,
    blocks: u32,
    effect: f64,
    drift: f64,
    alpha: f64,
}

fn simulate(row: &Row) -> Tally {
    let mut tally = Tally::default();
    let policy = Policy { alpha: row.alpha, ..Policy::default() };
    for seed in 0..EXPERIMENTS {
        let mut rows = arms(
            std::slice::from_ref(&row.curve),
            |_| row.effect,
            row.blocks,
            row.spread,
            u64::from(seed),
        );
        drift(&mut rows, row.drift);
        tally.add(&Comparison::within(&rows, "base", "candidate", None, &policy), row.effect);
    }
    tally.row(row.what, row.spread, row.blocks, row.effect);
    tally
}

fn row(what: &'static str, curve: TrueCurve, spread: f64, blocks: u32, effect: f64) -> Row {
    Row { what, curve, spread, blocks, effect, drift: 0.0, alpha: 0.05 }
}

#[test]
fn false_alarms_are_rare_and_slowdowns_are_found() {
    println!("\n| what | spread | n | truth | regression | pass | inconclusive | interval holds |");
    println!("|:---|---:|---:|---:|---:|---:|---:|---:|");
    let alarms = |row: Row, most: f64| {
        let tally = simulate(&row);
        assert!(tally.share(tally.regressions) <= most, "{}: {tally:?}", row.what);
    };
    alarms(row("one -j", one_cell(), 0.03, 5, 1.0), 0.01);
    alarms(row("one -j", one_cell(), 0.05, 7, 1.0), 0.02);
    alarms(Row { drift: 0.06, ..row("one -j, drift 6 %", one_cell(), 0.03, 5, 1.0) }, 0.01);
    alarms(Row { drift: 0.06, ..row("one -j, drift 6 %", one_cell(), 0.05, 7, 1.0) }, 0.02);
    alarms(row("a curve of four", whole_curve(), 0.03, 5, 1.0), 0.01);
    alarms(row("a curve of four", whole_curve(), 0.05, 7, 1.0), 0.02);
    let drifting = row("a curve of four, drift 6 %", whole_curve(), 0.05, 7, 1.0);
    alarms(Row { drift: 0.06, ..drifting }, 0.02);
    alarms(row("one -j", one_cell(), 0.05, 7, 1.03), 0.06);
    let power = |row: Row, least: f64| {
        let tally = simulate(&row);
        assert!(tally.share(tally.regressions) >= least, "{}: {tally:?}", row.what);
    };
    power(row("one -j", one_cell(), 0.03, 5, 1.10), 0.85);
    power(row("one -j", one_cell(), 0.05, 7, 1.15), 0.85);
    power(row("a curve of four", whole_curve(), 0.03, 5, 1.10), 0.85);
    power(row("a curve of four", whole_curve(), 0.05, 7, 1.10), 0.85);
}

#[test]
fn bounds_of_the_ratio_hold_as_often_as_they_say() {
    println!("\n| what | spread | n | truth | regression | pass | inconclusive | interval holds |");
    println!("|:---|---:|---:|---:|---:|---:|---:|---:|");
    for (spread, blocks, effect) in [(0.03, 5, 1.0), (0.05, 7, 1.1), (0.10, 10, 0.9)] {
        // Two bounds at 2.5 %: an interval of 95 %.
        let asked = row("95 % interval", one_cell(), spread, blocks, effect);
        let tally = simulate(&Row { alpha: 0.025, ..asked });
        let share = tally.share(tally.covered);
        assert!((0.93..=0.97).contains(&share), "{share}");
    }
}

/// What the design of the gate is for: two arms one after the other, a fixed
/// threshold, and a machine that drifts.
#[test]
fn arms_that_do_not_interleave_raise_false_alarms() {
    let mut alarms = 0;
    for seed in 0..EXPERIMENTS {
        let mut random = random::stream(u64::from(seed), "one after the other");
        let mut mean = |level: f64| -> f64 {
            let noise = (0..5).map(|_| -> f64 { StandardNormal.sample(&mut random) });
            level + 0.03 * noise.sum::<f64>() / 5.0
        };
        let (base, candidate) = (mean(0.0), mean(0.06_f64.ln_1p()));
        alarms += u32::from((candidate - base).exp() > 1.05);
    }
    let share = f64::from(alarms) / f64::from(EXPERIMENTS);
    println!(
        "\none arm after the other, 6 % drift, threshold 5 %: {:.0} % false alarms",
        share * 100.0
    );
    assert!(share > 0.25, "{share}");
}
