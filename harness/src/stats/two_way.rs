//! Cells and blocks, each adding its part: y = cell + block + noise.
//!
//! The classical analysis of randomised blocks, by least squares so that a
//! missing cell costs its observation and not its block (the intra-block
//! equations of Cochran and Cox, Experimental Designs, 1957). One spread is
//! assumed for all cells, which lets few blocks speak with the degrees of
//! freedom of the whole table.

use super::block_table::BlockTable;
use super::linear::Cholesky;
use super::moments;

/// The cells' effects, with blocks taken out.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoWay {
    /// Level of each cell in an average block. Differences are estimates
    /// free of block effects; the common level is the mean of the blocks'.
    pub cells: Vec<f64>,
    /// Standard deviation of the noise within blocks.
    pub residual_sd: f64,
    /// Degrees of freedom of that standard deviation, at least 1.
    pub degrees_of_freedom: usize,
    information: Cholesky,
}

impl TwoWay {
    /// Fits `table`. `None` where nothing is left to tell noise from effects,
    /// a cell was never observed, or gaps cut the cells into groups that no
    /// block compares.
    pub fn fit(table: &BlockTable) -> Option<Self> {
        let information = Cholesky::new(&information(table))?;
        let cells = levels(table, &information)?;
        let observations = table.blocks().iter().flatten().flatten().count();
        let blocks =
            table.blocks().iter().filter(|block| block.iter().any(Option::is_some)).count();
        let degrees_of_freedom =
            (observations + 1).checked_sub(blocks + table.cells()).filter(|&df| df > 0)?;
        let squares: f64 = table
            .blocks()
            .iter()
            .map(|block| {
                let residuals = residuals(block, &cells);
                let shared = moments::mean(&residuals).unwrap_or(0.0);
                residuals.iter().map(|residual| (residual - shared).powi(2)).sum::<f64>()
            })
            .sum();
        let residual_sd = (squares / degrees_of_freedom as f64).sqrt();
        Some(Self { cells, residual_sd, degrees_of_freedom, information })
    }

    /// Turns independent standard normal numbers, one for each cell, into
    /// errors of the cells' levels whose differences have the covariance of
    /// the estimates at a noise of standard deviation 1.
    pub fn unit_errors(&self, normal: &[f64]) -> Vec<f64> {
        self.information.solve_transposed(normal)
    }

    /// Standard error of the difference between two cells.
    pub fn standard_error(&self, a: usize, b: usize) -> f64 {
        let mut contrast = vec![0.0; self.cells.len()];
        contrast[a] += 1.0;
        contrast[b] -= 1.0;
        let solved = self.information.solve(&contrast);
        self.residual_sd * (solved[a] - solved[b]).max(0.0).sqrt()
    }
}

/// The cells' levels alone: what a resampled table needs. `None` as for
/// [`TwoWay::fit`], but without a demand on the degrees of freedom.
pub fn cell_levels(table: &BlockTable) -> Option<Vec<f64>> {
    levels(table, &Cholesky::new(&information(table))?)
}

/// The normal equations' matrix after the block effects are eliminated:
/// over all blocks the centring matrix of the cells observed there. Constants
/// lie in its null space; adding a multiple of the matrix of ones fills that
/// without touching any difference. With no gaps the sum is n I.
fn information(table: &BlockTable) -> Vec<Vec<f64>> {
    let cells = table.cells();
    let filling = table.blocks().len() as f64 / cells.max(1) as f64;
    let mut matrix = vec![vec![filling; cells]; cells];
    for block in table.blocks() {
        let observed: Vec<usize> = (0..cells).filter(|&cell| block[cell].is_some()).collect();
        for &row in &observed {
            matrix[row][row] += 1.0;
            for &column in &observed {
                matrix[row][column] -= 1.0 / observed.len() as f64;
            }
        }
    }
    matrix
}

fn levels(table: &BlockTable, information: &Cholesky) -> Option<Vec<f64>> {
    let mut right = vec![0.0; table.cells()];
    for block in table.blocks() {
        let values: Vec<f64> = block.iter().copied().flatten().collect();
        let Some(shared) = moments::mean(&values) else {
            continue;
        };
        for (sum, value) in right.iter_mut().zip(block) {
            *sum += value.map_or(0.0, |value| value - shared);
        }
    }
    let effects = information.solve(&right);
    let block_levels: Vec<f64> = table
        .blocks()
        .iter()
        .filter_map(|block| moments::mean(&residuals(block, &effects)))
        .collect();
    let level = moments::mean(&block_levels)?;
    Some(effects.iter().map(|effect| effect + level).collect())
}

