//! Which task comes next: a state machine without clock or connection.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::graph::{TaskGraph, TaskId, Work};
use super::locks::LockTable;

/// The tasks of a graph, handed out by urgency as soon as what they wait for
/// is done and no running task excludes them.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    graph: TaskGraph,
    open: Vec<u32>,
    ready: BTreeSet<(Reverse<u64>, TaskId)>,
    locks: LockTable,
    running: BTreeSet<TaskId>,
    left: usize,
    /// The costs of those that are not done.
    left_cost: u64,
}

impl Dispatcher {
    pub(crate) fn new(graph: TaskGraph) -> Self {
        let open: Vec<u32> = graph.ids().map(|task| graph.waits_for(task)).collect();
        let left = open.len();
        let left_cost = graph.ids().map(|task| graph.cost(task)).fold(0, u64::saturating_add);
        let mut dispatcher = Self {
            open,
            ready: BTreeSet::new(),
            locks: LockTable::default(),
            running: BTreeSet::new(),
            left,
            left_cost,
            graph,
        };
        let free: Vec<_> =
            dispatcher.graph.ids().filter(|&id| dispatcher.graph.waits_for(id) == 0).collect();
        for task in free {
            dispatcher.make_ready(task);
        }
        dispatcher
    }

    pub(crate) fn work(&self, task: TaskId) -> Work {
        self.graph.get(task).work
    }

    /// How urgent a task is: see [`TaskGraph::urgency`].
    pub(crate) fn urgency(&self, task: TaskId) -> u64 {
        self.graph.urgency(task)
    }

    /// What a task costs one worker, or of a shared one, each of them.
    pub(crate) fn cost(&self, task: TaskId) -> u64 {
        self.graph.cost(task)
    }

    /// The most urgent task that can begin now, without beginning it.
    pub(crate) fn peek(&self) -> Option<TaskId> {
        let mut tasks = self.ready.iter().map(|&(_, task)| task);
        tasks.find(|&task| self.locks.are_free(&self.graph.get(task).locks))
    }

    /// Begins further tasks that can begin now and of which `fits` holds, most
    /// urgent first: at most so many, and no more than the share of one of so
    /// many workers.
    pub(crate) fn begin_more(
        &mut self,
        most: usize,
        workers: usize,
        fits: impl Fn(Work) -> bool,
    ) -> Vec<TaskId> {
        let most = most.min(self.ready.len().div_ceil(workers.max(1)));
        // Those that do not fit are passed over, but not all of them each time.
        let urgent = self.ready.iter().take(4 * most).map(|&(_, task)| task);
        let candidates: Vec<_> = urgent.filter(|&task| fits(self.work(task))).collect();
        let mut begun = Vec::new();
        for task in candidates {
            if begun.len() < most && self.locks.are_free(&self.graph.get(task).locks) {
                self.begin(task);
                begun.push(task);
            }
        }
        begun
    }

    /// Begins a task that [`peek`](Self::peek) gave.
    pub(crate) fn begin(&mut self, task: TaskId) {
        self.ready.remove(&(Reverse(self.graph.urgency(task)), task));
        self.locks.take(&self.graph.get(task).locks);
        self.running.insert(task);
    }

    /// Ends a task that was begun.
    pub(crate) fn finish(&mut self, task: TaskId) {
        if self.running.remove(&task) {
            self.locks.release(&self.graph.get(task).locks);
            self.complete(task);
        }
    }

    /// How many tasks are not done.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// What all tasks cost that are not done, those that run included.
    pub(crate) fn left_cost(&self) -> u64 {
        self.left_cost
    }

    /// Whether every task is done.
    pub(crate) fn is_done(&self) -> bool {
        self.left == 0
    }

    fn make_ready(&mut self, task: TaskId) {
        if self.work(task) == Work::Nothing {
            self.complete(task);
        } else {
            self.ready.insert((Reverse(self.graph.urgency(task)), task));
        }
    }

