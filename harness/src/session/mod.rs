//! A session executes a run: it opens the venues, makes or takes up the run folder, runs
//! trials until the source of the trials has enough, and removes what it made.

mod describe;
mod estimate;
mod host;
mod needs;
mod opening;
mod resume;
mod source;
mod under_lease;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use restore_core::selection::Criteria;

use crate::clock;
use crate::dataset::{cache_folder, plans, script_digests};
use crate::design::{ArchiveKey, Cell, Design, Shard};
use crate::document::Document;
use crate::lease::{Lease, Resource};
use crate::printer::Printer;
use crate::provider::process_environment;
use crate::record::run::SCHEMA;
use crate::record::{Ending, ErrorReference, FileDigest, HostIdentity, RunFolder, RunRecord};
use crate::scenario::quantity::Span;
use crate::scenario::{ConninfoSource, ErrorPolicy, Phase, Provider, Scenario};
use crate::sweep::source::check;
use crate::sweep::venue::Venues;
use crate::sweep::{Bench, WarmUpFailed, dump, restore};
pub use describe::what_it_takes;
pub use estimate::free_bytes;
pub use host::host;
use opening::Opening;
use source::{BlockRule, source};
pub use under_lease::clear;
use under_lease::{Carried, under_lease};

/// A run that is to be executed, from its beginning or from where it stopped.
pub struct Session {
    run: String,
    pub scenario: Scenario,
    folder: PathBuf,
    cache: PathBuf,
    seed: u64,
    conninfo: Option<String>,
    /// Choose the trials as they go, and at most so many; blocks otherwise.
    pub max_restores: Option<u32>,
    share: Share,
    /// The record of the run that is resumed.
    earlier: Option<RunRecord>,
}

/// What is recorded in no run.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The cache of archives, where it is not the usual folder.
    pub cache: Option<PathBuf>,
    /// The connection string of an external server, where the scenario does not tell.
    pub conninfo: Option<String>,
}

/// What of a sweep is done here, and where that is.
#[derive(Debug, Clone, Default)]
pub struct Share {
    /// The share of the blocks; all of them where it is `None`.
    pub shard: Option<Shard>,
    /// What the user calls this host.
    pub label: Option<String>,
    /// What this host costs in an hour.
    pub price_per_hour: Option<f64>,
}

impl Share {
    /// What is recorded of this host beside what it is made of. Its own name is
    /// needed to tell shards of one host from those of two, and for nothing else.
    fn identity(&self) -> Option<HostIdentity> {
        let is_asked =
            self.shard.is_some() || self.label.is_some() || self.price_per_hour.is_some();
        is_asked.then(|| HostIdentity {
            name: self.shard.and_then(|_| host::name()),
            label: self.label.clone(),
            price_per_hour: self.price_per_hour,
        })
    }
}

/// What is asked for when a run is resumed, which must be or may be other than it was.
#[derive(Debug, Default)]
pub struct Changes {
    /// Must be the run's own but for its budget.
    pub scenario: Option<Scenario>,
    pub budget: Option<Span>,
    /// May differ as long as there are no trials.
    pub errors: Option<ErrorPolicy>,
    /// Must be the run's own.
    pub label: Option<String>,
}

impl Session {
    /// A new run in the folder `out`.
    pub fn new(
        mut scenario: Scenario,
        out: Option<&Path>,
        share: Share,
        surroundings: &Surroundings,
    ) -> anyhow::Result<Self> {
        if let Some(shard) = share.shard {
            prepare_for_shards(&mut scenario, shard)?;
        }
        let folder = out.map_or_else(
            || {
                let now = clock::compact(clock::now());
                // Shards may begin in the same second on hosts that share a disk.
                let part = share
                    .shard
                    .map(|shard| format!("-{}of{}", shard.index(), shard.count()))
                    .unwrap_or_default();
                Path::new("runs").join(format!("{}{part}-{now}", scenario.name))
            },
            Path::to_owned,
        );
        if folder.exists() {
            bail!(
                "{} exists already: choose another --out, or go on with it by --resume {0}",
                folder.display()
            );
        }
        Ok(Self {
            run: run_id(),
            seed: scenario.sweep.seed.unwrap_or_else(|| u64::from(rand::random::<u32>())),
            conninfo: conninfo(&scenario, surroundings)?,
            cache: cache_folder(surroundings.cache.as_deref())?,
            scenario,
            folder,
            max_restores: None,
            share,
            earlier: None,
        })
    }

