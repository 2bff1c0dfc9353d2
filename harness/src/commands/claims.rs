//! `jobtune claims`: what recorded runs say of the rules of thumb.

use std::path::PathBuf;

use super::{Status, written};
use crate::claims;
use crate::cli::ClaimsArgs;
use crate::printer::Printer;
use crate::record::Run;
use crate::report::claims::Claims;
use crate::study::Study;

pub(super) fn run(args: &ClaimsArgs, printer: &Printer) -> anyhow::Result<Status> {
    let study = |path: &PathBuf| {
        let study = Study::of(&Run::open(path)?)?;
        let name = study.facts().scenario.clone().unwrap_or_default();
        Ok(Study { name, ..study })
    };
    let runs = args.runs.iter().map(study).collect::<anyhow::Result<Vec<Study>>>()?;
    let claims = Claims(claims::judge(&runs));
    printer.answer(&written(&claims, args.format, printer)?);
    Ok(Status::Done)
}
