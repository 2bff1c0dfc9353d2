//! The folder of a run whose trials other folders have: shards merged.

use std::fs;
use std::io;
use std::path::Path;

use super::error::{Result, io_error};
use super::folder::{CONTROL, ITEMS, LATENCY, LOAD, LOGS, RunFolder, TRIALS};
use super::trial_error::ERRORS;
use super::{ArchiveRecord, LoadSample, RecordedPlan, RunRecord, TrialRow, table};

/// The tables that a trial may have, each with what its name ends in.
const TABLES: [(&str, &str); 5] =
    [(ITEMS, "csv"), (LATENCY, "csv"), (CONTROL, "csv"), (ERRORS, "csv"), (LOGS, "log")];

/// Trials that are taken from a run folder.
#[derive(Debug, Clone)]
pub struct Taken<'a> {
    pub folder: &'a RunFolder,
    /// The rows, of which no other folder has any.
    pub rows: &'a [TrialRow],
}

impl RunFolder {
    /// Makes the folder of a run from the trials of others, with all that they
    /// have beside their rows. It is complete or not there at all.
    pub fn merge(
        path: &Path,
        run: &RunRecord,
        plans: &[(&ArchiveRecord, RecordedPlan)],
        taken: &[Taken<'_>],
    ) -> Result<Self> {
        Self::create_with(path, run, plans, |folder| folder.fill(taken))
    }

    fn fill(&self, taken: &[Taken<'_>]) -> Result<()> {
        let mut rows: Vec<TrialRow> = Vec::new();
        let mut load: Vec<LoadSample> = Vec::new();
        for Taken { folder, rows: of_folder } in taken {
            for row in *of_folder {
                self.copy_tables(folder, row.trial)?;
            }
            let is_taken =
                |sample: &LoadSample| of_folder.iter().any(|row| row.trial == sample.trial);
            load.extend(folder.load()?.into_iter().filter(is_taken));
            rows.extend_from_slice(of_folder);
            // Each host had its own; the first one's stands for an archive.
            let known = self.error_references()?;
            for reference in folder.error_references()? {
                if !known.iter().any(|other| other.archive == reference.archive) {
                    self.add_error_reference(&reference)?;
                }
            }
        }
        rows.sort_by_key(|row| row.trial);
        // Samples of a trial stay in their order.
        load.sort_by_key(|sample| sample.trial);
        if !load.is_empty() {
            let path = self.path().join(LOAD);
            let header = table::load_header(&path)?;
            let lines = table::write(&load, false, &path)?;
            self.write_whole(LOAD, &[header.as_bytes(), &lines].concat())?;
        }
        let path = self.path().join(TRIALS);
        let header = table::trials_header(&path)?;
        let lines = table::write_trials(&rows, &path)?;
        self.write_whole(TRIALS, &[header.as_bytes(), &lines].concat())
    }

    fn copy_tables(&self, from: &Self, trial: u32) -> Result<()> {
        for (folder, ending) in TABLES {
            let name = format!("{folder}/{trial}.{ending}");
            let source = from.path().join(&name);
            match fs::read(&source) {
                Ok(bytes) => {
                    self.make_folder(folder)?;
                    self.write_whole(&name, &bytes)?;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(io_error("read", &source)(error)),
            }
        }
        Ok(())
    }
}
