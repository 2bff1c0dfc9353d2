//! What planning looks at in an item, wherever it was kept.

use crate::toc::{Item, ItemKind, Section};
use crate::units::{Bytes, DumpId};

/// The position of an item in the table of contents.
///
/// Cheaper than its [`DumpId`], and dense: the plan's tables are indexed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemIndex(pub(super) u32);

impl ItemIndex {
    /// The position as an index into [`Toc::items`](crate::toc::Toc::items).
    pub fn as_usize(self) -> usize {
        self.0 as usize
    }

    /// A position that belongs to no plan.
    #[cfg(test)]
    pub(crate) fn for_test(place: u32) -> Self {
        Self(place)
    }
}

/// An item as planning sees it: of an archive's table of contents, or of a
/// record that outlives the archive.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its number.
    pub id: DumpId,
    /// What kind of object it is.
    pub kind: &'a ItemKind,
    /// Which part of the restore it belongs to.
    pub section: Section,
    /// Its name as the archive gives it.
    pub name: &'a str,
    /// Whether anything is restored of it; if not, it takes its place in the
    /// order at no cost.
    pub is_wanted: bool,
    /// Items that must be there first.
    pub dependencies: &'a [DumpId],
    /// How large its data is taken to be: see [`Item::data_length`].
    pub data_length: Option<Bytes>,
}

impl<'a> Entry<'a> {
    /// An item of a table of contents, and whether anything is restored of it.
    pub fn new(item: &'a Item, is_wanted: bool) -> Self {
        Self {
            id: item.id,
            kind: &item.kind,
            section: item.section,
            name: item.name(),
            is_wanted,
            dependencies: &item.dependencies,
            data_length: item.data_length,
        }
    }
}
