//! What ends a native restore before its end.

use super::failure::ServerMessage;
use crate::archive::ArchiveError;
use crate::connection::ConnectionError;
use crate::plan::PlanError;
use crate::selection::{CriteriaError, SelectionError};

/// Why a restore could not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// No connection to the target.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The connection broke while it was in use.
    #[error(
        "the connection to the server was lost while {doing}: {cause}. What is done is kept: \
         see why the server ended the connection, then go on with --resume"
    )]
    Lost {
        /// What it was used for.
        doing: String,
        /// What the client library said.
        cause: tokio_postgres::Error,
    },
    /// The server ended the session, or cannot go on.
    #[error("the server ended the session while {doing}: {message}. Go on with --resume")]
    Ended {
        /// What the session was doing.
        doing: String,
        /// What the server said.
        message: Box<ServerMessage>,
    },
    /// The server refused a statement for a reason that every other one would
    /// meet too.
    #[error(
        "the restore cannot go on: {message} (while {doing}). What is done is kept: {remedy}, then \
         go on with --resume"
    )]
    Halted {
        /// What the session was doing.
        doing: String,
        /// What the server said.
        message: Box<ServerMessage>,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The session could not be set up.
    #[error("the session could not be set up by {statement:?}: {message}")]
    Setup {
        /// The statement that the server refused.
        statement: String,
        /// What the server said.
        message: Box<ServerMessage>,
    },
    /// The archive cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The options name files that cannot be used.
    #[error(transparent)]
    Criteria(#[from] CriteriaError),
    /// The options do not fit the archive.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An item failed under `--exit-on-error`.
    #[error("stopped at the first error, as --exit-on-error asks; go on with --resume")]
    FirstError,
    /// The journal in the database does not fit this restore.
    #[error("{0}")]
    Journal(String),
    /// The restore needs something that this engine does not do.
    #[error("{0}")]
    Unsupported(String),
    /// Its user asked it to end.
    #[error("the restore ended as it was asked to; go on with --resume")]
    Drained,
    /// A worker's task ended by a panic.
    #[error("a worker ended unexpectedly: {0}")]
    Worker(String),
}

impl NativeError {
    /// What an error of the client library means for the restore: it is over,
    /// since the server said nothing that concerns an item alone.
    pub(crate) fn lost(doing: impl Into<String>, cause: tokio_postgres::Error) -> Self {
        let doing = doing.into();
        match cause.as_db_error() {
            Some(error) => Self::Ended { doing, message: Box::new(error.into()) },
            None => Self::Lost { doing, cause },
        }
    }
}
