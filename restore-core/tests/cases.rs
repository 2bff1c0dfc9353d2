//! Small archives that people had trouble with, each against what `pg_restore`
//! 15 printed of it.

// Helpers outside of test functions unwrap as the tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use restore_core::archive::{Archive, ArchiveErrorKind, Foreign, RowCounts, write_list};
use restore_core::units::Jobs;
use support::committed;

fn rows(case: &str) -> Vec<String> {
    let archive = Archive::open(committed(&format!("cases/{case}.dump"))).unwrap();
    match archive.row_counts(Jobs::ONE).unwrap() {
        RowCounts::Exact(counts) => {
            counts.iter().map(|(table, rows)| format!("{table} {rows}")).collect()
        }
        RowCounts::Inserts(item) => panic!("item {item} is inserts"),
    }
}

/// `dbacl` has a comment and grants of the database, the others names in their
/// own encodings: the listing has the archive's bytes.
#[test]
fn listings_are_those_of_pg_restore() {
    for case in ["dbacl", "win1251", "sjis", "euc-jp"] {
        let mut listing = Vec::new();
        let archive = committed(&format!("cases/{case}.dump"));
        write_list(&archive, |time| format!("{time} UTC"), &mut listing).unwrap();
        let expected = fs::read(committed(&format!("cases/{case}.listing"))).unwrap();
        assert_eq!(listing.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }
}

/// The rows of SJIS end in a character whose second byte is a backslash.
#[test]
fn names_are_what_a_server_in_utf_8_calls_them() {
    assert_eq!(rows("win1251"), ["public.plain 300", "public.\"Справочник\" 1000"]);
    assert_eq!(rows("sjis"), ["public.plain 300", "public.\"表\" 1000"]);
    assert_eq!(rows("euc-jp"), ["public.plain 300", "public.\"表\" 1000"]);
    let archive = Archive::open(committed("cases/sjis.dump")).unwrap();
    assert_eq!(archive.encoding().name(), "SJIS");
    let definitions = archive.toc().items.iter().filter_map(|item| item.definition.as_deref());
    assert!(definitions.into_iter().any(|sql| sql.contains("\"名前\" text")));
}

/// What Windows `PowerShell` 5 writes for `pg_dump -Fc > FILE`.
#[test]
fn an_archive_in_utf_16_is_told() {
    let bytes = fs::read(committed("15/custom")).unwrap();
    let text = bytes.iter().flat_map(|&byte| u16::from(byte).to_le_bytes());
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text).collect();
    let error = Archive::from_bytes("utf16", utf16).unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::Foreign(Foreign::Utf16)), "{error}");
    assert!(error.to_string().contains("PowerShell"), "{error}");
    assert!(error.to_string().contains("pg_dump --file"), "{error}");
}