    /// Counts a task as done and frees what waited for it. Tasks without work
    /// may follow each other in long chains, so this does not call itself.
    fn complete(&mut self, task: TaskId) {
        let mut done = vec![task];
        while let Some(task) = done.pop() {
            self.left -= 1;
            self.left_cost = self.left_cost.saturating_sub(self.graph.cost(task));
            for &dependent in self.graph.dependents(task) {
                let open = &mut self.open[dependent.as_usize()];
                *open -= 1;
                if *open > 0 {
                    continue;
                }
                if self.graph.get(dependent).work == Work::Nothing {
                    done.push(dependent);
                } else {
                    self.ready.insert((Reverse(self.graph.urgency(dependent)), dependent));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::native::choices::{Choices, Circumstances};
    use crate::native::graph::Material;
    use crate::native::request::{Effort, Tuning};
    use crate::native::testing::tables;
    use crate::plan::{Costs, Pass, Plan};
    use crate::units::{Jobs, PgMajor};

    /// The tasks of `count` tables, with everything chosen that can be.
    fn graph(count: u32, effort: Effort) -> TaskGraph {
        let toc = tables(count);
        let plan = Plan::new(&toc, PgMajor(18)).unwrap();
        let costs = Costs::from_sizes(&plan, &toc);
        let jobs = Jobs::new(4).unwrap();
        let tuning = Tuning::with_effort(effort);
        let given = Circumstances {
            plan: &plan,
            toc: &toc,
            costs: &costs,
            tuning: &tuning,
            jobs,
            server_major: 17,
        };
        let choices = Choices::new(given, |_| 0);
        let material = Material { plan: &plan, toc: &toc, costs: &costs, jobs };
        TaskGraph::new(material, Pass::Main, &choices, |item| plan.is_wanted(item))
    }

    /// Runs a graph with so many workers; which of the running tasks ends
    /// first is drawn. Gives the tasks in the order in which they ended, and
    /// those that ran together.
    fn run(graph: TaskGraph, workers: usize, mut draw: impl FnMut(usize) -> usize) -> Vec<Work> {
        let mut dispatcher = Dispatcher::new(graph);
        let (mut running, mut ended): (Vec<TaskId>, Vec<Work>) = (Vec::new(), Vec::new());
        while !dispatcher.is_done() {
            while running.len() < workers
                && let Some(task) = dispatcher.peek()
            {
                dispatcher.begin(task);
                running.push(task);
                let fits = |work| matches!(work, Work::Define(_));
                running.extend(dispatcher.begin_more(2, workers, fits));
            }
            assert!(!running.is_empty(), "tasks wait for each other");
            let task = running.swap_remove(draw(running.len()));
            ended.push(dispatcher.work(task));
            dispatcher.finish(task);
        }
        ended
    }

    #[test]
    fn an_item_has_the_tasks_that_were_chosen() {
        let kinds = |effort| {
            let works = run(graph(3, effort), 4, |_| 0);
            let count = |is: fn(&Work) -> bool| works.iter().filter(|work| is(work)).count();
            [
                count(|work| matches!(work, Work::Load(_))),
                count(|work| matches!(work, Work::LoadSlices(_))),
                count(|work| matches!(work, Work::Vacuum(_))),
                count(|work| matches!(work, Work::KeyIndex(_))),
                count(|work| matches!(work, Work::AttachKey(_))),
                count(|work| matches!(work, Work::AddKey(_))),
                count(|work| matches!(work, Work::Validate(_))),
                count(|work| matches!(work, Work::Define(_))),
            ]
        };
        assert_eq!(kinds(Effort::Never), [3, 0, 0, 0, 0, 0, 0, 8]);
        assert_eq!(kinds(Effort::Always), [0, 3, 3, 3, 3, 2, 2, 3]);
    }

    #[test]
    fn the_longest_chain_begins_first() {
        let dispatcher = Dispatcher::new(graph(3, Effort::Never));
        let first = dispatcher.peek().unwrap();
        assert!(
            dispatcher
                .graph
                .ids()
                .all(|task| { dispatcher.urgency(task) <= dispatcher.urgency(first) })
        );
    }

    proptest! {
        #[test]
        fn every_task_runs_once_and_after_what_it_waits_for(
            count in 1u32..6,
            workers in 1usize..9,
            draws in prop::collection::vec(0usize..100, 200),
        ) {
            let mut draws = draws.into_iter().cycle();
            let works = run(graph(count, Effort::Always), workers, |of| draws.next().unwrap() % of);
            let done: HashSet<_> = works.iter().map(|work| format!("{work:?}")).collect();
            prop_assert_eq!(done.len(), works.len());
            let place = |work: Work| works.iter().position(|other| *other == work);
            for (at, work) in works.iter().enumerate() {
                match *work {
                    Work::Vacuum(item) => prop_assert!(place(Work::LoadSlices(item)) < Some(at)),
                    Work::AttachKey(item) => prop_assert!(place(Work::KeyIndex(item)) < Some(at)),
                    Work::Validate(item) => prop_assert!(place(Work::AddKey(item)) < Some(at)),
                    _ => {}
                }
            }
        }
    }
}
