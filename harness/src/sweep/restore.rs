//! Trials that restore archives.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use restore_core::engine::{
    Engine, Native, PgRestore, PgRestoreSections, Psql, RestoreEnd, RestoreReport, RestoreRequest,
};
use restore_core::format::Format;
use restore_core::launch::{CommandLine, output};
use tokio::time::Instant;

use super::bench::{Bench, Finished};
use super::hooks::Around;
use super::trial::{TrialRunner, Work, stopped_after};
use super::venue::{Site, Venues};
use super::verify::{Restored, check, inspect};
use super::watching::{self, Watched};
use crate::design::Cell;
use crate::errors::Judge;
use crate::lease::Lease;
use crate::load::{Seen, held_by_locks};
use crate::provider::{Database, Server};
use crate::record::{ControlRow, ErrorReference, ErrorRow, Outcome, nanos};
use crate::scenario::procedure::Procedure;
use crate::scenario::{EngineKind, Scenario};
use crate::workload::{Traffic, now_us};

/// What restores run on. Their errors are compared with the `references` of earlier
/// sessions, where the scenario wants them compared.
pub fn bench<'a>(
    scenario: &'a Scenario,
    venues: Venues,
    cells: &[Cell],
    lease: &'a Lease,
    references: Vec<ErrorReference>,
) -> impl Bench + 'a {
    let errors = Judge::new(scenario.restore.errors.clone(), references);
    TrialRunner::new(scenario, venues, cells, Restores { scenario, lease, errors })
}

/// Restores archives into fresh databases.
struct Restores<'a> {
    scenario: &'a Scenario,
    lease: &'a Lease,
    /// Which errors a trial may have.
    errors: Judge,
}

/// The database of a trial, and what goes on beside the restore.
struct Target {
    database: Database,
    traffic: Option<Traffic>,
    /// The end of the WAL before the restore, in bytes.
    wal: Option<u64>,
}

/// A restore that has ended, and when: in microseconds of Unix time.
struct Ended {
    report: RestoreReport,
    /// What a restore with `-j auto` decided.
    decisions: Vec<ControlRow>,
    start_us: u64,
    end_us: u64,
}

impl Restores<'_> {
    /// What the scenario asks for around a trial.
    fn around<'b>(&'b self, site: &'b Site<'_>, database: &'b Database) -> Around<'b> {
        let (server, database) = (&*site.server, &*database.name);
        let Site { trial, cell, .. } = *site;
        Around { hooks: &self.scenario.hooks, server, database, trial, jobs: cell.jobs }
    }

    fn request(
        &self,
        site: &Site<'_>,
        database: &str,
        time_limit: Option<Duration>,
    ) -> anyhow::Result<RestoreRequest> {
        let session = self.procedure(site).session_options();
        Ok(RestoreRequest {
            archive: site.contents()?.record.path.clone(),
            target: site.server.measured_target(database, session.as_deref()),
            jobs: site.cell.jobs,
            options: self.scenario.options(&site.cell.archive.variant),
            time_limit,
        })
    }

    fn procedure(&self, site: &Site<'_>) -> &Procedure {
        self.scenario.procedure(&site.cell.archive.variant)
    }

    /// Runs the scripts that complete the restore. What was stopped is not worth that.
    async fn complete(
        &self,
        site: &Site<'_>,
        database: &Database,
        end: RestoreEnd,
    ) -> anyhow::Result<Option<Duration>> {
        match end {
            RestoreEnd::Stopped => Ok(None),
            RestoreEnd::Finished | RestoreEnd::Failed => self.around(site, database).after().await,
        }
    }

    /// Makes the database ready for queries, as the scenario wants it. How long that took.
    async fn make_ready(
        &self,
        site: &Site<'_>,
        database: &Database,
        end: RestoreEnd,
    ) -> anyhow::Result<Option<Duration>> {
        let steps = &self.procedure(site).ready;
        if steps.is_empty() || end != RestoreEnd::Finished {
            return Ok(None);
        }
        let begun = Instant::now();
        let target = self.request(site, &database.name, None)?.target;
        for step in steps {
            let (program, arguments) = step.program();
            let command = CommandLine::new(program)
                .args(arguments.iter().copied())
                .args(["--no-password", "--quiet"])
                .arg(format!("--jobs={}", site.cell.jobs))
                .arg(format!("--dbname={}", target.conninfo))
                .envs(&target.env);
            let said = output(site.server.launcher().as_ref(), command).await?;
            if !said.exit.success() {
                bail!("[restore] ready: {step} failed: {}", said.stderr.join("\n"));
            }
        }
        Ok(Some(begun.elapsed()))
    }

    /// Holds the database against its archive, and the errors against those that are accepted.
    async fn inspect_and_judge(
        &self,
        site: &mut Site<'_>,
        database: &Database,
        report: &RestoreReport,
        trial: &mut Finished,
    ) -> anyhow::Result<()> {
        let verification = self.scenario.restore.verify;
        let inspected = inspect(site, self.lease, &database.name, verification).await;
        if let Err(error) = &inspected {
            trial.log.push(format!("what was restored cannot be seen: {error:#}"));
        }
        let restored = inspected.ok();
        let items = &site.contents()?.items;
        trial.errors = report.errors.kept().iter().map(|error| items.error(error)).collect();
        let row = &mut trial.row;
        (row.outcome, row.message) =
            self.judge(site, report, &mut trial.errors, restored.as_ref())?;
        row.rows = restored.as_ref().map(Restored::rows);
        row.database_bytes = restored.map(|restored| restored.bytes);
        Ok(())
    }

    /// What came of the restore by its end, its errors and its rows.
    fn judge(
        &self,
        site: &mut Site<'_>,
        report: &RestoreReport,
        errors: &mut [ErrorRow],
        restored: Option<&Restored>,
    ) -> anyhow::Result<(Outcome, Option<String>)> {
        // Marks the errors that are accepted, of a restore that was stopped too.
        let refused = self.errors.refusal(&site.cell.archive, report, errors);
        if report.end == RestoreEnd::Stopped {
            return Ok((Outcome::TimedOut, Some(stopped_after(report.wall))));
        }
        if let Some(message) = refused {
            return Ok((Outcome::Failed, Some(message)));
        }
        let Some(restored) = restored else {
            let message = "the server could not be asked afterwards".to_owned();
            return Ok((Outcome::Failed, Some(message)));
        };
        let same_errors = self.errors.wants_same_errors().then_some(&*errors);
        Ok(check(site.contents_mut()?, restored, same_errors))
    }

    /// The errors of a restore as what the trials after it are compared with, if the archive
    /// has no such errors yet.
    fn error_reference(&mut self, cell: &Cell, trial: &Finished) -> Option<ErrorReference> {
        if trial.row.outcome != Outcome::Completed || !self.errors.needs_reference(&cell.archive) {
            return None;
        }
        let reference = ErrorReference {
            archive: cell.archive.clone(),
            jobs: cell.jobs,
            trial: (trial.row.trial > 0).then_some(trial.row.trial),
            errors: trial.errors.clone(),
        };
        self.errors.set_reference(reference.clone());
        Some(reference)
    }
}

