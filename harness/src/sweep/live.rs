//! Trials on real servers.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use restore_core::archive::Archive;
use restore_core::engine::{Engine, EngineEnd, PgRestore, Psql, RestoreReport, RestoreRequest};
use restore_core::format::Format;
use restore_core::plan::{PgMajor, Plan};
use tokio::time::Instant;
use tokio_postgres::Client;

use super::hooks::Around;
use super::items::ItemIndex;
use super::warm_up::{Attempt, serial};
use super::{Bench, Finished, WarmedUp, Watch, caches, watching};
use crate::clock;
use crate::dataset::selection::Selection;
use crate::dataset::{Counted, Counts, Difference, brought_by_extensions, count, differences};
use crate::design::{ArchiveKey, Cell, Trial};
use crate::errors::Judge;
use crate::lease::Lease;
use crate::load::{Sampling, Seen, held_by_locks, summarise};
use crate::provider::{Database, Server};
use crate::record::{ArchiveRecord, ErrorReference, ErrorRow, Outcome, TrialRow, nanos};
use crate::scenario::Scenario;
use crate::workload::{Latencies, Production, Traffic, now_us};

/// Servers, archives, and how to restore the ones into the others.
pub struct LiveBench<'a> {
    scenario: &'a Scenario,
    lease: &'a Lease,
    /// Which server each variant uses.
    servers: Vec<Server>,
    of_variant: BTreeMap<String, usize>,
    archives: HashMap<ArchiveKey, Contents>,
    cells: Vec<Cell>,
    /// The workload beside the trials of a variant, where it has one.
    production: BTreeMap<String, Production>,
    /// Which errors a trial may have.
    errors: Judge,
}

/// What is known of an archive.
struct Contents {
    path: PathBuf,
    /// What its rows must come to; `None` until a first restore has told.
    expected: Option<Counts>,
    /// Of the databases for it, where it is not the server's own.
    encoding: Option<String>,
    /// Rows that extensions bring beside them; `None` until rows were found
    /// that the archive does not have.
    brought: Option<Counts>,
    items: ItemIndex,
    /// What waits for what; absent where the engine restores serially.
    plan: Option<Plan>,
}

impl<'a> LiveBench<'a> {
    /// Restores `archives` into `servers`; `of_variant` says which of them
    /// each variant uses.
    pub fn new(
        scenario: &'a Scenario,
        lease: &'a Lease,
        servers: Vec<Server>,
        of_variant: BTreeMap<String, usize>,
        archives: &[ArchiveRecord],
        cells: &[Cell],
    ) -> anyhow::Result<Self> {
        let mut contents = HashMap::new();
        for record in archives {
            let (path, expected) = (record.path.clone(), record.rows.clone());
            let (mut items, mut plan) = (ItemIndex::default(), None);
            if record.key.format != Format::Plain {
                let archive = Archive::open(&path)?;
                let number = of_variant.get(&record.key.variant);
                let server = number.and_then(|&number| servers.get(number));
                let major = server.map(|server| PgMajor(server.client_version().major));
                // A damaged archive is for pg_restore to refuse.
                items = ItemIndex::new(&archive);
                if let Some(major) = major {
                    let options = scenario.options(&record.key.variant);
                    let selection = Selection::read(&options, major)?;
                    plan = match &selection {
                        Some(selection) => {
                            let selected = selection.of(&archive)?;
                            items.count = Some(selected.restored().count() as u64);
                            Plan::of(&selected, major).ok()
                        }
                        None => Plan::new(archive.toc(), major).ok(),
                    };
                }
            }
            let encoding = record.encoding.clone();
            let contained = Contents { path, expected, encoding, brought: None, items, plan };
            contents.insert(record.key.clone(), contained);
        }
        Ok(Self {
            scenario,
            lease,
            servers,
            of_variant,
            archives: contents,
            cells: cells.to_vec(),
            production: BTreeMap::new(),
            errors: Judge::new(scenario.restore.errors.clone(), Vec::new()),
        })
    }

    /// Runs these workloads beside the trials of their variants.
    #[must_use]
    pub fn beside(self, production: BTreeMap<String, Production>) -> Self {
        Self { production, ..self }
    }

