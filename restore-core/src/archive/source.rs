//! Where an archive's bytes come from: a file, or memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Large enough that a sequential read is bound by the disk, small enough
/// that a seek past a buffer wastes little.
const BUFFER: usize = 128 * 1024;

/// Enough for the heads of blocks and chunks.
const SMALL: usize = 512;

/// A file, or bytes in memory, that can be read from any place, by several
/// readers at once.
#[derive(Debug, Clone)]
pub(super) enum Source {
    File { path: PathBuf, length: u64 },
    Memory(Arc<[u8]>),
}

impl Source {
    /// The regular file at `path`.
    pub(super) fn file(path: &Path, length: u64) -> Self {
        Self::File { path: path.to_owned(), length }
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::File { length, .. } => *length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// A reader that stands at byte `position`.
    pub(super) fn reader_at(&self, position: u64) -> io::Result<SourceReader> {
        self.reader_of(position, u64::MAX)
    }

    /// A reader that stands at byte `position`, of which about `length` bytes
    /// are wanted: with small tables by the thousand, reading ahead is most of
    /// the work.
    pub(super) fn reader_of(&self, position: u64, length: u64) -> io::Result<SourceReader> {
        let mut reader = match self {
            Self::File { path, .. } => {
                let capacity = usize::try_from(length).unwrap_or(BUFFER).clamp(SMALL, BUFFER);
                SourceReader::File(BufReader::with_capacity(capacity, File::open(path)?))
            }
            Self::Memory(bytes) => SourceReader::Memory(Cursor::new(Arc::clone(bytes))),
        };
        if position > 0 {
            reader.seek(SeekFrom::Start(position))?;
        }
        Ok(reader)
    }
}

/// Reads a [`Source`].
#[derive(Debug)]
pub(super) enum SourceReader {
    File(BufReader<File>),
    Memory(Cursor<Arc<[u8]>>),
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(reader) => reader.read(buffer),
            Self::Memory(reader) => reader.read(buffer),
        }
    }
}

impl BufRead for SourceReader {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::File(reader) => reader.fill_buf(),
            Self::Memory(reader) => reader.fill_buf(),
        }
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        match self {
            Self::File(reader) => reader.consume(count),
            Self::Memory(reader) => reader.consume(count),
        }
    }
}

impl Seek for SourceReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(reader) => reader.seek(position),
            Self::Memory(reader) => reader.seek(position),
        }
    }

    /// Keeps the buffer where the target lies within it.
    fn seek_relative(&mut self, offset: i64) -> io::Result<()> {
        match self {
            Self::File(reader) => reader.seek_relative(offset),
            Self::Memory(reader) => reader.seek_relative(offset),
        }
    }
}
