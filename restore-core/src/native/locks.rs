//! The locks that tasks take on tables, and which of them exclude each other.
//!
//! The server would make a task wait for a lock that another one holds; a
//! worker that waits is a worker lost, so such tasks are not started at the
//! same time. Modes and conflicts: manual, "Table-Level Locks", and the notes
//! of each command.

use std::collections::HashMap;

use crate::plan::ItemIndex;

/// A mode of locking a table, weakest first. ACCESS SHARE and EXCLUSIVE are
/// taken by nothing in a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LockMode {
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    AccessExclusive,
}

const MODES: usize = LockMode::AccessExclusive as usize + 1;

impl LockMode {
    const ALL: [Self; MODES] = [
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::AccessExclusive,
    ];

    /// Whether two transactions cannot hold these modes on one table at the
    /// same time.
    fn conflicts_with(self, other: Self) -> bool {
        use LockMode as M;
        let (weak, strong) = if self <= other { (self, other) } else { (other, self) };
        match (weak, strong) {
            (_, M::AccessExclusive) => true,
            // SHARE alone, of the stronger modes, does not exclude itself.
            (M::RowShare, _)
            | (M::RowExclusive, M::RowExclusive | M::ShareUpdateExclusive)
            | (M::Share, M::Share) => false,
            _ => true,
        }
    }
}

/// A lock on one table, which its data item stands for where there is one, or
/// on an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TableLock {
    pub(crate) table: ItemIndex,
    pub(crate) mode: LockMode,
}

/// How many running tasks hold each mode on each table.
#[derive(Debug, Default)]
pub(crate) struct LockTable(HashMap<ItemIndex, [u32; MODES]>);

impl LockTable {
    /// Whether all of these locks can be had now.
    pub(crate) fn are_free(&self, locks: &[TableLock]) -> bool {
        locks.iter().all(|lock| {
            let Some(held) = self.0.get(&lock.table) else { return true };
            LockMode::ALL
                .iter()
                .all(|mode| held[*mode as usize] == 0 || !mode.conflicts_with(lock.mode))
        })
    }

    pub(crate) fn take(&mut self, locks: &[TableLock]) {
        for lock in locks {
            self.0.entry(lock.table).or_default()[lock.mode as usize] += 1;
        }
    }

    pub(crate) fn release(&mut self, locks: &[TableLock]) {
        for lock in locks {
            if let Some(held) = self.0.get_mut(&lock.table) {
                held[lock.mode as usize] -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LockMode::*;
    use super::*;

    #[test]
    fn conflicts_are_those_of_the_manual() {
        // Rows and columns of "Conflicting Lock Modes", in the order of ALL.
        let conflicts = [
            [false, false, false, false, false, true],
            [false, false, false, true, true, true],
            [false, false, true, true, true, true],
            [false, true, true, false, true, true],
            [false, true, true, true, true, true],
            [true, true, true, true, true, true],
        ];
        for (row, one) in LockMode::ALL.into_iter().enumerate() {
            for (column, other) in LockMode::ALL.into_iter().enumerate() {
                assert_eq!(
                    one.conflicts_with(other),
                    conflicts[row][column],
                    "{one:?} and {other:?}"
                );
            }
        }
    }

    #[test]
    fn a_lock_is_free_again_when_all_holders_are_gone() {
        let table = ItemIndex::for_test(1);
        let share = [TableLock { table, mode: Share }];
        let exclusive = [TableLock { table, mode: AccessExclusive }];
        let mut locks = LockTable::default();
        locks.take(&share);
        locks.take(&share);
        assert!(locks.are_free(&share) && !locks.are_free(&exclusive));
        locks.release(&share);
        assert!(!locks.are_free(&exclusive));
        locks.release(&share);
        assert!(locks.are_free(&exclusive));
    }
}
