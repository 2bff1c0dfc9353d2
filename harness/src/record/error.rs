//! Why a run folder cannot be read or written.

use std::io;
use std::path::{Path, PathBuf};

use super::run::SCHEMA;

/// Why a run folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// No trial has the time that was asked for.
    #[error(
        "run {0} has no times until its databases were ready: name what makes them ready in \
         [restore] ready, such as [\"analyze\"]"
    )]
    NeverReady(String),
    /// The folder that a new run was to have is there already.
    #[error("{0} exists already: choose another --out, or continue that run with --resume")]
    Exists(PathBuf),
    /// It is no run folder.
    #[error("{0} is not a run folder: it has no run.json")]
    NotARun(PathBuf),
    /// A newer program made it.
    #[error("{path} has schema {seen}, this program reads up to {SCHEMA}: use a newer jobtune")]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its schema.
        seen: u32,
    },
    /// A file of it cannot be understood.
    #[error("{path}{place}: {reason}", place = line.map(|line| format!(":{line}")).unwrap_or_default())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: Option<u64>,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What the functions of a run folder return.
pub type Result<T> = std::result::Result<T, FolderError>;

pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io { doing, path, source }
}
