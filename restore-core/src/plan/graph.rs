//! The dependency graph as `pg_restore` rewrites it (`fix_dependencies`).
//!
//! Left out: the repair for large object comments of archives older than
//! format 1.11 (PostgreSQL 8.3), which parallel restores do not meet today.

use std::collections::HashMap;

use crate::toc::{ItemKind, Section};
use crate::units::{Bytes, DumpId};

use super::{Entry, ItemIndex, PlanError, rules};

/// For each item a list of items, all in one allocation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edges {
    /// Where each item's list starts; one more entry than there are items.
    starts: Vec<usize>,
    targets: Vec<ItemIndex>,
}

impl Edges {
    fn with_capacity(items: usize) -> Self {
        let mut starts = Vec::with_capacity(items + 1);
        starts.push(0);
        Self { starts, targets: Vec::with_capacity(items) }
    }

    /// Appends the list of the next item.
    fn push(&mut self, targets: impl Iterator<Item = ItemIndex>) {
        self.targets.extend(targets);
        self.starts.push(self.targets.len());
    }

    /// The list of an item.
    pub(crate) fn of(&self, item: ItemIndex) -> &[ItemIndex] {
        let at = item.as_usize();
        &self.targets[self.starts[at]..self.starts[at + 1]]
    }

    /// How many entries each item's list has.
    pub(crate) fn degrees(&self) -> Vec<u32> {
        self.starts.windows(2).map(|pair| (pair[1] - pair[0]) as u32).collect()
    }

    /// The same edges seen from the other end, each list in the order of the
    /// sources: the order in which `pg_restore` fills `revDeps`.
    fn reversed(&self) -> Self {
        let items = self.starts.len() - 1;
        let mut starts = vec![0; items + 1];
        for target in &self.targets {
            starts[target.as_usize() + 1] += 1;
        }
        for at in 0..items {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut targets = vec![ItemIndex(0); self.targets.len()];
        for source in (0..items as u32).map(ItemIndex) {
            for target in self.of(source) {
                let place = &mut next[target.as_usize()];
                targets[*place] = source;
                *place += 1;
            }
        }
        Self { starts, targets }
    }
}

/// Who waits for whom, who locks what, and how large each item counts.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    /// What each item waits for. Dependencies that the archive lacks are
    /// left out: nothing waits for them, and nothing can lock them.
    pub(super) dependencies: Edges,
    /// What waits for each item.
    pub(super) dependents: Edges,
    /// The tables that each item locks exclusively, each once.
    pub(super) exclusive: Edges,
    /// Each item's size for the order of what is ready.
    pub(super) sizes: Vec<Bytes>,
}

impl Graph {
    pub(super) fn new(
        entries: &[Entry<'_>],
        by_id: &HashMap<DumpId, ItemIndex>,
    ) -> Result<Self, PlanError> {
        let data_of = table_data(entries, by_id)?;
        let count = entries.len();
        let mut dependencies = Edges::with_capacity(count);
        let mut exclusive = Edges::with_capacity(count);
        let mut sizes: Vec<Bytes> =
            entries.iter().map(|item| item.data_length.unwrap_or_default()).collect();

        let mut waits_for = Vec::new();
        for (place, item) in entries.iter().enumerate() {
            waits_for.clear();
            for id in item.dependencies {
                // repoint_table_dependencies: what comes after the data waits
                // for a table's data instead of the table (which need not be
                // in the archive), and counts as large as the largest of
                // these, so that work on large tables does not come last.
                if let Some(&data) = data_of.get(id)
                    && item.section == Section::PostData
                {
                    waits_for.push(data);
                    sizes[place] = sizes[place].max(sizes[data.as_usize()]);
                } else if let Some(&named) = by_id.get(id) {
                    waits_for.push(named);
                }
            }
            dependencies.push(waits_for.iter().copied());
            if !rules::locks_exclusively(item) {
                waits_for.clear();
            }
            waits_for.retain(|table| rules::is_lockable(&entries[table.as_usize()]));
            waits_for.sort_unstable();
            waits_for.dedup();
            exclusive.push(waits_for.iter().copied());
        }
        let dependents = dependencies.reversed();
        Ok(Self { dependencies, dependents, exclusive, sizes })
    }
}

/// From the id of a table to the item with its rows: a TABLE DATA item's
/// first dependency is its table (`buildTocEntryArrays`).
fn table_data(
    entries: &[Entry<'_>],
    by_id: &HashMap<DumpId, ItemIndex>,
) -> Result<HashMap<DumpId, ItemIndex>, PlanError> {
    let max = by_id.keys().copied().max().unwrap_or(DumpId(0));
    let mut data_of = HashMap::new();
    for (place, item) in (0..).zip(entries) {
        if *item.kind != ItemKind::TableData {
            continue;
        }
        let Some(&table) = item.dependencies.first() else { continue };
        if table == DumpId(0) || table > max {
            return Err(PlanError::TableOutOfRange { id: item.id, table, max });
        }
        data_of.insert(table, ItemIndex(place));
    }
    Ok(data_of)
}
