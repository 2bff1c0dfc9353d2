//! The workers as tasks of their own: each takes an order, reports, and waits.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::budget::Grant;
use super::context::Context;
use super::error::NativeError;
use super::graph::{TaskId, Work};
use super::source::Feed;
use super::worker::{Outcome, SharedCanceller, Worker};
use crate::engine::RestoreError;
use crate::event::Step;
use crate::plan::ItemIndex;

/// What a worker is told to do.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// A whole task.
    Task(Work),
    /// The SQL of several small items.
    DefineTogether(Vec<ItemIndex>),
    /// The rows of several small tables.
    LoadTogether(Vec<ItemIndex>),
    /// Parts of an item's data, as long as there are some.
    Parts(ItemIndex, Arc<Feed>),
    /// Loads an item as a whole, parts of which failed.
    Reload(ItemIndex),
    /// Notes an item as done whose parts are all loaded, or were refused with
    /// these errors.
    Complete(ItemIndex, Vec<RestoreError>),
}

impl Order {
    /// The items, and what is done of them.
    pub(crate) fn steps(&self, context: &Context) -> Vec<(ItemIndex, Step)> {
        let all = |items: &[ItemIndex], step| items.iter().map(|&item| (item, step)).collect();
        match self {
            Self::DefineTogether(items) => all(items, Step::Define),
            Self::LoadTogether(items) => all(items, Step::Load),
            _ => self.step(context).into_iter().collect(),
        }
    }

    fn step(&self, context: &Context) -> Option<(ItemIndex, Step)> {
        match *self {
            Self::Task(Work::Nothing)
            | Self::Complete(..)
            | Self::DefineTogether(_)
            | Self::LoadTogether(_) => None,
            Self::Task(Work::Define(item)) => Some((item, Step::Define)),
            Self::Task(Work::KeyIndex(item)) => Some((item, Step::KeyIndex)),
            Self::Task(Work::AttachKey(item)) => Some((item, Step::AttachKey)),
            Self::Task(Work::AddKey(item)) => Some((item, Step::AddKey)),
            Self::Task(Work::Validate(item)) => Some((item, Step::Validate)),
            Self::Task(Work::Vacuum(item)) => Some((item, Step::Vacuum)),
            Self::Task(Work::LoadSlices(item) | Work::LargeObjects(item))
            | Self::Parts(item, _) => {
                let is_copied = context.item(item).is_copied();
                Some((item, if is_copied { Step::LoadSlices } else { Step::LargeObjects }))
            }
            Self::Task(Work::Load(item)) | Self::Reload(item) => {
                let is_copied = context.item(item).is_copied();
                Some((item, if is_copied { Step::Load } else { Step::Insert }))
            }
        }
    }
}

/// An order, and what it is given.
#[derive(Debug)]
struct Assignment {
    tasks: Vec<TaskId>,
    order: Order,
    /// Settings of the session for a build, if it is one.
    grant: Option<Grant>,
}

/// A worker's answer to an order.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) slot: usize,
    /// One, but for orders of several.
    pub(crate) tasks: Vec<TaskId>,
    pub(crate) order: Order,
    pub(crate) began: Instant,
    pub(crate) outcome: Result<Outcome, NativeError>,
}

/// One worker, seen from outside.
struct Member {
    orders: mpsc::UnboundedSender<Assignment>,
    canceller: SharedCanceller,
    task: JoinHandle<Worker>,
    is_busy: bool,
    /// What its next order is given.
    grant: Option<Grant>,
}

/// All workers of a restore.
pub(crate) struct Crew {
    context: Arc<Context>,
    members: Vec<Member>,
    reports: mpsc::UnboundedReceiver<Report>,
    report: mpsc::UnboundedSender<Report>,
}

