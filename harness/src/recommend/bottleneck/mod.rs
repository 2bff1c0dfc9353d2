//! What limits each number of jobs: rules over the readings of the load.
//!
//! The rules are tried in the order of [`ORDER`]; the first that is met names
//! the cause, the others that are met are listed beside it, and where none is
//! met the cause is mixed. A rule whose readings are absent is not met. `rules`
//! has them with their thresholds, `words` puts the results into sentences.

mod cause;
pub mod rules;
mod words;

pub use cause::{Cause, Reading};

use restore_core::units::Jobs;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use rules::Facts;

use crate::analysis::Resources;
use crate::analysis::cell::CellSummary;
use crate::analysis::parallelism::Parallelism;
use crate::scenario::Phase;
use crate::stats::estimate::digits;

/// With fewer readings of the sessions, their mean says too little to check the
/// items by.
pub const FEWEST_TO_CHECK: u64 = 20;
/// How far the two counts of the work under way may be apart.
pub const WORK_TOLERANCE: f64 = 0.25;

/// What limits a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Bottleneck {
    pub phase: Phase,
    pub jobs: Jobs,
    pub cause: Cause,
    /// The readings that led to it.
    pub readings: Vec<Reading>,
    /// The item that it is about.
    pub item: Option<String>,
    /// Causes further down the order whose rules are met too.
    pub also: Vec<Cause>,
    /// Two counts of the work under way, which should agree.
    pub work: Option<WorkUnderWay>,
    /// How parallel its trials were.
    pub parallelism: Option<Parallelism>,
}

impl Serialize for Bottleneck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let also: Vec<&str> = self.also.iter().map(|cause| cause.name()).collect();
        let mut fields = serializer.serialize_struct("Bottleneck", 8)?;
        fields.serialize_field("jobs", &self.jobs)?;
        fields.serialize_field("cause", self.cause.name())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.serialize_field("readings", &self.readings)?;
        fields.serialize_field("item", &self.item)?;
        fields.serialize_field("also", &also)?;
        fields.serialize_field("little", &self.work)?;
        fields.serialize_field("course", &self.parallelism)?;
        fields.end()
    }
}

/// Little's law: the mean number of items under way is the sum of their times
/// over the wall time. It must be what the sessions show, or else the items
/// that were recorded are not what the server worked on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorkUnderWay {
    /// By the times of the items.
    pub items: f64,
    /// By the sessions: mean number of active ones.
    pub sessions: f64,
}

impl Serialize for WorkUnderWay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("WorkUnderWay", 3)?;
        fields.serialize_field("items_under_way_mean", &digits(self.items))?;
        fields.serialize_field("active_sessions_mean", &digits(self.sessions))?;
        fields.serialize_field("agree", &self.agrees())?;
        fields.end()
    }
}

impl WorkUnderWay {
    /// Whether they are as near to each other as samples allow.
    pub fn agrees(self) -> bool {
        (self.sessions - self.items).abs() <= WORK_TOLERANCE * self.items.max(self.sessions)
    }
}

/// The causes in the order in which their rules are tried. Full resources come
/// first: while the processors are full, nothing else can be told from waiting
/// for them.
const ORDER: [Cause; 15] = [
    Cause::ClientDecompression,
    Cause::ClientCompression,
    Cause::Cpu,
    Cause::Network,
    Cause::Locks,
    Cause::Memory,
    Cause::DiskBandwidth,
    Cause::Sync,
    Cause::Wal,
    Cause::DiskLatency,
    Cause::Serial,
    Cause::CriticalPath,
    Cause::OtherWork,
    Cause::IdleWorkers,
    Cause::Workers,
];

impl Bottleneck {
    /// What limits `cell`. Where no load was recorded, the times of the
    /// items may still tell; `None` if they do not.
    pub fn new(phase: Phase, cell: &CellSummary, resources: Resources) -> Option<Self> {
        let load = &cell.load;
        let is_recorded =
            load.cpu.is_some() || load.host_cpu_mean.is_some() || load.session_samples > 0;
        let facts = Facts { phase, jobs: cell.jobs, load, resources };
        let mut met = ORDER.iter().filter_map(|&cause| Some((cause, facts.speak_for(cause)?)));
        let mixed = || is_recorded.then(|| (Cause::Mixed, facts.all()));
        let (cause, readings) = met.next().or_else(mixed)?;
        let also = match cause {
            // Everything below it is what it is the absence of.
            Cause::Workers | Cause::Mixed => Vec::new(),
            _ => met.map(|(cause, _)| cause).filter(|cause| *cause != Cause::Workers).collect(),
        };
        let item = load.parallelism.as_ref().and_then(|parallelism| match cause {
            Cause::CriticalPath => parallelism.longest_alone.as_ref().map(|(name, _)| name.clone()),
            Cause::IdleWorkers => parallelism.straggler.clone(),
            _ => None,
        });
        let work = load.parallelism.as_ref().zip(load.active).map(|(parallelism, sessions)| {
            WorkUnderWay { items: parallelism.concurrency, sessions }
        });
        // Behind a slow way an item is under way while no session is active.
        let can_check = load.session_samples >= FEWEST_TO_CHECK && cause != Cause::Network;
        let work = work.filter(|_| can_check);
        Some(Self {
            phase,
            jobs: cell.jobs,
            cause,
            readings,
            item,
            also,
            work,
            parallelism: load.parallelism.clone(),
        })
    }

