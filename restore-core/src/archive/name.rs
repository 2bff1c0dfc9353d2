//! Names of tables: a schema and a name in it.

use std::fmt;

/// A table's name with its schema's, unquoted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    /// The schema; empty where the archive gives none.
    pub schema: String,
    /// The name in the schema.
    pub name: String,
}

impl fmt::Display for QualifiedName {
    /// With a dot between and quotes where SQL needs them, keywords aside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.schema.is_empty() {
            write_identifier(f, &self.schema)?;
            f.write_str(".")?;
        }
        write_identifier(f, &self.name)
    }
}

fn write_identifier(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    let starts_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if starts_plain && name.chars().all(is_plain) {
        f.write_str(name)
    } else {
        write!(f, "\"{}\"", name.replace('"', "\"\""))
    }
}

impl QualifiedName {
    /// The table that `COPY schema.table (columns) FROM stdin;` names, as
    /// `pg_dump` quotes it (`fmtQualifiedId`). `schema` stands in for one that
    /// the statement lacks, as before PostgreSQL 10.3.
    pub fn of_copy(statement: &str, schema: Option<&str>) -> Option<Self> {
        let (first, rest) = take_identifier(statement.strip_prefix("COPY ")?)?;
        match rest.strip_prefix('.') {
            Some(rest) => {
                let (name, rest) = take_identifier(rest)?;
                rest.starts_with(' ').then_some(Self { schema: first, name })
            }
            None => rest
                .starts_with(' ')
                .then(|| Self { schema: schema.unwrap_or_default().to_owned(), name: first }),
        }
    }
}

/// An identifier at the beginning of `sql`, and what follows it.
fn take_identifier(sql: &str) -> Option<(String, &str)> {
    let Some(quoted) = sql.strip_prefix('"') else {
        let end = sql.find(['.', ' ', '(', '"']).unwrap_or(sql.len());
        return (end > 0).then(|| (sql[..end].to_owned(), &sql[end..]));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let end = rest.find('"')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        // A doubled quote is one of the name's own.
        let Some(more) = rest.strip_prefix('"') else {
            return Some((name, rest));
        };
        name.push('"');
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(statement: &str) -> Option<(String, String)> {
        QualifiedName::of_copy(statement, Some("here")).map(|name| (name.schema, name.name))
    }

    #[test]
    fn copy_statements_name_their_table() {
        let pair = |schema: &str, name: &str| Some((schema.to_owned(), name.to_owned()));
        assert_eq!(of("COPY public.orders (a, b) FROM stdin;\n"), pair("public", "orders"));
        assert_eq!(of("COPY \"a.b\".\"c \"\"d\"\"\" (a) FROM stdin;\n"), pair("a.b", "c \"d\""));
        assert_eq!(of("COPY orders (a) FROM stdin;\n"), pair("here", "orders"));
        assert_eq!(of("COPY public.empty  FROM stdin;\n"), pair("public", "empty"));
        assert_eq!(of("COPY \"line\nfeed\" (a) FROM stdin;\n"), pair("here", "line\nfeed"));
        assert_eq!(of("COPY \"open"), None);
        assert_eq!(of("INSERT INTO x"), None);
        assert_eq!(of("COPY a.b.c (x)"), None);
    }

    #[test]
    fn names_are_quoted_where_needed() {
        let shown = |schema: &str, name: &str| {
            QualifiedName { schema: schema.into(), name: name.into() }.to_string()
        };
        assert_eq!(shown("public", "orders"), "public.orders");
        assert_eq!(shown("", "Orders"), "\"Orders\"");
        assert_eq!(shown("a b", "c\"d"), "\"a b\".\"c\"\"d\"");
    }
}
