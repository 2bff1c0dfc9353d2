//! `jobtune runs`: what run folders there are.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Status, written};
use crate::cli::RunsArgs;
use crate::printer::Printer;
use crate::record::{Run, RunFolder};
use crate::report::runs::{DamagedRun, RunSummary, Runs};

pub(super) fn run(args: &RunsArgs, printer: &Printer) -> anyhow::Result<Status> {
    let mut runs = Vec::new();
    let mut damaged = Vec::new();
    for path in candidates(&args.folder)? {
        match RunFolder::open(&path).and_then(Run::read).and_then(|run| RunSummary::of(&run)) {
            Ok(run) => runs.push(run),
            Err(error) => damaged.push(DamagedRun { name: name(&path), error: error.to_string() }),
        }
    }
    let answer = Runs::new(args.folder.display().to_string(), runs, damaged);
    printer.answer(&written(&answer, args.format, printer)?);
    Ok(Status::Done)
}

/// The folder itself, or those below it that have a file of a run.
fn candidates(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if looks_like_a_run(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| looks_like_a_run(path));
    paths.sort();
    Ok(paths)
}

fn looks_like_a_run(folder: &Path) -> bool {
    ["run.json", "trials.csv"].iter().any(|file| folder.join(file).exists())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
