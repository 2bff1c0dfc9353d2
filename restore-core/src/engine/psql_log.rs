//! Reads what `psql` writes to its standard error.
//!
//! `psql:dump.sql:12: ERROR:  ...`: psql goes on after an error and exits with 0, so the
//! lines are what tells.

use super::error::{ErrorSource, OpenError, RestoreErrors};
use super::program::{LineMeaning, ReadLines};
use crate::event::{EventKind, RestoreError};
use crate::launch::Stream;

/// Reads one line after the other.
#[derive(Debug, Default)]
pub(super) struct LogReader {
    /// The error that the next line may continue, and the line of the script.
    open: Option<(OpenError, ErrorSource)>,
    errors: RestoreErrors,
}

impl ReadLines for LogReader {
    fn read(&mut self, stream: Stream, line: &str) -> LineMeaning {
        if stream == Stream::Output {
            return LineMeaning::Nothing;
        }
        let Some((number, text)) = split_place(line) else {
            if let Some((open, _)) = &mut self.open {
                open.extend(line);
            }
            return LineMeaning::Message;
        };
        self.close();
        let Some(text) = error_text(text) else { return LineMeaning::Message };
        let source = number.map_or(ErrorSource::Session, ErrorSource::Line);
        self.open = Some((OpenError::begin(text), source));
        let error = Box::new(RestoreError::read(text));
        LineMeaning::Error(EventKind::Error { error }, text.to_owned())
    }

    /// psql never says that it has ignored errors: its exit status does.
    fn end(mut self) -> (RestoreErrors, bool) {
        self.close();
        (self.errors, false)
    }
}

impl LogReader {
    fn close(&mut self) {
        if let Some((open, source)) = self.open.take() {
            let mut error = open.end();
            error.source = source;
            self.errors.push(error);
        }
    }
}

/// Splits `psql:dump.sql:12: ERROR:  x` into the line of the script and the message behind
/// it; `None` for a line that begins no message.
fn split_place(line: &str) -> Option<(Option<u64>, &str)> {
    let rest = line.strip_prefix("psql:")?;
    if let Some(text) = rest.strip_prefix(' ') {
        return Some((None, text));
    }
    // The file's name may hold anything: the first number between colons ends it.
    rest.match_indices(": ").find_map(|(end, _)| {
        let number = rest[..end].rsplit(':').next()?.parse().ok()?;
        Some((Some(number), &rest[end + 2..]))
    })
}

/// The message of an error, without psql's own mark.
fn error_text(text: &str) -> Option<&str> {
    const SEVERITIES: [&str; 3] = ["ERROR:  ", "FATAL:  ", "PANIC:  "];
    let is_of_server = SEVERITIES.iter().any(|severity| text.starts_with(severity));
    if is_of_server { Some(text) } else { text.strip_prefix("error: ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_lines_and_are_told_from_notices() {
        let mut reader = LogReader::default();
        for line in [
            "psql:d.sql:3: NOTICE:  ERROR:  is no error here",
            "psql:d.sql:385: ERROR:  new row violates check constraint \"c\"",
            "DETAIL:  Failing row contains (1).",
            "CONTEXT:  COPY t, line 1: \"1\"",
            "psql:d.sql:5: error: invalid command \\restrict",
        ] {
            reader.read(Stream::Error, line);
        }
        let (errors, _) = reader.end();
        let [check, command] = errors.kept() else { panic!("{errors:?}") };
        assert_eq!(check.source, ErrorSource::Line(385));
        assert_eq!(check.to_string(), "ERROR:  new row violates check constraint \"c\"");
        assert_eq!(check.context.as_deref(), Some("COPY t, line 1: \"1\""));
        assert_eq!(command.to_string(), "invalid command \\restrict");
    }
}
