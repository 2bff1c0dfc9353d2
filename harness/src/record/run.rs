//! `run.json`: what was to be done, and on what.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use restore_core::plan::PgMajor;
use restore_core::units::Bytes;
use serde::{Deserialize, Serialize};

use super::{Conditions, Ending};
use crate::design::{Adaptive, ArchiveKey, Design, Shard};
use crate::scenario::Scenario;
use crate::scenario::disk::DiskLimits;

/// The schema of run folders that this program writes. Raise it when a reader
/// of the old one would go wrong, and keep reading every older one.
///
/// 2: `load.csv`, and the columns of [`LoadSummary`](super::LoadSummary) in
/// `trials.csv`; `plans/`, which runs of schema 1 may have been given later.
///
/// 3: engines as a part of cells, and `step` in `items/`: an item may have
/// several rows, some at the same time.
pub const SCHEMA: u32 = 3;

/// Everything about a run but its trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Schema of the run folder.
    pub schema: u32,
    /// Version of the program that made it.
    pub jobtune_version: String,
    /// Identifier of the run.
    pub run: String,
    /// When it was made: RFC 3339, UTC.
    pub created_at: String,
    /// The scenario as it was resolved.
    pub scenario: Scenario,
    /// The cells and the seed of their order.
    pub design: Design,
    /// How the trials are chosen, where they are not blocks of all cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<Adaptive>,
    /// The share of the blocks that the run has, where it is not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The machine that the harness ran on; of a merged run, that of its first
    /// shard.
    pub host: Host,
    /// By what that machine is told from its like; absent where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<HostIdentity>,
    /// The hosts of a merged run, each with its blocks; empty where the run was
    /// made on one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostShare>,
    /// The server of each variant.
    pub servers: BTreeMap<String, ServerRecord>,
    /// The archives that were restored.
    pub archives: Vec<ArchiveRecord>,
    /// Scripts that trials run besides the archive, which must stay as they
    /// were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<FileDigest>,
    /// How often the sweep was executed: 1, and one more per resume.
    pub sessions: u32,
    /// What of the load could not be read, and why.
    #[serde(default)]
    pub load_notes: Vec<String>,
    /// What was said of errors that did not keep trials from counting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub error_notes: Vec<String>,
    /// Why it ended; absent while it can be resumed.
    pub ended: Option<Ending>,
}

impl RunRecord {
    /// The archive of a cell.
    pub fn archive(&self, key: &ArchiveKey) -> Option<&ArchiveRecord> {
        self.archives.iter().find(|archive| archive.key == *key)
    }

    /// The servers of all variants, on all hosts.
    pub fn servers_everywhere(&self) -> impl Iterator<Item = &ServerRecord> {
        let elsewhere = self.hosts.iter().flat_map(|share| share.servers.values());
        self.servers.values().chain(elsewhere)
    }

    /// Which host each block was run on.
    pub fn block_hosts(&self) -> BlockHosts {
        let blocks =
            self.hosts.iter().enumerate().flat_map(|(host, share)| {
                share.blocks.iter().map(move |&block| (block, host as u32))
            });
        BlockHosts(blocks.collect())
    }
}

/// Which host each block was run on. A block that it does not name was run on
/// the first one, as all were where nothing was merged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockHosts(BTreeMap<u32, u32>);

impl BlockHosts {
    /// The host of a block, as a place in [`RunRecord::hosts`].
    pub fn of(&self, block: u32) -> u32 {
        self.0.get(&block).copied().unwrap_or(0)
    }

    /// Whether there are several hosts.
    pub fn are_several(&self) -> bool {
        let mut hosts = self.0.values();
        let first = hosts.next();
        hosts.any(|host| Some(host) != first)
    }
}

impl FromIterator<(u32, u32)> for BlockHosts {
    /// From blocks, each with its host.
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(blocks: I) -> Self {
        Self(blocks.into_iter().collect())
    }
}

/// By what a host is told from its like, and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostIdentity {
    /// Its own name, as `hostname` prints it.
    pub name: Option<String>,
    /// What the user calls it, or its kind: hosts that share a label are
    /// answered for together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it costs in an hour, in a currency that is the user's to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_per_hour: Option<f64>,
}

impl HostIdentity {
    /// What hosts that are answered for together are called.
    pub fn title(&self) -> Option<&str> {
        self.label.as_deref().or(self.name.as_deref())
    }
}

/// A host of a merged run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostShare {
    /// The machine.
    pub host: Host,
    /// By what it is told from the others.
    pub identity: HostIdentity,
    /// The server of each variant there.
    pub servers: BTreeMap<String, ServerRecord>,
    /// The runs that were merged.
    pub runs: Vec<String>,
    /// The blocks that they had; ascending.
    pub blocks: Vec<u32>,
}

impl fmt::Display for HostShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HostIdentity { name, label, .. } = &self.identity;
        match (label, name) {
            (Some(label), Some(name)) => write!(f, "{name} ({label})"),
            (Some(one), None) | (None, Some(one)) => f.write_str(one),
            (None, None) => write!(f, "the host of block {}", self.blocks.first().unwrap_or(&0)),
        }
    }
}

