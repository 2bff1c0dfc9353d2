//! `jobtune recommend`: which -j a run speaks for.

use anyhow::bail;

use super::{Status, status_of, written};
use crate::cli::{By, OutputFormat, RecommendArgs};
use crate::printer::Printer;
use crate::record::{Run, RunFolder};
use crate::report::Report;
use crate::report::by_host::ByHost;
use crate::report::tune::TuneReport;
use crate::study::Study;

pub(super) fn run(args: &RecommendArgs, printer: &Printer) -> anyhow::Result<Status> {
    let folder = RunFolder::open(&args.run)?;
<<<<<<< HEAD
    let run = Run::read(folder.clone())?.by(args.metric)?;
    printer.answer(&render(&run, args.format, printer)?);
=======
    let answer = match args.by {
        Some(By::Host) => by_host(&folder, args.format, printer)?,
        None => render(&folder, args.format, printer)?,
    };
    printer.answer(&answer);
>>>>>>> h1/main
    status_of(&folder)
}

/// The recommendation for each kind of host, written out.
fn by_host(folder: &RunFolder, format: OutputFormat, printer: &Printer) -> anyhow::Result<String> {
    let run = Run::read(folder.clone())?;
    if run.record.adaptive.is_some() {
        bail!("{} was tuned on one host: recommend without --by host", folder.path().display());
    }
    written(&ByHost::of(&run)?, format, printer)
}

/// The recommendation of a run, written out.
pub(super) fn render(
    run: &Run,
    format: OutputFormat,
    printer: &Printer,
) -> anyhow::Result<String> {
    if let Some(adaptive) = &run.record.adaptive {
        return written(&TuneReport::of(run, adaptive)?, format, printer);
    }
    written(&Report::new(Study::of(run)?), format, printer)
}

/// What a run recommends, in a sentence.
pub(super) fn answer(folder: &RunFolder) -> anyhow::Result<String> {
    Ok(Report::new(Study::of(&Run::read(folder.clone())?)?).answer)
}
