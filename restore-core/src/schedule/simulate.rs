//! A restore in simulated time: every item takes exactly its cost.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::plan::{Costs, Demand, ItemIndex, Plan};
use crate::units::Jobs;

use super::{Lane, Policy, Schedule, Step};

/// When and where an item ran, in the unit of the costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledItem {
    /// The item.
    pub item: ItemIndex,
    /// Where it ran.
    pub lane: Lane,
    /// When it started.
    pub start: u128,
    /// When it finished.
    pub end: u128,
}

/// A stretch of time in which neither the number of running items changed nor
/// how many processors they want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// How many items ran.
    pub running: u32,
    /// How many processors they want together, in thousandths.
    pub demand: u64,
    /// Whether the workers had been started and not yet ended: the rest is
    /// the leader's, alone.
    pub parallel: bool,
    /// How long it lasted.
    pub length: u128,
}

/// What came of a simulated restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// With how many jobs.
    pub jobs: Jobs,
    /// The items in the order in which they were started.
    pub items: Vec<ScheduledItem>,
    /// How many items ran and what they wanted, from beginning to end.
    pub segments: Vec<Segment>,
}

impl Simulation {
    /// Restores the plan with this many jobs.
    pub fn run(plan: &Plan, costs: &Costs, jobs: Jobs, policy: Policy) -> Self {
        let mut schedule = Schedule::new(plan, jobs, policy);
        let mut clock = Clock::default();
        let mut items = Vec::with_capacity(plan.len());
        loop {
            match schedule.next_step() {
                Step::Start { item, lane } => {
                    let cost = u128::from(costs.of(item).0);
                    items.push(clock.start(item, lane, cost, costs.demand(item)));
                }
                Step::Skip(_) => {}
                Step::Wait => schedule.finish(clock.next_finished(costs)),
                Step::Done => break,
            }
        }
        Self { jobs, items, segments: clock.segments }
    }

    /// How long the whole restore took.
    pub fn makespan(&self) -> u128 {
        self.segments.iter().map(|segment| segment.length).sum()
    }

    /// The time that workers spent waiting for work, added up over the
    /// workers, from the first one's start to the last one's end.
    pub fn idle(&self) -> u128 {
        let idle_workers = |segment: &Segment| u128::from(self.jobs.get() - segment.running);
        let parallel = self.segments.iter().filter(|segment| segment.parallel);
        parallel.map(|segment| idle_workers(segment) * segment.length).sum()
    }

    /// The segments of the straggler's tail: what follows the last moment at
    /// which every worker had work, until the workers end. All of the
    /// parallel part if that moment never came.
    pub fn tail(&self) -> &[Segment] {
        let parallel = self.parallel_part();
        let all_busy = |segment: &Segment| segment.running == self.jobs.get();
        let start = parallel.iter().rposition(all_busy).map_or(0, |last| last + 1);
        &parallel[start..]
    }

    /// The straggler: the item on a worker that finished last, with its time.
    pub fn straggler(&self) -> Option<&ScheduledItem> {
        let on_worker = |item: &&ScheduledItem| matches!(item.lane, Lane::Worker(_));
        self.items.iter().filter(on_worker).max_by_key(|item| item.end)
    }

    /// For how long exactly k items ran, for k from 0 to the most that ever
    /// did.
    pub fn time_by_running(&self) -> Vec<u128> {
        let most = self.segments.iter().map(|segment| segment.running).max().unwrap_or(0);
        let mut time = vec![0; most as usize + 1];
        for segment in &self.segments {
            time[segment.running as usize] += segment.length;
        }
        time
    }

    fn parallel_part(&self) -> &[Segment] {
        let first = self.segments.iter().position(|segment| segment.parallel);
        let last = self.segments.iter().rposition(|segment| segment.parallel);
        match (first, last) {
            (Some(first), Some(last)) => &self.segments[first..=last],
            _ => &[],
        }
    }
}

/// Simulated time, with the items that run in it.
#[derive(Default)]
struct Clock {
    now: u128,
    /// What runs, the next to finish first; at the same instant, the lower
    /// lane first, as `pg_restore` looks through its workers.
    running: BinaryHeap<Reverse<(u128, Lane, ItemIndex)>>,
    /// What they want of the processors together.
    demand: u64,
    segments: Vec<Segment>,
}

impl Clock {
    fn start(&mut self, item: ItemIndex, lane: Lane, cost: u128, demand: Demand) -> ScheduledItem {
        let end = self.now + cost;
        self.demand += u64::from(demand.0);
        self.running.push(Reverse((end, lane, item)));
        ScheduledItem { item, lane, start: self.now, end }
    }

    /// Lets time pass until an item finishes.
    fn next_finished(&mut self, costs: &Costs) -> ItemIndex {
        let (running, demand) = (self.running.len() as u32, self.demand);
        let Reverse((end, lane, item)) =
            self.running.pop().expect("a schedule waits only while an item runs");
        let parallel = matches!(lane, Lane::Worker(_));
        let length = end - self.now;
        self.now = end;
        self.demand -= u64::from(costs.demand(item).0);
        let next = Segment { running, demand, parallel, length };
        match self.segments.last_mut() {
            _ if length == 0 => {}
            Some(last) if (Segment { length, ..*last }) == next => last.length += length,
            _ => self.segments.push(next),
        }
        item
    }
}
