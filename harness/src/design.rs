//! The design of a sweep: cells, and blocks of trials in random order.

mod shard;

use std::fmt;
use std::time::Duration;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use restore_core::format::{Compression, Format};
use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use crate::scenario::{EngineKind, Phase, Sweep};

pub use shard::{Shard, ShardChoice, ShardError};

/// An archive of a variant's dataset: a cell without its job count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArchiveKey {
    /// Name of the variant.
    pub variant: String,
    /// Format of the archive.
    pub format: Format,
    /// Compression of the archive.
    pub compression: Compression,
}

/// One point of the sweep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// What is restored.
    pub archive: ArchiveKey,
    /// By what.
    #[serde(default, skip_serializing_if = "EngineKind::is_usual")]
    pub engine: EngineKind,
    /// By how many workers.
    pub jobs: Jobs,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ArchiveKey { variant, format, compression } = &self.archive;
        if !self.engine.is_usual() {
            write!(f, "{} ", self.engine)?;
        }
        write!(f, "{variant} {format} {compression} -j {}", self.jobs)
    }
}

/// One restore of one cell in one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial<'a> {
    /// Number in the designed order, from 1.
    pub number: u32,
    /// Block, from 1.
    pub block: u32,
    /// Place in the block, from 1.
    pub position: u32,
    /// What is restored.
    pub cell: &'a Cell,
    /// Stop it after this time: it would only show what is known by then.
    pub limit: Option<Duration>,
}

/// The cells of a sweep and the seed of their order.
///
/// A block's order depends on the seed and the block's number alone, so that
/// a sweep that was interrupted goes on as it was designed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    cells: Vec<Cell>,
    seed: u64,
}

impl Design {
    /// What a sweep does with every archive: with each engine that takes its
    /// format, and each number of jobs; with one job alone where the format is
    /// serial.
    pub fn new(phase: Phase, archives: &[ArchiveKey], sweep: &Sweep, seed: u64) -> Self {
        let mut cells = Vec::new();
        for archive in archives {
            let format = archive.format;
            for &engine in sweep.engines.iter().filter(|engine| engine.restores(format)) {
                let is_parallel = phase.is_parallel(format, engine);
                let jobs = sweep.jobs.iter().filter(|&&jobs| is_parallel || jobs == Jobs::ONE);
                // With -j auto it is the most that there may be.
                let most = sweep.max_jobs.as_ref().filter(|_| is_parallel);
                let most = most.or(jobs.clone().max());
                let most = most.filter(|_| engine == EngineKind::Auto);
                let mut jobs: Vec<&Jobs> =
                    jobs.filter(|_| engine != EngineKind::Auto).chain(most).collect();
                if let Some(fixed) = sweep.fixed_jobs.get(&archive.variant) {
                    jobs = vec![fixed];
                }
                cells.extend(jobs.into_iter().map(|&jobs| Cell {
                    archive: archive.clone(),
                    engine,
                    jobs,
                }));
            }
        }
        Self { cells, seed }
    }

    /// The cells, in the scenario's order.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The seed of the order.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The trials of a block (from 1) in their order.
    pub fn block(&self, block: u32) -> Vec<Trial<'_>> {
        let mut order: Vec<&Cell> = self.cells.iter().collect();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // Every block has a stream of its own in the same generator.
        rng.set_stream(u64::from(block));
        order.shuffle(&mut rng);
        let before = (block - 1) * self.cells.len() as u32;
        (1..)
            .zip(order)
            .map(|(position, cell)| Trial {
                number: before + position,
                block,
                position,
                cell,
                limit: None,
            })
            .collect()
    }
}

/// What a sweep that chooses its trials as it goes must remember beside its
/// cells and its seed, so that the same rows lead to the same next trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adaptive {
    /// For each cell, the shortest time that the archive's order allows, as a
    /// share of that with one job.
    pub floors: Vec<f64>,
    /// Processors that the server may use, where that is known.
    pub cores: Option<u32>,
    /// At most so many restores.
    pub max_restores: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(seed: u64) -> Design {
        let key = |format, compression: &str| ArchiveKey {
            variant: "base".to_owned(),
            format,
            compression: compression.parse().unwrap(),
        };
        let keys = [key(Format::Directory, "gzip:6"), key(Format::Tar, "none")];
        Design::new(Phase::Restore, &keys, &Sweep::example(&[1, 2, 4]), seed)
    }

    #[test]
    fn a_block_runs_every_cell_once() {
        let design = design(7);
        assert_eq!(design.cells().len(), 4, "tar has one job alone");
        for block in 1..=20 {
            let trials = design.block(block);
            let mut cells: Vec<&Cell> = trials.iter().map(|trial| trial.cell).collect();
            cells.sort();
            cells.dedup();
            assert_eq!(cells.len(), 4);
            assert_eq!(trials[0].number, (block - 1) * 4 + 1);
        }
    }

    #[test]
    fn the_order_is_that_of_the_seed() {
        assert_eq!(design(7).block(3), design(7).block(3));
        let orders = |seed| {
            let design = design(seed);
            (1..9)
                .map(|b| design.block(b).iter().map(|t| t.cell.to_string()).collect())
                .collect::<Vec<Vec<_>>>()
        };
        assert_ne!(orders(7), orders(8));
        assert_ne!(orders(7)[0..4], orders(7)[4..8], "blocks differ among themselves");
    }
}
