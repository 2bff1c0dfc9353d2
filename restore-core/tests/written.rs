//! Archives written by the tests: every format version, every codec, and
//! what `pg_dump` would never write.

// Helpers outside of test functions unwrap as the tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::Read;

use restore_core::archive::{
    Archive, ArchiveErrorKind, ArchiveVersion, Compressor, Foreign, Recoding, RowCounts, write_list,
};
use restore_core::format::Method;
use restore_core::toc::{DataOffset, Section};
use restore_core::units::{DumpId, Jobs};
use support::{Entry, Place, Writer, lz4, tar, walk, zlib, zstd};

const ROWS: &[u8] = b"1\n2\n3\n\\.\n\n\n";

fn rows(archive: &Archive) -> u64 {
    match archive.row_counts(Jobs::ONE).unwrap() {
        RowCounts::Exact(counts) => counts.into_values().sum(),
        RowCounts::Inserts(item) => panic!("item {item} is inserts"),
    }
}

#[test]
fn every_version_is_read() {
    for minor in 10..=16 {
        let mut writer = Writer::new(minor, 1, 0);
        writer.toc(&[Entry::table(1, &["7"]), Entry::rows(2, "t"), Entry::large_objects(3)]);
        writer.block(2, &[&ROWS[..4], &ROWS[4..]]).object_block(3, &[(5, b"five"), (6, b"")]);
        let archive = writer.open().unwrap();
        assert_eq!(archive.header().version, ArchiveVersion { major: 1, minor, revision: 0 });
        let sections: Vec<Section> = archive.toc().items.iter().map(|item| item.section).collect();
        assert_eq!(sections, [Section::PreData, Section::Data, Section::Data]);
        let table = archive.toc().get(DumpId(1)).unwrap();
        assert_eq!(table.dependencies, [DumpId(7)], "an id that no item has");
        assert_eq!(table.table_access_method.is_some(), minor >= 14);
        assert_eq!(table.relation_kind, (minor >= 16).then_some('r'));
        assert_eq!(rows(&archive), 3);
        walk(&archive).unwrap();
    }
}

#[test]
fn versions_beyond_are_named() {
    let error = Writer::new(17, 1, 0).open().unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::NewerVersion(v) if v.minor == 17));
    let error = Writer::new(9, 1, 0).open().unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::OlderVersion(v) if v.minor == 9));
    assert_eq!(error.offset(), Some(5));
}

#[test]
fn every_codec_joins_chunks_and_tells_the_end() {
    let text: Vec<u8> = [b"some row of a table\n".repeat(20_000), b"\\.\n\n\n".to_vec()].concat();
    for (method, packed) in [(1, zlib(&text)), (2, lz4(&text)), (3, zstd(&text))] {
        let chunks: Vec<&[u8]> = packed.chunks(20).collect();
        let archive_of = |chunks: &[&[u8]]| {
            let mut writer = Writer::new(15, 1, method);
            writer.toc(&[Entry::rows(1, "t"), Entry::large_objects(2)]);
            writer.block(1, chunks).object_block(2, &[(9, &packed), (10, b""), (11, &packed)]);
            writer.open().unwrap()
        };
        let archive = archive_of(&chunks);
        assert_eq!(rows(&archive), 20_000);
        let mut objects = archive.large_objects(&archive.toc().items[1]).unwrap();
        for (oid, length) in [(9, text.len()), (10, 0), (11, text.len())] {
            let (found, mut stream) = objects.next_object().unwrap().unwrap();
            let mut contents = Vec::new();
            stream.read_to_end(&mut contents).unwrap();
            assert_eq!((found.0, contents.len()), (oid, length));
        }
        assert!(objects.next_object().unwrap().is_none());

        // One chunk is missing at the end: the stream must not end quietly.
        let cut = archive_of(&chunks[..chunks.len() - 1]);
        let error = cut.row_counts(Jobs::ONE).unwrap_err();
        assert!(matches!(error.kind(), ArchiveErrorKind::Corrupt { .. }), "{method}: {error}");
        assert_eq!(error.item(), Some(DumpId(1)));
    }
}

