//! The rules, with the thresholds that they are met from.

use restore_core::units::Jobs;

use super::cause::{Cause, Reading};
use crate::analysis::Resources;
use crate::analysis::load::CellLoad;
use crate::analysis::parallelism::Parallelism;
use crate::scenario::Phase;

/// From this share of the processors on they are called full. A restore never
/// uses all of them all the time: it begins and ends with a single connection.
pub const CPU_FULL: f64 = 0.85;
/// The restore's own share of the processor time in use, for it and not other
/// work on the host to be what fills the processors.
pub const CPU_OURS: f64 = 0.5;
/// Share of time in which a container is held back by its limit, from which the
/// limit counts as reached. With several threads the times of all are summed.
pub const THROTTLED: f64 = 0.25;
/// Share of time from which a disk is called full.
pub const DISK_FULL: f64 = 0.85;
/// Share of the active sessions that wait for one thing, from which this is
/// called the cause.
pub const WAITING: f64 = 0.3;
/// The client's share of the processor time from which it is the dearer half.
pub const CLIENT_DEARER: f64 = 0.5;
/// Share of the active sessions that wait for the client, from which it holds
/// them up even though there are processors left.
pub const WAITING_FOR_CLIENT: f64 = 0.5;
/// Share of the time of items in which no session has a statement, from which the way is.
pub const WAITING_FOR_STATEMENTS: f64 = 0.5;
/// Processors that each worker's client uses, below which it is not what data waits for.
pub const CLIENT_AT_REST: f64 = 0.3;
/// Bytes read from the data's disk, as a share of the database, from which they are read again.
pub const READ_AGAIN: f64 = 0.5;
/// Share of the workers' time that locks take, from which they are the cause.
pub const HELD_BY_LOCKS: f64 = 0.2;
/// Share of the wall time in which one connection works alone, before the
/// workers or beside idle ones, from which this is the cause.
pub const ALONE: f64 = 0.5;
/// Share of their time in which workers are idle, from which there are too many.
pub const IDLE: f64 = 0.3;
/// Share of their time up to which workers count as busy throughout.
pub const BUSY: f64 = 0.15;
/// Fewer readings of the sessions than this show no shares.
pub const FEWEST_SESSION_SAMPLES: u64 = 5;

/// What a rule looks at.
pub(super) struct Facts<'a> {
    pub(super) phase: Phase,
    pub(super) jobs: Jobs,
    pub(super) load: &'a CellLoad,
    pub(super) resources: Resources,
}

/// A reading that reaches its threshold.
fn reaches(name: &'static str, value: Option<f64>, threshold: f64) -> Option<Reading> {
    let value = value?;
    (value >= threshold).then_some(Reading { name, value, threshold: Some(threshold) })
}

/// A reading that only explains.
fn explains(name: &'static str, value: Option<f64>) -> Option<Reading> {
    value.map(|value| Reading { name, value, threshold: None })
}

/// What the readings of the measured work itself are called.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnReadings {
    pub(super) cpu_ratio: &'static str,
    pub(super) cpu_cores: &'static str,
    pub(super) share_of_host_cpu_ratio: &'static str,
}

impl OwnReadings {
    pub(super) fn of(phase: Phase) -> Self {
        match phase {
            Phase::Restore => Self {
                cpu_ratio: "restore_cpu_ratio",
                cpu_cores: "restore_cpu_cores",
                share_of_host_cpu_ratio: "restore_share_of_host_cpu_ratio",
            },
            Phase::Dump => Self {
                cpu_ratio: "dump_cpu_ratio",
                cpu_cores: "dump_cpu_cores",
                share_of_host_cpu_ratio: "dump_share_of_host_cpu_ratio",
            },
        }
    }
}

