//! A list of ready items in a fixed order, of which the first that locks
//! allow is wanted again and again.
//!
//! `pg_restore` searches its list from the front each time, past everything
//! that conflicts with what runs: with many foreign keys to one table, past
//! nearly all of it. Here an item that was found blocked is put aside until
//! what blocked it is gone, which gives the same answers. Of all that wait
//! for the same obstacle only the first is looked at again: as long as it
//! cannot go, the others come after it anyway; once it has gone, or waits for
//! something else, the next one takes its part.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::locks::Obstacle;

/// The place of an item in the list's order.
type Key = u32;

/// Ready items by their keys.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadyList {
    /// What may be able to run.
    awake: BTreeSet<Key>,
    /// What was found blocked, under one of the things that blocked it.
    waiting: HashMap<Obstacle, BinaryHeap<Reverse<Key>>>,
    /// What is awake because this obstacle was gone.
    woken_for: HashMap<Key, Obstacle>,
}

impl ReadyList {
    pub(super) fn insert(&mut self, key: Key) {
        self.awake.insert(key);
    }

    /// Removes and returns the first item that nothing blocks.
    pub(super) fn take_first(&mut self, obstacle: impl Fn(Key) -> Option<Obstacle>) -> Option<Key> {
        while let Some(key) = self.awake.pop_first() {
            let woken_for = self.woken_for.remove(&key);
            let blocked_by = obstacle(key);
            if let Some(blocked_by) = blocked_by {
                self.waiting.entry(blocked_by).or_default().push(Reverse(key));
            }
            // What it stood for may be gone for others still.
            if let Some(gone) = woken_for
                && blocked_by != woken_for
            {
                self.wake(gone);
            }
            if blocked_by.is_none() {
                return Some(key);
            }
        }
        None
    }

    /// Has the first item that waited for this obstacle looked at again.
    pub(super) fn wake(&mut self, gone: Obstacle) {
        let Some(waiting) = self.waiting.get_mut(&gone) else { return };
        if let Some(Reverse(key)) = waiting.pop() {
            self.awake.insert(key);
            self.woken_for.insert(key, gone);
        } else {
            self.waiting.remove(&gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ItemIndex;

    /// Keys below 10 have no obstacle; others need a table that is taken.
    fn taken(tables: &[u32]) -> impl Fn(Key) -> Option<Obstacle> {
        move |key| {
            let table = key / 10;
            (table > 0 && tables.contains(&table)).then_some(obstacle(table))
        }
    }

    fn obstacle(table: u32) -> Obstacle {
        Obstacle::Users(ItemIndex::for_test(table))
    }

    #[test]
    fn what_is_blocked_keeps_its_place() {
        let mut list = ReadyList::default();
        for key in [12, 10, 25, 7, 11, 20] {
            list.insert(key);
        }
        assert_eq!(list.take_first(taken(&[1])), Some(7));
        assert_eq!(list.take_first(taken(&[1])), Some(20));
        assert_eq!(list.take_first(taken(&[1, 2])), None);
        list.wake(obstacle(1));
        assert_eq!(list.take_first(taken(&[2])), Some(10));
        // Nothing has told of table 1 since, and all three could go.
        assert_eq!(list.take_first(taken(&[2])), Some(11));
        assert_eq!(list.take_first(taken(&[1])), None);
        list.wake(obstacle(2));
        list.wake(obstacle(1));
        assert_eq!(list.take_first(taken(&[])), Some(12));
        assert_eq!(list.take_first(taken(&[])), Some(25));
        assert_eq!(list.take_first(taken(&[])), None);
    }
}
