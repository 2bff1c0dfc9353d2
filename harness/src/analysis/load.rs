//! What the trials of a cell say of the load: means over those that completed.

use std::collections::BTreeMap;

use restore_core::units::Jobs;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::timeline::{Timeline, WorkKind};
use crate::record::{ItemRow, LoadSummary, Outcome, TrialRow};
use crate::stats::estimate::digits;
use crate::stats::moments;

type Items = BTreeMap<u32, Vec<ItemRow>>;

/// What is known of the load of a cell. Readings that no trial has are absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CellLoad {
    /// Wall seconds.
    pub wall: Option<f64>,
    /// Processor seconds of client and server: those of the container where
    /// there is one, else those of their processes.
    pub cpu: Option<f64>,
    /// Processor seconds of the client.
    pub client_cpu: Option<f64>,
    /// Processor seconds of the server.
    pub server_cpu: Option<f64>,
    /// Seconds in which the container was held back by its limit.
    pub throttled: Option<f64>,
    /// Share of the host's processors that was used, by whomever.
    pub host_cpu_mean: Option<f64>,
    /// The same, of the busiest twentieth of each trial.
    pub host_cpu_p95: Option<f64>,
    /// Share that the hypervisor took.
    pub steal: Option<f64>,
    /// Share of time in which the device of the data directory was busy.
    pub disk_mean: Option<f64>,
    /// The same, of the busiest twentieth of each trial.
    pub disk_p95: Option<f64>,
    /// Operations under way there.
    pub disk_queue: Option<f64>,
    /// Bytes written there.
    pub disk_written: Option<f64>,
    /// Share of time in which some task waited for input or output.
    pub io_pressure: Option<f64>,
    /// How often the server was asked for its sessions, in all trials.
    pub session_samples: u64,
    /// Mean number of active backends.
    pub active: Option<f64>,
    /// Shares of the active backends by what they waited for.
    pub waits: Waits,
    /// WAL bytes.
    pub wal: Option<f64>,
    /// The most connections of any trial.
    pub connections_most: Option<f64>,
    /// The most memory of any trial, of the container, or of the client and the
    /// server.
    pub memory_most: Option<f64>,
    /// Seconds that workers were idle, summed, because of locks.
    pub held_by_locks: Option<f64>,
    /// The course of the trials.
    pub course: Option<Course>,
}

/// Shares of the active backends by what they waited for, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Waits {
    /// For nothing: they ran.
    pub running: Option<f64>,
    /// For a lock.
    pub lock: Option<f64>,
    /// For a lightweight lock.
    pub lwlock: Option<f64>,
    /// For data files.
    pub io: Option<f64>,
    /// For the WAL.
    pub wal: Option<f64>,
    /// For a sync.
    pub sync: Option<f64>,
    /// For the client.
    pub client: Option<f64>,
}

/// Means over the timelines of a cell's trials, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Before the first worker started.
    pub serial: f64,
    /// From the first worker's start to the end.
    pub parallel: f64,
    /// Mean number of items under way.
    pub concurrency: f64,
    /// Time in which workers had nothing to do, summed over them.
    pub idle: f64,
    /// Time in which exactly one item ran, in the parallel part.
    pub alone: f64,
    /// Time at the end in which only the last item ran.
    pub tail: f64,
    /// The item that is named most often as the last one.
    pub straggler: Option<String>,
    /// The item that ran alone longest, and for how long.
    pub longest_alone: Option<(String, f64)>,
    /// The longest item, and how long it took.
    pub longest: Option<(String, f64)>,
    /// Time of the items of each kind, summed.
    pub kinds: BTreeMap<WorkKind, f64>,
    /// Time of the items of each section, summed, by the section's name.
    pub sections: BTreeMap<&'static str, f64>,
}

impl Serialize for Course {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kinds: BTreeMap<&str, f64> =
            self.kinds.iter().map(|(kind, &time)| (kind.name(), digits(time))).collect();
        let sections: BTreeMap<&str, f64> =
            self.sections.iter().map(|(&name, &time)| (name, digits(time))).collect();
        let (longest, time) = self.longest.clone().unzip();
        let mut fields = serializer.serialize_struct("Course", 10)?;
        fields.serialize_field("serial_seconds", &digits(self.serial))?;
        fields.serialize_field("parallel_seconds", &digits(self.parallel))?;
        fields.serialize_field("workers_idle_seconds", &digits(self.idle))?;
        fields.serialize_field("alone_seconds", &digits(self.alone))?;
        fields.serialize_field("tail_seconds", &digits(self.tail))?;
        fields.serialize_field("straggler", &self.straggler)?;
        fields.serialize_field("longest_item", &longest)?;
        fields.serialize_field("longest_item_seconds", &time.map(digits))?;
        fields.serialize_field("sections_seconds", &sections)?;
        fields.serialize_field("kinds_seconds", &kinds)?;
        fields.end()
    }
}

