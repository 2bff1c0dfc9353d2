//! `jobtune inspect`: what an archive holds, and what to expect of `-j`.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil;
use restore_core::archive::{Archive, LocalTime, write_list};
use restore_core::inspect::{Selection, Subject, USUAL_JOBS};
use restore_core::options::RestoreOptions;
use restore_core::plan::PgMajor;
use restore_core::units::Jobs;

use super::measured::Measured;
use super::{Status, written};
use crate::cli::InspectArgs;
use crate::clock;
use crate::printer::Printer;
use crate::report::inspect::{Here, InspectReport};

pub(super) fn run(args: &InspectArgs, printer: &Printer) -> anyhow::Result<Status> {
    let mut options = RestoreOptions::default();
    options.read_words(&args.restore_options)?;
    if args.list {
        list(&args.archive, &options, printer)?;
        return Ok(Status::Done);
    }
    let archive = Archive::open(&args.archive)?;
    let report = report(args, &options, &archive)?;
    printer.answer(&written(&report, args.format, printer)?);
    Ok(Status::Done)
}

/// The listing of `pg_restore -l`, in the archive's own encoding.
fn list(archive: &Path, options: &RestoreOptions, printer: &Printer) -> anyhow::Result<()> {
    let mut listing = Vec::new();
    if *options == RestoreOptions::default() {
        write_list(archive, created, &mut listing)?;
    } else {
        let archive = Archive::open(archive)?;
        let selection = Selection::new(&archive, options, None)?;
        archive.write_selected_list(selection.selected(), created, &mut listing)?;
    }
    printer.answer_bytes(&listing);
    Ok(())
}

/// The time of a dump as `pg_restore` prints it, which takes it for one of the
/// zone of the machine that it runs on.
fn created(time: LocalTime) -> String {
    let [month, day, hour, minute, second] =
        [time.month, time.day, time.hour, time.minute, time.second].map(as_signed);
    let local = i16::try_from(time.year).ok().and_then(|year| {
        civil::DateTime::new(year, month, day, hour, minute, second.min(59), 0).ok()
    });
    local.map_or_else(|| format!("{time} UTC"), |local| clock::from_tm(local, time.daylight_saving))
}

/// Fields of a date are small.
fn as_signed(field: u8) -> i8 {
    i8::try_from(field).unwrap_or(0)
}

fn report(
    args: &InspectArgs,
    options: &RestoreOptions,
    archive: &Archive,
) -> anyhow::Result<InspectReport> {
    let rules = args.pg_restore.map(PgMajor);
    let usual = USUAL_JOBS.into_iter().filter_map(|jobs| Jobs::new(jobs).ok());
    // All speed-ups are against one job.
    let jobs: BTreeSet<Jobs> = match &args.jobs {
        Some(jobs) => jobs.iter().copied().chain([Jobs::ONE]).collect(),
        None => usual.collect(),
    };
    let jobs: Vec<Jobs> = jobs.into_iter().collect();
    let name = args.archive.display().to_string();
    let Some(run) = &args.run else {
        let selection = Selection::new(archive, options, rules)?;
        let inspection = Subject::of(archive, selection)?.inspect(&jobs);
        return Ok(InspectReport::new(name, inspection, None));
    };
    let measured = Measured::of(run, archive, options)?;
    let rules = rules.unwrap_or(measured.input.rules());
    let subject = Subject::of(archive, Selection::new(archive, options, Some(rules))?)?;
    let replay = measured.fit(subject.plan())?;
    let inspection = subject.inspect_measured(replay.costs(), &jobs);
    let foretold = inspection.forecast.iter().map(|of| of.jobs);
    let of_curve = measured.input.replay(&measured.curve, foretold);
    let here = of_curve.and_then(|replay| Here::new(measured.curve.key.to_string(), &replay));
    Ok(InspectReport::new(name, inspection, here))
}
