//! How fast and how slow a restore with j jobs can be, by theory.
//!
//! Graham (1969): list scheduling on j machines takes no longer than
//! W / j + (1 - 1 / j) C, for the work W and the longest chain C, and nothing
//! takes less than W / j or less than C. Both hold within each pass, and the
//! barriers between the passes add them up.

use super::{CriticalPath, PassFloor};
use crate::units::Jobs;

/// What the makespan of a plan must lie within, in the unit of its costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// No restore with this many jobs is faster.
    pub lower: u128,
    /// No list schedule is slower as long as locks delay nothing: Graham's
    /// guarantee is for dependencies alone. A schedule beyond it has been
    /// held up by locks.
    pub upper_without_locks: u128,
}

impl Bounds {
    /// The bounds for this many jobs.
    pub fn new(path: &CriticalPath, jobs: Jobs) -> Self {
        let j = u128::from(jobs.get());
        let lower = |floor: &PassFloor| floor.work.div_ceil(j).max(floor.length());
        let upper = |floor: &PassFloor| (floor.work + (j - 1) * floor.chain.length).div_ceil(j);
        Self {
            lower: path.serial() + path.passes.iter().map(lower).sum::<u128>(),
            upper_without_locks: path.serial() + path.passes.iter().map(upper).sum::<u128>(),
        }
    }
}