impl Facts<'_> {
    /// The readings by which the rule of `cause` is met, if it is.
    pub(super) fn speak_for(&self, cause: Cause) -> Option<Vec<Reading>> {
        match cause {
            Cause::ClientDecompression => self.client(Phase::Restore),
            Cause::ClientCompression => self.client(Phase::Dump),
            Cause::Cpu => self.cpu(),
            Cause::Network => self.network(),
            Cause::Memory => self.memory(),
            Cause::Locks => self.locks(),
            Cause::Sync => self.sync(),
            Cause::Wal => self.wal(),
            Cause::DiskBandwidth => self.disk_bandwidth(),
            Cause::DiskLatency => self.disk_latency(),
            Cause::Serial => self.serial(),
            Cause::CriticalPath => self.critical_path(),
            Cause::OtherWork => self.other_work(),
            Cause::IdleWorkers => self.idle_workers(),
            Cause::Workers => self.workers(),
            Cause::Mixed => None,
        }
    }

    fn own(&self) -> OwnReadings {
        OwnReadings::of(self.phase)
    }

    fn parallelism(&self) -> Option<&Parallelism> {
        self.load.parallelism.as_ref()
    }

    /// A time as a share of the wall time.
    fn of_wall(&self, time: Option<f64>) -> Option<f64> {
        self.load.wall.filter(|wall| *wall > 0.0).and_then(|wall| Some(time? / wall))
    }

    /// The share of the active sessions, where enough were seen.
    fn waiting(&self, share: Option<f64>) -> Option<f64> {
        share.filter(|_| self.load.session_samples >= FEWEST_SESSION_SAMPLES)
    }

    /// Whether the processors that the restore may use are full, with what
    /// shows it.
    fn full_cpu(&self) -> Option<Vec<Reading>> {
        let cores = self.load.cpu_cores();
        if let Some(limit) = self.resources.cpu_limit {
            let used = reaches("container_cpu_ratio", cores.map(|cores| cores / limit), CPU_FULL);
            let held = reaches("throttled_ratio", self.of_wall(self.load.throttled), THROTTLED);
            let met: Vec<Reading> = used.into_iter().chain(held).collect();
            if !met.is_empty() {
                return Some(met);
            }
        }
        let host = self.resources.host_cores?;
        let own = cores.map(|cores| cores / host);
        if let Some(own) = reaches(self.own().cpu_ratio, own, CPU_FULL) {
            return Some(vec![own]);
        }
        let full = reaches("host_cpu_ratio", self.load.host_cpu_mean, CPU_FULL)?;
        let share = own.map(|own| own / full.value);
        let ours = reaches(self.own().share_of_host_cpu_ratio, share, CPU_OURS)?;
        Some(vec![full, ours])
    }

    /// What the client's work is depends on the phase.
    fn client(&self, phase: Phase) -> Option<Vec<Reading>> {
        if phase != self.phase {
            return None;
        }
        let dearer = reaches("client_cpu_share_ratio", self.load.client_share(), CLIENT_DEARER)?;
        let waiting = self.waiting(self.load.waits.client);
        let held_up = reaches("active_on_client_ratio", waiting, WAITING_FOR_CLIENT);
        let cause = held_up.map(|reading| vec![reading]).or_else(|| self.full_cpu())?;
        Some([vec![dearer], cause].concat())
    }

    fn cpu(&self) -> Option<Vec<Reading>> {
        let mut met = self.full_cpu()?;
        met.extend(explains("client_cpu_share_ratio", self.load.client_share()));
        Some(met)
    }

    /// Round trips leave sessions without a statement; a narrow way lets them wait for data
    /// while the client that sends it has nothing to do.
    fn network(&self) -> Option<Vec<Reading>> {
        let far = reaches("round_trip_seconds", self.resources.round_trip, Resources::FAR)?;
        let items = self.parallelism().map(|parallelism| parallelism.concurrency);
        let (items, active) = (items.filter(|items| *items > 0.0), self.waiting(self.load.active));
        let without = items.zip(active).map(|(items, active)| (1.0 - active / items).max(0.0));
        if let Some(without) =
            reaches("waiting_for_statements_ratio", without, WAITING_FOR_STATEMENTS)
        {
            return Some(vec![without, far]);
        }
        let of_client = self.of_wall(self.load.client_cpu)? / f64::from(self.jobs.get());
        if of_client >= CLIENT_AT_REST {
            return None;
        }
        let waiting = self.waiting(self.load.waits.client);
        let waiting = reaches("active_on_client_ratio", waiting, WAITING_FOR_CLIENT)?;
        let of_client = explains("client_cpu_cores", Some(of_client));
        Some([waiting, far].into_iter().chain(of_client).collect())
    }

    fn memory(&self) -> Option<Vec<Reading>> {
        let again = self.load.disk_read.zip(self.load.database).map(|(read, all)| read / all);
        let again = reaches("read_again_ratio", again, READ_AGAIN)?;
        let waits = reaches("active_on_io_ratio", self.waiting(self.load.waits.io), WAITING)?;
        Some(vec![again, waits])
    }

    fn locks(&self) -> Option<Vec<Reading>> {
        let jobs = f64::from(self.jobs.get());
        let held = self.of_wall(self.load.held_by_locks).map(|held| held / jobs);
        let held = reaches("workers_held_by_locks_ratio", held, HELD_BY_LOCKS);
        let waits = reaches("active_on_lock_ratio", self.waiting(self.load.waits.lock), WAITING);
        let met: Vec<Reading> = held.into_iter().chain(waits).collect();
        (!met.is_empty()).then_some(met)
    }

    fn sync(&self) -> Option<Vec<Reading>> {
        let waits = self.waiting(self.load.waits.sync);
        Some(vec![reaches("active_on_sync_ratio", waits, WAITING)?])
    }

    fn wal(&self) -> Option<Vec<Reading>> {
        let waits = reaches("active_on_wal_ratio", self.waiting(self.load.waits.wal), WAITING)?;
        let rate = explains("wal_bytes_per_second", self.of_wall(self.load.wal));
        Some([waits].into_iter().chain(rate).collect())
    }

    /// A disk that gives what it has is full, whatever is waited for at it. One that is only
    /// busy may be so with syncs or the WAL, which say more.
    fn disk_bandwidth(&self) -> Option<Vec<Reading>> {
        let share = |of: Option<f64>, all: Option<f64>| Some(self.of_wall(of)? / all?);
        let Resources { disk_bytes_per_second, disk_operations_per_second, .. } = self.resources;
        let written = share(self.load.disk_written, disk_bytes_per_second);
        let operations = share(self.load.disk_operations, disk_operations_per_second);
        let full: Vec<Reading> = [
            reaches("disk_operations_ratio", operations, DISK_FULL),
            reaches("disk_written_ratio", written, DISK_FULL),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !full.is_empty() {
            return Some(full);
        }
        if self.sync().is_some() || self.wal().is_some() {
            return None;
        }
        let busy = reaches("data_device_busy_ratio", self.load.disk_mean, DISK_FULL)?;
        let rate = explains("written_bytes_per_second", self.of_wall(self.load.disk_written));
        Some([busy].into_iter().chain(rate).collect())
    }

    fn disk_latency(&self) -> Option<Vec<Reading>> {
        let waits = reaches("active_on_io_ratio", self.waiting(self.load.waits.io), WAITING)?;
        let busy = explains("data_device_busy_ratio", self.load.disk_mean);
        Some([waits].into_iter().chain(busy).collect())
    }

    fn serial(&self) -> Option<Vec<Reading>> {
        let serial = self.of_wall(self.parallelism().map(|parallelism| parallelism.serial));
        let serial = serial.filter(|_| self.jobs > Jobs::ONE);
        Some(vec![reaches("serial_part_ratio", serial, ALONE)?])
    }

    fn critical_path(&self) -> Option<Vec<Reading>> {
        let alone = self.of_wall(self.parallelism().map(|parallelism| parallelism.alone));
        let alone = reaches("alone_ratio", alone.filter(|_| self.jobs > Jobs::ONE), ALONE)?;
        let longest = self.parallelism().and_then(|parallelism| parallelism.longest_alone.as_ref());
        let longest = self.of_wall(longest.map(|(_, time)| *time));
        Some([alone].into_iter().chain(explains("longest_alone_ratio", longest)).collect())
    }

    /// Of a host that is full, what the CPU rule left over.
    fn other_work(&self) -> Option<Vec<Reading>> {
        let full = reaches("host_cpu_ratio", self.load.host_cpu_mean, CPU_FULL)?;
        Some(
            [full]
                .into_iter()
                .chain(explains(self.own().cpu_cores, self.load.cpu_cores()))
                .collect(),
        )
    }

    fn idle(&self) -> Option<f64> {
        let parallelism = self.parallelism()?;
        let all = parallelism.parallel * f64::from(self.jobs.get());
        (all > 0.0).then(|| parallelism.idle / all)
    }

    fn idle_workers(&self) -> Option<Vec<Reading>> {
        let idle = self.idle().filter(|_| self.jobs > Jobs::ONE);
        let idle = reaches("workers_idle_ratio", idle, IDLE)?;
        let tail = self.of_wall(self.parallelism().map(|parallelism| parallelism.tail));
        Some([idle].into_iter().chain(explains("tail_ratio", tail)).collect())
    }

    /// One job is busy by its nature; several are where none stands idle. That
    /// nothing else is full can be said only of what was read.
    fn workers(&self) -> Option<Vec<Reading>> {
        let cpu = explains(self.own().cpu_cores, self.load.cpu_cores());
        let host = explains("host_cpu_ratio", self.load.host_cpu_mean);
        let cpu = cpu.or(host)?;
        if self.jobs == Jobs::ONE {
            return Some(vec![cpu]);
        }
        let idle = self.idle().filter(|idle| *idle <= BUSY)?;
        let idle = Reading { name: "workers_idle_ratio", value: idle, threshold: Some(BUSY) };
        Some(vec![idle, cpu])
    }

    /// What there is to show where no rule is met.
    pub(super) fn all(&self) -> Vec<Reading> {
        let waits = &self.load.waits;
        [
            explains(self.own().cpu_cores, self.load.cpu_cores()),
            explains("host_cpu_ratio", self.load.host_cpu_mean),
            explains("data_device_busy_ratio", self.load.disk_mean),
            explains("workers_idle_ratio", self.idle()),
            explains("active_running_ratio", self.waiting(waits.running)),
            explains("active_on_io_ratio", self.waiting(waits.io)),
            explains("active_on_client_ratio", self.waiting(waits.client)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
