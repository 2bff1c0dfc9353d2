//! What each number of jobs is bound by: rules over the readings of the load.
//!
//! The rules are tried in the order of [`ORDER`]; the first that is met names
//! the cause, the others that are met are listed beside it, and where none is
//! met the cause is mixed. A rule whose readings are absent is not met. `rules`
//! has them with their thresholds, `words` says what came of them.

pub mod rules;
mod words;

use restore_core::units::Jobs;

use rules::Facts;

use crate::analysis::Place;
use crate::analysis::cell::CellSummary;
use crate::scenario::Phase;

/// With fewer readings of the sessions, the check by Little's law says nothing.
pub const FEWEST_TO_CHECK: u64 = 20;
/// How far the two numbers of Little's law may be apart.
pub const LITTLE_TOLERANCE: f64 = 0.25;

/// What keeps a cell from being faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The client, which decompresses the archive, needs more processor time
    /// than the server.
    ClientDecompression,
    /// The client of a dump, which compresses, does.
    ClientCompression,
    /// The processors, or the container's share of them.
    Cpu,
    /// Items that lock the same table.
    Locks,
    /// Syncs to disk.
    Sync,
    /// Writing the WAL, or inserting into it.
    Wal,
    /// The disk is busy all the time.
    DiskBandwidth,
    /// The disk's answers are waited for, though it is not busy all the time.
    DiskLatency,
    /// What one connection does before the workers start.
    Serial,
    /// Items that run alone while the other workers have nothing to do.
    CriticalPath,
    /// The processors, but most of what fills them is not the restore.
    OtherWork,
    /// Too few items for so many workers.
    IdleWorkers,
    /// The workers themselves: all are busy, and nothing is full.
    Workers,
    /// No rule is met.
    Mixed,
}

impl Cause {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientDecompression => "client_decompression",
            Self::ClientCompression => "client_compression",
            Self::Cpu => "cpu",
            Self::Locks => "locks",
            Self::Sync => "sync",
            Self::Wal => "wal",
            Self::DiskBandwidth => "disk_bandwidth",
            Self::DiskLatency => "disk_latency",
            Self::Serial => "serial",
            Self::CriticalPath => "critical_path",
            Self::OtherWork => "other_work",
            Self::IdleWorkers => "idle_workers",
            Self::Workers => "workers",
            Self::Mixed => "mixed",
        }
    }
}

/// A reading that led to a cause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// What was read, with its unit.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// From which on (or, for `workers_idle_ratio` of [`Cause::Workers`], up to
    /// which) it speaks for the cause; `None` for a reading that only explains.
    pub threshold: Option<f64>,
}

/// What a cell is bound by.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// What was measured.
    pub phase: Phase,
    /// The number of jobs.
    pub jobs: Jobs,
    /// The cause.
    pub cause: Cause,
    /// The readings that led to it.
    pub readings: Vec<Reading>,
    /// The item that it is about.
    pub item: Option<String>,
    /// Causes further down the order whose rules are met too.
    pub also: Vec<Cause>,
    /// Whether two ways of counting active workers agree.
    pub little: Option<Little>,
}

/// Little's law: the mean number of items under way is the sum of their times
/// over the wall time. It must be what the sessions show, or else the items
/// that were recorded are not what the server worked on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Little {
    /// By the times of the items.
    pub items: f64,
    /// By the sessions: mean number of active ones.
    pub sessions: f64,
}

impl Little {
    /// Whether they are as near to each other as samples allow.
    pub fn agrees(self) -> bool {
        (self.sessions - self.items).abs() <= LITTLE_TOLERANCE * self.items.max(self.sessions)
    }
}

/// The causes in the order in which their rules are tried. Full resources come
/// first: while the processors are full, nothing else can be told from waiting
/// for them.
const ORDER: [Cause; 13] = [
    Cause::ClientDecompression,
    Cause::ClientCompression,
    Cause::Cpu,
    Cause::Locks,
    Cause::Sync,
    Cause::Wal,
    Cause::DiskBandwidth,
    Cause::DiskLatency,
    Cause::Serial,
    Cause::CriticalPath,
    Cause::OtherWork,
    Cause::IdleWorkers,
    Cause::Workers,
];

