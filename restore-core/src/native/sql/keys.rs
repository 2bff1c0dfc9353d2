//! Primary keys and unique constraints whose index can be built first.
//!
//! `ALTER TABLE ... ADD CONSTRAINT` locks the table against everything while
//! the index is built; `CREATE UNIQUE INDEX` lets the table's other indexes be
//! built at the same time, and attaching it afterwards takes no time (manual,
//! ALTER TABLE, `ADD table_constraint_using_index`).

/// A constraint of the plainest form that `pg_dump` writes
/// (`dumpConstraint`): anything else is left as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachableKey {
    /// Builds the index.
    pub(crate) index: String,
    /// Makes the constraint of it.
    pub(crate) attach: String,
    /// Drops the index again, where the constraint cannot be made of it.
    pub(crate) undo: String,
}

impl AttachableKey {
    /// Reads `ALTER TABLE ONLY table ADD CONSTRAINT name PRIMARY KEY
    /// (columns)`, or UNIQUE, with INCLUDE and storage parameters.
    pub(crate) fn parse(definition: &str) -> Option<Self> {
        let mut text = Text(definition);
        text.skip("ALTER TABLE ONLY ")?;
        let (table, table_name) = text.qualified_name()?;
        text.skip("\n    ADD CONSTRAINT ")?;
        let name = text.identifier()?;
        let kind = ["PRIMARY KEY", "UNIQUE"]
            .into_iter()
            .find(|kind| text.skip(&format!(" {kind} (")).is_some())?;
        let columns = text.columns()?;
        let mut index = format!("CREATE UNIQUE INDEX {name} ON {table} USING btree ({columns})");
        if text.skip(" INCLUDE (").is_some() {
            index = format!("{index} INCLUDE ({})", text.columns()?);
        }
        if text.skip(" WITH (").is_some() {
            index = format!("{index} WITH ({})", text.parameters()?);
        }
        if text.0 != ";\n" && text.0 != ";" {
            return None;
        }
        let attach = format!(
            "ALTER TABLE ONLY {table}\n    ADD CONSTRAINT {name} {kind} USING INDEX {name}"
        );
        // An index lives in the schema of its table.
        let schema = table.len() - table_name.len();
        let undo = format!("DROP INDEX {}{name}", &table[..schema]);
        Some(Self { index, attach, undo })
    }
}

/// What is left of a definition to read.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn skip(&mut self, prefix: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(prefix)?;
        Some(())
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    /// An identifier as it is written, quotes included.
    fn identifier(&mut self) -> Option<&'a str> {
        if !self.0.starts_with('"') {
            let end = self.0.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
            return (end > 0).then(|| self.take(end));
        }
        let mut end = 1;
        loop {
            end += self.0[end..].find('"')? + 1;
            // A doubled quote is one of the name's own.
            if !self.0[end..].starts_with('"') {
                return Some(self.take(end));
            }
            end += 1;
        }
    }

    /// A name with its schema, and the name alone.
    fn qualified_name(&mut self) -> Option<(String, &'a str)> {
        let first = self.identifier()?;
        if self.skip(".").is_none() {
            return Some((first.to_owned(), first));
        }
        let name = self.identifier()?;
        Some((format!("{first}.{name}"), name))
    }

    /// Column names up to the closing parenthesis.
    fn columns(&mut self) -> Option<String> {
        let mut columns = self.identifier()?.to_owned();
        while self.skip(", ").is_some() {
            columns.push_str(", ");
            columns.push_str(self.identifier()?);
        }
        self.skip(")")?;
        Some(columns)
    }

    /// Storage parameters up to the closing parenthesis.
    fn parameters(&mut self) -> Option<&'a str> {
        let end = self.0.find(['(', ')'])?;
        let parameters = self.take(end);
        self.skip(")")?;
        Some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_key_becomes_an_index_and_its_attachment() {
        let sql = "ALTER TABLE ONLY public.\"Or\"\"ders\"\n    ADD CONSTRAINT orders_pkey \
                   PRIMARY KEY (a, \"b c\") INCLUDE (d) WITH (fillfactor='70');\n";
        let key = AttachableKey::parse(sql).unwrap();
        assert_eq!(
            key.index,
            "CREATE UNIQUE INDEX orders_pkey ON public.\"Or\"\"ders\" USING btree (a, \"b c\") \
             INCLUDE (d) WITH (fillfactor='70')"
        );
        assert_eq!(
            key.attach,
            "ALTER TABLE ONLY public.\"Or\"\"ders\"\n    ADD CONSTRAINT orders_pkey PRIMARY KEY \
             USING INDEX orders_pkey"
        );
        assert_eq!(key.undo, "DROP INDEX public.orders_pkey");
        let unique = "ALTER TABLE ONLY t\n    ADD CONSTRAINT u UNIQUE (a);\n";
        assert!(AttachableKey::parse(unique).unwrap().attach.ends_with("u UNIQUE USING INDEX u"));
    }

    #[test]
    fn anything_else_stays_as_it_is() {
        let of = |rest: &str| {
            AttachableKey::parse(&format!("ALTER TABLE ONLY t\n    ADD CONSTRAINT u {rest}"))
        };
        assert!(of("UNIQUE (a);\n").is_some());
        for rest in [
            "UNIQUE NULLS NOT DISTINCT (a);\n",
            "UNIQUE (a) DEFERRABLE;\n",
            "EXCLUDE USING gist (c WITH &&);\n",
            "PRIMARY KEY (a, b WITHOUT OVERLAPS);\n",
            "PRIMARY KEY (a);\n\nALTER TABLE t CLUSTER ON u;\n",
            "PRIMARY KEY (a)",
            "PRIMARY KEY (\"a);\n",
            "CHECK (a > 0);\n",
        ] {
            assert_eq!(of(rest), None, "{rest}");
        }
        assert_eq!(AttachableKey::parse(""), None);
    }

    proptest! {
        #[test]
        fn no_definition_makes_it_panic(
            rest in "[a-z\"é(), ;\n]{0,40}",
            kind in prop::sample::select(vec!["PRIMARY KEY", "UNIQUE", "CHECK"]),
        ) {
            let _ = AttachableKey::parse(&rest);
            let sql = format!("ALTER TABLE ONLY t\n    ADD CONSTRAINT u {kind} ({rest}");
            if let Some(key) = AttachableKey::parse(&sql) {
                prop_assert!(key.index.starts_with("CREATE UNIQUE INDEX u ON t USING btree ("));
            }
        }
    }
}