/// The machine that the harness ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Operating system and its version.
    pub os: String,
    /// Version of its kernel.
    pub kernel: String,
    /// The processor's own name.
    pub cpu_model: String,
    /// Logical processors.
    pub cores: u32,
    /// Main memory.
    pub memory_bytes: u64,
}

/// The server of a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerRecord {
    /// Provider.
    pub provider: String,
    /// `server_version`.
    pub version: String,
    /// `server_version_num` without the minor version.
    pub major: u32,
    /// Version of the client programs.
    pub client_version: String,
    /// Processors that the server may use, where that is known.
    pub cores: Option<u32>,
    /// Settings that differ from the compiled-in defaults, and those that
    /// matter most to a restore in any case.
    pub settings: BTreeMap<String, String>,
    /// What could not be controlled there.
    pub notes: Vec<String>,
    /// What was made there, on a server of our own, since archives name it.
    #[serde(default, skip_serializing_if = "Made::is_empty")]
    pub made: Made,
    /// How long a query that does nothing takes from this machine: the median before the first
    /// trial. Absent where the client programs are elsewhere, or behind an imitated network.
    #[serde(default, rename = "round_trip_ns", skip_serializing_if = "Option::is_none")]
    pub measured_round_trip_ns: Option<u64>,
    /// What was put between it and the client programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkRecord>,
    /// A disk of its own that was made slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskRecord>,
    /// What its data lies on, and how the system below it is set.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
}

/// A disk that was limited, as it was measured before the first trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiskRecord {
    /// What was asked for.
    pub limits: DiskLimits,
    /// Past the page cache.
    pub write_direct_bytes_per_second: u64,
    /// Through the page cache, with a sync at the end.
    pub write_synced_bytes_per_second: u64,
    /// Past the page cache.
    pub read_direct_bytes_per_second: u64,
    /// Of 4 KiB, past the page cache.
    pub writes_direct_per_second: f64,
    /// Of 8 KiB, a sync after each.
    pub writes_synced_per_second: f64,
}

/// A network that was imitated, as it was measured before the first trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRecord {
    /// What was asked for: each direction.
    pub latency_ns: u64,
    /// Bytes per second, each direction; all that goes through if absent.
    pub bandwidth: Option<u64>,
    /// A query's round trip without it, and with it: medians.
    pub round_trip_before_ns: u64,
    pub round_trip_ns: u64,
}

impl NetworkRecord {
    /// What it added to a round trip.
    pub fn added(&self) -> Duration {
        Duration::from_nanos(self.round_trip_ns.saturating_sub(self.round_trip_before_ns))
    }

    /// What it should have added.
    pub fn asked(&self) -> Duration {
        Duration::from_nanos(2 * self.latency_ns)
    }

    /// Whether a round trip takes what was asked for, within 5 %.
    pub fn holds(&self) -> bool {
        let asked = self.asked().as_secs_f64();
        asked == 0.0 || (self.added().as_secs_f64() / asked - 1.0).abs() <= 0.05
    }
}

/// What was made on a server of our own because an archive names it. It goes
/// with the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Roles, without the right to log in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Tablespaces, beside the data directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tablespaces: Vec<String>,
}

impl Made {
    /// Whether nothing was made.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.tablespaces.is_empty()
    }

    /// Adds what was made later.
    pub fn extend(&mut self, more: Self) {
        self.roles.extend(more.roles);
        self.tablespaces.extend(more.tablespaces);
    }
}

impl ServerRecord {
    /// How long a query that does nothing takes, as the client programs send it.
    pub fn round_trip_ns(&self) -> Option<u64> {
        self.measured_round_trip_ns.or(self.network.as_ref().map(|network| network.round_trip_ns))
    }

    /// Major version of the client programs, by whose rules archives are
    /// restored.
    pub fn client_major(&self) -> Option<PgMajor> {
        let digits = self.client_version.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok().map(PgMajor)
    }

    /// `max_connections`.
    pub fn max_connections(&self) -> Option<u32> {
        self.settings.get("max_connections")?.parse().ok()
    }
}

/// A file as it was when the run was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Where it is; in `run.json` the way from the run folder, as for the
    /// scenario's scripts.
    pub path: PathBuf,
    /// SHA-256 of its contents and of what it includes, in hexadecimal.
    pub sha256: String,
}

/// An archive that was restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchiveRecord {
    /// Which cells restore it.
    pub key: ArchiveKey,
    /// Where it is.
    pub path: PathBuf,
    /// Size of the file or of all files of the directory.
    pub bytes: Bytes,
    /// SHA-256 of its contents, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the options that decide what is restored of it, with the
    /// contents of the files that they name; absent where all is restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// The `pg_dump` that made it.
    pub dumped_by: Option<String>,
    /// How many items it has.
    pub items: Option<u32>,
    /// Whether every item's place is in the table of contents; without, each
    /// worker looks for it.
    pub has_offsets: Option<bool>,
    /// The item with the most data.
    pub largest_item: Option<LargestItem>,
    /// The encoding of the databases that it is restored into, where the
    /// server's own cannot take its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Rows of each table, as the source had them; absent where the source is
    /// not known, and then the first restore is the measure of the others.
    pub rows: Option<BTreeMap<String, u64>>,
}

/// The item with the most data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LargestItem {
    /// Its name.
    pub name: String,
    /// Its share of all data, from 0 to 1.
    pub share: f64,
}
