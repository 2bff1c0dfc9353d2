//! What restored rows, sequences and large objects are held against under
//! `[restore] verify = "hashes"`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use restore_core::archive::Archive;
use restore_core::connection::Connection;
use restore_core::format::Format;
use restore_core::units::Jobs;

use crate::dataset::Counts;
use crate::record::ArchiveRecord;
use crate::verify::archive::{CopiedTables, copied_tables};
use crate::verify::{Certificate, Comparable, Contents, Ignored, Sides, archive, database};

/// What restores of one archive must come to.
pub(super) struct Reference {
    contents: Contents,
    /// The tables of the archive, where that is what is compared with; else it is the first
    /// restore.
    archived: Option<(CopiedTables, &'static str)>,
}

impl Reference {
    /// What the archive itself holds; `None` where its rows are SQL.
    pub(super) async fn of(record: &ArchiveRecord) -> anyhow::Result<Option<Self>> {
        if record.key.format == Format::Plain {
            return Ok(None);
        }
        let opened = Arc::new(Archive::open(&record.path)?);
        if opened.has_inserts() {
            return Ok(None);
        }
        let archived = Some((copied_tables(&opened)?, opened.encoding().name()));
        let reading = tokio::task::spawn_blocking(move || {
            archive::read(&opened, Ignored::default(), Jobs::ONE)
        });
        let contents = reading.await?.context("cannot hash what the archive holds")?;
        Ok(Some(Self { contents, archived }))
    }

    /// What a first restore has come to.
    pub(super) fn first(contents: Contents) -> Self {
        Self { contents, archived: None }
    }
}

/// What a database holds, read as its reference was.
pub(super) async fn read(
    connection: &Connection,
    reference: Option<&Reference>,
) -> anyhow::Result<Contents> {
    let archived = reference.and_then(|of| of.archived.as_ref());
    let encoding = archived.map_or("UTF8", |(_, encoding)| *encoding);
    database::data(connection, encoding, archived.map(|(tables, _)| tables)).await
}

/// What differs of things that both have: what is missing, the counts of rows tell, and options
/// may leave out. Tables that extensions bring rows to have others than the archive.
pub(super) fn differences(
    reference: &Reference,
    restored: &Contents,
    brought: &Counts,
) -> Vec<String> {
    let of_archive = reference.archived.is_some();
    let mut expected = Contents { objects: BTreeMap::new(), ..reference.contents.clone() };
    let mut found = restored.clone();
    expected.rows.retain(|table, _| found.rows.contains_key(table) && !brought.contains_key(table));
    found.rows.retain(|table, _| expected.rows.contains_key(table));
    expected.sequences.retain(|name, _| found.sequences.contains_key(name));
    found.sequences.retain(|name, _| expected.sequences.contains_key(name));
    expected.large_objects.retain(|oid, _| found.large_objects.contains_key(oid));
    found.large_objects.retain(|oid, _| expected.large_objects.contains_key(oid));
    if of_archive {
        // An archive does not tell which indexes are valid.
        expected.unready.clone_from(&found.unready);
    }
    let left = if of_archive { "the archive" } else { "the first restore" };
    let sides = Sides { left: left.to_owned(), right: "this restore".to_owned() };
    let comparable = Comparable { definitions: false };
    let certificate = Certificate::of(sides, &expected, &found, comparable, Vec::new());
    let shown = |side: Option<String>| side.unwrap_or_else(|| "nothing".to_owned());
    let told = certificate.differences.into_iter().map(|of| {
        format!("{}: {left} has {}, this restore {}", of.what, shown(of.left), shown(of.right))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::RowHasher;

    fn contents(rows: &[u8]) -> Contents {
        let mut hasher = RowHasher::default();
        hasher.take(rows);
        let rows = BTreeMap::from([("public.t".to_owned(), hasher.finish())]);
        Contents { rows, ..Contents::default() }
    }

    #[test]
    fn other_rows_are_told_and_missing_tables_are_not() {
        let reference = Reference::first(contents(b"1\n2\n"));
        let none = Counts::new();
        assert_eq!(differences(&reference, &contents(b"2\n1\n"), &none), Vec::<String>::new());
        assert_eq!(differences(&reference, &Contents::default(), &none), Vec::<String>::new());
        let told = differences(&reference, &contents(b"1\n3\n"), &none);
        assert!(told[0].starts_with("rows of public.t: the first restore has 2 rows"), "{told:?}");
        let brought = Counts::from([("public.t".to_owned(), 1)]);
        assert_eq!(differences(&reference, &contents(b"1\n3\n"), &brought), Vec::<String>::new());
    }
}
