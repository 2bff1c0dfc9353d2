//! What to expect of numbers of jobs: the schedule of `pg_restore`, run with
//! the cost of each item, on a server that is never short of anything.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plan::{Bounds, Costs, CriticalPath, Plan};
use crate::schedule::{Policy, Simulation};
use crate::units::Jobs;

use super::words::share;

/// The numbers of jobs that are foretold unless others are asked for.
pub const USUAL_JOBS: [u32; 12] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/// The largest number of jobs that is looked at.
const MOST_JOBS: u32 = 64;

/// Up to this many items every number of jobs is simulated, with the range of
/// costs, which then takes less than a second; beyond it, those that are
/// foretold, and one with the range.
const FEW_ITEMS: usize = 20_000;

/// A restore this much longer than the shortest one is as good.
const AS_GOOD: f64 = 0.01;

/// A speed-up against one job, with the range that the costs leave open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speedup {
    /// How many times as fast.
    pub value: f64,
    /// The smallest over the range of costs; `null` where costs are measured,
    /// and in very large archives.
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
        let runs: Vec<Run> = tried.into_iter().map(|jobs| self.run(self.costs, jobs)).collect();
        let (smallest, is_largest_tried) = enough(&runs);
        let has_range = |jobs| self.plan.len() <= FEW_ITEMS || jobs == smallest;
        let foretold: Vec<Forecast> = runs
            .iter()
            .filter(|run| shown.contains(&run.jobs) || run.jobs == smallest)
            .map(|run| self.forecast(run, path, has_range(run.jobs)))
            .collect();
        let speedup = foretold.iter().find(|of| of.jobs == smallest).map(|of| of.speedup);
        let speedup = speedup.unwrap_or(Enough::SERIAL.speedup);
        (foretold, Enough { jobs: smallest, speedup, is_largest_tried })
    }

    fn run(&self, costs: &Costs, jobs: Jobs) -> Run {
        let run = Simulation::run(self.plan, costs, jobs, self.policy);
        Run { jobs, time: run.makespan(), idle: run.idle() }
    }

    fn forecast(&self, run: &Run, path: &CriticalPath, has_range: bool) -> Forecast {
        let jobs = run.jobs;
        let work = self.costs.total();
        let value = speedup(work, run.time);
        let range = self.range.iter().filter(|_| has_range);
        let in_range = range.map(|costs| speedup(costs.total(), self.run(costs, jobs).time));
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
            most_speedup: speedup(work, lower),
            idle_share: share(run.idle, u128::from(jobs.get()) * run.time),
        }
    }

    /// How many items run at once where nothing but the plan limits them, and
    /// the most that ever do.
    pub(super) fn concurrency(&self) -> (Vec<Concurrency>, u32) {
        let unlimited = Jobs::new(Jobs::MAX).unwrap_or(Jobs::ONE);
        let run = Simulation::run(self.plan, self.costs, unlimited, self.policy);
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

/// What is kept of a simulated restore: schedules of large archives are large.
struct Run {
    jobs: Jobs,
    time: u128,
    idle: u128,
}

/// The smallest number of jobs that is as good as the fastest, and whether it
/// is the largest that was tried.
fn enough(runs: &[Run]) -> (Jobs, bool) {
    let within = || runs.iter().filter(|run| run.jobs.get() <= MOST_JOBS);
    let fastest = within().map(|run| run.time).min().unwrap_or(0);
    let as_good = |run: &&Run| run.time as f64 <= fastest as f64 * (1.0 + AS_GOOD);
    let smallest = within().find(as_good).map_or(Jobs::ONE, |run| run.jobs);
    let largest = within().map(|run| run.jobs).max().unwrap_or(Jobs::ONE);
    (smallest, smallest == largest && largest != Jobs::ONE)
}

/// How many times as fast as one job after the other; 1 where nothing is to be
/// done.
fn speedup(work: u128, time: u128) -> f64 {
    if time == 0 { 1.0 } else { share(work, time) }
}
