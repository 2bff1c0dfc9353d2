//! What the trials of a cell say of the load: means over those that completed.

use std::collections::BTreeMap;

use restore_core::units::Jobs;

use super::parallelism::Parallelism;
use crate::record::{ItemRow, LoadSummary, Outcome, TrialRow};
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
    /// Reads and writes there.
    pub disk_operations: Option<f64>,
    /// Bytes read there.
    pub disk_read: Option<f64>,
    /// Bytes of the restored database.
    pub database: Option<f64>,
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
    /// How parallel the trials were, on average.
    pub parallelism: Option<Parallelism>,
}

/// Shares of the active backends by what they waited for, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Waits {
    /// For nothing: they ran.
    pub running: Option<f64>,
    pub lock: Option<f64>,
    pub lwlock: Option<f64>,
    /// For data files.
    pub io: Option<f64>,
    /// For the WAL.
    pub wal: Option<f64>,
    pub sync: Option<f64>,
    pub client: Option<f64>,
}

impl CellLoad {
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
            disk_operations: over.load(|load| load.data_device_operations.map(|of| of as f64)),
            disk_read: over.load(|load| load.data_device_read_bytes.map(|b| b as f64)),
            database: over.mean(|row| row.database_bytes.map(|bytes| bytes as f64)),
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
            parallelism: parallelism(jobs, &rows, items),
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

fn parallelism(jobs: Jobs, rows: &[&TrialRow], items: &Items) -> Option<Parallelism> {
    let trials: Vec<Parallelism> = rows
        .iter()
        .filter_map(|row| Parallelism::of_trial(items.get(&row.trial)?, jobs, row.wall_ns))
        .collect();
    Parallelism::mean(&trials)
}
