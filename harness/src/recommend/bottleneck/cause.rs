//! What can limit a restore, and the readings that show it.

use serde::Serialize;

use crate::stats::estimate::six_digits;

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
    /// The way between client and server: its round trips, or its bandwidth.
    Network,
    /// Items that lock the same table.
    Locks,
    /// Syncs to disk.
    Sync,
    /// Writing the WAL, or inserting into it.
    Wal,
    /// What was restored is read again from the disk, as it does not fit into memory.
    Memory,
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
            Self::Network => "network",
            Self::Locks => "locks",
            Self::Sync => "sync",
            Self::Wal => "wal",
            Self::Memory => "memory",
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reading {
    /// What was read, with its unit.
    pub name: &'static str,
    #[serde(serialize_with = "six_digits")]
    pub value: f64,
    /// From which on (or, for `workers_idle_ratio` of [`Cause::Workers`], up to
    /// which) it speaks for the cause; `None` for a reading that only explains.
    pub threshold: Option<f64>,
}
