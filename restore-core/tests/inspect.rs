//! Inspections of the committed archives.

// Helpers outside of test functions unwrap as the tests do.
#![allow(clippy::unwrap_used)]

mod support;

use restore_core::archive::Archive;
use restore_core::inspect::{Advice, Inspection, SizesFrom, Subject, USUAL_JOBS};
use restore_core::plan::PgMajor;
use restore_core::units::{Bytes, Jobs};
use support::{Entry, Writer, committed};

const ALL: [&str; 9] = [
    "15/custom",
    "15/custom-pipe",
    "15/directory",
    "17/custom-pipe",
    "17/custom-zstd",
    "17/directory-lz4",
    "18/custom",
    "18/directory-zstd",
    "18/tar",
];

fn jobs() -> Vec<Jobs> {
    USUAL_JOBS.into_iter().map(|jobs| Jobs::new(jobs).unwrap()).collect()
}

fn inspect(name: &str) -> Inspection {
    let archive = Archive::open(committed(name)).unwrap();
    Subject::new(&archive, None).unwrap().inspect(&jobs())
}

#[track_caller]
fn assert_whole(name: &str, sum: f64) {
    assert!((sum - 1.0).abs() < 1e-9, "{name}: the parts make {sum}");
}

#[test]
fn parts_make_a_whole() {
    for name in ALL {
        let seen = inspect(name);
        let items: u64 = seen.contents.iter().map(|row| row.items).sum();
        assert_eq!(items, seen.head.items as u64, "{name}");
        assert_whole(name, seen.contents.iter().map(|row| row.data_share).sum());
        assert_whole(name, seen.concurrency.iter().map(|of| of.time_share).sum());
        assert_whole(name, seen.concurrency.iter().map(|of| of.work_share).sum());
        assert!(seen.tables.is_sorted_by(|a, b| a.data_bytes >= b.data_bytes), "{name}");
        assert!(seen.tables.len() <= seen.tables_in_all, "{name}");
        assert_whole(name, seen.critical_path.most_speedup * seen.critical_path.share);
    }
}

#[test]
fn no_forecast_beats_its_bound() {
    for name in ALL {
        let seen = inspect(name);
        assert_eq!(seen.forecast.is_empty(), name.ends_with("tar"), "{name}");
        for of in &seen.forecast {
            let speedup = of.speedup.value;
            assert!(speedup <= of.most_speedup * (1.0 + 1e-9), "{name} -j {}", of.jobs);
            assert!(speedup <= seen.critical_path.most_speedup * (1.0 + 1e-9), "{name}");
            assert!(of.speedup.low.unwrap() <= speedup && speedup <= of.speedup.high.unwrap());
            assert!(speedup <= f64::from(of.jobs.get()) * (1.0 + 1e-9), "{name} -j {}", of.jobs);
        }
        let best = seen.forecast.iter().map(|of| of.speedup.value).fold(1.0, f64::max);
        assert!(seen.enough.speedup.value >= best * 0.99, "{name}: {:?}", seen.enough);
    }
}

/// Both archives of a version are of one database.
#[test]
fn sizes_without_offsets_are_those_with_them() {
    for major in [15, 18] {
        let (told, found) =
            (inspect(&format!("{major}/custom")), inspect(&format!("{major}/custom-pipe")));
        assert_eq!(told.data.sizes_from, SizesFrom::TableOfContents);
        assert_eq!(found.data.sizes_from, SizesFrom::ReadingThrough);
        assert_eq!(told.data.bytes, found.data.bytes);
        assert_eq!(told.tables, found.tables);
        assert!(matches!(found.advice[0], Advice::NoOffsets { items } if items > 0));
    }
}

/// Large objects in files count by their files, and not by a guess of their
/// list as `pg_restore` has it.
#[test]
fn large_objects_are_as_large_as_they_are() {
    let of = |name: &str| {
        let contents = inspect(name).contents;
        contents.iter().find(|row| row.kind.as_str() == "BLOBS").unwrap().data_bytes.unwrap()
    };
    let files = |name: &str| -> u64 {
        std::fs::read_dir(committed(name))
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("blob_"))
            .map(|entry| entry.metadata().unwrap().len())
            .sum()
    };
    for name in ["15/directory", "17/directory-lz4", "18/directory-zstd"] {
        assert_eq!(of(name), Bytes(files(name)), "{name}");
    }
}

#[test]
fn a_giant_table_is_advised_on() {
    let mut writer = Writer::new(14, 1, 0);
    writer.toc(&[Entry::table(1, &[]), Entry::rows(2, "giant")]);
    let rows = [b"1\tone row\n".repeat(100_000), b"\\.\n\n\n".to_vec()].concat();
    writer.block(2, &[&rows]);
    let archive = writer.open().unwrap();
    let seen = Subject::new(&archive, Some(PgMajor(15))).unwrap().inspect(&jobs());
    assert_eq!(seen.head.rules_of, 15);
    assert_whole("giant", seen.tables[0].data_share);
    let giant = seen.advice.iter().find(|one| matches!(one, Advice::GiantTable { .. })).unwrap();
    assert!(giant.to_string().contains("100 % of the data"), "{giant}");
    let little = seen.advice.iter().find(|one| matches!(one, Advice::LittleToGain { .. }));
    assert!(little.is_some(), "{:?}", seen.advice);
}

#[test]
fn what_is_missing_is_advised_on_first() {
    let mut writer = Writer::new(15, 3, 1);
    writer.toc(&[Entry::rows(8, "t").in_file("8.dat"), Entry::rows(9, "u").in_file("9.dat")]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("toc.dat"), &writer.bytes).unwrap();
    std::fs::write(folder.path().join("8.dat"), "1\n\\.\n\n\n").unwrap();
    let archive = Archive::open(folder.path()).unwrap();
    let advice = Subject::new(&archive, None).unwrap().inspect(&jobs()).advice;
    let missing = Advice::MissingFiles { items: 1, first: "9.dat".to_owned() };
    let needs = Advice::NeedsTables { archive: "data-only".to_owned() };
    assert_eq!(advice[..2], [missing, needs]);
    assert!(advice[1].to_string().contains("[restore] before"), "{}", advice[1]);
}
