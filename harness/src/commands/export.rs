//! `jobtune export`: runs in the forms that other programs read.

use super::Status;
use crate::cli::{ExportArgs, ExportForm};
use crate::printer::Printer;
use crate::record::Run;
use crate::report::export::{self, Exported};
use crate::study::Study;

pub(super) fn run(args: &ExportArgs, printer: &Printer) -> anyhow::Result<Status> {
    let mut runs = Vec::new();
    for path in &args.runs {
        let run = Run::open(path)?;
        runs.push(Exported::new(&run.record, Study::of(&run)?));
    }
    let text = match args.form {
        ExportForm::Csv => export::csv(&runs)?,
        ExportForm::Otava => export::otava(&runs)?,
        ExportForm::Bencher => serde_json::to_string_pretty(&export::bencher(&runs))?,
        ExportForm::Openmetrics => export::openmetrics(&runs),
    };
    printer.answer(&text);
    Ok(Status::Done)
}
