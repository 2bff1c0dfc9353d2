//! The control group of a container, in its first and its second version.

use std::path::{Path, PathBuf};

use super::procfs;
use super::readings::{Gauge, read};
use crate::record::LoadSample;

/// Files of a control group, open for reading.
#[derive(Debug)]
pub(super) struct CgroupProbe {
    files: Files,
    /// Where the numbers of its processes are listed.
    processes: PathBuf,
}

#[derive(Debug)]
enum Files {
    /// One hierarchy for each controller.
    V1 { usage: Gauge, cpu: Option<Gauge>, memory: Option<Gauge>, io: Option<Gauge> },
    /// One for all.
    V2 { cpu: Gauge, memory: Option<Gauge>, io: Option<Gauge> },
}

impl CgroupProbe {
    /// The group of a process, if it has one of its own.
    pub(super) fn of(process: u32) -> Option<Self> {
        let groups = read(format!("/proc/{process}/cgroup"))?;
        let mounts = read("/proc/self/mountinfo")?;
        let folder = |controller: &str| folder_of(&groups, &mounts, controller);
        // In a hybrid system the second version has no controllers.
        let Some(accounting) = folder("cpuacct") else {
            return Self::v2(&folder("")?);
        };
        let open = |controller: &str, file: &str| Gauge::open(folder(controller)?.join(file));
        Some(Self {
            files: Files::V1 {
                usage: Gauge::open(accounting.join("cpuacct.usage"))?,
                cpu: open("cpu", "cpu.stat"),
                memory: open("memory", "memory.usage_in_bytes"),
                io: open("blkio", "blkio.throttle.io_service_bytes_recursive")
                    .or_else(|| open("blkio", "blkio.throttle.io_service_bytes")),
            },
            processes: accounting.join("cgroup.procs"),
        })
    }

    fn v2(folder: &Path) -> Option<Self> {
        Some(Self {
            files: Files::V2 {
                cpu: Gauge::open(folder.join("cpu.stat"))?,
                memory: Gauge::open(folder.join("memory.current")),
                io: Gauge::open(folder.join("io.stat")),
            },
            processes: folder.join("cgroup.procs"),
        })
    }

    /// The processes in it.
    pub(super) fn processes(&self) -> Option<Vec<u32>> {
        Some(procfs::process_ids(&read(&self.processes)?).collect())
    }

    /// Reads everything into `sample`. Whether there was anything to read.
    pub(super) fn read(&mut self, sample: &mut LoadSample) -> bool {
        let io;
        match &mut self.files {
            Files::V1 { usage, cpu, memory, io: file } => {
                sample.container_cpu_ns = usage.read().and_then(number);
                sample.container_throttled_ns =
                    text(cpu).and_then(|text| value(text, "throttled_time"));
                sample.container_memory_bytes = text(memory).and_then(number);
                io = text(file).map(|text| (v1_bytes(text, "Read"), v1_bytes(text, "Write")));
            }
            Files::V2 { cpu, memory, io: file } => {
                let micros = |text: &str, name| Some(value(text, name)? * 1_000);
                let text_of_cpu = cpu.read();
                sample.container_cpu_ns = text_of_cpu.and_then(|text| micros(text, "usage_usec"));
                sample.container_throttled_ns =
                    text_of_cpu.and_then(|text| micros(text, "throttled_usec"));
                sample.container_memory_bytes = text(memory).and_then(number);
                io = text(file).map(|text| (v2_bytes(text, "rbytes="), v2_bytes(text, "wbytes=")));
            }
        }
        if let Some((read, written)) = io {
            sample.container_read_bytes = Some(read);
            sample.container_written_bytes = Some(written);
        }
        sample.container_cpu_ns.is_some()
    }
}

fn text(file: &mut Option<Gauge>) -> Option<&str> {
    file.as_mut()?.read()
}

/// Where the group is for this controller, or for none in the second version,
/// by the lines of `/proc/PID/cgroup`. A process in the root group is in no
/// container.
fn folder_of(groups: &str, mounts: &str, controller: &str) -> Option<PathBuf> {
    let has = |list: &str| list.split(',').any(|known| known == controller);
    let group = groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        has(controllers).then_some(path)
    })?;
    let kind = if controller.is_empty() { "cgroup2" } else { "cgroup" };
    let mount = procfs::mounts(mounts)
        .find(|mount| mount.kind == kind && (controller.is_empty() || has(mount.options)))?;
    // Within a container only a part of the hierarchy is mounted.
    let below = Path::new(group).strip_prefix(mount.root).ok()?;
    (!below.as_os_str().is_empty()).then(|| Path::new(mount.point).join(below))
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// `NAME VALUE`
fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| number(line.strip_prefix(name)?.strip_prefix(' ')?))
}

/// `MAJOR:MINOR Read BYTES`, summed over the devices. A group that has done
/// nothing yet lists none.
fn v1_bytes(text: &str, operation: &str) -> u64 {
    let of_line = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        (fields.next()? == operation).then(|| fields.next()?.parse::<u64>().ok())?
    };
    text.lines().filter_map(of_line).sum()
}

/// `MAJOR:MINOR rbytes=BYTES wbytes=BYTES ...`, summed over the devices.
fn v2_bytes(text: &str, key: &str) -> u64 {
    let fields = text.split_ascii_whitespace();
    fields.filter_map(|field| field.strip_prefix(key)?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

    #[test]
    fn groups_are_found_by_their_controller() {
        let groups = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/docker/abc\n";
        let folder = |controller| folder_of(groups, MOUNTS, controller);
        assert_eq!(folder("cpuacct"), Some("/sys/fs/cgroup/cpu,cpuacct/docker/abc".into()));
        assert_eq!(folder("memory"), Some("/sys/fs/cgroup/memory/docker/abc".into()));
        assert_eq!(folder("blkio"), None);
        assert_eq!(folder(""), Some("/sys/fs/cgroup/unified/docker/abc".into()));
        assert_eq!(folder_of("2:cpu,cpuacct:/\n0::/\n", MOUNTS, "cpu"), None, "the root group");
    }

    #[test]
    fn a_part_of_the_hierarchy_may_be_mounted() {
        let mounts = "9 8 0:38 /outer /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let folder = folder_of("0::/outer/system.slice/docker-a.scope\n", mounts, "");
        assert_eq!(folder, Some("/sys/fs/cgroup/system.slice/docker-a.scope".into()));
        assert_eq!(folder_of("0::/other\n", mounts, ""), None);
    }

    #[test]
    fn both_versions_say_the_same() {
        let v1 = "254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 0\n254:16 Read 1\nTotal 12289\n";
        assert_eq!((v1_bytes(v1, "Read"), v1_bytes(v1, "Write")), (4097, 8192));
        let v2 = "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n254:16 rbytes=1\n";
        assert_eq!((v2_bytes(v2, "rbytes="), v2_bytes(v2, "wbytes=")), (4097, 8192));
        let stat = "nr_periods 3\nnr_throttled 2\nthrottled_time 150000\n";
        assert_eq!(value(stat, "throttled_time"), Some(150_000));
        assert_eq!(value(stat, "throttled"), None);
    }
}
