//! Identifiers and strings in SQL.
//!
//! `pg_restore` leaves quotes out where an identifier needs none (`fmtId`); to
//! the server both are the same name, so every one is quoted here.

/// An identifier in quotes.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An identifier with its schema, where it has one (`fmtQualifiedId`).
pub(crate) fn qualified(schema: Option<&str>, name: &str) -> String {
    match schema.filter(|schema| !schema.is_empty()) {
        Some(schema) => format!("{}.{}", identifier(schema), identifier(name)),
        None => identifier(name),
    }
}

/// A string in quotes that means the same under both settings of
/// `standard_conforming_strings`.
pub(crate) fn string(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        return format!(" E'{}'", quoted.replace('\\', "\\\\"));
    }
    format!("'{quoted}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_strings_are_quoted() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(qualified(Some("s"), "t"), "\"s\".\"t\"");
        assert_eq!(qualified(Some(""), "t"), "\"t\"");
        assert_eq!(string("it's"), "'it''s'");
        assert_eq!(string("a\\'b"), " E'a\\\\''b'");
    }
}