/// The item `ENCODING` counts wherever it is, for names and statements alike.
#[test]
fn text_is_decoded_by_the_declared_encoding() {
    let copy = "COPY public.\"TABLE1\" (\"COLUMN\") FROM stdin;\n";
    let rows_of_it = Entry { copy, ..Entry::rows(2, "TABLE1") };
    let encoding = Entry::encoding(3, "SET client_encoding = 'WIN1251';\n");
    for entries in [[rows_of_it.clone(), encoding.clone()], [encoding, rows_of_it]] {
        let mut writer = Writer::new(14, 1, 0);
        writer.toc(&entries).block(2, &[ROWS]).replace("TABLE1", b"\xd2\xe0\xe1\xeb \xb9");
        let archive = writer.open().unwrap();
        assert_eq!(archive.encoding().name(), "WIN1251");
        assert_eq!(archive.toc().get(DumpId(2)).unwrap().name(), "Табл №");
        let RowCounts::Exact(counts) = archive.row_counts(Jobs::ONE).unwrap() else {
            panic!("the data is COPY")
        };
        let counts: Vec<_> = counts.iter().map(|(name, rows)| (name.to_string(), *rows)).collect();
        assert_eq!(counts, [("public.\"Табл №\"".to_owned(), 3)]);
        let mut listing = Vec::new();
        archive.write_list(|time| time.to_string(), &mut listing).unwrap();
        assert!(listing.ends_with(b"DATA public \xd2\xe0\xe1\xeb \xb9 owner\n"));
    }
}

/// `SQL_ASCII` takes bytes of every kind, and so does an unknown encoding.
#[test]
fn bytes_without_an_encoding_are_kept_apart() {
    for definition in ["SET client_encoding = 'SQL_ASCII';\n", "SET client_encoding = 'NEW';\n"] {
        let copy = "COPY public.\"TABLE1\" (\"COLUMN\") FROM stdin;\n";
        let mut writer = Writer::new(14, 1, 0);
        writer.toc(&[Entry::encoding(1, definition), Entry { copy, ..Entry::rows(2, "TABLE1") }]);
        writer.block(2, &[ROWS]).replace("TABLE1", "größe".as_bytes().get(..6).unwrap());
        writer.replace("COLUMN", b"gr\xf6\xdfer");
        let archive = writer.open().unwrap();
        let item = archive.toc().get(DumpId(2)).unwrap();
        let copy = item.copy_statement.as_deref().unwrap();
        // The column's Latin-1 does not make the table another one.
        assert!(copy.contains(&format!("\"{}\"", item.name())), "{copy}");
        assert!(copy.contains("(\"größer\")"), "{copy}");
    }
}

/// Items that a restore without `--create` leaves out: `_tocEntryRequired`.
#[test]
fn what_belongs_to_the_database_is_not_listed() {
    let item = |id, kind, tag| Entry { kind, ..Entry { tag, ..Entry::table(id, &[]) } };
    let mut writer = Writer::new(14, 1, 0);
    writer.toc(&[
        item(1, "ENCODING", "ENCODING"),
        item(2, "DATABASE", "shop"),
        item(3, "COMMENT", "DATABASE shop"),
        item(4, "ACL", "DATABASE shop"),
        item(5, "SECURITY LABEL", "DATABASE shop"),
        item(6, "<Init>", "Max OID"),
        item(7, "COMMENT", "TABLE \"DATABASE shop\""),
        item(8, "TABLE", "DATABASE shop"),
        Entry { definition: "", ..item(9, "ACL", "LARGE OBJECT 5") },
        Entry { definition: "", ..item(10, "TABLE", "nothing") },
        Entry { definition: "", ..item(11, "STATISTICS DATA", "t") },
        Entry { definition: "-- load via partition root x", ..item(12, "TABLE DATA", "t") },
    ]);
    let mut listing = Vec::new();
    writer.open().unwrap().write_list(|time| time.to_string(), &mut listing).unwrap();
    let listing = String::from_utf8(listing).unwrap();
    let lines = listing.lines().filter(|line| !line.starts_with(';'));
    let listed: Vec<&str> = lines.filter_map(|line| line.split(';').next()).collect();
    assert_eq!(listed, ["7", "8", "9", "11"]);
}

