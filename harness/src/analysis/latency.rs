//! Latencies of a workload beside the restores, pooled over the trials of a
//! cell. Percentiles come from the added histograms: an average of percentiles
//! is none.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Serialize;

use super::tables::Tables;
use crate::record::{BlockHosts, LatencyRow, Outcome, Stretch, TrialRow};
use crate::stats::interval::{Interval, Level};
use crate::stats::latency::{histogram, quantile_interval, share_interval};

/// The latencies of a cell's completed trials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CellLatency {
    pub before: Pooled,
    pub during: Pooled,
    pub after: Pooled,
}

/// The latencies of one stretch of all trials, in microseconds; JSON has
/// seconds, and no intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pooled {
    /// How many transactions they are of.
    pub transactions: u64,
    #[serde(rename = "p50_seconds", serialize_with = "written::seconds")]
    pub p50_us: u64,
    /// Its interval; `None` for a single trial.
    #[serde(skip)]
    pub p50_interval_us: Option<Interval>,
    /// What 95 % keep.
    #[serde(rename = "p95_seconds", serialize_with = "written::seconds")]
    pub p95_us: u64,
    /// What 99 % keep.
    #[serde(rename = "p99_seconds", serialize_with = "written::seconds")]
    pub p99_us: u64,
    /// Its interval, which may have no upper end; `None` for a single trial.
    #[serde(skip)]
    pub p99_interval_us: Option<Interval>,
    #[serde(rename = "max_seconds", serialize_with = "written::seconds")]
    pub max_us: u64,
    /// Share of those that were late.
    #[serde(serialize_with = "written::millionths")]
    pub late_ratio: f64,
    /// Its interval; `None` for a single trial.
    #[serde(skip)]
    pub late_interval: Option<Interval>,
    /// Transactions a second.
    #[serde(serialize_with = "written::thousandths")]
    pub rate_per_s: f64,
}

/// A trial with its table.
type Trial<'a> = (&'a TrialRow, &'a [LatencyRow]);

impl CellLatency {
    /// Of the completed trials among `rows`, with the tables that `tables` has
    /// under their numbers; `None` where a stretch has no transaction.
    pub fn pooled(rows: &[&TrialRow], tables: &Tables) -> Option<Self> {
        let completed = rows.iter().filter(|row| row.outcome == Outcome::Completed);
        let trials: Vec<Trial<'_>> = completed
            .filter_map(|row| Some((*row, tables.latencies.get(&row.trial)?.as_slice())))
            .filter(|(_, table)| !table.is_empty())
            .collect();
        let of = |stretch| pool_stretch(stretch, &trials, &tables.hosts);
        Some(Self {
            before: of(Stretch::Before)?,
            during: of(Stretch::During)?,
            after: of(Stretch::After)?,
        })
    }
}

fn pool_stretch(stretch: Stretch, trials: &[Trial<'_>], hosts: &BlockHosts) -> Option<Pooled> {
    let of_host = |parts: &[(f64, f64)]| units(trials, parts, hosts);
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
        quantile_interval(&histogram, quantile, &of_host(&parts), Level::P95)
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
        late_interval: share_interval(&of_host(&late), Level::P95),
        rate_per_s: if seconds > 0.0 { transactions as f64 / seconds } else { 0.0 },
    })
}

/// The parts and wholes of trials, or their sums over each host where there are several.
fn units(trials: &[Trial<'_>], parts: &[(f64, f64)], hosts: &BlockHosts) -> Vec<(f64, f64)> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for ((row, _), (part, whole)) in trials.iter().zip(parts) {
        let sum = sums.entry(hosts.of(row.block)).or_default();
        *sum = (sum.0 + part, sum.1 + whole);
    }
    if sums.len() > 1 { sums.into_values().collect() } else { parts.to_vec() }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
mod written {
    use serde::Serializer;

    pub(super) fn seconds<S: Serializer>(us: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(*us as f64 / 1e6)
    }

    pub(super) fn millionths<S: Serializer>(of: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((of * 1e6).round() / 1e6)
    }

    pub(super) fn thousandths<S: Serializer>(of: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((of * 1e3).round() / 1e3)
    }
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
        let latencies = BTreeMap::from([(1, table(0)), (2, table(30))]);
        let tables = Tables { latencies, ..Tables::default() };
        let rows = [1, 2].map(|trial| {
            let mut row = TrialRow { trial, block: trial, ..TrialRow::example() };
            row.workload.workload_during_rate_per_s = Some(100.0);
            row.workload.workload_during_late_ratio = Some(if trial == 2 { 0.03 } else { 0.0 });
            row
        });
        let seen = CellLatency::pooled(&rows.each_ref(), &tables).unwrap().during;
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

    #[test]
    fn intervals_count_hosts_where_there_are_several() {
        let step = |stretch| LatencyRow { stretch, latency_us: 2000, transactions: 1000 };
        let latencies = (1..=6).map(|trial| (trial, Stretch::ALL.map(step).to_vec())).collect();
        let rows: Vec<TrialRow> = (1..=6)
            .map(|trial| {
                let mut row = TrialRow { trial, block: trial, ..TrialRow::example() };
                // The second host is late more often.
                row.workload.workload_during_late_ratio = Some(0.02 * f64::from(trial % 2));
                row
            })
            .collect();
        let rows: Vec<&TrialRow> = rows.iter().collect();
        let one = Tables { latencies, ..Tables::default() };
        let two = Tables { hosts: (1..=6).map(|of| (of, of % 2)).collect(), ..one.clone() };
        let late = |tables| {
            let seen = CellLatency::pooled(&rows, tables).unwrap().during;
            (seen.late_ratio, seen.late_interval.unwrap())
        };
        let ((share, by_trials), (same, by_hosts)) = (late(&one), late(&two));
        assert!((share - same).abs() < 1e-12, "the share is of all transactions");
        assert!(by_hosts.half_width() > 2.0 * by_trials.half_width(), "{by_hosts:?} {by_trials:?}");
    }
}
