//! A directory archive: `toc.dat` beside a file for every item with data.
//!
//! `pg_backup_directory.c`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::error::{ArchiveError, ArchiveErrorKind};

/// Large enough that a sequential read is bound by the disk.
const BUFFER: usize = 128 * 1024;

/// The files of a directory, listed once.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
    files: HashMap<String, EntryKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    File,
    /// Allowed where it stays within the directory.
    Link,
}

impl Directory {
    /// Lists the regular files in the directory `root`.
    pub(super) fn list(root: &Path) -> Result<Self, ArchiveError> {
        let io = |error| ArchiveError::new(ArchiveErrorKind::Io(error)).in_file(root);
        let mut files = HashMap::new();
        for entry in fs::read_dir(root).map_err(io)? {
            let entry = entry.map_err(io)?;
            let kind = entry.file_type().map_err(io)?;
            let kind = if kind.is_file() {
                EntryKind::File
            } else if kind.is_symlink() {
                EntryKind::Link
            } else {
                continue;
            };
            // A name that is not UTF-8 is none that pg_dump writes.
            if let Ok(name) = entry.file_name().into_string() {
                files.insert(name, kind);
            }
        }
        Ok(Self { root: root.to_owned(), files })
    }

    /// Whether a file of this name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// How many bytes the file has.
    pub(super) fn size(&self, name: &str) -> Result<u64, ArchiveError> {
        let path = self.resolve(name)?;
        let metadata = fs::metadata(&path).map_err(|error| self.refused(name, error))?;
        Ok(metadata.len())
    }

    /// Opens the file for reading.
    pub(super) fn open(&self, name: &str) -> Result<BufReader<File>, ArchiveError> {
        let path = self.resolve(name)?;
        let file = File::open(&path).map_err(|error| self.refused(name, error))?;
        Ok(BufReader::with_capacity(BUFFER, file))
    }

    fn refused(&self, name: &str, error: std::io::Error) -> ArchiveError {
        ArchiveError::new(ArchiveErrorKind::Io(error)).in_file(&self.root.join(name))
    }

    /// The path of a listed file. A symbolic link must end at a regular file
    /// within the directory.
    fn resolve(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        let path = self.root.join(name);
        match self.files.get(name) {
            Some(EntryKind::File) => Ok(path),
            Some(EntryKind::Link) => {
                let refused = |error| self.refused(name, error);
                let target = fs::canonicalize(&path).map_err(refused)?;
                let root = fs::canonicalize(&self.root).map_err(refused)?;
                if target.starts_with(&root) && target.is_file() {
                    Ok(target)
                } else {
                    let kind = ArchiveErrorKind::UnsafeName(name.to_owned());
                    Err(ArchiveError::new(kind).in_file(&path))
                }
            }
            None => {
                let kind = ArchiveErrorKind::MissingData(Some(name.to_owned()));
                Err(ArchiveError::new(kind).in_file(&self.root))
            }
        }
    }
}
