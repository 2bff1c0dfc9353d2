//! What the samples of a trial come to.

use super::live::cpu_ratio;
use crate::record::{LoadSample, LoadSummary};

/// Summarises the samples of one trial; all is absent where there are none.
pub fn summarise(samples: &[LoadSample]) -> LoadSummary {
    if samples.is_empty() {
        return LoadSummary::default();
    }
    let all = Samples(samples);
    let mut summary =
        LoadSummary { load_samples: Some(samples.len() as u64), ..LoadSummary::default() };
    all.host(&mut summary);
    all.devices(&mut summary);
    all.container(&mut summary);
    all.processes(&mut summary);
    all.sessions(&mut summary);
    summary
}

type Column = fn(&LoadSample) -> Option<u64>;

struct Samples<'a>(&'a [LoadSample]);

impl Samples<'_> {
    fn host(&self, summary: &mut LoadSummary) {
        let [user, system, idle, iowait, steal] = [
            self.sum(|s| s.host_cpu_user_ns),
            self.sum(|s| s.host_cpu_system_ns),
            self.sum(|s| s.host_cpu_idle_ns),
            self.sum(|s| s.host_cpu_iowait_ns),
            self.sum(|s| s.host_cpu_steal_ns),
        ];
        let busy = user.zip(system).map(|(user, system)| user + system);
        let all = [user, system, idle, iowait, steal].into_iter().sum::<Option<u64>>();
        let share = |part: Option<u64>| ratio(part?, all?);
        summary.host_cpu_ns = busy;
        summary.host_cpu_mean_ratio = share(busy);
        summary.host_iowait_mean_ratio = share(iowait);
        summary.host_steal_mean_ratio = share(steal);
        let spread = Spread::of(self.0.iter().filter_map(cpu_ratio));
        summary.host_cpu_p95_ratio = spread.as_ref().map(|spread| spread.p95);
        summary.host_cpu_peak_ratio = spread.as_ref().map(|spread| spread.peak);
        summary.host_memory_available_least_bytes = self.least(|s| s.host_memory_available_bytes);
        summary.host_memory_dirty_peak_bytes = self.most(|s| s.host_memory_dirty_bytes);
        summary.host_cpu_pressure_ratio = self.over_time(|s| s.host_cpu_pressure_ns);
        summary.host_io_pressure_ratio = self.over_time(|s| s.host_io_pressure_ns);
        summary.host_io_full_pressure_ratio = self.over_time(|s| s.host_io_full_pressure_ns);
        summary.host_memory_pressure_ratio = self.over_time(|s| s.host_memory_pressure_ns);
        summary.host_received_bytes = self.sum(|s| s.host_received_bytes);
        summary.host_sent_bytes = self.sum(|s| s.host_sent_bytes);
    }

    fn devices(&self, summary: &mut LoadSummary) {
        summary.data_device_read_bytes = self.sum(|s| s.data_device_read_bytes);
        summary.data_device_written_bytes = self.sum(|s| s.data_device_written_bytes);
        let [reads, writes] =
            [self.sum(|s| s.data_device_reads), self.sum(|s| s.data_device_writes)];
        let operations = reads.zip(writes).map(|(reads, writes)| reads + writes);
        summary.data_device_operations = operations;
        summary.data_device_flushes = self.sum(|s| s.data_device_flushes);
        summary.data_device_busy_mean_ratio = self.over_time(|s| s.data_device_busy_ns);
        let busy = self.spread(|s| s.data_device_busy_ns);
        // The kernel adds a whole tick at a time, which a short sample may get
        // more of than it is long.
        summary.data_device_busy_p95_ratio = busy.as_ref().map(|busy| busy.p95.min(1.0));
        summary.data_device_busy_peak_ratio = busy.as_ref().map(|busy| busy.peak.min(1.0));
        summary.data_device_queue_mean = self.over_time(|s| s.data_device_queue_ns);
        summary.data_device_queue_peak =
            self.spread(|s| s.data_device_queue_ns).map(|queue| queue.peak);
        let wait = self.sum(|s| s.data_device_wait_ns);
        summary.data_device_wait_mean_ns =
            wait.zip(operations).and_then(|(wait, n)| wait.checked_div(n));
        summary.archive_device_read_bytes = self.sum(|s| s.archive_device_read_bytes);
        summary.archive_device_written_bytes = self.sum(|s| s.archive_device_written_bytes);
        summary.archive_device_busy_mean_ratio = self.over_time(|s| s.archive_device_busy_ns);
        summary.archive_device_busy_peak_ratio =
            self.spread(|s| s.archive_device_busy_ns).map(|busy| busy.peak.min(1.0));
    }

    fn container(&self, summary: &mut LoadSummary) {
        summary.container_cpu_ns = self.sum(|s| s.container_cpu_ns);
        summary.container_throttled_ns = self.sum(|s| s.container_throttled_ns);
        summary.container_memory_peak_bytes = self.most(|s| s.container_memory_bytes);
        summary.container_read_bytes = self.sum(|s| s.container_read_bytes);
        summary.container_written_bytes = self.sum(|s| s.container_written_bytes);
    }

    fn processes(&self, summary: &mut LoadSummary) {
        summary.client_cpu_ns = self.sum(|s| s.client_cpu_ns);
        summary.client_cpu_peak_cores = self.spread(|s| s.client_cpu_ns).map(|cores| cores.peak);
        summary.client_memory_peak_bytes = self.most(|s| s.client_memory_bytes);
        summary.server_cpu_ns = self.sum(|s| s.server_cpu_ns);
        summary.server_cpu_peak_cores = self.spread(|s| s.server_cpu_ns).map(|cores| cores.peak);
        summary.server_memory_peak_bytes = self.most(|s| s.server_memory_bytes);
    }

    fn sessions(&self, summary: &mut LoadSummary) {
        let asked = self.0.iter().filter(|s| s.backends.is_some()).count() as u64;
        summary.server_samples = (asked > 0).then_some(asked);
        summary.backends_peak = self.most(|s| s.backends);
        let active = self.sum(|s| s.backends_active);
        summary.active_mean = active.and_then(|active| ratio(active, asked));
        summary.active_peak = self.most(|s| s.backends_active);
        let share = |column: Column| ratio(self.sum(column)?, active?);
        summary.active_running_ratio = share(|s| s.active_running);
        summary.active_on_lock_ratio = share(|s| s.active_on_lock);
        summary.active_on_lwlock_ratio = share(|s| s.active_on_lwlock);
        summary.active_on_io_ratio = share(|s| s.active_on_io);
        summary.active_on_wal_ratio = share(|s| s.active_on_wal);
        summary.active_on_sync_ratio = share(|s| s.active_on_sync);
        summary.active_on_client_ratio = share(|s| s.active_on_client);
        summary.active_on_other_ratio = share(|s| s.active_on_other);
        summary.parallel_workers_peak = self.most(|s| s.parallel_workers);
        summary.wal_syncs = self.sum(|s| s.wal_syncs);
        summary.checkpoints = self.sum(|s| s.checkpoints);
        summary.checkpoint_written_bytes = self.sum(|s| s.checkpoint_written_bytes);
        summary.backend_written_bytes = self.sum(|s| s.backend_written_bytes);
        summary.temporary_bytes = self.sum(|s| s.temporary_bytes);
    }

    fn values(&self, column: Column) -> impl Iterator<Item = u64> {
        self.0.iter().filter_map(column)
    }

    /// `None` where the column was never read.
    fn sum(&self, column: Column) -> Option<u64> {
        self.values(column).fold(None, |sum, value| Some(sum.unwrap_or(0) + value))
    }

    fn most(&self, column: Column) -> Option<u64> {
        self.values(column).max()
    }

    fn least(&self, column: Column) -> Option<u64> {
        self.values(column).min()
    }

    /// The rate of a count of nanoseconds over each time between two of its
    /// readings.
    fn rates(&self, column: Column) -> impl Iterator<Item = (f64, u64)> {
        let mut time = 0;
        self.0.iter().filter_map(move |sample| {
            time += sample.interval_ns;
            let count = column(sample)?;
            let over = std::mem::take(&mut time);
            Some((ratio(count, over)?, over))
        })
    }

    fn over_time(&self, column: Column) -> Option<f64> {
        let time = self.rates(column).map(|(_, over)| over).sum();
        ratio(self.sum(column)?, time)
    }

    fn spread(&self, column: Column) -> Option<Spread> {
        // The last one may be over so short a time that it says nothing.
        let least = self.rates(column).map(|(_, over)| over).max()? / 4;
        Spread::of(self.rates(column).filter(|&(_, over)| over >= least).map(|(rate, _)| rate))
    }
}