impl CellLoad {
    /// The load of one cell's rows.
    pub fn new(jobs: Jobs, rows: &[&TrialRow], items: &Items) -> Self {
        let rows: Vec<&TrialRow> =
            rows.iter().copied().filter(|row| row.outcome == Outcome::Completed).collect();
        let over = Over(&rows);
        let [client_cpu, server_cpu] =
            [over.seconds(|load| load.client_cpu_ns), over.seconds(|load| load.server_cpu_ns)];
        let of_container = over.seconds(|load| load.container_cpu_ns);
        Self {
            wall: over.mean(|row| Some(row.wall_ns as f64 / 1e9)),
            cpu: of_container
                .or(client_cpu.zip(server_cpu).map(|(client, server)| client + server)),
            client_cpu,
            server_cpu,
            throttled: over.seconds(|load| load.container_throttled_ns),
            host_cpu_mean: over.load(|load| load.host_cpu_mean_ratio),
            host_cpu_p95: over.load(|load| load.host_cpu_p95_ratio),
            steal: over.load(|load| load.host_steal_mean_ratio),
            disk_mean: over.load(|load| load.data_device_busy_mean_ratio),
            disk_p95: over.load(|load| load.data_device_busy_p95_ratio),
            disk_queue: over.load(|load| load.data_device_queue_mean),
            disk_written: over.load(|load| load.data_device_written_bytes.map(|b| b as f64)),
            io_pressure: over.load(|load| load.host_io_pressure_ratio),
            session_samples: rows.iter().filter_map(|row| row.load.server_samples).sum(),
            active: over.load(|load| load.active_mean),
            waits: Waits {
                running: over.load(|load| load.active_running_ratio),
                lock: over.load(|load| load.active_on_lock_ratio),
                lwlock: over.load(|load| load.active_on_lwlock_ratio),
                io: over.load(|load| load.active_on_io_ratio),
                wal: over.load(|load| load.active_on_wal_ratio),
                sync: over.load(|load| load.active_on_sync_ratio),
                client: over.load(|load| load.active_on_client_ratio),
            },
            wal: over.mean(|row| row.wal_bytes.map(|bytes| bytes as f64)),
            connections_most: over.most(|load| load.backends_peak),
            memory_most: over.most(|load| {
                load.container_memory_peak_bytes.or_else(|| {
                    Some(load.client_memory_peak_bytes? + load.server_memory_peak_bytes?)
                })
            }),
            held_by_locks: over.seconds(|load| load.workers_held_by_locks_ns),
            course: Course::new(jobs, &rows, items),
        }
    }

    /// Processors that client and server used on average.
    pub fn cpu_cores(&self) -> Option<f64> {
        over(self.cpu?, self.wall?)
    }

    /// The client's share of the processor time of client and server.
    pub fn client_share(&self) -> Option<f64> {
        over(self.client_cpu?, self.client_cpu? + self.server_cpu?)
    }
}

fn over(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Means over the trials that have a reading.
struct Over<'a>(&'a [&'a TrialRow]);

impl Over<'_> {
    fn mean(&self, reading: impl Fn(&TrialRow) -> Option<f64>) -> Option<f64> {
        moments::mean(&self.0.iter().filter_map(|row| reading(row)).collect::<Vec<_>>())
    }

    fn load(&self, reading: impl Fn(&LoadSummary) -> Option<f64>) -> Option<f64> {
        self.mean(|row| reading(&row.load))
    }

    fn seconds(&self, reading: impl Fn(&LoadSummary) -> Option<u64>) -> Option<f64> {
        self.load(|load| Some(reading(load)? as f64 / 1e9))
    }

    fn most(&self, reading: impl Fn(&LoadSummary) -> Option<u64>) -> Option<f64> {
        self.0.iter().filter_map(|row| reading(&row.load)).max().map(|most| most as f64)
    }
}

impl Course {
    fn new(jobs: Jobs, rows: &[&TrialRow], items: &Items) -> Option<Self> {
        let lines: Vec<Timeline> = rows
            .iter()
            .filter_map(|row| Timeline::new(items.get(&row.trial)?, jobs, row.wall_ns))
            .collect();
        let mean =
            |of: fn(&Timeline) -> f64| moments::mean(&lines.iter().map(of).collect::<Vec<_>>());
        let mut kinds: BTreeMap<WorkKind, f64> = BTreeMap::new();
        let mut sections: BTreeMap<&'static str, f64> = BTreeMap::new();
        for line in &lines {
            for (&kind, time) in &line.kinds {
                *kinds.entry(kind).or_default() += time / lines.len() as f64;
            }
            for (section, time) in &line.sections {
                *sections.entry(section.name()).or_default() += time / lines.len() as f64;
            }
        }
        Some(Self {
            serial: mean(|line| line.serial)?,
            parallel: mean(|line| line.parallel)?,
            concurrency: mean(Timeline::concurrency)?,
            idle: mean(|line| line.idle)?,
            alone: mean(|line| line.alone)?,
            tail: mean(|line| line.tail)?,
            straggler: most_frequent(lines.iter().filter_map(|line| line.straggler.as_ref())),
            longest_alone: most_time(&lines, |line| line.longest_alone.as_ref()),
            longest: most_time(&lines, |line| line.longest.as_ref()),
            kinds,
            sections,
        })
    }
}

fn most_frequent<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut counts: BTreeMap<&String, u32> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map(|(name, _)| name.clone())
}

/// The item with the most time over all trials, and its mean over those that
/// name it.
fn most_time<'a>(
    lines: &'a [Timeline],
    of: impl Fn(&'a Timeline) -> Option<&'a (String, f64)>,
) -> Option<(String, f64)> {
    let mut times: BTreeMap<&String, Vec<f64>> = BTreeMap::new();
    for (name, time) in lines.iter().filter_map(of) {
        times.entry(name).or_default().push(*time);
    }
    let (name, times) = times
        .into_iter()
        .max_by(|(_, a), (_, b)| a.iter().sum::<f64>().total_cmp(&b.iter().sum()))?;
    Some((name.clone(), moments::mean(&times)?))
}
