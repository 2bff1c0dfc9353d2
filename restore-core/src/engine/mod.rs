//! Engines: what restores an archive into a database.

mod attribution;
mod error;
mod pg_restore;
mod pg_restore_log;
mod psql;
mod psql_log;
pub mod scripted;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

pub use error::{ErrorSource, RestoreError, RestoreErrors};
pub use pg_restore::PgRestore;
pub use psql::Psql;

use crate::event::{Happening, ItemTiming, RestoreEvent, Timeline};
use crate::launch::{LaunchError, Running, Stream};
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

/// What came of a restore.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreReport {
    /// From the start of the engine to its end.
    pub wall: Duration,
    /// How it ended.
    pub end: EngineEnd,
    /// The errors that it reported.
    pub errors: RestoreErrors,
    /// Whether it went on to the end of the archive, whatever errors there were.
    pub reached_end: bool,
    /// The lines that it wrote about errors, notices and warnings, as it wrote them; the
    /// first thousand.
    pub messages: Vec<String>,
    /// When and where each item was restored.
    pub items: Vec<ItemTiming>,
    /// When the first worker could begin, where the engine tells.
    pub workers_began: Option<Duration>,
}

impl RestoreReport {
    /// Whether the engine succeeded and reported no error.
    pub fn is_clean(&self) -> bool {
        self.end == EngineEnd::Exited(Some(0)) && self.errors.is_empty()
    }
}

/// How an engine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineEnd {
    /// By itself with this status, or by a signal from elsewhere.
    Exited(Option<i32>),
    /// It was stopped at the time limit.
    TimedOut,
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

/// Takes notice of a restore's events as they happen.
pub type Observer<'a> = &'a mut (dyn FnMut(&RestoreEvent) + Send);

/// Restores archives.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Its name in records.
    fn name(&self) -> &'static str;

    /// Restores the archive, telling `observe` of each event. An archive that
    /// cannot be restored is not an error here: the report says so. If the
    /// future is dropped, the restore is stopped.
    async fn restore(
        &self,
        request: &RestoreRequest,
        observe: Observer<'_>,
    ) -> Result<RestoreReport, EngineError>;
}

/// Messages that a report keeps, so that a restore with an error in every one
/// of a million statements does not fill the memory.
const MESSAGES_KEPT: usize = 1000;

/// Reads the lines of a program that restores.
trait ReadLines: Send {
    /// What a line means.
    fn read(&mut self, stream: Stream, line: &str) -> LineMeaning;

    /// The errors of all lines, and whether the program said at its end that it had ignored
    /// errors.
    fn end(self) -> (RestoreErrors, bool);
}

/// Follows a program that restores: `reader` makes events of its lines.
async fn follow(
    mut running: Running,
    time_limit: Option<Duration>,
    mut reader: impl ReadLines,
    observe: Observer<'_>,
) -> RestoreReport {
    let started = running.started();
    let deadline = time_limit.map(|limit| started + limit);
    let mut watch = Watch::default();
    let timed_out = loop {
        let Ok(line) = next_before(deadline, running.next_line()).await else {
            break true;
        };
        let Some(line) = line else { break false };
        match reader.read(line.stream, &line.text) {
            LineMeaning::Event(what) => {
                watch.take(&RestoreEvent { at: line.at - started, what }, observe);
            }
            LineMeaning::Message => watch.keep(&line.text),
            LineMeaning::Nothing => {}
        }
    };
    let exit = if timed_out { running.stop().await } else { running.wait().await };
    let wall = exit.at - started;
    let (errors, has_ignored_errors) = reader.end();
    RestoreReport {
        wall,
        end: if timed_out { EngineEnd::TimedOut } else { EngineEnd::Exited(exit.code) },
        errors,
        reached_end: !timed_out && (exit.code == Some(0) || has_ignored_errors),
        messages: watch.messages,
        items: watch.timeline.finish(wall),
        workers_began: watch.workers_began,
    }
}

/// What a line of an engine's log means.
enum LineMeaning {
    /// An event of the restore.
    Event(Happening),
    /// Something to keep for the person who reads about a failure.
    Message,
    /// Nothing of interest.
    Nothing,
}

#[derive(Default)]
struct Watch {
    timeline: Timeline,
    messages: Vec<String>,
    workers_began: Option<Duration>,
}

impl Watch {
    fn take(&mut self, event: &RestoreEvent, observe: Observer<'_>) {
        self.timeline.record(event);
        match &event.what {
            Happening::WorkersBegin => self.workers_began = Some(event.at),
            Happening::Error(text) => self.keep(text),
            _ => {}
        }
        observe(event);
    }

    fn keep(&mut self, text: &str) {
        if self.messages.len() < MESSAGES_KEPT {
            self.messages.push(text.to_owned());
        }
    }
}

async fn next_before<T>(
    deadline: Option<Instant>,
    next: impl Future<Output = T>,
) -> Result<T, tokio::time::error::Elapsed> {
    match deadline {
        Some(deadline) => timeout_at(deadline, next).await,
        None => Ok(next.await),
    }
}