    /// Compares the errors of trials with those of earlier sessions, where the scenario wants
    /// them compared.
    #[must_use]
    pub fn comparing_errors_with(self, references: Vec<ErrorReference>) -> Self {
        let errors = Judge::new(self.scenario.restore.errors.clone(), references);
        Self { errors, ..self }
    }

    /// Starts the workload that belongs beside a trial.
    async fn traffic(&self, cell: &Cell, trial: u32) -> anyhow::Result<Option<Traffic>> {
        let variant = &cell.archive.variant;
        match self.production.get(variant) {
            Some(production) => {
                production.begin(self.server(variant)?, &purpose(trial)).await.map(Some)
            }
            None => Ok(None),
        }
    }

    fn server(&self, variant: &str) -> anyhow::Result<&Server> {
        let number = self.of_variant.get(variant);
        number.and_then(|&number| self.servers.get(number)).with_context(|| no_server(variant))
    }

    fn server_mut(&mut self, variant: &str) -> anyhow::Result<&mut Server> {
        let number = self.of_variant.get(variant);
        number.and_then(|&number| self.servers.get_mut(number)).with_context(|| no_server(variant))
    }

    fn contents(&self, key: &ArchiveKey) -> anyhow::Result<&Contents> {
        self.archives.get(key).with_context(|| {
            format!("there is no {} {} archive of {:?}", key.format, key.compression, key.variant)
        })
    }

    fn request(
        &self,
        cell: &Cell,
        database: &str,
        limit: Option<Duration>,
    ) -> anyhow::Result<RestoreRequest> {
        Ok(RestoreRequest {
            archive: self.contents(&cell.archive)?.path.clone(),
            target: self.server(&cell.archive.variant)?.target(database),
            jobs: cell.jobs,
            options: self.scenario.options(&cell.archive.variant),
            time_limit: limit,
        })
    }

    /// Makes the database, runs what is to run in it before the restore, and
    /// settles what earlier work left behind.
    async fn prepare(&mut self, cell: &Cell, trial: u32) -> anyhow::Result<Prepared> {
        let (scenario, lease) = (self.scenario, self.lease);
        let encoding = self.contents(&cell.archive)?.encoding.clone();
        let server = self.server_mut(&cell.archive.variant)?;
        caches::cool(scenario, server).await?;
        let name = scenario.hooks.database.as_deref();
        let encoding = encoding.as_deref();
        let database = server.create_trial_database(&purpose(trial), name, encoding, lease).await?;
        let before = self.around(cell, &database.name, trial)?.before().await?;
        self.server(&cell.archive.variant)?.checkpoint().await?;
        Ok(Prepared { database, before })
    }

