//! Runs the trials of a design, in order, and records each as it ends.

pub mod live;
mod progress;
mod watching;

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use tokio::time::Instant;

use crate::design::{Cell, Trial};
use crate::load::LiveLoad;
use crate::printer::Printer;
use crate::record::{Ending, ItemRow, LoadSample, Outcome, RunFolder, RunRecord, TrialRow};
use progress::Progress;

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

/// Decides at the end of a block whether more are worth their time.
pub trait StopRule: Send + Sync {
    /// The reason to stop now, if there is one.
    fn decide(&self, trials: &[TrialRow]) -> Option<Ending>;
}

/// Runs what is left of a sweep. The trials that are done must be a prefix of
/// the design, which the run folder guarantees.
pub async fn run(
    bench: &mut dyn Bench,
    folder: &RunFolder,
    run: &RunRecord,
    rule: &dyn StopRule,
    printer: &Printer,
) -> anyhow::Result<Ending> {
    let rows = folder.trials()?;
    let mut sweep = Sweep {
        folder,
        run,
        printer,
        progress: Progress::new(run, &rows),
        earlier: rows.len(),
        rows,
        started: Instant::now(),
        slowest_block: Duration::ZERO,
        noted: run.load_notes.clone(),
    };
    let ending = sweep.blocks(bench, rule).await;
    printer.clear();
    ending
}

struct Sweep<'a> {
    folder: &'a RunFolder,
    run: &'a RunRecord,
    printer: &'a Printer,
    progress: Progress,
    /// Trials of earlier sessions.
    earlier: usize,
    rows: Vec<TrialRow>,
    started: Instant,
    slowest_block: Duration,
    /// What of the load could not be read.
    noted: Vec<String>,
}

impl Sweep<'_> {
    async fn blocks(
        &mut self,
        bench: &mut dyn Bench,
        rule: &dyn StopRule,
    ) -> anyhow::Result<Ending> {
        let blocks = self.run.scenario.sweep.blocks;
        let cells = self.run.design.cells().len();
        let whole = (self.rows.len() / cells.max(1)) as u32;
        // A session that died between a block and its verdict.
        if self.rows.len().is_multiple_of(cells.max(1))
            && let Some(ending) = self.ending(whole, rule)
        {
            return Ok(ending);
        }
        for cell in bench.warm_ups() {
            self.warm_up(bench, &cell).await?;
        }
        for block in whole + 1..=blocks.max {
            let began = Instant::now();
            if let Some(ending) = self.block(bench, block).await? {
                return Ok(ending);
            }
            self.slowest_block = self.slowest_block.max(began.elapsed());
            if let Some(ending) = self.ending(block, rule) {
                return Ok(ending);
            }
        }
        Ok(Ending::MaxBlocks)
    }

    /// Whether the sweep ends with this block.
    fn ending(&self, block: u32, rule: &dyn StopRule) -> Option<Ending> {
        let blocks = self.run.scenario.sweep.blocks;
        if block >= blocks.max {
            return Some(Ending::MaxBlocks);
        }
        if block >= blocks.min
            && let Some(ending) = rule.decide(&self.rows)
        {
            return Some(ending);
        }
        let budget = self.run.scenario.sweep.budget?.get();
        let would_end = self.started.elapsed() + self.slowest_block;
        (block > 0 && would_end > budget).then_some(Ending::Budget)
    }

    async fn warm_up(&mut self, bench: &mut dyn Bench, cell: &Cell) -> anyhow::Result<()> {
        self.printer.note(format!("warming up: {cell}"));
        let mut watch = |doing| self.progress.show(self.printer, cell, doing);
        bench.warm_up(cell, &mut watch).await.with_context(|| {
            format!("the warm-up restore of {cell} did not complete; nothing was measured")
        })
    }

    async fn block(&mut self, bench: &mut dyn Bench, block: u32) -> anyhow::Result<Option<Ending>> {
        for trial in self.run.design.block(block) {
            if trial.number as usize <= self.rows.len() {
                continue;
            }
            if self.is_out_of_time() {
                return Ok(Some(Ending::Budget));
            }
            let mut watch = |doing| self.progress.show(self.printer, trial.cell, doing);
            let finished = bench.run(&trial, self.run.sessions, &mut watch).await?;
            let Finished { row, items, load, load_notes, log } = finished;
            self.note_once(load_notes)?;
            self.folder.append(&row, &items, &load, &log)?;
            self.progress.finished(self.printer, &row);
            self.rows.push(row);
            if self.failed_in_row() {
                return Ok(Some(Ending::Failures));
            }
        }
        Ok(None)
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

    fn is_out_of_time(&self) -> bool {
        let budget = self.run.scenario.sweep.budget;
        self.rows.len() > self.earlier
            && budget.is_some_and(|budget| self.started.elapsed() > budget.get())
    }

    fn failed_in_row(&self) -> bool {
        let ours = &self.rows[self.earlier..];
        ours.len() >= FAILURES_IN_ROW
            && ours[ours.len() - FAILURES_IN_ROW..]
                .iter()
                .all(|row| row.outcome != Outcome::Completed)
    }
}
