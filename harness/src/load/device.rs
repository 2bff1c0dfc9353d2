//! Which block device a path is on, and what that device does.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::procfs::{self, DeviceTimes};
use super::readings::{Gauge, read};

/// The number of a block device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeviceId {
    major: u64,
    minor: u64,
}

impl DeviceId {
    /// The device that holds `path`; `None` for file systems in memory or on
    /// the network, and where this system does not tell.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        let direct = Self::from_number(meta.dev());
        if direct.folder().exists() {
            return Some(direct);
        }
        // File systems over several devices, and layers upon others, have a
        // number of their own: their mount names the device.
        let mounts = read("/proc/self/mountinfo")?;
        let path = path.canonicalize().ok()?;
        let source = source_of(&mounts, &path)?;
        let device = Self::from_number(std::fs::metadata(source).ok()?.rdev());
        device.folder().exists().then_some(device)
    }

    /// A `dev_t` taken apart, as the C library's macros do.
    fn from_number(number: u64) -> Self {
        Self { major: nix::sys::stat::major(number), minor: nix::sys::stat::minor(number) }
    }

    /// Its folder by its own name, below that of its disk if it is a partition.
    pub(super) fn resolved(self) -> Option<PathBuf> {
        self.folder().canonicalize().ok()
    }

    fn folder(self) -> PathBuf {
        PathBuf::from(format!("/sys/dev/block/{}:{}", self.major, self.minor))
    }
}

/// The device that the innermost mount around `path` names.
fn source_of<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    procfs::mounts(mounts)
        .filter(|mount| path.starts_with(mount.point))
        // Of two mounts at one place the later one is seen.
        .max_by_key(|mount| mount.point.len())
        .map(|mount| mount.source)
        .filter(|source| source.starts_with("/dev/"))
}

/// A block device whose statistics are read again and again.
#[derive(Debug)]
pub(super) struct Device {
    stat: Gauge,
    /// The kernel counts flushes for whole disks alone.
    is_partition: bool,
}

impl Device {
    pub(super) fn open(id: DeviceId) -> Option<Self> {
        let folder = id.folder();
        let stat = Gauge::open(folder.join("stat"))?;
        Some(Self { stat, is_partition: folder.join("partition").exists() })
    }

    pub(super) fn read(&mut self) -> Option<DeviceTimes> {
        let mut times = procfs::device_times(self.stat.read_start()?)?;
        times.flushes = times.flushes.filter(|_| !self.is_partition);
        Some(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_holds_a_path() {
        let mounts = "27 1 254:0 / / rw - ext4 /dev/vda rw\n\
                      28 27 0:40 / /srv rw - btrfs /dev/sdb1 rw\n\
                      29 28 0:41 / /srv/ram rw - tmpfs tmpfs rw\n";
        let source = |path| source_of(mounts, Path::new(path));
        assert_eq!(source("/srv/pg/data"), Some("/dev/sdb1"));
        assert_eq!(source("/srv/ram/data"), None, "memory is no device");
        assert_eq!(source("/srvx"), Some("/dev/vda"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn file_systems_in_memory_have_no_device() {
        assert_eq!(DeviceId::of(Path::new("/proc")), None);
        assert_eq!(DeviceId::of(Path::new("/nowhere")), None);
    }
}
