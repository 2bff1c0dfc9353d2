//! What the server refuses, and the errors of items that come of it.

use std::fmt;

use tokio_postgres::error::DbError;

use crate::engine::{ErrorSource, RestoreError};
use crate::event::ItemName;
use crate::toc::Item;

/// What the server said of a statement that it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerMessage {
    /// `ERROR`, `FATAL` or `PANIC`, as the server's language has it.
    pub severity: String,
    /// The SQLSTATE, five characters.
    pub code: String,
    /// The primary message.
    pub message: String,
    /// More about the error.
    pub detail: Option<String>,
    /// What to do about it, by the server.
    pub hint: Option<String>,
    /// Where it arose: of COPY, the line and the column.
    pub context: Option<String>,
}

impl From<&DbError> for ServerMessage {
    fn from(error: &DbError) -> Self {
        Self {
            severity: error.severity().to_owned(),
            code: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: error.detail().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            context: error.where_().map(str::to_owned),
        }
    }
}

impl fmt::Display for ServerMessage {
    /// The first line as libpq prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:  {}", self.severity, self.message)
    }
}

/// What `pg_restore` says that it was doing when a statement failed.
pub(crate) const EXECUTING: &str = "could not execute query";

impl ServerMessage {
    /// The error of the item whose statement this refuses.
    pub(crate) fn of_item(self, item: &Item, action: String, statement: &str) -> RestoreError {
        RestoreError {
            source: ErrorSource::Item(item_name(item)),
            action: Some(action),
            severity: Some(self.severity),
            message: self.message,
            detail: self.detail,
            hint: self.hint,
            context: self.context,
            statement: Some(statement.trim_end().to_owned()),
        }
    }
}

/// The error of an item that the archive does not give whole, or for which
/// there is nothing to send.
pub(crate) fn archive_error(item: &Item, what: &dyn fmt::Display) -> RestoreError {
    RestoreError {
        source: ErrorSource::Item(item_name(item)),
        ..RestoreError::read(&what.to_string())
    }
}

/// What events and errors call an item.
pub(crate) fn item_name(item: &Item) -> ItemName {
    ItemName { id: Some(item.id), kind: item.kind.as_str().to_owned(), name: full_name(item) }
}

/// An item's name, with the schema where it has one.
pub(crate) fn full_name(item: &Item) -> String {
    match item.namespace.as_deref().filter(|schema| !schema.is_empty()) {
        Some(schema) => format!("{schema}.{}", item.name()),
        None => item.name().to_owned(),
    }
}
