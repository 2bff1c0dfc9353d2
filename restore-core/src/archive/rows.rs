//! Counts the rows that an archive holds, to check a restore against.

use std::collections::BTreeMap;
use std::io::Read;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Archive;
use super::error::ArchiveError;
use super::name::QualifiedName;
use crate::toc::{Item, ItemKind};
use crate::units::{DumpId, Jobs};

/// How many rows an archive holds for each table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowCounts {
    /// Every table with data, by the name that its COPY goes to: the
    /// partitioned table where the archive loads via the partition root.
    Exact(BTreeMap<QualifiedName, u64>),
    /// The data of this item is SQL (`pg_dump --inserts`), whose rows cannot
    /// be told without parsing it.
    Inserts(DumpId),
}

impl Archive {
    /// Counts the rows of every table by reading all table data once, with as
    /// many threads as `jobs` says: the work is decompression.
    ///
    /// Tables without data in the archive do not appear, empty ones do.
    pub fn row_counts(&self, jobs: Jobs) -> Result<RowCounts, ArchiveError> {
        self.row_counts_of(|_| true, jobs)
    }

    /// The same for the items that `is_counted` picks: the data of the others
    /// is not read.
    pub fn row_counts_of(
        &self,
        is_counted: impl Fn(&Item) -> bool,
        jobs: Jobs,
    ) -> Result<RowCounts, ArchiveError> {
        let data = self.toc.items.iter().filter(|item| item.kind == ItemKind::TableData);
        let mut items: Vec<&Item> = data.filter(|item| is_counted(item)).collect();
        if let Some(item) = items.iter().find(|item| !item.is_copied()) {
            return Ok(RowCounts::Inserts(item.id));
        }
        // The largest first, so that no thread is left with one at the end.
        items.sort_by_key(|item| std::cmp::Reverse(item.data_length));
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Ok(BTreeMap::new()));
        let work = || {
            while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                let counted = self.count_item(item);
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                match (&mut *found, counted) {
                    (Ok(counts), Ok((table, rows))) => {
                        *counts.entry(table).or_default() += rows;
                    }
                    (Ok(_), Err(error)) => *found = Err(error),
                    (Err(_), _) => return,
                }
            }
        };
        let threads = jobs.as_usize().min(items.len());
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        found.into_inner().unwrap_or_else(PoisonError::into_inner).map(RowCounts::Exact)
    }

    fn count_item(&self, item: &Item) -> Result<(QualifiedName, u64), ArchiveError> {
        let statement = item.copy_statement.as_deref().unwrap_or_default();
        let table = QualifiedName::of_copy(statement, item.namespace.as_deref());
        let table = table.ok_or_else(|| {
            let seen: String = statement.chars().take(80).collect();
            ArchiveError::malformed(format!("its COPY statement names no table: {seen:?}"))
                .of_item(item.id)
                .in_file(&self.path)
        })?;
        let mut stream = self.data(item)?;
        let rows = count_rows(&mut stream).map_err(ArchiveError::from_io)?.ok_or_else(|| {
            ArchiveError::malformed("its rows do not end with \\.")
                .of_item(item.id)
                .in_file(&self.path)
        })?;
        Ok((table, rows))
    }
}

/// The rows of a COPY stream, `None` where its end is missing.
///
/// COPY writes line feeds in values as `\n`, so that each raw one ends a row:
/// also in the encodings that only clients have (SJIS, BIG5, GBK, UHC, GB18030,
/// JOHAB), in which the second byte of a character may be a backslash that
/// escapes nothing, but never a byte below 0x30.
/// Behind the last row come `\.` and empty lines (`pg_dump.c`,
/// `dumpTableData_copy`); a row that is `\.` itself would be written `\\.`.
fn count_rows(stream: &mut impl Read) -> std::io::Result<Option<u64>> {
    let mut buffer = vec![0; 256 * 1024];
    let mut line_feeds = 0;
    // The end of what was read, long enough for the terminator.
    let mut tail = Vec::new();
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = &buffer[..count];
        line_feeds += memchr::memchr_iter(b'\n', read).count() as u64;
        tail.extend_from_slice(&read[count.saturating_sub(TAIL)..]);
        tail.drain(..tail.len().saturating_sub(TAIL));
    }
    let trailing = tail.iter().rev().take_while(|&&byte| byte == b'\n').count();
    let before = &tail[..tail.len() - trailing];
    let ends_well = trailing > 0 && (before.ends_with(b"\n\\.") || before == b"\\.");
    Ok(ends_well.then(|| line_feeds - trailing as u64))
}

/// `\.` with a line feed before it and three after it, and some to spare.
const TAIL: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Option<u64> {
        count_rows(&mut &bytes[..]).unwrap()
    }

    #[test]
    fn rows_end_at_raw_line_feeds() {
        assert_eq!(rows(b"1\ta\\nb\n2\t\\\\.\n\\.\n\n\n"), Some(2));
        assert_eq!(rows(b"\\.\n\n\n"), Some(0));
        assert_eq!(rows(b"\n\n\n\\.\n\n\n"), Some(3), "rows without columns");
        // "\u{8868}" and "\u{8868}." in SJIS, whose second byte is a backslash.
        assert_eq!(rows(b"\x95\x5c\n\x95\x5c.\n\\.\n\n\n"), Some(2));
        let many: Vec<u8> = [b"x\n".repeat(300_000), b"\\.\n\n\n".to_vec()].concat();
        assert_eq!(rows(&many), Some(300_000));
    }

    #[test]
    fn an_end_that_is_missing_is_noticed() {
        assert_eq!(rows(b""), None);
        assert_eq!(rows(b"1\n2\n"), None);
        assert_eq!(rows(b"1\n\\."), None);
        assert_eq!(rows(b"1\nx\\.\n\n\n"), None);
    }
}
