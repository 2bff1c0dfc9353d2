//! What an archive holds.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, bail};
use restore_core::archive::{Archive, QualifiedName};
use restore_core::connection::Connection;
use restore_core::toc::{Item, ItemKind};
use restore_core::units::Jobs;
use sha2::{Digest, Sha256};

use super::contents::objects;
use super::{Contents, Ignored, LargeObject, RowHasher, Rows, SequenceValue};
use crate::dataset::hex;

/// The tables whose rows an archive holds.
pub struct CopiedTables(pub BTreeMap<QualifiedName, Columns>);

/// The columns of a table, as the archive's COPY lists them.
pub struct Columns {
    text: String,
    bytes: String,
}

impl Columns {
    /// As a connection sends them.
    pub fn sql(&self, connection: &Connection) -> &str {
        if connection.sends_bytes() { &self.bytes } else { &self.text }
    }
}

/// The tables of an archive with the columns that it has of each.
pub fn copied_tables(archive: &Archive) -> anyhow::Result<CopiedTables> {
    let mut tables = BTreeMap::new();
    let is_data = |item: &&Item| item.kind == ItemKind::TableData;
    let in_bytes = archive.toc_in_bytes().items.iter().filter(is_data);
    for (item, in_bytes) in data_items(archive).zip(in_bytes) {
        if !item.is_copied() {
            bail!(
                "{} has its rows as INSERT statements (item {}): they can be compared with \
                 nothing but by restoring them",
                archive.path().display(),
                item.id.0
            );
        }
        let unnamed = || format!("item {}: its COPY statement names no table", item.id.0);
        let (name, text) = table_of(item).with_context(unnamed)?;
        let (_, bytes) = table_of(in_bytes).with_context(unnamed)?;
        tables.insert(name, Columns { text, bytes });
    }
    Ok(CopiedTables(tables))
}

fn data_items(archive: &Archive) -> impl Iterator<Item = &Item> {
    archive.toc().items.iter().filter(|item| item.kind == ItemKind::TableData)
}

/// The table and the columns of `COPY table (columns) FROM stdin;`.
fn table_of(item: &Item) -> Option<(QualifiedName, String)> {
    let statement = item.copy_statement.as_deref()?;
    let name = QualifiedName::of_copy(statement, item.namespace.as_deref())?;
    let head = statement.trim_end().strip_suffix("FROM stdin;")?.trim_end();
    let Some(head) = head.strip_suffix(')') else { return Some((name, String::new())) };
    let mut in_quotes = false;
    let open = head.char_indices().find(|&(_, c)| {
        in_quotes ^= c == '"';
        c == '(' && !in_quotes
    });
    Some((name, head[open?.0 + 1..].to_owned()))
}

/// Reads all of an archive, with as many threads as `jobs` says.
pub fn read(archive: &Archive, ignored: Ignored, jobs: Jobs) -> anyhow::Result<Contents> {
    Ok(Contents {
        objects: objects(archive, ignored),
        rows: rows(archive, jobs)?,
        sequences: sequences(archive),
        large_objects: large_objects(archive)?,
        ..Contents::default()
    })
}

fn rows(archive: &Archive, jobs: Jobs) -> anyhow::Result<BTreeMap<String, Rows>> {
    let items: Vec<&Item> = data_items(archive).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(BTreeMap::<String, Rows>::new());
    let work = || -> anyhow::Result<()> {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (name, _) = table_of(item).context("a COPY statement names no table")?;
            let rows = rows_of(archive, item)?;
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            *found.entry(name.to_string()).or_default() += rows;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..jobs.as_usize()).map(|_| scope.spawn(work)).collect();
        let own = work();
        let ended = others.into_iter().map(|thread| match thread.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.fold(own, anyhow::Result::and)
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn rows_of(archive: &Archive, item: &Item) -> anyhow::Result<Rows> {
    let mut data = archive.data(item)?;
    let mut hasher = RowHasher::default();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match data.read(&mut buffer)? {
            0 if hasher.has_ended() => return Ok(hasher.finish()),
            0 => bail!("item {}: its rows do not end with \\.", item.id.0),
            count => hasher.take(&buffer[..count]),
        }
    }
}

/// The values of `SELECT pg_catalog.setval('schema.name', 5, true);`.
fn sequences(archive: &Archive) -> BTreeMap<String, SequenceValue> {
    let items = archive.toc().items.iter().filter(|item| item.kind == ItemKind::SequenceSet);
    let value = |item: &Item| {
        let sql = item.definition.as_deref()?.trim_end();
        let mut parts = sql.strip_suffix(");")?.rsplitn(3, ", ");
        let is_called = parts.next()? == "true";
        Some(SequenceValue { last_value: parts.next()?.parse().ok()?, is_called })
    };
    let name = |item: &Item| {
        let schema = item.namespace.clone().unwrap_or_default();
        QualifiedName { schema, name: item.name().to_owned() }.to_string()
    };
    items.filter_map(|item| Some((name(item), value(item)?))).collect()
}

fn large_objects(archive: &Archive) -> anyhow::Result<BTreeMap<u32, LargeObject>> {
    let mut found = BTreeMap::new();
    let mut buffer = vec![0; 64 * 1024];
    for item in archive.toc().items.iter().filter(|item| item.kind == ItemKind::Blobs) {
        let mut objects = archive.large_objects(item)?;
        while let Some((oid, mut data)) = objects.next_object()? {
            let (mut hasher, mut bytes) = (Sha256::new(), 0);
            loop {
                let count = data.read(&mut buffer)?;
                if count == 0 {
                    break;
                }
                hasher.update(&buffer[..count]);
                bytes += count as u64;
            }
            let sha256 = hex(&hasher.finalize());
            found.insert(oid.0, LargeObject { bytes, sha256, properties: None });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn committed(name: &str) -> Archive {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../restore-core/tests/archives");
        Archive::open(folder.join(name)).unwrap()
    }

    #[test]
    fn formats_of_one_database_hold_the_same() {
        let read =
            |name| read(&committed(name), Ignored::default(), Jobs::new(2).unwrap()).unwrap();
        let (custom, directory) = (read("15/custom"), read("15/directory"));
        assert!(custom.rows.len() > 3 && custom.large_objects.len() > 1);
        assert!(custom.sequences.values().any(|value| value.is_called));
        assert_eq!(custom, directory);
    }

    #[test]
    fn columns_are_those_of_the_copy_statement() {
        let archive = committed("cases/win1251.dump");
        let CopiedTables(tables) = copied_tables(&archive).unwrap();
        let columns: Vec<&str> = tables.values().map(|columns| &*columns.text).collect();
        assert!(columns.iter().all(|columns| !columns.contains(['(', ')'])), "{columns:?}");
        assert!(columns.iter().any(|columns| columns.starts_with("id")), "{columns:?}");
    }
}