#[async_trait]
impl Work for Restores<'_> {
    type Target = Target;
    type Report = Ended;

    /// Makes the database, runs what is to run in it before the restore, settles what
    /// earlier work left behind, and starts the workload.
    async fn prepare(
        &mut self,
        site: &mut Site<'_>,
        trial: &mut Finished,
    ) -> anyhow::Result<Target> {
        let purpose = site.name();
        let name = self.scenario.hooks.database.as_deref();
        let encoding = site.contents()?.record.encoding.as_deref();
        let server = &*site.server;
        let database = server.create_trial_database(&purpose, name, encoding, self.lease).await?;
        trial.row.before_ns = self.around(site, &database).before().await?.map(nanos);
        server.checkpoint().await?;
        let traffic = match &site.venue.production {
            Some(production) => Some(production.begin(server, &purpose).await?),
            None => None,
        };
        Ok(Target { database, traffic, wal: wal_position(server).await })
    }

    fn sampled(&self, site: &Site<'_>, target: &Target) -> anyhow::Result<(String, PathBuf)> {
        Ok((target.database.name.clone(), site.contents()?.record.path.clone()))
    }

    async fn work(
        &mut self,
        site: &Site<'_>,
        target: &Target,
        limit: Option<Duration>,
        watched: Watched<'_>,
    ) -> anyhow::Result<(Ended, Seen)> {
        let request = self.request(site, &target.database.name, limit)?;
        let engine = engine(self.scenario, site);
        let items = site.contents()?.items.count;
        let start_us = now_us();
        if let Some(traffic) = &target.traffic {
            traffic.restore_begins();
        }
        let restore = engine.start(&request).await?;
        let (report, decisions, seen) = watching::restore(restore, items, watched).await;
        Ok((Ended { report, decisions, start_us, end_us: now_us() }, seen))
    }

    async fn verify(
        &mut self,
        site: &mut Site<'_>,
        target: &mut Target,
        ended: Ended,
        trial: &mut Finished,
    ) -> anyhow::Result<()> {
        let Ended { report, decisions, start_us, end_us } = ended;
        trial.decisions = decisions;
        trial.row.wal_bytes = wal_since(target.wal, site.server).await;
        let begun = Instant::now();
        // Counting the rows is no part of the stretch after the restore.
        let latencies = match target.traffic.take() {
            Some(traffic) => traffic.finish(start_us, end_us).await.map(Some),
            None => Ok(None),
        };
        let waited = begun.elapsed();
        trial.log.clone_from(&report.messages);
        let database = &target.database;
        let ready = self.make_ready(site, database, report.end).await;
        let after = self.complete(site, database, report.end).await;
        let begun = Instant::now();
        self.inspect_and_judge(site, database, &report, trial).await?;
        trial.row.verify_ns = nanos(waited + begun.elapsed());
        let cleanup = self.around(site, database).cleanup().await;
        if let Some(latencies) = unless_failed(latencies, trial) {
            (trial.row.workload, trial.latency) = (latencies.summary(), latencies.rows());
        }
        trial.row.ready_ns = unless_failed(ready, trial).map(nanos);
        let hooks = [unless_failed(after, trial), unless_failed(cleanup, trial)];
        trial.row.after_ns = hooks.into_iter().flatten().reduce(|a, b| a + b).map(nanos);
        trial.error_reference = self.error_reference(site.cell, trial);
        record(site, report, trial)
    }

    /// Drops the database. If the server died meanwhile, it is started again:
    /// the trial has failed, the sweep goes on.
    async fn clear(
        &mut self,
        site: &mut Site<'_>,
        target: Target,
        log: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        if !site.server.is_alive().await {
            log.push(
                "the server did not answer after the restore; it was started again".to_owned(),
            );
            site.server.restart().await.context("the server died and does not come back")?;
        }
        site.server.drop_database(&target.database).await
    }
}

