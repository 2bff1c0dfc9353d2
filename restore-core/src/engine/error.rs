//! The errors of a restore, as they are read from lines and as they are kept.

pub use crate::event::{ErrorSource, RestoreError};

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

    /// Adds errors of which only the number is known.
    pub(super) fn add_unread(&mut self, count: u32) {
        self.count = self.count.saturating_add(count);
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
