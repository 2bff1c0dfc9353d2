//! A worker: one connection, and what is done over it.

mod clean;
mod define;
mod insert;
mod keys;
mod load;
mod objects;
mod parts;
mod together;

use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::Error as PgError;

use super::budget::Grant;
use super::contents::SqlEncoding;
use super::context::Context;
use super::error::NativeError;
use super::failure::{EXECUTING, ServerMessage};
use super::journal::Done;
use super::sql::{SessionState, opening};
use crate::archive::Archive;
use crate::connection::{Canceller, Connection, Conninfo, connect};
use crate::engine::RestoreError;
use crate::plan::ItemIndex;

/// A connection of a restore, and what it was told last.
pub(crate) struct Worker {
    context: Arc<Context>,
    connection: Connection,
    state: SessionState,
    /// What builds of this session may take.
    grant: Grant,
    canceller: SharedCanceller,
}

/// Cancels what a worker's connection does, whichever it is by now.
#[derive(Debug, Clone)]
pub(crate) struct SharedCanceller(Arc<Mutex<Canceller>>);

impl SharedCanceller {
    fn new(canceller: Canceller) -> Self {
        Self(Arc::new(Mutex::new(canceller)))
    }

    fn replace(&self, canceller: Canceller) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = canceller;
    }

    /// Asks the server to cancel what runs. A server that is gone has nothing
    /// to cancel.
    pub(crate) async fn cancel(&self) {
        let canceller = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Err(error) = canceller.cancel().await {
            tracing::debug!(%error, "cannot cancel");
        }
    }
}

/// What came of a task.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Rows that were loaded, of which item.
    pub(crate) rows: Vec<(ItemIndex, u64)>,
    /// What failed; the restore goes on.
    pub(crate) errors: Vec<RestoreError>,
    /// Whether parts of the item failed, so that it must be loaded anew as a
    /// whole, to fail as a whole or not at all.
    pub(crate) must_reload: bool,
}

impl Outcome {
    fn of_errors(errors: Vec<RestoreError>) -> Self {
        Self { errors, ..Self::default() }
    }

    /// How many rows of an item were loaded.
    pub(crate) fn rows_of(&self, item: ItemIndex) -> u64 {
        self.rows.iter().filter(|(of, _)| *of == item).map(|(_, rows)| rows).sum()
    }

    /// Adds what came of another part of the same task.
    pub(crate) fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.errors.extend(other.errors);
        self.must_reload |= other.must_reload;
    }
}

/// Connects so that an archive's SQL reaches the server as it must.
pub(crate) async fn connect_for(
    archive: &Archive,
    target: &Conninfo,
) -> Result<(Connection, SqlEncoding), NativeError> {
    let connection = connect(target).await?;
    let sql = SqlEncoding::of(archive, Some(&connection.server_encoding));
    if sql == SqlEncoding::Bytes {
        let stopped = connection.send_bytes(archive.encoding().name()).await;
        stopped.map_err(|error| NativeError::lost("setting client_encoding", error))?;
    }
    Ok((connection, sql))
}

impl Worker {
    /// Connects, and sets the session up as `pg_restore` does.
    pub(crate) async fn connect(context: Arc<Context>) -> Result<Self, NativeError> {
        let (connection, _) = connect_for(&context.contents.archive, &context.target).await?;
        Self::over(context, connection).await
    }

    /// Sets up the session of a connection that is there.
    pub(crate) async fn over(
        context: Arc<Context>,
        connection: Connection,
    ) -> Result<Self, NativeError> {
        let canceller = SharedCanceller::new(connection.canceller());
        let state = SessionState::default();
        let grant = Grant::from(context.server_defaults);
        let worker = Self { context, connection, state, grant, canceller };
        let settings = &worker.context.settings;
        for sql in opening(&worker.context.session, settings, worker.context.server_major) {
            if let Err(message) = worker.execute(&sql, "setting up the session").await? {
                return Err(NativeError::Setup { statement: sql, message: Box::new(message) });
            }
        }
        Ok(worker)
    }

    /// Cancels what runs here, also after the worker has connected anew.
    pub(crate) fn canceller(&self) -> SharedCanceller {
        self.canceller.clone()
    }

    /// Connects anew, and sets the session up.
    ///
    /// `tokio_postgres` (0.7.18, `copy_in.rs`) ends a COPY that the server
    /// refuses before any row with a second Sync, whose answer it then takes
    /// for that of the next statement: the connection cannot be used any more.
    async fn reconnect(&mut self) -> Result<(), NativeError> {
        let fresh = Self::connect(Arc::clone(&self.context)).await?;
        self.canceller.replace(fresh.connection.canceller());
        self.connection = fresh.connection;
        self.state = fresh.state;
        self.grant = fresh.grant;
        Ok(())
    }

