//! What a person sees of the load while a trial runs.

use std::fmt;

use crate::record::LoadSample;

/// The newest readings, in a line.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LiveLoad {
    cpu_ratio: Option<f64>,
    disk_ratio: Option<f64>,
    written_per_second: Option<f64>,
    active: Option<u64>,
    waiting: Option<u64>,
}

impl LiveLoad {
    /// Takes notice of a sample. What is read more rarely stays as it was.
    pub(super) fn take(&mut self, sample: &LoadSample) {
        let seconds = sample.interval_ns as f64 / 1e9;
        self.cpu_ratio = cpu_ratio(sample).or(self.cpu_ratio);
        if seconds > 0.0 {
            let over_time = |count: Option<u64>| count.map(|count| count as f64 / seconds);
            self.disk_ratio =
                over_time(sample.data_device_busy_ns).map(|busy| (busy / 1e9).min(1.0));
            self.written_per_second = over_time(sample.data_device_written_bytes);
        }
        if let (Some(active), Some(running)) = (sample.backends_active, sample.active_running) {
            self.active = Some(active);
            self.waiting = Some(active.saturating_sub(running));
        }
    }
}

/// The share of the host's processors that was used during a sample.
pub(super) fn cpu_ratio(sample: &LoadSample) -> Option<f64> {
    let used = (sample.host_cpu_user_ns? + sample.host_cpu_system_ns?) as f64;
    let all = used
        + (sample.host_cpu_idle_ns? + sample.host_cpu_iowait_ns? + sample.host_cpu_steal_ns?)
            as f64;
    (all > 0.0).then(|| used / all)
}

impl fmt::Display for LiveLoad {
    /// `cpu 87 %  disk 12 %, 45 MB/s  3 active (1 waits)`; empty where nothing
    /// is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.cpu_ratio.map(|ratio| format!("cpu {:.0} %", ratio * 100.0)));
        if let (Some(ratio), Some(written)) = (self.disk_ratio, self.written_per_second) {
            parts.push(format!("disk {:.0} %, {:.0} MB/s", ratio * 100.0, written / 1e6));
        }
        if let (Some(active), Some(waiting)) = (self.active, self.waiting) {
            let waits = if waiting > 0 { format!(" ({waiting} wait)") } else { String::new() };
            parts.push(format!("{active} active{waits}"));
        }
        f.pad(&parts.join("  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_known() {
        let mut live = LiveLoad::default();
        assert_eq!(live.to_string(), "");
        live.take(&LoadSample {
            interval_ns: 100_000_000,
            host_cpu_user_ns: Some(120_000_000),
            host_cpu_system_ns: Some(30_000_000),
            host_cpu_idle_ns: Some(40_000_000),
            host_cpu_iowait_ns: Some(10_000_000),
            host_cpu_steal_ns: Some(0),
            data_device_busy_ns: Some(25_000_000),
            data_device_written_bytes: Some(4_000_000),
            backends_active: Some(4),
            active_running: Some(3),
            ..LoadSample::default()
        });
        assert_eq!(live.to_string(), "cpu 75 %  disk 25 %, 40 MB/s  4 active (1 wait)");
    }
}
