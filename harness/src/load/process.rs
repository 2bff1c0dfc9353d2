//! Processor time and memory of the client's and of the server's processes.
//!
//! A process that has ended leaves its time with its parent, once that has
//! taken notice. So the time of a server is that of its first process, of the
//! children that this has outlived, and of those that live.

use nix::sys::resource::{UsageWho, getrusage};

use super::procfs;
use super::readings::read;

/// What a group of processes uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usage {
    /// Processor time since their start, of ended children too.
    pub(super) cpu_ns: u64,
    /// What is private to each, and what they share once.
    pub(super) memory_bytes: u64,
    pub(super) processes: u64,
}

/// The processes of a server, by the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerTree {
    postmaster: u32,
}

impl ServerTree {
    /// The server whose first process is `process` or, where that is a wrapper
    /// of a container, its child.
    pub(super) fn at(process: u32) -> Option<Self> {
        let is_server = |id: &u32| stat(*id).is_some_and(|stat| is_server_program(&stat.name));
        let postmaster = Some(process).filter(is_server);
        let postmaster = postmaster.or_else(|| children(process)?.into_iter().find(is_server))?;
        Some(Self { postmaster })
    }

    /// The server that `backend` belongs to, if that runs on this machine: its
    /// title must say so, as numbers of processes are not unique across
    /// containers.
    pub(super) fn of_backend(backend: u32, user: &str, database: &str) -> Option<Self> {
        let title = read(format!("/proc/{backend}/cmdline"))?;
        let is_ours = title.starts_with("postgres: ") && title.contains(&format!(" {database} "));
        let parent = stat(backend)?.parent;
        (is_ours && title.contains(user)).then(|| Self::at(parent)).flatten()
    }

    /// The processes that live.
    pub(super) fn processes(self) -> Vec<u32> {
        let mut all = vec![self.postmaster];
        all.extend(children(self.postmaster).into_iter().flatten());
        all
    }

    /// `None` when the server is gone.
    pub(super) fn usage(self) -> Option<Usage> {
        // The parent first: a child that ends in between is then missing for
        // once, and not counted twice.
        let first = stat(self.postmaster)?;
        let mut usage = sum(&self.processes());
        usage.cpu_ns += first.reaped_ns;
        Some(usage)
    }
}

fn is_server_program(name: &str) -> bool {
    name == "postgres" || name == "postmaster"
}

/// The client programs that this process has started, and all that it has
/// waited for.
pub(super) fn own_children() -> Option<Usage> {
    let ended = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let ended_us = [ended.user_time(), ended.system_time()]
        .map(|time| time.tv_sec().cast_unsigned() * 1_000_000 + time.tv_usec().cast_unsigned());
    let mut living = Vec::new();
    // Each thread lists the children that it has started.
    for task in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        let listed = read(task.path().join("children"))?;
        for leader in procfs::process_ids(&listed) {
            living.push(leader);
            living.extend(children(leader).into_iter().flatten());
        }
    }
    let mut usage = sum(&living);
    let reaped = living.iter().filter_map(|&id| Some(stat(id)?.reaped_ns));
    usage.cpu_ns += reaped.sum::<u64>() + ended_us.iter().sum::<u64>() * 1_000;
    Some(usage)
}

/// Memory and number of these processes, with the processor time of each
/// without its children's.
pub(super) fn sum(processes: &[u32]) -> Usage {
    let mut usage = Usage::default();
    let mut shared_most = 0;
    for &id in processes {
        let Some(stat) = stat(id) else { continue };
        usage.processes += 1;
        usage.cpu_ns += stat.own_ns;
        let pages = read(format!("/proc/{id}/statm"));
        if let Some((resident, shared)) = pages.as_deref().and_then(procfs::process_pages) {
            usage.memory_bytes += resident.saturating_sub(shared) * page_bytes();
            shared_most = shared.max(shared_most);
        }
    }
    usage.memory_bytes += shared_most * page_bytes();
    usage
}

fn stat(process: u32) -> Option<procfs::ProcessStat> {
    procfs::process_stat(&read(format!("/proc/{process}/stat"))?)
}

/// The children of a process with one thread.
fn children(process: u32) -> Option<Vec<u32>> {
    let listed = read(format!("/proc/{process}/task/{process}/children"))?;
    Some(procfs::process_ids(&listed).collect())
}

fn page_bytes() -> u64 {
    use nix::unistd::{SysconfVar, sysconf};
    use std::sync::OnceLock;
    static BYTES: OnceLock<u64> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let asked = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
        asked.map_or(4096, i64::cast_unsigned)
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let usage = sum(&[std::process::id()]);
        assert_eq!(usage.processes, 1);
        assert!(usage.memory_bytes > 100_000, "{usage:?}");
        assert_eq!(sum(&[u32::MAX]), Usage::default(), "what is gone uses nothing");
    }

    #[test]
    fn no_other_program_is_taken_for_a_server() {
        assert_eq!(ServerTree::at(std::process::id()), None);
        assert_eq!(ServerTree::of_backend(std::process::id(), "u", "d"), None);
    }
}
