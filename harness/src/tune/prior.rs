//! What is known before the first restore.

use restore_core::plan::{Costs, PgMajor, Plan, PlanError};
use restore_core::schedule::{Policy, Simulation};
use restore_core::selection::Selected;
use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

/// More jobs than this many per processor are not tried unasked: a restore
/// that waits for its disk gains from more than one, and from little more.
const MOST_PER_CORE: u32 = 4;

/// Without a known number of processors, no more jobs than this are tried.
const MOST_UNKNOWN: u32 = 32;

/// A further step of -j must shorten the restore by this share, were there
/// nothing but the archive's own order to wait for.
const LEAST_GAIN: f64 = 0.01;

/// What is known before the first restore.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// For each number of jobs, the shortest time that the order of the
    /// archive's items allows, as a share of that with one job; the items'
    /// costs are taken from their sizes.
    pub floors: Vec<f64>,
    /// Processors that the server may use, where that is known.
    pub cores: Option<u32>,
}

impl Prior {
    /// What the items that are restored say of these numbers of jobs.
    pub fn new(
        selected: &Selected<'_>,
        major: PgMajor,
        jobs: &[Jobs],
        cores: Option<u32>,
    ) -> Result<Self, PlanError> {
        let plan = Plan::of(selected, major)?;
        let costs = Costs::from_sizes(&plan, selected.toc());
        let time = |jobs| Simulation::run(&plan, &costs, jobs, Policy::of(major)).makespan();
        let serial = time(Jobs::ONE).max(1) as f64;
        let floors = jobs.iter().map(|&jobs| (time(jobs) as f64 / serial).min(1.0)).collect();
        Ok(Self { floors, cores })
    }

    /// Nothing but the number of processors is known.
    pub fn without_contents(jobs: &[Jobs], cores: Option<u32>) -> Self {
        Self { floors: jobs.iter().map(|jobs| f64::from(jobs.get()).recip()).collect(), cores }
    }

    /// Where to begin: as many jobs as processors, or as are of use.
    pub fn first(&self, jobs: &[Jobs]) -> usize {
        let wanted = self.cores.unwrap_or(4);
        let useful = self.useful(jobs);
        let distance = |place: &usize| (jobs[*place].get().abs_diff(wanted), *place);
        (0..=useful).min_by_key(distance).unwrap_or(0)
    }

    /// The place of the largest number of jobs that gives every worker
    /// something to do.
    pub fn useful(&self, jobs: &[Jobs]) -> usize {
        let gains = |place: &usize| self.floors[place - 1] - self.floors[*place];
        (1..jobs.len())
            .take_while(|place| gains(place) >= LEAST_GAIN * self.floors[place - 1])
            .last()
            .unwrap_or(0)
    }
}

/// The numbers of jobs to choose from, where none are asked for.
pub fn candidates(cores: Option<u32>) -> Vec<Jobs> {
    let most = cores.map_or(MOST_UNKNOWN, |cores| cores.saturating_mul(MOST_PER_CORE)).max(4);
    let doubling = std::iter::successors(Some(1_u32), |jobs| jobs.checked_mul(2));
    let mut all: Vec<u32> = doubling.take_while(|&jobs| jobs <= most).collect();
    all.extend(cores.filter(|&cores| cores > 0));
    all.extend(cores.map(|cores| cores + cores / 2).filter(|&jobs| jobs > 0));
    all.sort_unstable();
    all.dedup();
    all.into_iter().filter_map(|jobs| Jobs::new(jobs).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(all: &[u32]) -> Vec<Jobs> {
        all.iter().map(|&jobs| Jobs::new(jobs).unwrap()).collect()
    }

    #[test]
    fn it_begins_at_the_processors_or_where_more_is_of_no_use() {
        let all = jobs(&[1, 2, 4, 8, 16]);
        let first = |floors: &[f64], cores| {
            let prior = Prior { floors: floors.to_vec(), cores };
            all[prior.first(&all)].get()
        };
        let wide = [1.0, 0.5, 0.25, 0.13, 0.07];
        assert_eq!(first(&wide, Some(8)), 8);
        assert_eq!(first(&wide, Some(6)), 4);
        assert_eq!(first(&wide, None), 4);
        assert_eq!(first(&[1.0, 0.6, 0.6, 0.6, 0.6], Some(16)), 2);
        assert_eq!(first(&[1.0; 5], Some(16)), 1);
    }

    #[test]
    fn candidates_reach_beyond_the_processors() {
        assert_eq!(candidates(Some(2)), jobs(&[1, 2, 3, 4, 8]));
        assert_eq!(candidates(Some(12)), jobs(&[1, 2, 4, 8, 12, 16, 18, 32]));
        assert_eq!(candidates(None).last(), Some(&Jobs::new(32).unwrap()));
    }
}
