//! What limits a cell, in words.

use std::fmt;

use restore_core::units::Jobs;

use super::rules::OwnReadings;
use super::{Bottleneck, Cause};
use crate::scenario::Phase;

impl fmt::Display for Bottleneck {
    /// Completes "-j 4 is limited by ...".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |name| {
            self.reading(name).map(|value| format!("{:.0} %", value * 100.0)).unwrap_or_default()
        };
        match self.cause {
            Cause::ClientDecompression | Cause::ClientCompression => write!(
                f,
                "{}: the client takes {} of the processor time",
                if self.phase == Phase::Dump { "compression" } else { "decompression" },
                share("client_cpu_share_ratio")
            ),
            Cause::Cpu => self.cpu_in_words(f),
            Cause::Network => match self.reading("waiting_for_statements_ratio") {
                Some(waiting) => write!(
                    f,
                    "the network's round trips: for {:.0} % of the time of its items no session \
                     has a statement to work on",
                    waiting * 100.0
                ),
                None => write!(
                    f,
                    "the network's bandwidth: {} of the active sessions wait for data, and the \
                     client has processor time left",
                    share("active_on_client_ratio")
                ),
            },
            Cause::Memory => write!(
                f,
                "memory: {} of what was restored is read again from the disk, and {} of the active \
                 sessions wait for that",
                share("read_again_ratio"),
                share("active_on_io_ratio")
            ),
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
            Cause::DiskBandwidth => self.disk_in_words(f),
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
                 the {}",
                share("host_cpu_ratio"),
                self.noun()
            ),
            Cause::IdleWorkers => write!(
                f,
                "too few items: workers have nothing to do {} of their time",
                share("workers_idle_ratio")
            ),
            Cause::Workers if self.jobs == Jobs::ONE => {
                f.write_str("its single worker; nothing else is saturated")
            }
            Cause::Workers => {
                f.write_str("its workers; all are busy, and nothing else is saturated")
            }
            Cause::Mixed => f.write_str("no single thing (mixed)"),
        }
    }
}

impl Bottleneck {
    fn noun(&self) -> &'static str {
        match self.phase {
            Phase::Restore => "restore",
            Phase::Dump => "dump",
        }
    }

    fn disk_in_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |value: f64| format!("{:.0} %", value * 100.0);
        if let Some(taken) = self.reading("disk_operations_ratio") {
            write!(f, "the disk: it takes {} of the operations that it can", percent(taken))
        } else if let Some(written) = self.reading("disk_written_ratio") {
            write!(f, "the disk: it writes {} of what it can", percent(written))
        } else {
            let busy = self.reading("data_device_busy_ratio").unwrap_or_default();
            write!(f, "the disk: busy {} of the time", percent(busy))
        }
    }

    fn cpu_in_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |value: f64| format!("{:.0} %", value * 100.0);
        if let Some(used) = self.reading("container_cpu_ratio") {
            write!(f, "the processors: {} of the container's limit in use", percent(used))
        } else if let Some(held) = self.reading("throttled_ratio") {
            write!(f, "the container's processor limit: held back {} of the time", percent(held))
        } else if let Some(own) = self.reading(OwnReadings::of(self.phase).cpu_ratio) {
            write!(f, "the processors: the {} uses {} of them", self.noun(), percent(own))
        } else {
            let host = self.reading("host_cpu_ratio").unwrap_or_default();
            write!(f, "the processors: {} in use", percent(host))
        }
    }
}
