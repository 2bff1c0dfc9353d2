//! The limits of one restore, with everything that reads them and what decides by them.

use std::time::Duration;

use anyhow::bail;
use restore_core::connection::Conninfo;
use restore_core::units::Jobs;
use tokio::time::Instant;

use super::controller::{Controller, Setting};
use super::probe::{Probe, ProbeSpec};
use super::readings::{Readers, Readings, shown};
use super::{Limit, LimitKind};

/// How long the server is looked at before the restore, at most.
const LOOK: Duration = Duration::from_secs(5);

/// Probes that are enough to know the latency before the restore, which an increase is
/// measured from.
const ENOUGH: usize = 100;

/// Probes that are enough where all of them keep a limit. One late one of so few says nothing.
const ENOUGH_IF_KEPT: usize = 25;

/// Probes that are enough where they stay below half of it.
const ENOUGH_IF_WELL_KEPT: usize = 10;
const WELL_KEPT: f64 = 0.5;

/// What a restore is to keep, and by what it is seen.
#[derive(Debug, Clone)]
pub struct KeeperSpec {
    pub limits: Vec<Limit>,
    pub probe: Option<ProbeSpec>,
    /// Workers at most.
    pub most: Jobs,
    /// The server that is restored into.
    pub target: Conninfo,
}

/// Reads the limits of a restore and decides by the nearest.
pub struct Keeper {
    watcher: Watcher,
    pub(super) controller: Controller,
    /// The nearest limit of the period that runs, when it was nearest.
    worst: Option<Nearest>,
}

/// A limit as it was read, and how near it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nearest {
    pub(super) limit: Limit,
    pub(super) reading: f64,
    pub(super) pressure: f64,
}

impl Nearest {
    fn of(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().max_by(|a, b| a.pressure.total_cmp(&b.pressure))
    }
}

impl Keeper {
    /// Starts the probe, looks at the server as it is before the restore, and refuses limits that
    /// cannot be read or that it does not keep already.
    pub async fn prepare(spec: KeeperSpec) -> anyhow::Result<Self> {
        let most = spec.most.get();
        let mut watcher = Watcher::open(spec).await?;
        watcher.look_before().await?;
        let idle = watcher.nearest().map_or(0.0, |nearest| nearest.pressure);
        Ok(Self { watcher, controller: Controller::new(most, idle), worst: None })
    }

    /// How often the probe asks, if there is one.
    pub(super) fn probe_interval(&self) -> Option<Duration> {
        self.watcher.probe.as_ref().map(|probe| probe.interval)
    }

    /// Why the probe's last query that failed did; told once.
    pub(super) fn take_probe_failure(&self) -> Option<String> {
        self.watcher.probe.as_ref().and_then(Probe::take_failure)
    }

    /// Looks at the probe alone, and shuts or opens the streams.
    pub(super) fn react(&mut self) -> Option<(Setting, Nearest)> {
        self.watcher.read_probe();
        let (nearest, now) = (self.watcher.nearest()?, self.watcher.pressure_now()?);
        self.worst = Nearest::of([nearest].into_iter().chain(self.worst));
        let before = self.controller.setting();
        let setting = self.controller.react(nearest.pressure, now);
        if setting == before {
            return None;
        }
        self.watcher.restart_probe();
        Some((setting, nearest))
    }

    /// Decides for the next period.
    pub(super) async fn decide(&mut self, busy: u32) -> Option<(Setting, Nearest)> {
        if let Err(error) = self.watcher.read().await {
            tracing::warn!(%error, "limits cannot be read");
        }
        let nearest = Nearest::of(self.worst.take().into_iter().chain(self.watcher.nearest()))?;
        Some((self.controller.decide(nearest.pressure, busy), nearest))
    }

    /// Takes a limit in place of the one of its kind, or as a further one.
    pub(super) async fn keep(&mut self, limit: Limit) -> anyhow::Result<()> {
        self.watcher.keep(limit).await
    }

    /// A line for each limit: what was read of it last.
    pub(super) fn status(&self) -> impl Iterator<Item = String> {
        self.watcher.limits.iter().map(|&limit| {
            let read = self.watcher.of_limit(limit).map_or("not read yet".to_owned(), |of| {
                let reading = shown(limit.kind(), of.reading);
                format!("{reading} read, {:.0} % of the limit", of.pressure * 100.0)
            });
            format!("{limit}: {read}")
        })
    }
}

/// Reads everything that the limits are about.
struct Watcher {
    limits: Vec<Limit>,
    probe: Option<Probe>,
    readers: Readers,
    target: Conninfo,
    /// The readings before the restore.
    before: Readings,
    /// The newest.
    readings: Readings,
}