/// The upper end of some values.
#[derive(Debug, PartialEq)]
struct Spread {
    p95: f64,
    peak: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let peak = *sorted.last()?;
        // The nearest rank: a value that was seen.
        let rank = (sorted.len() as f64 * 0.95).ceil() as usize;
        let p95 = sorted[rank.clamp(1, sorted.len()) - 1];
        Some(Self { p95: rounded(p95), peak: rounded(peak) })
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| rounded(part as f64 / whole as f64))
}

/// Four decimals: no reading here is better.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn sample(cpu: u64, server: Option<u64>) -> LoadSample {
        LoadSample {
            interval_ns: SECOND,
            host_cpu_user_ns: Some(cpu),
            host_cpu_system_ns: Some(0),
            host_cpu_idle_ns: Some(2 * SECOND - cpu),
            host_cpu_iowait_ns: Some(0),
            host_cpu_steal_ns: Some(0),
            server_cpu_ns: server,
            backends: server.map(|_| 3),
            backends_active: server.map(|_| 2),
            active_running: server.map(|_| 1),
            active_on_lock: server.map(|_| 1),
            ..LoadSample::default()
        }
    }

    #[test]
    fn what_was_never_read_is_absent() {
        assert_eq!(summarise(&[]), LoadSummary::default());
        let summary = summarise(&[sample(SECOND, None)]);
        assert_eq!(summary.host_cpu_mean_ratio, Some(0.5));
        assert_eq!(
            (summary.server_cpu_ns, summary.active_mean, summary.wal_syncs),
            (None, None, None)
        );
    }

    #[test]
    fn a_rare_reading_is_over_the_time_since_the_one_before() {
        let samples = [
            sample(0, None),
            sample(2 * SECOND, Some(3 * SECOND)),
            sample(SECOND, None),
            sample(SECOND, Some(SECOND)),
        ];
        let summary = summarise(&samples);
        assert_eq!(summary.server_cpu_ns, Some(4 * SECOND));
        assert_eq!(summary.server_cpu_peak_cores, Some(1.5));
        assert_eq!(summary.host_cpu_ns, Some(4 * SECOND));
        assert_eq!(summary.host_cpu_mean_ratio, Some(0.5));
        assert_eq!(summary.host_cpu_peak_ratio, Some(1.0));
        assert_eq!((summary.server_samples, summary.active_mean), (Some(2), Some(2.0)));
        assert_eq!(
            (summary.active_running_ratio, summary.active_on_lock_ratio),
            (Some(0.5), Some(0.5))
        );
        assert_eq!(summary.active_on_io_ratio, None);
    }
}
