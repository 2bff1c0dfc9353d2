//! Steers a restore while it runs: by the limits that it keeps, and by what its user asks over
//! the control socket.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::bail;
use restore_core::connection::Conninfo;
use restore_core::control::{Command, Flow};
use restore_core::event::{Decision, EventKind, RestoreEvent};
use restore_core::units::{Bytes, Jobs};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::controller::{Controller, Setting};
use super::probe::{Probe, ProbeSpec};
use super::readings::{Readers, Readings};
use super::socket::{Ask, Listener, Request};
use super::{Limit, LimitKind, shown};
use crate::analysis::words::counted;
use crate::report::format;

/// How long a decision lasts.
const PERIOD: Duration = Duration::from_millis(500);

/// How long the server is looked at before the restore, at most.
const LOOK: Duration = Duration::from_secs(5);

/// Probes that are enough to know the latency before the restore.
const ENOUGH: usize = 100;

/// What a restore is to keep, and by what it is seen.
#[derive(Debug, Clone)]
pub struct Plan {
    pub limits: Vec<Limit>,
    pub probe: Option<ProbeSpec>,
    /// Workers at most.
    pub most: Jobs,
    /// The server that is restored into.
    pub target: Conninfo,
}

/// The limits of a restore with everything that reads them.
pub struct Keeper {
    limits: Vec<Limit>,
    probe: Option<Probe>,
    readers: Readers,
    target: Conninfo,
    /// The readings before the restore.
    before: Readings,
    /// The newest.
    readings: Readings,
    controller: Controller,
    /// The greatest pressure of the period that runs.
    worst: Option<Nearest>,
}

/// The limit that is nearest.
#[derive(Debug, Clone, Copy)]
struct Nearest {
    limit: Limit,
    reading: f64,
    pressure: f64,
}

impl Keeper {
    /// Starts the probe, looks at the server as it is before the restore, and refuses limits that
    /// cannot be read or that it does not keep already.
    pub async fn prepare(plan: Plan) -> anyhow::Result<Self> {
        let kinds: Vec<LimitKind> = plan.limits.iter().map(|limit| limit.kind()).collect();
        if kinds.iter().any(|kind| kind.is_of_probe()) && plan.probe.is_none() {
            bail!(
                "p99 and latency are those of a probe: say what it asks with --probe, such as \
                 --probe 'SELECT ... FROM orders WHERE id = 4711'"
            );
        }
        let readers = Readers::open(&kinds, &plan.target).await?;
        let probe = match &plan.probe {
            Some(spec) => Some(spec.start().await?),
            None => None,
        };
        let mut keeper = Self {
            limits: plan.limits,
            probe,
            readers,
            target: plan.target,
            before: Readings::new(),
            readings: Readings::new(),
            controller: Controller::new(plan.most.get(), 0.0),
            worst: None,
        };
        keeper.look_before().await?;
        let idle = keeper.nearest().map_or(0.0, |nearest| nearest.pressure);
        keeper.controller = Controller::new(plan.most.get(), idle);
        Ok(keeper)
    }