/// What a probe asks of a workload that pgbench has made.
const USUAL_PROBE: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 1";

/// What `jobtune restore -j auto` is told to keep.
fn kept(scenario: &Scenario, site: &Site<'_>) -> Vec<String> {
    let limits = &scenario.restore.keep;
    let mut arguments: Vec<String> = limits.iter().map(|of| format!("--keep={of}")).collect();
    if limits.iter().any(|limit| limit.kind().is_of_probe()) {
        let probe = scenario.restore.probe.as_deref().unwrap_or(USUAL_PROBE);
        arguments.push(format!("--probe={probe}"));
        let workload = site.venue.production.as_ref();
        arguments.extend(workload.map(|of| format!("--probe-dbname={}", of.database())));
    }
    arguments
}

/// What restores the archive of a cell.
fn engine(scenario: &Scenario, site: &Site<'_>) -> Box<dyn Engine> {
    let launcher = site.server.launcher();
    let sections = scenario.procedure(&site.cell.archive.variant).sections.as_ref();
    match (site.cell.engine, site.cell.archive.format) {
        (EngineKind::Auto, _) => Box::new(Native::new(launcher).auto(kept(scenario, site))),
        (EngineKind::Native, _) => Box::new(Native::new(launcher)),
        (EngineKind::PgRestore, Format::Plain) => Box::new(Psql::new(launcher)),
        (EngineKind::PgRestore, _) => match sections {
            None => Box::new(PgRestore::new(launcher)),
            Some(sections) => {
                let (jobs, between) = (sections.jobs(site.cell.jobs), sections.between.clone());
                Box::new(PgRestoreSections::new(launcher, jobs, between))
            }
        },
    }
}

/// What `result` holds. An error fails the trial: what was measured is not what was asked for.
fn unless_failed<T>(result: anyhow::Result<Option<T>>, trial: &mut Finished) -> Option<T> {
    result.unwrap_or_else(|error| {
        let message = format!("{error:#}");
        trial.log.push(message.clone());
        if trial.row.outcome == Outcome::Completed {
            (trial.row.outcome, trial.row.message) = (Outcome::Failed, Some(message));
        }
        None
    })
}

/// What the engine itself tells.
fn record(site: &Site<'_>, report: RestoreReport, trial: &mut Finished) -> anyhow::Result<()> {
    let contents = site.contents()?;
    let row = &mut trial.row;
    row.wall_ns = nanos(report.wall);
    row.pre_data_ns = report.workers_began.map(nanos);
    row.errors = report.errors.count();
    row.exit_code = report.exit_code.filter(|_| report.end != RestoreEnd::Stopped);
    // Other engines do not hand out items as pg_restore does.
    let is_pg_restore = row.engine == PgRestore::NAME;
    let is_known = is_pg_restore && row.load.load_samples.is_some();
    let plan = contents.plan.as_ref().filter(|_| is_known);
    row.load.workers_held_by_locks_ns =
        plan.and_then(|plan| held_by_locks(plan, site.cell.jobs, &report.items)).map(nanos);
    trial.reached_end = report.end == RestoreEnd::Finished;
    trial.items = report.items.into_iter().map(|timing| contents.items.row(timing)).collect();
    Ok(())
}

/// Bytes of WAL written since it ended at `before`.
async fn wal_since(before: Option<u64>, server: &Server) -> Option<u64> {
    let before = before?;
    wal_position(server).await?.checked_sub(before)
}

/// The end of the server's WAL in bytes; a standby has none of its own.
async fn wal_position(server: &Server) -> Option<u64> {
    let connection = server.admin().await.ok()?;
    let query = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text";
    let row = connection.client.query_one(query, &[]).await.ok()?;
    row.get::<_, String>(0).parse().ok()
}
