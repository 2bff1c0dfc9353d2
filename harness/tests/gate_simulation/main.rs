//! How often the gate errs, by simulation with stated seeds. The table of
//! docs/statistics.md is what this prints:
//!
//!     cargo test --workspace --test gate_simulation -- --nocapture
//!
//! Each experiment is a sweep of its own, from the design to the rows that are
//! read back from its run folder; see `machine`.

#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]
#![allow(clippy::print_stdout, reason = "`--nocapture` shows the table")]
#![allow(clippy::print_stderr, reason = "a skipped test says why")]

mod machine;
#[path = "../support/mod.rs"]
mod support;

use std::iter::StepBy;
use std::ops::Range;
use std::path::Path;
use std::thread;

use harness::gate::judge::Finding;
use harness::gate::{Comparison, Metric, Policy};
use harness::record::trial::TrialRow;
use harness::stats::random;
use machine::Laboratory;
use rand_distr::{Distribution, StandardNormal};
use restore_core::format::Format;
use support::{TrueCurve, arms, usl};

/// Experiments of each row.
const EXPERIMENTS: u32 = 2_000;

/// Files in memory: some hundred thousand restores are recorded, and a disk
/// would take a millisecond for each.
const MEMORY: &str = "/dev/shm";

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

    fn and(self, other: &Self) -> Self {
        Self {
            experiments: self.experiments + other.experiments,
            regressions: self.regressions + other.regressions,
            passes: self.passes + other.passes,
            covered: self.covered + other.covered,
        }
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

/// The machine becomes slower by `drift` from the first row to the last.
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
    order: Order,
    alpha: f64,
}

/// Every so many of the seeds.
type Seeds = StepBy<Range<u32>>;

/// Adds up the experiments with these seeds, each a sweep of a scripted machine.
fn swept(row: &Row, seeds: Seeds) -> Tally {
    let laboratory = Laboratory::new(Path::new(MEMORY));
    tally(row, seeds, |seed| laboratory.sweep(row, seed))
}

/// The same for rows that were made up: the base is always first in its block,
/// which no design draws and drift harms most.
fn base_first(row: &Row, seeds: Seeds) -> Tally {
    tally(row, seeds, |seed| {
        let curve = std::slice::from_ref(&row.curve);
        let mut rows = arms(curve, |_| row.effect, row.blocks, row.spread, seed);
        drift(&mut rows, row.drift);
        rows
    })
}

fn tally(row: &Row, seeds: Seeds, rows: impl Fn(u64) -> Vec<TrialRow>) -> Tally {
    let policy = Policy { alpha: row.alpha, ..Policy::default() };
    let mut tally = Tally::default();
    for seed in seeds {
        let rows = rows(u64::from(seed));
        tally.add(&Comparison::within(&rows, "base", "candidate", None, &policy), row.effect);
    }
    tally
}

/// All experiments of a row, shared among the processors.
fn simulate(row: &Row) -> Tally {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let experiments = match row.order {
        Order::Drawn => swept as fn(&Row, Seeds) -> Tally,
        Order::BaseFirst => base_first,
    };
    let tally = thread::scope(|scope| {
        let parts: Vec<_> = (0..threads as u32)
            .map(|first| {
                let seeds = (first..EXPERIMENTS).step_by(threads);
                scope.spawn(move || experiments(row, seeds))
            })
            .collect();
        let parts = parts.into_iter().map(|part| part.join().unwrap());
        parts.fold(Tally::default(), |tally, part| tally.and(&part))
    });
    tally.row(row.what, row.spread, row.blocks, row.effect);
    tally
}

/// In which order the arms of a block are restored.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// As the design draws it.
    Drawn,
    /// The base first: see [`base_first`].
    BaseFirst,
}

/// Whether there are files in memory here. Under CI there must be.
fn has_memory() -> bool {
    let found = Path::new(MEMORY).is_dir();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "under CI nothing is skipped: no {MEMORY}");
        eprintln!("skipped: there is no {MEMORY}");
    }
    found
}

fn row(what: &'static str, curve: TrueCurve, spread: f64, blocks: u32, effect: f64) -> Row {
    let order = Order::Drawn;
    Row { what, curve, spread, blocks, effect, drift: 0.0, order, alpha: 0.05 }
}

#[test]
fn false_alarms_are_rare_and_slowdowns_are_found() {
    if !has_memory() {
        return;
    }
    println!("\n| what | spread | n | truth | regression | pass | inconclusive | bounds hold |");
    println!("|:---|---:|---:|---:|---:|---:|---:|---:|");
    let alarms = |row: Row, most: f64| {
        let tally = simulate(&row);
        assert!(tally.share(tally.regressions) <= most, "{}: {tally:?}", row.what);
    };
    alarms(row("one -j", one_cell(), 0.03, 5, 1.0), 0.01);
    alarms(row("one -j", one_cell(), 0.05, 7, 1.0), 0.02);
    for (spread, blocks, most) in [(0.03, 5, 0.01), (0.05, 7, 0.02)] {
        let drifting = row("one -j, drift 6 %", one_cell(), spread, blocks, 1.0);
        alarms(Row { drift: 0.06, ..drifting }, most);
        let first = row("one -j, drift 6 %, base first", one_cell(), spread, blocks, 1.0);
        alarms(Row { drift: 0.06, order: Order::BaseFirst, ..first }, most);
    }
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
    if !has_memory() {
        return;
    }
    println!("\n| what | spread | n | truth | regression | pass | inconclusive | bounds hold |");
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
