//! One row of `load.csv`: what the machine and the server were doing at one
//! instant of a trial; and what a trial's rows come to, for `trials.csv`.
//!
//! Three rules hold for every column.
//!
//! - What could not be read is an empty field and never 0.
//! - A *count* (bytes, operations, nanoseconds of work) is what was added since
//!   the row before in which the same column is not empty, or since the start of
//!   the trial: the sum of a column is the total of the trial. A *state* (memory,
//!   backends, processes) is what there was at the instant.
//! - Columns that are dearer to read are filled in fewer rows.

use serde::{Deserialize, Serialize};

/// Readings at one instant of a trial. The columns of `load.csv` are these
/// fields in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LoadSample {
    /// Number of the trial.
    pub trial: u32,
    /// Instant, since the start of the engine, by a clock that never steps.
    pub at_ns: u64,
    /// Time since the row before.
    pub interval_ns: u64,

    /// Processor time in user mode, of all processors of the host (count).
    pub host_cpu_user_ns: Option<u64>,
    /// In the kernel, with interrupts (count).
    pub host_cpu_system_ns: Option<u64>,
    /// Idle while a disk operation was under way (count).
    pub host_cpu_iowait_ns: Option<u64>,
    /// Taken by the hypervisor for other machines (count).
    pub host_cpu_steal_ns: Option<u64>,
    /// Idle (count).
    pub host_cpu_idle_ns: Option<u64>,
    /// Memory that could be had without swapping (state).
    pub host_memory_available_bytes: Option<u64>,
    /// Pages that wait to be written (state).
    pub host_memory_dirty_bytes: Option<u64>,
    /// Pages that are being written (state).
    pub host_memory_writeback_bytes: Option<u64>,
    /// Time in which some task waited for a processor (count).
    pub host_cpu_pressure_ns: Option<u64>,
    /// Time in which some task waited for input or output (count).
    pub host_io_pressure_ns: Option<u64>,
    /// Time in which all tasks did (count).
    pub host_io_full_pressure_ns: Option<u64>,
    /// Time in which some task waited for memory (count).
    pub host_memory_pressure_ns: Option<u64>,
    /// Received over the network, the loopback aside (count).
    pub host_received_bytes: Option<u64>,
    /// Sent over the network, the loopback aside (count).
    pub host_sent_bytes: Option<u64>,

    /// Read from the device of the data directory (count).
    pub data_device_read_bytes: Option<u64>,
    /// Written to it (count).
    pub data_device_written_bytes: Option<u64>,
    /// Completed reads (count).
    pub data_device_reads: Option<u64>,
    /// Completed writes (count).
    pub data_device_writes: Option<u64>,
    /// Completed flushes of the device's own cache (count).
    pub data_device_flushes: Option<u64>,
    /// Time in which it had anything to do (count).
    pub data_device_busy_ns: Option<u64>,
    /// Time that completed reads and writes took, queueing included (count).
    pub data_device_wait_ns: Option<u64>,
    /// Operations under way times their duration: over the interval it is the
    /// mean depth of the queue (count).
    pub data_device_queue_ns: Option<u64>,

    /// Read from the device of the archive, where it is another one than that
    /// of the data directory; so all `archive_device` columns (count).
    pub archive_device_read_bytes: Option<u64>,
    /// Written to it (count).
    pub archive_device_written_bytes: Option<u64>,
    /// Completed reads (count).
    pub archive_device_reads: Option<u64>,
    /// Completed writes (count).
    pub archive_device_writes: Option<u64>,
    /// Time in which it had anything to do (count).
    pub archive_device_busy_ns: Option<u64>,
    /// Time that completed reads and writes took (count).
    pub archive_device_wait_ns: Option<u64>,
    /// Operations under way times their duration (count).
    pub archive_device_queue_ns: Option<u64>,

    /// Processor time of the server's container, which runs the client programs
    /// too (count).
    pub container_cpu_ns: Option<u64>,
    /// Time in which its processes were held back by its limit (count).
    pub container_throttled_ns: Option<u64>,
    /// Its memory, page cache included (state).
    pub container_memory_bytes: Option<u64>,
    /// Read from disks by it (count).
    pub container_read_bytes: Option<u64>,
    /// Written to disks by it (count).
    pub container_written_bytes: Option<u64>,

    /// Processor time of the client, `pg_restore`, `psql` or `pg_dump`, and its
    /// workers (count).
    pub client_cpu_ns: Option<u64>,
    /// Their memory (state).
    pub client_memory_bytes: Option<u64>,
    /// How many of them there are (state).
    pub client_processes: Option<u64>,
    /// Processor time of the server's processes (count).
    pub server_cpu_ns: Option<u64>,
    /// Their memory: what is private to each, and shared memory once (state).
    pub server_memory_bytes: Option<u64>,
    /// How many of them there are (state).
    pub server_processes: Option<u64>,

    /// Client backends in the trial's database (state).
    pub backends: Option<u64>,
    /// Of these, idle or idle in a transaction (state).
    pub backends_idle: Option<u64>,
    /// Of these, executing a statement (state).
    pub backends_active: Option<u64>,
    /// Active and waiting for nothing (state).
    pub active_running: Option<u64>,
    /// Active and waiting for a lock on a table or the like (state).
    pub active_on_lock: Option<u64>,
    /// Active and waiting for a lightweight lock, those of the WAL aside (state).
    pub active_on_lwlock: Option<u64>,
    /// Active and waiting for the reading or writing of data files (state).
    pub active_on_io: Option<u64>,
    /// Active and waiting for the WAL to be written or inserted into (state).
    pub active_on_wal: Option<u64>,
    /// Active and waiting until the WAL or a data file is synced, be it by
    /// another backend (state).
    pub active_on_sync: Option<u64>,
    /// Active and waiting for the client to send or take something (state).
    pub active_on_client: Option<u64>,
    /// Active and waiting for anything else (state).
    pub active_on_other: Option<u64>,
    /// Parallel workers at work for the trial's database (state).
    pub parallel_workers: Option<u64>,
    /// COPY commands under way (state).
    pub copies: Option<u64>,
    /// What those have read so far (state).
    pub copied_bytes: Option<u64>,
    /// Indexes being built (state).
    pub index_builds: Option<u64>,

    /// WAL written (count).
    pub wal_bytes: Option<u64>,
    /// Syncs of the WAL (count).
    pub wal_syncs: Option<u64>,
    /// Checkpoints (count).
    pub checkpoints: Option<u64>,
    /// Written by checkpoints (count).
    pub checkpoint_written_bytes: Option<u64>,
    /// Written or added to data files by backends themselves (count).
    pub backend_written_bytes: Option<u64>,
    /// Written to temporary files in the trial's database (count).
    pub temporary_bytes: Option<u64>,
    /// Size of the trial's database (state).
    pub database_bytes: Option<u64>,
}

