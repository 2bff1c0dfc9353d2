//! Several scenarios in one command: each its own run, one summary.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::super::{Status, print, recommend};
use super::{Swept, load, sweep};
use crate::cli::SweepArgs;
use crate::document::Document;
use crate::printer::Printer;
use crate::provider::connect_to_docker;
use crate::record::{Outcome, RunFolder};
use crate::scenario::{Provider, Scenario};

/// What came of one scenario.
enum Fate {
    /// It was swept.
    Swept {
        /// Trials that completed, and all.
        completed: usize,
        trials: usize,
        answer: String,
        folder: PathBuf,
    },
    /// It needs what this machine does not have.
    Skipped(&'static str),
    /// Nothing came of it.
    Failed(String),
    /// It was only described.
    Described,
}

/// Sweeps every scenario, one after the other. A scenario that fails keeps
/// none of the others from being swept.
pub(super) async fn run(args: &SweepArgs, printer: &Printer) -> anyhow::Result<Status> {
    // What is wrong with a scenario is said before the first one is swept.
    let scenarios = args
        .scenarios
        .iter()
        .map(|path| load(&args.of(path)))
        .collect::<anyhow::Result<Vec<Scenario>>>()?;
    check_names(&scenarios)?;
    let mut fates: Vec<(&str, Fate)> = Vec::new();
    for (path, scenario) in args.scenarios.iter().zip(&scenarios) {
        printer.note(format!("\n{}: {}", scenario.name, scenario.about.as_deref().unwrap_or("")));
        let Some(fate) = one(args, path, scenario, printer).await else {
            print(&summary(&fates), printer);
            return Ok(Status::Interrupted);
        };
        fates.push((&scenario.name, fate));
    }
    if args.dry_run {
        return Ok(Status::Done);
    }
    print(&summary(&fates), printer);
    let of_fate = |is: fn(&Fate) -> bool| -> Vec<&str> {
        fates.iter().filter(|(_, fate)| is(fate)).map(|(name, _)| *name).collect()
    };
    let failed = of_fate(|fate| matches!(fate, Fate::Failed(_)));
    if !failed.is_empty() {
        bail!("{} of {} scenarios failed: {}", failed.len(), fates.len(), failed.join(", "));
    }
    let skipped = of_fate(|fate| matches!(fate, Fate::Skipped(_)));
    Ok(if skipped.is_empty() { Status::Done } else { Status::Skipped })
}

/// Sweeps one of them; `None` if it was interrupted.
async fn one(
    args: &SweepArgs,
    path: &Path,
    scenario: &Scenario,
    printer: &Printer,
) -> Option<Fate> {
    if needs_containers(scenario) && !args.dry_run && connect_to_docker().await.is_err() {
        let why = "it needs containers, and no container engine answers";
        printer.warn(format!("{} is skipped: {why}", scenario.name));
        return Some(Fate::Skipped(why));
    }
    let args = SweepArgs {
        out: args.out.as_ref().map(|parent| parent.join(&scenario.name)),
        ..args.of(path)
    };
    let swept = match sweep(&args, printer).await {
        Ok(Swept::Ended(folder)) => swept(&folder),
        Ok(Swept::Described) => Ok(Fate::Described),
        Ok(Swept::Interrupted) => return None,
        Err(error) => Err(error),
    };
    Some(swept.unwrap_or_else(|error| {
        printer.error(&error);
        Fate::Failed(error.to_string())
    }))
}

fn swept(folder: &RunFolder) -> anyhow::Result<Fate> {
    let rows = folder.trials()?;
    let completed = rows.iter().filter(|row| row.outcome == Outcome::Completed).count();
    if completed == 0 && !rows.is_empty() {
        bail!(
            "none of {} trials completed: jobtune recommend {}",
            rows.len(),
            folder.path().display()
        );
    }
    Ok(Fate::Swept {
        completed,
        trials: rows.len(),
        answer: recommend::answer(folder)?,
        folder: folder.path().to_owned(),
    })
}

/// Runs are told apart by the names of their scenarios.
fn check_names(scenarios: &[Scenario]) -> anyhow::Result<()> {
    let mut names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => bail!("two of the scenarios are named {:?}: sweep them apart", pair[0]),
        None => Ok(()),
    }
}

fn needs_containers(scenario: &Scenario) -> bool {
    let mut providers = scenario.variants.iter().map(|variant| &variant.server.provider);
    providers.any(|provider| matches!(provider, Provider::Docker { .. }))
}

fn summary(fates: &[(&str, Fate)]) -> Document {
    let mut document = Document::of(format!("{} scenarios", fates.len()));
    for (name, fate) in fates {
        match fate {
            Fate::Swept { completed, trials, answer, folder } => document
                .heading(format!("{name}: {completed} of {trials} trials completed"))
                .paragraph(answer)
                .paragraph(folder.display().to_string()),
            Fate::Skipped(why) => document.heading(format!("{name}: skipped, {why}")),
            Fate::Failed(why) => document.heading(format!("{name}: failed, {why}")),
            Fate::Described => document.heading(format!("{name}: described")),
        };
    }
    document
}
