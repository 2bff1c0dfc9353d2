//! What the files of Linux's procfs and sysfs say: parsers of their text.
//!
//! The formats are those of proc(5) and of the kernel's documentation
//! (`admin-guide/iostats.rst`, `accounting/psi.rst`, `block/stat.rst`).

/// A tick of the processor times in `/proc`: user space sees 100 of them a
/// second on every architecture that PostgreSQL is built for (`USER_HZ`).
pub(super) const TICK_NS: u64 = 10_000_000;

/// A sector of the block layer's statistics, whatever the device's own is.
const SECTOR_BYTES: u64 = 512;

const MS: u64 = 1_000_000;
const US: u64 = 1_000;

/// Processor time of all processors since the start of the system, in
/// nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CpuTimes {
    pub(super) user: u64,
    pub(super) system: u64,
    pub(super) idle: u64,
    pub(super) iowait: u64,
    pub(super) steal: u64,
}

/// The first line of `/proc/stat`.
pub(super) fn cpu_times(text: &str) -> Option<CpuTimes> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_ascii_whitespace().map_while(|n| n.parse().ok()).collect();
    // Guests' time is contained in that of users.
    let [user, nice, system, idle, iowait, irq, softirq, steal, ..] = ticks[..] else {
        return None;
    };
    Some(CpuTimes {
        user: (user + nice) * TICK_NS,
        system: (system + irq + softirq) * TICK_NS,
        idle: idle * TICK_NS,
        iowait: iowait * TICK_NS,
        steal: steal * TICK_NS,
    })
}

/// A line of `/proc/meminfo`, in bytes.
pub(super) fn meminfo(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kilobytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// What a block device has done since it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeviceTimes {
    pub(super) reads: u64,
    pub(super) read_bytes: u64,
    pub(super) writes: u64,
    pub(super) written_bytes: u64,
    /// Time of completed reads and writes.
    pub(super) wait_ns: u64,
    pub(super) busy_ns: u64,
    pub(super) queue_ns: u64,
    /// From Linux 5.5.
    pub(super) flushes: Option<u64>,
}

/// `/sys/dev/block/MAJOR:MINOR/stat`.
pub(super) fn device_times(text: &str) -> Option<DeviceTimes> {
    let fields: Vec<u64> =
        text.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    let [reads, _, sectors_read, read_ms, writes, _, sectors_written, write_ms, _, busy, queue, ..] =
        fields[..]
    else {
        return None;
    };
    Some(DeviceTimes {
        reads,
        read_bytes: sectors_read * SECTOR_BYTES,
        writes,
        written_bytes: sectors_written * SECTOR_BYTES,
        wait_ns: (read_ms + write_ms) * MS,
        busy_ns: busy * MS,
        queue_ns: queue * MS,
        flushes: fields.get(15).copied(),
    })
}

/// How long some task, and how long all tasks, waited for a resource: a file
/// in `/proc/pressure`.
pub(super) fn pressure(text: &str) -> (Option<u64>, Option<u64>) {
    let total = |kind: &str| {
        let line = text.lines().find(|line| line.starts_with(kind))?;
        let (_, total) = line.rsplit_once("total=")?;
        Some(total.trim().parse::<u64>().ok()? * US)
    };
    (total("some "), total("full "))
}

/// Bytes received and sent by the interfaces of `/proc/net/dev` that `counts`.
pub(super) fn network(text: &str, counts: impl Fn(&str) -> bool) -> Option<(u64, u64)> {
    let mut sum = None;
    for line in text.lines().skip(2) {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let fields: Vec<u64> =
            rest.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
        if let (true, Some(received), Some(sent)) =
            (counts(name.trim()), fields.first(), fields.get(8))
        {
            let (all_received, all_sent) = sum.unwrap_or((0, 0));
            sum = Some((all_received + received, all_sent + sent));
        }
    }
    sum
}

/// A line of `/proc/PID/stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProcessStat {
    pub(super) name: String,
    pub(super) parent: u32,
    /// Processor time of the process.
    pub(super) own_ns: u64,
    /// That of its children that have ended, and of theirs.
    pub(super) reaped_ns: u64,
}

/// `/proc/PID/stat`. The name may contain anything, also parentheses.
pub(super) fn process_stat(text: &str) -> Option<ProcessStat> {
    let (before, after) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = after.split_ascii_whitespace().collect();
    // Field 3 of the manual, the state, is the first one here.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(ProcessStat {
        name: name.to_owned(),
        parent: number(4)? as u32,
        own_ns: (number(14)? + number(15)?) * TICK_NS,
        reaped_ns: (number(16)? + number(17)?) * TICK_NS,
    })
}

/// Resident and, of it, shared pages: `/proc/PID/statm`.
pub(super) fn process_pages(text: &str) -> Option<(u64, u64)> {
    let mut fields = text.split_ascii_whitespace().skip(1).map(|field| field.parse().ok());
    Some((fields.next()??, fields.next()??))
}

