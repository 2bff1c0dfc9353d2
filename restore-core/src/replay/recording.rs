//! When each item of a restore ran, and how much work that was.

use std::collections::HashMap;
use std::time::Duration;

use crate::plan::Demand;
use crate::units::{DumpId, Jobs};

use super::slowdown::{Contention, Processors};

/// When one item ran, from the start of the restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedItem {
    /// The item.
    pub id: DumpId,
    /// When it started.
    pub start: Duration,
    /// When it finished.
    pub end: Duration,
    /// How many processors were busy meanwhile, where that was read.
    pub demand: Option<Demand>,
}

/// The items of one restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    jobs: Jobs,
    items: Vec<RecordedItem>,
    wall: Duration,
}

/// Why recorded items cannot be of one restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// An item ends before it starts.
    #[error("item {id} is recorded to end before it starts")]
    Backwards {
        /// The item.
        id: DumpId,
    },
    /// An item ends after the restore.
    #[error("item {id} is recorded to end {by:?} after the restore itself")]
    AfterEnd {
        /// The item.
        id: DumpId,
        /// By how much.
        by: Duration,
    },
}

impl Recording {
    /// The items of a restore with `jobs` jobs that took `wall` in all. An
    /// item that was recorded in several stretches may appear several times.
    pub fn new(
        jobs: Jobs,
        wall: Duration,
        items: Vec<RecordedItem>,
    ) -> Result<Self, RecordingError> {
        for item in &items {
            if item.end < item.start {
                return Err(RecordingError::Backwards { id: item.id });
            }
            if item.end > wall {
                let by = item.end.saturating_sub(wall);
                return Err(RecordingError::AfterEnd { id: item.id, by });
            }
        }
        Ok(Self { jobs, items, wall })
    }

    /// With how many jobs it was made.
    pub fn jobs(&self) -> Jobs {
        self.jobs
    }

    /// Whether no two of its items ran together.
    pub fn is_serial(&self) -> bool {
        self.jobs == Jobs::ONE
    }

    /// The time in which no item ran: connecting, reading the table of
    /// contents, starting workers.
    pub fn overhead(&self) -> Duration {
        let moments = self.moments();
        let covered: Duration = moments.iter().filter(|m| m.running > 0).map(|m| m.length).sum();
        self.wall.saturating_sub(covered)
    }

    /// How many processors items kept busy, and for how long. Nothing where
    /// several ran together: what was busy then cannot be shared out.
    pub fn demands(&self) -> impl Iterator<Item = (DumpId, Demand, Duration)> + '_ {
        let alone = self.items.iter().filter(|_| self.is_serial());
        alone.filter_map(|item| {
            let length = item.end.checked_sub(item.start).filter(|length| !length.is_zero())?;
            Some((item.id, item.demand?, length))
        })
    }

    /// The work of each item: its duration with the slowdown by the items
    /// that ran beside it taken out, each of which is taken to have wanted a
    /// processor.
    pub fn work(
        &self,
        processors: Processors,
        contention: Contention,
    ) -> HashMap<DumpId, Duration> {
        let moments = self.moments();
        let mut done = Vec::with_capacity(moments.len() + 1);
        let mut sum = Duration::ZERO;
        done.push(sum);
        for moment in &moments {
            // Under one job nothing slows anything, whatever the clock says
            // of items that touch.
            let running = if self.is_serial() { 1 } else { moment.running };
            let slowdown = processors.shape(running, f64::from(running)).time(contention);
            sum += moment.length.div_f64(slowdown);
            done.push(sum);
        }
        let until = |instant: Duration| done[moments.partition_point(|m| m.start < instant)];
        let mut work: HashMap<DumpId, Duration> = HashMap::with_capacity(self.items.len());
        for item in &self.items {
            *work.entry(item.id).or_default() += until(item.end).saturating_sub(until(item.start));
        }
        work
    }

    /// The time between each start or end and the next, with how many items
    /// ran in it.
    fn moments(&self) -> Vec<Moment> {
        let starts = self.items.iter().map(|item| (item.start, 1));
        let ends = self.items.iter().map(|item| (item.end, -1));
        let mut changes: Vec<(Duration, i64)> = starts.chain(ends).collect();
        changes.sort_unstable();
        let mut running = 0;
        let mut moments = Vec::with_capacity(changes.len());
        for pair in changes.windows(2) {
            let [(start, change), (end, _)] = *pair else { continue };
            running += change;
            // Items of zero length sort their end before their start: the sum
            // is right again before time passes.
            let length = end.saturating_sub(start);
            if !length.is_zero() {
                moments.push(Moment { start, length, running: running as u32 });
            }
        }
        moments
    }
}

