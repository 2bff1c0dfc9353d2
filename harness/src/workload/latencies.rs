//! From transactions to the latencies of the three stretches of a trial.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::log::Transaction;
use crate::record::{LatencyRow, Stretch, WorkloadSummary};
use crate::stats::latency::histogram;

/// When the restore ran, in microseconds of Unix time, and how long the
/// stretches around it are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Start of the restore.
    pub start_us: u64,
    /// Its end.
    pub end_us: u64,
    /// How long before the start counts.
    pub before: Duration,
    /// How long after the end counts.
    pub after: Duration,
}

impl Window {
    fn bounds(self, stretch: Stretch) -> (u64, u64) {
        let micros = |span: Duration| span.as_micros() as u64;
        match stretch {
            Stretch::Before => (self.start_us.saturating_sub(micros(self.before)), self.start_us),
            Stretch::During => (self.start_us, self.end_us),
            Stretch::After => (self.end_us, self.end_us + micros(self.after)),
        }
    }
}

/// The latencies of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    stretches: [Latency; 3],
}

/// The latencies of one stretch.
#[derive(Debug, Clone, PartialEq)]
struct Latency {
    stretch: Stretch,
    histogram: Histogram<u64>,
    late: u64,
    lasted: Duration,
}

impl Latencies {
    /// Sorts the transactions into the stretches in which they were scheduled.
    /// Those that took longer than `late` are late.
    pub fn new(transactions: &[Transaction], window: Window, late: Duration) -> Self {
        let stretches = Stretch::ALL.map(|stretch| {
            let (from, to) = window.bounds(stretch);
            let mut latency = Latency {
                stretch,
                histogram: histogram(),
                late: 0,
                lasted: Duration::from_micros(to - from),
            };
            for transaction in transactions {
                if (from..to).contains(&transaction.scheduled_us) {
                    latency.add(transaction.latency, late);
                }
            }
            latency
        });
        Self { stretches }
    }

    /// For `latency/TRIAL.csv`.
    pub fn rows(&self) -> Vec<LatencyRow> {
        let of_stretch = |latency: &Latency| {
            let stretch = latency.stretch;
            let steps = latency.histogram.iter_recorded();
            let rows = steps.map(move |step| LatencyRow {
                stretch,
                latency_us: step.value_iterated_to(),
                transactions: step.count_at_value(),
            });
            rows.collect::<Vec<_>>()
        };
        self.stretches.iter().flat_map(of_stretch).collect()
    }

    /// For `trials.csv`.
    pub fn summary(&self) -> WorkloadSummary {
        let [before, during, after] = &self.stretches;
        WorkloadSummary {
            workload_before_rate_per_s: before.rate(),
            workload_before_p50_us: before.quantile(0.5),
            workload_before_p95_us: before.quantile(0.95),
            workload_before_p99_us: before.quantile(0.99),
            workload_before_max_us: before.quantile(1.0),
            workload_before_late_ratio: before.late_ratio(),
            workload_during_rate_per_s: during.rate(),
            workload_during_p50_us: during.quantile(0.5),
            workload_during_p95_us: during.quantile(0.95),
            workload_during_p99_us: during.quantile(0.99),
            workload_during_max_us: during.quantile(1.0),
            workload_during_late_ratio: during.late_ratio(),
            workload_after_rate_per_s: after.rate(),
            workload_after_p50_us: after.quantile(0.5),
            workload_after_p95_us: after.quantile(0.95),
            workload_after_p99_us: after.quantile(0.99),
            workload_after_max_us: after.quantile(1.0),
            workload_after_late_ratio: after.late_ratio(),
        }
    }
}

impl Latency {
    fn add(&mut self, latency: Duration, late: Duration) {
        // 0 is no latency.
        self.histogram.saturating_record((latency.as_micros() as u64).max(1));
        self.late += u64::from(latency > late);
    }

    /// `None` where no transaction was scheduled.
    fn quantile(&self, quantile: f64) -> Option<u64> {
        (!self.histogram.is_empty()).then(|| self.histogram.value_at_quantile(quantile))
    }

    fn late_ratio(&self) -> Option<f64> {
        let all = self.histogram.len();
        (all > 0).then(|| rounded(self.late as f64 / all as f64))
    }

    fn rate(&self) -> Option<f64> {
        let seconds = self.lasted.as_secs_f64();
        (seconds > 0.0).then(|| rounded(self.histogram.len() as f64 / seconds))
    }
}

/// Six decimals: records are not for the noise behind them.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    /// 200 a second for 30 seconds, each taking 2 ms.
    fn steady() -> Vec<Transaction> {
        let all = (0..6000).map(|n| Transaction {
            scheduled_us: 100 * SECOND + n * 5000,
            latency: Duration::from_millis(2),
            lag: Duration::ZERO,
        });
        all.collect()
    }

    fn window() -> Window {
        Window {
            start_us: 110 * SECOND,
            end_us: 120 * SECOND,
            before: Duration::from_secs(5),
            after: Duration::from_secs(5),
        }
    }

    #[test]
    fn a_steady_load_is_the_same_everywhere() {
        let seen = Latencies::new(&steady(), window(), Duration::from_millis(50)).summary();
        assert_eq!(seen.workload_before_rate_per_s, Some(200.0));
        assert_eq!(seen.workload_during_rate_per_s, Some(200.0));
        assert_eq!(seen.workload_during_p99_us, Some(2000));
        assert_eq!(seen.workload_after_max_us, Some(2000));
        assert_eq!(seen.workload_during_late_ratio, Some(0.0));
    }

    #[test]
    fn a_second_of_standstill_is_late_for_all_that_was_scheduled_in_it() {
        let mut all = steady();
        for transaction in &mut all {
            let begin = transaction.scheduled_us.max(116 * SECOND);
            if transaction.scheduled_us >= 115 * SECOND {
                transaction.latency += Duration::from_micros(begin - transaction.scheduled_us);
            }
        }
        let latencies = Latencies::new(&all, window(), Duration::from_millis(50));
        let seen = latencies.summary();
        // 200 of the 2000 of the restore, less those in the last 48 ms.
        assert!((seen.workload_during_late_ratio.unwrap() - 0.095).abs() < 0.001, "{seen:?}");
        assert!(seen.workload_during_p99_us.unwrap() > 850_000, "{seen:?}");
        assert_eq!(seen.workload_before_p99_us, Some(2000));
        let rows = latencies.rows();
        let during = rows.iter().filter(|row| row.stretch == Stretch::During);
        assert_eq!(during.map(|row| row.transactions).sum::<u64>(), 2000);
    }

    #[test]
    fn nothing_scheduled_is_not_zero() {
        let seen = Latencies::new(&[], window(), Duration::from_millis(50)).summary();
        assert_eq!(seen.workload_during_p99_us, None);
        assert_eq!(seen.workload_during_late_ratio, None);
        assert_eq!(seen.workload_during_rate_per_s, Some(0.0));
    }
}
