//! What a run keeps of its archives' tables of contents.

use restore_core::archive::Archive;
use restore_core::format::Format;

use super::cache::digest;
use crate::printer::Printer;
use crate::record::{ArchiveRecord, RecordedPlan, RunFolder, RunRecord};

/// The plans of these archives. A plain dump is an SQL script and has none.
pub fn of(archives: &[ArchiveRecord]) -> anyhow::Result<Vec<(&ArchiveRecord, RecordedPlan)>> {
    let planned = archives.iter().filter(|archive| archive.key.format != Format::Plain);
    planned.map(|archive| Ok((archive, read(archive)?))).collect()
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
            folder.write_plan(archive, &read(archive)?)?;
            printer.note(format!("kept the plan of {path}"));
        } else {
            printer.note(format!("{path} has changed: the run stays without its plan"));
        }
    }
    Ok(())
}

fn read(archive: &ArchiveRecord) -> anyhow::Result<RecordedPlan> {
    Ok(RecordedPlan::from(Archive::open(&archive.path)?.toc()))
}
