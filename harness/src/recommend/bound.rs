//! What each number of jobs is bound by: rules over the readings of the load.
//!
//! The rules are tried in the order of [`ORDER`]; the first that is met names
//! the cause, the others that are met are listed beside it, and where none is
//! met the cause is mixed. A rule whose readings are absent is not met.

use std::fmt;

use restore_core::units::Jobs;

use crate::analysis::Place;
use crate::analysis::cell::CellSummary;
use crate::analysis::load::{CellLoad, Course};

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
/// With fewer, the check by Little's law says nothing.
pub const FEWEST_TO_CHECK: u64 = 20;
/// How far the two numbers of Little's law may be apart.
pub const LITTLE_TOLERANCE: f64 = 0.25;

/// What keeps a cell from being faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The client, which decompresses the archive, needs more processor time
    /// than the server.
    ClientDecompression,
    /// The processors, or the container's share of them.
    Cpu,
    /// Items that lock the same table.
    Locks,
    /// Syncs to disk.
    Sync,
    /// Writing the WAL, or inserting into it.
    Wal,
    /// The disk is busy all the time.
    DiskBandwidth,
    /// The disk's answers are waited for, though it is not busy all the time.
    DiskLatency,
    /// What one connection does before the workers start.
    Serial,
    /// Items that run alone while the other workers have nothing to do.
    CriticalPath,
    /// The processors, but most of what fills them is not the restore.
    OtherWork,
    /// Too few items for so many workers.
    IdleWorkers,
    /// The workers themselves: all are busy, and nothing is full.
    Workers,
    /// No rule is met.
    Mixed,
}

impl Cause {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientDecompression => "client_decompression",
            Self::Cpu => "cpu",
            Self::Locks => "locks",
            Self::Sync => "sync",
            Self::Wal => "wal",
            Self::DiskBandwidth => "disk_bandwidth",
            Self::DiskLatency => "disk_latency",
            Self::Serial => "serial",
            Self::CriticalPath => "critical_path",
            Self::OtherWork => "other_work",
            Self::IdleWorkers => "idle_workers",
            Self::Workers => "workers",
            Self::Mixed => "mixed",
        }
    }
}

/// A reading that led to a cause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// What was read, with its unit.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// From which on (or, for `workers_idle_ratio` of [`Cause::Workers`], up to
    /// which) it speaks for the cause; `None` for a reading that only explains.
    pub threshold: Option<f64>,
}

/// What a cell is bound by.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The number of jobs.
    pub jobs: Jobs,
    /// The cause.
    pub cause: Cause,
    /// The readings that led to it.
    pub readings: Vec<Reading>,
    /// The item that it is about.
    pub item: Option<String>,
    /// Causes further down the order whose rules are met too.
    pub also: Vec<Cause>,
    /// Whether two ways of counting active workers agree.
    pub little: Option<Little>,
}

/// Little's law: the mean number of items under way is the sum of their times
/// over the wall time. It must be what the sessions show, or else the items
/// that were recorded are not what the server worked on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Little {
    /// By the times of the items.
    pub items: f64,
    /// By the sessions: mean number of active ones.
    pub sessions: f64,
}

impl Little {
    /// Whether they are as near to each other as samples allow.
    pub fn agrees(self) -> bool {
        (self.sessions - self.items).abs() <= LITTLE_TOLERANCE * self.items.max(self.sessions)
    }
}

/// What a rule looks at.
struct Facts<'a> {
    jobs: Jobs,
    load: &'a CellLoad,
    place: Place,
}

/// The causes in the order in which their rules are tried. Full resources come
/// first: while the processors are full, nothing else can be told from waiting
/// for them.
const ORDER: [Cause; 12] = [
    Cause::ClientDecompression,
    Cause::Cpu,
    Cause::Locks,
    Cause::Sync,
    Cause::Wal,
    Cause::DiskBandwidth,
    Cause::DiskLatency,
    Cause::Serial,
    Cause::CriticalPath,
    Cause::OtherWork,
    Cause::IdleWorkers,
    Cause::Workers,
];

