//! An error of a restore, with the item that it belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ItemName;

/// An error that the server, or the engine's program, reported during a restore.
///
/// `Display` gives the message with its severity as the server writes it:
///
/// ```
/// use restore_core::event::RestoreError;
///
/// let error = RestoreError::read("could not execute query: ERROR:  role \"x\" does not exist");
/// assert_eq!(error.to_string(), "ERROR:  role \"x\" does not exist");
/// assert_eq!(error.action.as_deref(), Some("could not execute query"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreError {
    /// What was being restored.
    pub source: ErrorSource,
    /// What the program was doing, in its own words: `could not execute query`,
    /// `COPY failed for table "t"`. `None` where the message is the program's own, or
    /// where the program says nothing but the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// `ERROR`, `FATAL` or `PANIC`, or the server's translation of it; `None` for an
    /// error of the program itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The primary message.
    pub message: String,
    /// What follows `DETAIL:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What follows `HINT:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What follows `CONTEXT:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The statement that failed; `pg_restore` gives its first 128 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

/// What was being restored when an error was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorSource {
    /// An item of the archive.
    Item(ItemName),
    /// The statement of an SQL script that ends in this line, counted from 1.
    Line(u64),
    /// No item: the connection, its settings, or the program itself.
    Session,
}

/// Statements by which `pg_restore` and the scripts of `pg_dump` set up a connection
/// (`_doSetFixedOutputState` in `pg_backup_archiver.c`).
const SETUP_STATEMENTS: [&str; 2] = ["SET ", "SELECT pg_catalog.set_config("];

/// Words of `pg_restore` before an error of a setting that holds for the items that
/// follow on the same connection: user, tablespace, access method.
const SETUP_ACTION: &str = "could not set ";

impl RestoreError {
    /// Reads the first line of an error as the program writes it, behind its marks.
    pub fn read(text: &str) -> Self {
        let (action, severity, message) = split(text);
        Self {
            source: ErrorSource::Session,
            action,
            severity,
            message,
            detail: None,
            hint: None,
            context: None,
            statement: None,
        }
    }

    /// The item that it belongs to.
    pub fn item(&self) -> Option<&ItemName> {
        match &self.source {
            ErrorSource::Item(item) => Some(item),
            ErrorSource::Line(_) | ErrorSource::Session => None,
        }
    }

    /// The line of the SQL script that it belongs to.
    pub fn line(&self) -> Option<u64> {
        match self.source {
            ErrorSource::Line(line) => Some(line),
            ErrorSource::Item(_) | ErrorSource::Session => None,
        }
    }

    /// The error with everything that is known of it, over several lines.
    pub fn full_text(&self) -> String {
        let item = self.item().map(|item| format!("{} {}: ", item.kind, item.name));
        let action = self.action.as_deref().map(|action| format!("{action}: "));
        let mut text = [item, action].into_iter().flatten().collect::<String>() + &self.to_string();
        let parts = [
            ("DETAIL:  ", &self.detail),
            ("HINT:  ", &self.hint),
            ("CONTEXT:  ", &self.context),
            ("Command was: ", &self.statement),
        ];
        for (label, part) in parts {
            if let Some(part) = part {
                text.push('\n');
                text.push_str(label);
                text.push_str(part);
            }
        }
        text
    }

    /// Whether a setting of the connection failed. Each worker has its own connection and
    /// sets what its items need, so how often this happens, and at which item, depends on
    /// the number of jobs and on chance.
    pub fn is_of_session(&self) -> bool {
        let action = self.action.as_deref().unwrap_or_default();
        let statement = self.statement.as_deref().unwrap_or_default();
        action.starts_with(SETUP_ACTION)
            || SETUP_STATEMENTS.iter().any(|setup| statement.starts_with(setup))
    }

    /// Whether the statement itself, and not a change of state before an item, set up the
    /// connection.
    pub(crate) fn is_setup_statement(&self) -> bool {
        let statement = self.statement.as_deref().unwrap_or_default();
        SETUP_STATEMENTS.iter().any(|setup| statement.starts_with(setup))
    }
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.severity {
            Some(severity) => write!(f, "{severity}:  {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Splits `could not execute query: ERROR:  no such role` into action, severity and
/// message. The server puts two spaces behind its severity (`pqBuildErrorMessage3` in
/// `fe-protocol3.c`), and nothing else does.
fn split(text: &str) -> (Option<String>, Option<String>, String) {
    let Some((before, message)) = text.split_once(":  ") else {
        return (None, None, text.to_owned());
    };
    let (action, severity) = match before.rsplit_once(": ") {
        Some((action, severity)) => (Some(action.to_owned()), severity),
        None => (None, before),
    };
    let is_word = !severity.is_empty() && !severity.contains(char::is_whitespace);
    if is_word {
        (action, Some(severity.to_owned()), message.to_owned())
    } else {
        (None, None, text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_split_into_what_failed_and_why() {
        let error = RestoreError::read("COPY failed for table \"t: x\": ERROR:  no: really");
        assert_eq!(error.action.as_deref(), Some("COPY failed for table \"t: x\""));
        assert_eq!(error.severity.as_deref(), Some("ERROR"));
        assert_eq!(error.message, "no: really");
        let translated = RestoreError::read("could not execute query: FEHLER:  Rolle fehlt");
        assert_eq!(translated.to_string(), "FEHLER:  Rolle fehlt");
        let own = RestoreError::read("could not read from input file: end of file");
        assert_eq!((own.action, own.severity), (None, None));
        assert_eq!(own.message, "could not read from input file: end of file");
    }
}
