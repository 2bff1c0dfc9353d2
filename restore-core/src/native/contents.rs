//! The table of contents of a restore: the archive's, or in the order of a
//! list.

use std::collections::HashMap;
use std::sync::Arc;

use super::source::DataItem;
use crate::archive::Archive;
use crate::plan::ItemIndex;
use crate::selection::Selected;
use crate::toc::{Item, Toc};
use crate::units::{DumpId, PgMajor};

/// Passes and sizes are those of PostgreSQL 18, whichever the server is: later
/// versions only corrected the order.
pub(crate) const NEWEST_RULES: PgMajor = PgMajor(18);

/// An archive and the order in which its items are restored. Items are named
/// by their places in that order.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) archive: Arc<Archive>,
    reordered: Option<Reordered>,
}

/// A table of contents in another order than the archive's.
#[derive(Debug)]
struct Reordered {
    toc: Toc,
    /// Places in the archive, which reads data by its own items: the lengths
    /// of those in `toc` are distances in the order of the list.
    places: HashMap<DumpId, usize>,
}

impl Contents {
    pub(crate) fn new(archive: Arc<Archive>, selected: &Selected<'_>) -> Self {
        let is_same = std::ptr::eq(selected.toc(), archive.toc());
        let reordered = (!is_same).then(|| Reordered {
            toc: selected.toc().clone(),
            places: archive.toc().items.iter().map(|item| item.id).zip(0..).collect(),
        });
        Self { archive, reordered }
    }

    pub(crate) fn toc(&self) -> &Toc {
        self.reordered.as_ref().map_or(self.archive.toc(), |reordered| &reordered.toc)
    }

    pub(crate) fn item(&self, item: ItemIndex) -> &Item {
        &self.toc().items[item.as_usize()]
    }

    /// The item as the archive has it, for reading its data.
    pub(crate) fn data(&self, item: ItemIndex) -> DataItem {
        let own = item.as_usize();
        let place = match &self.reordered {
            None => own,
            Some(reordered) => reordered.places.get(&self.item(item).id).copied().unwrap_or(own),
        };
        DataItem { archive: Arc::clone(&self.archive), place }
    }
}