impl Bound {
    /// What `cell` is bound by; `None` where nothing was recorded of its load.
    pub fn new(cell: &CellSummary, place: Place) -> Option<Self> {
        let load = &cell.load;
        if load.cpu.is_none() && load.session_samples == 0 && load.course.is_none() {
            return None;
        }
        let facts = Facts { jobs: cell.jobs, load, place };
        let mut met = ORDER.iter().filter_map(|&cause| Some((cause, facts.speak_for(cause)?)));
        let (cause, readings) = met.next().unwrap_or((Cause::Mixed, facts.all()));
        let also = match cause {
            // Everything below it is what it is the absence of.
            Cause::Workers | Cause::Mixed => Vec::new(),
            _ => met.map(|(cause, _)| cause).filter(|cause| *cause != Cause::Workers).collect(),
        };
        let item = load.course.as_ref().and_then(|course| match cause {
            Cause::CriticalPath => course.longest_alone.as_ref().map(|(name, _)| name.clone()),
            Cause::IdleWorkers => course.straggler.clone(),
            _ => None,
        });
        let little = load
            .course
            .as_ref()
            .zip(load.active)
            .map(|(course, sessions)| Little { items: course.concurrency, sessions });
        let little = little.filter(|_| load.session_samples >= FEWEST_TO_CHECK);
        Some(Self { jobs: cell.jobs, cause, readings, item, also, little })
    }