#[test]
fn lengths_are_claims() {
    // Integers of eight bytes can claim any size.
    let mut writer = Writer::with_integers(14, 1, 0, 8);
    writer.integer(1).integer(1).integer(0).integer(1 << 42);
    let error = writer.open().unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::Truncated(_)), "{error}");
    assert_eq!(error.item(), Some(DumpId(1)));

    let mut writer = Writer::with_integers(14, 1, 0, 8);
    writer.integer(1 << 42);
    let error = writer.open().unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::Malformed(_)), "{error}");

    // A chunk of 2 GiB in a file of a few hundred bytes.
    let mut writer = Writer::new(14, 1, 0);
    writer.toc(&[Entry::rows(1, "t")]);
    writer.bytes.push(1);
    writer.integer(1).integer(i64::from(i32::MAX));
    let archive = writer.open().unwrap();
    let error = archive.extents().unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::Truncated(_)), "{error}");
    assert_eq!(error.offset(), Some(writer.bytes.len() as u64));

    // A tar member that claims more than there is.
    let mut bytes = tar(&[("toc.dat", b"x")]);
    bytes[124..136].copy_from_slice(b"\x80\0\0\0\0\0\x01\0\0\0\0\0");
    support::seal(&mut bytes[..512]);
    let error = Archive::from_bytes("tar", bytes).unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::Truncated("a tar member")), "{error}");
}

#[test]
fn graphs_that_cannot_be_are_no_matter_for_reading() {
    let mut writer = Writer::new(14, 1, 0);
    writer.toc(&[Entry::table(1, &["2"]), Entry::table(2, &["1", "2"])]);
    let archive = writer.open().unwrap();
    assert_eq!(archive.toc().items[1].dependencies, [DumpId(1), DumpId(2)]);
}

#[test]
fn repeated_and_impossible_ids_are_refused() {
    let mut writer = Writer::new(14, 1, 0);
    writer.toc(&[Entry::table(4, &[]), Entry::table(4, &[])]);
    let error = writer.open().unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::RepeatedItem), "{error}");
    assert_eq!(error.item(), Some(DumpId(4)));
    for id in [0, -4, i64::from(i32::MAX) + 1] {
        let mut writer = Writer::new(14, 1, 0);
        writer.toc(&[Entry::table(id, &[])]);
        let error = writer.open().unwrap_err();
        assert!(matches!(error.kind(), ArchiveErrorKind::Malformed(_)), "{error}");
    }
    let mut writer = Writer::new(14, 1, 0);
    writer.toc(&[Entry::table(1, &["x"])]);
    assert!(writer.open().unwrap_err().to_string().contains("\"x\" is no number"));
}

#[test]
fn offsets_must_lie_in_the_data() {
    let at = |offset| {
        let mut writer = Writer::new(14, 1, 0);
        writer.toc(&[Entry { place: Place::Offset(2, offset), ..Entry::rows(1, "t") }]);
        writer.block(1, &[ROWS]);
        writer.open()
    };
    assert!(matches!(at(3).unwrap_err().kind(), ArchiveErrorKind::Malformed(_)));
    assert!(matches!(at(1 << 50).unwrap_err().kind(), ArchiveErrorKind::Truncated(_)));
    let length = Writer::new(14, 1, 0).toc(&[Entry::rows(1, "t")]).bytes.len() as u64;
    assert_eq!(rows(&at(length).unwrap()), 3);
    // Within the data, but at no block's head.
    let archive = at(length + 7).unwrap();
    assert!(archive.row_counts(Jobs::ONE).is_err());
}

#[test]
fn blocks_must_be_the_items() {
    let mut writer = Writer::new(14, 1, 0);
    writer.toc(&[Entry::rows(1, "t")]).block(2, &[ROWS]);
    let error = writer.open().unwrap().row_counts(Jobs::ONE).unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::MissingData(None)), "{error}");
    writer.block(2, &[ROWS]);
    let error = writer.open().unwrap().extents().unwrap_err();
    assert!(error.to_string().contains("second data block"), "{error}");
}

#[test]
fn names_never_lead_out_of_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    let root = folder.path().join("archive");
    fs::create_dir(&root).unwrap();
    let names = ["../secret", "/etc/passwd", "..", ".", "a/b", "..\\secret", "a\0b"];
    for name in names {
        let mut writer = Writer::new(14, 3, 0);
        writer.toc(&[Entry::rows(1, "t").in_file(name)]);
        fs::write(root.join("toc.dat"), &writer.bytes).unwrap();
        let on_disk = Archive::open(&root).unwrap_err();
        let packed = tar(&[("toc.dat", &writer.bytes), ("../secret", b"x")]);
        for error in [on_disk, Archive::from_bytes("tar", packed).unwrap_err()] {
            assert!(matches!(error.kind(), ArchiveErrorKind::UnsafeName(_)), "{name}: {error}");
            assert_eq!(error.item(), Some(DumpId(1)));
        }
    }

    // The list of large objects names files too.
    let mut writer = Writer::new(16, 3, 0);
    writer.toc(&[Entry::large_objects(1).in_file("blobs_1.toc")]);
    fs::write(root.join("toc.dat"), &writer.bytes).unwrap();
    fs::write(root.join("blobs_1.toc"), "5 ../secret\n").unwrap();
    let archive = Archive::open(&root).unwrap();
    let error = archive.large_objects(&archive.toc().items[0]).unwrap().next_object().unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::UnsafeName(_)), "{error}");
}

