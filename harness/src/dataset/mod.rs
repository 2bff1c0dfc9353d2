//! Datasets: a filled source database, and archives made of it.

pub mod cache;
mod digest;
mod extensions;
mod pgbench;
pub mod plans;
mod rows;
pub mod selection;
mod sql;
mod tpch;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

pub(crate) use digest::hex;
pub use extensions::brought_by_extensions;
pub use rows::{Counted, Counts, Difference, count, differences};
pub use sql::{command as script_command, digests as script_digests};

use crate::provider::{Server, Shared};
use crate::scenario::{Dataset, resolved};

/// Fills an empty database with the rows of a dataset that is made here.
pub async fn fill(dataset: &Dataset, server: &Server, database: &str) -> anyhow::Result<()> {
    match dataset {
        Dataset::Tpch { scale } => tpch::fill(server, database, *scale).await,
        Dataset::Pgbench { scale } => pgbench::fill(server, database, *scale).await,
        Dataset::Sql { files, scale, .. } => sql::fill(server, database, files, *scale).await,
        // Neither is made here: the one is an archive already, the other is
        // dumped where it is.
        Dataset::Archive { .. } | Dataset::Database { .. } => Ok(()),
    }
}

/// In words, for notes.
pub fn describe(dataset: &Dataset) -> String {
    match dataset {
        Dataset::Tpch { scale } => format!("TPC-H at scale {scale}"),
        Dataset::Pgbench { scale } => format!("pgbench at scale {scale}"),
        Dataset::Sql { files, scale, .. } => {
            let names = files.iter().filter_map(|file| file.file_name()?.to_str());
            format!("{} at scale {scale}", names.collect::<Vec<_>>().join(", "))
        }
        Dataset::Archive { path } => format!("the archive {}", path.display()),
        Dataset::Database { conninfo_env } => format!("the database that {conninfo_env} names"),
    }
}

/// Bytes of a database for a raw byte: rows with headers, and indexes.
pub const DATABASE_PER_RAW: f64 = 1.8;

/// About how many bytes of rows it has, where that can be told beforehand.
pub fn raw_bytes(dataset: &Dataset) -> Option<u64> {
    /// TPC-H 4.2.5: scale 1 is 956 MB of text; it takes a little more as
    /// rows. A pgbench branch has 100,000 accounts of 97 bytes.
    const TPCH: f64 = 1.1e9;
    const PGBENCH: u64 = 13_000_000;

    match dataset {
        Dataset::Tpch { scale } => Some((scale * TPCH) as u64),
        Dataset::Pgbench { scale } => Some(u64::from(*scale) * PGBENCH),
        Dataset::Sql { scale, size, .. } => {
            let bytes = (*size)?.bytes() as f64 * scale.factor();
            Some((bytes / DATABASE_PER_RAW) as u64)
        }
        Dataset::Archive { .. } | Dataset::Database { .. } => None,
    }
}

/// Bytes of an archive: a file, or all files of a directory.
pub fn size_on_disk(path: &Path) -> Option<u64> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_dir() {
        return Some(metadata.len());
    }
    let files = std::fs::read_dir(path).ok()?;
    Some(files.flatten().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum())
}

/// What a container has to share with this machine for a dataset.
pub fn shared(dataset: &Dataset) -> Vec<Shared> {
    let read = |path: &Path| Shared { path: path.to_owned(), writable: false };
    match dataset {
        Dataset::Sql { files, .. } => shared_scripts(files),
        Dataset::Archive { path } => vec![read(path)],
        Dataset::Tpch { .. } | Dataset::Pgbench { .. } | Dataset::Database { .. } => Vec::new(),
    }
}

/// What a container has to share for scripts: their folders, for they may
/// include others.
pub fn shared_scripts<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Vec<Shared> {
    let mut folders: Vec<&Path> = files.into_iter().filter_map(|file| file.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    folders.into_iter().map(|path| Shared { path: path.to_owned(), writable: false }).collect()
}

/// The folder in which archives are kept between runs.
pub fn cache_folder(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    use etcetera::BaseStrategy;
    let folder = match named {
        Some(folder) => folder.to_owned(),
        None => etcetera::choose_base_strategy()
            .context("no home folder for the cache: name a folder with --cache-dir")?
            .cache_dir()
            .join("jobtune"),
    };
    Ok(resolved(&folder))
}
