//! Which cells are beyond what the scenario allows.

use std::fmt;
use std::time::Duration;

use restore_core::units::{Bytes, Jobs};

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::latency::CellLatency;
use super::load::CellLoad;
use crate::record::{Outcome, TrialRow, WorkloadSummary};
use crate::stats::estimate::digits;

/// What a restore may use. What is `None` is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RestoreLimits {
    /// Share of the host's processors in use, in the busiest twentieth of a
    /// trial.
    pub cpu: Option<f64>,
    /// Share of time in which the disk is busy, likewise.
    pub disk_utilisation: Option<f64>,
    pub connections: Option<u32>,
    /// Memory of client and server.
    pub memory: Option<Bytes>,
    /// WAL that a restore writes.
    pub wal: Option<Bytes>,
    /// The latency that 99 % of a workload's transactions keep meanwhile.
    pub p99_latency: Option<Duration>,
    /// How much longer that is than before the restore.
    pub latency_increase: Option<f64>,
    /// Share of a workload's transactions that are late.
    pub missed: Option<f64>,
}

/// Something that can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    Cpu,
    DiskUtilisation,
    Connections,
    Memory,
    WalBytes,
    /// The 99th percentile of a workload's latency.
    P99Latency,
    /// How much that grows.
    LatencyIncrease,
    /// What of a workload is late.
    Missed,
}

impl Limit {
    /// Its key in a scenario.
    pub fn key(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::DiskUtilisation => "disk_utilisation",
            Self::Connections => "connections",
            Self::Memory => "memory",
            Self::WalBytes => "wal_bytes",
            Self::P99Latency => "p99_latency",
            Self::LatencyIncrease => "latency_increase",
            Self::Missed => "missed",
        }
    }
}

/// A reading beyond its limit. Shares are from 0 to 1, sizes are bytes,
/// latencies seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breach {
    pub jobs: Jobs,
    pub limit: Limit,
    pub seen: f64,
    pub allowed: f64,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let bytes = |bytes: f64| Bytes(bytes as u64).to_string();
        let (seen, allowed) = (self.seen, self.allowed);
        match self.limit {
            Limit::Cpu => write!(
                f,
                "{} of the processors in use at the 95th percentile, {} allowed (limits.cpu)",
                percent(seen),
                percent(allowed)
            ),
            Limit::DiskUtilisation => write!(
                f,
                "{} of the time with the disk busy at the 95th percentile, {} allowed \
                 (limits.disk_utilisation)",
                percent(seen),
                percent(allowed)
            ),
            Limit::Connections => {
                write!(f, "{seen} connections, {allowed} allowed (limits.connections)")
            }
            Limit::Memory => write!(
                f,
                "{} of memory at the most, {} allowed (limits.memory)",
                bytes(seen),
                bytes(allowed)
            ),
            Limit::WalBytes => {
                write!(f, "{} of WAL, {} allowed (limits.wal_bytes)", bytes(seen), bytes(allowed))
            }
            Limit::P99Latency => write!(
                f,
                "{:.0} ms of latency at the 99th percentile of the workload, {:.0} ms allowed \
                 (limits.p99_latency)",
                seen * 1e3,
                allowed * 1e3
            ),
            Limit::LatencyIncrease => write!(
                f,
                "{} more latency than before at the 99th percentile, {} allowed \
                 (limits.latency_increase)",
                percent(seen),
                percent(allowed)
            ),
            Limit::Missed => write!(
                f,
                "{:.2} % of the workload late, {:.2} % allowed (limits.missed)",
                seen * 100.0,
                allowed * 100.0
            ),
        }
    }
}

impl Serialize for Breach {
    /// With the key of the limit and the sentence.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Breach", 5)?;
        fields.serialize_field("jobs", &self.jobs)?;
        fields.serialize_field("limit", self.limit.key())?;
        fields.serialize_field("seen", &digits(self.seen))?;
        fields.serialize_field("allowed", &self.allowed)?;
        fields.serialize_field("text", &self.to_string())?;
        fields.end()
    }
}

/// What the rows of a cell alone tell of the limits of a workload.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BreachesOfTrials {
    /// The limits that every trial is beyond.
    pub all: Vec<Breach>,
    /// Whether some trial is beyond another limit.
    pub is_open: bool,
}

/// Rows have latencies to three digits, so that a limit within them is open.
const ROUNDING: f64 = 0.002;

impl RestoreLimits {
    /// The limits that a cell is beyond by its load.
    pub fn breaches(&self, jobs: Jobs, load: &CellLoad) -> Vec<Breach> {
        self.readings(jobs, load)
            .filter_map(|(limit, seen, allowed)| {
                let seen = seen?;
                (seen > allowed).then_some(Breach { jobs, limit, seen, allowed })
            })
            .collect()
    }