/// What a block's observations leave once the cells' parts are taken off.
fn residuals(block: &[Option<f64>], cells: &[f64]) -> Vec<f64> {
    block.iter().zip(cells).filter_map(|(value, cell)| Some((*value)? - cell)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(rows: &[&[Option<f64>]]) -> BlockTable {
        let mut table = BlockTable::new(rows[0].len());
        for row in rows {
            table.push(row.to_vec());
        }
        table
    }

    #[test]
    fn with_gaps_agrees_with_least_squares_in_numpy() {
        // Design matrix X of block and cell dummies: numpy.linalg.lstsq(X, y)
        // for the contrasts, numpy.linalg.pinv(X.T @ X) for their errors.
        let seen = TwoWay::fit(&table(&[
            &[Some(1.00), Some(0.62), Some(0.40)],
            &[Some(1.10), None, Some(0.47)],
            &[Some(0.95), Some(0.60), None],
            &[Some(1.05), Some(0.66), Some(0.44)],
        ]))
        .unwrap();
        assert_eq!(seen.degrees_of_freedom, 4);
        assert!((seen.residual_sd - 0.013_852_969_425_533_376).abs() < 1e-12);
        for (a, b, difference, error) in [
            (0, 1, 0.376_857_142_857_142_85, 0.010_982_980_030_034_492),
            (0, 2, 0.608_857_142_857_143_4, 0.010_982_980_030_034_492),
            (1, 2, 0.232, 0.012_390_472_530_287_536),
        ] {
            assert!((seen.cells[a] - seen.cells[b] - difference).abs() < 1e-12);
            assert!((seen.standard_error(a, b) - error).abs() < 1e-12);
        }
    }

    #[test]
    fn without_gaps_levels_are_means() {
        let seen = TwoWay::fit(&table(&[
            &[Some(3.0), Some(1.0)],
            &[Some(4.0), Some(2.5)],
            &[Some(5.0), Some(4.0)],
        ]))
        .unwrap();
        assert!((seen.cells[0] - 4.0).abs() < 1e-12);
        assert!((seen.cells[1] - 2.5).abs() < 1e-12);
        // The paired differences 2, 1.5, 1 have the standard deviation 0.5.
        assert!((seen.standard_error(0, 1) - 0.5 / 3.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_told_is_not_made_up() {
        assert_eq!(TwoWay::fit(&table(&[&[Some(1.0), Some(2.0)]])), None, "one block");
        let never = table(&[&[Some(1.0), None], &[Some(1.0), None]]);
        assert_eq!(TwoWay::fit(&never), None, "a cell without observations");
        let apart = table(&[
            &[Some(1.0), Some(2.0), None, None],
            &[Some(1.0), Some(2.0), None, None],
            &[None, None, Some(3.0), Some(1.0)],
            &[None, None, Some(3.0), Some(1.0)],
        ]);
        assert_eq!(TwoWay::fit(&apart), None, "two groups that no block compares");
        assert_eq!(TwoWay::fit(&BlockTable::new(3)), None, "no block");
    }

    proptest! {
        #[test]
        fn block_effects_do_not_touch_differences(
            values in prop::collection::vec(-1.0..1.0f64, 12),
            shifts in prop::collection::vec(-9.0..9.0f64, 4),
        ) {
            let build = |shifted: bool| {
                let mut table = BlockTable::new(3);
                for block in 0..4 {
                    let shift = if shifted { shifts[block] } else { 0.0 };
                    table.push((0..3)
                        // One gap, so that the general path is taken.
                        .map(|cell| ((block, cell) != (1, 2)).then(|| values[block * 3 + cell] + shift))
                        .collect());
                }
                TwoWay::fit(&table).unwrap()
            };
            let (plain, shifted) = (build(false), build(true));
            for cell in 1..3 {
                let difference = |fit: &TwoWay| fit.cells[cell] - fit.cells[0];
                prop_assert!((difference(&plain) - difference(&shifted)).abs() < 1e-9);
            }
            prop_assert!((plain.residual_sd - shifted.residual_sd).abs() < 1e-9);
        }
    }
}
