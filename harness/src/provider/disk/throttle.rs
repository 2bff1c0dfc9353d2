//! The kernel's limits of a block device, by control groups.
//!
//! Version 1 (`blkio.throttle.*`, Linux `Documentation/admin-guide/cgroup-v1/blkio-controller.rst`)
//! limits the processes of each group by itself; what the kernel writes back later is the root
//! group's, so that this one is limited too. Version 2 (`io.max`) cannot limit the root group,
//! where write-back is charged to the group that made the pages dirty.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::scenario::disk::DiskLimits;

/// Where control groups of version 1 limit block devices.
const BLKIO: &str = "/sys/fs/cgroup/blkio";

/// Whether this system has control groups of version 1 for block devices.
pub(super) fn has_version_1() -> bool {
    Path::new(BLKIO).join("blkio.throttle.write_bps_device").exists()
}

/// Limits a device, by its numbers, for this process's group and for the kernel.
pub(super) fn limit(device: &str, limits: &DiskLimits) -> anyhow::Result<()> {
    for group in groups() {
        for (file, value) in values(limits) {
            let path = group.join(file);
            fs::write(&path, format!("{device} {value}"))
                .with_context(|| format!("cannot limit device {device} in {}", path.display()))?;
        }
    }
    Ok(())
}

/// Lifts all limits of a device. What is not limited, or no longer there, needs nothing.
pub(super) fn lift(device: &str) {
    for group in groups() {
        for file in FILES {
            let _ = fs::write(group.join(file), format!("{device} 0"));
        }
    }
}

const FILES: [&str; 4] = [
    "blkio.throttle.write_bps_device",
    "blkio.throttle.read_bps_device",
    "blkio.throttle.write_iops_device",
    "blkio.throttle.read_iops_device",
];

fn values(limits: &DiskLimits) -> impl Iterator<Item = (&'static str, u64)> {
    let bytes = |of: super::Bandwidth| of.bytes_per_second() as u64;
    let iops = limits.iops.map(u64::from);
    let all = [limits.write.map(bytes), limits.read.map(bytes), iops, iops];
    FILES.into_iter().zip(all).filter_map(|(file, value)| Some((file, value?)))
}

/// The root group, and this process's own where that is another.
fn groups() -> Vec<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own.lines().find_map(|line| line.split_once(":blkio:").map(|(_, path)| path));
    let root = PathBuf::from(BLKIO);
    match own.map(|path| path.trim_start_matches('/')) {
        None | Some("") => vec![root],
        Some(path) => vec![root.join(path), root],
    }
}
