//! The data of items, decompressed as it is read.

use std::fmt;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;

use super::codec::{Decoder, Wrapping};
use super::custom::{BlockKind, Chunks, Extent};
use super::error::{ArchiveError, ArchiveErrorKind};
use super::{Archive, Store};
use crate::format::Method;
use crate::toc::{DataOffset, Item, ItemKind};
use crate::units::{Bytes, DumpId};

/// The data of one item, or of one large object, decompressed.
///
/// Reads what `pg_restore` would send: of a table, the rows of its COPY with
/// the closing `\.`, or SQL where the archive was made with `--inserts`.
/// Memory is bounded whatever the size. Errors are [`ArchiveError`]s inside
/// [`io::Error`]s: [`ArchiveError::from_io`] gets them out.
pub struct DataStream<'a> {
    decoder: Decoder<Box<dyn BufRead + Send + 'a>>,
    origin: Origin,
}

/// What a stream belongs to, for its errors.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) path: Arc<Path>,
    pub(super) item: DumpId,
    pub(super) method: Method,
}

impl Origin {
    /// `error` with what is known of where it arose. What is no archive
    /// error and no refusal of the operating system comes from a
    /// decompressor.
    pub(super) fn explain(&self, error: io::Error) -> ArchiveError {
        let explained = match error.downcast::<ArchiveError>() {
            Ok(known) => known,
            Err(error) if error.raw_os_error().is_some() => {
                ArchiveError::new(ArchiveErrorKind::Io(error))
            }
            Err(error) => ArchiveError::new(ArchiveErrorKind::Corrupt {
                method: self.method,
                message: error.to_string(),
            }),
        };
        explained.of_item(self.item).in_file(&self.path)
    }
}

impl<'a> DataStream<'a> {
    pub(super) fn new(
        input: Box<dyn BufRead + Send + 'a>,
        wrapping: Wrapping,
        origin: Origin,
    ) -> Result<Self, ArchiveError> {
        match Decoder::new(input, origin.method, wrapping) {
            Ok(decoder) => Ok(Self { decoder, origin }),
            Err(error) => Err(origin.explain(error)),
        }
    }
}

impl Read for DataStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => self.origin.explain(error).into(),
        })
    }
}

impl fmt::Debug for DataStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataStream").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Archive {
    /// The data of `item`, which must be one of this archive's, from its
    /// beginning. Every call opens the archive anew, so that threads can read
    /// different items at once.
    ///
    /// Large objects are not one stream: see [`Archive::large_objects`].
    pub fn data(&self, item: &Item) -> Result<DataStream<'static>, ArchiveError> {
        self.open_data(item).map_err(|error| error.of_item(item.id).in_file(&self.path))
    }

    fn open_data(&self, item: &Item) -> Result<DataStream<'static>, ArchiveError> {
        let no_data = || ArchiveError::new(ArchiveErrorKind::NoData);
        if item.kind == ItemKind::Blobs {
            return Err(no_data());
        }
        match &self.store {
            Store::Custom(_) => match self.block(item)? {
                (BlockKind::Data, chunks) => {
                    let origin = self.origin(item.id, self.header.compression.method());
                    DataStream::new(Box::new(chunks), Wrapping::Zlib, origin)
                }
                (BlockKind::LargeObjects, _) => Err(no_data()),
            },
            Store::Files(files) => {
                let DataOffset::File(name) = &item.data else {
                    return Err(no_data());
                };
                let found = files.find(name)?;
                let origin = self.origin(item.id, found.method);
                DataStream::new(files.open(&found)?, Wrapping::Gzip, origin)
            }
        }
    }

    /// The chunks of `item`'s block in a custom archive.
    pub(super) fn block(&self, item: &Item) -> Result<(BlockKind, Chunks), ArchiveError> {
        let no_data = || ArchiveError::new(ArchiveErrorKind::NoData);
        let Store::Custom(custom) = &self.store else {
            return Err(no_data());
        };
        let extent = match item.data {
            DataOffset::At(offset) => {
                Extent { offset, length: item.data_length.unwrap_or(Bytes(u64::MAX)) }
            }
            DataOffset::NotSet => {
                let found = custom.find(item.id)?;
                found.ok_or_else(|| ArchiveError::new(ArchiveErrorKind::MissingData(None)))?
            }
            DataOffset::NoData | DataOffset::File(_) => return Err(no_data()),
        };
        custom.block(extent, item.id)
    }

    pub(super) fn origin(&self, item: DumpId, method: Method) -> Origin {
        Origin { path: Arc::clone(&self.path), item, method }
    }
}
