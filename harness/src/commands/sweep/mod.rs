//! `jobtune sweep`: from scenarios to run folders.

mod describe;
mod job;
mod many;
mod stage;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::{Status, clear, print, recommend, state_folder, status_of};
use crate::cli::{OutputFormat, StateArgs, SweepArgs};
use crate::dataset::plans;
use crate::lease::Lease;
use crate::printer::Printer;
use crate::record::{Ending, RunFolder, RunRecord};
use crate::sweep::WarmUpFailed;
pub(super) use job::Job;

pub(super) async fn run(args: SweepArgs, printer: &Printer) -> anyhow::Result<Status> {
    if args.scenarios.len() > 1 {
        return many::run(&args, printer).await;
    }
    match sweep(&args, printer).await? {
        Course::Ended(folder) => tell(&folder, printer, || {
            printer.answer(&recommend::render(&folder, OutputFormat::Text, printer)?);
            Ok(())
        }),
        Course::Described => Ok(Status::Done),
        Course::Interrupted => Ok(Status::Interrupted),
    }
}

/// What came of a sweep.
enum Course {
    /// It was described and not executed.
    Described,
    /// It ended, and the folder has what it measured.
    Ended(RunFolder),
    /// It was interrupted.
    Interrupted,
}

/// Executes one sweep.
async fn sweep(args: &SweepArgs, printer: &Printer) -> anyhow::Result<Course> {
    let (job, earlier) = match &args.resume {
        Some(folder) => Job::resume(folder, args)?,
        None => (Job::new(args)?, None),
    };
    if args.dry_run {
        print(&job.describe()?, printer);
        return Ok(Course::Described);
    }
    if let Some(ending) = earlier.as_ref().and_then(|run| run.ended)
        && !matches!(ending, Ending::Budget | Ending::Failures)
    {
        printer.note(format!("nothing is left to do: {ending}"));
        let folder = RunFolder::open(&job.folder)?;
        if let Some(run) = &earlier {
            plans::complete(&folder, run, printer)?;
        }
        return Ok(Course::Ended(folder));
    }
    match carry_out(&job, earlier, &args.state, printer).await? {
        Carried::Ended => Ok(Course::Ended(RunFolder::open(&job.folder)?)),
        Carried::Interrupted => Ok(Course::Interrupted),
    }
}

/// Executes a job and, unless it was interrupted, answers from its folder.
pub(super) async fn carry_out_and_answer(
    job: &Job,
    earlier: Option<RunRecord>,
    state: &StateArgs,
    printer: &Printer,
    answer: impl FnOnce(&RunFolder) -> anyhow::Result<()>,
) -> anyhow::Result<Status> {
    match carry_out(job, earlier, state, printer).await? {
        Carried::Interrupted => Ok(Status::Interrupted),
        Carried::Ended => {
            let folder = RunFolder::open(&job.folder)?;
            tell(&folder, printer, || answer(&folder))
        }
    }
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

/// How far a job was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// To its end.
    Ended,
    /// Until it was interrupted; it can be resumed.
    Interrupted,
}

/// Executes a job under a lease, and removes what it has made however it
/// ends.
async fn carry_out(
    job: &Job,
    earlier: Option<RunRecord>,
    state: &StateArgs,
    printer: &Printer,
) -> anyhow::Result<Carried> {
    job.check_room().await?;
    let (lease, left) = Lease::take(&state_folder(state.state_dir.as_deref())?, &job.run)?;
    let work = async {
        // What an earlier execution left would be in the way of this one.
        if let Some(error) = crate::provider::remove(&left).await.into_iter().next() {
            return Err(error.context("something that the run made earlier cannot be removed"));
        }
        job.execute(&lease, earlier, printer).await
    };
    let result = tokio::select! {
        result = work => result.map(Some),
        () = interrupted() => Ok(None),
    };
    printer.clear();
    let impatient = exit_at_once_if_interrupted_again();
    let resources = lease.resources()?;
    let cleared = clear(lease, &resources, printer).await;
    impatient.abort();
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
            match error.downcast_ref::<WarmUpFailed>() {
                // Resumed as it is, it would fail by the same errors.
                Some(failed) if failed.can_be_accepted => job.say_how_to_accept_errors(printer),
                Some(_) => {}
                None => job.say_how_to_resume(printer),
            }
            Err(error)
        }
    }
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
fn exit_at_once_if_interrupted_again() -> JoinHandle<()> {
    tokio::spawn(async {
        interrupted().await;
        std::process::exit(130);
    })
}
