//! Which item a restore runs next: `pg_restore -j` as a state machine.
//!
//! A [`Schedule`] is asked for steps and told what has finished. It does not
//! know what time it is nor who runs the items, so that the same object
//! drives a [simulation](Simulation) and can drive a real restore.
//!
//! Like `pg_restore`, a driver should tell it of one finished item, ask for
//! steps, and only then tell it of the next: an item that becomes ready may
//! be more urgent than one that was ready before.

mod list;
mod locks;
mod policy;
mod ready;
mod simulate;

pub use policy::Policy;
pub use simulate::{ScheduledItem, Segment, Simulation};

use crate::plan::{ItemIndex, Pass, Plan};
use crate::units::Jobs;

use locks::LockTable;
use ready::ReadyQueue;

/// The connection that an item is restored on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// The one that works before the workers start and after they end; with
    /// one job, the only one.
    Leader,
    /// A worker, counted from 0. The idle one with the lowest number is
    /// given the work (`GetIdleWorker`).
    Worker(u32),
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Start this item, and report when it has finished.
    Start {
        /// The item.
        item: ItemIndex,
        /// Where it runs.
        lane: Lane,
    },
    /// Nothing is to be done for this item, and what waited for it has
    /// already been told so. Ask again.
    Skip(ItemIndex),
    /// Nothing can start until something finishes.
    Wait,
    /// Everything has finished.
    Done,
}

/// Where the restore is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The leader goes through the table of contents: this place is next.
    BeforeFork(u32),
    /// The workers are at this pass.
    Parallel(Pass),
    /// The leader restores what was missed: this place of the list is next.
    Missed(u32),
    /// With one job: passes over the table of contents, at this place.
    Serial(Pass, u32),
}

/// The state of one restore.
///
/// ```
/// use std::collections::VecDeque;
///
/// use restore_core::archive::Archive;
/// use restore_core::plan::{PgMajor, Plan};
/// use restore_core::schedule::{Policy, Schedule, Step};
/// use restore_core::units::Jobs;
///
/// let archive = Archive::open("tests/archives/18/custom")?;
/// let plan = Plan::new(archive.toc(), PgMajor(18))?;
/// let mut schedule = Schedule::new(&plan, Jobs::new(4)?, Policy::of(PgMajor(18)));
/// let mut running = VecDeque::new();
/// let mut most_at_once = 0;
/// loop {
///     match schedule.next_step() {
///         Step::Start { item, .. } => running.push_back(item),
///         Step::Skip(_) => {}
///         // In this restore the item that was started first finishes first.
///         Step::Wait => schedule.finish(running.pop_front().expect("an item runs")),
///         Step::Done => break,
///     }
///     most_at_once = most_at_once.max(running.len());
/// }
/// assert_eq!(most_at_once, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schedule<'plan> {
    plan: &'plan Plan,
    phase: Phase,
    /// How many dependencies of each item are not there yet (`depCount`).
    open: Vec<u32>,
    /// Which items have left the pending list, for whatever reason.
    taken: Vec<bool>,
    /// What a driver has asked to leave out.
    inhibited: Vec<bool>,
    ready: ReadyQueue,
    locks: LockTable,
    leader: Option<ItemIndex>,
    workers: Vec<Option<ItemIndex>>,
}

impl<'plan> Schedule<'plan> {
    /// A restore that has not begun.
    ///
    /// One job is not a parallel restore: `pg_restore -j 1` goes through the
    /// table of contents in its order, and `policy` plays no part.
    pub fn new(plan: &'plan Plan, jobs: Jobs, policy: Policy) -> Self {
        let serial = jobs == Jobs::ONE;
        let phase = if serial { Phase::Serial(Pass::Main, 0) } else { Phase::BeforeFork(0) };
        Self {
            plan,
            phase,
            open: plan.waits().degrees(),
            taken: vec![false; plan.len()],
            inhibited: vec![false; plan.len()],
            ready: ReadyQueue::new(policy),
            locks: LockTable::new(plan.len()),
            leader: None,
            workers: vec![None; if serial { 0 } else { jobs.as_usize() }],
        }
    }