    /// Sets what builds may take. A server that refuses it goes on with its
    /// own settings.
    pub(crate) async fn take_grant(&mut self, grant: Grant) -> Result<(), NativeError> {
        for sql in grant.settings(self.grant) {
            if let Err(message) = self.execute(&sql, "setting what a build may take").await? {
                tracing::debug!(sql, %message, "refused");
            }
        }
        self.grant = grant;
        Ok(())
    }

    pub(crate) async fn close(self) {
        self.connection.close().await;
    }

    /// Sends SQL. What the server says against it is no error of the
    /// connection.
    pub(crate) async fn execute(
        &self,
        sql: &str,
        doing: &str,
    ) -> Result<Result<(), ServerMessage>, NativeError> {
        tracing::trace!(sql, "statement");
        let done = self.connection.client.batch_execute(sql).await;
        done.map_or_else(|error| refusal(error, doing).map(Err), |()| Ok(Ok(())))
    }

    /// Sends what selects user and schema for an item's data.
    async fn select_for_data(&mut self, item: ItemIndex) -> Result<Vec<RestoreError>, NativeError> {
        let context = Arc::clone(&self.context);
        let entry = context.item(item);
        let sql = self.state.select_for_drop(entry, &context.session, &context.settings);
        self.execute_each(item, &sql).await
    }

    /// Sends what selects user, schema, tablespace and access method for an
    /// item's SQL.
    async fn select_for_definition(
        &mut self,
        item: ItemIndex,
    ) -> Result<Vec<RestoreError>, NativeError> {
        let context = Arc::clone(&self.context);
        let sql = self.state.select(context.item(item), &context.session, &context.settings);
        self.execute_each(item, &sql).await
    }

    /// Sends statements one after the other, and goes on over those that fail.
    async fn execute_each(
        &self,
        item: ItemIndex,
        statements: &[String],
    ) -> Result<Vec<RestoreError>, NativeError> {
        let mut errors = Vec::new();
        for sql in statements {
            if let Err(message) = self.execute(sql, &self.doing(item)).await? {
                errors.push(self.error(item, message, sql));
                if self.context.exit_on_error {
                    break;
                }
            }
        }
        Ok(errors)
    }

    /// Takes back the transaction that a failed statement has left open.
    async fn roll_back(&self, item: ItemIndex) -> Result<(), NativeError> {
        // A ROLLBACK fails only together with its connection.
        self.execute("ROLLBACK", &self.doing(item)).await?.map_err(|message| NativeError::Ended {
            doing: self.doing(item),
            message: Box::new(message),
        })
    }

    /// Commits, together with the note of what is done.
    async fn commit(
        &self,
        item: ItemIndex,
        done: Done,
    ) -> Result<Result<(), ServerMessage>, NativeError> {
        let note = self.context.note(item, done);
        let sql = note.map_or_else(|| "COMMIT".to_owned(), |note| format!("{note};\nCOMMIT"));
        self.execute(&sql, &self.doing(item)).await
    }

    fn error(&self, item: ItemIndex, message: ServerMessage, sql: &str) -> RestoreError {
        message.of_item(self.context.item(item), EXECUTING.to_owned(), sql)
    }

    /// What the connection is used for, for an error that says it was lost.
    fn doing(&self, item: ItemIndex) -> String {
        let entry = self.context.item(item);
        format!("restoring {} {}", entry.kind.as_str(), super::failure::full_name(entry))
    }
}

/// What to do about errors that concern no item: to go on would only make more
/// of them, and end with less.
fn remedy(code: &str) -> Option<&'static str> {
    match code {
        // disk_full
        "53100" => Some("make room on the server's disk"),
        // query_canceled: a restore has no time limits of its own.
        "57014" => Some("see who cancelled the statement"),
        _ => None,
    }
}

/// What the server said against a statement; an error if the session, or the
/// restore, ended with it.
fn refusal(error: PgError, doing: &str) -> Result<ServerMessage, NativeError> {
    let refused = error.as_db_error().filter(|error| {
        // FATAL and PANIC end the session.
        !matches!(
            error.parsed_severity(),
            Some(tokio_postgres::error::Severity::Fatal | tokio_postgres::error::Severity::Panic)
        )
    });
    match refused.map(ServerMessage::from) {
        Some(message) => match remedy(&message.code) {
            None => Ok(message),
            Some(remedy) => {
                let (doing, message) = (doing.to_owned(), Box::new(message));
                Err(NativeError::Halted { doing, message, remedy })
            }
        },
        None => Err(NativeError::lost(doing, error)),
    }
}
