//! The data area of a custom archive: blocks of chunks behind the table of
//! contents.
//!
//! `pg_backup_custom.c`. A block is a type byte, the item's number, and then
//! for table data chunks (a length above 0 and as many bytes) up to a length
//! of 0; for large objects the same for each object, behind its OID, up to
//! an OID of 0.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Seek};
use std::sync::{Mutex, PoisonError, RwLock, RwLockWriteGuard};

use super::error::{ArchiveError, ArchiveErrorKind};
use super::source::{Source, SourceReader};
use super::wire::{Widths, WireReader};
use crate::toc::{DataOffset, Toc};
use crate::units::{Bytes, DumpId, Oid};

const BLOCK_OF_DATA: u8 = 1;
const BLOCK_OF_LARGE_OBJECTS: u8 = 3;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    Data,
    LargeObjects,
}

/// Where one item's block lies in a custom archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The byte at which the block begins.
    pub offset: u64,
    /// The block's length, with its head and its chunks' lengths.
    pub length: Bytes,
}

/// The data area of one custom archive.
#[derive(Debug)]
pub(super) struct Custom {
    pub(super) source: Source,
    widths: Widths,
    /// The byte behind the table of contents.
    data_start: u64,
    /// The blocks that a scan has come to. The length of the last is not known
    /// until the next begins.
    found: RwLock<BTreeMap<DumpId, Extent>>,
    scan: Mutex<Scan>,
}

/// The length of a block whose end has not been read.
const UNKNOWN: Bytes = Bytes(u64::MAX);

/// How far the search for blocks has come.
#[derive(Debug, Default)]
struct Scan {
    /// `None` before it has begun.
    chunks: Option<Chunks>,
    /// The block whose head was read last, if it was not passed yet.
    present: Option<(BlockKind, DumpId, u64)>,
}

type Result<T> = std::result::Result<T, ArchiveError>;

impl Custom {
    pub(super) fn new(source: Source, widths: Widths, data_start: u64) -> Self {
        let (found, scan) = (RwLock::default(), Mutex::default());
        Self { source, widths, data_start, found, scan }
    }

    /// A reader behind the head of the block at `extent`, which must be
    /// `item`'s. The length is a hint alone.
    pub(super) fn block(&self, extent: Extent, item: DumpId) -> Result<(BlockKind, Chunks)> {
        let Extent { offset, length } = extent;
        let reader = self.source.reader_of(offset, length.0).map_err(ArchiveError::from_io)?;
        let mut wire = WireReader::new(reader, offset, self.widths);
        let (kind, found) = read_block_head(&mut wire)?;
        if found != item {
            let what = format!("the data block belongs to item {found}");
            return Err(ArchiveError::malformed(what).at(offset));
        }
        let mut chunks = self.chunks(wire);
        chunks.in_stream = kind == BlockKind::Data;
        Ok((kind, chunks))
    }

    fn chunks(&self, wire: WireReader<SourceReader>) -> Chunks {
        Chunks::new(wire, self.source.length().unwrap_or(u64::MAX))
    }

