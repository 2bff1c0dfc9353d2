//! `jobtune tune`: finds -j for one archive with few restores.

use restore_core::archive::Archive;
use restore_core::options::RestoreOptions;
use restore_core::plan::PgMajor;
use restore_core::selection::Selected;
use restore_core::units::Jobs;

use super::host::host;
use super::sweep::{Job, carry_out_and_answer};
use super::{Status, recommend};
use crate::cli::{SweepArgs, TuneArgs};
use crate::dataset::selection::Selection;
use crate::design::{Adaptive, Design, Trial};
use crate::printer::Printer;
use crate::record::{ArchiveRecord, Ending, RunRecord, ServerRecord, TrialRow};
use crate::scenario::quantity::{Span, WarmUp};
use crate::scenario::{Provider, Scenario};
use crate::sweep::Source;
use crate::tune::{Prior, Rule, prior};

pub(super) async fn run(args: TuneArgs, printer: &Printer) -> anyhow::Result<Status> {
    let sweep = sweep_args(&args);
    let (mut job, earlier) = match &args.resume {
        Some(folder) => Job::resume(folder, &sweep)?,
        None => (Job::new(&sweep)?, None),
    };
    if earlier.is_none() {
        if let Some(tolerance) = args.tolerance {
            job.scenario.limits.tolerance = tolerance;
        }
        if args.jobs.is_none() {
            job.scenario.sweep.jobs = prior::candidates(cores_beforehand(&job.scenario));
        }
        job.scenario.sweep.warm_up = args.warm_up.unwrap_or(USUAL_WARM_UP);
        job.max_restores = Some(usual_restores(&job.scenario.sweep.jobs));
    }
    job.max_restores = args.max_restores.or(job.max_restores);
    carry_out_and_answer(&job, earlier, &args.state, printer, |folder| {
        printer.answer(&recommend::render(folder, args.format, printer)?);
        if folder.run()?.ended == Some(Ending::MaxTrials) {
            printer.note(format!(
                "\nMore restores: jobtune tune --resume {} --max-restores N",
                folder.path().display()
            ));
        }
        Ok(())
    })
    .await
}

/// The warm-up where none is asked for. A restore of seconds warms up whole, and
/// one of hours, which cannot be had twice, costs a minute more: by then
/// programs, catalogs and recycled WAL are as they will be, and the archive is
/// read from its disk in any case.
const USUAL_WARM_UP: WarmUp = WarmUp::AtMost(Span::from_secs(60));

/// Restores where none are asked for: with the warm-up about a third of a sweep of
/// five blocks, if there are four -j or more.
fn usual_restores(jobs: &[Jobs]) -> u32 {
    /// Below this a probability has little to rest on.
    const LEAST: u32 = 5;
    (jobs.len() as u32 + 2).max(LEAST)
}

fn sweep_args(args: &TuneArgs) -> SweepArgs {
    SweepArgs {
        archive: args.archive.clone(),
        out: args.out.clone(),
        resume: args.resume.clone(),
        jobs: args.jobs.clone(),
        budget: args.budget,
        hooks: args.hooks.clone(),
        server: args.server.clone(),
        errors: args.errors.clone(),
        seed: args.seed,
        restore_options: args.restore_options.clone(),
        ..SweepArgs::default()
    }
}

/// Processors of a server that is yet to be started.
fn cores_beforehand(scenario: &Scenario) -> Option<u32> {
    match scenario.variants[0].server.provider {
        Provider::Docker { cpus: Some(cpus), .. } => Some((cpus.ceil() as u32).max(1)),
        Provider::Local { .. } | Provider::Docker { .. } => Some(host().cores),
        Provider::External { .. } => None,
    }
}

/// What a run that chooses its trials must remember to choose them again.
pub(super) fn adaptive(
    max_restores: u32,
    jobs: &[Jobs],
    archive: &ArchiveRecord,
    server: Option<&ServerRecord>,
    options: &RestoreOptions,
) -> anyhow::Result<Adaptive> {
    let cores = server.and_then(|server| server.cores);
    let contents = Archive::open(&archive.path)?;
    let major = client_major(server);
    // What pg_restore can restore although it cannot be planned is tuned
    // without a plan.
    let selection = Selection::read(options, major)?;
    let selected = match &selection {
        Some(selection) => selection.of(&contents)?,
        None => Selected::whole(contents.toc(), major),
    };
    let prior = Prior::new(&selected, major, jobs, cores)
        .unwrap_or_else(|_| Prior::without_contents(jobs, cores));
    Ok(Adaptive { floors: prior.floors, cores, max_restores })
}

fn client_major(server: Option<&ServerRecord>) -> PgMajor {
    let major = server.and_then(|server| {
        server.client_version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    });
    PgMajor(major.or(server.map(|server| server.major)).unwrap_or(17))
}

/// The restores of a tuning run, one chosen after the other.
pub(super) struct TuneSource<'a> {
    design: &'a Design,
    rule: Rule,
}

impl<'a> TuneSource<'a> {
    /// The source of a run that was recorded as one that chooses.
    pub(super) fn new(run: &'a RunRecord, adaptive: &Adaptive) -> Self {
        Self { design: &run.design, rule: Rule::of(run, adaptive) }
    }
}

impl Source for TuneSource<'_> {
    /// A block is the n-th restore of each number of jobs: nothing else holds
    /// the trials together.
    fn trial(&self, rows: &[TrialRow]) -> Option<Trial<'_>> {
        let step = self.rule.next(rows)?;
        let cell = self.design.cells().get(step.cell)?;
        let block = 1 + rows.iter().filter(|row| row.jobs == cell.jobs).count() as u32;
        let position = 1 + rows.iter().filter(|row| row.block == block).count() as u32;
        let number = rows.len() as u32 + 1;
        Some(Trial { number, block, position, cell, limit: step.limit })
    }

    fn ending(&self, rows: &[TrialRow]) -> Option<Ending> {
        self.rule.ending(rows)
    }

    fn reason(&self, rows: &[TrialRow]) -> Option<String> {
        self.rule.next(rows).map(|step| step.reason)
    }

    fn group(&self) -> usize {
        1
    }

    fn range(&self) -> (usize, usize) {
        (0, self.rule.max_restores)
    }
}
