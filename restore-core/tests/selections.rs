//! What is selected of an archive is what `pg_restore -l` lists under the
//! same options, in the same order.
//!
//! `tests/selections/make` made the archives and listings, with the programs
//! of PostgreSQL 15, 17 and 18.

use std::fs;
use std::path::{Path, PathBuf};

use restore_core::archive::Archive;
use restore_core::options::RestoreOptions;
use restore_core::selection::{Criteria, Selected};
use restore_core::units::PgMajor;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/selections")
}

/// The options of a line: a + stands for a space, LIST and FILTER for files.
fn options(words: &str, major: u32) -> RestoreOptions {
    let word = |word: &str| match word {
        "LIST" => folder().join(format!("{major}.list")).display().to_string(),
        _ => word.replace('+', " ").replace("FILTER", &folder().join("filter").to_string_lossy()),
    };
    let words: Vec<_> = words.split(' ').map(word).collect();
    let mut options = RestoreOptions::default();
    options.read_words(&words).expect("options of pg_restore");
    options.check_together().expect("options that go together");
    options.check_version(PgMajor(major)).expect("options of this version");
    options
}

fn selected(archive: &Archive, words: &str, major: u32) -> String {
    let criteria = Criteria::read(&options(words, major)).expect("readable files");
    let selected =
        Selected::new(archive.toc(), &criteria, PgMajor(major)).expect("a list of this archive");
    let ids: Vec<_> = selected.restored().map(|item| item.id.to_string()).collect();
    ids.join(" ")
}

#[test]
fn selections_are_those_of_pg_restore() {
    for (major, least) in [(15, 28), (17, 29), (18, 36)] {
        let archive = Archive::open(folder().join(format!("{major}.dump"))).unwrap();
        let listings = fs::read_to_string(folder().join(format!("{major}.selected"))).unwrap();
        let mut count = 0;
        for line in listings.lines() {
            let (words, items) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
            assert_eq!(selected(&archive, words, major), items, "{major}: {words}");
            count += 1;
        }
        assert!(count >= least, "{major}: only {count} listings");
    }
}

#[test]
fn a_list_of_another_archive_is_refused() {
    let archive = Archive::open(folder().join("15.dump")).unwrap();
    let list = tempfile::NamedTempFile::new().unwrap();
    let criteria = || {
        let mut options = RestoreOptions::default();
        options.read_words(&["-L".to_owned(), list.path().display().to_string()]).unwrap();
        Criteria::read(&options).unwrap()
    };
    // Above every number of the archive: passed by, as pg_restore does.
    fs::write(&list, "999999; 0 0 TABLE\n").unwrap();
    let nothing = Selected::new(archive.toc(), &criteria(), PgMajor(15)).unwrap();
    assert_eq!(nothing.restored().count(), 0);
    fs::write(&list, "\n1; 0 0 TABLE\n").unwrap();
    let error = Selected::new(archive.toc(), &criteria(), PgMajor(15)).unwrap_err();
    assert!(error.to_string().starts_with("the list names item 1, which"), "{error}");
}
