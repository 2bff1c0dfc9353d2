//! A shard as it is read for merging.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::design::Shard;
use crate::record::{RunFolder, RunRecord, TrialRow};
use crate::sweep::ShardSource;
use crate::sweep::source::check;

/// A shard as its folder has it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) folder: RunFolder,
    pub(super) record: RunRecord,
    pub(super) shard: Shard,
    /// In the order in which they were run.
    rows: Vec<TrialRow>,
}

impl Part {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let folder = RunFolder::open(path)?;
        let (record, rows) = (folder.run()?, folder.trials()?);
        if !record.hosts.is_empty() {
            bail!("{} was merged already: name its shards instead", path.display());
        }
        let shard = record.shard.with_context(|| {
            format!("{} is no shard: it was not swept with --shard", path.display())
        })?;
        Ok(Self { path: path.to_owned(), folder, record, shard, rows })
    }

    /// Each row must be the trial that the design has in its place.
    pub(super) fn check_rows(&self) -> anyhow::Result<()> {
        let source = ShardSource::new(&self.record.design, self.blocks_of_all(), self.shard);
        check(&source, &self.rows).with_context(|| format!("cannot merge {}", self.path.display()))
    }

    /// How many blocks all shards have together.
    pub(super) fn blocks_of_all(&self) -> u32 {
        self.record.scenario.sweep.blocks.max
    }

    /// The rows of blocks that are whole.
    pub(super) fn whole_rows(&self) -> &[TrialRow] {
        let cells = self.record.design.cells().len().max(1);
        &self.rows[..self.rows.len() / cells * cells]
    }

    /// The blocks that are whole; ascending.
    pub(super) fn whole_blocks(&self) -> Vec<u32> {
        let mut blocks: Vec<u32> = self.whole_rows().iter().map(|row| row.block).collect();
        blocks.dedup();
        blocks
    }
}
