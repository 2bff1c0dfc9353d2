//! How far a restore is: a bar on a terminal, a line per phase elsewhere.

use std::time::Duration;

use restore_core::control::Flow;
use restore_core::event::{Decision, EventKind, RestoreEvent};
use restore_core::units::Bytes;

use crate::analysis::words::counted;
use crate::printer::Printer;
use crate::report::format;

/// What is known of a restore that runs.
#[derive(Debug, Default)]
pub(super) struct Progress {
    items: usize,
    done: usize,
    rows: u64,
    bytes: u64,
    running: usize,
    phase: &'static str,
    /// The workers and the flow that were decided last.
    decided: Option<(u32, Flow)>,
}

impl Progress {
    /// Takes notice of an event, and shows it.
    pub(super) fn take(&mut self, event: &RestoreEvent, printer: &Printer) {
        match &event.kind {
            EventKind::Begun { items, jobs, resumed, .. } => {
                self.items = *items;
                self.done = *resumed;
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
            EventKind::Sent { bytes, .. } => self.bytes += bytes,
            EventKind::Started { .. } => self.running += 1,
            EventKind::Finished { rows, .. } => {
                self.running = self.running.saturating_sub(1);
                self.done += 1;
                self.rows += rows.unwrap_or(0);
            }
            _ => {}
        }
        printer.show(self.done as u64, self.items as u64, self.line(event.at));
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

    fn line(&self, at: Duration) -> String {
        let rate = if at.is_zero() { 0.0 } else { self.bytes as f64 / at.as_secs_f64() };
        format!(
            "{}  {}  {} rows  {}  {}  {} running",
            time(at),
            self.phase,
            self.rows,
            Bytes(self.bytes),
            format::rate(rate),
            self.running
        )
    }
}

fn time(at: Duration) -> String {
    format::time(at.as_secs_f64())
}
