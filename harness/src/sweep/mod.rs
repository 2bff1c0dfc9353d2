//! Runs the trials of a design, in order, and records each as it ends.

mod bench;
pub mod caches;
pub mod dump;
mod failures;
mod hashes;
mod hooks;
mod items;
mod progress;
pub mod restore;
pub mod source;
mod trial;
pub mod venue;
mod verify;
pub mod warm_up;
mod watching;

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use crate::design::{Cell, Trial};
use crate::errors::notes;
use crate::printer::Printer;
use crate::record::{Ending, Outcome, RunFolder, RunRecord, TrialRow};
use crate::scenario::quantity::WarmUp;
pub use bench::{Bench, Finished, TrialProgress, WarmedUp, Watch};
use failures::Failures;
use progress::Progress;
pub use source::{BlockSource, ShardSource, Source, StopRule};
pub use warm_up::WarmUpFailed;

/// Runs what is left of a sweep. The trials that are done must be those that
/// `source` would have named, which [`source::check`] has seen to.
pub async fn run(
    bench: &mut dyn Bench,
    folder: &RunFolder,
    run: &RunRecord,
    source: &dyn Source,
    printer: &Printer,
) -> anyhow::Result<Ending> {
    let rows = folder.trials()?;
    let mut sweep = Sweep {
        folder,
        run,
        source,
        printer,
        progress: Progress::new(source, rows.len()),
        earlier: rows.len(),
        failures: Failures::after(&rows),
        rows,
        started: Instant::now(),
        group: Group { began: Instant::now(), slowest: Duration::ZERO },
        noted: run.load_notes.clone(),
        noted_of_errors: run.error_notes.clone(),
    };
    let ending = sweep.trials(bench).await;
    printer.clear();
    tracing::debug!(?ending, trials = sweep.rows.len(), "the sweep ended");
    ending
}

struct Sweep<'a> {
    folder: &'a RunFolder,
    run: &'a RunRecord,
    source: &'a dyn Source,
    printer: &'a Printer,
    progress: Progress,
    /// Trials of earlier sessions.
    earlier: usize,
    rows: Vec<TrialRow>,
    failures: Failures,
    started: Instant,
    group: Group,
    /// What of the load could not be read.
    noted: Vec<String>,
    /// What was said of errors.
    noted_of_errors: Vec<String>,
}

/// The trials that belong together, as a block's do.
struct Group {
    began: Instant,
    slowest: Duration,
}

impl Sweep<'_> {
    async fn trials(&mut self, bench: &mut dyn Bench) -> anyhow::Result<Ending> {
        // A session may have died between a trial and its verdict.
        if let Some(ending) = self.source.ending(&self.rows) {
            return Ok(ending);
        }
        for cell in bench.warm_ups() {
            self.warm_up(bench, &cell).await?;
        }
        self.group.began = Instant::now();
        loop {
            if let Some(ending) = self.ending() {
                return Ok(ending);
            }
            let source = self.source;
            let Some(trial) = source.trial(&self.rows) else { return Ok(Ending::MaxBlocks) };
            let Trial { number, block, cell, limit, .. } = &trial;
            tracing::debug!(number, block, %cell, ?limit, "next trial");
            self.trial(bench, &trial).await?;
            if self.failures.are_too_many() {
                return Ok(Ending::Failures);
            }
        }
    }

    /// Whether the sweep ends with the trials so far.
    fn ending(&mut self) -> Option<Ending> {
        let is_whole = self.rows.len().is_multiple_of(self.source.group());
        let done_here = self.rows.len() > self.earlier;
        if is_whole && done_here {
            self.group.slowest = self.group.slowest.max(self.group.began.elapsed());
            self.group.began = Instant::now();
        }
        if let Some(ending) = self.source.ending(&self.rows) {
            return Some(ending);
        }
        let budget = self.run.scenario.sweep.budget?.get();
        // No group is begun that would end too late; one that was begun is
        // left only when the time is over.
        let needed = if is_whole { self.group.slowest } else { Duration::ZERO };
        (done_here && self.started.elapsed() + needed > budget).then_some(Ending::Budget)
    }

    async fn warm_up(&mut self, bench: &mut dyn Bench, cell: &Cell) -> anyhow::Result<()> {
        let limit = match self.run.scenario.sweep.warm_up {
            WarmUp::AtMost(span) => format!(", for {span} at most"),
            WarmUp::Whole | WarmUp::Off => String::new(),
        };
        self.printer.note(format!("warming up: {cell}{limit}"));
        let mut watch = |now| self.progress.show(self.printer, cell, now);
        let warmed_up = bench.warm_up(cell, &mut watch).await.with_context(|| {
            format!("the warm-up restore of {cell} did not complete; nothing was measured")
        })?;
        if let Some(reference) = &warmed_up.reference {
            self.folder.add_error_reference(reference)?;
        }
        if warmed_up.restored_serially {
            self.failures.restored_serially(cell);
        }
        self.note_errors_once([notes::harmless(&warmed_up.errors), warmed_up.notes].concat())
    }

    /// Says and records what is to be known of errors, each thing once.
    fn note_errors_once(&mut self, notes: Vec<String>) -> anyhow::Result<()> {
        for note in notes {
            if self.noted_of_errors.contains(&note) {
                continue;
            }
            self.printer.note(format!("note: {note}"));
            self.noted_of_errors.push(note);
            let mut run = self.folder.run()?;
            run.error_notes.clone_from(&self.noted_of_errors);
            self.folder.write_run(&run)?;
        }
        Ok(())
    }

    /// Says and records what of the load cannot be read, each thing once.
    fn note_once(&mut self, notes: Vec<String>) -> anyhow::Result<()> {
        for note in notes {
            if self.noted.contains(&note) {
                continue;
            }
            self.printer.note(format!("note: {note}"));
            self.noted.push(note);
            let mut run = self.folder.run()?;
            run.load_notes.clone_from(&self.noted);
            self.folder.write_run(&run)?;
        }
        Ok(())
    }

    async fn trial(&mut self, bench: &mut dyn Bench, trial: &Trial<'_>) -> anyhow::Result<()> {
        if let Some(reason) = self.source.reason(&self.rows) {
            self.printer.note(reason);
        }
        let mut watch = |now| self.progress.show(self.printer, trial.cell, now);
        let finished = bench.run(trial, self.run.sessions, &mut watch).await?;
        let Finished { row, items, load, errors, log, .. } = finished;
        self.note_once(finished.load_notes)?;
        self.note_errors_once(notes::harmless(&errors))?;
        if !errors.is_empty() {
            self.folder.write_errors(row.trial, &errors)?;
        }
        if let Some(reference) = finished.error_reference {
            self.folder.add_error_reference(&reference)?;
        }
        if !finished.decisions.is_empty() {
            self.folder.write_control(row.trial, &finished.decisions)?;
        }
        if !finished.latency.is_empty() {
            self.folder.write_latency(row.trial, &finished.latency)?;
        }
        self.folder.append(&row, &items, &load, &log)?;
        self.progress.finished(self.printer, &row);
        // What its own limit stopped has shown what it was to show.
        let as_designed = trial.limit.is_some() && row.outcome == Outcome::TimedOut;
        self.failures.take(&row, &errors, as_designed);
        self.rows.push(row);
        Ok(())
    }
}
