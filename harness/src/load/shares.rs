//! Shares of this host that are in use, from one reading to the next.

use std::path::Path;

use tokio::time::Instant;

use super::host::HostProbe;
use super::live::cpu_ratio;
use crate::record::LoadSample;

/// Reads this host again and again.
#[derive(Debug)]
pub struct HostShares {
    probe: HostProbe,
    before: Option<(Instant, LoadSample)>,
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
        let nowhere = Path::new("/");
        Self { probe: HostProbe::new(data, nowhere, &mut Vec::new()), before: None }
    }

    pub fn read(&mut self) -> Shares {
        let (now, mut sample) = (Instant::now(), LoadSample::default());
        self.probe.read(&mut sample);
        let Some((then, before)) = self.before.replace((now, sample.clone())) else {
            return Shares::default();
        };
        let nanos = now.duration_since(then).as_nanos().max(1) as f64;
        let since = |now: Option<u64>, before: Option<u64>| Some(now?.saturating_sub(before?));
        let cpu = LoadSample {
            host_cpu_user_ns: since(sample.host_cpu_user_ns, before.host_cpu_user_ns),
            host_cpu_system_ns: since(sample.host_cpu_system_ns, before.host_cpu_system_ns),
            host_cpu_idle_ns: since(sample.host_cpu_idle_ns, before.host_cpu_idle_ns),
            host_cpu_iowait_ns: since(sample.host_cpu_iowait_ns, before.host_cpu_iowait_ns),
            host_cpu_steal_ns: since(sample.host_cpu_steal_ns, before.host_cpu_steal_ns),
            ..LoadSample::default()
        };
        let share = |now, before| since(now, before).map(|of| (of as f64 / nanos).min(1.0));
        Shares {
            cpu: cpu_ratio(&cpu),
            io_pressure: share(sample.host_io_pressure_ns, before.host_io_pressure_ns),
            disk: share(sample.data_device_busy_ns, before.data_device_busy_ns),
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
