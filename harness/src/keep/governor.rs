//! Steers a restore while it runs: by the limits that it keeps, and by what its user asks over
//! the control socket.

use std::cmp::Ordering;
use std::convert::Infallible;
use std::time::Duration;

use restore_core::control::{Command, Flow};
use restore_core::event::{Decision, EventKind, RestoreEvent};
use restore_core::units::{Bytes, Jobs};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::controller::Setting;
use super::keeper::{Keeper, Nearest};
use super::progress::SharedProgress;
use super::readings::shown;
use super::socket::{Ask, Listener, Request};
use crate::analysis::words::counted;
use crate::report::format;

/// How long a decision lasts.
const PERIOD: Duration = Duration::from_millis(500);

/// Steers one restore.
pub struct Governor {
    keeper: Option<Keeper>,
    commands: mpsc::UnboundedSender<Command>,
    events: mpsc::UnboundedSender<RestoreEvent>,
    progress: SharedProgress,
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
        progress: SharedProgress,
    ) -> Self {
        let mut governor = Self {
            keeper,
            commands,
            events,
            progress,
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
        let interval = self.keeper.as_ref().and_then(Keeper::probe_interval);
        let interval = interval.unwrap_or(PERIOD).min(PERIOD);
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
        let busy = self.progress.now().busy;
        let Some(keeper) = self.keeper.as_mut().filter(|_| !self.is_paused) else { return };
        let failure = keeper.take_probe_failure();
        let before = keeper.controller.setting();
        let decided = keeper.decide(busy).await;
        if let Some(failure) = failure {
            self.note(format!("the probe failed: {failure}"));
        }
        let Some((setting, nearest)) = decided else { return };
        let reason = match setting.jobs.cmp(&before.jobs) {
            Ordering::Less => "the limit is not kept: fewer workers",
            Ordering::Greater => "there is room: more workers",
            Ordering::Equal if busy > setting.jobs => "workers finish what they do",
            Ordering::Equal if nearest.pressure > 1.0 => "the limit is not kept",
            Ordering::Equal => "as it is",
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
        let progress = self.progress.now();
        lines.push(format!(
            "{} of {} items done, {} sent, {}",
            progress.done,
            progress.items,
            Bytes(progress.bytes),
            format::time(self.began.elapsed().as_secs_f64())
        ));
        let state = match (self.is_paused, &self.keeper) {
            (true, _) => format!("paused; {} busy", progress.busy),
            (false, None) => {
                let workers = counted(u64::from(self.fixed.get()), "worker");
                format!("{workers}, {} busy", progress.busy)
            }
            (false, Some(keeper)) => {
                let setting = keeper.controller.setting();
                format!(
                    "{} of at most {} workers, {} busy, data flow {}",
                    setting.jobs,
                    keeper.controller.most(),
                    progress.busy,
                    setting.flow
                )
            }
        };
        lines.push(state);
        if let Some(keeper) = &self.keeper {
            lines.extend(keeper.status());
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
