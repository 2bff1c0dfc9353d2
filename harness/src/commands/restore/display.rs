//! How far a restore is: a bar on a terminal, a line per phase elsewhere.

use std::time::Duration;

use restore_core::control::Flow;
use restore_core::event::{Decision, EventKind, RestoreEvent};
use restore_core::units::Bytes;

use crate::analysis::words::counted;
use crate::keep::{Progress, SharedProgress};
use crate::printer::Printer;
use crate::report::format;

/// Shows how far a restore is.
#[derive(Debug)]
pub(super) struct Display {
    progress: SharedProgress,
    phase: &'static str,
    /// The workers and the flow that were decided last.
    decided: Option<(u32, Flow)>,
}

impl Display {
    /// Of a restore whose progress is counted here.
    pub(super) fn new(progress: SharedProgress) -> Self {
        Self { progress, phase: "", decided: None }
    }

    /// Shows an event that the progress has taken.
    pub(super) fn show(&mut self, event: &RestoreEvent, printer: &Printer) {
        match &event.kind {
            EventKind::Begun { items, jobs, resumed, .. } => {
                let resumed = match resumed {
                    0 => String::new(),
                    done => format!(", {done} of them done before"),
                };
                printer.note(format!("{items} items{resumed}, {jobs} workers"));
            }
            EventKind::Phase { phase } => {
                self.phase = phase.name();
                if !printer.has_bar() {
                    printer.note(format!("{:>8}  {}", time(event.at), phase.name()));
                }
            }
            EventKind::Error { error } => {
                let id = error.item().and_then(|item| item.id);
                let number = id.map(|id| format!("item {}: ", id.0)).unwrap_or_default();
                printer.warn(format!("{number}{}", error.full_text()));
                return;
            }
            EventKind::Note { text } => {
                printer.note(format!("note: {text}"));
                return;
            }
            EventKind::Decision(decision) => self.decide(event.at, decision, printer),
            _ => {}
        }
        let progress = self.progress.now();
        let line = self.line(progress, event.at);
        printer.show(progress.done as u64, progress.items as u64, line);
    }

    /// Tells what is new of a decision.
    fn decide(&mut self, at: Duration, decision: &Decision, printer: &Printer) {
        let setting = (decision.jobs, decision.flow);
        if self.decided.replace(setting) != Some(setting) {
            let Decision { jobs, flow, limit, reading, reason, .. } = decision;
            let workers = counted(u64::from(*jobs), "worker");
            printer.note(format!(
                "{:>8}  {workers}, data flow {flow}: {reason} ({limit}, {reading} read)",
                time(at)
            ));
        }
    }

    fn line(&self, progress: Progress, at: Duration) -> String {
        let Progress { busy, rows, bytes, .. } = progress;
        let rate = if at.is_zero() { 0.0 } else { bytes as f64 / at.as_secs_f64() };
        format!(
            "{}  {}  {rows} rows  {}  {}  {busy} running",
            time(at),
            self.phase,
            Bytes(bytes),
            format::rate(rate),
        )
    }
}

fn time(at: Duration) -> String {
    format::time(at.as_secs_f64())
}
