//! One pass of a restore: its tasks, handed to the workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::budget::{Budget, Surroundings};
use super::context::{Context, SmallKind};
use super::crew::{Crew, Order, Report};
use super::dispatch::Dispatcher;
use super::error::NativeError;
use super::failure::item_name;
use super::graph::{TaskId, Work};
use super::lock_watch::{LockWatch, PATIENCE};
use super::source::Feed;
use super::summary::Tally;
use super::worker::Outcome;
use crate::control::{Command, Flow};
use crate::event::{EventKind, ItemTiming};
use crate::plan::ItemIndex;

/// How many workers may be busy.
#[derive(Debug)]
pub(crate) struct Limit {
    jobs: usize,
    is_paused: bool,
    is_draining: bool,
    flow: Flow,
}

impl Limit {
    pub(crate) fn new(jobs: usize) -> Self {
        Self { jobs, is_paused: false, is_draining: false, flow: Flow::OPEN }
    }

    pub(crate) fn jobs(&self) -> usize {
        self.jobs
    }

    /// Workers that may be given something new.
    fn now(&self) -> usize {
        if self.is_paused || self.is_draining { 0 } else { self.jobs }
    }

    fn follow(&mut self, command: Command) {
        match command {
            Command::Jobs(jobs) => self.jobs = jobs.as_usize(),
            Command::Pause => self.is_paused = true,
            Command::Resume => self.is_paused = false,
            Command::Drain => self.is_draining = true,
            Command::Flow(flow) => self.flow = flow,
            Command::ParallelWorkers(_) => {}
        }
    }

    /// How fast data may go. A restore that ends sends what it has begun.
    fn flow(&self) -> Flow {
        match (self.is_draining, self.is_paused) {
            (true, _) => Flow::OPEN,
            (_, true) => Flow::SHUT,
            _ => self.flow,
        }
    }
}

/// Small tasks that a worker is given at once, at most: one transaction holds
/// the locks of all of them.
const TOGETHER: usize = 32;

/// A task that several workers do together.
struct Shared {
    item: ItemIndex,
    feed: Arc<Feed>,
    members: usize,
    outcome: Outcome,
}

/// What a restore is held to while it runs.
pub(crate) struct Steering<'a> {
    pub(crate) control: &'a mut mpsc::UnboundedReceiver<Command>,
    pub(crate) limit: &'a mut Limit,
    pub(crate) budget: Option<&'a mut Budget>,
}

/// Runs the tasks of one pass.
pub(crate) struct PassRun<'a> {
    context: &'a Context,
    crew: &'a mut Crew,
    steering: Steering<'a>,
    tally: &'a mut Tally,
    dispatcher: Dispatcher,
    shared: BTreeMap<TaskId, Shared>,
    lock_watch: LockWatch,
}

impl<'a> PassRun<'a> {
    pub(crate) fn new(
        context: &'a Context,
        crew: &'a mut Crew,
        steering: Steering<'a>,
        tally: &'a mut Tally,
        dispatcher: Dispatcher,
    ) -> Self {
        let (shared, lock_watch) = (BTreeMap::new(), LockWatch::default());
        Self { context, crew, steering, tally, dispatcher, shared, lock_watch }
    }

    /// Runs all tasks. After an error that ends the restore, nothing runs any
    /// more.
    pub(crate) async fn run(&mut self) -> Result<(), NativeError> {
        let ended = self.run_tasks().await;
        if ended.is_err() {
            // Who waits at the gate would never hear of it.
            self.context.gate.set(Flow::OPEN);
            self.crew.stop().await;
        }
        ended
    }

    async fn run_tasks(&mut self) -> Result<(), NativeError> {
        // What was asked for before there were workers.
        while let Ok(command) = self.steering.control.try_recv() {
            self.obey(command).await?;
        }
        loop {
            self.hand_out();
            if self.dispatcher.is_done() {
                return Ok(());
            }
            if self.steering.limit.is_draining && self.crew.busy() == 0 {
                return Err(NativeError::Drained);
            }
            if self.crew.busy() == 0 && !self.steering.limit.is_paused {
                return Err(NativeError::Worker("tasks wait for each other".to_owned()));
            }
            tokio::select! {
                report = self.crew.report() => {
                    let report = report?;
                    self.take(report)?;
                }
                Some(command) = self.steering.control.recv() => self.obey(command).await?,
                () = tokio::time::sleep(PATIENCE) => self.tell_of_locks().await,
            }
        }
    }

