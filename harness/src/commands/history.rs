//! `jobtune history`: change points over many runs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Status, written};
use crate::cli::HistoryArgs;
use crate::history::History;
use crate::printer::Printer;
use crate::record::{Run, RunFolder};

pub(super) fn run(args: &HistoryArgs, printer: &Printer) -> anyhow::Result<Status> {
    let runs = read_runs(&args.folder, printer)?;
    if runs.is_empty() {
        bail!(
            "{} holds no run folder: give the folder that sweeps were written to, as runs/",
            args.folder.display()
        );
    }
    printer.answer(&written(&History::new(&runs), args.format, printer)?);
    Ok(Status::Done)
}

/// The runs in the folders below `folder`. One that cannot be read is said
/// and left out: a history outlives schemas and accidents.
pub(super) fn read_runs(folder: &Path, printer: &Printer) -> anyhow::Result<Vec<Run>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut runs = Vec::new();
    for path in paths {
        let Ok(opened) = RunFolder::open(&path) else { continue };
        match Run::read(opened) {
            Ok(run) => runs.push(run),
            Err(error) => printer.warn(format!("left out: {error:#}")),
        }
    }
    Ok(runs)
}
