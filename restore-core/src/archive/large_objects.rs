//! Large objects: one item holds many, each with an OID of its own.
//!
//! In a custom archive they follow one another in the item's block; in a
//! directory or tar archive each is a file, and a list names them
//! (`<oid> <file name>` a line).

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use super::codec::{Decoder, Wrapping};
use super::custom::{BlockKind, Chunks};
use super::data::DataStream;
use super::error::{ArchiveError, ArchiveErrorKind};
use super::files::Files;
use super::wire::parse_decimal;
use super::{Archive, Store};
use crate::toc::{DataOffset, Item, ItemKind};
use crate::units::{Bytes, DumpId, Oid};

/// `MAXPGPATH`: no line of a list is longer.
const LONGEST_LINE: u64 = 1024;

/// The large objects of one item, in the archive's order.
///
/// An object is read from the archive while it is held, so this is no
/// iterator: ask [`LargeObjects::next_object`] until it gives `None`. What
/// was not read of an object is passed over.
pub struct LargeObjects<'a> {
    archive: &'a Archive,
    item: DumpId,
    place: Place<'a>,
}

enum Place<'a> {
    Block(Chunks),
    List { files: &'a Files, list: List },
}

impl fmt::Debug for LargeObjects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LargeObjects").field("item", &self.item).finish_non_exhaustive()
    }
}

impl Archive {
    /// The large objects of `item`, which must be one of this archive's of
    /// kind `BLOBS`.
    pub fn large_objects(&self, item: &Item) -> Result<LargeObjects<'_>, ArchiveError> {
        let open = || {
            let place = match (&item.kind, &self.store, &item.data) {
                (ItemKind::Blobs, Store::Custom(_), _) => match self.block(item)? {
                    (BlockKind::LargeObjects, chunks) => Place::Block(chunks),
                    (BlockKind::Data, _) => {
                        let what = "the block of large objects holds table data";
                        return Err(ArchiveError::malformed(what));
                    }
                },
                (ItemKind::Blobs, Store::Files(files), DataOffset::File(name)) => {
                    Place::List { files, list: List::open(files, name)? }
                }
                _ => return Err(ArchiveError::new(ArchiveErrorKind::NoData)),
            };
            Ok(LargeObjects { archive: self, item: item.id, place })
        };
        open().map_err(|error: ArchiveError| error.of_item(item.id).in_file(&self.path))
    }
}

impl LargeObjects<'_> {
    /// The next object's OID and contents; `None` behind the last.
    pub fn next_object(&mut self) -> Result<Option<(Oid, DataStream<'_>)>, ArchiveError> {
        let (archive, item) = (self.archive, self.item);
        self.open_next().map_err(|error| error.of_item(item).in_file(&archive.path))
    }

    /// How many bytes the objects take as stored, where each is a file; `None`
    /// in a custom archive, whose blocks tell ([`Item::data_length`]).
    pub fn stored_bytes(mut self) -> Result<Option<Bytes>, ArchiveError> {
        let (archive, item) = (self.archive, self.item);
        self.sum_files().map_err(|error| error.of_item(item).in_file(&archive.path))
    }

    fn sum_files(&mut self) -> Result<Option<Bytes>, ArchiveError> {
        let Place::List { files, list } = &mut self.place else { return Ok(None) };
        let mut sum = Bytes::ZERO;
        while let Some((_, name)) = list.next_line()? {
            sum = sum.saturating_add(Bytes(files.size(&files.find(&name)?)?));
        }
        Ok(Some(sum))
    }

    fn open_next(&mut self) -> Result<Option<(Oid, DataStream<'_>)>, ArchiveError> {
        match &mut self.place {
            Place::Block(chunks) => {
                let Some(oid) = chunks.next_object()? else {
                    return Ok(None);
                };
                let method = self.archive.header.compression.method();
                let origin = self.archive.origin(self.item, method);
                Ok(Some((oid, DataStream::new(Box::new(chunks), Wrapping::Zlib, origin)?)))
            }
            Place::List { files, list } => {
                let Some((oid, name)) = list.next_line()? else {
                    return Ok(None);
                };
                let found = files.find(&name)?;
                let origin = self.archive.origin(self.item, found.method);
                Ok(Some((oid, DataStream::new(files.open(&found)?, Wrapping::Gzip, origin)?)))
            }
        }
    }
}

/// A `blobs.toc` or `blobs_<item>.toc`.
struct List {
    lines: Box<dyn BufRead + Send>,
    position: u64,
}

impl List {
    fn open(files: &Files, name: &str) -> Result<Self, ArchiveError> {
        let found = files.find(&files.large_object_list(name))?;
        let input = files.open(&found)?;
        let decoder =
            Decoder::new(input, found.method, Wrapping::Gzip).map_err(ArchiveError::from_io)?;
        Ok(Self { lines: Box::new(BufReader::new(decoder)), position: 0 })
    }

    /// The OID and the file name of the next line.
    fn next_line(&mut self) -> Result<Option<(Oid, String)>, ArchiveError> {
        let start = self.position;
        let mut line = Vec::new();
        (&mut self.lines)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(ArchiveError::from_io)?;
        self.position += line.len() as u64;
        if line.is_empty() {
            return Ok(None);
        }
        parse_line(&line).map(Some).ok_or_else(|| {
            let seen = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
            ArchiveError::malformed(format!("{seen:?} is no line of a list of large objects"))
                .at(start)
        })
    }
}

fn parse_line(line: &[u8]) -> Option<(Oid, String)> {
    let line = line.strip_suffix(b"\n")?;
    let space = line.iter().position(|&byte| byte == b' ')?;
    let (oid, name) = (parse_decimal(&line[..space])?, &line[space + 1..]);
    let name = std::str::from_utf8(name).ok()?;
    (oid != 0 && !name.is_empty()).then(|| (Oid(oid), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_an_oid_and_a_file() {
        let name = |line: &[u8]| parse_line(line).map(|(oid, name)| (oid.0, name));
        assert_eq!(name(b"16384 blob_16384.dat\n"), Some((16384, "blob_16384.dat".into())));
        assert_eq!(name(b"16384 blob_16384.dat"), None, "cut off");
        assert_eq!(name(b"0 blob_0.dat\n"), None);
        assert_eq!(name(b"x blob_0.dat\n"), None);
        assert_eq!(name(b"1 \n"), None);
    }
}
