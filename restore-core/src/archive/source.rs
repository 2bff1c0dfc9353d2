//! Where an archive's bytes come from: a file, memory, or a pipe.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::spool::{Spool, SpoolReader};

/// Large enough that a sequential read is bound by the disk, small enough
/// that a seek past a buffer wastes little.
const BUFFER: usize = 128 * 1024;

/// Enough for the heads of blocks and chunks.
const SMALL: usize = 512;

/// A file, bytes in memory, or what has come of a pipe: it can be read from any
/// place, by several readers at once.
#[derive(Debug, Clone)]
pub(super) enum Source {
    File { path: PathBuf, file: Arc<File>, length: u64 },
    Memory(Arc<[u8]>),
    Arriving(Arc<Spool>),
}

impl Source {
    /// The regular file at `path`.
    pub(super) fn file(path: &Path, length: u64) -> io::Result<Self> {
        let file = Arc::new(File::open(path)?);
        Ok(Self::File { path: path.to_owned(), file, length })
    }

    /// How many bytes there are; `None` while more may come.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::File { length, .. } => Some(*length),
            Self::Memory(bytes) => Some(bytes.len() as u64),
            Self::Arriving(spool) => spool.length(),
        }
    }

    /// How many bytes there are, when all have come.
    pub(super) fn whole_length(&self) -> io::Result<u64> {
        if let Self::Arriving(spool) = self {
            spool.wait_for_end()?;
        }
        Ok(self.length().unwrap_or(u64::MAX))
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
            Self::File { path, file, .. } => {
                let capacity = usize::try_from(length).unwrap_or(BUFFER).clamp(SMALL, BUFFER);
                // The kernel reads ahead by open file: long reads have one each.
                let file = if length < BUFFER as u64 {
                    Arc::clone(file)
                } else {
                    Arc::new(File::open(path)?)
                };
                let reader = FileReader { file, position: 0 };
                SourceReader::File(BufReader::with_capacity(capacity, reader))
            }
            Self::Memory(bytes) => SourceReader::Memory(Cursor::new(Arc::clone(bytes))),
            Self::Arriving(spool) => {
                let reader = SpoolReader::new(Arc::clone(spool));
                SourceReader::Arriving(BufReader::with_capacity(BUFFER, reader))
            }
        };
        if position > 0 {
            reader.seek(SeekFrom::Start(position))?;
        }
        Ok(reader)
    }
}

/// Reads a file from a place of its own.
#[derive(Debug)]
pub(super) struct FileReader {
    file: Arc<File>,
    position: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for FileReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.file.metadata()?.len().checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Reads a [`Source`].
#[derive(Debug)]
pub(super) enum SourceReader {
    File(BufReader<FileReader>),
    Memory(Cursor<Arc<[u8]>>),
    Arriving(BufReader<SpoolReader>),
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(reader) => reader.read(buffer),
            Self::Memory(reader) => reader.read(buffer),
            Self::Arriving(reader) => reader.read(buffer),
        }
    }
}

impl BufRead for SourceReader {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::File(reader) => reader.fill_buf(),
            Self::Memory(reader) => reader.fill_buf(),
            Self::Arriving(reader) => reader.fill_buf(),
        }
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        match self {
            Self::File(reader) => reader.consume(count),
            Self::Memory(reader) => reader.consume(count),
            Self::Arriving(reader) => reader.consume(count),
        }
    }
}

impl Seek for SourceReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(reader) => reader.seek(position),
            Self::Memory(reader) => reader.seek(position),
            Self::Arriving(reader) => reader.seek(position),
        }
    }

    /// Keeps the buffer where the target lies within it.
    fn seek_relative(&mut self, offset: i64) -> io::Result<()> {
        match self {
            Self::File(reader) => reader.seek_relative(offset),
            Self::Memory(reader) => reader.seek_relative(offset),
            Self::Arriving(reader) => reader.seek_relative(offset),
        }
    }
}