    async fn look_before(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        let is_enough = |probe: &Probe| probe.answered() >= ENOUGH;
        while began.elapsed() < LOOK && !self.probe.as_ref().is_none_or(is_enough) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.read().await?;
        self.before.clone_from(&self.readings);
        let broken = self.limits.iter().find_map(|&limit| {
            let nearest = self.of_limit(limit)?;
            // The rise of the latency is above what it is now.
            (nearest.pressure > 1.0).then_some(nearest)
        });
        if let Some(Nearest { limit, reading, .. }) = broken {
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

    fn of_limit(&self, limit: Limit) -> Option<Nearest> {
        let reading = *self.readings.get(&limit.kind())?;
        let before = self.before.get(&limit.kind()).copied().unwrap_or(reading);
        Some(Nearest { limit, reading, pressure: limit.pressure(reading, before) })
    }

    fn nearest(&self) -> Option<Nearest> {
        let all = self.limits.iter().filter_map(|&limit| self.of_limit(limit));
        all.max_by(|a, b| a.pressure.total_cmp(&b.pressure))
    }

    /// Looks at the probe alone, and shuts or opens the streams.
    fn react(&mut self) -> Option<(Setting, Nearest)> {
        self.read_probe();
        let nearest = self.nearest()?;
        if self.worst.is_none_or(|worst| worst.pressure < nearest.pressure) {
            self.worst = Some(nearest);
        }
        let before = self.controller.setting();
        let setting = self.controller.react(nearest.pressure);
        if setting == before {
            return None;
        }
        // Only what comes from now on tells what this has changed.
        if let Some(probe) = &self.probe {
            probe.restart();
        }
        Some((setting, nearest))
    }

    /// Decides for the next period.
    async fn decide(&mut self, busy: u32) -> Option<(Setting, Nearest)> {
        if let Err(error) = self.read().await {
            tracing::warn!(%error, "limits cannot be read");
        }
        let worst = self.worst.take();
        let now = self.nearest();
        let nearest = worst.into_iter().chain(now).max_by(|a, b| a.pressure.total_cmp(&b.pressure));
        let nearest = nearest?;
        Some((self.controller.decide(nearest.pressure, busy), nearest))
    }

    /// Takes a limit in place of the one of its kind, or as a further one.
    async fn keep(&mut self, limit: Limit) -> anyhow::Result<()> {
        let kind = limit.kind();
        if kind.is_of_probe() && self.probe.is_none() {
            bail!("this restore has no probe: {} cannot be read", kind.name());
        }
        if !self.limits.iter().any(|of| of.kind() == kind) {
            let mut kinds: Vec<LimitKind> = self.limits.iter().map(|of| of.kind()).collect();
            kinds.push(kind);
            self.readers = Readers::open(&kinds, &self.target).await?;
        }
        self.limits.retain(|of| of.kind() != kind);
        self.limits.push(limit);
        Ok(())
    }
}

/// How far a restore is, as its events tell.
#[derive(Debug, Default)]
pub struct Course {
    items: usize,
    done: usize,
    busy: u32,
    bytes: u64,
}

/// The course that events and the control socket share.
pub type SharedCourse = Arc<Mutex<Course>>;

fn lock(course: &SharedCourse) -> MutexGuard<'_, Course> {
    course.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Course {
    /// Takes notice of an event.
    pub fn take(course: &SharedCourse, event: &EventKind) {
        let mut course = lock(course);
        match event {
            EventKind::Begun { items, resumed, .. } => {
                (course.items, course.done) = (*items, *resumed);
            }
            EventKind::Started { .. } => course.busy += 1,
            EventKind::Finished { .. } => {
                course.busy = course.busy.saturating_sub(1);
                course.done += 1;
            }
            EventKind::Sent { bytes, .. } => course.bytes += bytes,
            _ => {}
        }
    }
}

/// Steers one restore.
pub struct Governor {
    keeper: Option<Keeper>,
    commands: mpsc::UnboundedSender<Command>,
    events: mpsc::UnboundedSender<RestoreEvent>,
    course: SharedCourse,
    began: Instant,
    /// What the restore was told last.
    told: Option<Setting>,
    fixed: Jobs,
    is_paused: bool,
    /// Why it is as it is, in words.
    reason: String,
}

impl Governor {
    /// Of a restore with so many workers, or with those that a keeper allows.
    pub fn new(
        keeper: Option<Keeper>,
        jobs: Jobs,
        commands: mpsc::UnboundedSender<Command>,
        events: mpsc::UnboundedSender<RestoreEvent>,
        course: SharedCourse,
    ) -> Self {
        let mut governor = Self {
            keeper,
            commands,
            events,
            course,
            began: Instant::now(),
            told: None,
            fixed: jobs,
            is_paused: false,
            reason: String::new(),
        };
        // Before it begins: with one worker.
        let first = governor.keeper.as_ref().map(|keeper| keeper.controller.setting());
        if let Some(setting) = first {
            governor.tell(setting);
        }
        governor
    }

    /// Steers until it is dropped.
    pub async fn govern(mut self, mut listener: Option<Listener>) -> Infallible {
        let probe = self.keeper.as_ref().and_then(|keeper| keeper.probe.as_ref());
        let interval = probe.map_or(PERIOD, |probe| probe.interval).min(PERIOD);
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut decided = Instant::now();
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    self.react();
                    if decided.elapsed() >= PERIOD {
                        decided = Instant::now();
                        self.decide().await;
                    }
                }
                ask = next(&mut listener) => self.answer(ask).await,
            }
        }
    }

    fn react(&mut self) {
        if self.is_paused {
            return;
        }
        let Some((setting, nearest)) = self.keeper.as_mut().and_then(Keeper::react) else { return };
        let reason = match setting.flow {
            Flow::SHUT => "the limit is not kept: no data is sent",
            _ => "well within the limit again: data is sent",
        };
        self.carry_out(setting, nearest, reason);
    }

    async fn decide(&mut self) {
        let busy = lock(&self.course).busy;
        let Some(keeper) = self.keeper.as_mut().filter(|_| !self.is_paused) else { return };
        let before = keeper.controller.setting();
        if let Some(failure) = keeper.probe.as_ref().and_then(Probe::take_failure) {
            self.note(format!("the probe failed: {failure}"));
        }
        let Some(keeper) = self.keeper.as_mut() else { return };
        let Some((setting, nearest)) = keeper.decide(busy).await else { return };
        let reason = match setting.jobs.cmp(&before.jobs) {
            std::cmp::Ordering::Less => "the limit is not kept: fewer workers",
            std::cmp::Ordering::Greater => "there is room: more workers",
            std::cmp::Ordering::Equal if busy > setting.jobs => "workers finish what they do",
            std::cmp::Ordering::Equal if nearest.pressure > 1.0 => "the limit is not kept",
            std::cmp::Ordering::Equal => "as it is",
        };
        self.carry_out(setting, nearest, reason);
    }

    /// Tells the restore what is new, and everybody what was decided.
    fn carry_out(&mut self, setting: Setting, nearest: Nearest, reason: &str) {
        self.tell(setting);
        let Nearest { limit, reading, pressure } = nearest;
        let reading = shown(limit.kind(), reading);
        self.reason = format!("{reason} ({limit}, {reading} read)");
        let decision = Decision {
            jobs: setting.jobs,
            flow: setting.flow,
            parallel_workers: setting.parallel_workers,
            limit: limit.to_string(),
            reading,
            pressure: (pressure * 1e4).round() / 1e4,
            reason: reason.to_owned(),
        };
        self.send(EventKind::Decision(decision));
    }

    fn tell(&mut self, setting: Setting) {
        let before = self.told.replace(setting);
        if before.map(|of| of.flow) != Some(setting.flow) {
            self.command(Command::Flow(setting.flow));
        }
        if before.map(|of| of.parallel_workers) != Some(setting.parallel_workers) {
            self.command(Command::ParallelWorkers(setting.parallel_workers));
        }
        if before.map(|of| of.jobs) != Some(setting.jobs)
            && let Ok(jobs) = Jobs::new(setting.jobs)
        {
            self.command(Command::Jobs(jobs));
        }
    }

    fn command(&self, command: Command) {
        // A restore that has ended takes no commands.
        let _ = self.commands.send(command);
    }

    fn note(&self, text: String) {
        self.send(EventKind::Note { text });
    }

    fn send(&self, kind: EventKind) {
        let _ = self.events.send(RestoreEvent { at: self.began.elapsed(), kind });
    }

    async fn answer(&mut self, ask: Ask) {
        let said = match &ask.request {
            Request::Status => Ok(self.status()),
            Request::Pause => {
                self.is_paused = true;
                self.command(Command::Pause);
                Ok("paused: nothing is begun and nothing is sent until `resume`".to_owned())
            }
            Request::Resume => {
                self.is_paused = false;
                self.command(Command::Resume);
                Ok("going on".to_owned())
            }
            Request::Jobs(jobs) => Ok(self.set_jobs(*jobs)),
            Request::Keep(limit) => match self.keeper.as_mut() {
                Some(keeper) => keeper.keep(*limit).await.map(|()| format!("keeping {limit}")),
                None => Err(anyhow::anyhow!(
                    "this restore keeps no limits: start it with -j auto --keep {limit}"
                )),
            },
        };
        if !matches!(ask.request, Request::Status) {
            self.note(format!("control: {}", ask.request));
        }
        ask.answer(said.map_err(|error| format!("{error:#}"))).await;
    }

    fn set_jobs(&mut self, jobs: Jobs) -> String {
        if let Some(keeper) = self.keeper.as_mut() {
            keeper.controller.set_most(jobs.get());
            let setting = keeper.controller.setting();
            self.tell(setting);
            return format!("at most {jobs} workers");
        }
        self.fixed = jobs;
        self.command(Command::Jobs(jobs));
        let workers = counted(u64::from(jobs.get()), "worker");
        format!("{workers}; those that are too many finish what they do")
    }

    /// What goes on and what limits it.
    fn status(&self) -> String {
        let mut lines = Vec::new();
        let course = lock(&self.course);
        lines.push(format!(
            "{} of {} items done, {} sent, {}",
            course.done,
            course.items,
            Bytes(course.bytes),
            format::time(self.began.elapsed().as_secs_f64())
        ));
        let state = match (self.is_paused, &self.keeper) {
            (true, _) => format!("paused; {} busy", course.busy),
            (false, None) => {
                let workers = counted(u64::from(self.fixed.get()), "worker");
                format!("{workers}, {} busy", course.busy)
            }
            (false, Some(keeper)) => {
                let setting = keeper.controller.setting();
                format!(
                    "{} of at most {} workers, {} busy, data flow {}",
                    setting.jobs,
                    keeper.controller.most(),
                    course.busy,
                    setting.flow
                )
            }
        };
        lines.push(state);
        if let Some(keeper) = &self.keeper {
            for &limit in &keeper.limits {
                let read = keeper.of_limit(limit).map_or("not read yet".to_owned(), |of| {
                    let shown = shown(limit.kind(), of.reading);
                    format!("{shown} read, {:.0} % of the limit", of.pressure * 100.0)
                });
                lines.push(format!("{limit}: {read}"));
            }
            if !self.reason.is_empty() {
                lines.push(self.reason.clone());
            }
        }
        lines.join("\n")
    }
}

/// The next request, if there is a socket to take one from.
async fn next(listener: &mut Option<Listener>) -> Ask {
    match listener {
        Some(listener) => listener.next().await,
        None => std::future::pending().await,
    }
}

/// Where a restore of this process can be asked, unless the user says another place.
pub fn usual_socket() -> PathBuf {
    super::socket::folder().join(format!("jobtune-{}.sock", std::process::id()))
}
