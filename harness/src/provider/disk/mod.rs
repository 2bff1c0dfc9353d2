//! A slow disk: a file system of the run's own on a loop device that the kernel limits.

mod probe;
mod throttle;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::sys::stat::{major, minor};
use nix::sys::statvfs::statvfs;
use nix::unistd::Uid;
use restore_core::launch::{CommandLine, succeed};

use crate::lease::{Lease, Resource};
use crate::process::LocalLauncher;
use crate::record::DiskRecord;
use crate::scenario::disk::DiskLimits;
use crate::scenario::network::Bandwidth;

/// Share of the free space that the file system may grow to: it takes what it holds.
const SHARE: f64 = 0.8;

/// How often a disk is measured before it is refused.
const ATTEMPTS: usize = 3;

/// Who else limits the device: nobody, or the container engine for the container's group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limiter {
    ControlGroups,
    Engine,
}

/// A disk of the run's own. The lease of the run removes it.
pub(super) struct SlowDisk {
    folder: PathBuf,
    device: String,
    record: DiskRecord,
}

impl SlowDisk {
    /// Makes it in a folder `name` below `parent`, limits it, and measures whether that holds.
    pub(super) async fn make(
        limits: &DiskLimits,
        limiter: Limiter,
        parent: &Path,
        name: &str,
        lease: &Lease,
    ) -> anyhow::Result<Self> {
        check_rights(limiter)?;
        let folder = parent.join(format!("{name}-disk"));
        lease.note(&Resource::Disk { folder: folder.clone() })?;
        fs::create_dir_all(mount_point(&folder))
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let image = image(&folder);
        let space =
            statvfs(parent).with_context(|| format!("no file system: {}", parent.display()))?;
        let free = space.blocks_available() as f64 * space.fragment_size() as f64;
        let file =
            fs::File::create(&image).with_context(|| format!("cannot make {}", image.display()))?;
        file.set_len((free * SHARE) as u64)?;
        let found = run("losetup", &["--find", "--show", &image.to_string_lossy()]).await?;
        let device = found.trim().to_owned();
        // What ext4 would still write later would be limited with the rest.
        run("mkfs.ext4", &["-q", "-m", "0", "-E", "nodiscard", &device]).await?;
        let mounted = mount_point(&folder);
        run("mount", &["-o", "noinit_itable", &device, &mounted.to_string_lossy()]).await?;
        if throttle::has_version_1() {
            throttle::limit(&number(&device)?, limits)?;
        }
        let can_check = limiter == Limiter::ControlGroups || throttle::has_version_1();
        let mut record = probe::measure(&mounted, limits).await?;
        // Other work on the disk passes; limits that do not hold do not.
        for _ in 1..ATTEMPTS {
            if !can_check || probe::check(&record).is_ok() {
                break;
            }
            record = probe::measure(&mounted, limits).await?;
        }
        if can_check {
            probe::check(&record)?;
        }
        Ok(Self { folder, device, record })
    }

    /// Where its file system is.
    pub(super) fn mounted(&self) -> PathBuf {
        mount_point(&self.folder)
    }

    /// The block device.
    pub(super) fn device(&self) -> &str {
        &self.device
    }

    pub(super) fn record(&self) -> &DiskRecord {
        &self.record
    }
}

fn check_rights(limiter: Limiter) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") || !Uid::effective().is_root() {
        bail!(
            "server.disk needs Linux and root: it makes a file system on a loop device, whose limits \
             the kernel holds; without them leave it out, and name the folder of a slow disk with \
             data_dir"
        );
    }
    if limiter == Limiter::ControlGroups && !throttle::has_version_1() {
        bail!(
            "server.disk cannot limit a local cluster on this system, whose control groups are of \
             version 2: use provider \"docker\", whose engine limits the container"
        );
    }
    Ok(())
}

fn mount_point(folder: &Path) -> PathBuf {
    folder.join("mounted")
}

fn image(folder: &Path) -> PathBuf {
    folder.join("image")
}

/// The numbers by which control groups know a device: `7:0`.
fn number(device: &str) -> anyhow::Result<String> {
    let found = fs::metadata(device).with_context(|| format!("there is no device {device}"))?;
    Ok(format!("{}:{}", major(found.rdev()), minor(found.rdev())))
}

async fn run(program: &'static str, arguments: &[&str]) -> anyhow::Result<String> {
    let command = CommandLine::new(program).args(arguments.iter().copied());
    let said = succeed(&LocalLauncher::on_path(), command).await;
    let said = said.context("the slow disk of server.disk cannot be made")?;
    Ok(said.stdout.join("\n"))
}

/// Removes the disk in a folder, however much of it there is.
pub(super) async fn remove(folder: &Path) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let mounted = mount_point(folder);
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let is_mounted = |line: &str| line.split(' ').nth(1) == Some(&*mounted.to_string_lossy());
    if mounts.lines().any(is_mounted) {
        run("umount", &[&mounted.to_string_lossy()]).await?;
    }
    let image = image(folder);
    let devices = if image.exists() {
        let path = image.to_string_lossy().into_owned();
        run("losetup", &["--associated", &path, "--noheadings", "--output", "NAME"]).await?
    } else {
        String::new()
    };
    for device in devices.lines().map(str::trim).filter(|line| !line.is_empty()) {
        throttle::lift(&number(device)?);
        run("losetup", &["--detach", device]).await?;
    }
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}
