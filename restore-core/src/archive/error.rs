//! What can be wrong with an archive, and where.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::foreign::Foreign;
use super::version::ArchiveVersion;
use crate::format::Method;
use crate::units::DumpId;

/// Why an archive, or one item's data in it, could not be read.
///
/// It says what was seen, where (file, byte, item, as far as known) and, in
/// its text, what to do.
#[derive(Debug)]
pub struct ArchiveError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ArchiveErrorKind,
    path: Option<PathBuf>,
    offset: Option<u64>,
    item: Option<DumpId>,
}

/// What is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum ArchiveErrorKind {
    /// Nothing has this path.
    NotFound,
    /// Something is there, but it is not an archive that `pg_restore` takes.
    Foreign(Foreign),
    /// A `pg_dump` newer than this crate made it.
    NewerVersion(ArchiveVersion),
    /// A `pg_dump` from before PostgreSQL 8.0 made it.
    OlderVersion(ArchiveVersion),
    /// The bytes end before the thing named here does.
    Truncated(&'static str),
    /// The bytes cannot be what `pg_dump` writes; the text says why.
    Malformed(String),
    /// Two items carry this number.
    RepeatedItem,
    /// The item's data, expected in the file of this name or (with `None`) in
    /// a block of the archive, is not there.
    MissingData(Option<String>),
    /// A file name in the archive would lead out of it.
    UnsafeName(String),
    /// The item is one that carries no data of the kind asked for.
    NoData,
    /// A compressed stream does not decompress.
    Corrupt {
        /// How it is compressed.
        method: Method,
        /// What the decompressor said.
        message: String,
    },
    /// The operating system refused.
    Io(io::Error),
}

impl ArchiveError {
    pub(super) fn new(kind: ArchiveErrorKind) -> Self {
        Self(Box::new(Inner { kind, path: None, offset: None, item: None }))
    }

    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::new(ArchiveErrorKind::Malformed(what.into()))
    }

    /// Adds the byte at which it was seen, unless one is known already.
    pub(super) fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Adds the item, unless one is known already.
    pub(super) fn of_item(mut self, item: DumpId) -> Self {
        self.0.item.get_or_insert(item);
        self
    }

    /// Adds the file, unless one is known already.
    pub(super) fn in_file(mut self, path: &Path) -> Self {
        self.0.path.get_or_insert_with(|| path.to_owned());
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> &ArchiveErrorKind {
        &self.0.kind
    }

    /// The file in which it was seen.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The byte at which it was seen: of the file, or of a tar member or of a
    /// decompressed table of contents where that is what was read.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The item that was being read.
    pub fn item(&self) -> Option<DumpId> {
        self.0.item
    }

    /// The archive error that an [`io::Error`] from a data stream carries, or
    /// the operating system's error as one.
    pub fn from_io(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(archive_error) => archive_error,
            Err(other) => Self::new(ArchiveErrorKind::Io(other)),
        }
    }
}

impl From<ArchiveError> for io::Error {
    fn from(error: ArchiveError) -> Self {
        let kind = match &error.0.kind {
            ArchiveErrorKind::Io(inner) => inner.kind(),
            ArchiveErrorKind::NotFound | ArchiveErrorKind::MissingData(_) => {
                io::ErrorKind::NotFound
            }
            ArchiveErrorKind::Truncated(_) => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

impl std::error::Error for ArchiveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ArchiveErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}: ", path.display())?;
        }
        match (self.0.item, self.0.offset) {
            (Some(item), Some(offset)) => write!(f, "item {item}, byte {offset}: ")?,
            (Some(item), None) => write!(f, "item {item}: ")?,
            (None, Some(offset)) => write!(f, "byte {offset}: ")?,
            (None, None) => {}
        }
        self.0.kind.fmt(f)
    }
}

impl fmt::Display for ArchiveErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is nothing at this path"),
            Self::Foreign(what) => what.fmt(f),
            Self::NewerVersion(version) => write!(
                f,
                "the archive has format {version}, and the newest known here is {}: \
                 a newer pg_dump made it; use an older pg_dump or a newer jobtune",
                ArchiveVersion::NEWEST
            ),
            Self::OlderVersion(version) => write!(
                f,
                "the archive has format {version}, and the oldest known here is {} \
                 (PostgreSQL 8.0): restore it with pg_restore and dump it again",
                ArchiveVersion::OLDEST
            ),
            Self::Truncated(reading) => write!(
                f,
                "the archive ends within {reading}: it is incomplete; copy it again or dump again"
            ),
            Self::Malformed(what) => write!(f, "{what}: the archive is damaged"),
            Self::RepeatedItem => f.write_str("two items have this number: the archive is damaged"),
            Self::MissingData(Some(file)) => write!(
                f,
                "its data file {file:?} is not there: the archive is incomplete; \
                 copy it again or dump again"
            ),
            Self::MissingData(None) => f.write_str(
                "the archive holds no data block for it: it is incomplete; \
                 copy it again or dump again",
            ),
            Self::UnsafeName(name) => write!(
                f,
                "the file name {name:?} would lead out of the archive, which pg_dump never \
                 writes: do not trust this archive"
            ),
            Self::NoData => f.write_str("it has no data of this kind in the archive"),
            Self::Corrupt { method, message } => write!(
                f,
                "its {} data does not decompress ({message}): the archive is damaged",
                method.as_str()
            ),
            Self::Io(error) => error.fmt(f),
        }
    }
}
