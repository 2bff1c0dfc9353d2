//! A recorded run as everything right of the run folder reads it.

use std::path::Path;

use super::Metric;
use super::error::{FolderError, Result};
use super::{
    ArchiveRecord, ControlRow, ErrorRow, ItemRow, LatencyRow, LoadSample, RecordedPlan, RunFolder, RunRecord,
    TrialRow,
};

/// A recorded run: its record and its rows are at hand, and the tables of a
/// trial are read when they are asked for.
#[derive(Debug, Clone)]
pub struct Run {
    /// What answers call it: the name of its folder, unless it was given another.
    pub name: String,
    pub record: RunRecord,
    pub rows: Vec<TrialRow>,
    folder: Option<RunFolder>,
}

impl Run {
    pub fn open(path: &Path) -> Result<Self> {
        Self::read(RunFolder::open(path)?)
    }

    pub fn read(folder: RunFolder) -> Result<Self> {
        let path = folder.path();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let (record, rows) = (folder.run()?, folder.trials()?);
        Ok(Self { name, record, rows, folder: Some(folder) })
    }

    /// A run that has its rows and nothing else, as if its tables had been left
    /// out of a copy.
    pub fn without_tables(name: String, record: RunRecord, rows: Vec<TrialRow>) -> Self {
        Self { name, record, rows, folder: None }
    }

    /// The same run, by another time of its trials. What its tables tell is of the restore
    /// alone and left out then.
    pub fn by(mut self, metric: Metric) -> Result<Self> {
        if metric == Metric::Restore {
            return Ok(self);
        }
        self.folder = None;
        let mut is_known = false;
        for row in &mut self.rows {
            if let Some(ready) = row.ready_ns {
                row.wall_ns += ready;
                is_known = true;
            }
        }
        if is_known { Ok(self) } else { Err(FolderError::NeverReady(self.name)) }
    }

    #[must_use]
    pub fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// See [`RunFolder::items`].
    pub fn items(&self, trial: u32) -> Result<Vec<ItemRow>> {
        self.folder.as_ref().map_or_else(|| Ok(Vec::new()), |folder| folder.items(trial))
    }

    /// See [`RunFolder::load_of`].
    pub fn load(&self, trial: u32) -> Result<Vec<LoadSample>> {
        self.folder.as_ref().map_or_else(|| Ok(Vec::new()), |folder| folder.load_of(trial))
    }

    /// See [`RunFolder::control`].
    pub fn control(&self, trial: u32) -> Result<Vec<ControlRow>> {
        self.folder.as_ref().map_or_else(|| Ok(Vec::new()), |folder| folder.control(trial))
    }

    /// See [`RunFolder::latency`].
    pub fn latency(&self, trial: u32) -> Result<Vec<LatencyRow>> {
        self.folder.as_ref().map_or_else(|| Ok(Vec::new()), |folder| folder.latency(trial))
    }

    /// See [`RunFolder::errors`].
    pub fn errors(&self, trial: u32) -> Result<Vec<ErrorRow>> {
        self.folder.as_ref().map_or_else(|| Ok(Vec::new()), |folder| folder.errors(trial))
    }

    /// See [`RunFolder::plan`].
    pub fn plan(&self, archive: &ArchiveRecord) -> Result<Option<RecordedPlan>> {
        self.folder.as_ref().map_or(Ok(None), |folder| folder.plan(archive))
    }
}
