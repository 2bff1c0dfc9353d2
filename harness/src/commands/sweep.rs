//! `jobtune sweep`: from a scenario to a run folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use restore_core::units::Jobs;
use tokio::signal::unix::{SignalKind, signal};

use super::estimate::{Estimate, check_disk};
use super::host::host;
use super::tune::{self, TuneSource};
use super::{Status, clear, recommend, state_folder};
use crate::analysis::{BlockPlan, Limits};
use crate::cli::{OutputFormat, StateArgs, SweepArgs};
use crate::clock;
use crate::dataset::cache::Maker;
use crate::dataset::{cache_folder, describe, plans, shared};
use crate::design::{Adaptive, ArchiveKey, Design};
use crate::lease::Lease;
use crate::printer::Printer;
use crate::provider::{Context, Server, Shared, process_environment};
use crate::recommend::{Decision, StopRule};
use crate::record::run::SCHEMA;
use crate::record::{ArchiveRecord, Ending, Host, RunFolder, RunRecord, ServerRecord, TrialRow};
use crate::scenario::{self, Cache, ConninfoSource, Dataset, Provider, Scenario, Variant};
use crate::sweep::live::{LiveBench, can_drop_caches};
use crate::sweep::source::check;
use crate::sweep::{BlockSource, Source};

pub(super) async fn run(args: SweepArgs, printer: &Printer) -> anyhow::Result<Status> {
    let (job, earlier) = match &args.resume {
        Some(folder) => Job::resume(folder, &args)?,
        None => (Job::new(&args)?, None),
    };
    if args.dry_run {
        printer.answer(&job.describe()?);
        return Ok(Status::Done);
    }
    if let Some(ending) = earlier.as_ref().and_then(|run| run.ended)
        && !matches!(ending, Ending::Budget | Ending::Failures)
    {
        printer.note(format!("nothing is left to do: {ending}"));
        if let Some(run) = &earlier {
            plans::complete(&RunFolder::open(&job.folder)?, run, printer)?;
        }
        return finish(&job, printer);
    }
    match carry_out(&job, earlier, &args.state, printer).await? {
        Carried::Ended => finish(&job, printer),
        Carried::Interrupted => Ok(Status::Interrupted),
    }
}

/// How far a job was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// To its end.
    Ended,
    /// Until it was interrupted; it can be resumed.
    Interrupted,
}

/// Executes a job under a lease, and removes what it has made however it
/// ends.
pub(super) async fn carry_out(
    job: &Job,
    earlier: Option<RunRecord>,
    state: &StateArgs,
    printer: &Printer,
) -> anyhow::Result<Carried> {
    job.check_room()?;
    let (lease, left) = Lease::take(&state_folder(state.state_dir.as_deref())?, &job.run)?;
    let work = async {
        for resource in &left {
            crate::provider::remove_resource(resource).await?;
        }
        job.execute(&lease, earlier, printer).await
    };
    let result = tokio::select! {
        result = work => result.map(Some),
        () = interrupted() => Ok(None),
    };
    printer.clear();
    exit_at_once_if_interrupted_again();
    let resources = lease.resources()?;
    let cleared = clear(lease, &resources, printer).await;
    match result {
        Ok(Some(())) => {
            cleared?;
            Ok(Carried::Ended)
        }
        Ok(None) => {
            job.say_how_to_resume(printer);
            cleared?;
            Ok(Carried::Interrupted)
        }
        Err(error) => {
            job.say_how_to_resume(printer);
            Err(error)
        }
    }
}

/// The answer: what the harness cost, and the recommendation.
fn finish(job: &Job, printer: &Printer) -> anyhow::Result<Status> {
    let folder = RunFolder::open(&job.folder)?;
    printer.answer(&recommend::render(&folder, OutputFormat::Text, printer)?);
    printer.note(format!("\nThe run is in {}", job.folder.display()));
    Ok(Status::Done)
}

async fn interrupted() {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let waits = kinds.map(|kind| {
        Box::pin(async move {
            match signal(kind) {
                Ok(mut signals) => drop(signals.recv().await),
                // Without a handler the signal ends the process by itself.
                Err(_) => std::future::pending().await,
            }
        })
    });
    futures_util::future::select_all(waits).await;
}

