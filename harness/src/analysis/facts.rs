//! What is known of a run beside its trials.

use std::collections::BTreeMap;

use restore_core::format::{Compression, Format};
use restore_core::units::Bytes;

use super::key::CurveKey;
use super::limits::RestoreLimits;
use crate::record::{BlockHosts, Ending, LargestItem};
use crate::scenario::Phase;
use crate::scenario::quantity::WarmUp;

/// What the analysis and the recommendation need to know of a run. Whatever
/// is not known is `None`, and is then neither used nor warned about.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    pub scenario: Option<String>,
    pub phase: Phase,
    /// The server in words, as in "PostgreSQL 17.5, local".
    pub server: Option<String>,
    /// The machine in words.
    pub host: Option<String>,
    /// The cache policy in words, as in "warm".
    pub cache: Option<String>,
    /// Processors that the server may use.
    pub cores: Option<u32>,
    pub max_connections: Option<u32>,
    /// How much slower than the best a job count may be and still be as good,
    /// as a fraction: 0.05 is 5 %.
    pub tolerance: f64,
    /// The half-width of intervals that was asked for, as a fraction.
    pub precision: f64,
    /// For variants beside a workload, the variant that is the same on an idle
    /// server.
    pub idle_of: BTreeMap<String, String>,
    /// For variants that make the same database of the same archive on the same server in
    /// another way (settings of the sessions, sections), the first of them.
    pub alike: BTreeMap<String, String>,
    /// Seeds the order of the trials, and the draws behind probabilities.
    pub seed: u64,
    /// How many blocks were planned.
    pub blocks: BlockPlan,
    /// Why the sweep ended; `None` while it can be resumed.
    pub ending: Option<Ending>,
    pub archives: Vec<ArchiveFacts>,
    /// What a restore may use.
    pub limits: RestoreLimits,
    /// What was done before the first trial, for caches that are warm.
    pub warm_up: WarmUp,
    /// The processors behind the readings of the load, by variant.
    pub resources: BTreeMap<String, Resources>,
    /// The hosts that the blocks were run on.
    pub hosts: HostFacts,
}

/// The hosts of a run that was merged; nothing of one that was made on one host.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostFacts {
    /// What answers call them, by their places in the record.
    pub names: Vec<String>,
    /// Which of them ran each block.
    pub of_block: BlockHosts,
}

impl HostFacts {
    /// What answers call a host.
    pub fn name(&self, host: u32) -> String {
        let named = self.names.get(host as usize).cloned();
        named.unwrap_or_else(|| format!("host {}", host + 1))
    }
}

/// What a variant's restores could use.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Resources {
    /// Those of the machine that the harness ran on.
    pub host_cores: Option<f64>,
    /// The limit of the server's container.
    pub cpu_limit: Option<f64>,
    /// Those that the server may use, counted whole.
    pub server_cores: Option<u32>,
    /// Seconds of a query that does nothing.
    pub round_trip: Option<f64>,
    /// Of a disk that was measured: bytes that it writes in a second, synced.
    pub disk_bytes_per_second: Option<f64>,
    /// Of a disk whose operations are limited: how many it takes in a second.
    pub disk_operations_per_second: Option<f64>,
    /// Memory of the server beside its shared buffers.
    pub memory: Option<Bytes>,
    /// What each build of an index may take of it (`maintenance_work_mem`).
    pub maintenance_memory: Option<Bytes>,
}

impl Resources {
    /// Seconds of a round trip from which the way to a server can be what a restore waits for.
    /// On a nearer one it is the client's own work between two statements.
    pub const FAR: f64 = 0.3e-3;

    /// Whether the server is far away.
    pub fn is_far(&self) -> bool {
        self.round_trip.is_some_and(|seconds| seconds >= Self::FAR)
    }

    /// The processors that client and server have between them; `None` where
    /// the server is elsewhere.
    pub fn processors(&self) -> Option<f64> {
        self.cpu_limit.or(self.server_cores.map(f64::from))
    }
}

/// How many blocks a sweep may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPlan {
    pub min: u32,
    pub max: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ArchiveFacts {
    /// The variant whose archive it is; `None` for all of them.
    pub variant: Option<String>,
    pub format: Format,
    pub compression: Compression,
    pub bytes: Option<Bytes>,
    /// Whether its table of contents says where every item's data is.
    pub has_offsets: Option<bool>,
    pub largest_item: Option<LargestItem>,
}

impl RunFacts {
    pub fn archive(&self, key: &CurveKey) -> Option<&ArchiveFacts> {
        self.archives.iter().find(|archive| archive.is_of(key))
    }

    /// The first of the variants that differ from this one in the way of restoring alone.
    pub fn first_alike<'a>(&'a self, variant: &'a str) -> &'a str {
        self.alike.get(variant).map_or(variant, String::as_str)
    }

    /// What the restores of a curve could use.
    pub fn resources(&self, key: &CurveKey) -> Resources {
        self.resources.get(&key.variant).copied().unwrap_or_default()
    }
}

impl ArchiveFacts {
    pub fn is_of(&self, key: &CurveKey) -> bool {
        self.format == key.format
            && self.compression == key.compression
            && self.variant.as_ref().is_none_or(|variant| *variant == key.variant)
    }
}
