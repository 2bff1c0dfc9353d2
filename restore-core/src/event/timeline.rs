//! When and where items were restored.

use std::time::Duration;

use super::{EventKind, ItemName, RestoreEvent, Step};

/// When and where a step of an item was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemTiming {
    /// The item.
    pub item: ItemName,
    /// What was done of it.
    pub step: Step,
    /// 0 for the engine's leader, which works alone; else a worker's slot
    /// from 1. `pg_restore` does not name its workers: an item is put in the
    /// first free slot, which is a connection's worth of work and not a
    /// process.
    pub lane: u32,
    /// Start, since the engine was started.
    pub start: Duration,
    /// End, since the engine was started.
    pub end: Duration,
}

/// Makes item timings out of events.
///
/// ```
/// use std::time::Duration;
///
/// use restore_core::event::{EventKind, ItemName, RestoreEvent, Step, Timeline};
///
/// let item = ItemName { id: None, kind: "TABLE DATA".into(), name: "public orders".into() };
/// let (worker, step) = (1, Step::Whole);
/// let started = EventKind::Started { worker, step, item: item.clone() };
/// let finished = EventKind::Finished { worker, step, item, rows: None };
/// let mut timeline = Timeline::default();
/// for (seconds, kind) in [(1, started), (4, finished)] {
///     timeline.record(&RestoreEvent { at: Duration::from_secs(seconds), kind });
/// }
/// let timings = timeline.finish(Duration::from_secs(5));
/// assert_eq!(timings[0].end - timings[0].start, Duration::from_secs(3));
/// ```
#[derive(Debug, Default)]
pub struct Timeline {
    /// Steps that run; their ends are not known yet.
    open: Vec<ItemTiming>,
    done: Vec<ItemTiming>,
}

impl Timeline {
    /// Takes notice of an event. Events come in the order of their times.
    pub fn record(&mut self, event: &RestoreEvent) {
        match &event.kind {
            EventKind::Started { worker, item, step } => self.open.push(ItemTiming {
                item: item.clone(),
                step: *step,
                lane: *worker,
                start: event.at,
                end: event.at,
            }),
            EventKind::Finished { worker, item, step, .. } => {
                let is_it = |open: &ItemTiming| {
                    open.lane == *worker && open.step == *step && open.item == *item
                };
                if let Some(at) = self.open.iter().position(is_it) {
                    let timing = self.open.remove(at);
                    self.done.push(ItemTiming { end: event.at, ..timing });
                }
            }
            _ => {}
        }
    }

    /// How many steps are done.
    pub fn done(&self) -> usize {
        self.done.len()
    }

    /// The timings by start; what is still open ends now, at `end`.
    pub fn finish(mut self, end: Duration) -> Vec<ItemTiming> {
        self.done.extend(self.open.drain(..).map(|open| ItemTiming { end, ..open }));
        self.done.sort_by_key(|timing| (timing.start, timing.lane));
        share_time(&mut self.done);
        self.done
    }
}

/// Steps that a worker began and ended together, in one transaction, share its
/// time evenly, one after the other: so a worker is never busy with two at once.
fn share_time(timings: &mut [ItemTiming]) {
    let is_together = |one: &ItemTiming, other: &ItemTiming| {
        (one.lane, one.start, one.end) == (other.lane, other.start, other.end)
    };
    for together in timings.chunk_by_mut(is_together) {
        let count = together.len() as u32;
        let Some(whole) = together.first().map(|timing| timing.end.saturating_sub(timing.start))
        else {
            continue;
        };
        for (index, timing) in (0..count).zip(together) {
            let began = timing.start;
            timing.start = began + whole * index / count;
            timing.end = began + whole * (index + 1) / count;
        }
    }
}

#[cfg(test)]
impl Timeline {
    /// Number, lane, start and end of each step, in seconds, of events at such
    /// seconds.
    pub(crate) fn in_seconds(
        events: impl IntoIterator<Item = (u64, EventKind)>,
        end: u64,
    ) -> Vec<(u32, u32, u64, u64)> {
        let mut timeline = Self::default();
        for (at, kind) in events {
            timeline.record(&RestoreEvent { at: Duration::from_secs(at), kind });
        }
        let timings = timeline.finish(Duration::from_secs(end)).into_iter();
        let seconds = |t: ItemTiming| {
            let id = t.item.id.map_or(0, |id| id.0);
            (id, t.lane, t.start.as_secs(), t.end.as_secs())
        };
        timings.map(seconds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Phase, RestoreError};
    use crate::units::DumpId;

    fn item(id: u32) -> ItemName {
        ItemName { id: Some(DumpId(id)), kind: "TABLE DATA".to_owned(), name: format!("t{id}") }
    }

    fn started(worker: u32, id: u32) -> EventKind {
        EventKind::Started { worker, item: item(id), step: Step::Load }
    }

    fn finished(worker: u32, id: u32) -> EventKind {
        EventKind::Finished { worker, item: item(id), step: Step::Load, rows: None }
    }

    fn timeline(events: &[(u64, EventKind)], end: u64) -> Vec<(u32, u32, u64, u64)> {
        Timeline::in_seconds(events.iter().cloned(), end)
    }

    #[test]
    fn steps_of_two_workers_on_one_item_are_told_apart() {
        let events =
            [(1, started(1, 7)), (2, started(2, 7)), (4, finished(1, 7)), (6, finished(2, 7))];
        assert_eq!(timeline(&events, 9), [(7, 1, 1, 4), (7, 2, 2, 6)]);
    }

    #[test]
    fn what_never_finished_ends_with_the_restore() {
        let events = [(1, started(1, 1)), (2, finished(1, 5))];
        assert_eq!(timeline(&events, 3), [(1, 1, 1, 3)]);
    }

    #[test]
    fn what_is_done_together_shares_its_time() {
        let events =
            [(1, started(1, 1)), (1, started(1, 2)), (7, finished(1, 1)), (7, finished(1, 2))];
        assert_eq!(timeline(&events, 8), [(1, 1, 1, 4), (2, 1, 4, 7)]);
    }

    #[test]
    fn events_are_read_from_what_they_are_written_as() {
        let error = Box::new(RestoreError::read("could not execute query: ERROR:  no"));
        let kinds = [
            started(2, 3),
            finished(2, 3),
            EventKind::Phase { phase: Phase::PreData },
            EventKind::Sent { item: DumpId(3), bytes: 1 << 40 },
            EventKind::Error { error },
            EventKind::Ended,
        ];
        for kind in kinds {
            let event = RestoreEvent { at: Duration::from_millis(1500), kind };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<RestoreEvent>(&text).unwrap(), event, "{text}");
        }
    }
}
