//! `jobtune recommend`: which -j a run speaks for.

use super::analysed::Analysed;
use super::{Status, status_of, tune};
use crate::cli::{OutputFormat, RecommendArgs};
use crate::printer::Printer;
use crate::record::RunFolder;
use crate::report::{Report, Style, json, markdown, terminal};

pub(super) fn run(args: &RecommendArgs, printer: &Printer) -> anyhow::Result<Status> {
    let folder = RunFolder::open(&args.run)?;
    printer.answer(&render(&folder, args.format, printer)?);
    status_of(&folder)
}

/// The recommendation of a run, written out.
pub(super) fn render(
    folder: &RunFolder,
    format: OutputFormat,
    printer: &Printer,
) -> anyhow::Result<String> {
    if folder.run()?.adaptive.is_some() {
        return tune::render(folder, format, printer);
    }
    let report = report(folder)?;
    Ok(match format {
        // The printer takes the colours away where they do not belong.
        OutputFormat::Text => {
            terminal::render(&report, Style { width: printer.width(), color: true })
        }
        OutputFormat::Markdown => markdown::render(&report),
        OutputFormat::Json => json::render(&report)?,
    })
}

/// What a run recommends, and all that is shown with it.
pub(super) fn report(folder: &RunFolder) -> anyhow::Result<Report> {
    Ok(Analysed::read(folder, folder.run()?)?.report)
}