    /// Where an item's block lies: what an archive that was written to a pipe
    /// does not say. The data area is read once for all items, as far as is
    /// needed, which while it comes is the block's head; `None` where the
    /// archive ends before.
    pub(super) fn find(&self, item: DumpId) -> Result<Option<Extent>> {
        let has_all = self.source.length().is_some();
        let found = || self.extent(item).filter(|extent| !has_all || extent.length != UNKNOWN);
        if let Some(extent) = found() {
            return Ok(Some(extent));
        }
        let mut scan = self.scan.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(extent) = found() {
                return Ok(Some(extent));
            }
            if !self.go_on(&mut scan)? {
                return Ok(self.extent(item));
            }
        }
    }

    /// Where every block lies.
    pub(super) fn extents(&self) -> Result<BTreeMap<DumpId, Extent>> {
        let mut scan = self.scan.lock().unwrap_or_else(PoisonError::into_inner);
        while self.go_on(&mut scan)? {}
        Ok(self.found.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn extent(&self, item: DumpId) -> Option<Extent> {
        self.found.read().unwrap_or_else(PoisonError::into_inner).get(&item).copied()
    }

    fn found_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<DumpId, Extent>> {
        self.found.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Comes to the next head; false at the archive's end. A scan that fails
    /// begins anew the next time, to fail again.
    fn go_on(&self, scan: &mut Scan) -> Result<bool> {
        let found = self.next_head(scan);
        if found.is_err() {
            *scan = Scan::default();
            self.found_mut().clear();
        }
        found
    }

    /// Passes over the present block, without reading its chunks where the file
    /// system allows, and reads the head of the next.
    fn next_head(&self, scan: &mut Scan) -> Result<bool> {
        let chunks = match &mut scan.chunks {
            Some(chunks) => chunks,
            none => {
                let start = self.data_start;
                let reader = self.source.reader_at(start).map_err(ArchiveError::from_io)?;
                none.insert(self.chunks(WireReader::new(reader, start, self.widths)))
            }
        };
        if let Some((kind, item, offset)) = scan.present.take() {
            chunks.pass_block(kind).map_err(|error| error.of_item(item))?;
            let length = Bytes(chunks.wire.position() - offset);
            self.found_mut().insert(item, Extent { offset, length });
        }
        if chunks.wire.is_at_end()? {
            return Ok(false);
        }
        let offset = chunks.wire.position();
        let (kind, item) = read_block_head(&mut chunks.wire)?;
        if self.found_mut().insert(item, Extent { offset, length: UNKNOWN }).is_some() {
            let what = "a second data block of the same item";
            return Err(ArchiveError::malformed(what).at(offset).of_item(item));
        }
        scan.present = Some((kind, item, offset));
        Ok(true)
    }
}

fn read_block_head<R: BufRead>(wire: &mut WireReader<R>) -> Result<(BlockKind, DumpId)> {
    const READING: &str = "the head of a data block";
    let start = wire.position();
    let kind = match wire.byte(READING)? {
        BLOCK_OF_DATA => BlockKind::Data,
        BLOCK_OF_LARGE_OBJECTS => BlockKind::LargeObjects,
        code => {
            let what = format!("{code} is not a type of data block");
            return Err(ArchiveError::malformed(what).at(start));
        }
    };
    Ok((kind, DumpId(wire.number(READING)?)))
}

/// Gives every item with an offset the distance to the next one's, and the
/// last the distance to the end, as `_PrepParallelRestore` does, and refuses
/// offsets that lie outside the data area.
pub(super) fn set_lengths(toc: &mut Toc, data_start: u64, file_length: Option<u64>) -> Result<()> {
    for item in &toc.items {
        let DataOffset::At(offset) = item.data else { continue };
        if offset < data_start {
            let what = format!("its data is said to be at byte {offset}, before all data");
            return Err(ArchiveError::malformed(what).of_item(item.id));
        }
        if let Some(file_length) = file_length.filter(|&length| offset >= length) {
            let kind = ArchiveErrorKind::Truncated("the data before this item's");
            return Err(ArchiveError::new(kind).at(file_length).of_item(item.id));
        }
    }
    toc.set_data_lengths(file_length);
    Ok(())
}

/// The joined chunks of one stream: an item's data, or one large object.
///
/// It reads as empty at the stream's end, and can then be moved to the next
/// large object of its block.
#[derive(Debug)]
pub(super) struct Chunks {
    wire: WireReader<SourceReader>,
    /// Whether the stream's closing length of 0 is still to come.
    in_stream: bool,
    /// Bytes of the present chunk that are still to come.
    left: u64,
    /// Where the archive ends.
    end: u64,
    /// An error met after a read had bytes to give already.
    postponed: Option<io::Error>,
}

impl Chunks {
    fn new(wire: WireReader<SourceReader>, end: u64) -> Self {
        Self { wire, in_stream: false, left: 0, end, postponed: None }
    }

    /// Moves to the next large object of a block: its OID, or `None` behind
    /// the last. What is left of the present one is passed over.
    pub(super) fn next_object(&mut self) -> Result<Option<Oid>> {
        self.pass_stream()?;
        let start = self.wire.position();
        let value = self.wire.integer("a large object's OID")?;
        match oid_from_int(value) {
            Some(0) => Ok(None),
            Some(oid) => {
                self.in_stream = true;
                Ok(Some(Oid(oid)))
            }
            None => Err(ArchiveError::malformed(format!("{value} is not an OID")).at(start)),
        }
    }

    fn pass_block(&mut self, kind: BlockKind) -> Result<()> {
        match kind {
            BlockKind::Data => {
                self.in_stream = true;
                self.pass_stream()
            }
            BlockKind::LargeObjects => {
                while self.next_object()?.is_some() {}
                Ok(())
            }
        }
    }

    /// Moves behind the chunks that are left of the present stream.
    fn pass_stream(&mut self) -> Result<()> {
        while self.in_stream {
            let position = self.wire.position();
            if self.left > self.end.saturating_sub(position) {
                return Err(truncated_chunk(self.end));
            }
            let distance = i64::try_from(self.left).expect("a chunk's length is an int");
            self.wire.get_mut().seek_relative(distance).map_err(ArchiveError::from_io)?;
            self.wire.note_skipped(self.left);
            self.next_chunk()?;
        }
        Ok(())
    }

    fn next_chunk(&mut self) -> Result<()> {
        self.left = self.wire.number::<u32>("the length of a data chunk")?.into();
        self.in_stream = self.left > 0;
        Ok(())
    }

    fn peek(&mut self) -> Result<&[u8]> {
        if self.in_stream && self.left == 0 {
            self.next_chunk()?;
        }
        if !self.in_stream {
            return Ok(&[]);
        }
        let position = self.wire.position();
        let available = self.wire.peek()?;
        if available.is_empty() {
            return Err(truncated_chunk(position));
        }
        let count = available.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        Ok(&available[..count])
    }
}

fn truncated_chunk(position: u64) -> ArchiveError {
    ArchiveError::new(ArchiveErrorKind::Truncated("a data chunk")).at(position)
}

/// `WriteInt` takes an int, so that OIDs from 2^31 come out negative.
fn oid_from_int(value: i64) -> Option<u32> {
    if value < 0 {
        i32::try_from(value).ok().map(|int| int as u32)
    } else {
        u32::try_from(value).ok()
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.postponed.take() {
            return Err(error);
        }
        let mut filled = 0;
        // Chunks may be as small as a row: a read gathers as many as fit.
        while filled < buffer.len() {
            let available = match self.fill_buf() {
                Ok([]) => break,
                Ok(available) => available,
                Err(error) if filled == 0 => return Err(error),
                Err(error) => {
                    self.postponed = Some(error);
                    break;
                }
            };
            let count = available.len().min(buffer.len() - filled);
            buffer[filled..filled + count].copy_from_slice(&available[..count]);
            self.consume(count);
            filled += count;
        }
        Ok(filled)
    }
}

impl BufRead for Chunks {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.peek()?)
    }

    fn consume(&mut self, count: usize) {
        self.left -= count as u64;
        self.wire.advance(count);
    }
}