    /// The run in a folder, which must still be what it was.
    pub fn resume(
        folder: &Path,
        changes: Changes,
        surroundings: &Surroundings,
    ) -> anyhow::Result<Self> {
        let opened = RunFolder::open(folder)?;
        let mut run = opened.run()?;
        if let Some(now) = changes.scenario {
            resume::check_scenario(now, &run, folder)?;
        }
        resume::check_host(&run, changes.label.as_deref(), folder)?;
        run.scenario.sweep.budget = changes.budget.or(run.scenario.sweep.budget);
        if let Some(errors) = changes.errors {
            if errors != run.scenario.restore.errors && !opened.trials()?.is_empty() {
                bail!(
                    "the trials in {} accepted other errors: resume without --errors and \
                     --accept-error, or start a new run",
                    folder.display()
                );
            }
            run.scenario.restore.errors = errors;
        }
        Ok(Self {
            run: run.run.clone(),
            seed: run.design.seed(),
            cache: cache_folder(surroundings.cache.as_deref())?,
            conninfo: conninfo(&run.scenario, surroundings)?,
            scenario: run.scenario.clone(),
            folder: folder.to_owned(),
            max_restores: run.adaptive.as_ref().map(|adaptive| adaptive.max_restores),
            share: Share { shard: run.shard, ..Share::default() },
            earlier: Some(run),
        })
    }

    /// Whether a run is resumed.
    pub fn is_resumed(&self) -> bool {
        self.earlier.is_some()
    }

    /// What the session would do.
    pub fn describe(&self) -> anyhow::Result<Document> {
        describe::document(&self.scenario, &self.folder, self.seed, self.share.shard)
    }

    /// The folder of a run that has ended for good, completed with what later versions of
    /// the program record; `None` if there is something left to do.
    pub fn nothing_left(&self, printer: &Printer) -> anyhow::Result<Option<RunFolder>> {
        let Some(run) = &self.earlier else { return Ok(None) };
        let Some(ending) = run.ended else { return Ok(None) };
        if matches!(ending, Ending::Budget | Ending::Failures) {
            return Ok(None);
        }
        printer.note(format!("nothing is left to do: {ending}"));
        let folder = RunFolder::open(&self.folder)?;
        plans::complete(&folder, run, printer)?;
        Ok(Some(folder))
    }

    /// Executes the run; what it makes is noted in `state_folder`, and removed however it
    /// ends. `None` if it was interrupted.
    pub async fn carry_out(
        &self,
        state_folder: &Path,
        printer: &Printer,
    ) -> anyhow::Result<Option<RunFolder>> {
        estimate::check_room(&self.scenario, &self.design()?).await?;
        let work = async |lease: &Lease| self.execute(lease, printer).await;
        let Carried { result, cleared } =
            under_lease(state_folder, &self.run, printer, work).await?;
        match &result {
            Ok(Some(_)) => {}
            Ok(None) => self.say_how_to_resume(printer),
            Err(error) => match error.downcast_ref::<WarmUpFailed>() {
                // Resumed as it is, it would fail by the same errors.
                Some(failed) if failed.can_be_accepted => self.say_how_to_accept_errors(printer),
                Some(_) => {}
                None => self.say_how_to_resume(printer),
            },
        }
        let folder = result?;
        cleared.map(|()| folder)
    }

    async fn execute(&self, lease: &Lease, printer: &Printer) -> anyhow::Result<RunFolder> {
        // What is wrong with a list, a filter file or a script is said before anything is
        // started.
        for variant in &self.scenario.variants {
            Criteria::read(&self.scenario.options(&variant.name))?;
        }
        let scripts = script_digests(self.scenario.hooks.scripts())?;
        let opening = Opening {
            scenario: &self.scenario,
            run: &self.run,
            cache: &self.cache,
            conninfo: self.conninfo.as_deref(),
            lease,
            printer,
        };
        let venues = opening.venues().await?;
        let (folder, run) = match self.earlier.clone() {
            Some(run) => self.go_on(run, &venues, &scripts)?,
            None => self.begin(&venues, scripts)?,
        };
        let mut bench =
            self.bench(lease, venues, run.design.cells(), folder.error_references()?)?;
        let rule = BlockRule::of(&run);
        let source = source(&run, &rule);
        let ending =
            crate::sweep::run(bench.as_mut(), &folder, &run, source.as_ref(), printer).await?;
        // With what was noted meanwhile.
        let run = RunRecord { ended: Some(ending), ..folder.run()? };
        folder.write_run(&run)?;
        printer.note(format!("ended: {ending}\n"));
        Ok(folder)
    }

