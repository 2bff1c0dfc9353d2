//! The files of a directory or tar archive, looked up by name.
//!
//! Only names that the directory or the tar file itself lists are ever
//! opened, so that no name written in a table of contents can lead outside.

use std::io::BufRead;

use super::directory::Directory;
use super::error::{ArchiveError, ArchiveErrorKind};
use super::tar::Tar;
use crate::format::Method;
use crate::toc::{DataOffset, ItemKind, Toc};
use crate::units::Bytes;

/// A file or a tar member, by the name in the table of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its own name, with the suffix of its compression.
    pub(super) name: String,
    /// How it is compressed.
    pub(super) method: Method,
}

/// What has files by name.
#[derive(Debug)]
pub(super) enum Files {
    Directory(Directory),
    Tar(Tar),
}

/// The suffixes in the order in which `InitDiscoverCompressFileHandle`
/// (`compress_io.c`) tries them.
const SUFFIXES: [(&str, Method); 4] =
    [("", Method::None), (".gz", Method::Gzip), (".lz4", Method::Lz4), (".zst", Method::Zstd)];

impl Files {
    /// The file that holds `name`, with whatever compression suffix.
    pub(super) fn find(&self, name: &str) -> Result<Found, ArchiveError> {
        refuse_paths(name)?;
        SUFFIXES
            .into_iter()
            .map(|(suffix, method)| Found { name: format!("{name}{suffix}"), method })
            .find(|found| match self {
                Self::Directory(directory) => directory.has(&found.name),
                Self::Tar(tar) => tar.has(&found.name),
            })
            .ok_or_else(|| ArchiveError::new(ArchiveErrorKind::MissingData(Some(name.to_owned()))))
    }

    /// Whether these are the files of a server, or the tar files that
    /// `pg_basebackup --format=tar` makes of them.
    pub(super) fn is_base_backup(&self) -> bool {
        ["PG_VERSION", "./PG_VERSION", "backup_label", "./backup_label", "base.tar"]
            .into_iter()
            .any(|name| match self {
                Self::Tar(tar) => tar.has(name),
                Self::Directory(_) => self.find(name.trim_start_matches("./")).is_ok(),
            })
    }

    /// How many bytes it has, as stored.
    pub(super) fn size(&self, found: &Found) -> Result<u64, ArchiveError> {
        match self {
            Self::Directory(directory) => directory.size(&found.name),
            Self::Tar(tar) => tar.size(&found.name),
        }
    }

    /// Its bytes, as stored.
    pub(super) fn open(&self, found: &Found) -> Result<Box<dyn BufRead + Send>, ArchiveError> {
        match self {
            Self::Directory(directory) => Ok(Box::new(directory.open(&found.name)?)),
            Self::Tar(tar) => Ok(Box::new(tar.open(&found.name)?)),
        }
    }

    /// Gives every item with a file its data length, as
    /// `pg_backup_directory.c` (`_PrepParallelRestore`) has it. An item whose
    /// file is missing gets none: only its data cannot be read then.
    pub(super) fn set_lengths(&self, toc: &mut Toc) -> Result<(), ArchiveError> {
        for item in &mut toc.items {
            let DataOffset::File(name) = &item.data else {
                continue;
            };
            let listed = |name: &str| self.find(name).and_then(|found| self.size(&found));
            let size = if item.kind == ItemKind::Blobs {
                // Not the data but its list: scaled up so that large objects
                // start early.
                listed(&self.large_object_list(name)).map(|size| size.saturating_mul(1024))
            } else {
                listed(name)
            };
            item.data_length = match size {
                Ok(size) => Some(Bytes(size)),
                Err(error) if matches!(error.kind(), ArchiveErrorKind::MissingData(_)) => None,
                Err(error) => return Err(error.of_item(item.id)),
            };
        }
        Ok(())
    }

    /// The name of the file that lists the large objects of an item whose
    /// data is said to be in `name`.
    ///
    /// That is `name` itself in directories from format 1.16 on. Before,
    /// there was one list, and the table of contents did not always name it
    /// rightly (`pg_backup_directory.c`, `_LoadLOs`); tar archives call it
    /// after the item but name `<item>.dat` (`pg_backup_tar.c`, `_StartLOs`).
    pub(super) fn large_object_list(&self, name: &str) -> String {
        if !is_list(name) {
            let id = name.strip_suffix(".dat").unwrap_or(name);
            let own = format!("blobs_{id}.toc");
            return if self.find(&own).is_ok() { own } else { LIST_BEFORE_1_16.to_owned() };
        }
        name.to_owned()
    }
}

/// The one list of large objects before format 1.16.
const LIST_BEFORE_1_16: &str = "blobs.toc";

/// `pg_dump` writes the suffix in lower case alone.
fn is_list(name: &str) -> bool {
    name.strip_suffix(".toc").is_some()
}

/// `pg_dump` names files without any directory.
fn refuse_paths(name: &str) -> Result<(), ArchiveError> {
    let leads_out = name.is_empty()
        || name == "."
        || name == ".."
        || name.contains(['/', '\\', '\0'])
        || name.contains(':');
    if leads_out {
        return Err(ArchiveError::new(ArchiveErrorKind::UnsafeName(name.to_owned())));
    }
    Ok(())
}
