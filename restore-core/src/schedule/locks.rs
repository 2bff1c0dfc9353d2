//! Which locks the running items hold, counted rather than compared in pairs
//! as `pg_restore` does: with the same answer, whatever the number of jobs.

use crate::plan::{ItemIndex, Plan};

/// What an item may have to wait for: that nothing uses a table, in order to
/// lock it, or that nothing locks it, in order to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Obstacle {
    Users(ItemIndex),
    Lock(ItemIndex),
}

/// How many running items use each table, and how many lock it against
/// others.
#[derive(Debug, Clone)]
pub(super) struct LockTable {
    users: Vec<u32>,
    locks: Vec<u32>,
}

impl LockTable {
    pub(super) fn new(items: usize) -> Self {
        Self { users: vec![0; items], locks: vec![0; items] }
    }

    /// What keeps the item from running beside those that run; nothing if it
    /// conflicts with none of them (`has_lock_conflicts` both ways round).
    pub(super) fn obstacle(&self, plan: &Plan, item: ItemIndex) -> Option<Obstacle> {
        let taken = |counts: &[u32], tables: &[ItemIndex]| {
            tables.iter().copied().find(|table| counts[table.as_usize()] > 0)
        };
        let users = taken(&self.users, plan.exclusive_locks(item)).map(Obstacle::Users);
        users.or_else(|| taken(&self.locks, plan.dependencies(item)).map(Obstacle::Lock))
    }

    pub(super) fn acquire(&mut self, plan: &Plan, item: ItemIndex) {
        for table in plan.dependencies(item) {
            self.users[table.as_usize()] += 1;
        }
        for table in plan.exclusive_locks(item) {
            self.locks[table.as_usize()] += 1;
        }
    }

    /// Gives back what the item held, and tells of every obstacle that is
    /// gone with it.
    pub(super) fn release(&mut self, plan: &Plan, item: ItemIndex, mut gone: impl FnMut(Obstacle)) {
        for &table in plan.dependencies(item) {
            let users = &mut self.users[table.as_usize()];
            *users -= 1;
            if *users == 0 {
                gone(Obstacle::Users(table));
            }
        }
        for &table in plan.exclusive_locks(item) {
            let locks = &mut self.locks[table.as_usize()];
            *locks -= 1;
            if *locks == 0 {
                gone(Obstacle::Lock(table));
            }
        }
    }
}
