//! `jobtune claims`: what recorded runs say of the rules of thumb.

use anyhow::Context as _;

use super::Status;
use crate::analysis::RunFacts;
use crate::claims::{self, Material};
use crate::cli::{ClaimsArgs, OutputFormat};
use crate::printer::Printer;
use crate::record::RunFolder;
use crate::report::{Style, claims as report};

pub(super) fn run(args: &ClaimsArgs, printer: &Printer) -> anyhow::Result<Status> {
    let runs = args
        .runs
        .iter()
        .map(|path| {
            let folder = RunFolder::open(path)?;
            Ok(Material::new(RunFacts::of(&folder.run()?), folder.trials()?))
        })
        .collect::<anyhow::Result<Vec<Material>>>()?;
    let claims = report::reports(&claims::judge(&runs));
    printer.answer(&match args.format {
        OutputFormat::Text => report::text(&claims, Style { width: printer.width(), color: true }),
        OutputFormat::Markdown => report::markdown(&claims),
        OutputFormat::Json => report::json(&claims).context("cannot write JSON")?,
    });
    Ok(Status::Done)
}
