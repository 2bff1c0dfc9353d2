//! Where the trials of a sweep come from.
//!
//! A source is a pure function of what was designed and of the rows so far:
//! the trial after n rows is what it says after those n rows. So a sweep that
//! was interrupted goes on as it would have gone on anyway, and rows that do
//! not follow from those before them are told as damage.

use anyhow::bail;

use crate::design::{Design, Shard, Trial};
use crate::record::{Ending, TrialRow};
use crate::scenario::{Blocks, EngineKind};

/// Where the trials of a sweep come from.
pub trait Source: Send + Sync {
    /// The trial that follows these rows, if the sweep is to go on at all.
    fn trial(&self, rows: &[TrialRow]) -> Option<Trial<'_>>;

    /// Why the sweep ends with these rows, if it does.
    fn ending(&self, rows: &[TrialRow]) -> Option<Ending>;

    /// Why this trial comes next, where that is more than an order.
    fn reason(&self, rows: &[TrialRow]) -> Option<String>;

    /// So many trials belong together: the time that is left is looked at
    /// between such groups.
    fn group(&self) -> usize;

    /// After how many trials the sweep may end, and must.
    fn range(&self) -> (usize, usize);
}

/// Decides at the end of a block whether more are worth their time.
pub trait StopRule: Send + Sync {
    /// The reason to stop now, if there is one.
    fn decide(&self, trials: &[TrialRow]) -> Option<Ending>;
}

/// The blocks of a shard, all of them and no others: looks at a part of the
/// blocks would end each shard at another block, and what the shards have
/// together would depend on luck.
pub struct ShardSource<'a> {
    design: &'a Design,
    /// Their numbers in the whole design, ascending.
    blocks: Vec<u32>,
}

impl<'a> ShardSource<'a> {
    /// The blocks of `design`, of so many in all, that are the shard's.
    pub fn new(design: &'a Design, of: u32, shard: Shard) -> Self {
        Self { design, blocks: shard.blocks(of) }
    }
}

impl Source for ShardSource<'_> {
    fn trial(&self, rows: &[TrialRow]) -> Option<Trial<'_>> {
        let cells = self.design.cells().len();
        let block = *self.blocks.get(rows.len().checked_div(cells)?)?;
        self.design.block(block).into_iter().nth(rows.len() % cells)
    }

    fn ending(&self, rows: &[TrialRow]) -> Option<Ending> {
        (rows.len() >= self.range().1).then_some(Ending::MaxBlocks)
    }

    fn reason(&self, _: &[TrialRow]) -> Option<String> {
        None
    }

    fn group(&self) -> usize {
        self.design.cells().len().max(1)
    }

    fn range(&self) -> (usize, usize) {
        let trials = self.blocks.len() * self.design.cells().len();
        (trials, trials)
    }
}

/// Randomised blocks of all cells.
pub struct BlockSource<'a> {
    design: &'a Design,
    blocks: Blocks,
    rule: &'a dyn StopRule,
}

impl<'a> BlockSource<'a> {
    /// The blocks of `design`, until `rule` has seen enough.
    pub fn new(design: &'a Design, blocks: Blocks, rule: &'a dyn StopRule) -> Self {
        Self { design, blocks, rule }
    }
}

impl Source for BlockSource<'_> {
    fn trial(&self, rows: &[TrialRow]) -> Option<Trial<'_>> {
        let cells = self.design.cells().len();
        let block = rows.len().checked_div(cells)?;
        self.design.block(block as u32 + 1).into_iter().nth(rows.len() % cells)
    }

    fn ending(&self, rows: &[TrialRow]) -> Option<Ending> {
        let cells = self.design.cells().len().max(1);
        let whole = (rows.len() / cells) as u32;
        if whole >= self.blocks.max {
            return Some(Ending::MaxBlocks);
        }
        if !rows.len().is_multiple_of(cells) || whole < self.blocks.min {
            return None;
        }
        self.rule.decide(rows)
    }

    fn reason(&self, _: &[TrialRow]) -> Option<String> {
        None
    }

    fn group(&self) -> usize {
        self.design.cells().len().max(1)
    }

    fn range(&self) -> (usize, usize) {
        let Blocks { min, max, .. } = self.blocks;
        (min as usize * self.group(), max as usize * self.group())
    }
}