impl Crew {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        let (report, reports) = mpsc::unbounded_channel();
        Self { context, members: Vec::new(), reports, report }
    }

    /// Connects workers until there are so many. If the server has no room for
    /// all, those that are there do the work.
    pub(crate) async fn grow(&mut self, jobs: usize) -> Result<(), NativeError> {
        while self.members.len() < jobs {
            match Worker::connect(Arc::clone(&self.context)).await {
                Ok(worker) => self.add(worker),
                Err(error) if self.members.is_empty() => return Err(error),
                Err(error) => {
                    let text = format!(
                        "only {} of {jobs} workers could connect, and go on alone: {error}",
                        self.members.len()
                    );
                    self.context.reporter.note(text);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Adds a worker that is connected.
    pub(crate) fn add(&mut self, worker: Worker) {
        let slot = self.members.len();
        let (orders, received) = mpsc::unbounded_channel();
        let canceller = worker.canceller();
        let task = tokio::spawn(work(worker, slot, received, self.report.clone()));
        self.members.push(Member { orders, canceller, task, is_busy: false, grant: None });
    }

    /// A worker, among the first so many, that has nothing to do.
    pub(crate) fn idle(&self, limit: usize) -> Option<usize> {
        let busy = self.busy();
        (busy < limit).then(|| self.members.iter().position(|member| !member.is_busy)).flatten()
    }

    pub(crate) fn busy(&self) -> usize {
        self.members.iter().filter(|member| member.is_busy).count()
    }

    /// Gives a worker memory and processes for its next order.
    pub(crate) fn prepare(&mut self, slot: usize, grant: Grant) {
        self.members[slot].grant = Some(grant);
    }

    pub(crate) fn give(&mut self, slot: usize, tasks: Vec<TaskId>, order: Order) {
        let member = &mut self.members[slot];
        member.is_busy = true;
        // A worker that is gone has told why: its report is on the way.
        let grant = member.grant.take();
        let _ = member.orders.send(Assignment { tasks, order, grant });
    }

    /// The next report.
    pub(crate) async fn report(&mut self) -> Result<Report, NativeError> {
        let report = self.reports.recv().await;
        let report = report.ok_or_else(|| NativeError::Worker("no worker is left".to_owned()))?;
        self.members[report.slot].is_busy = false;
        Ok(report)
    }

    /// Cancels what runs and waits until every worker has said so.
    pub(crate) async fn stop(&mut self) {
        for member in self.members.iter().filter(|member| member.is_busy) {
            member.canceller.cancel().await;
        }
        while self.busy() > 0 && self.report().await.is_ok() {}
    }

    /// Dismisses all workers but the first, which is given back.
    pub(crate) async fn dismiss(&mut self) -> Result<Worker, NativeError> {
        let mut first = None;
        for member in self.members.drain(..) {
            drop(member.orders);
            let worker = member.task.await;
            let worker = worker.map_err(|error| NativeError::Worker(error.to_string()))?;
            match first {
                None => first = Some(worker),
                Some(_) => worker.close().await,
            }
        }
        first.ok_or_else(|| NativeError::Worker("no worker is left".to_owned()))
    }
}

/// The life of a worker: it ends when no more orders can come.
async fn work(
    mut worker: Worker,
    slot: usize,
    mut orders: mpsc::UnboundedReceiver<Assignment>,
    reports: mpsc::UnboundedSender<Report>,
) -> Worker {
    while let Some(Assignment { tasks, order, grant }) = orders.recv().await {
        let began = Instant::now();
        let prepared = match grant {
            Some(grant) => worker.take_grant(grant).await,
            None => Ok(()),
        };
        let outcome = match prepared {
            Ok(()) => follow(&mut worker, &order).await,
            Err(error) => Err(error),
        };
        if reports.send(Report { slot, tasks, order, began, outcome }).is_err() {
            break;
        }
    }
    worker
}

async fn follow(worker: &mut Worker, order: &Order) -> Result<Outcome, NativeError> {
    match order {
        Order::Task(Work::Nothing) => Ok(Outcome::default()),
        Order::Task(Work::Define(item)) => worker.define_all(std::iter::once(*item)).await,
        Order::Task(Work::Load(item) | Work::LoadSlices(item) | Work::LargeObjects(item)) => {
            worker.load(*item).await
        }
        Order::Task(Work::KeyIndex(item) | Work::AddKey(item)) => worker.begin_key(*item).await,
        Order::Task(Work::AttachKey(item) | Work::Validate(item)) => {
            worker.complete_key(*item).await
        }
        Order::Task(Work::Vacuum(item)) => worker.vacuum(*item).await,
        Order::DefineTogether(items) => worker.define_all(items.iter().copied()).await,
        Order::LoadTogether(items) => worker.load_together(items).await,
        Order::Parts(item, feed) => worker.load_parts(*item, feed).await,
        Order::Reload(item) => worker.reload(*item).await,
        Order::Complete(item, errors) => {
            worker.note_errors(*item, errors).await.map(|()| Outcome::default())
        }
    }
}
