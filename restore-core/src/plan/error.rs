//! Archives that cannot be planned.

use crate::units::DumpId;

/// Why a table of contents cannot be planned.
///
/// Dependencies that form a cycle or name no item are not errors:
/// `pg_restore` restores such archives, and the plan does as it does (see
/// [`Plan::missed`](super::Plan::missed)).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Two items carry the same number, so that dependencies on it are
    /// ambiguous. `pg_restore` does not notice, and loses one of them.
    #[error(
        "items {first} and {second} of the table of contents (counted from 1) both have id {id}: \
         the archive is damaged"
    )]
    RepeatedId {
        /// The number.
        id: DumpId,
        /// Place of the first item in the table of contents, from 1.
        first: usize,
        /// Place of the second.
        second: usize,
    },
    /// An item has the number 0, which stands for "no item"; `pg_restore`
    /// refuses such an archive ("entry ID 0 out of range").
    #[error(
        "item {place} of the table of contents (counted from 1) has id 0: the archive is damaged"
    )]
    ZeroId {
        /// Place of the item in the table of contents, from 1.
        place: usize,
    },
    /// The first dependency of a TABLE DATA item is no possible table;
    /// `pg_restore` refuses it ("bad table dumpId for TABLE DATA item").
    #[error(
        "TABLE DATA item {id} belongs to table {table}, but ids of this archive lie within \
         1 and {max}: the archive is damaged"
    )]
    TableOutOfRange {
        /// The TABLE DATA item.
        id: DumpId,
        /// What it names as its table.
        table: DumpId,
        /// The largest id of the archive.
        max: DumpId,
    },
    /// More items than a plan can number.
    #[error("{count} items are more than a plan can hold ({max})", max = u32::MAX)]
    TooManyItems {
        /// How many there are.
        count: usize,
    },
}