    /// What the scenario asks for around a trial.
    fn around<'b>(
        &'b self,
        cell: &Cell,
        database: &'b str,
        trial: u32,
    ) -> anyhow::Result<Around<'b>> {
        let server = self.server(&cell.archive.variant)?;
        Ok(Around { hooks: &self.scenario.hooks, server, database, trial, jobs: cell.jobs })
    }

    async fn restore(
        &self,
        cell: &Cell,
        database: &str,
        sampling: Option<Sampling>,
        limit: Option<Duration>,
        watch: Watch<'_>,
    ) -> anyhow::Result<(RestoreReport, Seen)> {
        let server = self.server(&cell.archive.variant)?;
        let engine: Box<dyn Engine> = match cell.archive.format {
            Format::Plain => Box::new(Psql::new(server.launcher())),
            _ => Box::new(PgRestore::new(server.launcher())),
        };
        let of = self.contents(&cell.archive)?.items.count;
        let request = self.request(cell, database, limit)?;
        Ok(watching::restore(engine.as_ref(), &request, of, sampling, watch).await?)
    }

    /// What the database looks like after a restore.
    async fn inspect(&self, cell: &Cell, database: &str) -> anyhow::Result<Restored> {
        let server = self.server(&cell.archive.variant)?;
        let connection = server.connect(database).await?;
        let client = &connection.client;
        let contents = self.contents(&cell.archive)?;
        let expected = contents.expected.clone().unwrap_or_default();
        let size: i64 =
            client.query_one("SELECT pg_database_size(current_database())", &[]).await?.get(0);
        let counted = count(client, &expected).await?;
        let brought = if let Some(brought) = &contents.brought {
            brought.clone()
        } else {
            let others: Vec<String> = differences(&expected, &Counts::new(), &counted)
                .into_iter()
                .map(|difference| difference.table)
                .collect();
            brought_by_extensions(server, self.lease, client, &others).await?
        };
        Ok(Restored { counted, brought, bytes: size as u64 })
    }

    /// Runs one restore from the fresh database to its end.
    async fn cycle(
        &mut self,
        cell: &Cell,
        trial: u32,
        limit: Option<Duration>,
        watch: Watch<'_>,
    ) -> anyhow::Result<Cycle> {
        let limit = limit.into_iter().chain(self.scenario.sweep.trial_limit()).min();
        let begun = Instant::now();
        let prepared = self.prepare(cell, trial).await?;
        let database = &prepared.database.name;
        let traffic = self.traffic(cell, trial).await?;
        let wal_before = self.wal_position(cell).await;
        let path = &self.contents(&cell.archive)?.path;
        let server = self.server(&cell.archive.variant)?;
        let sampling = watching::sample(self.scenario, server, database, path, trial).await;
        let prepare = begun.elapsed().saturating_sub(prepared.before.unwrap_or_default());
        let started_at = clock::rfc3339(clock::now());
        let start_us = now_us();
        let (report, seen) = self.restore(cell, database, sampling, limit, watch).await?;
        let end_us = now_us();

        let begun = Instant::now();
        let wal = match (wal_before, self.wal_position(cell).await) {
            (Some(before), Some(after)) => after.checked_sub(before),
            _ => None,
        };
        // Counting the rows is no part of the stretch after the restore.
        let latencies = match traffic {
            Some(traffic) => Some(traffic.finish(start_us, end_us).await),
            None => None,
        };
        let waited = begun.elapsed();
        let mut log = report.messages.clone();
        // What was stopped is not worth what would complete it.
        let after = match report.end {
            EngineEnd::TimedOut => Ok(None),
            EngineEnd::Exited(_) => self.around(cell, database, trial)?.after().await,
        };
        let begun = Instant::now();
        let restored = match self.inspect(cell, database).await {
            Ok(restored) => Some(restored),
            Err(error) => {
                log.push(format!("what was restored cannot be seen: {error:#}"));
                None
            }
        };
        let index = &self.contents(&cell.archive)?.items;
        let mut errors: Vec<ErrorRow> =
            report.errors.kept().iter().map(|error| index.error(error)).collect();
        let refused = self.errors.refusal(&cell.archive, &report, &mut errors);
        let judged = Judged { report: &report, refused, errors: &errors };
        let (mut outcome, mut message) = self.judge(cell, judged, restored.as_ref());
        let verify = waited + begun.elapsed();
        let cleanup = self.around(cell, database, trial)?.cleanup().await;
        // What was measured is not what was asked for.
        let failures = [
            latencies.as_ref().and_then(|l| l.as_ref().err()),
            after.as_ref().err(),
            cleanup.as_ref().err(),
        ];
        for error in failures.into_iter().flatten() {
            log.push(format!("{error:#}"));
            if outcome == Outcome::Completed {
                (outcome, message) = (Outcome::Failed, Some(format!("{error:#}")));
            }
        }
        let error_reference = self.error_reference(cell, trial, outcome, &errors);
        let after = [after.ok().flatten(), cleanup.ok().flatten()];
        Ok(Cycle {
            errors,
            error_reference,
            before: prepared.before,
            after: after.into_iter().flatten().reduce(|a, b| a + b),
            database: prepared.database,
            latencies: latencies.and_then(Result::ok),
            report,
            seen,
            restored,
            wal,
            outcome,
            message,
            log,
            started_at,
            prepare,
            verify,
        })
    }

    async fn wal_position(&self, cell: &Cell) -> Option<u64> {
        let connection = self.server(&cell.archive.variant).ok()?.admin().await.ok()?;
        wal_position(&connection.client).await
    }

    fn judge(
        &mut self,
        cell: &Cell,
        judged: Judged<'_>,
        restored: Option<&Restored>,
    ) -> (Outcome, Option<String>) {
        let Judged { report, refused, errors } = judged;
        if report.end == EngineEnd::TimedOut {
            let after = report.wall.as_secs_f64();
            return (Outcome::TimedOut, Some(format!("stopped at its limit, after {after:.1} s")));
        }
        if let Some(message) = refused {
            return (Outcome::Failed, Some(message));
        }
        let Some(restored) = restored else {
            return (Outcome::Failed, Some("the server could not be asked afterwards".to_owned()));
        };
        let Restored { counted, brought, .. } = restored;
        let Some(contents) = self.archives.get_mut(&cell.archive) else {
            return (Outcome::Completed, None);
        };
        if !brought.is_empty() {
            contents.brought = Some(brought.clone());
        }
        let expected = contents.expected.get_or_insert_with(|| counted.rows.clone());
        let mut found = differences(expected, brought, counted);
        // COPY loads all rows or none.
        found.retain(|difference| !has_accepted_error(difference, errors));
        if found.is_empty() {
            (Outcome::Completed, uncounted(expected, counted))
        } else {
            let told: Vec<String> = found.iter().map(ToString::to_string).collect();
            (Outcome::Invalid, Some(told.join("; ")))
        }
    }

    /// The errors of a restore as what the trials after it are compared with, if the archive
    /// has no such errors yet.
    fn error_reference(
        &mut self,
        cell: &Cell,
        trial: u32,
        outcome: Outcome,
        errors: &[ErrorRow],
    ) -> Option<ErrorReference> {
        if outcome != Outcome::Completed || !self.errors.needs_reference(&cell.archive) {
            return None;
        }
        let reference = ErrorReference {
            archive: cell.archive.clone(),
            jobs: cell.jobs,
            trial: (trial > 0).then_some(trial),
            errors: errors.to_vec(),
        };
        self.errors.set_reference(reference.clone());
        Some(reference)
    }

    /// A restore that no trial counts, and its database dropped.
    async fn warm_up_once(&mut self, cell: &Cell, watch: Watch<'_>) -> anyhow::Result<Cycle> {
        // A warm-up is looked at too, so that it warms up what a trial does.
        let limit = self.scenario.sweep.warm_up.limit();
        let mut cycle = self.cycle(cell, 0, limit, watch).await?;
        self.clear(cell, &cycle.database, &mut cycle.log).await?;
        Ok(cycle)
    }

    /// Drops the database. If the server died meanwhile, it is started again:
    /// the trial has failed, the sweep goes on.
    async fn clear(
        &mut self,
        cell: &Cell,
        database: &Database,
        log: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let variant = &cell.archive.variant;
        if self.server(variant)?.is_alive().await {
            return self.server(variant)?.drop_database(database).await;
        }
        log.push("the server did not answer after the restore; it was started again".to_owned());
        let server = self.server_mut(variant)?;
        server.restart().await.context("the server died and does not come back")?;
        self.server(variant)?.drop_database(database).await
    }
}