/// Numbers of processes, one after the other.
pub(super) fn process_ids(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.split_ascii_whitespace().filter_map(|id| id.parse().ok())
}

/// A line of `/proc/PID/mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount<'a> {
    /// The part of the file system that is mounted.
    pub(super) root: &'a str,
    pub(super) point: &'a str,
    pub(super) kind: &'a str,
    pub(super) source: &'a str,
    pub(super) options: &'a str,
}

/// `/proc/PID/mountinfo`. Names with a space are left out: they are escaped,
/// and none that matters here has one.
pub(super) fn mounts(text: &str) -> impl Iterator<Item = Mount<'_>> {
    text.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let mut after = after.split(' ');
        Some(Mount {
            root: before.next()?,
            point: before.next()?,
            kind: after.next()?,
            source: after.next()?,
            options: after.next()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_times_are_ticks() {
        let text = "cpu  69922 8 8122 16941 360 1 194 79 12 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        let times = cpu_times(text).unwrap();
        assert_eq!(times.user, 699_300_000_000, "with nice, and guests not twice");
        assert_eq!(times.system, 83_170_000_000, "with interrupts");
        assert_eq!(times.idle, 169_410_000_000);
        assert_eq!((times.iowait, times.steal), (3_600_000_000, 790_000_000));
        assert_eq!(cpu_times("cpu  1 2 3\n"), None);
    }

    #[test]
    fn memory_is_in_bytes() {
        let text = "MemTotal:       24683656 kB\nMemAvailable:   20118524 kB\nDirty:  212 kB\n";
        assert_eq!(meminfo(text, "MemAvailable"), Some(20_118_524 * 1024));
        assert_eq!(meminfo(text, "Dirty"), Some(212 * 1024));
        assert_eq!(meminfo(text, "Mem"), None);
    }

    #[test]
    fn devices_of_old_and_new_kernels() {
        let old = "   54272     7179  3354658    17405   124934    67412  9571368    63897  0 \
                   14848    86352\n";
        let times = device_times(old).unwrap();
        assert_eq!((times.reads, times.read_bytes), (54_272, 3_354_658 * 512));
        assert_eq!((times.writes, times.written_bytes), (124_934, 9_571_368 * 512));
        assert_eq!(times.wait_ns, (17_405 + 63_897) * MS);
        assert_eq!((times.busy_ns, times.queue_ns), (14_848 * MS, 86_352 * MS));
        assert_eq!(times.flushes, None);
        let new = format!("{} 42101 0 4068672 3560 26073 1489", old.trim_end());
        assert_eq!(device_times(&new).unwrap().flushes, Some(26_073));
        assert_eq!(device_times(""), None);
    }

    #[test]
    fn pressure_has_totals_in_microseconds() {
        let text = "some avg10=4.83 avg60=8.60 avg300=18.72 total=129049639\n\
                    full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        assert_eq!(pressure(text), (Some(129_049_639_000), Some(7_000)));
        let before_5_13 = text.lines().next().unwrap();
        assert_eq!(pressure(before_5_13), (Some(129_049_639_000), None), "cpu had no full line");
    }

    #[test]
    fn interfaces_are_summed() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
                    face |bytes    packets errs drop fifo frame compressed multicast|bytes\n    \
                    lo: 9999 9 0 0 0 0 0 0 9999 9 0 0 0 0 0 0\n  \
                    eth0: 1000 9 0 0 0 0 0 0 2000 9 0 0 0 0 0 0\n  \
                    eth1:10 9 0 0 0 0 0 0 20 9 0 0 0 0 0 0\n";
        assert_eq!(network(text, |name| name != "lo"), Some((1010, 2020)));
        assert_eq!(network(text, |_| false), None);
    }

    #[test]
    fn a_process_may_be_called_anything() {
        let text = "1451 (postgres: a) b) S 1 1451 1451 0 -1 4194560 27430 3121 0 1 150 50 300 25 \
                    20 0 1 0 1041 224477184 7058 18446744073709551615 1 1 0 0 0";
        let stat = process_stat(text).unwrap();
        assert_eq!((stat.name.as_str(), stat.parent), ("postgres: a) b", 1));
        assert_eq!((stat.own_ns, stat.reaped_ns), (2_000_000_000, 3_250_000_000));
        assert_eq!(process_pages("54804 7058 6120 2222 0 612 0\n"), Some((7058, 6120)));
    }

    #[test]
    fn mounts_have_a_source_and_options() {
        let text = "42 27 254:0 /var/lib/docker /var/lib/docker rw,relatime shared:1 - ext4 \
                    /dev/vda rw,discard\n38 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 \
                    rw\n";
        let all: Vec<Mount<'_>> = mounts(text).collect();
        assert_eq!((all[0].root, all[0].point), ("/var/lib/docker", "/var/lib/docker"));
        assert_eq!(
            (all[0].kind, all[0].source, all[0].options),
            ("ext4", "/dev/vda", "rw,discard")
        );
        assert_eq!((all[1].kind, all[1].point), ("cgroup2", "/sys/fs/cgroup/unified"));
    }
}
