//! A recorded run as everything right of the run folder reads it.

use std::collections::BTreeMap;
use std::path::Path;

use super::Metric;
use super::error::{FolderError, Result};
use super::{
    ArchiveRecord, ControlRow, ErrorRow, HostShare, ItemRow, LatencyRow, LoadSample, RecordedPlan,
    RunFolder, RunRecord, TrialRow,
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

/// What the hosts of one label have of a run.
#[derive(Debug, Clone)]
pub struct PartOfHosts {
    /// The label, or the name of a host without one.
    pub title: String,
    /// How many hosts they are.
    pub hosts: usize,
    pub price_per_hour: Option<f64>,
    /// The run, with their blocks alone.
    pub run: Run,
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

    /// What hosts of each label have recorded, by label; a host without one is on
    /// its own, by its name. A run that was made on one host has one part.
    pub fn by_host(&self) -> Vec<PartOfHosts> {
        let mut groups: BTreeMap<String, Vec<HostShare>> = BTreeMap::new();
        for share in &self.record.hosts {
            let title = share.identity.title().map_or_else(|| share.to_string(), str::to_owned);
            groups.entry(title).or_default().push(share.clone());
        }
        if groups.is_empty() {
            let identity = self.record.identity.as_ref();
            let title = identity.and_then(|of| of.title()).unwrap_or("this host").to_owned();
            let price_per_hour = identity.and_then(|of| of.price_per_hour);
            return vec![PartOfHosts { title, hosts: 1, price_per_hour, run: self.clone() }];
        }
        groups.into_iter().map(|(title, shares)| self.part(title, shares)).collect()
    }

    fn part(&self, title: String, shares: Vec<HostShare>) -> PartOfHosts {
        let prices: Vec<f64> =
            shares.iter().filter_map(|share| share.identity.price_per_hour).collect();
        // One price for several hosts: what they cost on average.
        let price_per_hour =
            (!prices.is_empty()).then(|| prices.iter().sum::<f64>() / prices.len() as f64);
        let mut record = self.record.clone();
        if let Some(first) = shares.first() {
            record.host = first.host.clone();
            record.servers = first.servers.clone();
        }
        let is_here = |row: &&TrialRow| shares.iter().any(|of| of.blocks.contains(&row.block));
        let rows = self.rows.iter().filter(is_here).cloned().collect();
        let hosts = shares.len();
        record.hosts = shares;
        let run = Self { record, rows, ..self.clone() };
        PartOfHosts { title, hosts, price_per_hour, run }
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
