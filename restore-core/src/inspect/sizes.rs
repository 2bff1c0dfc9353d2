//! How large the data of each item is, found where the archive tells it or by
//! reading through the archive where it does not.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::archive::{Archive, ArchiveError};
use crate::format::Format;
use crate::plan::{ItemIndex, Plan};
use crate::selection::Selected;
use crate::toc::{DataOffset, Item, ItemKind, Section};
use crate::units::{Bytes, DumpId};

/// Where the sizes of items come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizesFrom {
    /// The table of contents or the sizes of files: what `pg_restore` knows.
    TableOfContents,
    /// The archive was read through: `pg_restore` does not know them.
    ReadingThrough,
}

/// Sizes by place in the table of contents that is restored; what is left out
/// has none.
#[derive(Debug)]
pub(super) struct Sizes {
    own: Vec<Option<Bytes>>,
    counted: Vec<Bytes>,
    pub(super) from: SizesFrom,
}

impl Sizes {
    pub(super) fn new(
        archive: &Archive,
        selected: &Selected<'_>,
        plan: &Plan,
    ) -> Result<Self, ArchiveError> {
        let items = &selected.toc().items;
        let (stored, from) = stored(archive)?;
        let mut own = vec![None; items.len()];
        for (place, item) in selected.kept() {
            own[place] = stored.get(&item.id).copied();
            // In files, what pg_restore counts for large objects is a guess.
            if item.kind == ItemKind::Blobs && item.data != DataOffset::NoData {
                own[place] = archive.large_objects(item)?.stored_bytes()?.or(own[place]);
            }
        }
        // What pg_restore counts, with sizes that it may not know: a post-data
        // item is as large as the largest of the tables that it depends on.
        let size = |place: usize| own[place].unwrap_or_default();
        let inherited = |place: ItemIndex| {
            let tables = plan.dependencies(place).iter().map(|table| size(table.as_usize()));
            tables.chain([size(place.as_usize())]).max().unwrap_or_default()
        };
        let counted = plan
            .items()
            .map(|place| match items[place.as_usize()].section {
                Section::PostData => inherited(place),
                _ => size(place.as_usize()),
            })
            .collect();
        Ok(Self { own, counted, from })
    }

    /// All data that is restored.
    pub(super) fn total(&self) -> Bytes {
        self.own.iter().flatten().copied().sum()
    }

    /// The size of the item's own data, where it has any and it is known.
    pub(super) fn own(&self, place: usize) -> Option<Bytes> {
        self.own[place]
    }

    /// The size that the item counts by.
    pub(super) fn counted(&self, item: ItemIndex) -> Bytes {
        self.counted[item.as_usize()]
    }
}

/// The sizes of all data, whatever is restored of it: those that `pg_restore`
/// takes for a list's order are not those of the data.
fn stored(archive: &Archive) -> Result<(HashMap<DumpId, Bytes>, SizesFrom), ArchiveError> {
    if archive.format() == Format::Custom && archive.lacks_offsets() {
        let extents = archive.extents()?.iter();
        let sizes = extents.map(|(&id, extent)| (id, extent.length)).collect();
        return Ok((sizes, SizesFrom::ReadingThrough));
    }
    let size = |item: &Item| Some((item.id, item.data_length?));
    let sizes = archive.toc().items.iter().filter_map(size).collect();
    Ok((sizes, SizesFrom::TableOfContents))
}
