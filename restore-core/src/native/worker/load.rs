//! Rows, and what comes right after them.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_postgres::CopyInSink;

use super::{Outcome, Worker, refusal};
use crate::archive::ArchiveError;
use crate::engine::RestoreError;
use crate::event::EventKind;
use crate::native::error::NativeError;
use crate::native::failure::{EXECUTING, ServerMessage, archive_error};
use crate::native::journal::Done;
use crate::native::sql::{CopyOptions, Destination, qualified};
use crate::plan::ItemIndex;

/// Why a load did not succeed.
pub(super) enum LoadFailure {
    /// The server refused a statement.
    Statement(Box<ServerMessage>, String),
    /// The server refused a COPY before any row: see [`Worker::reconnect`].
    Copy(Box<ServerMessage>, String),
    /// The server refused the rows.
    Rows(Box<ServerMessage>),
    /// The archive's data cannot be read.
    Archive(ArchiveError),
}

/// What is done to a table before its rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing.
    AsItIs,
    /// It is emptied in the same transaction, which lets the server skip the
    /// write-ahead log under `wal_level = minimal`.
    Emptied,
    /// Likewise, and its rows are frozen as they come.
    Frozen,
}

impl Worker {
    /// Loads an item's rows in one transaction.
    pub(crate) async fn load(&mut self, item: ItemIndex) -> Result<Outcome, NativeError> {
        if self.context.settings.no_data_for_failed_tables && self.context.failed_table_of(item) {
            return Ok(Outcome::default());
        }
        let mut errors = self.set_triggers(item, "DISABLE").await?;
        errors.extend(self.select_for_data(item).await?);
        let is_copied = self.context.item(item).is_copied();
        let loaded = if is_copied { self.copy(item).await? } else { self.insert(item).await? };
        errors.extend(loaded.errors);
        errors.extend(self.set_triggers(item, "ENABLE").await?);
        if !errors.is_empty() {
            self.note_errors(item, &errors).await?;
        }
        Ok(Outcome { errors, ..loaded })
    }

    /// Loads an item's rows as a whole after parts of it failed. First the
    /// parts are undone: if the whole fails too, the table is empty, as it is
    /// after a COPY that fails.
    pub(crate) async fn reload(&mut self, item: ItemIndex) -> Result<Outcome, NativeError> {
        let entry = self.context.item(item);
        let table = qualified(entry.namespace.as_deref(), entry.name());
        let note = self.context.note(item, Done::Undone).unwrap_or_default();
        let undo = format!("TRUNCATE TABLE ONLY {table};\n{note}");
        // The server may refuse it for want of a table: then the load tells.
        let _ = self.execute(&undo, &self.doing(item)).await?;
        self.load(item).await
    }

    /// Switches the table's triggers (`--disable-triggers`), which only a
    /// restore that makes nothing needs.
    async fn set_triggers(
        &mut self,
        item: ItemIndex,
        switch: &str,
    ) -> Result<Vec<RestoreError>, NativeError> {
        let context = Arc::clone(&self.context);
        if !context.settings.disable_triggers || !context.is_data_only {
            return Ok(Vec::new());
        }
        let mut sql = Vec::new();
        if context.settings.set_session_authorization || context.settings.superuser.is_some() {
            sql.extend(self.state.become_user(context.settings.superuser.as_deref()));
        }
        let entry = context.item(item);
        let table = qualified(entry.namespace.as_deref(), entry.name());
        sql.push(format!("ALTER TABLE {table} {switch} TRIGGER ALL"));
        self.execute_each(item, &sql).await
    }

    /// Loads by COPY; where the server refuses an extra, without it.
    async fn copy(&mut self, item: ItemIndex) -> Result<Outcome, NativeError> {
        /// `insufficient_privilege`: of TRUNCATE.
        const NOT_PERMITTED: &str = "42501";
        /// COPY FREEZE is not possible here: `feature_not_supported`,
        /// `object_not_in_prerequisite_state`, `invalid_transaction_state`.
        const CANNOT_FREEZE: [&str; 3] = ["0A000", "55000", "25000"];

        let mut start = self.start_of(item);
        loop {
            let failure = match self.copy_from(item, start).await? {
                Ok(rows) => return Ok(Outcome { rows: vec![(item, rows)], ..Outcome::default() }),
                Err(failure) => failure,
            };
            if matches!(failure, LoadFailure::Copy(..)) {
                self.reconnect().await?;
                self.select_for_data(item).await?;
            } else {
                self.roll_back(item).await?;
            }
            match (&failure, start) {
                (LoadFailure::Copy(message, _) | LoadFailure::Rows(message), Start::Frozen)
                    if CANNOT_FREEZE.contains(&message.code.as_str()) =>
                {
                    start = Start::Emptied;
                }
                (LoadFailure::Statement(message, sql), Start::Frozen | Start::Emptied)
                    if message.code == NOT_PERMITTED && sql.contains("TRUNCATE") =>
                {
                    start = Start::AsItIs;
                }
                _ => return Ok(Outcome::of_errors(vec![self.load_error(item, failure)])),
            }
        }
    }

