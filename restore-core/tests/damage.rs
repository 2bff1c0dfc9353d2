//! Real archives, cut off at every byte and with every byte changed.

// Helpers outside of test functions unwrap as the tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use restore_core::archive::{Archive, ArchiveError, ArchiveErrorKind};
use support::{committed, walk};

fn read_all(bytes: &[u8]) -> Result<(), ArchiveError> {
    walk(&Archive::from_bytes("damaged", bytes)?)
}

/// Every beginning of an archive is known to be one alone.
fn cut_everywhere(name: &str, length: usize) {
    let bytes = fs::read(committed(name)).unwrap();
    read_all(&bytes).unwrap();
    for end in 0..length.min(bytes.len()) {
        let error = read_all(&bytes[..end]).expect_err(&format!("{name}, cut at byte {end}"));
        assert!(!error.to_string().is_empty());
        assert!(error.path().is_some());
    }
}

#[test]
fn custom_archives_cut_anywhere_are_incomplete() {
    cut_everywhere("15/custom", usize::MAX);
}

#[test]
fn zstd_archives_cut_anywhere_are_incomplete() {
    cut_everywhere("17/custom-zstd", usize::MAX);
}

#[test]
fn archives_without_offsets_cut_anywhere_are_incomplete() {
    cut_everywhere("18/custom-pipe", usize::MAX);
}

/// Behind the last member come two blocks of zeros, the second of which is
/// only padding.
#[test]
fn tar_archives_cut_anywhere_are_incomplete() {
    let length = fs::read(committed("18/tar")).unwrap().len();
    cut_everywhere("18/tar", length - 512);
}

#[test]
fn the_files_of_a_directory_cut_anywhere_are_incomplete() {
    for (name, packed) in [("15/directory", ".gz"), ("17/directory-lz4", ".lz4")] {
        let original = committed(name);
        let root = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(&original).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), root.path().join(entry.file_name())).unwrap();
        }
        walk(&Archive::open(root.path()).unwrap()).unwrap();
        for entry in fs::read_dir(&original).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let bytes = fs::read(original.join(&file)).unwrap();
            // The table of contents is cut finely, data at fewer places.
            let step = if file == "toc.dat" { 101 } else { (bytes.len() / 40).max(1) };
            let is_list = file.strip_suffix(".toc").is_some();
            for end in (0..bytes.len()).step_by(step) {
                // A list that ends with a line is a list of fewer objects; an
                // empty compressed file is an empty large object.
                if is_list && (end == 0 || bytes[end - 1] == b'\n')
                    || end == 0 && file.starts_with("blob_") && file.ends_with(packed)
                {
                    continue;
                }
                fs::write(root.path().join(&file), &bytes[..end]).unwrap();
                let read = Archive::open(root.path()).and_then(|archive| walk(&archive));
                assert!(read.is_err(), "{name}/{file}, cut at byte {end}");
            }
            fs::write(root.path().join(&file), &bytes).unwrap();
        }
    }
}

/// Changes every byte of the first 4 KiB in three ways. Some changes, as in a
/// name, make another valid archive; none makes anything but a result.
#[test]
fn changed_bytes_never_panic() {
    let mut refused = 0;
    for name in ["15/custom", "17/custom-zstd", "18/custom-pipe", "18/tar"] {
        let original = fs::read(committed(name)).unwrap();
        // The bytes of the table of contents begin a tar's second block.
        let start = if name.ends_with("tar") { 512 } else { 0 };
        for at in start..start + 4096 {
            for change in [0xff, 0x01, 0x80] {
                let mut bytes = original.clone();
                bytes[at] ^= change;
                match Archive::from_bytes("changed", bytes) {
                    Ok(archive) if change == 0xff => drop(walk(&archive)),
                    Ok(_) => {}
                    Err(error) => {
                        assert!(says_where(&error), "{error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 5_000, "only {refused} changes were noticed");
}

/// What is no archive at all is so as a whole.
fn says_where(error: &ArchiveError) -> bool {
    matches!(error.kind(), ArchiveErrorKind::Foreign(_))
        || error.offset().is_some()
        || error.item().is_some()
}
