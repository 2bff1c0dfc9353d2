//! What a parallel restore of an archive has to respect: the order, the locks
//! and the passes that `pg_restore -j` derives from the table of contents.
//!
//! Everything here is a pure function of a [`Toc`], or of what was kept of one
//! ([`Entry`]). The rules are those of
//! `pg_backup_archiver.c`, read in PostgreSQL 15, 17 and 18, and named beside
//! the code that follows them. The archive is restored into an existing
//! database, as `pg_restore -d` does without `--create`; what of it, and in
//! which order, is [`crate::selection`]'s to say.

mod bounds;
mod cost;
mod critical;
mod entry;
mod error;
mod graph;
mod order;
mod rules;

pub use crate::units::PgMajor;
pub use bounds::Bounds;
pub use cost::{Cost, CostUnit, Costs, Demand, PostDataWork};
pub use critical::{Chain, CriticalPath, LockedTable, PassFloor};
pub use entry::{Entry, ItemIndex};
pub use error::PlanError;
pub use rules::Pass;

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::selection::{Parts, Selected};
use crate::toc::Toc;
use crate::units::{Bytes, DumpId};

use graph::{Edges, Graph};

/// The plan of a parallel restore: items, their dependencies, the locks that
/// they take, the pass they belong to and how urgent each is.
///
/// ```
/// use restore_core::archive::Archive;
/// use restore_core::plan::{Pass, PgMajor, Plan};
/// use restore_core::toc::ItemKind;
///
/// let archive = Archive::open("tests/archives/18/custom")?;
/// let plan = Plan::new(archive.toc(), PgMajor(18))?;
/// let of_kind = |kind| archive.toc().items.iter().find(|item| item.kind == kind);
/// let foreign_key = of_kind(ItemKind::ForeignKey).and_then(|item| plan.find(item.id)).unwrap();
/// // A foreign key locks its table, so that nothing else on it runs beside it.
/// assert!(!plan.exclusive_locks(foreign_key).is_empty());
/// assert_eq!(plan.pass(foreign_key), Pass::Main);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plan {
    ids: Vec<DumpId>,
    by_id: HashMap<DumpId, ItemIndex>,
    graph: Graph,
    passes: Vec<Pass>,
    wanted: Vec<bool>,
    before_fork: Vec<bool>,
    by_rank: Vec<ItemIndex>,
    ranks: Vec<u32>,
    order: order::Order,
}

impl Plan {
    /// Derives the plan that `pg_restore` of version `major` follows when it
    /// restores all of an archive.
    pub fn new(toc: &Toc, major: PgMajor) -> Result<Self, PlanError> {
        Self::of(&Selected::whole(toc, major), major)
    }

    /// The same for what options leave of an archive. Positions are those of
    /// [`Selected::toc`].
    pub fn of(selected: &Selected<'_>, major: PgMajor) -> Result<Self, PlanError> {
        let entry = |(item, parts): (_, Parts)| Entry::new(item, !parts.is_empty());
        let entries: Vec<Entry<'_>> = selected.with_parts().map(entry).collect();
        Self::from_entries(&entries, major)
    }