    /// Where `pg_restore -j` truncates, this may freeze too.
    pub(super) fn start_of(&self, item: ItemIndex) -> Start {
        let entry = self.context.item(item);
        if !self.context.made_table_of(item) || Destination::of(entry) != Destination::OwnTable {
            return Start::AsItIs;
        }
        if self.context.tuning.freeze { Start::Frozen } else { Start::Emptied }
    }

    async fn copy_from(
        &mut self,
        item: ItemIndex,
        start: Start,
    ) -> Result<Result<u64, LoadFailure>, NativeError> {
        let begin = self.begin_load(item, start != Start::AsItIs);
        if let Err(message) = self.execute(&begin, &self.doing(item)).await? {
            return Ok(Err(LoadFailure::Statement(Box::new(message), begin)));
        }
        let sql = self.copy_statement(item, start == Start::Frozen);
        let data = self.context.data(item).stream();
        let rows = match self.stream(item, &sql, data).await? {
            Ok(rows) => rows,
            Err(failure) => return Ok(Err(failure)),
        };
        let committed = self.commit(item, Done::Item).await?;
        Ok(committed
            .map(|()| rows)
            .map_err(|message| LoadFailure::Statement(Box::new(message), sql)))
    }

    /// The statements that begin the transaction of a load.
    pub(super) fn begin_load(&self, item: ItemIndex, empties: bool) -> String {
        if !empties {
            return "BEGIN".to_owned();
        }
        let entry = self.context.item(item);
        let table = qualified(entry.namespace.as_deref(), entry.name());
        format!("BEGIN;\nTRUNCATE TABLE ONLY {table}")
    }

    pub(super) fn copy_statement(&self, item: ItemIndex, freeze: bool) -> String {
        let options = CopyOptions { freeze, encoding: self.context.data_encoding() };
        options.apply(self.context.item(item).copy_statement.as_deref().unwrap_or_default())
    }

    /// Streams COPY text to the server, as fast as it takes it.
    pub(super) async fn stream(
        &self,
        item: ItemIndex,
        sql: &str,
        mut data: mpsc::Receiver<Result<Bytes, ArchiveError>>,
    ) -> Result<Result<u64, LoadFailure>, NativeError> {
        let doing = self.doing(item);
        let refused =
            |error| refusal(error, &doing).map(|message| Err(LoadFailure::Rows(Box::new(message))));
        let sink: Result<CopyInSink<Bytes>, _> = self.connection.client.copy_in(sql).await;
        let mut sink = match sink {
            Ok(sink) => Box::pin(sink),
            Err(error) => {
                let message = refusal(error, &doing)?;
                return Ok(Err(LoadFailure::Copy(Box::new(message), sql.to_owned())));
            }
        };
        while let Some(piece) = data.recv().await {
            let piece = match piece {
                Ok(piece) => piece,
                // The sink, dropped without its end, makes the COPY fail.
                Err(error) => return Ok(Err(LoadFailure::Archive(error))),
            };
            let bytes = piece.len() as u64;
            let began = Instant::now();
            if let Err(error) = sink.send(piece).await {
                return refused(error);
            }
            self.context.gate.pass(began.elapsed()).await;
            self.context.reporter.tell(EventKind::Sent { item: self.context.plan.id(item), bytes });
        }
        match sink.as_mut().finish().await {
            Ok(rows) => Ok(Ok(rows)),
            Err(error) => refused(error),
        }
    }

    pub(super) fn load_error(&self, item: ItemIndex, failure: LoadFailure) -> RestoreError {
        let entry = self.context.item(item);
        match failure {
            LoadFailure::Statement(message, sql) | LoadFailure::Copy(message, sql) => {
                message.of_item(entry, EXECUTING.to_owned(), &sql)
            }
            LoadFailure::Rows(message) => {
                let action = format!("COPY failed for table \"{}\"", entry.name());
                RestoreError { statement: None, ..message.of_item(entry, action, "") }
            }
            LoadFailure::Archive(error) => archive_error(entry, &error),
        }
    }

    /// Marks a loaded table's pages as visible to all.
    pub(crate) async fn vacuum(&mut self, item: ItemIndex) -> Result<Outcome, NativeError> {
        let entry = self.context.item(item);
        let sql = format!("VACUUM {}", qualified(entry.namespace.as_deref(), entry.name()));
        // Nothing depends on it but time: an error is a note.
        if let Err(message) = self.execute(&sql, &self.doing(item)).await? {
            self.context.reporter.note(format!("{sql} was refused: {}", message.message));
        }
        Ok(Outcome::default())
    }
}
