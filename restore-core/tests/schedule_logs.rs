//! The order in which real `pg_restore -j N -v` launched items is exactly the
//! order that the schedule gives when it is fed that log's own finishes.
//!
//! `tests/schedules/make` made the archives and the logs, with the programs
//! of PostgreSQL 15, 17 and 18.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use restore_core::archive::Archive;
use restore_core::plan::{ItemIndex, PgMajor, Plan};
use restore_core::schedule::{Lane, Policy, Schedule, Step};
use restore_core::units::{DumpId, Jobs};

/// What the leader said of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// Restored it itself, before the workers started.
    Processing(DumpId),
    Launching(DumpId),
    Skipping(DumpId),
    Finished(DumpId),
    /// Restored it itself, after the workers ended.
    Missed(DumpId),
}

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

/// Goes through a log as `pg_restore`'s leader went through its loop.
///
/// After a finish and after a skip the leader always looks for an item; after
/// a launch it looks only if nothing has finished meanwhile. So where a
/// finish follows a finish or a skip, the schedule must have had nothing to
/// start; and where something was launched, exactly that.
///
/// Returns how many launches there were.
fn follow(plan: &Plan, mut schedule: Schedule<'_>, log: &[Event]) -> Result<usize, String> {
    let find = |id: DumpId| plan.find(id).ok_or(format!("no item {id} in the archive"));
    let mut launches = 0;
    let mut previous = None;
    for (line, &event) in log.iter().enumerate() {
        let expected = |wanted: Step, seen: Step| {
            if wanted == seen {
                return Ok(());
            }
            Err(format!("line {}: pg_restore: {event:?}; the schedule: {seen:?}", line + 1))
        };
        match event {
            Event::Processing(id) | Event::Missed(id) => {
                let item = find(id)?;
                if lead(plan, &mut schedule, item) != Some(item) {
                    return Err(format!("line {}: the leader was not to do {event:?}", line + 1));
                }
            }
            Event::Launching(id) => {
                let item = find(id)?;
                let step = schedule.next_step();
                let Step::Start { lane: Lane::Worker(_), item: started } = step else {
                    return Err(format!("line {}: {event:?}, but {step:?}", line + 1));
                };
                if started != item {
                    let instead = plan.id(started);
                    return Err(format!("line {}: {event:?}, but {instead} was due", line + 1));
                }
                launches += 1;
            }
            Event::Skipping(id) => expected(Step::Skip(find(id)?), schedule.next_step())?,
            Event::Finished(id) => {
                if matches!(previous, Some(Event::Finished(_) | Event::Skipping(_))) {
                    expected(Step::Wait, schedule.next_step())?;
                }
                schedule.finish(find(id)?);
            }
        }
        previous = Some(event);
    }
    match schedule.next_step() {
        Step::Done => Ok(launches),
        step => Err(format!("pg_restore is done, but the schedule has {step:?}")),
    }
}

/// Has the leader do its next item, and says which it was.
fn lead(plan: &Plan, schedule: &mut Schedule<'_>, wanted: ItemIndex) -> Option<ItemIndex> {
    match schedule.next_step() {
        Step::Start { item, lane: Lane::Leader } => {
            schedule.finish(item);
            Some(item)
        }
        // pg_restore says "processing" of what it then has nothing to do for.
        Step::Skip(item) if !plan.is_wanted(wanted) => Some(item),
        _ => None,
    }
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
                Ok(count) => launches += count,
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