    async fn tell_of_locks(&mut self) {
        for sentence in self.lock_watch.look(&self.context.target).await {
            self.context.reporter.note(sentence);
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), NativeError> {
        let before = self.steering.limit.now();
        self.steering.limit.follow(command);
        if let (Command::ParallelWorkers(most), Some(budget)) =
            (command, self.steering.budget.as_mut())
        {
            budget.limit_workers(most);
        }
        self.context.gate.set(self.steering.limit.flow());
        let jobs = self.steering.limit.now();
        if jobs != before {
            self.context.reporter.tell(EventKind::Jobs { jobs: jobs as u32 });
        }
        self.crew.grow(self.steering.limit.now()).await
    }

    /// Gives idle workers the most urgent tasks.
    fn hand_out(&mut self) {
        while let Some(slot) = self.crew.idle(self.steering.limit.now()) {
            let ready = self.dispatcher.peek();
            let shared = self.joinable();
            let urgency = |task: Option<TaskId>| task.map(|task| self.dispatcher.urgency(task));
            match (ready, shared) {
                (None, None) => return,
                (_, Some(task)) if urgency(shared) >= urgency(ready) => self.join(slot, task),
                (Some(task), _) => self.begin(slot, task),
                (None, Some(task)) => self.join(slot, task),
            }
        }
    }

    /// The most urgent task that another worker can help with.
    fn joinable(&self) -> Option<TaskId> {
        let open = self.shared.iter().filter(|(_, shared)| !shared.feed.is_over());
        open.map(|(&task, _)| task).max_by_key(|&task| self.dispatcher.urgency(task))
    }

    fn begin(&mut self, slot: usize, task: TaskId) {
        self.dispatcher.begin(task);
        let work = self.dispatcher.work(task);
        let (Work::LoadSlices(item) | Work::LargeObjects(item)) = work else {
            self.begin_small(slot, task, work);
            return;
        };
        let done = self.context.progress.parts(self.context.plan.id(item));
        let (data, size) = (self.context.data(item), self.context.tuning.slice_bytes);
        let skip = move |number| done.contains(&number);
        let feed = match work {
            Work::LoadSlices(_) => data.slices(size, skip),
            _ => data.large_objects(size, skip),
        };
        let feed = Arc::new(feed);
        self.shared.insert(task, Shared { item, feed, members: 0, outcome: Outcome::default() });
        self.join(slot, task);
    }

    /// Begins a task, and with it others of its kind if all are small: then
    /// the way to the server and the commit take longer than the work.
    fn begin_small(&mut self, slot: usize, task: TaskId, work: Work) {
        let Some(kind) = self.context.small_kind(work) else {
            self.prepare_build(slot, task);
            self.order(slot, vec![task], Order::Task(work));
            return;
        };
        let context = self.context;
        let fits = |work| context.small_kind(work) == Some(kind);
        let more = self.dispatcher.begin_more(TOGETHER - 1, self.steering.limit.jobs(), fits);
        let tasks: Vec<_> = std::iter::once(task).chain(more).collect();
        let items = tasks.iter().filter_map(|&task| self.dispatcher.work(task).item()).collect();
        let order = match kind {
            _ if tasks.len() == 1 => Order::Task(work),
            SmallKind::Definition => Order::DefineTogether(items),
            SmallKind::Rows => Order::LoadTogether(items),
        };
        self.order(slot, tasks, order);
    }

    /// Gives a worker its share of the budget, if what it begins can use it.
    fn prepare_build(&mut self, slot: usize, task: TaskId) {
        let Some(budget) = self.steering.budget.as_mut() else { return };
        if !self.context.is_build(self.dispatcher.work(task)) {
            return;
        }
        let cost = self.dispatcher.cost(task);
        let around = Surroundings {
            jobs: self.steering.limit.now(),
            busy: self.crew.busy(),
            left: self.dispatcher.left() - 1,
            cost,
            left_cost: self.dispatcher.left_cost().saturating_sub(cost),
        };
        self.crew.prepare(slot, budget.grant(slot, around));
    }

    fn join(&mut self, slot: usize, task: TaskId) {
        let Some(shared) = self.shared.get_mut(&task) else { return };
        shared.members += 1;
        let order = Order::Parts(shared.item, Arc::clone(&shared.feed));
        self.order(slot, vec![task], order);
    }

    fn order(&mut self, slot: usize, tasks: Vec<TaskId>, order: Order) {
        for (item, step) in order.steps(self.context) {
            let item = item_name(self.context.item(item));
            let worker = slot as u32 + 1;
            self.context.reporter.tell(EventKind::Started { worker, item, step });
        }
        self.crew.give(slot, tasks, order);
    }

    fn take(&mut self, report: Report) -> Result<(), NativeError> {
        if let Some(budget) = self.steering.budget.as_mut() {
            budget.release(report.slot);
        }
        let outcome = report.outcome?;
        let worker = report.slot as u32 + 1;
        let began = self.context.reporter.began();
        let (start, end) = (report.began - began, began.elapsed());
        for (item, step) in report.order.steps(self.context) {
            let rows = outcome.rows_of(item);
            let item = item_name(self.context.item(item));
            let timing = ItemTiming { item, step, lane: worker, start, end };
            self.tally.step(self.context, timing, rows, report.tasks.len() == 1);
        }
        if let (Order::Parts(..), Some(&task)) = (&report.order, report.tasks.first()) {
            return self.leave(report.slot, task, outcome);
        }
        for task in report.tasks {
            self.dispatcher.finish(task);
        }
        self.tally.errors(self.context, outcome.errors)
    }

    /// A worker has left a shared task; the last one completes it.
    fn leave(&mut self, slot: usize, task: TaskId, outcome: Outcome) -> Result<(), NativeError> {
        let Some(shared) = self.shared.get_mut(&task) else { return Ok(()) };
        shared.outcome.add(outcome);
        shared.members -= 1;
        if shared.members > 0 || !shared.feed.is_over() {
            return Ok(());
        }
        let Some(shared) = self.shared.remove(&task) else { return Ok(()) };
        if shared.outcome.must_reload {
            // The errors of the parts come again with the whole.
            self.order(slot, vec![task], Order::Reload(shared.item));
            return Ok(());
        }
        let errors = shared.outcome.errors;
        self.order(slot, vec![task], Order::Complete(shared.item, errors.clone()));
        self.tally.errors(self.context, errors)
    }
}
