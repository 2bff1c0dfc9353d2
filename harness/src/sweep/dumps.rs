//! Trials that make archives instead of restoring them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use restore_core::archive::{Archive, RowCounts};
use restore_core::dump::DumpRequest;
use restore_core::format::Format;
use restore_core::launch::{Output, output_within};
use restore_core::units::Jobs;
use tokio::time::Instant;

use super::warm_up::Attempt;
use super::{Bench, Finished, WarmedUp, Watch, caches, watching};
use crate::clock;
use crate::dataset::{Counted, Counts, differences, size_on_disk};
use crate::design::{Cell, Trial};
use crate::load::{Sampling, Seen, summarise};
use crate::provider::Server;
use crate::record::{Outcome, TrialRow, WorkloadSummary, nanos};
use crate::scenario::Scenario;

/// A filled database that is dumped again and again.
pub struct DumpSource {
    /// Its name.
    pub database: String,
    /// Its rows: what every archive must hold.
    pub rows: Counts,
    /// Its size.
    pub bytes: u64,
}

/// Servers with a source each, and where archives of them are made.
pub struct DumpBench<'a> {
    scenario: &'a Scenario,
    servers: Vec<Server>,
    /// Which server each variant uses.
    of_variant: BTreeMap<String, usize>,
    /// The source of each server.
    sources: Vec<DumpSource>,
    cells: Vec<Cell>,
    folder: PathBuf,
}

impl<'a> DumpBench<'a> {
    /// Dumps the source of each of `servers` into `folder`, which is the run's
    /// own; `of_variant` says which server each variant uses.
    pub fn new(
        scenario: &'a Scenario,
        servers: Vec<Server>,
        of_variant: BTreeMap<String, usize>,
        sources: Vec<DumpSource>,
        cells: &[Cell],
        folder: PathBuf,
    ) -> Self {
        Self { scenario, servers, of_variant, sources, cells: cells.to_vec(), folder }
    }

    fn number(&self, variant: &str) -> anyhow::Result<usize> {
        let number = self.of_variant.get(variant).copied();
        number
            .filter(|&number| number < self.servers.len().min(self.sources.len()))
            .with_context(|| format!("variant {variant:?} has no server"))
    }

    async fn prepare(&mut self, number: usize) -> anyhow::Result<()> {
        let server = &mut self.servers[number];
        caches::cool(self.scenario, server).await?;
        server.checkpoint().await
    }

    /// Begins to look at the load. The archive is yet to be made: the disk that
    /// it will be on is that of its folder.
    async fn sample(&self, number: usize, trial: u32) -> Option<Sampling> {
        let (server, database) = (&self.servers[number], &self.sources[number].database);
        watching::sample(self.scenario, server, database, &self.folder, trial).await
    }

    /// Makes one archive; `None` if that took longer than a trial may.
    async fn dump(
        &self,
        number: usize,
        cell: &Cell,
        archive: &Path,
        limit: Option<Duration>,
        sampling: Option<Sampling>,
        watch: Watch<'_>,
    ) -> anyhow::Result<(Option<Output>, Seen)> {
        let server = &self.servers[number];
        let source = server.target(&self.sources[number].database);
        let request = DumpRequest {
            source: &source,
            archive,
            format: cell.archive.format,
            compression: cell.archive.compression,
            jobs: cell.jobs,
            snapshot: None,
        };
        let launcher = server.launcher();
        let command = request.command(server.client_version().major);
        let limit = limit.unwrap_or(Duration::MAX);
        let dumping = output_within(limit, launcher.as_ref(), command);
        let (dumped, seen) = watching::dump(dumping, sampling, watch).await;
        Ok((dumped?, seen))
    }

    /// One dump with everything around it but the end.
    async fn cycle(
        &mut self,
        cell: &Cell,
        archive: &Path,
        trial: u32,
        limit: Option<Duration>,
        watch: Watch<'_>,
    ) -> anyhow::Result<Cycle> {
        let limit = limit.into_iter().chain(self.scenario.sweep.trial_limit()).min();
        let number = self.number(&cell.archive.variant)?;
        let begun = Instant::now();
        remove(archive)?;
        self.prepare(number).await?;
        let sampling = self.sample(number, trial).await;
        let prepare = begun.elapsed();
        let started_at = clock::rfc3339(clock::now());
        let (dumped, seen) = self.dump(number, cell, archive, limit, sampling, watch).await?;
        let Some(dumped) = dumped else {
            let wall = limit.unwrap_or_default();
            let message = format!("stopped at its limit, after {:.1} s", wall.as_secs_f64());
            return Ok(Cycle {
                number,
                started_at,
                prepare,
                wall,
                verify: Duration::ZERO,
                bytes: None,
                outcome: Outcome::TimedOut,
                message: Some(message),
                exit_code: None,
                log: Vec::new(),
                seen,
            });
        };
        let begun = Instant::now();
        let (outcome, message) = self.judge(number, cell, archive, &dumped);
        Ok(Cycle {
            number,
            started_at,
            prepare,
            wall: dumped.wall,
            verify: begun.elapsed(),
            bytes: size_on_disk(archive),
            outcome,
            message,
            exit_code: dumped.exit.code,
            log: dumped.stderr,
            seen,
        })
    }