/// What the load samples of a trial come to. The columns stand in `trials.csv`
/// behind those of [`TrialRow`](super::TrialRow), in this order.
///
/// `mean` is over time, `p95` and `peak` are over the samples; of the server's
/// states all are over the instants at which it was asked. A `ratio` is 1 for
/// the whole: all processors of the host, every instant, every active backend.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadSummary {
    /// How many load samples there are.
    pub load_samples: Option<u64>,

    /// Processor time of the host in user mode and in the kernel.
    pub host_cpu_ns: Option<u64>,
    /// Share of the host's processors that was used.
    pub host_cpu_mean_ratio: Option<f64>,
    /// The same, of the busiest twentieth.
    pub host_cpu_p95_ratio: Option<f64>,
    /// The same, of the busiest sample.
    pub host_cpu_peak_ratio: Option<f64>,
    /// Share that was idle while a disk operation was under way.
    pub host_iowait_mean_ratio: Option<f64>,
    /// Share that the hypervisor took.
    pub host_steal_mean_ratio: Option<f64>,
    /// The least memory that could be had.
    pub host_memory_available_least_bytes: Option<u64>,
    /// The most pages that waited to be written.
    pub host_memory_dirty_peak_bytes: Option<u64>,
    /// Share of time in which some task waited for a processor.
    pub host_cpu_pressure_ratio: Option<f64>,
    /// Share of time in which some task waited for input or output.
    pub host_io_pressure_ratio: Option<f64>,
    /// Share of time in which all tasks did.
    pub host_io_full_pressure_ratio: Option<f64>,
    /// Share of time in which some task waited for memory.
    pub host_memory_pressure_ratio: Option<f64>,
    /// Received over the network.
    pub host_received_bytes: Option<u64>,
    /// Sent over the network.
    pub host_sent_bytes: Option<u64>,

    /// Read from the device of the data directory.
    pub data_device_read_bytes: Option<u64>,
    /// Written to it.
    pub data_device_written_bytes: Option<u64>,
    /// Completed reads and writes.
    pub data_device_operations: Option<u64>,
    /// Completed flushes.
    pub data_device_flushes: Option<u64>,
    /// Share of time in which it had anything to do.
    pub data_device_busy_mean_ratio: Option<f64>,
    /// The same, of the busiest twentieth.
    pub data_device_busy_p95_ratio: Option<f64>,
    /// The same, of the busiest sample.
    pub data_device_busy_peak_ratio: Option<f64>,
    /// Mean number of operations under way.
    pub data_device_queue_mean: Option<f64>,
    /// The most of a sample.
    pub data_device_queue_peak: Option<f64>,
    /// Mean time of an operation, queueing included.
    pub data_device_wait_mean_ns: Option<u64>,
    /// Read from the device of the archive, where that is another one.
    pub archive_device_read_bytes: Option<u64>,
    /// Written to it.
    pub archive_device_written_bytes: Option<u64>,
    /// Share of time in which it had anything to do.
    pub archive_device_busy_mean_ratio: Option<f64>,
    /// The same, of the busiest sample.
    pub archive_device_busy_peak_ratio: Option<f64>,

    /// Processor time of the container.
    pub container_cpu_ns: Option<u64>,
    /// Time in which it was held back by its limit.
    pub container_throttled_ns: Option<u64>,
    /// Its most memory, page cache included.
    pub container_memory_peak_bytes: Option<u64>,
    /// Read from disks by it.
    pub container_read_bytes: Option<u64>,
    /// Written to disks by it.
    pub container_written_bytes: Option<u64>,

    /// Processor time of the client.
    pub client_cpu_ns: Option<u64>,
    /// The most processors that it used at once.
    pub client_cpu_peak_cores: Option<f64>,
    /// Its most memory.
    pub client_memory_peak_bytes: Option<u64>,
    /// Processor time of the server.
    pub server_cpu_ns: Option<u64>,
    /// The most processors that it used at once.
    pub server_cpu_peak_cores: Option<f64>,
    /// Its most memory.
    pub server_memory_peak_bytes: Option<u64>,

    /// How often the server was asked for its states.
    pub server_samples: Option<u64>,
    /// The most client backends.
    pub backends_peak: Option<u64>,
    /// Mean number of active backends.
    pub active_mean: Option<f64>,
    /// The most active backends.
    pub active_peak: Option<u64>,
    /// Share of the active backends that waited for nothing.
    pub active_running_ratio: Option<f64>,
    /// Share that waited for a lock.
    pub active_on_lock_ratio: Option<f64>,
    /// Share that waited for a lightweight lock.
    pub active_on_lwlock_ratio: Option<f64>,
    /// Share that waited for data files.
    pub active_on_io_ratio: Option<f64>,
    /// Share that waited for the WAL to be written or inserted into.
    pub active_on_wal_ratio: Option<f64>,
    /// Share that waited for a sync.
    pub active_on_sync_ratio: Option<f64>,
    /// Share that waited for the client.
    pub active_on_client_ratio: Option<f64>,
    /// Share that waited for anything else.
    pub active_on_other_ratio: Option<f64>,
    /// The most parallel workers.
    pub parallel_workers_peak: Option<u64>,
    /// Syncs of the WAL.
    pub wal_syncs: Option<u64>,
    /// Checkpoints.
    pub checkpoints: Option<u64>,
    /// Written by checkpoints.
    pub checkpoint_written_bytes: Option<u64>,
    /// Written or added to data files by backends themselves.
    pub backend_written_bytes: Option<u64>,
    /// Written to temporary files.
    pub temporary_bytes: Option<u64>,

    /// Time that workers had nothing to do, summed over them, although items
    /// were ready: each of those would have waited for a lock of a running one.
    pub workers_held_by_locks_ns: Option<u64>,
}
