//! Plausible levels of the cells, given the blocks that were run.
//!
//! With enough blocks the draws are a block bootstrap (whole blocks drawn
//! with replacement: Efron and Tibshirani, An Introduction to the Bootstrap,
//! 1993, chapter 8), corrected in two ways for small n: deviations are
//! stretched by sqrt(n / (n - 1)), as the bootstrap's variance has the divisor
//! n, and each draw is divided by sqrt(chi2 / df) as Student's t is. Simulated
//! with ten blocks of four cells, 10 % noise and three of the cells just
//! beyond the tolerance, the plain bootstrap recommended one of the three in
//! 11 % of runs, and this one in 4 %.
//!
//! With fewer blocks there is too little to draw from: three blocks have ten
//! distinct resamples. The draws then come from the additive model of
//! [`super::two_way`] with normal noise of one spread: a multivariate t. It
//! can claim more than the blocks alone could show, and who prints a
//! probability says which of the two it is.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use super::block_table::BlockTable;
use super::two_way::{self, TwoWay};

/// The fewest observations of every cell for blocks to be resampled.
pub const MIN_BLOCKS_TO_RESAMPLE: usize = 6;

/// How often a resample that leaves cells incomparable is drawn again.
const MAX_REDRAWS: usize = 100;

/// What the draws rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Additive cells and blocks, normal noise of one spread.
    NormalModel,
    /// Resampled blocks.
    BlockBootstrap,
}

/// Draws of the levels of all cells of a table at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws {
    basis: Basis,
    center: Vec<f64>,
    values: Vec<f64>,
}

impl Draws {
    /// `count` draws of the levels of the cells of `table`. `None` where the
    /// table does not tell noise from effects (see [`TwoWay::fit`]).
    pub fn new(table: &BlockTable, count: usize, random: &mut ChaCha8Rng) -> Option<Self> {
        let fit = TwoWay::fit(table)?;
        if table.fewest_observed() < MIN_BLOCKS_TO_RESAMPLE {
            return Self::from_model(&fit, count, random);
        }
        Self::from_blocks(&fit, table, count, random)
    }

    fn from_model(fit: &TwoWay, count: usize, random: &mut ChaCha8Rng) -> Option<Self> {
        let cells = fit.cells.len();
        let df = fit.degrees_of_freedom as f64;
        let chi_squared = ChiSquared::new(df).ok()?;
        let mut values = Vec::with_capacity(count * cells);
        for _ in 0..count {
            let scale = fit.residual_sd * (df / chi_squared.sample(random)).sqrt();
            let normal: Vec<f64> = (0..cells).map(|_| StandardNormal.sample(random)).collect();
            let errors = fit.unit_errors(&normal);
            values.extend(fit.cells.iter().zip(errors).map(|(cell, error)| cell + scale * error));
        }
        Some(Self { basis: Basis::NormalModel, center: fit.cells.clone(), values })
    }

    fn from_blocks(
        fit: &TwoWay,
        table: &BlockTable,
        count: usize,
        random: &mut ChaCha8Rng,
    ) -> Option<Self> {
        let n = table.fewest_observed() as f64;
        let df = n - 1.0;
        let chi_squared = ChiSquared::new(df).ok()?;
        let mut values = Vec::with_capacity(count * fit.cells.len());
        for _ in 0..count {
            let levels = resampled_levels(table, random)?;
            let stretch = (n / df).sqrt() * (df / chi_squared.sample(random)).sqrt();
            values.extend(
                fit.cells.iter().zip(levels).map(|(cell, level)| cell + stretch * (level - cell)),
            );
        }
        Some(Self { basis: Basis::BlockBootstrap, center: fit.cells.clone(), values })
    }

    /// What the draws rest on.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The estimates that the draws lie around.
    pub fn center(&self) -> &[f64] {
        &self.center
    }

    /// The draws, each with a level for every cell.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.center.len())
    }

    /// The share of draws in which `event` holds.
    pub fn probability(&self, event: impl Fn(&[f64]) -> bool) -> f64 {
        let held = self.iter().filter(|levels| event(levels)).count();
        held as f64 / self.iter().count().max(1) as f64
    }

    /// The draws pulled towards the estimates by `factor`: what they would
    /// look like with 1 / factor² times the blocks, if the estimates held.
    #[must_use]
    pub fn narrowed(&self, factor: f64) -> Self {
        let narrow = |(value, center): (&f64, &f64)| center + factor * (value - center);
        let values = self.values.iter().zip(self.center.iter().cycle()).map(narrow).collect();
        Self { basis: self.basis, center: self.center.clone(), values }
    }
}