    fn judge(
        &self,
        number: usize,
        cell: &Cell,
        archive: &Path,
        dumped: &Output,
    ) -> (Outcome, Option<String>) {
        if !dumped.exit.success() {
            let said = dumped.stderr.first().cloned();
            let status = || format!("exit status {:?}", dumped.exit.code);
            return (Outcome::Failed, Some(said.unwrap_or_else(status)));
        }
        match flaws(cell.archive.format, archive, &self.sources[number].rows) {
            Ok(flaws) if flaws.is_empty() => (Outcome::Completed, None),
            Ok(flaws) => (Outcome::Invalid, Some(flaws.join("; "))),
            Err(error) => (Outcome::Invalid, Some(format!("{error:#}"))),
        }
    }
}

/// What of the source is not in the archive.
fn flaws(format: Format, archive: &Path, rows: &Counts) -> anyhow::Result<Vec<String>> {
    /// The last comment of a plain dump.
    const END: &str = "-- PostgreSQL database dump complete";

    if format == Format::Plain {
        let text = std::fs::read(archive)?;
        let end = String::from_utf8_lossy(&text[text.len().saturating_sub(200)..]);
        let is_whole = end.contains(END);
        return Ok(if is_whole { Vec::new() } else { vec![format!("{END:?} is missing")] });
    }
    let counted = Archive::open(archive)?.row_counts(Jobs::ONE)?;
    Ok(match counted {
        RowCounts::Exact(counts) => {
            let found = counts.into_iter().map(|(name, rows)| (name.to_string(), rows)).collect();
            let found = Counted { rows: found, ..Counted::default() };
            let differences = differences(rows, &Counts::new(), &found);
            differences.iter().map(ToString::to_string).collect()
        }
        RowCounts::Inserts(_) => Vec::new(),
    })
}

fn remove(archive: &Path) -> anyhow::Result<()> {
    let removed = if archive.is_dir() {
        std::fs::remove_dir_all(archive)
    } else {
        std::fs::remove_file(archive)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", archive.display()))
        }
        _ => Ok(()),
    }
}

struct Cycle {
    number: usize,
    started_at: String,
    prepare: Duration,
    wall: Duration,
    verify: Duration,
    bytes: Option<u64>,
    outcome: Outcome,
    message: Option<String>,
    exit_code: Option<i32>,
    log: Vec<String>,
    seen: Seen,
}

#[async_trait]
impl Bench for DumpBench<'_> {
    fn warm_ups(&self) -> Vec<Cell> {
        let cores = |variant: &str| self.servers[self.number(variant).ok()?].cores();
        caches::warm_ups(self.scenario, &self.cells, cores)
    }

    async fn warm_up(&mut self, cell: &Cell, watch: Watch<'_>) -> anyhow::Result<WarmedUp> {
        let archive = self.folder.join("warm_up");
        // A warm-up is looked at too, so that it warms up what a trial does.
        let warm_up = self.scenario.sweep.warm_up;
        let cycle = self.cycle(cell, &archive, 0, warm_up.limit(), watch).await?;
        remove(&archive)?;
        let attempt = Attempt {
            cell,
            outcome: cycle.outcome,
            message: cycle.message.as_deref(),
            errors: &[],
            reached_end: false,
        };
        if attempt.is_good(warm_up) {
            return Ok(WarmedUp::default());
        }
        Err(attempt.failure(&cycle.log).into())
    }

    async fn run(
        &mut self,
        trial: &Trial<'_>,
        session: u32,
        watch: Watch<'_>,
    ) -> anyhow::Result<Finished> {
        let cell = trial.cell;
        let archive = self.folder.join(format!("t{}", trial.number));
        let cycle = self.cycle(cell, &archive, trial.number, trial.limit, watch).await?;
        let begun = Instant::now();
        remove(&archive)?;
        let source = &self.sources[cycle.number];
        let row = TrialRow {
            trial: trial.number,
            block: trial.block,
            position: trial.position,
            session,
            variant: cell.archive.variant.clone(),
            engine: self.scenario.phase.engine(cell.archive.format).to_owned(),
            format: cell.archive.format,
            compression: cell.archive.compression,
            jobs: cell.jobs,
            outcome: cycle.outcome,
            started_at: cycle.started_at,
            wall_ns: nanos(cycle.wall),
            pre_data_ns: None,
            prepare_ns: nanos(cycle.prepare),
            verify_ns: nanos(cycle.verify),
            cleanup_ns: nanos(begun.elapsed()),
            rows: Some(source.rows.values().sum()),
            database_bytes: Some(source.bytes),
            wal_bytes: None,
            errors: u32::from(cycle.outcome == Outcome::Failed),
            exit_code: cycle.exit_code,
            message: cycle.message,
            archive_bytes: cycle.bytes,
            before_ns: None,
            after_ns: None,
            load: summarise(&cycle.seen.samples),
            workload: WorkloadSummary::default(),
        };
        let log = if row.outcome == Outcome::Completed { Vec::new() } else { cycle.log };
        let Seen { samples, notes } = cycle.seen;
        Ok(Finished {
            row,
            items: Vec::new(),
            load: samples,
            load_notes: notes,
            latency: Vec::new(),
            errors: Vec::new(),
            error_reference: None,
            log,
        })
    }
}
