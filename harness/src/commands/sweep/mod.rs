//! `jobtune sweep`: from scenarios to run folders.

mod many;

use anyhow::bail;

use super::{Status, print, recommend, state_folder, status_of};
use crate::cli::{HostArgs, OutputFormat, ServerArgs, StateArgs, SweepArgs};
use crate::printer::Printer;
use crate::provider::process_environment;
use crate::record::{Run, RunFolder, RunRecord};
use crate::scenario::quantity::Price;
use crate::scenario::{self, Provider, Scenario};
use crate::session::{Changes, Session, Share, Surroundings};

pub(super) async fn run(args: SweepArgs, printer: &Printer) -> anyhow::Result<Status> {
    if args.scenarios.len() > 1 {
        return many::run(&args, printer).await;
    }
    match sweep(&args, printer).await? {
        Swept::Ended(folder) => tell(&folder, printer, || {
            printer.answer(&recommend::render(
                &Run::read(folder.clone())?,
                OutputFormat::Text,
                printer,
            )?);
            Ok(())
        }),
        Swept::Described => Ok(Status::Done),
        Swept::Interrupted => Ok(Status::Interrupted),
    }
}

/// What came of a sweep.
enum Swept {
    /// It was described and not executed.
    Described,
    /// It ended, and the folder has what it measured.
    Ended(RunFolder),
    /// It was interrupted.
    Interrupted,
}

/// Executes one sweep.
async fn sweep(args: &SweepArgs, printer: &Printer) -> anyhow::Result<Swept> {
    let session = open(args)?;
    if args.dry_run {
        print(&session.describe()?, printer);
        return Ok(Swept::Described);
    }
    if let Some(folder) = session.nothing_left(printer)? {
        return Ok(Swept::Ended(folder));
    }
    let folder = carry_out(&session, &args.state, printer).await?;
    Ok(folder.map_or(Swept::Interrupted, Swept::Ended))
}

/// The session that the arguments ask for: of a new run or of one that is resumed.
pub(super) fn open(args: &SweepArgs) -> anyhow::Result<Session> {
    let surroundings = Surroundings {
        cache: args.server.cache_dir.clone(),
        conninfo: args.server.conninfo.clone(),
    };
    let Some(folder) = &args.resume else {
        return Session::new(load(args)?, args.out.as_deref(), share(args)?, &surroundings);
    };
    let changes = Changes {
        scenario: args.scenario().map(|_| load(args)).transpose()?,
        budget: args.budget,
        errors: args.errors.policy(),
        label: args.host.host_label.clone(),
    };
    Session::resume(folder, changes, &surroundings)
}

/// What of the sweep is to be done here.
fn share(args: &SweepArgs) -> anyhow::Result<Share> {
    let environment = process_environment();
    let variable = |name: &str| environment.variable(name).map(str::to_owned);
    let HostArgs { host_label, price_per_hour } = args.host.clone();
    Ok(Share {
        shard: args.shard.map(|shard| shard.resolve(variable)).transpose()?,
        label: host_label,
        price_per_hour: price_per_hour.map(Price::get),
    })
}

/// The scenario that the command line names, or that of a run that it names.
fn load(args: &SweepArgs) -> anyhow::Result<Scenario> {
    if let Some(run) = &args.like {
        // Folders are those of this host, which need not be the run's.
        let RunRecord { mut scenario, design, .. } = RunFolder::open(run)?.run()?;
        scenario.sweep.seed = Some(args.seed.unwrap_or(design.seed()));
        scenario.sweep.budget = args.budget;
        for variant in &mut scenario.variants {
            let ServerArgs { bindir: given, data_dir: disk, .. } = &args.server;
            match &mut variant.server.provider {
                Provider::Local { bindir, data_dir } => {
                    bindir.clone_from(given);
                    data_dir.clone_from(disk);
                }
                Provider::External { bindir, .. } => bindir.clone_from(given),
                Provider::Docker { .. } => {}
            }
        }
        return Ok(scenario);
    }
    let overrides = args.overrides()?;
    Ok(match (args.scenario(), &args.archive) {
        (Some(path), _) => scenario::load(path, &overrides)?,
        (None, Some(archive)) => scenario::from_archive(archive, &overrides)?,
        (None, None) => bail!("name a scenario, or an archive with --archive"),
    })
}

/// Carries out a session and, unless it was interrupted, answers from its folder.
pub(super) async fn carry_out_and_answer(
    session: &Session,
    state: &StateArgs,
    printer: &Printer,
    answer: impl FnOnce(&RunFolder) -> anyhow::Result<()>,
) -> anyhow::Result<Status> {
    match carry_out(session, state, printer).await? {
        None => Ok(Status::Interrupted),
        Some(folder) => tell(&folder, printer, || answer(&folder)),
    }
}

async fn carry_out(
    session: &Session,
    state: &StateArgs,
    printer: &Printer,
) -> anyhow::Result<Option<RunFolder>> {
    session.carry_out(&state_folder(state.state_dir.as_deref())?, printer).await
}

/// The answer of a run, and where the run is.
fn tell(
    folder: &RunFolder,
    printer: &Printer,
    answer: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Status> {
    answer()?;
    printer.note(format!("\nThe run is in {}", folder.path().display()));
    status_of(folder)
}
