//! The order in which real `pg_restore -j N -v` launched items is exactly the
//! order that the schedule gives when it is fed that log's own finishes.
//!
//! `tests/schedules/make` made the archives and the logs, with the programs
//! of PostgreSQL 15, 17 and 18.

#[path = "support/launches.rs"]
mod launches;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use launches::{Event, follow};
use restore_core::archive::Archive;
use restore_core::plan::{PgMajor, Plan};
use restore_core::schedule::{Policy, Schedule, Step};
use restore_core::units::{DumpId, Jobs};

fn parse(log: &str) -> Vec<Event> {
    let event = |line: &str| {
        let (verb, id) = line.split_once(' ').expect("a verb and an id");
        let id = DumpId(id.parse().expect("an id"));
        match verb {
            "processing" => Event::Processing(id),
            "launching" => Event::Launching(id),
            "skipping" => Event::Skipping(id),
            "finished" => Event::Finished(id),
            "missed" => Event::Missed(id),
            other => panic!("unknown verb {other}"),
        }
    };
    log.lines().map(event).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schedules")
}

fn open(major: u32, shape: &str) -> Archive {
    let base = folder().join(major.to_string());
    let directory = base.join(format!("{shape}.dir"));
    if directory.is_dir() {
        return Archive::open(directory).expect("a directory archive");
    }
    let packed = fs::File::open(base.join(format!("{shape}.dump.gz"))).expect("a packed archive");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).expect("a gzip file");
    Archive::from_bytes(shape, bytes).expect("a custom archive")
}

fn read_log(major: u32, shape: &str, jobs: u32) -> Vec<Event> {
    let path = folder().join(major.to_string()).join(format!("{shape}.j{jobs}.log"));
    parse(&fs::read_to_string(path).expect("a log"))
}

const SHAPES: [&str; 5] = ["keys", "partitions", "large_objects", "late", "piped"];

/// Follows every log of a major version under a policy: what failed, and how
/// many launches were followed.
fn follow_all(major: u32, policy: Policy) -> (Vec<String>, usize) {
    let (mut failures, mut launches) = (Vec::new(), 0);
    for shape in SHAPES {
        let archive = open(major, shape);
        let plan = Plan::new(archive.toc(), PgMajor(major)).expect("a plan");
        for jobs in [2, 4, 8] {
            let schedule = Schedule::new(&plan, Jobs::new(jobs).expect("few jobs"), policy);
            match follow(&plan, schedule, &read_log(major, shape, jobs)) {
                Ok((count, Step::Done)) => launches += count,
                Ok((_, step)) => failures.push(format!(
                    "{major} {shape} -j {jobs}: pg_restore is done, but the schedule has {step:?}"
                )),
                Err(why) => failures.push(format!("{major} {shape} -j {jobs}: {why}")),
            }
        }
    }
    (failures, launches)
}

#[track_caller]
fn assert_follows(major: u32) {
    let (failures, launches) = follow_all(major, Policy::of(PgMajor(major)));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(launches > 1000, "only {launches} launches: the logs prove little");
}

#[test]
fn postgresql_15_launches_what_the_schedule_says() {
    assert_follows(15);
}

#[test]
fn postgresql_17_launches_what_the_schedule_says() {
    assert_follows(17);
}

#[test]
fn postgresql_18_launches_what_the_schedule_says() {
    assert_follows(18);
}

/// The logs tell the policies apart: each fails on logs of the others.
#[test]
fn no_other_policy_explains_the_logs() {
    for (major, policy) in [
        (15, Policy::BinaryHeap17Plus),
        (15, Policy::FirstReadyBefore12),
        (17, Policy::SortedList12To16),
        (17, Policy::FirstReadyBefore12),
        (18, Policy::SortedList12To16),
    ] {
        let (failures, _) = follow_all(major, policy);
        assert!(!failures.is_empty(), "{policy:?} explains the logs of {major}");
    }
}

/// The passes of 18 are not those of 17.
#[test]
fn late_statistics_are_restored_in_the_last_pass_from_18() {
    let archive = open(18, "late");
    let plan = Plan::new(archive.toc(), PgMajor(17)).expect("a plan");
    let jobs = Jobs::new(4).expect("few jobs");
    let schedule = Schedule::new(&plan, jobs, Policy::BinaryHeap17Plus);
    follow(&plan, schedule, &read_log(18, "late", 4)).expect_err("the passes differ");
}
