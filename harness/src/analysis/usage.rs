//! How many processors client and server kept busy while an item was restored,
//! from the load samples of its trial.

use std::ops::Range;

use crate::record::LoadSample;

/// The processor time of a trial up to each instant at which it was read.
#[derive(Debug)]
pub struct ProcessorUsage {
    /// What is counted apart: the container, or client and server.
    counts: Vec<Count>,
}

/// Instants, with the nanoseconds counted until then.
type Count = Vec<(u64, u64)>;

impl ProcessorUsage {
    /// That of the container, where there is one, else that of the processes
    /// of client and server; `None` where they were not read.
    ///
    /// The host's own is not taken: it has what other programs did.
    pub fn of(samples: &[LoadSample]) -> Option<Self> {
        let count = |column: fn(&LoadSample) -> Option<u64>| {
            let mut sum = 0;
            let read = samples.iter().filter_map(|sample| {
                sum += column(sample)?;
                Some((sample.at_ns, sum))
            });
            let count: Count = std::iter::once((0, 0)).chain(read).collect();
            (count.len() > 1).then_some(count)
        };
        let counts = match count(|sample| sample.container_cpu_ns) {
            Some(container) => vec![container],
            None => vec![count(|s| s.client_cpu_ns)?, count(|s| s.server_cpu_ns)?],
        };
        Some(Self { counts })
    }

    /// How many processors were busy on average during these nanoseconds, as
    /// far as readings reach; an item shorter than a sample is given the mean
    /// of its sample. `None` where they do not reach.
    pub fn processors(&self, during: Range<u64>) -> Option<f64> {
        self.counts.iter().map(|count| mean_rate(count, &during)).sum()
    }
}

fn mean_rate(count: &Count, during: &Range<u64>) -> Option<f64> {
    let end = during.end.min(count.last()?.0);
    let length = end.checked_sub(during.start).filter(|&length| length > 0)?;
    Some((counted_until(count, end) - counted_until(count, during.start)) / length as f64)
}

/// Between two readings, as much as lies on the line between them.
fn counted_until(count: &Count, instant: u64) -> f64 {
    let next = count.partition_point(|&(at, _)| at < instant);
    let Some(&(next_at, next_sum)) = count.get(next) else { return 0.0 };
    let (at, sum) = next.checked_sub(1).map_or((0, 0), |before| count[before]);
    let share = (instant - at) as f64 / (next_at - at).max(1) as f64;
    sum as f64 + (next_sum - sum) as f64 * share
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: u64 = 100_000_000;

    fn sample(at: u64, container: Option<u64>, client: Option<u64>) -> LoadSample {
        LoadSample {
            at_ns: at * TENTH,
            container_cpu_ns: container.map(|tenths| tenths * TENTH),
            client_cpu_ns: client.map(|tenths| tenths * TENTH),
            server_cpu_ns: client.map(|_| TENTH),
            ..LoadSample::default()
        }
    }

    #[track_caller]
    fn assert_busy(usage: &ProcessorUsage, tenths: Range<u64>, wanted: f64) {
        let seen = usage.processors(tenths.start * TENTH..tenths.end * TENTH).unwrap();
        assert!((seen - wanted).abs() < 1e-9, "{seen} is not {wanted}");
    }

    #[test]
    fn time_between_readings_is_shared_out_evenly() {
        let samples = [sample(1, Some(1), None), sample(3, Some(4), None)];
        let usage = ProcessorUsage::of(&samples).unwrap();
        assert_busy(&usage, 0..1, 1.0);
        assert_busy(&usage, 1..2, 2.0);
        assert_busy(&usage, 0..3, 5.0 / 3.0);
        assert_busy(&usage, 2..9, 2.0);
        assert_eq!(usage.processors(3 * TENTH..4 * TENTH), None);
        assert_eq!(usage.processors(TENTH..TENTH), None);
    }

    #[test]
    fn without_a_container_client_and_server_are_added_up() {
        let samples = [sample(1, None, Some(1)), sample(2, None, None), sample(3, None, Some(1))];
        let usage = ProcessorUsage::of(&samples).unwrap();
        assert_busy(&usage, 0..1, 2.0);
        assert_busy(&usage, 1..3, 1.0);
        assert!(ProcessorUsage::of(&[]).is_none());
        assert!(ProcessorUsage::of(&[sample(1, None, None)]).is_none());
    }
}