    /// The value of a reading.
    pub fn reading(&self, name: &str) -> Option<f64> {
        self.readings.iter().find(|reading| reading.name == name).map(|reading| reading.value)
    }
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

impl Facts<'_> {
    /// The readings by which the rule of `cause` is met, if it is.
    fn speak_for(&self, cause: Cause) -> Option<Vec<Reading>> {
        match cause {
            Cause::ClientDecompression => self.client(),
            Cause::Cpu => self.cpu(),
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

    fn course(&self) -> Option<&Course> {
        self.load.course.as_ref()
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
        if let Some(limit) = self.place.cpu_limit {
            let used = reaches("container_cpu_ratio", cores.map(|cores| cores / limit), CPU_FULL);
            let held = reaches("throttled_ratio", self.of_wall(self.load.throttled), THROTTLED);
            let met: Vec<Reading> = used.into_iter().chain(held).collect();
            if !met.is_empty() {
                return Some(met);
            }
        }
        let host = self.place.host_cores?;
        let own = cores.map(|cores| cores / host);
        if let Some(own) = reaches("restore_cpu_ratio", own, CPU_FULL) {
            return Some(vec![own]);
        }
        let full = reaches("host_cpu_ratio", self.load.host_cpu_mean, CPU_FULL)?;
        let share = own.map(|own| own / full.value);
        let ours = reaches("restore_share_of_host_cpu_ratio", share, CPU_OURS)?;
        Some(vec![full, ours])
    }

    fn client(&self) -> Option<Vec<Reading>> {
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

    fn disk_bandwidth(&self) -> Option<Vec<Reading>> {
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
        let serial = self.of_wall(self.course().map(|course| course.serial));
        let serial = serial.filter(|_| self.jobs > Jobs::ONE);
        Some(vec![reaches("serial_part_ratio", serial, ALONE)?])
    }

    fn critical_path(&self) -> Option<Vec<Reading>> {
        let alone = self.of_wall(self.course().map(|course| course.alone));
        let alone = reaches("alone_ratio", alone.filter(|_| self.jobs > Jobs::ONE), ALONE)?;
        let longest = self.course().and_then(|course| course.longest_alone.as_ref());
        let longest = self.of_wall(longest.map(|(_, time)| *time));
        Some([alone].into_iter().chain(explains("longest_alone_ratio", longest)).collect())
    }

    /// Of a host that is full, what the CPU rule left over.
    fn other_work(&self) -> Option<Vec<Reading>> {
        let full = reaches("host_cpu_ratio", self.load.host_cpu_mean, CPU_FULL)?;
        Some(
            [full]
                .into_iter()
                .chain(explains("restore_cpu_cores", self.load.cpu_cores()))
                .collect(),
        )
    }

    fn idle(&self) -> Option<f64> {
        let course = self.course()?;
        let all = course.parallel * f64::from(self.jobs.get());
        (all > 0.0).then(|| course.idle / all)
    }

    fn idle_workers(&self) -> Option<Vec<Reading>> {
        let idle = self.idle().filter(|_| self.jobs > Jobs::ONE);
        let idle = reaches("workers_idle_ratio", idle, IDLE)?;
        let tail = self.of_wall(self.course().map(|course| course.tail));
        Some([idle].into_iter().chain(explains("tail_ratio", tail)).collect())
    }

    /// One job is busy by its nature; several are where none stands idle.
    fn workers(&self) -> Option<Vec<Reading>> {
        let cpu = explains("restore_cpu_cores", self.load.cpu_cores());
        if self.jobs == Jobs::ONE {
            return Some(cpu.into_iter().collect());
        }
        let idle = self.idle().filter(|idle| *idle <= BUSY)?;
        let idle = Reading { name: "workers_idle_ratio", value: idle, threshold: Some(BUSY) };
        Some([idle].into_iter().chain(cpu).collect())
    }

    /// What there is to show where no rule is met.
    fn all(&self) -> Vec<Reading> {
        let waits = &self.load.waits;
        [
            explains("restore_cpu_cores", self.load.cpu_cores()),
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

impl fmt::Display for Bound {
    /// Completes "-j 4 is bound by ...".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |name| {
            self.reading(name).map(|value| format!("{:.0} %", value * 100.0)).unwrap_or_default()
        };
        match self.cause {
            Cause::ClientDecompression => write!(
                f,
                "decompression: the client takes {} of the processor time",
                share("client_cpu_share_ratio")
            ),
            Cause::Cpu => self.cpu_in_words(f),
            Cause::Locks => match self.reading("workers_held_by_locks_ratio") {
                Some(held) => write!(
                    f,
                    "locks: for {:.0} % of their time workers have nothing but items that lock \
                     the same tables as running ones",
                    held * 100.0
                ),
                None => write!(
                    f,
                    "locks: {} of the active sessions wait",
                    share("active_on_lock_ratio")
                ),
            },
            Cause::Sync => {
                write!(
                    f,
                    "syncs to disk: {} of the active sessions wait",
                    share("active_on_sync_ratio")
                )
            }
            Cause::Wal => {
                write!(f, "the WAL: {} of the active sessions wait", share("active_on_wal_ratio"))
            }
            Cause::DiskBandwidth => {
                write!(f, "the disk: busy {} of the time", share("data_device_busy_ratio"))
            }
            Cause::DiskLatency => write!(
                f,
                "the disk's latency: {} of the active sessions wait for data files",
                share("active_on_io_ratio")
            ),
            Cause::Serial => write!(
                f,
                "the serial part: one connection works {} of the time before workers start",
                share("serial_part_ratio")
            ),
            Cause::CriticalPath => {
                write!(
                    f,
                    "one item at a time: {} of the time only one runs",
                    share("alone_ratio")
                )?;
                match (&self.item, self.reading("longest_alone_ratio")) {
                    (Some(item), Some(longest)) => {
                        write!(f, ", {item} alone {:.0} %", longest * 100.0)
                    }
                    _ => Ok(()),
                }
            }
            Cause::OtherWork => write!(
                f,
                "other work on the host: {} of its processors are in use, less than half of that by \
                 the restore",
                share("host_cpu_ratio")
            ),
            Cause::IdleWorkers => write!(
                f,
                "too few items: workers have nothing to do {} of their time",
                share("workers_idle_ratio")
            ),
            Cause::Workers if self.jobs == Jobs::ONE => {
                f.write_str("its one job: nothing else is full")
            }
            Cause::Workers => f.write_str("its jobs: all are busy and nothing else is full"),
            Cause::Mixed => f.write_str("no single thing (mixed)"),
        }
    }
}

impl Bound {
    fn cpu_in_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |value: f64| format!("{:.0} %", value * 100.0);
        if let Some(used) = self.reading("container_cpu_ratio") {
            write!(f, "the processors: {} of the container's limit in use", percent(used))
        } else if let Some(held) = self.reading("throttled_ratio") {
            write!(f, "the container's processor limit: held back {} of the time", percent(held))
        } else if let Some(own) = self.reading("restore_cpu_ratio") {
            write!(f, "the processors: the restore uses {} of them", percent(own))
        } else {
            let host = self.reading("host_cpu_ratio").unwrap_or_default();
            write!(f, "the processors: {} in use", percent(host))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analysis::load::Waits;

    fn cell(jobs: u32, load: CellLoad) -> CellSummary {
        CellSummary { load, ..CellSummary::new(Jobs::new(jobs).unwrap(), &[], &BTreeMap::new()) }
    }

    fn course() -> Course {
        Course {
            serial: 1.0,
            parallel: 9.0,
            concurrency: 1.5,
            idle: 3.0,
            alone: 2.0,
            tail: 1.0,
            straggler: Some("INDEX i".to_owned()),
            longest_alone: Some(("TABLE DATA t".to_owned(), 1.5)),
            longest: None,
            kinds: BTreeMap::new(),
            sections: BTreeMap::new(),
        }
    }

    fn load() -> CellLoad {
        CellLoad {
            wall: Some(10.0),
            cpu: Some(12.0),
            client_cpu: Some(4.0),
            server_cpu: Some(8.0),
            session_samples: 40,
            active: Some(1.6),
            course: Some(course()),
            ..CellLoad::default()
        }
    }

    const PLACE: Place = Place { host_cores: Some(2.0), cpu_limit: None };

    #[track_caller]
    fn assert_bound(jobs: u32, load: CellLoad, place: Place, cause: Cause, said: &str) {
        let bound = Bound::new(&cell(jobs, load), place).unwrap();
        assert_eq!(bound.cause, cause, "{bound:?}");
        assert_eq!(bound.to_string(), said);
        assert!(cause == Cause::Mixed || cause == Cause::Workers || !bound.readings.is_empty());
    }

    #[test]
    fn each_rule_names_its_cause() {
        let waits = |waits| CellLoad { waits, ..load() };
        let during = |course| CellLoad { course: Some(course), ..load() };
        assert_bound(
            2,
            CellLoad { cpu: Some(18.0), ..load() },
            PLACE,
            Cause::Cpu,
            "the processors: the restore uses 90 % of them",
        );
        assert_bound(
            2,
            CellLoad { cpu: Some(9.5), ..load() },
            Place { cpu_limit: Some(1.0), ..PLACE },
            Cause::Cpu,
            "the processors: 95 % of the container's limit in use",
        );
        assert_bound(
            2,
            CellLoad { cpu: Some(18.0), client_cpu: Some(12.0), server_cpu: Some(6.0), ..load() },
            PLACE,
            Cause::ClientDecompression,
            "decompression: the client takes 67 % of the processor time",
        );
        assert_bound(
            4,
            CellLoad { held_by_locks: Some(20.0), ..load() },
            PLACE,
            Cause::Locks,
            "locks: for 50 % of their time workers have nothing but items that lock the same \
             tables as running ones",
        );
        assert_bound(
            2,
            waits(Waits { sync: Some(0.4), ..Waits::default() }),
            PLACE,
            Cause::Sync,
            "syncs to disk: 40 % of the active sessions wait",
        );
        assert_bound(
            2,
            waits(Waits { wal: Some(0.4), ..Waits::default() }),
            PLACE,
            Cause::Wal,
            "the WAL: 40 % of the active sessions wait",
        );
        assert_bound(
            2,
            CellLoad { disk_mean: Some(0.9), ..load() },
            PLACE,
            Cause::DiskBandwidth,
            "the disk: busy 90 % of the time",
        );
        assert_bound(
            2,
            waits(Waits { io: Some(0.5), ..Waits::default() }),
            PLACE,
            Cause::DiskLatency,
            "the disk's latency: 50 % of the active sessions wait for data files",
        );
        assert_bound(
            2,
            during(Course { serial: 6.0, parallel: 4.0, ..course() }),
            PLACE,
            Cause::Serial,
            "the serial part: one connection works 60 % of the time before workers start",
        );
        assert_bound(
            2,
            during(Course {
                alone: 7.0,
                longest_alone: Some(("TABLE DATA t".to_owned(), 6.5)),
                ..course()
            }),
            PLACE,
            Cause::CriticalPath,
            "one item at a time: 70 % of the time only one runs, TABLE DATA t alone 65 %",
        );
        assert_bound(
            4,
            during(Course { idle: 18.0, ..course() }),
            PLACE,
            Cause::IdleWorkers,
            "too few items: workers have nothing to do 50 % of their time",
        );
        assert_bound(
            2,
            during(Course { idle: 1.0, ..course() }),
            PLACE,
            Cause::Workers,
            "its jobs: all are busy and nothing else is full",
        );
        assert_bound(1, load(), PLACE, Cause::Workers, "its one job: nothing else is full");
        assert_bound(2, load(), PLACE, Cause::Mixed, "no single thing (mixed)");
    }

    #[test]
    fn the_work_of_others_is_not_ours() {
        let busy_host = CellLoad { host_cpu_mean: Some(0.95), cpu: Some(4.0), ..load() };
        let bound = Bound::new(&cell(2, busy_host), PLACE).unwrap();
        assert_eq!(bound.cause, Cause::OtherWork, "{bound:?}");
    }

    #[test]
    fn nothing_read_is_nothing_said() {
        assert_eq!(Bound::new(&cell(2, CellLoad::default()), PLACE), None);
        let few = CellLoad {
            session_samples: 2,
            waits: Waits { sync: Some(1.0), ..Waits::default() },
            ..load()
        };
        assert_eq!(Bound::new(&cell(2, few), PLACE).unwrap().cause, Cause::Mixed);
    }

    #[test]
    fn items_and_sessions_are_checked_against_each_other() {
        let bound = Bound::new(&cell(2, load()), PLACE).unwrap();
        assert!(bound.little.unwrap().agrees());
        let other = CellLoad { active: Some(0.4), ..load() };
        assert!(!Bound::new(&cell(2, other), PLACE).unwrap().little.unwrap().agrees());
        let few = CellLoad { session_samples: 19, ..load() };
        assert_eq!(Bound::new(&cell(2, few), PLACE).unwrap().little, None);
    }
}
