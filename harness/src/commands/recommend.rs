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
    let run = Run::read(folder.clone())?.by(args.metric)?;
    let answer = match args.by {
        Some(By::Host) => by_host(&run, args.format, printer)?,
        None => render(&run, args.format, printer)?,
    };
    printer.answer(&answer);
    status_of(&folder)
}

/// The recommendation for each kind of host, written out.
fn by_host(run: &Run, format: OutputFormat, printer: &Printer) -> anyhow::Result<String> {
    if run.record.adaptive.is_some() {
        bail!("{} was tuned on one host: recommend without --by host", run.name);
    }
    written(&ByHost::of(run)?, format, printer)
}

/// The recommendation of a run, written out.
pub(super) fn render(run: &Run, format: OutputFormat, printer: &Printer) -> anyhow::Result<String> {
    if let Some(adaptive) = &run.record.adaptive {
        return written(&TuneReport::of(run, adaptive)?, format, printer);
    }
    written(&Report::new(Study::of(run)?), format, printer)
}

/// What a run recommends, in a sentence.
pub(super) fn answer(folder: &RunFolder) -> anyhow::Result<String> {
    Ok(Report::new(Study::of(&Run::read(folder.clone())?)?).answer)
}
