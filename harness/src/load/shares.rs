//! Shares of this host that are in use, from one reading to the next.

use std::path::Path;

use tokio::time::Instant;

use super::counts::Counts;
use super::host::HostProbe;
use super::live::cpu_ratio;
use crate::record::LoadSample;

/// Reads this host again and again.
#[derive(Debug)]
pub struct HostShares {
    probe: HostProbe,
    counts: Counts,
    read: Option<Instant>,
}

/// Shares since the reading before; absent where this system does not tell, and the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shares {
    /// Of the processors' time.
    pub cpu: Option<f64>,
    /// Of the time: some process waited for a disk.
    pub io_pressure: Option<f64>,
    /// Of the time: the disk of the data directory was busy.
    pub disk: Option<f64>,
}

impl HostShares {
    /// Opens what there is; `data` is the data directory.
    pub fn open(data: Option<&Path>) -> Self {
        let no_archive = Path::new("/");
        let probe = HostProbe::new(data, no_archive, &mut Vec::new());
        Self { probe, counts: Counts::new(), read: None }
    }

    pub fn read(&mut self) -> Shares {
        let mut sample = LoadSample::default();
        self.probe.read(&mut sample);
        self.counts.subtract(&mut sample);
        let now = Instant::now();
        let Some(before) = self.read.replace(now) else { return Shares::default() };
        let nanos = now.duration_since(before).as_nanos().max(1) as f64;
        let share = |busy: Option<u64>| busy.map(|busy| (busy as f64 / nanos).min(1.0));
        Shares {
            cpu: cpu_ratio(&sample),
            io_pressure: share(sample.host_io_pressure_ns),
            disk: share(sample.data_device_busy_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn shares_are_known_from_the_second_reading_on() {
        let mut host = HostShares::open(None);
        assert_eq!(host.read(), Shares::default());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let share = host.read().cpu.unwrap();
        assert!((0.0..=1.0).contains(&share), "{share}");
    }
}
