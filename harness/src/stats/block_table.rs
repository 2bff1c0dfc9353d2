//! Observations by block and cell, with gaps where a trial did not complete.

/// A table of blocks (rows) by cells (columns).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BlockTable {
    cells: usize,
    blocks: Vec<Vec<Option<f64>>>,
}

impl BlockTable {
    /// A table of `cells` columns without any block.
    pub fn new(cells: usize) -> Self {
        Self { cells, blocks: Vec::new() }
    }

    /// Adds a block. What `block` holds beyond the table's cells is ignored,
    /// and what it lacks is a gap.
    pub fn push(&mut self, mut block: Vec<Option<f64>>) {
        block.resize(self.cells, None);
        self.blocks.push(block);
    }

    /// How many columns there are.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// The blocks, each as long as there are cells.
    pub fn blocks(&self) -> &[Vec<Option<f64>>] {
        &self.blocks
    }

    /// Whether every block has every cell.
    pub fn is_complete(&self) -> bool {
        self.blocks.iter().flatten().all(Option::is_some)
    }

    /// In how many blocks this cell was observed.
    pub fn observed(&self, cell: usize) -> usize {
        self.blocks.iter().filter(|block| block[cell].is_some()).count()
    }

    /// The fewest observations that any cell has.
    pub fn fewest_observed(&self) -> usize {
        (0..self.cells).map(|cell| self.observed(cell)).min().unwrap_or(0)
    }

    /// The mean of each column; `None` where it was never observed.
    pub fn means(&self) -> Vec<Option<f64>> {
        let of_cell = |cell: usize| {
            let values: Vec<f64> = self.blocks.iter().filter_map(|block| block[cell]).collect();
            super::moments::mean(&values)
        };
        (0..self.cells).map(of_cell).collect()
    }

    /// ln A - ln B, or whatever the observations are, for each block that has
    /// both cells.
    pub fn differences(&self, a: usize, b: usize) -> Vec<f64> {
        self.blocks.iter().filter_map(|block| Some(block[a]? - block[b]?)).collect()
    }

    /// The table with only these columns, in this order.
    #[must_use]
    pub fn select(&self, cells: &[usize]) -> Self {
        let blocks = self
            .blocks
            .iter()
            .map(|block| cells.iter().map(|&cell| block[cell]).collect())
            .collect();
        Self { cells: cells.len(), blocks }
    }

    /// The table whose blocks are those at `rows`, repeats included.
    #[must_use]
    pub fn resample(&self, rows: &[usize]) -> Self {
        let blocks = rows.iter().map(|&row| self.blocks[row].clone()).collect();
        Self { cells: self.cells, blocks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_use_the_blocks_that_have_both() {
        let mut table = BlockTable::new(2);
        table.push(vec![Some(3.0), Some(1.0)]);
        table.push(vec![Some(4.0)]);
        table.push(vec![Some(5.0), Some(2.0), Some(9.0)]);
        assert_eq!(table.differences(0, 1), [2.0, 3.0]);
        assert!(!table.is_complete());
        assert_eq!((table.observed(0), table.observed(1)), (3, 2));
        assert_eq!(table.fewest_observed(), 2);
        assert_eq!(table.select(&[1]).blocks()[1], [None]);
        assert_eq!(table.resample(&[2, 2]).differences(0, 1), [3.0, 3.0]);
    }
}
