//! `jobtune restore`: an archive into a database, by our own engine.

mod auto;
mod display;

use std::sync::Arc;

use anyhow::{Context as _, bail};
use restore_core::archive::Archive;
use restore_core::connection::{Conninfo, connect};
use restore_core::control::Command;
use restore_core::event::RestoreEvent;
use restore_core::inspect::USUAL_JOBS;
use restore_core::native::{self, Effort, Limits, NativeError, Prospect, Request, Summary, Tuning};
use restore_core::units::{Bytes, Jobs};
use tokio::sync::mpsc;

use self::display::Display;
use super::measured::Measured;
use super::{Status, style};
use crate::cli::{EventFormat, RestoreArgs, Way};
use crate::document::terminal;
use crate::keep::{Governor, SharedProgress};
use crate::printer::Printer;
use crate::provider::process_environment;
use crate::report::{prospect, restored};

pub(super) async fn run(args: &RestoreArgs, printer: &Printer) -> anyhow::Result<Status> {
    let archive = Arc::new(open(args)?);
    let target = Conninfo::parse(&args.target, &process_environment())?;
    for warning in target.warnings() {
        printer.warn(warning.to_string());
    }
    if args.dry_run {
        return foretell(args, &archive, &target, printer).await;
    }
    let jobs = match args.fixed_jobs().or(args.keep.max_jobs) {
        Some(jobs) => jobs,
        None => usual_jobs(&prospect(args, &archive, NEWEST)?),
    };
    let keeper = auto::keeper(args, &target, jobs).await?;
    let listener = auto::listen(args, printer)?;
    let request = request(args, archive, target, jobs);
    let (control, commands) = mpsc::unbounded_channel();
    let (sender, events) = mpsc::unbounded_channel();
    let progress = SharedProgress::default();
    let governor = Governor::new(keeper, jobs, control.clone(), sender.clone(), progress.clone());
    let restore = Box::pin(native::restore(request, commands, sender));
    let governed = async {
        tokio::select! {
            ended = restore => ended,
            never = governor.govern(listener) => match never {},
        }
    };
    let shown = show(events, args.events, progress, printer);
    let ended = tokio::select! {
        (ended, ()) = async { tokio::join!(governed, shown) } => Some(ended),
        () = steer(args.events, control, printer) => None,
    };
    printer.clear();
    Ok(tell(ended, args.events, printer))
}

fn request(args: &RestoreArgs, archive: Arc<Archive>, target: Conninfo, jobs: Jobs) -> Request {
    let limits = limits(args, &target);
    Request {
        archive,
        target,
        options: args.options.0.clone(),
        create: args.create,
        jobs,
        tuning: tuning(args),
        limits,
        analyze: args.analyze,
        resume: args.resume,
    }
}

/// Tells how a restore has ended; `None` where its user did not wait for that.
fn tell(
    ended: Option<Result<Summary, NativeError>>,
    format: Option<EventFormat>,
    printer: &Printer,
) -> Status {
    match ended {
        None => {
            printer.warn("interrupted; --resume goes on");
            Status::Interrupted
        }
        Some(Ok(summary)) => {
            if format.is_none() {
                let document = restored::document(&summary);
                printer.note(terminal::render(&document, style(printer)).trim_end());
            }
            if summary.is_clean() { Status::Done } else { Status::RestoreErrors }
        }
        Some(Err(error)) => {
            printer.error(&anyhow::Error::new(error));
            Status::RestoreErrors
        }
    }
}

/// The name of an archive that comes on standard input.
const STANDARD_INPUT: &str = "-";

/// Opens the archive. One on standard input is kept in a temporary file as it
/// comes, so that a load that fails can be tried again.
fn open(args: &RestoreArgs) -> anyhow::Result<Archive> {
    if args.archive.as_os_str() != STANDARD_INPUT {
        return Ok(Archive::open(&args.archive)?);
    }
    if args.events.is_some() {
        bail!("--events takes commands from standard input: give the archive by its name");
    }
    let store = tempfile::tempfile().context("cannot make a temporary file for the archive")?;
    Ok(Archive::arriving("standard input", std::io::stdin(), store)?)
}

/// Version of a server that has not been asked.
const NEWEST: u32 = 18;

fn prospect(
    args: &RestoreArgs,
    archive: &Arc<Archive>,
    server_major: u32,
) -> anyhow::Result<Prospect> {
    Ok(Prospect::new(archive, &args.options.0, tuning(args), server_major)?)
}

