//! The table of contents of a restore: the archive's, or in the order of a
//! list.

use std::collections::HashMap;
use std::sync::Arc;

use super::source::DataItem;
use crate::archive::Archive;
use crate::plan::ItemIndex;
use crate::selection::Selected;
use crate::spelling::spell;
use crate::toc::{Item, Toc};
use crate::units::{DumpId, PgMajor};

/// Passes and sizes are those of PostgreSQL 18, whichever the server is: later
/// versions only corrected the order.
pub(crate) const NEWEST_RULES: PgMajor = PgMajor(18);

/// How the SQL of an archive reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqlEncoding {
    /// In UTF-8, which the server converts.
    Converted,
    /// As the bytes of the archive, since nobody converts them or the server
    /// alone can.
    Bytes,
}

impl SqlEncoding {
    /// `server` is the encoding of the database, where that is known.
    pub(crate) fn of(archive: &Archive, server: Option<&str>) -> Self {
        if archive.encoding().is_sent_in_bytes() || server == Some("SQL_ASCII") {
            Self::Bytes
        } else {
            Self::Converted
        }
    }

    /// The archive's table of contents in texts that can be sent.
    pub(crate) fn toc(self, archive: &Archive) -> &Toc {
        match self {
            Self::Converted => archive.toc(),
            Self::Bytes => archive.toc_in_bytes(),
        }
    }

    /// SQL among the archive's data as a text that can be sent.
    pub(crate) fn text(self, archive: &Archive, sql: &[u8]) -> String {
        match self {
            Self::Converted => archive.encoding().decode(sql),
            Self::Bytes => spell(sql),
        }
    }
}

/// An archive and the order in which its items are restored. Items are named
/// by their places in that order.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) archive: Arc<Archive>,
    pub(crate) sql: SqlEncoding,
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
    /// `selected` are items of the archive's [`SqlEncoding::toc`].
    pub(crate) fn new(archive: Arc<Archive>, sql: SqlEncoding, selected: &Selected<'_>) -> Self {
        let is_same = std::ptr::eq(selected.toc(), sql.toc(&archive));
        let reordered = (!is_same).then(|| Reordered {
            toc: selected.toc().clone(),
            places: archive.toc().items.iter().map(|item| item.id).zip(0..).collect(),
        });
        Self { archive, sql, reordered }
    }

    pub(crate) fn toc(&self) -> &Toc {
        self.reordered.as_ref().map_or(self.sql.toc(&self.archive), |reordered| &reordered.toc)
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
