//! `jobtune claims`: what recorded runs say of the rules of thumb.

use super::{Status, written};
use crate::analysis::RunFacts;
use crate::claims::{self, Material};
use crate::cli::ClaimsArgs;
use crate::printer::Printer;
use crate::record::RunFolder;
use crate::report::claims::Claims;

pub(super) fn run(args: &ClaimsArgs, printer: &Printer) -> anyhow::Result<Status> {
    let runs = args
        .runs
        .iter()
        .map(|path| {
            let folder = RunFolder::open(path)?;
            Ok(Material::new(RunFacts::of(&folder.run()?), folder.trials()?))
        })
        .collect::<anyhow::Result<Vec<Material>>>()?;
    let claims = Claims::new(&claims::judge(&runs));
    printer.answer(&written(&claims, args.format, printer)?);
    Ok(Status::Done)
}
