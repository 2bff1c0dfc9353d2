//! Archives: what `pg_dump` wrote, read without PostgreSQL.
//!
//! [`Archive::open`] takes a custom file, a directory or a tar file, of the
//! formats 1.10 to 1.16 (PostgreSQL 8.0 to 18), and has its [`Header`] and
//! its table of contents complete. [`Archive::data`] and
//! [`Archive::large_objects`] read what the items hold; [`Archive::write_list`]
//! prints what `pg_restore -l` prints; [`Archive::row_counts`] counts.
//!
//! Nothing that an archive says is believed before the bytes are there: a
//! damaged or hostile one gives an [`ArchiveError`], never a panic, an
//! allocation beyond what it holds, or a read outside of it.

mod codec;
mod contents;
mod custom;
mod data;
mod detect;
mod directory;
mod encoding;
mod entry;
mod error;
mod files;
mod foreign;
mod header;
mod large_objects;
mod list;
mod name;
mod rows;
mod source;
mod spool;
mod tar;
mod version;
mod wire;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

pub use custom::Extent;
pub use data::DataStream;
pub use encoding::TextEncoding;
pub use error::{ArchiveError, ArchiveErrorKind};
pub use foreign::{Compressor, Foreign, Recoding};
pub use header::{Header, LocalTime};
pub use large_objects::LargeObjects;
pub use list::write_list;
pub use name::QualifiedName;
pub use rows::RowCounts;
pub use version::ArchiveVersion;
pub use wire::Widths;

use contents::{Contents, Place};
use custom::Custom;
use files::Files;
use source::Source;
use spool::Spool;

use crate::format::Format;
use crate::toc::{DataOffset, Item, ItemKind, Toc};
use crate::units::DumpId;

/// An archive whose table of contents has been read.
///
/// ```
/// use restore_core::archive::{Archive, RowCounts};
/// use restore_core::toc::ItemKind;
/// use restore_core::units::Jobs;
///
/// let archive = Archive::open("tests/archives/18/custom")?;
/// assert_eq!(archive.header().dumped_by_major(), Some(18));
/// let is_data = |kind: &ItemKind| *kind == ItemKind::TableData;
/// let tables = archive.toc().items.iter().filter(|item| is_data(&item.kind)).count();
/// let RowCounts::Exact(rows) = archive.row_counts(Jobs::ONE)? else {
///     panic!("the rows are COPY data");
/// };
/// assert_eq!(rows.len(), tables);
/// # Ok::<(), restore_core::archive::ArchiveError>(())
/// ```
#[derive(Debug)]
pub struct Archive {
    path: Arc<Path>,
    header: Header,
    encoding: TextEncoding,
    toc: Toc,
    /// With texts that stand for their bytes, where that makes a difference.
    spelled: Option<Toc>,
    store: Store,
    /// Filled by the first scan of a custom archive.
    extents: OnceLock<BTreeMap<DumpId, Extent>>,
}

/// Where the data is.
#[derive(Debug)]
enum Store {
    Custom(Box<Custom>),
    Files(Arc<Files>),
}

impl Archive {
    /// Opens the archive at `path`, whichever of the three formats it has,
    /// and reads its table of contents.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        let path = path.as_ref();
        Contents::open(path)
            .and_then(|contents| Self::read(path, contents))
            .map_err(|error| error.in_file(path))
    }

    /// Reads a custom or tar archive that is in memory. Errors name it by
    /// `name`, as if it were a path.
    pub fn from_bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Result<Self, ArchiveError> {
        let path = Path::new(name);
        Contents::in_source(path, Source::Memory(bytes.into()))
            .and_then(|contents| Self::read(path, contents))
            .map_err(|error| error.in_file(path))
    }

    /// Reads a custom or tar archive that is still coming, as from a pipe. What
    /// has come is kept in `store`, an empty file; who reads further waits. Of a
    /// tar archive, whose members are listed first, that is until its end.
    pub fn arriving(
        name: &str,
        input: impl Read + Send + 'static,
        store: File,
    ) -> Result<Self, ArchiveError> {
        let path = Path::new(name);
        Contents::in_source(path, Source::Arriving(Spool::fill(store, input)))
            .and_then(|contents| Self::read(path, contents))
            .map_err(|error| error.in_file(path))
    }

    /// Whether more of the archive may still come: then its data should be read
    /// in its own order.
    pub fn is_arriving(&self) -> bool {
        matches!(&self.store, Store::Custom(custom) if custom.source.length().is_none())
    }

    fn read(path: &Path, mut contents: Contents) -> Result<Self, ArchiveError> {
        let mut entries = contents.read_entries()?;
        contents.header.database =
            contents.database.as_deref().map(|name| entries.encoding.decode_outside(name));
        let store = match contents.place {
            Place::Custom(source) => {
                custom::set_lengths(&mut entries.toc, entries.end, source.length())?;
                let widths = contents.header.widths;
                Store::Custom(Box::new(Custom::new(source, widths, entries.end)))
            }
            Place::Files(files) => {
                files.set_lengths(&mut entries.toc)?;
                Store::Files(files)
            }
        };
        Ok(Self {
            path: path.into(),
            header: contents.header,
            encoding: entries.encoding,
            spelled: spelled(&entries.toc, entries.spelled),
            toc: entries.toc,
            store,
            extents: OnceLock::new(),
        })
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Custom, directory or tar.
    pub fn format(&self) -> Format {
        self.header.format
    }

    /// What its head says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The encoding of its definitions and of its COPY data, which a session
    /// needs as `client_encoding` to take them; all texts here are decoded.
    pub fn encoding(&self) -> TextEncoding {
        self.encoding
    }

    /// Its table of contents.
    pub fn toc(&self) -> &Toc {
        &self.toc
    }

    /// The same with texts that stand for the bytes of the archive
    /// ([`crate::spelling`]): a server that converts nothing must receive those.
    pub fn toc_in_bytes(&self) -> &Toc {
        self.spelled.as_ref().unwrap_or(&self.toc)
    }

    /// Whether some item's place is not known: the archive was written to a
    /// pipe. `pg_restore -j` then knows no sizes to order items by, and every
    /// worker searches for its data from the start.
    pub fn lacks_offsets(&self) -> bool {
        self.toc.items.iter().any(|item| item.data == DataOffset::NotSet)
    }

    /// Whether the data of some table is SQL (`pg_dump --inserts`) rather
    /// than COPY.
    pub fn has_inserts(&self) -> bool {
        self.toc.items.iter().any(|item| item.kind == ItemKind::TableData && !item.is_copied())
    }

    /// Where the blocks of a custom archive lie, found by reading through it
    /// once; of an archive that was written to a pipe nothing else tells.
    /// Empty for directory and tar archives, whose items have files.
    pub fn extents(&self) -> Result<&BTreeMap<DumpId, Extent>, ArchiveError> {
        if let Some(extents) = self.extents.get() {
            return Ok(extents);
        }
        let found = match &self.store {
            Store::Custom(custom) => custom.extents().map_err(|error| error.in_file(&self.path))?,
            Store::Files(_) => BTreeMap::new(),
        };
        // Another thread may have been first; what it found is the same.
        Ok(self.extents.get_or_init(|| found))
    }
}

/// A table of contents with some of its items in another spelling.
fn spelled(toc: &Toc, items: Vec<(usize, Item)>) -> Option<Toc> {
    if items.is_empty() {
        return None;
    }
    let mut spelled = toc.clone();
    for (place, item) in items {
        let of_toc = &mut spelled.items[place];
        let data_length = of_toc.data_length;
        *of_toc = Item { data_length, ..item };
    }
    Some(spelled)
}