struct Restored {
    counted: Counted,
    /// Rows that extensions brought into tables of their own.
    brought: Counts,
    bytes: u64,
}

/// What the errors of a restore came to.
struct Judged<'a> {
    report: &'a RestoreReport,
    refused: Option<String>,
    errors: &'a [ErrorRow],
}

/// Whether a table has no rows because of an error that the user accepts.
fn has_accepted_error(difference: &Difference, errors: &[ErrorRow]) -> bool {
    let of_data = errors.iter().filter(|error| error.accepted && error.kind == "TABLE DATA");
    of_data.map(|error| error.name.as_str()).any(|table| difference.is_not_loaded(table))
}

/// Which of the tables could not be checked.
fn uncounted(expected: &Counts, counted: &Counted) -> Option<String> {
    let tables: Vec<&str> = counted
        .uncountable
        .iter()
        .filter(|table| expected.contains_key(*table))
        .map(String::as_str)
        .collect();
    (!tables.is_empty()).then(|| {
        format!(
            "cannot be counted by this role (row level security, or no right to read): {}",
            tables.join(", ")
        )
    })
}

/// A database that is ready for a restore.
struct Prepared {
    database: Database,
    /// How long the scenario's scripts and commands took.
    before: Option<Duration>,
}

/// One restore with everything around it but the end.
struct Cycle {
    database: Database,
    before: Option<Duration>,
    after: Option<Duration>,
    report: RestoreReport,
    errors: Vec<ErrorRow>,
    error_reference: Option<ErrorReference>,
    seen: Seen,
    restored: Option<Restored>,
    wal: Option<u64>,
    latencies: Option<Latencies>,
    outcome: Outcome,
    message: Option<String>,
    log: Vec<String>,
    started_at: String,
    prepare: Duration,
    verify: Duration,
}

