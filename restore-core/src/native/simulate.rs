//! A restore as the dispatcher would run it, without server or clock: how long
//! it takes with so many workers that are never short of anything.

use std::collections::BTreeMap;

use super::choices::Choices;
use super::dispatch::Dispatcher;
use super::graph::{Material, TaskGraph, TaskId, Work};
use crate::plan::{ItemIndex, Pass};

/// The time of a restore in the unit of the costs that `material` has.
///
/// What one worker does alone, before the data and for privileges, is counted
/// as it is; that it is sent without waiting for answers is not.
pub(crate) fn makespan(material: Material<'_>, choices: &Choices) -> u128 {
    let plan = material.plan;
    let cost = |item: ItemIndex| u128::from(material.costs.of(item).0);
    let is_missed = |item: &ItemIndex| plan.missed().contains(item);
    let by_leader = |item: &ItemIndex| {
        plan.is_before_fork(*item) || plan.pass(*item) == Pass::Acl || is_missed(item)
    };
    let wanted = || plan.items().filter(|&item| plan.is_wanted(item));
    let alone: u128 = wanted().filter(by_leader).map(cost).sum();
    let of_pass = |pass| {
        let graph = TaskGraph::new(material, pass, choices, |item| plan.is_wanted(item));
        Run::of(graph, material.jobs.as_usize()).run()
    };
    alone + of_pass(Pass::Main) + of_pass(Pass::PostAcl)
}

/// A task that any number of workers do together.
struct Shared {
    /// Time that one worker would still take.
    left: f64,
    members: usize,
}

/// One pass that is simulated.
struct Run {
    dispatcher: Dispatcher,
    idle: usize,
    now: f64,
    /// Ends of the tasks that one worker does.
    single: BTreeMap<TaskId, f64>,
    shared: BTreeMap<TaskId, Shared>,
    workers: usize,
}

impl Run {
    fn of(graph: TaskGraph, workers: usize) -> Self {
        Self {
            dispatcher: Dispatcher::new(graph),
            idle: workers,
            now: 0.0,
            single: BTreeMap::new(),
            shared: BTreeMap::new(),
            workers,
        }
    }

    fn run(mut self) -> u128 {
        while !self.dispatcher.is_done() {
            self.hand_out();
            if !self.advance() {
                break;
            }
        }
        self.now.round() as u128
    }

    /// Gives idle workers the most urgent tasks, as a pass does.
    fn hand_out(&mut self) {
        while self.idle > 0 {
            let urgency = |task: TaskId| self.dispatcher.urgency(task);
            let ready = self.dispatcher.peek();
            let shared = self.shared.keys().copied().max_by_key(|&task| urgency(task));
            match (ready, shared) {
                (None, None) => return,
                (Some(task), Some(open)) if urgency(open) < urgency(task) => self.begin(task),
                (Some(task), None) => self.begin(task),
                (_, Some(open)) => self.join(open),
            }
        }
    }

    fn begin(&mut self, task: TaskId) {
        self.dispatcher.begin(task);
        let cost = self.dispatcher.cost(task) as f64;
        if let Work::LoadSlices(_) | Work::LargeObjects(_) = self.dispatcher.work(task) {
            // The graph counts a worker's share of it.
            let left = cost * self.workers as f64;
            self.shared.insert(task, Shared { left, members: 0 });
            self.join(task);
        } else {
            self.idle -= 1;
            self.single.insert(task, self.now + cost);
        }
    }

    fn join(&mut self, task: TaskId) {
        if let Some(shared) = self.shared.get_mut(&task) {
            shared.members += 1;
            self.idle -= 1;
        }
    }

    /// Goes on to the next end of a task; whether there is one.
    fn advance(&mut self) -> bool {
        let single = self.single.iter().map(|(&task, &end)| (task, end));
        let shared = self.shared.iter();
        let shared = shared.map(|(&task, of)| (task, self.now + of.left / of.members as f64));
        let Some((task, end)) = single.chain(shared).min_by(|a, b| a.1.total_cmp(&b.1)) else {
            return false;
        };
        let passed = end - self.now;
        for shared in self.shared.values_mut() {
            shared.left = (shared.left - passed * shared.members as f64).max(0.0);
        }
        self.now = end;
        self.idle += match self.shared.remove(&task) {
            Some(shared) => shared.members,
            None => self.single.remove(&task).map_or(0, |_| 1),
        };
        self.dispatcher.finish(task);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::choices::Circumstances;
    use crate::native::request::{Effort, Tuning};
    use crate::native::testing::tables;
    use crate::plan::{Costs, Plan};
    use crate::units::{Jobs, PgMajor};

    fn time(tables_count: u32, jobs: u32, split: Effort) -> u128 {
        let toc = tables(tables_count);
        let plan = Plan::new(&toc, PgMajor(18)).unwrap();
        let costs = Costs::from_sizes(&plan, &toc);
        let jobs = Jobs::new(jobs).unwrap();
        let tuning = Tuning { split, ..Tuning::none() };
        let server_major = 17;
        let given = Circumstances {
            plan: &plan,
            toc: &toc,
            costs: &costs,
            tuning: &tuning,
            jobs,
            server_major,
        };
        let choices = Choices::new(given, |_| u64::MAX);
        makespan(Material { plan: &plan, toc: &toc, costs: &costs, jobs }, &choices)
    }

    #[test]
    fn one_worker_takes_the_sum_of_all_costs() {
        let toc = tables(3);
        let plan = Plan::new(&toc, PgMajor(18)).unwrap();
        let sum = Costs::from_sizes(&plan, &toc).total();
        assert_eq!(time(3, 1, Effort::Never), sum);
        assert_eq!(time(3, 1, Effort::Always), sum, "slices cost what the whole costs");
    }

    #[test]
    fn more_workers_are_never_slower_and_slices_help_where_tables_are_few() {
        let mut before = u128::MAX;
        for jobs in 1..=8 {
            let now = time(5, jobs, Effort::Never);
            assert!(now <= before, "-j {jobs}");
            before = now;
        }
        assert!(time(1, 8, Effort::Always) < time(1, 8, Effort::Never));
    }
}