/// A stretch of time in which the same items ran.
struct Moment {
    start: Duration,
    length: Duration,
    running: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(id: u32, start: u64, end: u64) -> RecordedItem {
        let [start, end] = [start, end].map(Duration::from_secs);
        RecordedItem { id: DumpId(id), start, end, demand: Some(Demand(id * 100)) }
    }

    fn recording(jobs: u32, items: Vec<RecordedItem>) -> Recording {
        let jobs = Jobs::new(jobs).unwrap();
        Recording::new(jobs, Duration::from_secs(20), items).unwrap()
    }

    #[test]
    fn overhead_is_what_no_item_covers() {
        let recording =
            recording(2, vec![recorded(1, 2, 6), recorded(2, 4, 8), recorded(3, 10, 18)]);
        assert_eq!(recording.overhead(), Duration::from_secs(20 - 6 - 8));
    }

    #[test]
    fn work_is_free_of_the_slowdown() {
        let recording =
            recording(2, vec![recorded(1, 0, 6), recorded(2, 4, 12), recorded(3, 12, 12)]);
        let halved = Contention { a: 1.0, b: 0.0 };
        let work = recording.work(Processors::UNKNOWN, halved);
        assert_eq!(work[&DumpId(1)], Duration::from_secs(4 + 1));
        assert_eq!(work[&DumpId(2)], Duration::from_secs(1 + 6));
        assert_eq!(work[&DumpId(3)], Duration::ZERO);
    }

    #[test]
    fn work_is_free_of_the_lack_of_processors() {
        let items = vec![recorded(1, 0, 6), recorded(2, 0, 12), recorded(3, 0, 6)];
        let two = Processors::new(2.0).unwrap();
        let work = recording(3, items).work(two, Contention::NONE);
        assert_eq!(work[&DumpId(1)], Duration::from_secs(4));
        assert_eq!(work[&DumpId(2)], Duration::from_secs(4 + 6));
    }

    #[test]
    fn demands_are_those_of_items_that_ran_alone() {
        let items = || vec![recorded(1, 0, 6), recorded(2, 6, 6), recorded(3, 6, 12)];
        let six = Duration::from_secs(6);
        let seen: Vec<_> = recording(1, items()).demands().collect();
        assert_eq!(seen, [(DumpId(1), Demand(100), six), (DumpId(3), Demand(300), six)]);
        assert_eq!(recording(2, items()).demands().count(), 0);
    }

    #[test]
    fn one_job_has_no_slowdown_to_take_out() {
        let recording = recording(1, vec![recorded(1, 0, 6), recorded(2, 5, 12)]);
        let work = recording.work(Processors::UNKNOWN, Contention { a: 1.0, b: 0.0 });
        assert_eq!(work[&DumpId(1)], Duration::from_secs(6));
    }

    #[test]
    fn recordings_that_cannot_be_are_refused() {
        let of = |item| Recording::new(Jobs::ONE, Duration::from_secs(9), vec![item]);
        assert_eq!(of(recorded(7, 3, 2)), Err(RecordingError::Backwards { id: DumpId(7) }));
        let by = Duration::from_secs(1);
        assert_eq!(of(recorded(7, 3, 10)), Err(RecordingError::AfterEnd { id: DumpId(7), by }));
    }
}