    /// The limits of the workload that were not kept beside a cell, by the
    /// transactions of all its trials together.
    pub fn breaches_of_workload(&self, jobs: Jobs, latency: &CellLatency) -> Vec<Breach> {
        let CellLatency { before, during, .. } = latency;
        let (was, is) = (before.p99_us.max(1) as f64, during.p99_us as f64);
        let seen = [is / 1e6, is / was - 1.0, during.late_ratio];
        self.of_workload()
            .zip(seen)
            .filter_map(|((limit, allowed), seen)| {
                let allowed = allowed.filter(|&allowed| seen > allowed)?;
                Some(Breach { jobs, limit, seen, allowed })
            })
            .collect()
    }

    /// The same from the rows of completed trials, without their tables. A
    /// percentile of all transactions lies between the smallest and the largest
    /// of the trials, and so does a share: what is so of every trial is so of
    /// all of them together.
    pub fn breaches_of_trials(&self, jobs: Jobs, rows: &[&TrialRow]) -> BreachesOfTrials {
        let completed = rows.iter().filter(|row| row.outcome == Outcome::Completed);
        let workload: Vec<&WorkloadSummary> = completed.map(|row| &row.workload).collect();
        let range = |reading: fn(&WorkloadSummary) -> Option<f64>| {
            let values: Vec<f64> = workload.iter().filter_map(|row| reading(row)).collect();
            let least = values.iter().copied().reduce(f64::min)?;
            Some((least, values.into_iter().fold(least, f64::max)))
        };
        let before = range(|row| row.workload_before_p99_us.map(|us| us.max(1) as f64));
        let during = range(|row| row.workload_during_p99_us.map(|us| us as f64));
        let increase = before.zip(during).map(|((was_least, was_most), (least, most))| {
            (least * (1.0 - ROUNDING) / was_most - 1.0, most * (1.0 + ROUNDING) / was_least - 1.0)
        });
        let p99 = during
            .map(|(least, most)| (least * (1.0 - ROUNDING) / 1e6, most * (1.0 + ROUNDING) / 1e6));
        let late = range(|row| row.workload_during_late_ratio);
        let mut found = BreachesOfTrials::default();
        for ((limit, allowed), range) in self.of_workload().zip([p99, increase, late]) {
            let (Some(allowed), Some((least, most))) = (allowed, range) else { continue };
            if least > allowed {
                found.all.push(Breach { jobs, limit, seen: least, allowed });
            } else if most > allowed {
                found.is_open = true;
            }
        }
        found
    }

    /// The limits of a workload, each with what it allows.
    fn of_workload(&self) -> impl Iterator<Item = (Limit, Option<f64>)> {
        let p99_latency = self.p99_latency.map(|latency| latency.as_secs_f64());
        [
            (Limit::P99Latency, p99_latency),
            (Limit::LatencyIncrease, self.latency_increase),
            (Limit::Missed, self.missed),
        ]
        .into_iter()
    }

    /// The limits that cannot be checked for want of a reading.
    pub fn unread(&self, jobs: Jobs, load: &CellLoad) -> Vec<Limit> {
        let unread = self.readings(jobs, load).filter(|(_, seen, _)| seen.is_none());
        unread.map(|(limit, ..)| limit).collect()
    }

    fn readings(
        &self,
        jobs: Jobs,
        load: &CellLoad,
    ) -> impl Iterator<Item = (Limit, Option<f64>, f64)> {
        // One connection for each job, and the leader's beside two or more
        // (`pg_restore`); sampling may have missed the moment.
        let known = f64::from(if jobs == Jobs::ONE { 1 } else { jobs.get() + 1 });
        let connections = load.connections_most.map_or(known, |seen| seen.max(known));
        let bytes = |bytes: Option<Bytes>| bytes.map(|bytes| bytes.0 as f64);
        [
            (Limit::Cpu, load.host_cpu_p95, self.cpu),
            (Limit::DiskUtilisation, load.disk_p95, self.disk_utilisation),
            (Limit::Connections, Some(connections), self.connections.map(f64::from)),
            (Limit::Memory, load.memory_most, bytes(self.memory)),
            (Limit::WalBytes, load.wal, bytes(self.wal)),
        ]
        .into_iter()
        .filter_map(|(limit, seen, allowed)| Some((limit, seen, allowed?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_beyond_its_limit_is_a_breach() {
        let limits = RestoreLimits {
            cpu: Some(0.8),
            disk_utilisation: Some(0.5),
            connections: Some(4),
            memory: Some(Bytes(1 << 30)),
            wal: None,
            ..RestoreLimits::default()
        };
        let load = CellLoad {
            host_cpu_p95: Some(0.93),
            memory_most: Some(5e8),
            wal: Some(1e12),
            connections_most: Some(3.0),
            ..CellLoad::default()
        };
        let jobs = Jobs::new(4).unwrap();
        let said: Vec<String> =
            limits.breaches(jobs, &load).iter().map(Breach::to_string).collect();
        assert_eq!(
            said,
            [
                "93 % of the processors in use at the 95th percentile, 80 % allowed (limits.cpu)",
                "5 connections, 4 allowed (limits.connections)",
            ]
        );
        assert_eq!(limits.unread(jobs, &load), [Limit::DiskUtilisation]);
        assert!(limits.breaches(Jobs::new(3).unwrap(), &CellLoad::default()).is_empty());
    }
}
