//! The COPY that loads an item's rows.

use crate::archive::QualifiedName;
use crate::toc::Item;

/// What is added to the archive's COPY statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CopyOptions<'a> {
    /// Rows are frozen as they are written (manual, COPY, "FREEZE"): the table
    /// must have been emptied in the same transaction.
    pub(crate) freeze: bool,
    /// The encoding of the data, where it is not the connection's.
    pub(crate) encoding: Option<&'a str>,
}

impl CopyOptions<'_> {
    /// The statement with the options. One that does not end as `pg_dump`
    /// ends it stays as it is, since nothing can be added to it safely.
    pub(crate) fn apply(self, statement: &str) -> String {
        let mut options = Vec::new();
        if self.freeze {
            options.push("FREEZE".to_owned());
        }
        options.extend(self.encoding.map(|name| format!("ENCODING {}", super::string(name))));
        let bare = statement.trim_end_matches(['\n', ';']);
        if options.is_empty() || !bare.ends_with(" FROM stdin") {
            return bare.to_owned();
        }
        format!("{bare} WITH ({})", options.join(", "))
    }
}

/// Where an item's rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Into the table that the item is named after.
    OwnTable,
    /// Through a partitioned table that it is a part of, which may move rows
    /// to other partitions: nothing may be emptied before.
    PartitionRoot,
}

impl Destination {
    /// As `is_load_via_partition_root` tells them apart: by the comment that
    /// PostgreSQL 16 puts into the definition, else by the COPY statement.
    pub(crate) fn of(item: &Item) -> Self {
        if item.loads_via_partition_root() {
            return Self::PartitionRoot;
        }
        let schema = item.namespace.as_deref();
        let copied = item.copy_statement.as_deref().filter(|sql| !sql.is_empty());
        match copied.map(|sql| QualifiedName::of_copy(sql, schema)) {
            Some(Some(table))
                if table.name != item.name() || table.schema != schema.unwrap_or_default() =>
            {
                Self::PartitionRoot
            }
            _ => Self::OwnTable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_behind_stdin() {
        let copy = "COPY public.t (a) FROM stdin;\n";
        assert_eq!(CopyOptions::default().apply(copy), "COPY public.t (a) FROM stdin");
        let both = CopyOptions { freeze: true, encoding: Some("LATIN1") };
        assert_eq!(
            both.apply(copy),
            "COPY public.t (a) FROM stdin WITH (FREEZE, ENCODING 'LATIN1')"
        );
        assert_eq!(both.apply("COPY t FROM stdin WITH OIDS;\n"), "COPY t FROM stdin WITH OIDS");
    }
}