impl Watcher {
    async fn open(spec: KeeperSpec) -> anyhow::Result<Self> {
        let kinds: Vec<LimitKind> = spec.limits.iter().map(|limit| limit.kind()).collect();
        if kinds.iter().any(|kind| kind.is_of_probe()) && spec.probe.is_none() {
            bail!(
                "p99 and latency are those of a probe: say what it asks with --probe, such as \
                 --probe 'SELECT ... FROM orders WHERE id = 4711'"
            );
        }
        let readers = Readers::open(&kinds, &spec.target).await?;
        let probe = match &spec.probe {
            Some(probe) => Some(probe.start().await?),
            None => None,
        };
        Ok(Self {
            limits: spec.limits,
            probe,
            readers,
            target: spec.target,
            before: Readings::new(),
            readings: Readings::new(),
        })
    }

    async fn look_before(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < LOOK && !self.has_seen_enough() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.read_probe();
        }
        self.read().await?;
        self.before.clone_from(&self.readings);
        if let Some(Nearest { limit, reading, .. }) =
            self.nearest().filter(|nearest| nearest.pressure > 1.0)
        {
            bail!(
                "the limit {limit} is not kept before the restore has begun: {} is read. Give a \
                 limit above that, or see what else the server does",
                shown(limit.kind(), reading)
            );
        }
        if let Some(probe) = self.probe.as_ref().filter(|probe| probe.p99().is_none()) {
            bail!(
                "the probe was answered {} times in {} s: give a faster statement, or a lower \
                 --probe-rate",
                probe.answered(),
                LOOK.as_secs()
            );
        }
        Ok(())
    }

    /// Whether the probe says how it is before the restore.
    fn has_seen_enough(&self) -> bool {
        let Some(probe) = &self.probe else { return true };
        let is_relative = |limit: &Limit| limit.kind() == LimitKind::LatencyIncrease;
        let enough = match self.nearest() {
            _ if self.limits.iter().any(is_relative) => ENOUGH,
            Some(nearest) if nearest.pressure <= WELL_KEPT => ENOUGH_IF_WELL_KEPT,
            Some(nearest) if nearest.pressure <= 1.0 => ENOUGH_IF_KEPT,
            _ => ENOUGH,
        };
        probe.answered() >= enough
    }

    /// Reads everything anew.
    async fn read(&mut self) -> anyhow::Result<()> {
        self.readings.extend(self.readers.read().await?);
        self.read_probe();
        Ok(())
    }

    fn read_probe(&mut self) {
        if let Some(p99) = self.probe.as_ref().and_then(Probe::p99) {
            self.readings.insert(LimitKind::P99, p99);
            self.readings.insert(LimitKind::LatencyIncrease, p99);
        }
    }

    /// Forgets what the probe has seen: only what comes from now on tells what a change has
    /// changed, and a breach that was acted on is not counted again.
    fn restart_probe(&mut self) {
        if let Some(probe) = &self.probe {
            probe.restart();
            self.readings.retain(|kind, _| !kind.is_of_probe());
        }
    }

    fn of_limit(&self, limit: Limit) -> Option<Nearest> {
        let reading = *self.readings.get(&limit.kind())?;
        let before = self.before.get(&limit.kind()).copied().unwrap_or(reading);
        Some(Nearest { limit, reading, pressure: limit.pressure(reading, before) })
    }

    /// The pressure by the newest probes alone: the percentile remembers a breach for longer
    /// than it lasts. `None` while too few were answered to know.
    fn pressure_now(&self) -> Option<f64> {
        let newest = self.probe.as_ref().and_then(Probe::newest);
        let mut pressures = Vec::new();
        for &limit in &self.limits {
            match newest.filter(|_| limit.kind().is_of_probe()) {
                Some(reading) => {
                    let before = self.before.get(&limit.kind()).copied().unwrap_or(reading);
                    pressures.push(limit.pressure(reading, before));
                }
                None if limit.kind().is_of_probe() => {
                    pressures.push(self.of_limit(limit)?.pressure);
                }
                None => pressures.extend(self.of_limit(limit).map(|of| of.pressure)),
            }
        }
        pressures.into_iter().reduce(f64::max)
    }

    fn nearest(&self) -> Option<Nearest> {
        Nearest::of(self.limits.iter().filter_map(|&limit| self.of_limit(limit)))
    }

    async fn keep(&mut self, limit: Limit) -> anyhow::Result<()> {
        let kind = limit.kind();
        if kind.is_of_probe() && self.probe.is_none() {
            bail!("this restore has no probe: {} cannot be read", kind.name());
        }
        let mut kinds: Vec<LimitKind> = self.limits.iter().map(|of| of.kind()).collect();
        if !kinds.contains(&kind) {
            kinds.push(kind);
            self.readers = Readers::open(&kinds, &self.target).await?;
        }
        self.limits.retain(|of| of.kind() != kind);
        self.limits.push(limit);
        Ok(())
    }
}