impl Bound {
    /// What `cell` is bound by. Where no load was recorded, the course of the
    /// items may still tell; `None` if it does not.
    pub fn new(phase: Phase, cell: &CellSummary, place: Place) -> Option<Self> {
        let load = &cell.load;
        let is_recorded =
            load.cpu.is_some() || load.host_cpu_mean.is_some() || load.session_samples > 0;
        let facts = Facts { phase, jobs: cell.jobs, load, place };
        let mut met = ORDER.iter().filter_map(|&cause| Some((cause, facts.speak_for(cause)?)));
        let mixed = || is_recorded.then(|| (Cause::Mixed, facts.all()));
        let (cause, readings) = met.next().or_else(mixed)?;
        let also = match cause {
            // Everything below it is what it is the absence of.
            Cause::Workers | Cause::Mixed => Vec::new(),
            _ => met.map(|(cause, _)| cause).filter(|cause| *cause != Cause::Workers).collect(),
        };
        let item = load.course.as_ref().and_then(|course| match cause {
            Cause::CriticalPath => course.longest_alone.as_ref().map(|(name, _)| name.clone()),
            Cause::IdleWorkers => course.straggler.clone(),
            _ => None,
        });
        let little = load
            .course
            .as_ref()
            .zip(load.active)
            .map(|(course, sessions)| Little { items: course.concurrency, sessions });
        let little = little.filter(|_| load.session_samples >= FEWEST_TO_CHECK);
        Some(Self { phase, jobs: cell.jobs, cause, readings, item, also, little })
    }

