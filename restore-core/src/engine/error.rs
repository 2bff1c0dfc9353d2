//! Errors that a restore reports, each with the item that it belongs to.

use std::fmt;

use crate::event::ItemName;

/// An error that the server, or the engine's program, reported during a restore.
///
/// `Display` gives the message with its severity as the server writes it:
///
/// ```
/// use restore_core::engine::RestoreError;
///
/// let error = RestoreError::read("could not execute query: ERROR:  role \"x\" does not exist");
/// assert_eq!(error.to_string(), "ERROR:  role \"x\" does not exist");
/// assert_eq!(error.action.as_deref(), Some("could not execute query"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreError {
    /// What was being restored.
    pub source: ErrorSource,
    /// What the program was doing, in its own words: `could not execute query`,
    /// `COPY failed for table "t"`. `None` where the message is the program's own, or
    /// where the program says nothing but the message.
    pub action: Option<String>,
    /// `ERROR`, `FATAL` or `PANIC`, or the server's translation of it; `None` for an
    /// error of the program itself.
    pub severity: Option<String>,
    /// The primary message.
    pub message: String,
    /// What follows `DETAIL:`.
    pub detail: Option<String>,
    /// What follows `HINT:`.
    pub hint: Option<String>,
    /// What follows `CONTEXT:`.
    pub context: Option<String>,
    /// The statement that failed; `pg_restore` gives its first 128 bytes.
    pub statement: Option<String>,
}

/// What was being restored when an error was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub(super) fn is_setup_statement(&self) -> bool {
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

/// Takes the lines of errors as they come, and knows which part of an error the next line
/// continues.
#[derive(Debug)]
pub(super) struct OpenError {
    error: RestoreError,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Message,
    Detail,
    Hint,
    Context,
    Statement,
    /// A part that is not kept: the query that a function ran, the place in a statement.
    Other,
}

impl OpenError {
    /// Begins with the first line of an error.
    pub(super) fn begin(text: &str) -> Self {
        Self { error: RestoreError::read(text), part: Part::Message }
    }

    /// Takes a further line of the error.
    pub(super) fn extend(&mut self, line: &str) {
        const PARTS: [(&str, Part); 7] = [
            ("DETAIL:  ", Part::Detail),
            ("HINT:  ", Part::Hint),
            ("CONTEXT:  ", Part::Context),
            ("QUERY:  ", Part::Other),
            ("LOCATION:  ", Part::Other),
            ("Command was: ", Part::Statement),
            ("Query was: ", Part::Statement),
        ];
        let known = PARTS.iter().find_map(|&(word, part)| Some((part, line.strip_prefix(word)?)));
        match known {
            Some((part, text)) => {
                self.part = part;
                self.append(text);
            }
            None if is_place_in_statement(line) => self.part = Part::Other,
            None => self.append(line),
        }
    }

    /// The error, whole.
    pub(super) fn end(mut self) -> RestoreError {
        if let Some(statement) = &mut self.error.statement {
            statement.truncate(statement.trim_end().len());
        }
        self.error
    }

    fn append(&mut self, text: &str) {
        let part = match self.part {
            Part::Message => {
                if !text.trim().is_empty() {
                    self.error.message.push('\n');
                    self.error.message.push_str(text);
                }
                return;
            }
            Part::Detail => &mut self.error.detail,
            Part::Hint => &mut self.error.hint,
            Part::Context => &mut self.error.context,
            Part::Statement => &mut self.error.statement,
            Part::Other => return,
        };
        match part {
            Some(part) => {
                part.push('\n');
                part.push_str(text);
            }
            None => *part = Some(text.to_owned()),
        }
    }
}

/// `LINE 1: CREATE ...`, and then a line with a caret below it.
fn is_place_in_statement(line: &str) -> bool {
    let number = line.strip_prefix("LINE ").and_then(|rest| rest.split_once(": "));
    number.is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Errors that a report keeps, so that an error in each of a million statements does not
/// fill the memory.
const ERRORS_KEPT: usize = 10_000;

/// The errors of a restore, the first of them in full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreErrors {
    kept: Vec<RestoreError>,
    count: u32,
}

impl RestoreErrors {
    /// The first ten thousand errors, in the order in which they were reported.
    pub fn kept(&self) -> &[RestoreError] {
        &self.kept
    }

    /// How many there were. With several jobs this may differ from what `pg_restore`
    /// says in the end, which counts some errors twice and others not at all.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether every one was kept.
    pub fn is_complete(&self) -> bool {
        self.count as usize == self.kept.len()
    }

    /// Adds an error.
    pub fn push(&mut self, error: RestoreError) {
        self.count = self.count.saturating_add(1);
        if self.kept.len() < ERRORS_KEPT {
            self.kept.push(error);
        }
    }

    /// Notes that the program counted this many errors. Its count is used only where it
    /// reported no error that could be read.
    pub(super) fn note_announced(&mut self, count: u32) {
        if self.kept.is_empty() {
            self.count = self.count.max(count);
        }
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

    #[test]
    fn further_lines_go_to_the_part_that_they_continue() {
        let mut open = OpenError::begin("could not execute query: ERROR:  no\tsuch");
        for line in [
            "DETAIL:  one",
            "two",
            "LINE 1: CREATE",
            "        ^",
            "Command was: CREATE (",
            "    a int",
            ");",
            "",
            "",
        ] {
            open.extend(line);
        }
        let error = open.end();
        assert_eq!(error.detail.as_deref(), Some("one\ntwo"));
        assert_eq!(error.statement.as_deref(), Some("CREATE (\n    a int\n);"));
        assert_eq!(error.message, "no\tsuch");
    }

    #[test]
    fn settings_of_a_connection_are_told_from_items() {
        let mut open = OpenError::begin("could not execute query: ERROR:  unrecognized");
        open.extend("Command was: SET transaction_timeout = 0;");
        assert!(open.end().is_of_session());
        let tablespace = "could not set default_tablespace to fast: ERROR:  invalid value";
        assert!(RestoreError::read(tablespace).is_of_session());
        assert!(!RestoreError::read("could not execute query: ERROR:  no").is_of_session());
    }
}
