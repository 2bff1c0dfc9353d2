//! What happens during a restore, item by item, and when.

use std::time::Duration;

use crate::units::DumpId;

/// An item as an engine names it while it works.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemName {
    /// Its number, where the engine tells it: `pg_restore` does so only with
    /// two jobs or more.
    pub id: Option<DumpId>,
    /// Its kind, in the archive's words: `TABLE DATA`.
    pub kind: String,
    /// Its name, with the schema where the engine tells it.
    pub name: String,
}

/// Something that happened, `at` a time since the restore began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreEvent {
    /// Time since the engine was started.
    pub at: Duration,
    /// What it was.
    pub what: Happening,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The engine's only process starts an item; the one before it is done.
    SerialItem(ItemName),
    /// A worker is given an item.
    Launched(ItemName),
    /// A worker is done with an item.
    Finished(ItemName),
    /// All items are done that had to be done before the workers begin.
    WorkersBegin,
    /// No worker is needed any more.
    WorkersEnd,
    /// The engine reported an error and may go on.
    Error(String),
}

/// When and where an item was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemTiming {
    /// The item.
    pub item: ItemName,
    /// 0 for the engine's leader, which works alone; else a worker from 1.
    /// Engines do not name their workers: an item is put in the first free
    /// lane, so a lane is a connection's worth of work and not a process.
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
/// use restore_core::event::{Happening, ItemName, RestoreEvent, Timeline};
///
/// let item = ItemName { id: None, kind: "TABLE DATA".into(), name: "public orders".into() };
/// let mut timeline = Timeline::default();
/// for (seconds, what) in [(1, Happening::Launched(item.clone())), (4, Happening::Finished(item))] {
///     timeline.record(&RestoreEvent { at: Duration::from_secs(seconds), what });
/// }
/// let timings = timeline.finish(Duration::from_secs(5));
/// assert_eq!(timings[0].end - timings[0].start, Duration::from_secs(3));
/// ```
#[derive(Debug, Default)]
pub struct Timeline {
    serial: Option<(ItemName, Duration)>,
    lanes: Vec<Option<(ItemName, Duration)>>,
    done: Vec<ItemTiming>,
}

impl Timeline {
    /// Takes notice of an event. Events come in the order of their times.
    pub fn record(&mut self, event: &RestoreEvent) {
        match &event.what {
            Happening::SerialItem(item) => {
                self.end_serial(event.at);
                self.serial = Some((item.clone(), event.at));
            }
            Happening::Launched(item) => {
                self.end_serial(event.at);
                let open = Some((item.clone(), event.at));
                match self.lanes.iter_mut().find(|lane| lane.is_none()) {
                    Some(lane) => *lane = open,
                    None => self.lanes.push(open),
                }
            }
            Happening::Finished(item) => self.end_lane(item, event.at),
            Happening::WorkersBegin | Happening::WorkersEnd => self.end_serial(event.at),
            Happening::Error(_) => {}
        }
    }

    /// How many items are done.
    pub fn done(&self) -> usize {
        self.done.len()
    }

    /// The timings by start; what is still open ends now, at `end`.
    pub fn finish(mut self, end: Duration) -> Vec<ItemTiming> {
        self.end_serial(end);
        for lane in 0..self.lanes.len() {
            self.close(lane, end);
        }
        self.done.sort_by_key(|timing| (timing.start, timing.lane));
        self.done
    }

    fn end_serial(&mut self, end: Duration) {
        if let Some((item, start)) = self.serial.take() {
            self.done.push(ItemTiming { item, lane: 0, start, end });
        }
    }

    fn end_lane(&mut self, item: &ItemName, end: Duration) {
        let lane = self.lanes.iter().position(|lane| {
            lane.as_ref().is_some_and(|(open, _)| match (open.id, item.id) {
                (Some(open), Some(ended)) => open == ended,
                _ => open == item,
            })
        });
        if let Some(lane) = lane {
            self.close(lane, end);
        }
    }

    fn close(&mut self, lane: usize, end: Duration) {
        if let Some((item, start)) = self.lanes[lane].take() {
            let lane = u32::try_from(lane + 1).unwrap_or(u32::MAX);
            self.done.push(ItemTiming { item, lane, start, end });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: u32) -> ItemName {
        ItemName { id: Some(DumpId(id)), kind: "TABLE DATA".to_owned(), name: format!("t{id}") }
    }

    fn timeline(events: &[(u64, Happening)], end: u64) -> Vec<(u32, u32, u64, u64)> {
        let mut timeline = Timeline::default();
        for (at, what) in events {
            let at = Duration::from_secs(*at);
            timeline.record(&RestoreEvent { at, what: what.clone() });
        }
        timeline
            .finish(Duration::from_secs(end))
            .into_iter()
            .map(|t| {
                let id = t.item.id.map_or(0, |id| id.0);
                (id, t.lane, t.start.as_secs(), t.end.as_secs())
            })
            .collect()
    }

    #[test]
    fn a_serial_item_ends_where_the_next_begins() {
        use Happening::SerialItem;
        let events = [(1, SerialItem(item(1))), (3, SerialItem(item(2)))];
        assert_eq!(timeline(&events, 7), [(1, 0, 1, 3), (2, 0, 3, 7)]);
    }

    #[test]
    fn workers_take_the_first_free_lane() {
        use Happening::{Finished, Launched, SerialItem, WorkersBegin};
        let events = [
            (0, SerialItem(item(9))),
            (1, WorkersBegin),
            (1, Launched(item(1))),
            (1, Launched(item(2))),
            (4, Finished(item(1))),
            (4, Launched(item(3))),
            (5, Finished(item(2))),
            (6, Finished(item(3))),
        ];
        let expected = [(9, 0, 0, 1), (1, 1, 1, 4), (2, 2, 1, 5), (3, 1, 4, 6)];
        assert_eq!(timeline(&events, 8), expected);
    }

    #[test]
    fn what_never_finished_ends_with_the_restore() {
        let events = [(1, Happening::Launched(item(1))), (2, Happening::Finished(item(5)))];
        assert_eq!(timeline(&events, 3), [(1, 1, 1, 3)]);
    }
}
