//! Archives of real `pg_dump`s against what the `pg_restore` of the same
//! version printed of them.
//!
//! The archives under `tests/archives` are committed; `scripts/archive-corpus`
//! makes many more and names their folder in `ARCHIVE_CORPUS`. Beside each
//! archive lie the output of `pg_restore -l` (`.list`) and that of
//! `pg_restore --data-only -f` (`.sql`), which gzip may have compressed.

// Helpers outside of test functions unwrap as the tests do.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use restore_core::archive::{Archive, ArchiveErrorKind, LocalTime, RowCounts, write_list};
use restore_core::toc::{DataOffset, Item, ItemKind};
use restore_core::units::Jobs;

/// Every archive that there is to compare.
fn archives() -> Vec<PathBuf> {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives");
    let corpus = std::env::var_os("ARCHIVE_CORPUS").map(PathBuf::from);
    let mut archives: Vec<PathBuf> = std::iter::once(committed)
        .chain(corpus)
        .flat_map(|folder| entries(&folder))
        .filter(|folder| folder.is_dir())
        .flat_map(|major| entries(&major))
        .filter(|path| expected(path, "list").is_some())
        .collect();
    archives.sort();
    assert!(archives.len() >= 10, "only {} archives found", archives.len());
    archives
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// What `pg_restore` printed.
fn expected(archive: &Path, suffix: &str) -> Option<Vec<u8>> {
    let beside = |suffix: &str| {
        let mut path = archive.as_os_str().to_owned();
        path.push(".");
        path.push(suffix);
        File::open(path).ok()
    };
    let mut text = Vec::new();
    if let Some(mut file) = beside(suffix) {
        file.read_to_end(&mut text).unwrap();
    } else {
        GzDecoder::new(beside(&format!("{suffix}.gz"))?).read_to_end(&mut text).unwrap();
    }
    Some(text)
}

fn open(path: &Path) -> Archive {
    Archive::open(path).unwrap_or_else(|error| panic!("{error}"))
}

fn in_utc(time: LocalTime) -> String {
    format!("{time} UTC")
}

#[test]
fn listings_agree_line_by_line() {
    for path in archives() {
        let mut listing = Vec::new();
        open(&path).write_list(in_utc, &mut listing).unwrap();
        let mut streamed = Vec::new();
        write_list(&path, in_utc, &mut streamed).unwrap();
        assert_eq!(listing, streamed, "{}", path.display());
        let expected = expected(&path, "list").unwrap();
        let (listing, expected) = (lines(&listing), lines(&expected));
        for (number, (ours, theirs)) in listing.iter().zip(&expected).enumerate() {
            assert_eq!(ours, theirs, "{}, line {}", path.display(), number + 1);
        }
        assert_eq!(listing.len(), expected.len(), "{}", path.display());
    }
}

fn lines(bytes: &[u8]) -> Vec<String> {
    bytes.split(|&byte| byte == b'\n').map(|line| line.escape_ascii().to_string()).collect()
}

#[test]
fn table_data_agrees_byte_for_byte() {
    for path in archives() {
        let archive = open(&path);
        let sql = expected(&path, "sql").unwrap();
        let mut rest = &sql[..];
        for item in archive.toc().items.iter().filter(|item| item.kind == ItemKind::TableData) {
            let written;
            (written, rest) = next_table(rest)
                .unwrap_or_else(|| panic!("{}: no {}", path.display(), item.name()));
            let wanted = as_restored(&archive, item);
            // A statement whose names are not ASCII may be in an encoding other
            // than UTF-8, so that the data is compared from its end on.
            let is_ascii = item.copy_statement.as_deref().is_none_or(str::is_ascii);
            let agrees = if is_ascii { written == wanted } else { written.ends_with(&wanted) };
            assert!(agrees, "{}: {} differs", path.display(), item.name());
        }
        assert!(next_table(rest).is_none(), "{}: a table is missing", path.display());
    }
}

/// What a script of `pg_restore` has for its next table, between the comment
/// before it and the next one, and what follows.
fn next_table(sql: &[u8]) -> Option<(&[u8], &[u8])> {
    let after =
        |text: &[u8], what: &[u8]| memchr::memmem::find(text, what).map(|place| place + what.len());
    let rest = &sql[after(sql, b"; Type: TABLE DATA; Schema: ")?..];
    let rest = &rest[after(rest, b"\n--\n\n")?..];
    Some(rest.split_at(memchr::memmem::find(rest, b"--\n-- ")?))
}

/// What `pg_restore` writes of a table's data.
fn as_restored(archive: &Archive, item: &Item) -> Vec<u8> {
    // A comment, where the rows go in by way of the partition's root.
    let comment = item.definition.as_deref().filter(|comment| !comment.is_empty());
    let mut text = comment.map(|comment| format!("{comment}\n\n").into_bytes()).unwrap_or_default();
    text.extend(match item.copy_statement.as_deref() {
        // Names that are not ASCII may be in an encoding other than UTF-8.
        Some(copy) if copy.is_ascii() => copy.as_bytes().to_vec(),
        Some(copy) if !copy.is_empty() => b" FROM stdin;\n".to_vec(),
        _ => Vec::new(),
    });
    archive.data(item).unwrap().read_to_end(&mut text).unwrap();
    text
}

#[test]
fn large_objects_agree_byte_for_byte() {
    let mut seen = 0;
    for path in archives() {
        let archive = open(&path);
        let sql = expected(&path, "sql").unwrap();
        let mut found = Vec::new();
        for item in archive.toc().items.iter().filter(|item| item.kind == ItemKind::Blobs) {
            let mut objects = archive.large_objects(item).unwrap();
            while let Some((oid, mut stream)) = objects.next_object().unwrap() {
                let mut contents = Vec::new();
                stream.read_to_end(&mut contents).unwrap();
                found.push((oid.0, contents));
            }
        }
        assert_eq!(found, written_large_objects(&sql), "{}", path.display());
        seen += found.len();
    }
    assert!(seen > 0, "no archive has large objects");
}

/// The large objects that a script of `pg_restore` writes:
/// `SELECT pg_catalog.lo_open('70002', 131072);`, then
/// `SELECT pg_catalog.lowrite(0, '\x6120...');` for each 16 KiB.
fn written_large_objects(sql: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut objects: Vec<(u32, Vec<u8>)> = Vec::new();
    for line in sql.split(|&byte| byte == b'\n') {
        let quoted = || {
            let text = std::str::from_utf8(line).unwrap();
            text.split('\'').nth(1).unwrap()
        };
        if line.starts_with(b"SELECT pg_catalog.lo_open(") {
            objects.push((quoted().parse().unwrap(), Vec::new()));
        } else if line.starts_with(b"SELECT pg_catalog.lowrite(") {
            let hex = quoted().trim_start_matches('\\').strip_prefix('x').unwrap();
            let bytes = (0..hex.len()).step_by(2);
            let bytes = bytes.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
            objects.last_mut().unwrap().1.extend(bytes);
        }
    }
    objects
}

#[test]
fn large_objects_that_are_not_read_are_passed_over() {
    for path in archives() {
        let archive = open(&path);
        let mut oids = Vec::new();
        let items = || archive.toc().items.iter().filter(|item| item.kind == ItemKind::Blobs);
        for item in items() {
            let mut objects = archive.large_objects(item).unwrap();
            while let Some((oid, mut stream)) = objects.next_object().unwrap() {
                let _ = stream.read(&mut [0; 1]).unwrap();
                oids.push(oid.0);
            }
            let error = archive.data(item).unwrap_err();
            assert!(matches!(error.kind(), ArchiveErrorKind::NoData), "{error}");
        }
        oids.sort_unstable();
        if items().next().is_some() {
            assert_eq!(oids, [70001, 70002, 70003, 4_000_000_001], "{}", path.display());
        }
    }
}

#[test]
fn rows_are_counted_or_said_to_be_uncountable() {
    for path in archives() {
        let archive = open(&path);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match archive.row_counts(Jobs::new(2).unwrap()).unwrap() {
            RowCounts::Inserts(_) => {
                assert!(archive.has_inserts());
                assert!(name.contains("inserts") || name.contains("columns"), "{name}");
            }
            RowCounts::Exact(counts) => {
                let rows = |table: &str| {
                    counts.iter().find(|(name, _)| name.to_string() == table).map(|(_, n)| *n)
                };
                if name.ends_with("LATIN1") {
                    assert_eq!(rows("public.\"gr\u{df}e\""), Some(1), "{name}");
                } else if name.ends_with("root") {
                    assert_eq!(rows("shop.event"), Some(100), "{name}");
                } else if !name.ends_with("ASCII") && !name.ends_with("schema-only") {
                    assert_eq!(rows("shop.purchase"), Some(205), "{name}");
                    assert_eq!(rows("shop.event_2023"), Some(42), "{name}");
                    assert_eq!(rows("shop.nothing_at_all"), Some(2), "{name}");
                    assert_eq!(rows("shop.scratch"), Some(0), "{name}");
                    assert_eq!(rows("shop.event"), None, "{name}");
                }
            }
        }
    }
}

#[test]
fn a_scan_finds_what_the_offsets_say() {
    let mut without_offsets = 0;
    for path in archives() {
        let archive = open(&path);
        let extents = archive.extents().unwrap();
        without_offsets += usize::from(archive.lacks_offsets());
        for item in &archive.toc().items {
            match item.data {
                DataOffset::At(offset) => {
                    let extent = extents[&item.id];
                    assert_eq!(extent.offset, offset);
                    assert_eq!(Some(extent.length), item.data_length, "{}", path.display());
                }
                DataOffset::NotSet => {
                    assert!(extents.contains_key(&item.id));
                    assert_eq!(item.data_length, None);
                }
                DataOffset::File(_) => assert!(item.data_length.is_some()),
                DataOffset::NoData => assert_eq!(item.data_length, None),
            }
        }
    }
    assert!(without_offsets >= 1, "no archive was written to a pipe");
}