/// Each row must be the trial that follows from the rows before it.
pub fn check(source: &dyn Source, rows: &[TrialRow]) -> anyhow::Result<()> {
    for (done, row) in rows.iter().enumerate() {
        let designed = source.trial(&rows[..done]);
        if !designed.as_ref().is_some_and(|trial| is_row_of(row, trial)) {
            let should = designed.map_or_else(|| "none".to_owned(), |trial| trial.cell.to_string());
            bail!(
                "trials.csv does not follow the design: trial {} should be {should}; it was \
                 edited or is damaged",
                done + 1
            );
        }
    }
    Ok(())
}

fn is_row_of(row: &TrialRow, trial: &Trial<'_>) -> bool {
    let key = &trial.cell.archive;
    row.trial == trial.number
        && row.block == trial.block
        && row.variant == key.variant
        && (row.format, row.compression) == (key.format, key.compression)
        && trial.cell.engine == EngineKind::of_record(&row.engine)
        && row.jobs == trial.cell.jobs
}

#[cfg(test)]
mod tests {
    use restore_core::format::Format;

    use super::*;
    use crate::design::ArchiveKey;
    use crate::scenario::quantity::Percent;
    use crate::scenario::{Phase, Sweep};

    struct Never;

    impl StopRule for Never {
        fn decide(&self, _: &[TrialRow]) -> Option<Ending> {
            None
        }
    }

    fn design() -> Design {
        let key = ArchiveKey {
            variant: "base".to_owned(),
            format: Format::Custom,
            compression: "none".parse().unwrap(),
        };
        Design::new(Phase::Restore, &[key], &Sweep::example(&[1, 2, 4]), 5)
    }

    fn rows(source: &dyn Source, count: usize) -> Vec<TrialRow> {
        let mut rows = Vec::new();
        while rows.len() < count {
            let trial = source.trial(&rows).unwrap();
            rows.push(TrialRow {
                trial: trial.number,
                block: trial.block,
                position: trial.position,
                jobs: trial.cell.jobs,
                ..TrialRow::example()
            });
        }
        rows
    }

    #[test]
    fn blocks_follow_each_other_and_end() {
        let design = design();
        let blocks = Blocks { min: 2, max: 3, precision: Percent::new(3) };
        let source = BlockSource::new(&design, blocks, &Never);
        let rows = rows(&source, 9);
        assert_eq!(
            rows.iter().map(|row| row.block).collect::<Vec<_>>(),
            [1, 1, 1, 2, 2, 2, 3, 3, 3]
        );
        assert_eq!(source.ending(&rows[..8]), None);
        assert_eq!(source.ending(&rows), Some(Ending::MaxBlocks));
        assert_eq!(source.range(), (6, 9));
        check(&source, &rows).unwrap();
    }

    #[test]
    fn shards_together_are_the_blocks_one_by_one() {
        let design = design();
        let blocks = Blocks { min: 5, max: 5, precision: Percent::new(3) };
        let whole = rows(&BlockSource::new(&design, blocks, &Never), 15);
        let mut together = Vec::new();
        for index in 1..=3 {
            let shard = ShardSource::new(&design, 5, Shard::new(index, 3).unwrap());
            let (_, trials) = shard.range();
            let rows = rows(&shard, trials);
            assert_eq!(shard.ending(&rows), Some(Ending::MaxBlocks));
            assert_eq!(shard.ending(&rows[1..]), None);
            assert_eq!(shard.trial(&rows), None, "nothing is left");
            check(&shard, &rows).unwrap();
            together.extend(rows);
        }
        together.sort_by_key(|row| row.trial);
        assert_eq!(together, whole);
    }

    #[test]
    fn rows_in_another_order_are_damage() {
        let design = design();
        let blocks = Blocks { min: 2, max: 3, precision: Percent::new(3) };
        let source = BlockSource::new(&design, blocks, &Never);
        let mut rows = rows(&source, 5);
        rows.swap(3, 4);
        let error = check(&source, &rows).unwrap_err().to_string();
        assert!(error.contains("trial 4 should be base custom none -j"), "{error}");
    }
}