    pub fn reading(&self, name: &str) -> Option<f64> {
        self.readings.iter().find(|reading| reading.name == name).map(|reading| reading.value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analysis::load::{CellLoad, Waits};
    use crate::analysis::{RestoreLimits, Tables};

    fn cell(jobs: u32, load: CellLoad) -> CellSummary {
        let jobs = Jobs::new(jobs).unwrap();
        let empty = CellSummary::new(jobs, &[], &Tables::default(), &RestoreLimits::default());
        CellSummary { load, ..empty }
    }

    fn bottleneck_of(cell: &CellSummary, cpus: Resources) -> Option<Bottleneck> {
        Bottleneck::new(Phase::Restore, cell, cpus)
    }

    fn parallelism() -> Parallelism {
        Parallelism {
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
            parallelism: Some(parallelism()),
            ..CellLoad::default()
        }
    }

    const CPUS: Resources = Resources {
        host_cores: Some(2.0),
        cpu_limit: None,
        server_cores: Some(2),
        round_trip: None,
        disk_bytes_per_second: None,
        disk_operations_per_second: None,
        memory: None,
        maintenance_memory: None,
    };

    #[track_caller]
    fn assert_limited(jobs: u32, load: CellLoad, cpus: Resources, cause: Cause, said: &str) {
        let found = bottleneck_of(&cell(jobs, load), cpus).unwrap();
        assert_eq!(found.cause, cause, "{found:?}");
        assert_eq!(found.to_string(), said);
        assert!(cause == Cause::Mixed || cause == Cause::Workers || !found.readings.is_empty());
    }

    #[test]
    #[allow(clippy::too_many_lines, reason = "one case for each rule")]
    fn each_rule_names_its_cause() {
        let waits = |waits| CellLoad { waits, ..load() };
        let during = |parallelism| CellLoad { parallelism: Some(parallelism), ..load() };
        assert_limited(
            2,
            CellLoad { cpu: Some(18.0), ..load() },
            CPUS,
            Cause::Cpu,
            "the processors: the restore uses 90 % of them",
        );
        assert_limited(
            2,
            CellLoad { cpu: Some(9.5), ..load() },
            Resources { cpu_limit: Some(1.0), ..CPUS },
            Cause::Cpu,
            "the processors: 95 % of the container's limit in use",
        );
        assert_limited(
            2,
            CellLoad { cpu: Some(18.0), client_cpu: Some(12.0), server_cpu: Some(6.0), ..load() },
            CPUS,
            Cause::ClientDecompression,
            "decompression: the client takes 67 % of the processor time",
        );
        assert_limited(
            2,
            CellLoad { active: Some(0.3), ..load() },
            Resources { round_trip: Some(1e-3), ..CPUS },
            Cause::Network,
            "the network's round trips: for 80 % of the time of its items no session has a \
             statement to work on",
        );
        assert_limited(
            2,
            CellLoad {
                client_cpu: Some(1.0),
                ..waits(Waits { client: Some(0.7), ..Waits::default() })
            },
            Resources { round_trip: Some(1e-3), ..CPUS },
            Cause::Network,
            "the network's bandwidth: 70 % of the active sessions wait for data, and the client \
             has processor time left",
        );
        assert_limited(
            2,
            CellLoad {
                disk_read: Some(1.5e9),
                database: Some(1e9),
                ..waits(Waits { io: Some(0.6), ..Waits::default() })
            },
            CPUS,
            Cause::Memory,
            "memory: 150 % of what was restored is read again from the disk, and 60 % of the \
             active sessions wait for that",
        );
        assert_limited(
            4,
            CellLoad { held_by_locks: Some(20.0), ..load() },
            CPUS,
            Cause::Locks,
            "locks: for 50 % of their time workers have nothing but items that lock the same \
             tables as running ones",
        );
        assert_limited(
            2,
            waits(Waits { sync: Some(0.4), ..Waits::default() }),
            CPUS,
            Cause::Sync,
            "syncs to disk: 40 % of the active sessions wait",
        );
        assert_limited(
            2,
            waits(Waits { wal: Some(0.4), ..Waits::default() }),
            CPUS,
            Cause::Wal,
            "the WAL: 40 % of the active sessions wait",
        );
        assert_limited(
            2,
            CellLoad { disk_mean: Some(0.9), ..load() },
            CPUS,
            Cause::DiskBandwidth,
            "the disk: busy 90 % of the time",
        );
        assert_limited(
            2,
            CellLoad {
                disk_written: Some(280e6),
                ..waits(Waits { sync: Some(0.6), ..Waits::default() })
            },
            Resources { disk_bytes_per_second: Some(30e6), ..CPUS },
            Cause::DiskBandwidth,
            "the disk: it writes 93 % of what it can",
        );
        assert_limited(
            2,
            CellLoad { disk_operations: Some(2900.0), ..load() },
            Resources { disk_operations_per_second: Some(300.0), ..CPUS },
            Cause::DiskBandwidth,
            "the disk: it takes 97 % of the operations that it can",
        );
        assert_limited(
            2,
            waits(Waits { io: Some(0.5), ..Waits::default() }),
            CPUS,
            Cause::DiskLatency,
            "the disk's latency: 50 % of the active sessions wait for data files",
        );
        assert_limited(
            2,
            during(Parallelism { serial: 6.0, parallel: 4.0, ..parallelism() }),
            CPUS,
            Cause::Serial,
            "the serial part: one connection works 60 % of the time before workers start",
        );
        assert_limited(
            2,
            during(Parallelism {
                alone: 7.0,
                longest_alone: Some(("TABLE DATA t".to_owned(), 6.5)),
                ..parallelism()
            }),
            CPUS,
            Cause::CriticalPath,
            "one item at a time: 70 % of the time only one runs, TABLE DATA t alone 65 %",
        );
        assert_limited(
            4,
            during(Parallelism { idle: 18.0, ..parallelism() }),
            CPUS,
            Cause::IdleWorkers,
            "too few items: workers have nothing to do 50 % of their time",
        );
        assert_limited(
            2,
            during(Parallelism { idle: 1.0, ..parallelism() }),
            CPUS,
            Cause::Workers,
            "its workers; all are busy, and nothing else is saturated",
        );
        assert_limited(
            1,
            load(),
            CPUS,
            Cause::Workers,
            "its single worker; nothing else is saturated",
        );
        assert_limited(2, load(), CPUS, Cause::Mixed, "no single thing (mixed)");
    }

    #[test]
    fn a_dump_compresses_and_is_no_restore() {
        let of_dump = |load| {
            Bottleneck::new(Phase::Dump, &cell(2, CellLoad { parallelism: None, ..load }), CPUS)
        };
        let full = CellLoad { cpu: Some(18.0), ..load() };
        let compressing =
            CellLoad { client_cpu: Some(12.0), server_cpu: Some(6.0), ..full.clone() };
        let found = of_dump(compressing).unwrap();
        assert_eq!(found.cause, Cause::ClientCompression, "{found:?}");
        let said = "compression: the client takes 67 % of the processor time";
        assert_eq!(found.to_string(), said);
        let found = of_dump(full).unwrap();
        assert_eq!(found.cause, Cause::Cpu, "{found:?}");
        assert_eq!(found.to_string(), "the processors: the dump uses 90 % of them");
        assert_eq!(found.reading("dump_cpu_ratio"), Some(0.9));
    }

    #[test]
    fn the_work_of_others_is_not_ours() {
        let busy_host = CellLoad { host_cpu_mean: Some(0.95), cpu: Some(4.0), ..load() };
        let found = bottleneck_of(&cell(2, busy_host), CPUS).unwrap();
        assert_eq!(found.cause, Cause::OtherWork, "{found:?}");
    }

    #[test]
    fn nothing_read_is_nothing_said() {
        assert_eq!(bottleneck_of(&cell(2, CellLoad::default()), CPUS), None);
        let of_items = |parallelism| CellLoad {
            wall: Some(10.0),
            parallelism: Some(parallelism),
            ..CellLoad::default()
        };
        assert_eq!(
            bottleneck_of(&cell(1, of_items(parallelism())), CPUS),
            None,
            "full or not is not known"
        );
        let alone = of_items(Parallelism { alone: 7.0, ..parallelism() });
        assert_eq!(bottleneck_of(&cell(2, alone), CPUS).unwrap().cause, Cause::CriticalPath);
        let few = CellLoad {
            session_samples: 2,
            waits: Waits { sync: Some(1.0), ..Waits::default() },
            ..load()
        };
        assert_eq!(bottleneck_of(&cell(2, few), CPUS).unwrap().cause, Cause::Mixed);
    }

    #[test]
    fn items_and_sessions_are_checked_against_each_other() {
        let found = bottleneck_of(&cell(2, load()), CPUS).unwrap();
        assert!(found.work.unwrap().agrees());
        let other = CellLoad { active: Some(0.9), ..load() };
        assert!(!bottleneck_of(&cell(2, other), CPUS).unwrap().work.unwrap().agrees());
        let few = CellLoad { session_samples: 19, ..load() };
        assert_eq!(bottleneck_of(&cell(2, few), CPUS).unwrap().work, None);
    }
}