#[cfg(unix)]
#[test]
fn links_must_stay_within_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("archive");
    fs::create_dir(&root).unwrap();
    fs::write(folder.path().join("outside"), ROWS).unwrap();
    fs::write(root.join("inside"), ROWS).unwrap();
    let mut writer = Writer::new(14, 3, 0);
    writer.toc(&[Entry::rows(1, "t").in_file("1.dat")]);
    fs::write(root.join("toc.dat"), &writer.bytes).unwrap();
    std::os::unix::fs::symlink("../outside", root.join("1.dat")).unwrap();
    let error = Archive::open(&root).unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::UnsafeName(_)), "{error}");
    fs::remove_file(root.join("1.dat")).unwrap();
    std::os::unix::fs::symlink("inside", root.join("1.dat")).unwrap();
    assert_eq!(rows(&Archive::open(&root).unwrap()), 3);
}

/// As `pg_restore -l`, which does not look for data.
#[test]
fn data_files_that_are_missing_are_named_when_they_are_read() {
    let root = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(15, 3, 1);
    writer.toc(&[Entry::rows(8, "t").in_file("8.dat")]);
    fs::write(root.path().join("toc.dat"), &writer.bytes).unwrap();
    let archive = Archive::open(root.path()).unwrap();
    assert_eq!(archive.toc().items[0].data_length, None);
    let mut listing = Vec::new();
    archive.write_list(|time| time.to_string(), &mut listing).unwrap();
    assert!(listing.ends_with(b"8; 1259 16384 TABLE DATA public t owner\n"));
    let error = archive.row_counts(Jobs::ONE).unwrap_err();
    assert!(matches!(error.kind(), ArchiveErrorKind::MissingData(Some(name)) if name == "8.dat"));
    assert_eq!(error.item(), Some(DumpId(8)));
    assert_eq!(error.path(), Some(root.path()));
}

/// A file's own suffix says how it is compressed, whatever the head says.
#[test]
fn files_of_one_directory_may_differ() {
    let root = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(16, 3, 1);
    writer.toc(&[
        Entry::rows(1, "t").in_file("1.dat"),
        Entry::rows(2, "t").in_file("2.dat"),
        Entry::rows(3, "t").in_file("3.dat"),
    ]);
    fs::write(root.path().join("toc.dat.zst"), zstd(&writer.bytes)).unwrap();
    fs::write(root.path().join("1.dat"), ROWS).unwrap();
    fs::write(root.path().join("2.dat.lz4"), lz4(ROWS)).unwrap();
    fs::write(root.path().join("3.dat.zst"), zstd(ROWS)).unwrap();
    let archive = Archive::open(root.path()).unwrap();
    assert_eq!(archive.header().compression.method(), Method::Gzip);
    assert_eq!(archive.toc().items[0].data, DataOffset::File("1.dat".into()));
    assert_eq!(rows(&archive), 9);
}

