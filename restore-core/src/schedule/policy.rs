//! The order in which each version of `pg_restore` takes what is ready.

use crate::units::PgMajor;

/// In which order ready items are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Before PostgreSQL 12: first come, first served, beginning with the
    /// order of the table of contents.
    FirstReadyBefore12,
    /// PostgreSQL 12 to 16: larger first, by a list that is kept sorted.
    SortedList12To16,
    /// From PostgreSQL 17: a binary heap, larger first; but where locks stand
    /// in the way, the heap's array is searched in its own order, which is
    /// not sorted.
    BinaryHeap17Plus,
}

impl Policy {
    /// What `pg_restore` of this major version does.
    pub fn of(major: PgMajor) -> Self {
        match major.0 {
            ..12 => Self::FirstReadyBefore12,
            12..17 => Self::SortedList12To16,
            17.. => Self::BinaryHeap17Plus,
        }
    }
}
