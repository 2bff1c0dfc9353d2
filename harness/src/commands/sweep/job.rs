//! One sweep: made or taken up again, executed, recorded.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use restore_core::units::Jobs;

use super::super::host::host;
use super::super::tune::{self, TuneSource};
use super::stage::Stage;
use crate::cli::SweepArgs;
use crate::clock;
use crate::dataset::{cache_folder, plans};
use crate::design::{Adaptive, ArchiveKey, Cell, Design};
use crate::lease::{Lease, Resource};
use crate::printer::Printer;
use crate::provider::process_environment;
use crate::recommend::{Decision, StopRule};
use crate::record::run::SCHEMA;
use crate::record::{Ending, ErrorReference, FileDigest, Host, RunFolder, RunRecord, TrialRow};
use crate::scenario::{self, ConninfoSource, Phase, Provider, Scenario};
use crate::sweep::dumps::DumpBench;
use crate::sweep::live::LiveBench;
use crate::sweep::source::check;
use crate::sweep::{Bench, BlockSource, Source};

/// A sweep that is to be executed.
pub(in crate::commands) struct Job {
    pub(super) run: String,
    pub(in crate::commands) scenario: Scenario,
    pub(in crate::commands) folder: PathBuf,
    pub(super) cache: PathBuf,
    pub(super) seed: u64,
    pub(super) conninfo: Option<String>,
    /// Choose the trials as they go, and at most so many; blocks otherwise.
    pub(in crate::commands) max_restores: Option<u32>,
}

