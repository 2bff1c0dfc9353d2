//! Constraints that can be made in two statements, of which the long one locks
//! less than the archive's own.
//!
//! `ALTER TABLE ... ADD CONSTRAINT` of a primary key or a unique constraint
//! locks the table against everything while the index is built; `CREATE UNIQUE
//! INDEX` lets the table's other indexes be built at the same time, and
//! attaching it afterwards takes no time. A foreign key that is added `NOT
//! VALID` is not checked; `VALIDATE CONSTRAINT` checks it under a lock that
//! leaves the referenced table to others (manual, ALTER TABLE, `ADD
//! table_constraint_using_index` and the notes on `VALIDATE CONSTRAINT`).

/// A constraint of the plainest form that `pg_dump` writes
/// (`dumpConstraint`): anything else is left as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StagedKey {
    /// Builds the index, or adds the key without a check.
    pub(crate) begin: String,
    /// Makes the constraint of the index, or checks the key.
    pub(crate) complete: String,
    /// Takes back the first statement, where the second is refused.
    pub(crate) undo: String,
}

impl StagedKey {
    /// Reads `ALTER TABLE ONLY table ADD CONSTRAINT name FOREIGN KEY
    /// (columns) REFERENCES ...`, which `pg_dump` writes with ONLY where the
    /// table is not partitioned.
    pub(crate) fn check_later(definition: &str) -> Option<Self> {
        let mut text = Text(definition);
        text.skip("ALTER TABLE ONLY ")?;
        let (table, _) = text.qualified_name()?;
        text.skip("\n    ADD CONSTRAINT ")?;
        let name = text.identifier()?;
        let key = text.0.strip_suffix('\n').unwrap_or(text.0).strip_suffix(';')?;
        let is_plain = key.starts_with(" FOREIGN KEY (")
            && ![";", "NOT VALID", "NOT ENFORCED"].iter().any(|words| key.contains(words));
        is_plain.then(|| Self {
            begin: format!("ALTER TABLE ONLY {table}\n    ADD CONSTRAINT {name}{key} NOT VALID"),
            complete: format!("ALTER TABLE ONLY {table}\n    VALIDATE CONSTRAINT {name}"),
            undo: format!("ALTER TABLE ONLY {table}\n    DROP CONSTRAINT {name}"),
        })
    }

    /// Reads `ALTER TABLE ONLY table ADD CONSTRAINT name PRIMARY KEY
    /// (columns)`, or UNIQUE, with INCLUDE and storage parameters.
    pub(crate) fn index_first(definition: &str) -> Option<Self> {
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
        Some(Self { begin: index, complete: attach, undo })
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
        let key = StagedKey::index_first(sql).unwrap();
        assert_eq!(
            key.begin,
            "CREATE UNIQUE INDEX orders_pkey ON public.\"Or\"\"ders\" USING btree (a, \"b c\") \
             INCLUDE (d) WITH (fillfactor='70')"
        );
        assert_eq!(
            key.complete,
            "ALTER TABLE ONLY public.\"Or\"\"ders\"\n    ADD CONSTRAINT orders_pkey PRIMARY KEY \
             USING INDEX orders_pkey"
        );
        assert_eq!(key.undo, "DROP INDEX public.orders_pkey");
        let unique = "ALTER TABLE ONLY t\n    ADD CONSTRAINT u UNIQUE (a);\n";
        assert!(
            StagedKey::index_first(unique).unwrap().complete.ends_with("u UNIQUE USING INDEX u")
        );
    }

    #[test]
    fn anything_else_stays_as_it_is() {
        let of = |rest: &str| {
            StagedKey::index_first(&format!("ALTER TABLE ONLY t\n    ADD CONSTRAINT u {rest}"))
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
        assert_eq!(StagedKey::index_first(""), None);
    }

    #[test]
    fn a_foreign_key_is_added_without_a_check_and_checked_later() {
        let sql = "ALTER TABLE ONLY public.\"Or\"\"ders\"\n    ADD CONSTRAINT o_fk FOREIGN KEY (a) \
                   REFERENCES public.customer(id) ON DELETE CASCADE DEFERRABLE;\n";
        let key = StagedKey::check_later(sql).unwrap();
        assert_eq!(key.begin, format!("{} NOT VALID", sql.trim_end().trim_end_matches(';')));
        assert_eq!(
            key.complete,
            "ALTER TABLE ONLY public.\"Or\"\"ders\"\n    VALIDATE CONSTRAINT o_fk"
        );
        assert_eq!(key.undo, "ALTER TABLE ONLY public.\"Or\"\"ders\"\n    DROP CONSTRAINT o_fk");
        for other in [
            sql.replace("ONLY ", ""),
            sql.replace(" DEFERRABLE", " NOT VALID"),
            sql.replace(" DEFERRABLE", " NOT ENFORCED"),
            sql.replace(" DEFERRABLE", "; DROP TABLE x"),
            sql.replace("FOREIGN KEY", "UNIQUE"),
            sql.trim_end().trim_end_matches(';').to_owned(),
        ] {
            assert_eq!(StagedKey::check_later(&other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_definition_makes_it_panic(
            rest in "[a-z\"é(), ;\n]{0,40}",
            kind in prop::sample::select(vec!["PRIMARY KEY", "UNIQUE", "CHECK"]),
        ) {
            let _ = StagedKey::index_first(&rest);
            let _ = StagedKey::check_later(&rest);
            let foreign = format!("ALTER TABLE ONLY t\n    ADD CONSTRAINT u FOREIGN KEY ({rest}");
            let _ = StagedKey::check_later(&foreign);
            let sql = format!("ALTER TABLE ONLY t\n    ADD CONSTRAINT u {kind} ({rest}");
            if let Some(key) = StagedKey::index_first(&sql) {
                prop_assert!(key.begin.starts_with("CREATE UNIQUE INDEX u ON t USING btree ("));
            }
        }
    }
}