/// Clearing up takes a moment; whoever cannot wait for it can clean later.
fn exit_at_once_if_interrupted_again() {
    tokio::spawn(async {
        interrupted().await;
        std::process::exit(130);
    });
}

/// A sweep that is to be executed.
pub(super) struct Job {
    run: String,
    pub(super) scenario: Scenario,
    pub(super) folder: PathBuf,
    cache: PathBuf,
    seed: u64,
    conninfo: Option<String>,
    /// Choose the trials as they go, and at most so many; blocks otherwise.
    pub(super) max_restores: Option<u32>,
}

/// Servers and archives, ready for trials.
struct Stage {
    servers: Vec<Server>,
    of_variant: BTreeMap<String, usize>,
    records: BTreeMap<String, ServerRecord>,
    archives: Vec<ArchiveRecord>,
}

impl Job {
    pub(super) fn new(args: &SweepArgs) -> anyhow::Result<Self> {
        let scenario = load(args)?;
        let now = clock::now();
        let folder = args.out.clone().unwrap_or_else(|| {
            Path::new("runs").join(format!("{}-{}", scenario.name, clock::compact(now)))
        });
        if folder.exists() {
            bail!(
                "{} exists already: choose another --out, or go on with it by --resume {0}",
                folder.display()
            );
        }
        let conninfo = conninfo(&scenario, args)?;
        Ok(Self {
            run: run_id(),
            seed: scenario.sweep.seed.unwrap_or_else(|| u64::from(rand::random::<u32>())),
            cache: cache_folder(args.cache_dir.as_deref())?,
            scenario,
            folder,
            conninfo,
            max_restores: None,
        })
    }

    /// The job of a run folder, which must still be what it was.
    pub(super) fn resume(
        folder: &Path,
        args: &SweepArgs,
    ) -> anyhow::Result<(Self, Option<RunRecord>)> {
        let opened = RunFolder::open(folder)?;
        let mut run = opened.run()?;
        if args.scenario.is_some() {
            let mut now = load(args)?;
            now.sweep.budget = run.scenario.sweep.budget;
            if now != run.scenario {
                bail!(
                    "the scenario has changed since {} was made: resume without naming a scenario, \
                     or start a new run",
                    folder.display()
                );
            }
        }
        let host = host();
        if host != run.host {
            bail!(
                "{} was made on another host ({}; this is {}): its trials cannot go on here",
                folder.display(),
                describe_host(&run.host),
                describe_host(&host)
            );
        }
        run.scenario.sweep.budget = args.budget.or(run.scenario.sweep.budget);
        let job = Self {
            run: run.run.clone(),
            seed: run.design.seed(),
            cache: cache_folder(args.cache_dir.as_deref())?,
            conninfo: conninfo(&run.scenario, args)?,
            scenario: run.scenario.clone(),
            folder: folder.to_owned(),
            max_restores: run.adaptive.as_ref().map(|adaptive| adaptive.max_restores),
        };
        Ok((job, Some(run)))
    }

    async fn execute(
        &self,
        lease: &Lease,
        earlier: Option<RunRecord>,
        printer: &Printer,
    ) -> anyhow::Result<()> {
        let stage = self.stage(lease, printer).await?;
        let (folder, mut run) = match earlier {
            Some(run) => self.go_on(run, &stage)?,
            None => self.begin(&stage)?,
        };
        let mut bench = LiveBench::new(
            &self.scenario,
            lease,
            stage.servers,
            stage.of_variant,
            &stage.archives,
            run.design.cells(),
        )?;
        let rule = Rule(self.stop_rule(&run.design));
        let source = source(&run, &rule);
        let ending = crate::sweep::run(&mut bench, &folder, &run, source.as_ref(), printer).await?;
        drop(source);
        // With what was noted meanwhile.
        run = folder.run()?;
        run.ended = Some(ending);
        folder.write_run(&run)?;
        printer.note(format!("ended: {ending}\n"));
        Ok(())
    }