    /// The next step.
    pub fn next_step(&mut self) -> Step {
        if self.leader.is_some() {
            return Step::Wait;
        }
        loop {
            let step = match self.phase {
                Phase::Serial(pass, place) => self.step_serial(pass, place),
                Phase::BeforeFork(place) => self.step_before_fork(place),
                Phase::Parallel(pass) => self.step_parallel(pass),
                Phase::Missed(place) => Some(self.step_missed(place)),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Takes note that an item has finished, well or not: `pg_restore` goes
    /// on with what depends on an item that failed.
    ///
    /// # Panics
    /// If the item is not running: the driver has lost its count.
    pub fn finish(&mut self, item: ItemIndex) {
        if self.leader == Some(item) {
            self.leader = None;
        } else {
            let lane = self.workers.iter().position(|&running| running == Some(item));
            let lane = lane.expect("only a running item can finish");
            self.workers[lane] = None;
            self.locks.release(self.plan, item, |gone| self.ready.wake(gone));
        }
        self.reduce_dependencies(item);
    }

    /// Takes note that a table could not be made, so that its rows are not
    /// restored (`--no-data-for-failed-tables`). To be called before
    /// [`Self::finish`].
    pub fn inhibit(&mut self, data: ItemIndex) {
        self.inhibited[data.as_usize()] = true;
    }

    /// The items that are running, with their lanes.
    pub fn running(&self) -> impl Iterator<Item = (Lane, ItemIndex)> + '_ {
        let leader = self.leader.map(|item| (Lane::Leader, item));
        let workers = (0..).zip(&self.workers);
        leader
            .into_iter()
            .chain(workers.filter_map(|(lane, &item)| Some((Lane::Worker(lane), item?))))
    }

    /// One job: the items of each pass in the order of the table of contents.
    fn step_serial(&mut self, pass: Pass, place: u32) -> Option<Step> {
        let Some(item) = self.plan.at(place) else {
            match next_pass(pass) {
                Some(next) => self.phase = Phase::Serial(next, 0),
                None => return Some(Step::Done),
            }
            return None;
        };
        self.phase = Phase::Serial(pass, place + 1);
        (self.plan.pass(item) == pass).then(|| self.lead(item))
    }

    /// `restore_toc_entries_prefork`
    fn step_before_fork(&mut self, place: u32) -> Option<Step> {
        let Some(item) = self.plan.at(place) else {
            self.enter(Pass::Main);
            return None;
        };
        self.phase = Phase::BeforeFork(place + 1);
        self.plan.is_before_fork(item).then(|| {
            self.taken[item.as_usize()] = true;
            self.lead(item)
        })
    }

    /// `restore_toc_entries_parallel`
    fn step_parallel(&mut self, pass: Pass) -> Option<Step> {
        let Some(idle) = self.workers.iter().position(Option::is_none) else {
            return Some(Step::Wait);
        };
        if let Some(item) = self.ready.take_first(self.plan, &self.locks) {
            if self.is_skipped(item) {
                self.reduce_dependencies(item);
                return Some(Step::Skip(item));
            }
            self.workers[idle] = Some(item);
            self.locks.acquire(self.plan, item);
            return Some(Step::Start { item, lane: Lane::Worker(idle as u32) });
        }
        if self.workers.iter().any(Option::is_some) {
            return Some(Step::Wait);
        }
        match next_pass(pass) {
            Some(next) => self.enter(next),
            None => self.phase = Phase::Missed(0),
        }
        None
    }

    /// `restore_toc_entries_postfork`
    fn step_missed(&mut self, place: u32) -> Step {
        let Some(&item) = self.plan.missed().get(place as usize) else {
            return Step::Done;
        };
        self.phase = Phase::Missed(place + 1);
        self.lead(item)
    }

    /// Has the leader restore an item, or pass it by.
    fn lead(&mut self, item: ItemIndex) -> Step {
        if self.is_skipped(item) {
            self.reduce_dependencies(item);
            return Step::Skip(item);
        }
        self.leader = Some(item);
        Step::Start { item, lane: Lane::Leader }
    }

    fn is_skipped(&self, item: ItemIndex) -> bool {
        !self.plan.is_wanted(item) || self.inhibited[item.as_usize()]
    }

    /// Begins a pass with all that is ready for it (`move_to_ready_heap`).
    fn enter(&mut self, pass: Pass) {
        self.phase = Phase::Parallel(pass);
        let plan = self.plan;
        for item in plan.items().filter(|&item| plan.pass(item) == pass) {
            self.offer(item);
        }
    }

    /// `reduce_dependencies`
    fn reduce_dependencies(&mut self, item: ItemIndex) {
        let plan = self.plan;
        for &dependent in plan.dependents(item) {
            self.open[dependent.as_usize()] -= 1;
            if self.phase == Phase::Parallel(plan.pass(dependent)) {
                self.offer(dependent);
            }
        }
    }

    /// Makes an item of the current pass ready if nothing is missing to it.
    fn offer(&mut self, item: ItemIndex) {
        let at = item.as_usize();
        if self.open[at] == 0 && !self.taken[at] {
            self.taken[at] = true;
            self.ready.insert(self.plan, item);
        }
    }
}

fn next_pass(pass: Pass) -> Option<Pass> {
    match pass {
        Pass::Main => Some(Pass::Acl),
        Pass::Acl => Some(Pass::PostAcl),
        Pass::PostAcl => None,
    }
}