impl Job {
    pub(in crate::commands) fn new(args: &SweepArgs) -> anyhow::Result<Self> {
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
            cache: cache_folder(args.server.cache_dir.as_deref())?,
            scenario,
            folder,
            conninfo,
            max_restores: None,
        })
    }

    /// The job of a run folder, which must still be what it was.
    pub(in crate::commands) fn resume(
        folder: &Path,
        args: &SweepArgs,
    ) -> anyhow::Result<(Self, Option<RunRecord>)> {
        let opened = RunFolder::open(folder)?;
        let mut run = opened.run()?;
        if args.scenario().is_some() {
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
        if let Some(errors) = args.errors.policy() {
            if errors != run.scenario.restore.errors && !opened.trials()?.is_empty() {
                bail!(
                    "the trials in {} accepted other errors: resume without --errors and \
                     --accept-error, or start a new run",
                    folder.display()
                );
            }
            run.scenario.restore.errors = errors;
        }
        let job = Self {
            run: run.run.clone(),
            seed: run.design.seed(),
            cache: cache_folder(args.server.cache_dir.as_deref())?,
            conninfo: conninfo(&run.scenario, args)?,
            scenario: run.scenario.clone(),
            folder: folder.to_owned(),
            max_restores: run.adaptive.as_ref().map(|adaptive| adaptive.max_restores),
        };
        Ok((job, Some(run)))
    }

    pub(super) async fn execute(
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
        let mut bench = self.bench(lease, stage, run.design.cells(), folder.error_references()?)?;
        let rule = Rule(StopRule::new(&run));
        let source = source(&run, &rule);
        let ending =
            crate::sweep::run(bench.as_mut(), &folder, &run, source.as_ref(), printer).await?;
        drop(source);
        // With what was noted meanwhile.
        run = folder.run()?;
        run.ended = Some(ending);
        folder.write_run(&run)?;
        printer.note(format!("ended: {ending}\n"));
        Ok(())
    }

    /// What the trials are run on.
    fn bench<'a>(
        &'a self,
        lease: &'a Lease,
        stage: Stage,
        cells: &[Cell],
        references: Vec<ErrorReference>,
    ) -> anyhow::Result<Box<dyn Bench + 'a>> {
        let Stage { servers, of_variant, archives, sources, production, .. } = stage;
        let scenario = &self.scenario;
        Ok(match scenario.phase {
            Phase::Restore => Box::new(
                LiveBench::new(scenario, lease, servers, of_variant, &archives, cells)?
                    .beside(production)
                    .comparing_errors_with(references),
            ),

            Phase::Dump => {
                let folder = self.cache.join("dumps").join(&self.run);
                lease.note(&Resource::Partial { path: folder.clone() })?;
                std::fs::create_dir_all(&folder)
                    .with_context(|| format!("cannot make {}", folder.display()))?;
                Box::new(DumpBench::new(scenario, servers, of_variant, sources, cells, folder))
            }
        })
    }

    fn begin(&self, stage: &Stage) -> anyhow::Result<(RunFolder, RunRecord)> {
        let keys: Vec<ArchiveKey> =
            stage.archives.iter().map(|archive| archive.key.clone()).collect();
        let design = match self.scenario.phase {
            Phase::Restore => Design::new(&keys, &self.scenario.sweep.jobs, self.seed),
            Phase::Dump => self.design()?,
        };
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
            scripts: stage.scripts.clone(),
            sessions: 1,
            load_notes: Vec::new(),
            error_notes: Vec::new(),
            ended: None,
        };
        Ok((RunFolder::create(&self.folder, &run, &plans::of(&run)?)?, run))
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
        let options = self.scenario.options(&archive.key.variant);
        tune::adaptive(max_restores, &jobs, archive, server, &options).map(Some)
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
            let then = run.archive(&archive.key);
            if then.is_some_and(|then| then.selection != archive.selection) {
                let options = self.scenario.options(&archive.key.variant);
                let files: Vec<_> =
                    options.files().map(|file| file.display().to_string()).collect();
                bail!(
                    "cannot resume: {} selects other items than when the run was made; put it back \
                     as it was, or start a new run",
                    files.join(" or ")
                );
            }
            if then.map(|then| &then.sha256) != Some(&archive.sha256) {
                bail!(
                    "the archive {} has changed since the run was made: its trials cannot go on",
                    archive.path.display()
                );
            }
        }
        check_scripts(&run.scripts, &stage.scripts)?;
        let folder = RunFolder::open(&self.folder)?;
        folder.mend()?;
        for (archive, plan) in plans::of(&run)? {
            folder.write_plan(archive, &plan)?;
        }
        let rule = Rule(StopRule::new(&run));
        check(source(&run, &rule).as_ref(), &folder.trials()?)?;
        run.schema = SCHEMA;
        if let (Some(adaptive), Some(most)) = (&mut run.adaptive, self.max_restores) {
            adaptive.max_restores = most;
        }
        run.sessions += 1;
        run.ended = None;
        run.scenario.sweep.budget = self.scenario.sweep.budget;
        folder.write_run(&run)?;
        Ok((folder, run))
    }

    /// Where nothing but errors that can be accepted keeps a run from being measured.
    pub(super) fn say_how_to_accept_errors(&self, printer: &Printer) {
        if RunFolder::open(&self.folder)
            .is_ok_and(|folder| folder.trials().is_ok_and(|t| t.is_empty()))
        {
            let folder = self.folder.display();
            printer.note(format!(
                "to accept the errors: jobtune sweep --resume {folder} --errors same"
            ));
        }
    }

    pub(super) fn say_how_to_resume(&self, printer: &Printer) {
        if RunFolder::open(&self.folder).is_ok() {
            let folder = self.folder.display();
            printer.note(format!("go on with: jobtune sweep --resume {folder}"));
        }
    }
}

/// Refuses scripts that are no longer what the trials so far ran.
fn check_scripts(then: &[FileDigest], now: &[FileDigest]) -> anyhow::Result<()> {
    match now.iter().find(|script| !then.contains(script)) {
        Some(script) => bail!(
            "cannot resume: the script {} has changed since the run was made; put it back as it \
             was, or start a new run",
            script.path.display()
        ),
        None => Ok(()),
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

/// The scenario that the command line names.
pub(super) fn load(args: &SweepArgs) -> anyhow::Result<Scenario> {
    let overrides = args.overrides()?;
    Ok(match (args.scenario(), &args.archive) {
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
                    .server
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

fn describe_host(host: &Host) -> String {
    format!("{}, kernel {}, {} x {}", host.os, host.kernel, host.cores, host.cpu_model)
}