/// The levels of one resample of as many blocks as the table has.
fn resampled_levels(table: &BlockTable, random: &mut ChaCha8Rng) -> Option<Vec<f64>> {
    let n = table.blocks().len();
    let complete = table.is_complete();
    (0..MAX_REDRAWS).find_map(|_| {
        let rows: Vec<usize> = (0..n).map(|_| random.random_range(0..n)).collect();
        if complete {
            Some(column_means(table, &rows))
        } else {
            two_way::cell_levels(&table.resample(&rows))
        }
    })
}

/// Without gaps the levels are plain means: no equations to solve.
fn column_means(table: &BlockTable, rows: &[usize]) -> Vec<f64> {
    let mut sums = vec![0.0; table.cells()];
    for &row in rows {
        for (sum, value) in sums.iter_mut().zip(&table.blocks()[row]) {
            *sum += value.unwrap_or(0.0);
        }
    }
    sums.iter().map(|sum| sum / rows.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{moments, random, student};

    /// Cells one apart, each block shifted, small fixed noise.
    fn table(blocks: usize, gap: bool) -> BlockTable {
        let mut table = BlockTable::new(3);
        for block in 0..blocks {
            let noise = |cell: usize| 0.05 * ((block * 7 + cell * 5) % 11) as f64 / 11.0;
            let row = (0..3).map(|cell| Some(3.0 - cell as f64 + block as f64 + noise(cell)));
            let mut row: Vec<_> = row.collect();
            if gap && block == 2 {
                row[1] = None;
            }
            table.push(row);
        }
        table
    }

    fn differences(draws: &Draws) -> Vec<f64> {
        draws.iter().map(|levels| levels[0] - levels[1]).collect()
    }

    #[test]
    fn the_model_draws_the_t_distribution_of_the_fit() {
        for gap in [false, true] {
            let table = table(4, gap);
            let fit = TwoWay::fit(&table).unwrap();
            let draws = Draws::new(&table, 200_000, &mut random::stream(5, "t")).unwrap();
            assert_eq!(draws.basis(), Basis::NormalModel);
            let sorted = moments::sorted(&differences(&draws));
            let expected = fit.cells[0] - fit.cells[1]
                + student::quantile(0.975, fit.degrees_of_freedom) * fit.standard_error(0, 1);
            let seen = moments::quantile_of_sorted(&sorted, 0.975).unwrap();
            assert!((seen - expected).abs() < 0.05 * fit.standard_error(0, 1), "{seen} {expected}");
        }
    }

    #[test]
    fn resampled_blocks_are_as_wide_as_the_paired_t_interval() {
        for gap in [false, true] {
            let table = table(12, gap);
            let draws = Draws::new(&table, 20_000, &mut random::stream(6, "blocks")).unwrap();
            assert_eq!(draws.basis(), Basis::BlockBootstrap);
            let paired = table.differences(0, 1);
            let of_mean =
                student::mean_interval(&paired, crate::stats::interval::Level::P95).unwrap();
            let sorted = moments::sorted(&differences(&draws));
            let width = moments::quantile_of_sorted(&sorted, 0.975).unwrap()
                - moments::quantile_of_sorted(&sorted, 0.025).unwrap();
            let ratio = width / (2.0 * of_mean.interval.half_width());
            assert!((0.9..1.1).contains(&ratio), "gap {gap}: {ratio}");
        }
    }

    #[test]
    fn draws_repeat_with_their_seed() {
        let draw = |seed| Draws::new(&table(7, false), 50, &mut random::stream(seed, "x"));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_eq!(Draws::new(&table(1, false), 50, &mut random::stream(1, "x")), None);
    }

    #[test]
    fn narrowing_keeps_the_center() {
        let draws = Draws::new(&table(4, false), 2_000, &mut random::stream(1, "n")).unwrap();
        let half = draws.narrowed(0.5);
        assert_eq!(half.center(), draws.center());
        let spread = |draws: &Draws| moments::standard_deviation(&differences(draws)).unwrap();
        assert!((spread(&half) / spread(&draws) - 0.5).abs() < 1e-9);
    }
}
