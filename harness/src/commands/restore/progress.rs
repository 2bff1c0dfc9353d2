//! How far a restore is: a bar on a terminal, a line per phase elsewhere.

use std::time::Duration;

use restore_core::native::{Event, EventKind};
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
    pub(super) fn take(&mut self, event: &Event, printer: &Printer) {
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
                self.rows += rows;
            }
            _ => {}
        }
        printer.show(self.done as u64, self.items as u64, self.line(event.at));
    }

    fn line(&self, at: f64) -> String {
        let rate = if at > 0.0 { self.bytes as f64 / at } else { 0.0 };
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

fn time(seconds: f64) -> String {
    format::time(Duration::from_secs_f64(seconds.max(0.0)).as_secs_f64())
}