    /// Starts the servers and gets the archives.
    async fn stage(&self, lease: &Lease, printer: &Printer) -> anyhow::Result<Stage> {
        let shared = self.shared()?;
        let jobs = self.scenario.sweep.jobs.iter().map(|jobs| jobs.get());
        let context = Context {
            run: &self.run,
            lease,
            conninfo: self.conninfo.as_deref(),
            shared: &shared,
            max_jobs: jobs.max().unwrap_or(1),
        };
        let maker = Maker { folder: &self.cache, run: &self.run, lease, printer };
        let mut stage = Stage {
            servers: Vec::new(),
            of_variant: BTreeMap::new(),
            records: BTreeMap::new(),
            archives: Vec::new(),
        };
        let mut specs = Vec::new();
        for variant in &self.scenario.variants {
            // Variants that differ in the archive alone share a server.
            let number =
                if let Some(number) = specs.iter().position(|spec| *spec == &variant.server) {
                    number
                } else {
                    printer.note(format!("starting {}", describe_server(variant)));
                    let server = Server::start(&variant.server, specs.len(), &context).await?;
                    stage.servers.push(server);
                    specs.push(&variant.server);
                    specs.len() - 1
                };
            let server = &stage.servers[number];
            let sweep = &self.scenario.sweep;
            stage
                .archives
                .extend(maker.archives(variant, server, &sweep.formats, &sweep.compression).await?);
            let mut record = server.record().await?;
            if sweep.cache == Cache::Cold {
                record.notes.extend(cold_notes(server));
            }
            for note in &record.notes {
                printer.note(format!("note: {note}"));
            }
            stage.records.insert(variant.name.clone(), record);
            stage.of_variant.insert(variant.name.clone(), number);
        }
        self.check_serial_archives(&stage.archives)?;
        Ok(stage)
    }

    /// A given tar archive has its format from the file and not from the
    /// scenario, which could not be checked before.
    fn check_serial_archives(&self, archives: &[ArchiveRecord]) -> anyhow::Result<()> {
        let jobs = &self.scenario.sweep.jobs;
        for archive in archives {
            let format = archive.key.format;
            if !format.is_parallel() && !jobs.contains(&restore_core::units::Jobs::ONE) {
                bail!(
                    "{} is a {format} archive, which pg_restore restores with 1 job alone: say \
                     --jobs 1",
                    archive.path.display()
                );
            }
        }
        Ok(())
    }

    fn begin(&self, stage: &Stage) -> anyhow::Result<(RunFolder, RunRecord)> {
        let keys: Vec<ArchiveKey> =
            stage.archives.iter().map(|archive| archive.key.clone()).collect();
        let design = Design::new(&keys, &self.scenario.sweep.jobs, self.seed);
        let run = RunRecord {
            schema: SCHEMA,
            jobtune_version: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.run.clone(),
            created_at: clock::rfc3339(clock::now()),
            scenario: self.scenario.clone(),
            adaptive: self.adaptive(&design, stage)?,
            design,
            host: host(),
            servers: stage.records.clone(),
            archives: stage.archives.clone(),
            sessions: 1,
            load_notes: Vec::new(),
            ended: None,
        };
        Ok((RunFolder::create(&self.folder, &run, &plans::of(&run.archives)?)?, run))
    }

    /// What a run that chooses its trials has to remember.
    fn adaptive(&self, design: &Design, stage: &Stage) -> anyhow::Result<Option<Adaptive>> {
        let Some(max_restores) = self.max_restores else { return Ok(None) };
        let [archive] = &stage.archives[..] else { bail!("tune one archive at a time") };
        if !archive.key.format.is_parallel() {
            bail!(
                "{} is a {} archive, which pg_restore restores with 1 job alone: there is nothing \
                 to tune",
                archive.path.display(),
                archive.key.format
            );
        }
        let jobs: Vec<Jobs> = design.cells().iter().map(|cell| cell.jobs).collect();
        let server = stage.records.get(&archive.key.variant);
        tune::adaptive(max_restores, &jobs, archive, server).map(Some)
    }

