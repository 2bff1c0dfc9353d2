//! The tables of an archive with what is made on them after their data.

use serde::{Deserialize, Serialize};

use crate::plan::{ItemIndex, Plan};
use crate::selection::Selected;
use crate::toc::{Item, ItemKind, Section};
use crate::units::Bytes;

use super::sizes::Sizes;
use super::words::{item_at, qualified, share};

/// A table that has data in the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// Its name with its schema.
    pub name: String,
    /// Its data as stored, where that is known.
    pub data_bytes: Option<Bytes>,
    /// Its part of the data of all items.
    pub data_share: f64,
    /// What is made on it after its data, in the archive's order.
    pub after: Vec<OnTable>,
}

/// Something that is made on a table after its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnTable {
    /// Its kind.
    pub kind: ItemKind,
    /// Its name, without the table's.
    pub name: String,
}

/// All tables with data, the largest first.
pub(super) fn all(selected: &Selected<'_>, plan: &Plan, sizes: &Sizes) -> Vec<TableRow> {
    let toc = selected.toc();
    let own = |place: usize| sizes.own(place).unwrap_or_default();
    let total = u128::from(sizes.total().0);
    let mut tables: Vec<(ItemIndex, Bytes)> = plan
        .items()
        .filter(|&place| item_at(toc, place).kind == ItemKind::TableData)
        .filter(|place| !selected.is_left_out(place.as_usize()))
        .map(|place| (place, own(place.as_usize())))
        .collect();
    // Stable: equal ones stay in the archive's order.
    tables.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
    let row = |(place, bytes): (ItemIndex, Bytes)| TableRow {
        name: qualified(item_at(toc, place)),
        data_bytes: sizes.own(place.as_usize()),
        data_share: share(u128::from(bytes.0), total),
        after: after(selected, plan, place),
    };
    tables.into_iter().map(row).collect()
}

fn after(selected: &Selected<'_>, plan: &Plan, table: ItemIndex) -> Vec<OnTable> {
    let toc = selected.toc();
    let data = item_at(toc, table);
    let is_kept = |place: &&ItemIndex| !selected.is_left_out(place.as_usize());
    let waits = plan.dependents(table).iter().filter(is_kept).map(|&place| item_at(toc, place));
    let mut found: Vec<OnTable> = waits
        .filter(|item| item.section == Section::PostData && is_on(item, data))
        .map(|item| OnTable { kind: item.kind.clone(), name: own_name(item, data) })
        .collect();
    // An item that names a table twice depends on it twice.
    found.dedup();
    found
}

/// Whether an item is made on this table rather than refer to it: names of
/// keys begin with their table's.
fn is_on(item: &Item, data: &Item) -> bool {
    match item.kind {
        ItemKind::ForeignKey | ItemKind::Trigger | ItemKind::Rule | ItemKind::Policy => {
            item.namespace == data.namespace && strip_table(item, data).is_some()
        }
        _ => true,
    }
}

fn own_name(item: &Item, data: &Item) -> String {
    strip_table(item, data).unwrap_or(item.name()).to_owned()
}

fn strip_table<'a>(item: &'a Item, data: &Item) -> Option<&'a str> {
    item.name().strip_prefix(data.name())?.strip_prefix(' ')
}
