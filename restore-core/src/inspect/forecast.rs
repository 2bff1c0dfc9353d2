//! What to expect of numbers of jobs: the schedule of `pg_restore`, run with
//! the cost of each item, on a server that is never short of anything.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plan::{Bounds, Costs, CriticalPath, Plan};
use crate::schedule::{Policy, Simulation};
use crate::units::Jobs;

use super::share;

/// The numbers of jobs that are foretold unless others are asked for.
pub const USUAL_JOBS: [u32; 12] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/// The largest number of jobs that is looked at.
const MOST_JOBS: u32 = 64;

/// Up to this many items every number of jobs is simulated, which then takes
/// less than a second; beyond it, those that are foretold.
const FEW_ITEMS: usize = 20_000;

/// A restore this much longer than the shortest one is as good.
const AS_GOOD: f64 = 0.01;

/// A speed-up against one job, with the range that the costs leave open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speedup {
    /// How many times as fast.
    pub value: f64,
    /// The smallest over the range of costs; `null` where costs are measured.
    pub low: Option<f64>,
    /// The largest.
    pub high: Option<f64>,
}

/// What to expect of one number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The number.
    pub jobs: Jobs,
    /// How many times as fast as one job.
    pub speedup: Speedup,
    /// What no schedule can exceed with so many jobs.
    pub most_speedup: f64,
    /// The part of the workers' time in which they have nothing to do.
    pub idle_share: f64,
}

/// The number of jobs past which nothing is gained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enough {
    /// The smallest number of jobs within 1 % of the fastest up to 64.
    pub jobs: Jobs,
    /// How many times as fast as one job it is.
    pub speedup: Speedup,
    /// Whether it is the largest number that was looked at, so that more may
    /// gain still.
    pub is_largest_tried: bool,
}

impl Enough {
    /// Of an archive that is restored serially.
    pub(super) const SERIAL: Self = Self {
        jobs: Jobs::ONE,
        speedup: Speedup { value: 1.0, low: None, high: None },
        is_largest_tried: false,
    };
}

/// For how much of a restore with unlimited jobs how many items run at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Concurrency {
    /// At least so many.
    pub from: u32,
    /// At most so many.
    pub to: u32,
    /// The part of the restore's time.
    pub time_share: f64,
    /// The part of the restore's work that is done then.
    pub work_share: f64,
}

/// Simulated restores of one plan.
pub(super) struct Restores<'a> {
    plan: &'a Plan,
    policy: Policy,
    costs: &'a Costs,
    range: &'a [Costs],
}

impl<'a> Restores<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        policy: Policy,
        costs: &'a Costs,
        range: &'a [Costs],
    ) -> Self {
        Self { plan, policy, costs, range }
    }

    /// The forecast for each of `jobs`, and the number that is enough.
    pub(super) fn foretell(&self, jobs: &[Jobs], path: &CriticalPath) -> (Vec<Forecast>, Enough) {
        let shown: BTreeSet<Jobs> = jobs.iter().copied().collect();
        let all = (1..=MOST_JOBS).filter_map(|jobs| Jobs::new(jobs).ok());
        let tried: BTreeSet<Jobs> = if self.plan.len() <= FEW_ITEMS {
            all.chain(shown.iter().copied()).collect()
        } else {
            let usual = USUAL_JOBS.into_iter().filter_map(|jobs| Jobs::new(jobs).ok());
            usual.chain(shown.iter().copied()).collect()
        };
        let runs: Vec<Simulation> =
            tried.into_iter().map(|jobs| self.run(self.costs, jobs)).collect();
        let enough = enough(&runs);
        let foretold = runs
            .iter()
            .filter(|run| shown.contains(&run.jobs) || run.jobs == enough.0)
            .map(|run| self.forecast(run, path))
            .collect::<Vec<_>>();
        let speedup = foretold.iter().find(|of| of.jobs == enough.0).map(|of| of.speedup);
        let enough = Enough {
            jobs: enough.0,
            speedup: speedup.unwrap_or(Enough::SERIAL.speedup),
            is_largest_tried: enough.1,
        };
        (foretold, enough)
    }

    fn run(&self, costs: &Costs, jobs: Jobs) -> Simulation {
        Simulation::run(self.plan, costs, jobs, self.policy)
    }

    fn forecast(&self, run: &Simulation, path: &CriticalPath) -> Forecast {
        let jobs = run.jobs;
        let work = self.costs.total();
        let in_range = self.range.iter().map(|costs| ratio(costs, &self.run(costs, jobs)));
        let value = share_or_one(work, run.makespan());
        let all: Vec<f64> = in_range.chain([value]).collect();
        let has_range = all.len() > 1;
        let least = all.iter().copied().fold(f64::INFINITY, f64::min);
        let most = all.iter().copied().fold(0.0, f64::max);
        let lower = Bounds::new(path, jobs).lower;
        Forecast {
            jobs,
            speedup: Speedup {
                value,
                low: has_range.then_some(least),
                high: has_range.then_some(most),
            },
            most_speedup: share_or_one(work, lower),
            idle_share: share(run.idle(), u128::from(jobs.get()) * run.makespan()),
        }
    }

    /// How many items run at once where nothing but the plan limits them, and
    /// the most that ever do.
    pub(super) fn concurrency(&self) -> (Vec<Concurrency>, u32) {
        let unlimited = Jobs::new(Jobs::MAX).unwrap_or(Jobs::ONE);
        let run = self.run(self.costs, unlimited);
        let time = run.time_by_running();
        let (total, work) = (run.makespan(), self.costs.total());
        let mut buckets = Vec::new();
        let mut from: usize = 1;
        while from < time.len() {
            // 1, 2, 3 to 4, 5 to 8, ...
            let to = if from == 1 { 1 } else { (from - 1) * 2 };
            let spent = || (from..=to).filter_map(|running| Some((running, *time.get(running)?)));
            let in_bucket: u128 = spent().map(|(_, length)| length).sum();
            let done: u128 = spent().map(|(running, length)| running as u128 * length).sum();
            if in_bucket > 0 {
                buckets.push(Concurrency {
                    from: from as u32,
                    to: (to as u32).min(time.len() as u32 - 1),
                    time_share: share(in_bucket, total),
                    work_share: share(done, work),
                });
            }
            from = to + 1;
        }
        (buckets, time.len().saturating_sub(1) as u32)
    }
}

/// The smallest number of jobs that is as good as the fastest, and whether it
/// is the largest that was tried.
fn enough(runs: &[Simulation]) -> (Jobs, bool) {
    let within: Vec<(Jobs, u128)> = runs
        .iter()
        .filter(|run| run.jobs.get() <= MOST_JOBS)
        .map(|run| (run.jobs, run.makespan()))
        .collect();
    let fastest = within.iter().map(|&(_, time)| time).min().unwrap_or(0);
    let as_good = |&&(_, time): &&(Jobs, u128)| time as f64 <= fastest as f64 * (1.0 + AS_GOOD);
    let smallest = within.iter().find(as_good).map_or(Jobs::ONE, |&(jobs, _)| jobs);
    let largest = within.last().map_or(Jobs::ONE, |&(jobs, _)| jobs);
    (smallest, smallest == largest && largest != Jobs::ONE)
}

fn ratio(costs: &Costs, run: &Simulation) -> f64 {
    share_or_one(costs.total(), run.makespan())
}

/// A speed-up; of a restore without work it is 1.
fn share_or_one(work: u128, time: u128) -> f64 {
    if time == 0 { 1.0 } else { share(work, time) }
}
