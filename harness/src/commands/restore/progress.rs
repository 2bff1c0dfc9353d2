//! How far a restore is: a bar on a terminal, a line per phase elsewhere.

use std::time::Duration;

use restore_core::event::{EventKind, RestoreEvent};
use restore_core::units::Bytes;

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
