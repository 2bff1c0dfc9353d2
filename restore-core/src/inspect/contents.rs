//! What an archive holds, by section and kind, and how its data is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::selection::Selected;
use crate::toc::{DataOffset, ItemKind, Section};
use crate::units::Bytes;

use super::sizes::{Sizes, SizesFrom};
use super::words::share;

/// The items of one kind in one section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContentRow {
    /// The section.
    pub section: Section,
    /// The kind, in the archive's words.
    pub kind: ItemKind,
    /// How many items.
    pub items: u64,
    /// Their data as stored; `null` where they have none.
    pub data_bytes: Option<Bytes>,
    /// Their part of all data.
    pub data_share: f64,
}

/// How the data of an archive is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// All data as stored.
    pub bytes: Bytes,
    /// Where the sizes come from.
    pub sizes_from: SizesFrom,
    /// Items whose place is not in the table of contents.
    pub without_offset: u64,
    /// Items with data.
    pub with_data: u64,
    /// Tables whose rows are INSERT commands rather than COPY.
    pub as_inserts: u64,
}

impl Data {
    pub(super) fn new(selected: &Selected<'_>, sizes: &Sizes) -> Self {
        let items = || selected.kept().map(|(_, item)| item);
        let count = |holds: fn(&DataOffset) -> bool| items().filter(|i| holds(&i.data)).count();
        let sql = items().filter(|item| item.kind == ItemKind::TableData && !item.is_copied());
        Self {
            bytes: sizes.total(),
            sizes_from: sizes.from,
            without_offset: count(|data| *data == DataOffset::NotSet) as u64,
            with_data: count(|data| *data != DataOffset::NoData) as u64,
            as_inserts: sql.count() as u64,
        }
    }
}

/// The contents by section and kind: sections in their order, in each the
/// most frequent kind first.
pub(super) fn rows(selected: &Selected<'_>, sizes: &Sizes) -> Vec<ContentRow> {
    let mut found: BTreeMap<(Section, &ItemKind), (u64, Option<Bytes>)> = BTreeMap::new();
    for (place, item) in selected.kept() {
        let (items, bytes) = found.entry((item.section, &item.kind)).or_default();
        *items += 1;
        if let Some(own) = sizes.own(place) {
            *bytes = Some(bytes.unwrap_or_default().saturating_add(own));
        }
    }
    let total = u128::from(sizes.total().0);
    let mut rows: Vec<ContentRow> = found
        .into_iter()
        .map(|((section, kind), (items, data_bytes))| ContentRow {
            section,
            kind: kind.clone(),
            items,
            data_bytes,
            data_share: share(u128::from(data_bytes.unwrap_or_default().0), total),
        })
        .collect();
    // Stable: equal ones stay in the order of their names.
    rows.sort_by_key(|row| (order(row.section), std::cmp::Reverse(row.items)));
    rows
}

/// What belongs to no section is shown last.
fn order(section: Section) -> u8 {
    match section {
        Section::PreData => 0,
        Section::Data => 1,
        Section::PostData => 2,
        Section::None => 3,
    }
}