    /// The value of a reading.
    pub fn reading(&self, name: &str) -> Option<f64> {
        self.readings.iter().find(|reading| reading.name == name).map(|reading| reading.value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analysis::load::{CellLoad, Course, Waits};

    fn cell(jobs: u32, load: CellLoad) -> CellSummary {
        CellSummary { load, ..CellSummary::new(Jobs::new(jobs).unwrap(), &[], &BTreeMap::new()) }
    }

    fn bound_of(cell: &CellSummary, place: Place) -> Option<Bound> {
        Bound::new(Phase::Restore, cell, place)
    }

    fn course() -> Course {
        Course {
            serial: 1.0,
            parallel: 9.0,
            concurrency: 1.5,
            idle: 3.0,
            alone: 2.0,
            tail: 1.0,
            straggler: Some("INDEX i".to_owned()),
            longest_alone: Some(("TABLE DATA t".to_owned(), 1.5)),
            longest: None,
            kinds: BTreeMap::new(),
            sections: BTreeMap::new(),
        }
    }

    fn load() -> CellLoad {
        CellLoad {
            wall: Some(10.0),
            cpu: Some(12.0),
            client_cpu: Some(4.0),
            server_cpu: Some(8.0),
            session_samples: 40,
            active: Some(1.6),
            course: Some(course()),
            ..CellLoad::default()
        }
    }

    const PLACE: Place = Place { host_cores: Some(2.0), cpu_limit: None, server_cores: Some(2) };

    #[track_caller]
    fn assert_bound(jobs: u32, load: CellLoad, place: Place, cause: Cause, said: &str) {
        let bound = bound_of(&cell(jobs, load), place).unwrap();
        assert_eq!(bound.cause, cause, "{bound:?}");
        assert_eq!(bound.to_string(), said);
        assert!(cause == Cause::Mixed || cause == Cause::Workers || !bound.readings.is_empty());
    }

    #[test]
    fn each_rule_names_its_cause() {
        let waits = |waits| CellLoad { waits, ..load() };
        let during = |course| CellLoad { course: Some(course), ..load() };
        assert_bound(
            2,
            CellLoad { cpu: Some(18.0), ..load() },
            PLACE,
            Cause::Cpu,
            "the processors: the restore uses 90 % of them",
        );
        assert_bound(
            2,
            CellLoad { cpu: Some(9.5), ..load() },
            Place { cpu_limit: Some(1.0), ..PLACE },
            Cause::Cpu,
            "the processors: 95 % of the container's limit in use",
        );
        assert_bound(
            2,
            CellLoad { cpu: Some(18.0), client_cpu: Some(12.0), server_cpu: Some(6.0), ..load() },
            PLACE,
            Cause::ClientDecompression,
            "decompression: the client takes 67 % of the processor time",
        );
        assert_bound(
            4,
            CellLoad { held_by_locks: Some(20.0), ..load() },
            PLACE,
            Cause::Locks,
            "locks: for 50 % of their time workers have nothing but items that lock the same \
             tables as running ones",
        );
        assert_bound(
            2,
            waits(Waits { sync: Some(0.4), ..Waits::default() }),
            PLACE,
            Cause::Sync,
            "syncs to disk: 40 % of the active sessions wait",
        );
        assert_bound(
            2,
            waits(Waits { wal: Some(0.4), ..Waits::default() }),
            PLACE,
            Cause::Wal,
            "the WAL: 40 % of the active sessions wait",
        );
        assert_bound(
            2,
            CellLoad { disk_mean: Some(0.9), ..load() },
            PLACE,
            Cause::DiskBandwidth,
            "the disk: busy 90 % of the time",
        );
        assert_bound(
            2,
            waits(Waits { io: Some(0.5), ..Waits::default() }),
            PLACE,
            Cause::DiskLatency,
            "the disk's latency: 50 % of the active sessions wait for data files",
        );
        assert_bound(
            2,
            during(Course { serial: 6.0, parallel: 4.0, ..course() }),
            PLACE,
            Cause::Serial,
            "the serial part: one connection works 60 % of the time before workers start",
        );
        assert_bound(
            2,
            during(Course {
                alone: 7.0,
                longest_alone: Some(("TABLE DATA t".to_owned(), 6.5)),
                ..course()
            }),
            PLACE,
            Cause::CriticalPath,
            "one item at a time: 70 % of the time only one runs, TABLE DATA t alone 65 %",
        );
        assert_bound(
            4,
            during(Course { idle: 18.0, ..course() }),
            PLACE,
            Cause::IdleWorkers,
            "too few items: workers have nothing to do 50 % of their time",
        );
        assert_bound(
            2,
            during(Course { idle: 1.0, ..course() }),
            PLACE,
            Cause::Workers,
            "its jobs: all are busy and nothing else is full",
        );
        assert_bound(1, load(), PLACE, Cause::Workers, "its one job: nothing else is full");
        assert_bound(2, load(), PLACE, Cause::Mixed, "no single thing (mixed)");
    }

    #[test]
    fn a_dump_compresses_and_is_no_restore() {
        let of_dump =
            |load| Bound::new(Phase::Dump, &cell(2, CellLoad { course: None, ..load }), PLACE);
        let full = CellLoad { cpu: Some(18.0), ..load() };
        let compressing =
            CellLoad { client_cpu: Some(12.0), server_cpu: Some(6.0), ..full.clone() };
        let bound = of_dump(compressing).unwrap();
        assert_eq!(bound.cause, Cause::ClientCompression, "{bound:?}");
        let said = "compression: the client takes 67 % of the processor time";
        assert_eq!(bound.to_string(), said);
        let bound = of_dump(full).unwrap();
        assert_eq!(bound.cause, Cause::Cpu, "{bound:?}");
        assert_eq!(bound.to_string(), "the processors: the dump uses 90 % of them");
        assert_eq!(bound.reading("dump_cpu_ratio"), Some(0.9));
    }

    #[test]
    fn the_work_of_others_is_not_ours() {
        let busy_host = CellLoad { host_cpu_mean: Some(0.95), cpu: Some(4.0), ..load() };
        let bound = bound_of(&cell(2, busy_host), PLACE).unwrap();
        assert_eq!(bound.cause, Cause::OtherWork, "{bound:?}");
    }

    #[test]
    fn nothing_read_is_nothing_said() {
        assert_eq!(bound_of(&cell(2, CellLoad::default()), PLACE), None);
        let of_items =
            |course| CellLoad { wall: Some(10.0), course: Some(course), ..CellLoad::default() };
        assert_eq!(bound_of(&cell(1, of_items(course())), PLACE), None, "full or not is not known");
        let alone = of_items(Course { alone: 7.0, ..course() });
        assert_eq!(bound_of(&cell(2, alone), PLACE).unwrap().cause, Cause::CriticalPath);
        let few = CellLoad {
            session_samples: 2,
            waits: Waits { sync: Some(1.0), ..Waits::default() },
            ..load()
        };
        assert_eq!(bound_of(&cell(2, few), PLACE).unwrap().cause, Cause::Mixed);
    }

    #[test]
    fn items_and_sessions_are_checked_against_each_other() {
        let bound = bound_of(&cell(2, load()), PLACE).unwrap();
        assert!(bound.little.unwrap().agrees());
        let other = CellLoad { active: Some(0.4), ..load() };
        assert!(!bound_of(&cell(2, other), PLACE).unwrap().little.unwrap().agrees());
        let few = CellLoad { session_samples: 19, ..load() };
        assert_eq!(bound_of(&cell(2, few), PLACE).unwrap().little, None);
    }
}
