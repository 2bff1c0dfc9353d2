//! Data that is SQL (`pg_dump --inserts`), cut into its statements.
//!
//! `pg_backup_db.c`: `ExecuteSimpleCommands`. The data holds strings and
//! quoted names, but neither comments nor `E''` nor dollar quotes.

/// Cuts a stream of bytes at the semicolons that end statements.
#[derive(Debug, Default)]
pub(crate) struct StatementCutter {
    statement: Vec<u8>,
    place: Place,
    standard_strings: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    /// Within a string; `escaped` says that a backslash came just before, and
    /// is one that escapes.
    String {
        escaped: bool,
    },
    Name,
}

impl StatementCutter {
    /// `standard_strings` says that a backslash escapes nothing.
    pub(crate) fn new(standard_strings: bool) -> Self {
        Self { standard_strings, ..Self::default() }
    }

    /// Takes more of the stream, and gives the statements that are complete,
    /// each with its semicolon.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut complete = Vec::new();
        for &byte in bytes {
            if byte == b'\n' && self.statement.is_empty() {
                continue;
            }
            self.statement.push(byte);
            if self.place == Place::Outside && byte == b';' {
                complete.push(std::mem::take(&mut self.statement));
            }
            self.place = self.after(byte);
        }
        complete
    }

    /// What is left behind the last statement: nothing, in a whole stream.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.statement
    }

    fn after(&self, byte: u8) -> Place {
        match (self.place, byte) {
            (Place::Outside, b'"') => Place::Name,
            (Place::String { escaped: false }, b'\'') | (Place::Name, b'"') => Place::Outside,
            (Place::String { escaped }, b'\\') if !self.standard_strings => {
                Place::String { escaped: !escaped }
            }
            (Place::Outside, b'\'') | (Place::String { .. }, _) => Place::String { escaped: false },
            (place, _) => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str, standard_strings: bool) -> Vec<String> {
        let mut cutter = StatementCutter::new(standard_strings);
        let complete = cutter.push(text.as_bytes());
        complete.into_iter().map(|sql| String::from_utf8(sql).unwrap()).collect()
    }

    #[test]
    fn semicolons_in_strings_and_names_end_nothing() {
        let text = "INSERT INTO \"a;b\" VALUES ('x;''y');\n\n\nINSERT INTO t VALUES (1);\n";
        assert_eq!(
            cut(text, true),
            ["INSERT INTO \"a;b\" VALUES ('x;''y');", "INSERT INTO t VALUES (1);"]
        );
    }

    #[test]
    fn a_backslash_escapes_where_strings_are_not_standard() {
        let text = "A '\\'; ' ;";
        assert_eq!(cut(text, true), ["A '\\';"]);
        assert_eq!(cut(text, false), ["A '\\'; ' ;"]);
    }

    proptest! {
        #[test]
        fn the_pieces_of_a_stream_do_not_matter(text in "[a;'\"\\\\\n ]{0,40}", at in 0usize..40) {
            let at = at.min(text.len());
            let mut cutter = StatementCutter::new(false);
            let mut pieces = cutter.push(&text.as_bytes()[..at]);
            pieces.extend(cutter.push(&text.as_bytes()[at..]));
            let whole = cut(&text, false);
            let pieces: Vec<_> =
                pieces.into_iter().map(|sql| String::from_utf8(sql).unwrap()).collect();
            prop_assert_eq!(pieces, whole);
        }
    }
}
