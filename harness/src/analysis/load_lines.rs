//! The load of one trial over time, as lines that fit into a picture.

use crate::record::load::LoadSample;

/// What a line shows, as a share of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Processor time in use, of all processors of the host.
    Processors,
    /// Time in which the device of the data directory had anything to do.
    Disk,
    /// Time in which some task waited for input or output.
    IoPressure,
}

impl Share {
    /// Every share.
    pub const ALL: [Self; 3] = [Self::Processors, Self::Disk, Self::IoPressure];

    /// What was used and out of what, in one sample; `None` where it was not
    /// read.
    fn of(self, sample: &LoadSample) -> Option<(u64, u64)> {
        match self {
            Self::Processors => {
                let used = sample.host_cpu_user_ns? + sample.host_cpu_system_ns?;
                let rest =
                    [sample.host_cpu_iowait_ns, sample.host_cpu_steal_ns, sample.host_cpu_idle_ns];
                Some((used, used + rest.into_iter().flatten().sum::<u64>()))
            }
            Self::Disk => Some((sample.data_device_busy_ns?, sample.interval_ns)),
            Self::IoPressure => Some((sample.host_io_pressure_ns?, sample.interval_ns)),
        }
    }
}

/// The share over time: the middle of each of `slots` equal parts of
/// `length_ns`, and the share in it. Parts without a reading are left out.
pub fn line(share: Share, samples: &[LoadSample], length_ns: u64, slots: usize) -> Vec<(f64, f64)> {
    let width = (length_ns as f64 / slots.max(1) as f64).max(1.0);
    let mut sums = vec![(0_u64, 0_u64); slots];
    for sample in samples {
        // A sample speaks for the time before it.
        let middle = sample.at_ns.saturating_sub(sample.interval_ns / 2);
        let slot = (middle as f64 / width) as usize;
        if let (Some((used, of)), Some(sum)) = (share.of(sample), sums.get_mut(slot)) {
            sum.0 += used;
            sum.1 += of;
        }
    }
    sums.into_iter()
        .enumerate()
        .filter(|(_, (_, of))| *of > 0)
        .map(|(slot, (used, of))| {
            let at = (slot as f64 + 0.5) * width / 1e9;
            (at, (used as f64 / of as f64).min(1.0))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_part_are_weighed_by_their_time() {
        let sample = |at_ns, interval_ns, busy| LoadSample {
            at_ns,
            interval_ns,
            data_device_busy_ns: busy,
            ..LoadSample::default()
        };
        let samples = [
            sample(100, 100, Some(100)),
            sample(400, 300, Some(0)),
            sample(600, 200, None),
            sample(1000, 400, Some(200)),
        ];
        let seen = line(Share::Disk, &samples, 1000, 2);
        let shares: Vec<f64> = seen.iter().map(|(_, share)| *share).collect();
        assert_eq!(shares, [0.25, 0.5]);
        assert!(line(Share::Processors, &samples, 1000, 2).is_empty());
    }
}
