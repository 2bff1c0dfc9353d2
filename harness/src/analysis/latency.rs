//! Latencies of a workload beside the restores, pooled over the trials of a
//! cell. Percentiles come from the added histograms: an average of percentiles
//! is none.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use restore_core::units::Jobs;

use super::CurveKey;
use crate::record::{LatencyRow, Outcome, Stretch, TrialRow};
use crate::stats::interval::{Interval, Level};
use crate::stats::latency::{histogram, quantile_interval, share_interval};

/// The latencies of a cell's completed trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellLatency {
    /// Before the restores.
    pub before: Pooled,
    /// Beside them.
    pub during: Pooled,
    /// After them.
    pub after: Pooled,
}

/// The latencies of one stretch of all trials, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// How many transactions they are of.
    pub transactions: u64,
    /// Median.
    pub p50_us: u64,
    /// Its interval; `None` for a single trial.
    pub p50_interval_us: Option<Interval>,
    /// What 95 % keep.
    pub p95_us: u64,
    /// What 99 % keep.
    pub p99_us: u64,
    /// Its interval, which may have no upper end; `None` for a single trial.
    pub p99_interval_us: Option<Interval>,
    /// The longest.
    pub max_us: u64,
    /// Share of those that were late.
    pub late_ratio: f64,
    /// Its interval; `None` for a single trial.
    pub late_interval: Option<Interval>,
    /// Transactions a second.
    pub rate_per_s: f64,
}

/// Latencies by curve and jobs.
pub type Latencies = BTreeMap<CurveKey, BTreeMap<Jobs, CellLatency>>;

/// A trial with its table.
type Measured<'a> = (&'a TrialRow, &'a [LatencyRow]);

/// Pools the tables of completed trials, each under its trial's number.
pub fn pool(rows: &[TrialRow], tables: &BTreeMap<u32, Vec<LatencyRow>>) -> Latencies {
    let mut trials: BTreeMap<(CurveKey, Jobs), Vec<Measured<'_>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.outcome == Outcome::Completed) {
        if let Some(table) = tables.get(&row.trial).filter(|table| !table.is_empty()) {
            trials.entry((CurveKey::of(row), row.jobs)).or_default().push((row, table));
        }
    }
    let mut all = Latencies::new();
    for ((key, jobs), trials) in trials {
        let of = |stretch| pool_stretch(stretch, &trials);
        if let (Some(before), Some(during), Some(after)) =
            (of(Stretch::Before), of(Stretch::During), of(Stretch::After))
        {
            all.entry(key).or_default().insert(jobs, CellLatency { before, during, after });
        }
    }
    all
}

fn pool_stretch(stretch: Stretch, trials: &[Measured<'_>]) -> Option<Pooled> {
    let mut histogram = histogram();
    let mut seconds = 0.0;
    // What was late in each trial, of how many.
    let mut late = Vec::new();
    let steps = |table: &[LatencyRow]| -> Vec<LatencyRow> {
        table.iter().filter(|step| step.stretch == stretch).copied().collect()
    };
    let tables: Vec<Vec<LatencyRow>> = trials.iter().map(|(_, table)| steps(table)).collect();
    for ((row, _), table) in trials.iter().zip(&tables) {
        for step in table {
            histogram.saturating_record_n(step.latency_us, step.transactions);
        }
        let transactions = count(table);
        let (late_ratio, rate) = of_row(row, stretch);
        late.push((late_ratio.unwrap_or(0.0) * transactions, transactions));
        seconds += rate.filter(|&rate| rate > 0.0).map_or(0.0, |rate| transactions / rate);
    }
    let interval = |quantile| {
        let at = histogram.value_at_quantile(quantile);
        let step = histogram.lowest_equivalent(at)..=at;
        let parts: Vec<(f64, f64)> =
            tables.iter().map(|table| (count_up_to(table, &step), count(table))).collect();
        quantile_interval(&histogram, quantile, &parts, Level::P95)
    };
    let transactions = histogram.len();
    (transactions > 0).then(|| Pooled {
        transactions,
        p50_us: histogram.value_at_quantile(0.5),
        p50_interval_us: interval(0.5),
        p95_us: histogram.value_at_quantile(0.95),
        p99_us: histogram.value_at_quantile(0.99),
        p99_interval_us: interval(0.99),
        max_us: histogram.max(),
        late_ratio: late.iter().map(|(late, _)| late).sum::<f64>() / transactions as f64,
        late_interval: share_interval(&late, Level::P95),
        rate_per_s: if seconds > 0.0 { transactions as f64 / seconds } else { 0.0 },
    })
}

/// How many transactions a table has.
fn count(table: &[LatencyRow]) -> f64 {
    table.iter().map(|row| row.transactions).sum::<u64>() as f64
}

/// How many of them took less than `step`, and half of those within it: where
/// many share a latency, all of them together would hide how trials differ.
fn count_up_to(table: &[LatencyRow], step: &RangeInclusive<u64>) -> f64 {
    let weight = |row: &LatencyRow| match row.latency_us {
        us if us < *step.start() => 1.0,
        us if us <= *step.end() => 0.5,
        _ => 0.0,
    };
    table.iter().map(|row| weight(row) * row.transactions as f64).sum()
}

/// Share that was late, and rate.
fn of_row(row: &TrialRow, stretch: Stretch) -> (Option<f64>, Option<f64>) {
    let seen = &row.workload;
    match stretch {
        Stretch::Before => (seen.workload_before_late_ratio, seen.workload_before_rate_per_s),
        Stretch::During => (seen.workload_during_late_ratio, seen.workload_during_rate_per_s),
        Stretch::After => (seen.workload_after_late_ratio, seen.workload_after_rate_per_s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_transactions_together() {
        let step =
            |stretch, latency_us, transactions| LatencyRow { stretch, latency_us, transactions };
        // One trial of two has a second of standstill.
        let table = |slow: u64| {
            let all = Stretch::ALL.map(|stretch| step(stretch, 2000, 1000 - slow));
            let mut rows = all.to_vec();
            rows.push(step(Stretch::During, 500_000, slow));
            rows
        };
        let tables = BTreeMap::from([(1, table(0)), (2, table(30))]);
        let rows = [1, 2].map(|trial| {
            let mut row = TrialRow { trial, block: trial, ..TrialRow::example() };
            row.workload.workload_during_rate_per_s = Some(100.0);
            row.workload.workload_during_late_ratio = Some(if trial == 2 { 0.03 } else { 0.0 });
            row
        });
        let pooled = pool(&rows, &tables);
        let seen = pooled[&CurveKey::of(&rows[0])][&rows[0].jobs].during;
        assert_eq!(seen.transactions, 2000);
        // 30 of 2000 are slow: over 1 %, and the median of the two p99 would
        // not say so.
        assert!(seen.p99_us > 490_000 && seen.p95_us < 2100, "{seen:?}");
        assert!((seen.late_ratio - 0.015).abs() < 1e-9);
        assert!((seen.rate_per_s - 100.0).abs() < 1e-9);
        // Two trials that differ so much leave everything open above.
        let interval = seen.p99_interval_us.unwrap();
        assert!(interval.high > 490_000.0 && interval.low < 2100.0, "{interval:?}");
        let median = seen.p50_interval_us.unwrap();
        assert!(median.contains(2000.0), "{median:?}");
    }
}