    /// What the trials are run on.
    fn bench<'a>(
        &'a self,
        lease: &'a Lease,
        venues: Venues,
        cells: &[Cell],
        references: Vec<ErrorReference>,
    ) -> anyhow::Result<Box<dyn Bench + 'a>> {
        let scenario = &self.scenario;
        Ok(match scenario.phase {
            Phase::Restore => Box::new(restore::bench(scenario, venues, cells, lease, references)),
            Phase::Dump => {
                let folder = self.cache.join("dumps").join(&self.run);
                lease.note(&Resource::Partial { path: folder.clone() })?;
                std::fs::create_dir_all(&folder)
                    .with_context(|| format!("cannot make {}", folder.display()))?;
                Box::new(dump::bench(scenario, venues, cells, folder))
            }
        })
    }

    /// The design before the archives are there.
    fn design(&self) -> anyhow::Result<Design> {
        describe::design(&self.scenario, self.seed)
    }

    fn begin(
        &self,
        venues: &Venues,
        scripts: Vec<FileDigest>,
    ) -> anyhow::Result<(RunFolder, RunRecord)> {
        let design = match self.scenario.phase {
            Phase::Restore => {
                let keys: Vec<ArchiveKey> =
                    venues.archives().map(|archive| archive.key.clone()).collect();
                Design::new(Phase::Restore, &keys, &self.scenario.sweep, self.seed)
            }
            Phase::Dump => self.design()?,
        };
        let adaptive = self
            .max_restores
            .map(|most| source::adaptive(&self.scenario, most, &design, venues))
            .transpose()?;
        let servers = venues.all.iter().map(|venue| (venue.variant.clone(), venue.record.clone()));
        let run = RunRecord {
            schema: SCHEMA,
            jobtune_version: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.run.clone(),
            created_at: clock::rfc3339(clock::now()),
            scenario: self.scenario.clone(),
            adaptive,
            design,
            shard: self.share.shard,
            host: host(),
            identity: self.share.identity(),
            hosts: Vec::new(),
            servers: servers.collect(),
            archives: venues.archives().cloned().collect(),
            scripts,
            sessions: 1,
            load_notes: Vec::new(),
            error_notes: Vec::new(),
            ended: None,
        };
        Ok((RunFolder::create(&self.folder, &run, &plans::of(&run)?)?, run))
    }

    fn go_on(
        &self,
        mut run: RunRecord,
        venues: &Venues,
        scripts: &[FileDigest],
    ) -> anyhow::Result<(RunFolder, RunRecord)> {
        resume::check_venues(&run, venues, scripts)?;
        let folder = RunFolder::open(&self.folder)?;
        folder.mend()?;
        for (archive, plan) in plans::of(&run)? {
            folder.write_plan(archive, &plan)?;
        }
        check(source(&run, &BlockRule::of(&run)).as_ref(), &folder.trials()?)?;
        run.schema = SCHEMA;
        if let (Some(adaptive), Some(most)) = (&mut run.adaptive, self.max_restores) {
            adaptive.max_restores = most;
        }
        run.sessions += 1;
        run.ended = None;
        folder.write_run(&run)?;
        Ok((folder, run))
    }

    /// Where nothing but errors that can be accepted keeps a run from being measured.
    fn say_how_to_accept_errors(&self, printer: &Printer) {
        if RunFolder::open(&self.folder)
            .is_ok_and(|folder| folder.trials().is_ok_and(|t| t.is_empty()))
        {
            let folder = self.folder.display();
            printer.note(format!(
                "to accept the errors: jobtune sweep --resume {folder} --errors same"
            ));
        }
    }

    fn say_how_to_resume(&self, printer: &Printer) {
        if RunFolder::open(&self.folder).is_ok() {
            let folder = self.folder.display();
            printer.note(format!("go on with: jobtune sweep --resume {folder}"));
        }
    }
}

/// What shards need to be parts of one run: an order that all know beforehand,
/// and a number of blocks that no shard decides by itself.
fn prepare_for_shards(scenario: &mut Scenario, shard: Shard) -> anyhow::Result<()> {
    if scenario.sweep.seed.is_none() {
        bail!(
            "--shard {shard} needs a seed, which must be the same for all shards: give one with \
             --seed, or as seed under [sweep]"
        );
    }
    let blocks = &mut scenario.sweep.blocks;
    if shard.count() > blocks.max {
        bail!(
            "{} blocks cannot be shared out among {} shards: give more --blocks, or make fewer \
             shards",
            blocks.max,
            shard.count()
        );
    }
    blocks.min = blocks.max;
    Ok(())
}

/// The connection string of an external server, which is never recorded.
fn conninfo(scenario: &Scenario, surroundings: &Surroundings) -> anyhow::Result<Option<String>> {
    let mut providers = scenario.variants.iter().map(|variant| &variant.server.provider);
    let Some(source) = providers.find_map(|provider| match provider {
        Provider::External { conninfo, .. } => Some(conninfo),
        Provider::Local { .. } | Provider::Docker { .. } => None,
    }) else {
        return Ok(None);
    };
    let found = match source {
        ConninfoSource::CommandLine => surroundings
            .conninfo
            .clone()
            .context("this run's server was named by --conninfo: give it again")?,
        ConninfoSource::Env(variable) => {
            let value = process_environment().variable(variable).map(str::to_owned);
            value.with_context(|| {
                format!("the environment variable {variable} is not set: put the server's conninfo there")
            })?
        }
    };
    Ok(Some(found))
}

/// Identifies a run on any server: eight letters and digits.
fn run_id() -> String {
    format!("{:08x}", rand::random::<u32>())
}
