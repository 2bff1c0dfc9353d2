//! Filter files: what `pg_restore --filter` reads.
//!
//! `filter.c` and `pg_restore.c` (`read_restore_filters`), PostgreSQL 17 and
//! 18; the manual's page of `pg_restore`, `--filter`.

use crate::options::Opt;

/// Why a filter file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct FilterError {
    line: usize,
    reason: String,
}

/// The options that the lines of a filter file stand for.
pub(super) fn parse(text: &str) -> Result<Vec<(Opt, String)>, FilterError> {
    let mut reader = Reader { lines: text.lines(), line: 0 };
    let mut found = Vec::new();
    while let Some(line) = reader.next_line() {
        let line = line.trim_ascii_start();
        if !line.is_empty() && !line.starts_with('#') {
            let (option, pattern) = split_keywords(line).map_err(|reason| reader.error(reason))?;
            found.push((option, reader.pattern(pattern)?));
        }
    }
    Ok(found)
}

/// `include table` and the like in front of a pattern.
fn split_keywords(line: &str) -> Result<(Opt, &str), String> {
    let (command, rest) = keyword(line);
    let is_include = match command {
        _ if command.eq_ignore_ascii_case("include") => true,
        _ if command.eq_ignore_ascii_case("exclude") => false,
        _ => return Err("a filter begins with include or exclude".to_owned()),
    };
    let (object, rest) = keyword(rest);
    let option = match (object.to_ascii_lowercase().as_str(), is_include) {
        ("function", true) => Opt::Function,
        ("index", true) => Opt::Index,
        ("schema", true) => Opt::Schema,
        ("table", true) => Opt::Table,
        ("trigger", true) => Opt::Trigger,
        ("schema", false) => Opt::ExcludeSchema,
        _ => {
            return Err(format!(
                "{command} {object} is no filter of pg_restore: it takes include with function, \
                 index, schema, table or trigger, and exclude with schema"
            ));
        }
    };
    Ok((option, rest))
}

/// The keyword in front, and what follows it.
fn keyword(text: &str) -> (&str, &str) {
    let text = text.trim_ascii_start();
    let is_part = |c: char| c.is_ascii_alphabetic() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text.split_at(end)
}

struct Reader<'a> {
    lines: std::str::Lines<'a>,
    /// The number of the line that was read last, from 1.
    line: usize,
}

impl<'a> Reader<'a> {
    fn next_line(&mut self) -> Option<&'a str> {
        self.line += 1;
        self.lines.next()
    }

    fn error(&self, reason: impl Into<String>) -> FilterError {
        FilterError { line: self.line, reason: reason.into() }
    }

    /// A pattern, which ends at the line or a `#`; quoted names may go over
    /// several lines and keep their quotes. White space comes to what the
    /// server writes: one space within, one behind a comma, none elsewhere.
    fn pattern(&mut self, text: &'a str) -> Result<String, FilterError> {
        let mut rest = text.trim_ascii_start();
        if rest.is_empty() {
            return Err(self.error("the name is missing"));
        }
        let mut pattern = String::new();
        let (mut skip_space, mut found_space) = (true, false);
        while let Some(first) = rest.chars().next().filter(|&first| first != '#') {
            let end = rest.find(|c: char| c.is_ascii_whitespace() || "#,.()\"".contains(c));
            let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
            if !word.is_empty() {
                if found_space && !skip_space {
                    pattern.push(' ');
                }
                pattern.push_str(word);
                (rest, skip_space) = (behind, false);
            } else if first == '"' {
                if found_space {
                    pattern.push(' ');
                }
                (rest, skip_space) = (self.quoted(&rest[1..], &mut pattern)?, false);
            } else {
                pattern.push_str(if first == ',' { ", " } else { &rest[..1] });
                (rest, skip_space) = (&rest[1..], true);
            }
            let trimmed = rest.trim_ascii_start();
            found_space = trimmed.len() < rest.len();
            rest = trimmed;
        }
        Ok(pattern)
    }

    /// Takes over a quoted name with its quotes; gives what follows it.
    fn quoted(&mut self, text: &'a str, pattern: &mut String) -> Result<&'a str, FilterError> {
        pattern.push('"');
        let mut rest = text;
        loop {
            let Some(next) = rest.chars().next() else {
                pattern.push('\n');
                rest = self.next_line().ok_or_else(|| self.error("a quoted name has no end"))?;
                continue;
            };
            rest = &rest[next.len_utf8()..];
            match next {
                '"' => {
                    pattern.push('"');
                    let Some(more) = rest.strip_prefix('"') else { return Ok(rest) };
                    pattern.push('"');
                    rest = more;
                }
                '\\' => {
                    let escaped = rest.chars().next();
                    match escaped {
                        Some('n') => pattern.push('\n'),
                        Some('\\') => pattern.push('\\'),
                        _ => {}
                    }
                    rest = &rest[escaped.map_or(0, char::len_utf8)..];
                }
                next => pattern.push(next),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_for_options() {
        let found = parse(
            "# comment\n\n include table  orders # the large one\nEXCLUDE schema audit\n\
             include function f ( integer ,text )\ninclude trigger \"a\"\"b\\n\nc\"\n\
             include index two  words\n",
        );
        let expected = [
            (Opt::Table, "orders"),
            (Opt::ExcludeSchema, "audit"),
            (Opt::Function, "f(integer, text)"),
            (Opt::Trigger, "\"a\"\"b\n\nc\""),
            (Opt::Index, "two words"),
        ];
        assert_eq!(found.unwrap(), expected.map(|(option, name)| (option, name.to_owned())));
    }

    #[test]
    fn faults_name_their_line() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(error("\ntable x"), "line 2: a filter begins with include or exclude");
        assert!(error("exclude table x").starts_with("line 1: exclude table is no filter"));
        assert!(error("include table_data x").starts_with("line 1: include table_data is no"));
        assert_eq!(error("include table \n"), "line 1: the name is missing");
        assert_eq!(error("include table \"x\n"), "line 2: a quoted name has no end");
    }
}