/// As many of this machine's processors as the archive has use for: on the
/// server, as far as this machine knows, there are as many.
fn usual_jobs(prospect: &Prospect) -> Jobs {
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
    let up_to = USUAL_JOBS.into_iter().filter(|&jobs| jobs < processors).chain([processors]);
    prospect.enough(up_to.filter_map(|jobs| Jobs::new(jobs).ok())).unwrap_or(Jobs::ONE)
}

/// Tells what a restore would do. The server is asked for its version alone.
async fn foretell(
    args: &RestoreArgs,
    archive: &Arc<Archive>,
    target: &Conninfo,
    printer: &Printer,
) -> anyhow::Result<Status> {
    let connection = connect(target).await?;
    let version = connection.client.query_one("SHOW server_version_num", &[]).await?;
    let version: u32 = version.get::<_, String>(0).parse()?;
    let mut prospect = prospect(args, archive, version / 10_000)?;
    if let Some(run) = &args.run {
        let measured = Measured::of(run, archive, &args.options.0)?;
        let costs = measured.fit(prospect.plan())?.costs().clone();
        prospect.set_costs(costs);
    }
    let usual = usual_jobs(&prospect);
    let shown = USUAL_JOBS.into_iter().filter_map(|jobs| Jobs::new(jobs).ok());
    let document = prospect::document(&prospect, args.fixed_jobs().unwrap_or(usual), shown);
    printer.answer(terminal::render(&document, style(printer)).trim_end());
    Ok(Status::Done)
}

/// What builds may take. How many processors a server has is known of this
/// machine alone.
fn limits(args: &RestoreArgs, target: &Conninfo) -> Limits {
    let here = || std::thread::available_parallelism().ok().filter(|_| target.is_of_this_host());
    Limits {
        maintenance_memory: args.maintenance_memory.map(|memory| Bytes(memory.bytes())),
        processors: args.processors.or_else(|| here().map(|count| count.get() as u32)),
    }
}

fn tuning(args: &RestoreArgs) -> Tuning {
    let uses = |way| !args.without.contains(&way);
    let effort = |way| match (uses(way), args.force_slices) {
        (false, _) => Effort::Never,
        (true, None) => Effort::WherePays,
        (true, Some(_)) => Effort::Always,
    };
    Tuning {
        freeze: uses(Way::Freeze),
        split: effort(Way::Split),
        slice_bytes: args.force_slices.unwrap_or(Tuning::SLICE_BYTES),
        vacuum: effort(Way::Vacuum),
        early_key_indexes: effort(Way::EarlyKeys),
        validate: effort(Way::Validate),
        budget: uses(Way::Budget),
        pipeline: uses(Way::Pipeline),
        journal: uses(Way::Journal),
    }
}

/// Shows events until the restore has ended, as lines of JSON or for people.
async fn show(
    mut events: mpsc::UnboundedReceiver<RestoreEvent>,
    format: Option<EventFormat>,
    progress: SharedProgress,
    printer: &Printer,
) {
    let mut display = Display::new(progress.clone());
    while let Some(event) = events.recv().await {
        progress.take(&event.kind);
        match format {
            // Every event can be written as JSON.
            Some(EventFormat::Json) => {
                printer.answer(&serde_json::to_string(&event).unwrap_or_default());
            }
            None => display.show(&event, printer),
        }
    }
}

/// Passes on what the user wants, until they want it to end at once.
async fn steer(
    format: Option<EventFormat>,
    control: mpsc::UnboundedSender<Command>,
    printer: &Printer,
) {
    let mut lines = lines_of_input(format == Some(EventFormat::Json));
    let mut is_draining = false;
    loop {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => {
                if is_draining || interrupted.is_err() {
                    return;
                }
                is_draining = true;
                printer.note("finishing what runs; interrupt again to end at once");
                let _ = control.send(Command::Drain);
            }
            Some(line) = lines.recv() => obey(&line, &control, printer),
        }
    }
}

/// Lines of standard input, if they are to be read. A thread of its own reads
/// them: one of tokio's would keep the program from ending.
fn lines_of_input(reads: bool) -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    if reads {
        std::thread::spawn(move || {
            let input = std::io::stdin().lines().map_while(Result::ok);
            input.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
    }
    lines
}

fn obey(line: &str, control: &mpsc::UnboundedSender<Command>, printer: &Printer) {
    match line.parse::<Command>().with_context(|| format!("standard input has {line:?}")) {
        // A restore that has ended takes no commands.
        Ok(command) => drop(control.send(command)),
        Err(error) => printer.error(&error),
    }
}
