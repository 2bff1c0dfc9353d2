//! Engines: what restores an archive into a database.

mod attribution;
mod error;
mod native;
mod pg_restore;
mod pg_restore_items;
mod pg_restore_log;
mod program;
mod psql;
mod psql_log;
mod restore;
pub mod scripted;
mod sections;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

pub use error::{ErrorSource, RestoreError, RestoreErrors};
pub use native::Native;
pub use pg_restore::PgRestore;
pub use psql::Psql;
pub use restore::{Restore, RestoreEnd, RestoreReport};
pub use sections::{PgRestoreSections, SectionJobs};

use crate::launch::LaunchError;
use crate::options::RestoreOptions;
use crate::units::Jobs;

/// What to restore, where, and how.
#[derive(Debug, Clone)]
pub struct RestoreRequest {
    /// The archive, by the path under which the client programs see it.
    pub archive: PathBuf,
    /// The database to fill.
    pub target: Target,
    /// Concurrent workers.
    pub jobs: Jobs,
    /// What `pg_restore` is to leave out, and how it is to work; other
    /// engines restore all.
    pub options: RestoreOptions,
    /// Stop the restore when it takes longer than this.
    pub time_limit: Option<Duration>,
}

/// A database, as the client programs reach it.
#[derive(Clone)]
pub struct Target {
    /// Connection string without a password: it shows in process lists.
    pub conninfo: String,
    /// Variables for the client programs: a password goes here.
    pub env: Vec<(String, String)>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.conninfo)
    }
}

/// Why a restore could not even be tried.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine's program could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The engine does not restore in parallel what it was given.
    #[error("{engine} restores {what} serially: ask for 1 job, not {jobs}")]
    Serial {
        /// The engine.
        engine: &'static str,
        /// What it was asked to restore.
        what: &'static str,
        /// How many jobs it was asked for.
        jobs: Jobs,
    },
}

/// Restores archives.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Its name in records.
    fn name(&self) -> &'static str;

    /// Starts a restore. An archive that cannot be restored is not an error
    /// here: the end of the restore says so.
    async fn start(&self, request: &RestoreRequest) -> Result<Restore, EngineError>;
}
