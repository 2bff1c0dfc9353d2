//! How large the data of each item is, found where the archive tells it or by
//! reading through the archive where it does not.

use crate::archive::{Archive, ArchiveError};
use crate::format::Format;
use crate::plan::{ItemIndex, Plan};
use crate::toc::{DataOffset, ItemKind, Section};
use crate::units::Bytes;

use super::contents::SizesFrom;

/// Sizes by place in the table of contents.
#[derive(Debug)]
pub(super) struct Sizes {
    own: Vec<Option<Bytes>>,
    counted: Vec<Bytes>,
    pub(super) from: SizesFrom,
}

impl Sizes {
    pub(super) fn new(archive: &Archive, plan: &Plan) -> Result<Self, ArchiveError> {
        let items = &archive.toc().items;
        let mut own: Vec<Option<Bytes>> = items.iter().map(|item| item.data_length).collect();
        let mut from = SizesFrom::TableOfContents;
        if archive.format() == Format::Custom && archive.lacks_offsets() {
            let extents = archive.extents()?;
            for (place, item) in items.iter().enumerate() {
                own[place] = extents.get(&item.id).map(|extent| extent.length);
            }
            from = SizesFrom::ReadingThrough;
        }
        // In files, what pg_restore counts for large objects is a guess.
        for (place, item) in items.iter().enumerate() {
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

    /// The size of the item's own data, where it has any and it is known.
    pub(super) fn own(&self, place: usize) -> Option<Bytes> {
        self.own[place]
    }

    /// The size that the item counts by.
    pub(super) fn counted(&self, item: ItemIndex) -> Bytes {
        self.counted[item.as_usize()]
    }
}
