//! A trial, from its preparation to its row.
//!
//! What restores and dumps have in common is here, in the order in which it is done;
//! [`Work`] is what they differ in.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::bench::{Bench, Finished, WarmedUp, Watch};
use super::caches;
use super::venue::{Site, Venues};
use super::warm_up::{Attempt, serial};
use super::watching::{self, Watched};
use crate::clock;
use crate::design::{ArchiveKey, Cell, Trial};
use crate::load::{Seen, summarise};
use crate::record::{Outcome, nanos};
use crate::scenario::Scenario;

/// What is measured in a trial, and whether it came out right.
#[async_trait]
pub(super) trait Work: Send {
    /// What a trial works on.
    type Target: Send;
    /// What the program came to.
    type Report: Send;

    /// Makes what the trial works on. The caches are as the scenario wants them.
    async fn prepare(
        &mut self,
        site: &mut Site<'_>,
        trial: &mut Finished,
    ) -> anyhow::Result<Self::Target>;

    /// The database and the archive whose load is sampled.
    fn sampled(&self, site: &Site<'_>, target: &Self::Target) -> anyhow::Result<(String, PathBuf)>;

    /// Runs the program: this alone is the trial's time.
    async fn work(
        &mut self,
        site: &Site<'_>,
        target: &Self::Target,
        limit: Option<Duration>,
        watched: Watched<'_>,
    ) -> anyhow::Result<(Self::Report, Seen)>;

    /// Writes into `trial` what the program came to, its outcome included.
    async fn verify(
        &mut self,
        site: &mut Site<'_>,
        target: &mut Self::Target,
        report: Self::Report,
        trial: &mut Finished,
    ) -> anyhow::Result<()>;

    /// Removes what was made. May add to the log of the trial.
    async fn clear(
        &mut self,
        site: &mut Site<'_>,
        target: Self::Target,
        log: &mut Vec<String>,
    ) -> anyhow::Result<()>;
}

/// Why a trial timed out.
pub(super) fn stopped_after(wall: Duration) -> String {
    format!("stopped at its limit, after {:.1} s", wall.as_secs_f64())
}

/// Runs trials of one kind of work.
pub(super) struct TrialRunner<'a, W> {
    scenario: &'a Scenario,
    venues: Venues,
    cells: Vec<Cell>,
    work: W,
}

impl<'a, W: Work> TrialRunner<'a, W> {
    /// Trials of `cells`, each at the venue of its variant.
    pub(super) fn new(scenario: &'a Scenario, venues: Venues, cells: &[Cell], work: W) -> Self {
        Self { scenario, venues, cells: cells.to_vec(), work }
    }

    async fn trial(
        &mut self,
        trial: &Trial<'_>,
        session: u32,
        watch: Watch<'_>,
    ) -> anyhow::Result<Finished> {
        let ArchiveKey { variant, format, .. } = &trial.cell.archive;
        let engine = self.scenario.engine(variant, *format, trial.cell.engine);
        let mut finished = Finished::begun(trial, session, engine);
        let limit = trial.limit.into_iter().chain(self.scenario.sweep.trial_limit()).min();
        let mut site = self.venues.site(trial.cell, trial.number)?;

        let begun = Instant::now();
        caches::cool(self.scenario, site.server).await?;
        let mut target = self.work.prepare(&mut site, &mut finished).await?;
        let (database, archive) = self.work.sampled(&site, &target)?;
        let sampling =
            watching::sample(self.scenario, site.server, &database, &archive, trial.number).await;
        let hooks = finished.row.before_ns.unwrap_or(0);
        finished.row.prepare_ns = nanos(begun.elapsed()).saturating_sub(hooks);

        finished.row.started_at = clock::rfc3339(clock::now());
        let watched = Watched { sampling, watch };
        let (report, seen) = self.work.work(&site, &target, limit, watched).await?;
        finished.row.load = summarise(&seen.samples);
        (finished.load, finished.load_notes) = (seen.samples, seen.notes);

        self.work.verify(&mut site, &mut target, report, &mut finished).await?;

        let begun = Instant::now();
        self.work.clear(&mut site, target, &mut finished.log).await?;
        finished.row.cleanup_ns = nanos(begun.elapsed());
        if finished.row.outcome == Outcome::Completed {
            finished.log.clear();
        }
        Ok(finished)
    }

    /// A trial that is not recorded. Its load is sampled too, so that it warms up what
    /// trials use.
    async fn warm_up_once(&mut self, cell: &Cell, watch: Watch<'_>) -> anyhow::Result<Finished> {
        let limit = self.scenario.sweep.warm_up.limit();
        let trial = Trial { number: 0, block: 0, position: 0, cell, limit };
        self.trial(&trial, 0, watch).await
    }
}

#[async_trait]
impl<W: Work> Bench for TrialRunner<'_, W> {
    fn warm_ups(&self) -> Vec<Cell> {
        caches::warm_ups(self.scenario, &self.cells, |variant| self.venues.cores(variant))
    }

    async fn warm_up(&mut self, cell: &Cell, watch: Watch<'_>) -> anyhow::Result<WarmedUp> {
        let warm_up = self.scenario.sweep.warm_up;
        let mut last = self.warm_up_once(cell, &mut *watch).await?;
        let mut cell = cell.clone();
        let mut notes = Vec::new();
        let first = Attempt::of(&cell, &last);
        // What fails with several jobs by chance may be restored by one.
        if !first.is_good(warm_up)
            && first.failed_by_errors()
            && let Some(serial) = serial(&cell)
        {
            notes.push(first.failed_in_parallel());
            cell = serial;
            last = self.warm_up_once(&cell, watch).await?;
        }
        let attempt = Attempt::of(&cell, &last);
        if !attempt.is_good(warm_up) {
            return Err(attempt.failure(&last.log).into());
        }
        Ok(WarmedUp {
            restored_serially: !notes.is_empty(),
            notes,
            errors: last.errors,
            reference: last.error_reference,
        })
    }

    async fn run(
        &mut self,
        trial: &Trial<'_>,
        session: u32,
        watch: Watch<'_>,
    ) -> anyhow::Result<Finished> {
        self.trial(trial, session, watch).await
    }
}