    fn go_on(&self, mut run: RunRecord, stage: &Stage) -> anyhow::Result<(RunFolder, RunRecord)> {
        for (variant, server) in &stage.records {
            let then = run.servers.get(variant).map(|then| (&then.version, &then.client_version));
            if then != Some((&server.version, &server.client_version)) {
                bail!(
                    "the server of variant {variant:?} is another one now (PostgreSQL {}, programs \
                     {}): its trials cannot go on",
                    server.version,
                    server.client_version
                );
            }
        }
        for archive in &stage.archives {
            let then = run.archive(&archive.key).map(|then| &then.sha256);
            if then != Some(&archive.sha256) {
                bail!(
                    "the archive {} has changed since the run was made: its trials cannot go on",
                    archive.path.display()
                );
            }
        }
        let folder = RunFolder::open(&self.folder)?;
        folder.mend()?;
        for (archive, plan) in plans::of(&run.archives)? {
            folder.write_plan(archive, &plan)?;
        }
        let rule = Rule(self.stop_rule(&run.design));
        check(source(&run, &rule).as_ref(), &folder.trials()?)?;
        run.schema = SCHEMA;
        run.sessions += 1;
        run.ended = None;
        run.scenario.sweep.budget = self.scenario.sweep.budget;
        folder.write_run(&run)?;
        Ok((folder, run))
    }

    fn stop_rule(&self, design: &Design) -> StopRule {
        let blocks = self.scenario.sweep.blocks;
        StopRule {
            blocks: BlockPlan { min: blocks.min, max: blocks.max },
            cells_per_block: design.cells().len(),
            precision: blocks.precision.share(),
            tolerance: self.scenario.limits.tolerance.share(),
            seed: self.seed,
            limits: Limits::of(&self.scenario),
        }
    }

    /// What containers share with this machine: the cache, and the datasets'
    /// own files.
    fn shared(&self) -> anyhow::Result<Vec<Shared>> {
        std::fs::create_dir_all(&self.cache)
            .with_context(|| format!("cannot make the cache folder {}", self.cache.display()))?;
        let mut all = vec![Shared { path: self.cache.clone(), writable: true }];
        all.extend(self.scenario.variants.iter().flat_map(|variant| shared(&variant.dataset)));
        Ok(all)
    }

    /// The design before the archives are there.
    fn design(&self) -> anyhow::Result<Design> {
        let mut keys = Vec::new();
        let sweep = &self.scenario.sweep;
        for variant in &self.scenario.variants {
            let variant_name = variant.name.clone();
            if let Dataset::Archive { path } = &variant.dataset {
                let archive = restore_core::archive::Archive::open(path)?;
                let (format, compression) = (archive.format(), archive.header().compression);
                keys.push(ArchiveKey { variant: variant_name, format, compression });
                continue;
            }
            for &format in &sweep.formats {
                let none = [restore_core::format::Compression::NONE];
                let compressions =
                    if format.is_parallel() { &sweep.compression[..] } else { &none };
                for &compression in compressions {
                    keys.push(ArchiveKey { variant: variant_name.clone(), format, compression });
                }
            }
        }
        Ok(Design::new(&keys, &sweep.jobs, self.seed))
    }

    fn estimate(&self) -> anyhow::Result<Option<Estimate>> {
        Ok(Estimate::new(&self.scenario, &self.design()?, host().cores))
    }

    /// Where clusters are made, if they are made on this machine.
    fn cluster_folder(&self) -> Option<PathBuf> {
        match &self.scenario.variants[0].server.provider {
            Provider::Local { data_dir, .. } => {
                Some(data_dir.clone().unwrap_or_else(std::env::temp_dir))
            }
            Provider::Docker { .. } | Provider::External { .. } => None,
        }
    }

    fn check_room(&self) -> anyhow::Result<()> {
        match (self.estimate()?, self.cluster_folder()) {
            (Some(estimate), Some(folder)) => check_disk(&estimate, &folder),
            _ => Ok(()),
        }
    }

