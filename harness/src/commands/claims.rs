//! `jobtune claims`: what recorded runs say of the rules of thumb.

use std::path::PathBuf;

use super::{Status, written};
use crate::analysis::RunFacts;
use crate::claims::{self, MeasuredRun};
use crate::cli::ClaimsArgs;
use crate::printer::Printer;
use crate::record::Run;
use crate::report::claims::Claims;

pub(super) fn run(args: &ClaimsArgs, printer: &Printer) -> anyhow::Result<Status> {
    let measured = |path: &PathBuf| -> anyhow::Result<MeasuredRun> {
        let run = Run::open(path)?;
        let name = run.record.scenario.name.clone();
        Ok(MeasuredRun::new(name, run.rows, RunFacts::of(&run.record)))
    };
    let runs = args.runs.iter().map(measured).collect::<anyhow::Result<Vec<_>>>()?;
    let claims = Claims(claims::judge(&runs));
    printer.answer(&written(&claims, args.format, printer)?);
    Ok(Status::Done)
}
