//! What a run keeps of its archives' tables of contents.

use restore_core::archive::Archive;
use restore_core::format::Format;

use super::digest::digest;
use super::selection::Selection;
use crate::printer::Printer;
use crate::record::{ArchiveRecord, RecordedPlan, RunFolder, RunRecord, ServerRecord};

/// The plans of a run's archives. A plain dump is an SQL script and has none.
pub fn of(run: &RunRecord) -> anyhow::Result<Vec<(&ArchiveRecord, RecordedPlan)>> {
    let planned = run.archives.iter().filter(|archive| archive.key.format != Format::Plain);
    planned.map(|archive| Ok((archive, read(run, archive)?))).collect()
}

/// Gives a run the plans that it lacks, as far as its archives are still where
/// they were and what they were.
pub fn complete(folder: &RunFolder, run: &RunRecord, printer: &Printer) -> anyhow::Result<()> {
    for archive in &run.archives {
        if archive.key.format == Format::Plain || folder.plan(archive)?.is_some() {
            continue;
        }
        let path = archive.path.display();
        if !archive.path.exists() {
            printer.note(format!("{path} is gone: the run stays without its plan"));
        } else if digest(&archive.path)? == (archive.sha256.clone(), archive.bytes) {
            folder.write_plan(archive, &read(run, archive)?)?;
            printer.note(format!("kept the plan of {path}"));
        } else {
            printer.note(format!("{path} has changed: the run stays without its plan"));
        }
    }
    Ok(())
}

fn read(run: &RunRecord, archive: &ArchiveRecord) -> anyhow::Result<RecordedPlan> {
    let variant = &archive.key.variant;
    let major = run.servers.get(variant).and_then(ServerRecord::client_major);
    let selection = match major {
        Some(major) => Selection::read(&run.scenario.options(variant), major)?,
        None => None,
    };
    let contents = Archive::open(&archive.path)?;
    Ok(match selection {
        Some(selection) => RecordedPlan::from(&selection.of(&contents)?),
        None => RecordedPlan::from(contents.toc()),
    })
}