    /// The same from what was kept of a table of contents, in the order of
    /// the restore.
    pub fn from_entries(entries: &[Entry<'_>], major: PgMajor) -> Result<Self, PlanError> {
        let by_id = index_ids(entries)?;
        let graph = Graph::new(entries, &by_id)?;
        let passes: Vec<Pass> = entries.iter().map(|item| Pass::of(item, major)).collect();
        let before_fork = rules::before_fork(entries, &passes);
        let by_rank = by_urgency(entries, &graph.sizes);
        let mut ranks = vec![0; by_rank.len()];
        for (rank, item) in (0..).zip(&by_rank) {
            ranks[item.as_usize()] = rank;
        }
        let order = order::Order::new(&graph, &passes, &before_fork);
        Ok(Self {
            ids: entries.iter().map(|item| item.id).collect(),
            by_id,
            graph,
            wanted: entries.iter().map(|entry| entry.is_wanted).collect(),
            passes,
            before_fork,
            by_rank,
            ranks,
            order,
        })
    }

    /// How many items the archive has.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the archive has no item.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// All items in the order of the table of contents.
    pub fn items(&self) -> impl Iterator<Item = ItemIndex> + use<> {
        (0..self.ids.len() as u32).map(ItemIndex)
    }

    /// The item at this place of the table of contents, from 0.
    pub fn at(&self, place: u32) -> Option<ItemIndex> {
        ((place as usize) < self.ids.len()).then_some(ItemIndex(place))
    }

    /// The item with this number.
    pub fn find(&self, id: DumpId) -> Option<ItemIndex> {
        self.by_id.get(&id).copied()
    }

    /// The number of an item.
    pub fn id(&self, item: ItemIndex) -> DumpId {
        self.ids[item.as_usize()]
    }

    /// The pass in which the item is restored.
    pub fn pass(&self, item: ItemIndex) -> Pass {
        self.passes[item.as_usize()]
    }

    /// Whether restoring the item does anything. What is not wanted still
    /// takes its place in the order, at no cost.
    pub fn is_wanted(&self, item: ItemIndex) -> bool {
        self.wanted[item.as_usize()]
    }

    /// Whether the leader restores the item on its own connection before it
    /// starts the workers.
    pub fn is_before_fork(&self, item: ItemIndex) -> bool {
        self.before_fork[item.as_usize()]
    }

    /// The size by which `pg_restore` from version 12 orders what is ready:
    /// that of the item's own data, or for a post-data item the largest of
    /// the tables that it depends on. 0 where the archive tells no sizes.
    pub fn size(&self, item: ItemIndex) -> Bytes {
        self.graph.sizes[item.as_usize()]
    }

    /// What must be there before the item; for post-data items, tables are
    /// replaced by their data. An item appears as often as it is named.
    pub fn dependencies(&self, item: ItemIndex) -> &[ItemIndex] {
        self.graph.dependencies.of(item)
    }

    /// What waits for the item, in the order of the table of contents.
    pub fn dependents(&self, item: ItemIndex) -> &[ItemIndex] {
        self.graph.dependents.of(item)
    }

    /// The tables (or their data items, standing for them) that the item
    /// locks exclusively: it shares them with no running item that depends
    /// on them.
    pub fn exclusive_locks(&self, item: ItemIndex) -> &[ItemIndex] {
        self.graph.exclusive.of(item)
    }

    /// Whether two items may not run at the same time
    /// (`has_lock_conflicts`, either way round).
    pub fn conflict(&self, one: ItemIndex, other: ItemIndex) -> bool {
        let excludes = |holder, user| {
            let used = self.dependencies(user);
            self.exclusive_locks(holder).iter().any(|table| used.contains(table))
        };
        excludes(one, other) || excludes(other, one)
    }

    /// Items that no pass can reach, because they wait for one another or for
    /// an item of a later pass. `pg_restore` restores them last, serially, in
    /// the order of the table of contents ("processing missed item").
    pub fn missed(&self) -> &[ItemIndex] {
        &self.order.missed
    }

    /// How urgent an item is: 0 goes first.
    pub(crate) fn rank(&self, item: ItemIndex) -> u32 {
        self.ranks[item.as_usize()]
    }

    /// The item of this urgency.
    pub(crate) fn by_rank(&self, rank: u32) -> ItemIndex {
        self.by_rank[rank as usize]
    }

    /// The reverse dependencies, for the layers that count them down.
    pub(crate) fn waits(&self) -> &Edges {
        &self.graph.dependencies
    }
}

/// Numbers to positions, refusing what `pg_restore` cannot tell apart.
fn index_ids(entries: &[Entry<'_>]) -> Result<HashMap<DumpId, ItemIndex>, PlanError> {
    let count = entries.len();
    if u32::try_from(count).is_err() {
        return Err(PlanError::TooManyItems { count });
    }
    let mut by_id = HashMap::with_capacity(count);
    for (place, item) in (0..).zip(entries) {
        if item.id == DumpId(0) {
            return Err(PlanError::ZeroId { place: place as usize + 1 });
        }
        if let Some(ItemIndex(first)) = by_id.insert(item.id, ItemIndex(place)) {
            return Err(PlanError::RepeatedId {
                id: item.id,
                first: first as usize + 1,
                second: place as usize + 1,
            });
        }
    }
    Ok(by_id)
}

/// Larger first, ties by id (`TocEntrySizeCompareQsort`). Sizes never change
/// during a restore, so that one sort replaces every comparison.
fn by_urgency(entries: &[Entry<'_>], sizes: &[Bytes]) -> Vec<ItemIndex> {
    let mut items: Vec<_> = (0..entries.len() as u32).map(ItemIndex).collect();
    items.sort_unstable_by_key(|item| {
        let item = item.as_usize();
        (Reverse(sizes[item]), entries[item].id)
    });
    items
}
