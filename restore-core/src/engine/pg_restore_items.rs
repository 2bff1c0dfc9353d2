//! Which items `pg_restore` has open, by what its log tells.
//!
//! The log names items when they begin, and workers' items when they end; it
//! never names a worker. So a worker's item is put in the first free slot.

use crate::event::{EventKind, ItemName, Phase, Step};

/// What a line of the log tells of the course of the restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// The leader starts an item; the one before it is done.
    Serial(ItemName),
    /// A worker is given an item.
    Launched(ItemName),
    /// A worker is done with an item.
    Finished(ItemName),
    /// All items are done that had to be done before the workers begin.
    WorkersBegin,
    /// No worker is needed any more.
    WorkersEnd,
}

/// The items that are being restored.
#[derive(Debug, Default)]
pub(super) struct OpenItems {
    /// That of the leader.
    serial: Option<ItemName>,
    /// Those of the workers, by slot.
    slots: Vec<Option<ItemName>>,
}

impl OpenItems {
    /// The events that this comes to.
    pub(super) fn take(&mut self, progress: &Progress) -> Vec<EventKind> {
        let mut events = Vec::with_capacity(2);
        match progress {
            Progress::Serial(item) => {
                events.extend(self.end_serial());
                self.serial = Some(item.clone());
                events.push(started(0, item));
            }
            Progress::Launched(item) => {
                events.extend(self.end_serial());
                events.push(started(self.occupy(item), item));
            }
            Progress::Finished(item) => events.extend(self.end(item)),
            Progress::WorkersBegin => {
                events.extend(self.end_serial());
                events.push(EventKind::Phase { phase: Phase::Main });
            }
            Progress::WorkersEnd => {
                events.extend(self.end_serial());
                events.push(EventKind::Phase { phase: Phase::Acl });
            }
        }
        events
    }

    fn end_serial(&mut self) -> Option<EventKind> {
        self.serial.take().map(|item| finished(0, item))
    }

    /// Puts an item in the first free slot, and gives its number.
    fn occupy(&mut self, item: &ItemName) -> u32 {
        let free = self.slots.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[slot] = Some(item.clone());
        slot as u32 + 1
    }

    fn end(&mut self, item: &ItemName) -> Option<EventKind> {
        let is_it = |open: &ItemName| match (open.id, item.id) {
            (Some(open), Some(ended)) => open == ended,
            _ => open == item,
        };
        let slot = self.slots.iter().position(|open| open.as_ref().is_some_and(is_it))?;
        let item = self.slots[slot].take()?;
        Some(finished(slot as u32 + 1, item))
    }
}

fn started(worker: u32, item: &ItemName) -> EventKind {
    EventKind::Started { worker, item: item.clone(), step: Step::Whole }
}

fn finished(worker: u32, item: ItemName) -> EventKind {
    EventKind::Finished { worker, item, step: Step::Whole, rows: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Timeline;
    use crate::units::DumpId;

    fn item(id: u32) -> ItemName {
        ItemName { id: Some(DumpId(id)), kind: "TABLE DATA".to_owned(), name: format!("t{id}") }
    }

    /// Number, lane, start and end of each item, in seconds.
    fn timeline(log: &[(u64, Progress)], end: u64) -> Vec<(u32, u32, u64, u64)> {
        let mut items = OpenItems::default();
        let events = log
            .iter()
            .flat_map(|(at, progress)| items.take(progress).into_iter().map(|kind| (*at, kind)));
        Timeline::in_seconds(events, end)
    }

    #[test]
    fn a_serial_item_ends_where_the_next_begins() {
        let log = [(1, Progress::Serial(item(1))), (3, Progress::Serial(item(2)))];
        assert_eq!(timeline(&log, 7), [(1, 0, 1, 3), (2, 0, 3, 7)]);
    }

    #[test]
    fn workers_take_the_first_free_slot() {
        use Progress::{Finished, Launched, Serial, WorkersBegin};
        let log = [
            (0, Serial(item(9))),
            (1, WorkersBegin),
            (1, Launched(item(1))),
            (1, Launched(item(2))),
            (4, Finished(item(1))),
            (4, Launched(item(3))),
            (5, Finished(item(2))),
            (6, Finished(item(3))),
        ];
        let expected = [(9, 0, 0, 1), (1, 1, 1, 4), (2, 2, 1, 5), (3, 1, 4, 6)];
        assert_eq!(timeline(&log, 8), expected);
    }
}
