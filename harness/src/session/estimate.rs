//! What a sweep will take, told before it is run.
//!
//! These are orders of magnitude for planning, and said to be so. Rates are
//! from restores of TPC-H and pgbench by PostgreSQL 15 and 17 on one
//! two-core virtual machine.

use std::path::{Path, PathBuf};

use anyhow::bail;
use restore_core::units::Bytes;

use super::host::host;
use crate::dataset::{DATABASE_PER_RAW, raw_bytes, size_on_disk};
use crate::design::Design;
use crate::provider::containers_folder;
use crate::scenario::{Dataset, Provider, Scenario};

/// Raw bytes that one job restores in a second, with their indexes.
const RESTORE_RATE: f64 = 18e6;

/// Raw bytes made, loaded and dumped in a second, per archive.
const MAKE_RATE: f64 = 12e6;

/// Bytes of a compressed archive for a raw byte.
const ARCHIVE_PER_RAW: f64 = 0.35;

/// WAL kept: the default `max_wal_size`, exceeded under load.
const WAL_BYTES: f64 = 1.5e9;

/// WAL written for a raw byte: rows, indexes, and their first page images.
const WAL_PER_RAW: f64 = 2.0;

/// A cluster without databases of ours.
const EMPTY_CLUSTER_BYTES: f64 = 60e6;

/// Estimates of a sweep.
pub(super) struct Estimate {
    /// Seconds for the least number of blocks, without making archives.
    pub(super) min_secs: f64,
    /// Seconds for the most.
    pub(super) max_secs: f64,
    /// Disk space at the widest point.
    pub(super) disk: Bytes,
}

impl Estimate {
    /// What is known beforehand; nothing of scripts and of databases.
    fn new(scenario: &Scenario, design: &Design, cores: u32) -> Option<Self> {
        let mut block_secs = 0.0;
        let mut largest: f64 = 0.0;
        for variant in &scenario.variants {
            let raw = raw(&variant.dataset)?;
            largest = largest.max(raw);
            for cell in design.cells().iter().filter(|cell| cell.archive.variant == variant.name) {
                block_secs += raw / RESTORE_RATE / f64::from(cell.jobs.get().min(cores.max(1)));
            }
        }
        let archives = scenario.sweep.formats.len() * scenario.sweep.compression.len().max(1);
        let making = largest * archives as f64 / MAKE_RATE;
        let blocks = scenario.sweep.blocks;
        let mut servers = Vec::new();
        for variant in &scenario.variants {
            if !servers.contains(&&variant.server) {
                servers.push(&variant.server);
            }
        }
        let databases = largest * (2.0 * DATABASE_PER_RAW + ARCHIVE_PER_RAW * archives as f64);
        let wal = (largest * WAL_PER_RAW).min(WAL_BYTES);
        let disk = databases + (wal + EMPTY_CLUSTER_BYTES) * servers.len() as f64;
        Some(Self {
            min_secs: making + block_secs * f64::from(blocks.min),
            max_secs: making + block_secs * f64::from(blocks.max),
            disk: Bytes(disk as u64),
        })
    }
}

fn raw(dataset: &Dataset) -> Option<f64> {
    if let Dataset::Archive { path } = dataset {
        return Some(size_on_disk(path)? as f64 / ARCHIVE_PER_RAW);
    }
    raw_bytes(dataset).map(|bytes| bytes as f64)
}

/// The estimate of a scenario on this machine.
pub(super) fn estimate(scenario: &Scenario, design: &Design) -> Option<Estimate> {
    Estimate::new(scenario, design, host().cores)
}

/// Refuses a sweep that will not fit on the disk of its cluster, where both are known.
pub(super) async fn check_room(scenario: &Scenario, design: &Design) -> anyhow::Result<()> {
    let Some(estimate) = estimate(scenario, design) else { return Ok(()) };
    let Some(folder) = cluster_folder(scenario).await else { return Ok(()) };
    let Some(free) = free_bytes(&folder) else { return Ok(()) };
    if estimate.disk > free {
        bail!(
            "about {} of disk space will be needed below {}, and {free} are free: choose a smaller \
             scale, or another disk with --data-dir",
            estimate.disk,
            folder.display()
        );
    }
    Ok(())
}

/// Where clusters are made, if that is on a disk of this machine.
async fn cluster_folder(scenario: &Scenario) -> Option<PathBuf> {
    match &scenario.variants[0].server.provider {
        Provider::Local { data_dir, .. } => {
            Some(data_dir.clone().unwrap_or_else(std::env::temp_dir))
        }
        Provider::Docker { .. } => containers_folder().await,
        Provider::External { .. } => None,
    }
}

/// Bytes that an ordinary user may still write there.
pub fn free_bytes(folder: &Path) -> Option<Bytes> {
    let stat = nix::sys::statvfs::statvfs(folder).ok()?;
    Some(Bytes(stat.blocks_available() * stat.fragment_size()))
}