impl Cycle {
    /// The same as a warm-up of `cell`.
    fn attempt<'a>(&'a self, cell: &'a Cell) -> Attempt<'a> {
        Attempt {
            cell,
            outcome: self.outcome,
            message: self.message.as_deref(),
            errors: &self.errors,
            reached_end: self.report.reached_end,
        }
    }
}

#[async_trait]
impl Bench for LiveBench<'_> {
    fn warm_ups(&self) -> Vec<Cell> {
        let cores = |variant: &str| self.server(variant).ok()?.cores();
        caches::warm_ups(self.scenario, &self.cells, cores)
    }

    async fn warm_up(&mut self, cell: &Cell, watch: Watch<'_>) -> anyhow::Result<WarmedUp> {
        let warm_up = self.scenario.sweep.warm_up;
        let mut last = self.warm_up_once(cell, &mut *watch).await?;
        let mut cell = cell.clone();
        let mut notes = Vec::new();
        let first = last.attempt(&cell);
        // What fails with several jobs by chance may be restored by one.
        if !first.is_good(warm_up)
            && first.failed_by_errors()
            && let Some(serial) = serial(&cell)
        {
            notes.push(first.failed_in_parallel());
            cell = serial;
            last = self.warm_up_once(&cell, watch).await?;
        }
        let attempt = last.attempt(&cell);
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
        let cell = trial.cell;
        let mut cycle = self.cycle(cell, trial.number, trial.limit, watch).await?;
        let begun = Instant::now();
        self.clear(cell, &cycle.database, &mut cycle.log).await?;
        let cleanup = begun.elapsed();
        let Contents { items, plan, .. } = self.contents(&cell.archive)?;
        let report = cycle.report;
        let mut load = summarise(&cycle.seen.samples);
        let plan = plan.as_ref().filter(|_| load.load_samples.is_some());
        load.workers_held_by_locks_ns =
            plan.and_then(|plan| held_by_locks(plan, cell.jobs, &report.items)).map(nanos);
        let row = TrialRow {
            trial: trial.number,
            block: trial.block,
            position: trial.position,
            session,
            variant: cell.archive.variant.clone(),
            engine: cell.archive.engine().to_owned(),
            format: cell.archive.format,
            compression: cell.archive.compression,
            jobs: cell.jobs,
            outcome: cycle.outcome,
            started_at: cycle.started_at,
            wall_ns: nanos(report.wall),
            pre_data_ns: report.workers_began.map(nanos),
            prepare_ns: nanos(cycle.prepare),
            verify_ns: nanos(cycle.verify),
            cleanup_ns: nanos(cleanup),
            rows: cycle.restored.as_ref().map(|restored| restored.counted.rows.values().sum()),
            database_bytes: cycle.restored.map(|restored| restored.bytes),
            wal_bytes: cycle.wal,
            errors: report.errors.count(),
            exit_code: match report.end {
                EngineEnd::Exited(code) => code,
                EngineEnd::TimedOut => None,
            },
            message: cycle.message,
            archive_bytes: None,
            before_ns: cycle.before.map(nanos),
            after_ns: cycle.after.map(nanos),
            load,
            workload: cycle.latencies.as_ref().map(Latencies::summary).unwrap_or_default(),
        };
        let items = report.items.into_iter().map(|timing| items.row(timing)).collect();
        let latency = cycle.latencies.as_ref().map(Latencies::rows).unwrap_or_default();
        let log = if row.outcome == Outcome::Completed { Vec::new() } else { cycle.log };
        let Seen { samples, notes } = cycle.seen;
        let (errors, error_reference) = (cycle.errors, cycle.error_reference);
        Ok(Finished {
            row,
            items,
            load: samples,
            load_notes: notes,
            latency,
            errors,
            error_reference,
            log,
        })
    }
}

/// What a database of a trial is for, as its name says; 0 is a warm-up.
fn purpose(trial: u32) -> String {
    if trial == 0 { "warm_up".to_owned() } else { format!("t{trial}") }
}

fn no_server(variant: &str) -> String {
    format!("variant {variant:?} has no server")
}

/// The end of the WAL in bytes; a standby has none of its own.
async fn wal_position(client: &Client) -> Option<u64> {
    let query = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text";
    let row = client.query_one(query, &[]).await.ok()?;
    row.get::<_, String>(0).parse().ok()
}