#[test]
fn what_is_no_archive_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let kind = |path: &std::path::Path| {
        let error = Archive::open(path).unwrap_err();
        assert_eq!(error.path(), Some(path));
        error
    };
    let missing = kind(&folder.path().join("missing"));
    assert!(matches!(missing.kind(), ArchiveErrorKind::NotFound));
    let directory = kind(folder.path());
    let foreign = |error: &restore_core::archive::ArchiveError| match error.kind() {
        ArchiveErrorKind::Foreign(foreign) => *foreign,
        _ => panic!("{error}"),
    };
    assert_eq!(foreign(&directory), Foreign::DirectoryWithoutToc);
    let file = folder.path().join("file");
    let utf16: Vec<u8> = b"\xff\xfe"
        .iter()
        .copied()
        .chain(b"PGDMP\x01\x0e\0".iter().flat_map(|byte| [*byte, 0]))
        .collect();
    for (contents, expected) in [
        (&b"--\n-- PostgreSQL database dump\n--\n\n\\restrict x\n"[..], Foreign::PlainScript),
        (b"", Foreign::Empty),
        (b"hello", Foreign::Unknown),
        (&tar(&[("dump/toc.dat", b"x")]), Foreign::TarWithoutToc),
        (&tar(&[("backup_label", b"x"), ("PG_VERSION", b"15")]), Foreign::BaseBackup),
        (&Writer::new(14, 3, 0).bytes, Foreign::TocAlone),
        (&zstd(b"x"), Foreign::Compressed(Compressor { name: "zstd", undo: "zstd -d" })),
        (&utf16, Foreign::Utf16),
    ] {
        fs::write(&file, contents).unwrap();
        assert_eq!(foreign(&kind(&file)), expected);
    }
    fs::write(folder.path().join("PG_VERSION"), "15\n").unwrap();
    assert_eq!(foreign(&kind(folder.path())), Foreign::BaseBackup);
}

/// What text modes and editors make of an archive: the cause is named, not the
/// first number that makes no sense.
#[test]
fn archives_that_were_copied_as_text_are_told() {
    let foreign = |bytes: &[u8]| {
        let error = Archive::from_bytes("copied", bytes).unwrap_err();
        let mut out = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copied");
        fs::write(&path, bytes).unwrap();
        let listing = write_list(&path, |time| time.to_string(), &mut out).unwrap_err();
        for error in [&error, &listing] {
            assert!(matches!(error.kind(), ArchiveErrorKind::Foreign(_)), "{error}");
        }
        match error.kind() {
            ArchiveErrorKind::Foreign(foreign) => *foreign,
            _ => panic!("{error}"),
        }
    };
    for name in ["15/custom", "17/custom-zstd", "18/custom-pipe"] {
        let bytes = fs::read(support::committed(name)).unwrap();
        let with_returns: Vec<u8> = bytes
            .iter()
            .flat_map(|&byte| {
                if byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(&byte) }.to_vec()
            })
            .collect();
        assert_eq!(foreign(&with_returns), Foreign::Recoded(Recoding::LineEnds), "{name}");
        let replaced = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(foreign(replaced.as_bytes()), Foreign::Recoded(Recoding::Utf8), "{name}");
        let behind = [b"pg_dump: warning: x\n", &bytes[..]].concat();
        assert_eq!(foreign(&behind), Foreign::Behind { offset: 20, is_of_terminal: false });
        let damaged = [&bytes[..300], &bytes[301..]].concat();
        let error = Archive::from_bytes("damaged", damaged).unwrap_err();
        assert!(!matches!(error.kind(), ArchiveErrorKind::Foreign(_)), "{error}");
    }
    let root = tempfile::tempdir().unwrap();
    let toc = fs::read(support::committed("15/directory").join("toc.dat")).unwrap();
    let toc: Vec<u8> = toc
        .iter()
        .flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] })
        .collect();
    fs::write(root.path().join("toc.dat"), toc).unwrap();
    let error = Archive::open(root.path()).unwrap_err();
    assert!(error.to_string().contains("toc.dat: an archive with a carriage return"), "{error}");
}

#[test]
fn archives_of_one_section_are_called_so() {
    let table = || Entry::table(1, &[]);
    let rows = || Entry::rows(2, "t");
    let index = || Entry { kind: "INDEX", section: 4, ..Entry::table(3, &[]) };
    let encoding = Entry::encoding(9, "SET client_encoding = 'UTF8';\n");
    for (entries, name, needs_tables) in [
        (vec![table(), rows(), index()], None, false),
        (vec![table(), rows()], None, false),
        (vec![rows()], Some("data-only"), true),
        (vec![rows(), index()], Some("without pre-data"), true),
        (vec![index()], Some("post-data-only"), true),
        (vec![table(), index()], Some("schema-only"), false),
        (vec![table()], Some("pre-data-only"), false),
        (vec![table(), Entry::large_objects(4)], None, false),
        (vec![Entry::large_objects(4)], None, false),
        (vec![], None, false),
    ] {
        let mut writer = Writer::new(14, 1, 0);
        writer.toc(&[vec![encoding.clone()], entries].concat());
        let present = writer.open().unwrap().toc().sections_present();
        assert_eq!((present.name(), present.needs_tables()), (name, needs_tables));
    }
}
