//! What a data directory lies on, and how the system below it is set: read once, from
//! `/proc` and `/sys`, which other systems than Linux lack.

use std::path::{Path, PathBuf};

use super::device::DeviceId;
use super::procfs;
use super::readings::read;
use crate::record::Conditions;

/// Where control groups of version 2 are.
const CGROUPS: &str = "/sys/fs/cgroup";

/// The conditions of this host, and of the data directory if it is on it.
pub fn conditions(data: Option<&Path>) -> Conditions {
    let mut found = Conditions {
        transparent_huge_pages: read("/sys/kernel/mm/transparent_hugepage/enabled")
            .and_then(|text| chosen(&text)),
        governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").and_then(word),
        virtualisation: virtualisation(),
        ..Conditions::default()
    };
    if let Some(own) = read("/proc/self/cgroup").as_deref().and_then(group) {
        let limits = Path::new(own).ancestors();
        let limits = limits.map(|group| Path::new(CGROUPS).join(group));
        let (cpu, memory): (Vec<_>, Vec<_>) = limits
            .map(|folder| {
                let limit = |file: &str| read(folder.join(file));
                (
                    limit("cpu.max").as_deref().and_then(cpu_limit),
                    limit("memory.max").and_then(|text| text.trim().parse().ok()),
                )
            })
            .unzip();
        found.cpu_limit_milli = cpu.into_iter().flatten().min();
        found.memory_limit_bytes = memory.into_iter().flatten().min();
    }
    if let Some(data) = data {
        below(data, &mut found);
    }
    found
}

/// File system and device of a data directory.
fn below(data: &Path, found: &mut Conditions) {
    let Some(path) = data.canonicalize().ok() else { return };
    if let Some(text) = read("/proc/self/mountinfo") {
        // Of two mounts at one place the later one is seen.
        let around = procfs::mounts(&text).filter(|mount| path.starts_with(mount.point));
        if let Some(mount) = around.max_by_key(|mount| mount.point.len()) {
            found.file_system = Some(mount.kind.to_owned());
            let options = text.lines().find_map(|line| own_options(line, mount.point));
            found.mount_options = Some(options.unwrap_or(mount.options).to_owned());
        }
    }
    let Some(folder) = DeviceId::of(&path).and_then(DeviceId::resolved) else { return };
    found.device = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    // A partition has the queue of its disk.
    let queue: Option<PathBuf> =
        folder.ancestors().take(2).map(|folder| folder.join("queue")).find(|queue| queue.is_dir());
    let Some(queue) = queue else { return };
    found.scheduler = read(queue.join("scheduler")).and_then(|text| chosen(&text));
    found.device_rotates = read(queue.join("rotational")).map(|text| text.trim() == "1");
}

/// The options of a mount itself, as `noatime`: the sixth field of its line.
fn own_options<'a>(line: &'a str, point: &str) -> Option<&'a str> {
    let mut fields = line.split(' ').skip(4);
    (fields.next()? == point).then(|| fields.next())?
}

/// The word in brackets, or the only one: `always [madvise] never`.
fn chosen(text: &str) -> Option<String> {
    let bracketed = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    match bracketed {
        Some((chosen, _)) => Some(chosen.to_owned()),
        None => word(text.to_owned()),
    }
}

fn word(text: impl Into<String>) -> Option<String> {
    let text = text.into();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The control group of version 2, below [`CGROUPS`].
fn group(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("0::/"))
}

/// `max 100000` or `150000 100000`: quota and period in microseconds.
fn cpu_limit(text: &str) -> Option<u64> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota * 1000).checked_div(period)
}

/// A hypervisor shows in the processor's flags (x86) or in what the firmware says of the
/// machine; a container leaves a file.
fn virtualisation() -> Option<String> {
    let in_container = ["/.dockerenv", "/run/.containerenv"].iter().any(|p| Path::new(p).exists());
    let vendor = read("/sys/class/dmi/id/sys_vendor").and_then(word);
    let cpuinfo = read("/proc/cpuinfo")?;
    let machine = machine(&cpuinfo, vendor.as_deref());
    match (in_container, machine) {
        (true, Some(machine)) if machine != "none" => Some(format!("container, {machine}")),
        (true, _) => Some("container".to_owned()),
        (false, machine) => machine,
    }
}

fn machine(cpuinfo: &str, vendor: Option<&str>) -> Option<String> {
    const VENDORS: [&str; 8] =
        ["QEMU", "KVM", "Amazon", "Google", "Microsoft", "VMware", "Xen", "innotek"];
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    let is_guest = flags.map(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"));
    let known = vendor.filter(|vendor| VENDORS.iter().any(|name| vendor.contains(name)));
    match (is_guest, known) {
        (Some(true), known) => {
            Some(known.map_or("virtual machine".to_owned(), |of| format!("virtual machine ({of})")))
        }
        (Some(false), _) => Some("none".to_owned()),
        // Other processors do not tell; of bare metal no vendor is known here.
        (None, known) => known.map(|of| format!("virtual machine ({of})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_brackets_are_chosen() {
        assert_eq!(chosen("always [madvise] never\n").as_deref(), Some("madvise"));
        assert_eq!(chosen("[none] mq-deadline\n").as_deref(), Some("none"));
        assert_eq!(chosen("none\n").as_deref(), Some("none"));
        assert_eq!(chosen("\n"), None);
    }

    #[test]
    fn limits_of_control_groups() {
        assert_eq!(cpu_limit("150000 100000\n"), Some(1500));
        assert_eq!(cpu_limit("max 100000\n"), None);
        assert_eq!(cpu_limit("1 0\n"), None, "a period of nothing is no limit");
        assert_eq!(group("1:cpu:/x\n0::/a/b\n"), Some("a/b"));
    }

    #[test]
    fn mounts_have_options_of_their_own() {
        let line = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        assert_eq!(own_options(line, "/mnt2"), Some("rw,noatime"));
        assert_eq!(own_options(line, "/mnt"), None);
    }

    #[test]
    fn guests_are_told_by_flags_or_vendors() {
        let guest = "processor: 0\nflags\t\t: fpu vme hypervisor\n";
        assert_eq!(machine(guest, None).as_deref(), Some("virtual machine"));
        assert_eq!(machine(guest, Some("QEMU")).as_deref(), Some("virtual machine (QEMU)"));
        assert_eq!(machine("flags : fpu vme\n", Some("Dell Inc.")).as_deref(), Some("none"));
        assert_eq!(
            machine("processor: 0\n", Some("Amazon EC2")).as_deref(),
            Some("virtual machine (Amazon EC2)")
        );
        assert_eq!(machine("processor: 0\n", Some("Ampere")), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_of_this_machine_is_on_a_file_system() {
        let folder = tempfile::tempdir().unwrap();
        let found = conditions(Some(folder.path()));
        assert!(found.file_system.is_some_and(|kind| !kind.is_empty()));
        assert!(found.mount_options.is_some_and(|options| options.starts_with('r')));
        let nowhere = conditions(Some(Path::new("/nowhere/at/all")));
        assert_eq!(nowhere.file_system, None);
    }
}
