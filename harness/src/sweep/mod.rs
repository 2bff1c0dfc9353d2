//! Runs the trials of a design, in order, and records each as it ends.

pub mod caches;
pub mod dumps;
pub mod live;
mod progress;
pub mod source;
mod watching;

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use tokio::time::Instant;

use crate::design::{Cell, Trial};
use crate::load::LiveLoad;
use crate::printer::Printer;
use crate::record::{
    Ending, ItemRow, LatencyRow, LoadSample, Outcome, RunFolder, RunRecord, TrialRow,
};
use crate::scenario::quantity::WarmUp;
use progress::Progress;
pub use source::{BlockSource, Source, StopRule};

/// After so many trials in a row that did not complete, a sweep stops: what
/// is wrong will not go away by itself, and each may have run into its limit.
const FAILURES_IN_ROW: usize = 3;

/// A trial that has ended, with all that is recorded of it.
#[derive(Debug)]
pub struct Finished {
    /// Its row.
    pub row: TrialRow,
    /// When and where its items were restored.
    pub items: Vec<ItemRow>,
    /// What the machine and the server were doing; empty where nobody looked.
    pub load: Vec<LoadSample>,
    /// What of the load could not be read, and why.
    pub load_notes: Vec<String>,
    /// How long the workload's transactions took; empty where none ran.
    pub latency: Vec<LatencyRow>,
    /// What the engine and the server said; empty if all went well.
    pub log: Vec<String>,
}

/// How far a trial is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Doing {
    /// Items that are done.
    pub items: u64,
    /// Items in all, if known.
    pub of: Option<u64>,
    /// What the machine and the server are doing.
    pub load: LiveLoad,
}

/// Takes notice of how far a trial is.
pub type Watch<'a> = &'a mut (dyn FnMut(Doing) + Send);

/// What trials are run on.
#[async_trait]
pub trait Bench: Send {
    /// The cells whose restores warm up the caches, once per execution.
    fn warm_ups(&self) -> Vec<Cell>;

    /// Restores a cell without recording it. A restore that does not complete
    /// is an error here: nothing after it would be of use.
    async fn warm_up(&mut self, cell: &Cell, watch: Watch<'_>) -> anyhow::Result<()>;

    /// Runs a trial. An error means that no further trial can be run; a
    /// restore that fails is no error but an outcome.
    async fn run(
        &mut self,
        trial: &Trial<'_>,
        session: u32,
        watch: Watch<'_>,
    ) -> anyhow::Result<Finished>;
}

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
        rows,
        failures: 0,
        started: Instant::now(),
        group: Group { began: Instant::now(), slowest: Duration::ZERO },
        noted: run.load_notes.clone(),
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
    /// Trials in a row, up to the last, that did not complete.
    failures: usize,
    started: Instant,
    group: Group,
    /// What of the load could not be read.
    noted: Vec<String>,
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
            if self.failures >= FAILURES_IN_ROW {
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
        let mut watch = |doing| self.progress.show(self.printer, cell, doing);
        bench.warm_up(cell, &mut watch).await.with_context(|| {
            format!("the warm-up restore of {cell} did not complete; nothing was measured")
        })
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
        let mut watch = |doing| self.progress.show(self.printer, trial.cell, doing);
        let finished = bench.run(trial, self.run.sessions, &mut watch).await?;
        let Finished { row, items, load, load_notes, latency, log } = finished;
        self.note_once(load_notes)?;
        if !latency.is_empty() {
            self.folder.write_latency(row.trial, &latency)?;
        }
        self.folder.append(&row, &items, &load, &log)?;
        self.progress.finished(self.printer, &row);
        // What its own limit stopped has shown what it was to show.
        let as_designed = trial.limit.is_some() && row.outcome == Outcome::TimedOut;
        if row.outcome == Outcome::Completed || as_designed {
            self.failures = 0;
        } else {
            self.failures += 1;
        }
        self.rows.push(row);
        Ok(())
    }
}