    /// What `--dry-run` prints.
    fn describe(&self) -> anyhow::Result<String> {
        let design = self.design()?;
        let blocks = self.scenario.sweep.blocks;
        let cells = design.cells().len() as u32;
        let mut lines = vec![
            format!("scenario   {}", self.scenario.name),
            format!("run folder {}", self.folder.display()),
            format!("seed       {}", self.seed),
        ];
        for variant in &self.scenario.variants {
            let what = describe(&variant.dataset);
            lines.push(format!("{:<10} {what} into {}", variant.name, describe_server(variant)));
        }
        lines.push(format!(
            "trials     {} to {}: {cells} cells in {} to {} blocks",
            blocks.min * cells,
            blocks.max * cells,
            blocks.min,
            blocks.max
        ));
        match self.estimate()? {
            Some(estimate) => lines.push(format!(
                "takes      about {} to {}, and {} of disk space (orders of magnitude)",
                about(estimate.min_secs),
                about(estimate.max_secs),
                estimate.disk
            )),
            None => lines.push("takes      not known before the data is there".to_owned()),
        }
        lines.push("\nfirst block, in its order".to_owned());
        for trial in design.block(1) {
            lines.push(format!("  {:>3}  {}", trial.number, trial.cell));
        }
        Ok(lines.join("\n"))
    }

    fn say_how_to_resume(&self, printer: &Printer) {
        if RunFolder::open(&self.folder).is_ok() {
            let folder = self.folder.display();
            printer.note(format!("go on with: jobtune sweep --resume {folder}"));
        }
    }
}

/// The sweep asks at the end of each block; the recommendation answers.
struct Rule(StopRule);

impl crate::sweep::StopRule for Rule {
    fn decide(&self, trials: &[TrialRow]) -> Option<Ending> {
        match self.0.decide(trials) {
            Decision::Continue => None,
            Decision::Stop(ending) => Some(ending),
        }
    }
}

/// Where the trials of a run come from.
fn source<'a>(run: &'a RunRecord, rule: &'a Rule) -> Box<dyn Source + 'a> {
    match &run.adaptive {
        Some(adaptive) => Box::new(TuneSource::new(run, adaptive)),
        None => Box::new(BlockSource::new(&run.design, run.scenario.sweep.blocks, rule)),
    }
}

fn load(args: &SweepArgs) -> anyhow::Result<Scenario> {
    let overrides = args.overrides();
    Ok(match (&args.scenario, &args.archive) {
        (Some(path), _) => scenario::load(path, &overrides)?,
        (None, Some(archive)) => scenario::from_archive(archive, &overrides)?,
        (None, None) => bail!("name a scenario, or an archive with --archive"),
    })
}

/// The connection string of an external server, which is never recorded.
fn conninfo(scenario: &Scenario, args: &SweepArgs) -> anyhow::Result<Option<String>> {
    for variant in &scenario.variants {
        if let Provider::External { conninfo, .. } = &variant.server.provider {
            return match conninfo {
                ConninfoSource::CommandLine => args
                    .conninfo
                    .clone()
                    .context("this run's server was named by --conninfo: give it again")
                    .map(Some),
                ConninfoSource::Env(variable) => process_environment()
                    .variable(variable)
                    .map(|value| Some(value.to_owned()))
                    .with_context(|| {
                        format!("the environment variable {variable} is not set: put the server's conninfo there")
                    }),
            };
        }
    }
    Ok(None)
}

/// Identifies a run on any server: eight letters and digits.
fn run_id() -> String {
    format!("{:08x}", rand::random::<u32>())
}

fn describe_server(variant: &Variant) -> String {
    match &variant.server.provider {
        Provider::Local { .. } => "a throw-away local cluster".to_owned(),
        Provider::Docker { image, .. } => format!("a container of {image}"),
        Provider::External { .. } => "the external server".to_owned(),
    }
}

fn describe_host(host: &Host) -> String {
    format!("{}, kernel {}, {} x {}", host.os, host.kernel, host.cores, host.cpu_model)
}

/// What "cold" does not mean here.
fn cold_notes(server: &Server) -> Vec<String> {
    let mut notes = Vec::new();
    if !can_drop_caches() {
        notes.push(
            "the system's caches could not be dropped (root on Linux can): \"cold\" is a \
                    restarted server with a warm page cache"
                .to_owned(),
        );
    }
    if !server.can_restart() {
        notes.push("an external server is not restarted: its own cache stays warm".to_owned());
    }
    notes
}

fn about(secs: f64) -> String {
    let time = Duration::from_secs_f64(secs);
    match time.as_secs() {
        0..120 => format!("{:.0} s", secs.max(1.0)),
        120..7200 => format!("{:.0} min", secs / 60.0),
        _ => format!("{:.1} h", secs / 3600.0),
    }
}
