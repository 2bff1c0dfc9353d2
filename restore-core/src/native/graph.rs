//! The tasks of one pass: what each does, waits for and locks.

use std::collections::{HashMap, HashSet};

use super::choices::Choices;
use super::locks::{LockMode, TableLock};
use crate::plan::{Costs, ItemIndex, Pass, Plan};
use crate::toc::{DataOffset, ItemKind, Section, Toc};
use crate::units::Jobs;

/// A task's place in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskId(u32);

impl TaskId {
    pub(crate) fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Nothing: the item is not selected, or was done before. Others may
    /// still wait for it.
    Nothing,
    /// Sends the item's own SQL.
    Define(ItemIndex),
    /// Loads the item's rows by one worker.
    Load(ItemIndex),
    /// Loads the item's rows in slices, by as many workers as are free.
    LoadSlices(ItemIndex),
    /// Fills the item's large objects, by as many workers as are free.
    LargeObjects(ItemIndex),
    /// Builds the index of a key.
    KeyIndex(ItemIndex),
    /// Makes the key of its index.
    AttachKey(ItemIndex),
    /// Adds a foreign key without a check.
    AddKey(ItemIndex),
    /// Checks a foreign key that was added without.
    Validate(ItemIndex),
    /// Marks the pages of a table, named by its data item, as visible to all.
    Vacuum(ItemIndex),
}

impl Work {
    /// The item, if there is something to do.
    pub(crate) fn item(self) -> Option<ItemIndex> {
        match self {
            Self::Nothing => None,
            Self::Define(item)
            | Self::Load(item)
            | Self::LoadSlices(item)
            | Self::LargeObjects(item)
            | Self::KeyIndex(item)
            | Self::AttachKey(item)
            | Self::AddKey(item)
            | Self::Validate(item)
            | Self::Vacuum(item) => Some(item),
        }
    }
}

/// One task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) locks: Vec<TableLock>,
    /// In the unit of the costs that the graph was made with.
    cost: u64,
    /// Its cost and that of everything that must come after it, one after the
    /// other: the larger, the sooner it should begin. 0 with one worker.
    urgency: u64,
    waits_for: u32,
    dependents: Vec<TaskId>,
}

/// What a graph is made from.
#[derive(Clone, Copy)]
pub(crate) struct Material<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) toc: &'a Toc,
    pub(crate) costs: &'a Costs,
    pub(crate) jobs: Jobs,
}

/// The tasks of one pass of a plan.
#[derive(Debug, Default)]
pub(crate) struct TaskGraph {
    tasks: Vec<Task>,
}

impl TaskGraph {
    /// The tasks of the items of a pass that the leader has not restored
    /// before. `has_work` says whether anything of an item is to be done.
    pub(crate) fn new(
        material: Material<'_>,
        pass: Pass,
        choices: &Choices,
        has_work: impl Fn(ItemIndex) -> bool,
    ) -> Self {
        let plan = material.plan;
        let is_missed: HashSet<_> = plan.missed().iter().copied().collect();
        let items: Vec<_> = plan
            .items()
            .filter(|&item| plan.pass(item) == pass && !plan.is_before_fork(item))
            .filter(|item| !is_missed.contains(item))
            .collect();
        let mut builder =
            Builder { material, choices, graph: Self::default(), ends: HashMap::new() };
        for &item in &items {
            builder.add(item, has_work(item));
        }
        for &item in &items {
            builder.connect(item);
        }
        if let Some(at_once) = choices.loads_at_once {
            builder.queue_loads(&items, at_once.get());
        }
        let mut graph = builder.graph;
        // One worker keeps the archive's order, as pg_restore does without -j: rows
        // that are loaded into tables with foreign keys depend on it.
        if material.jobs != Jobs::ONE {
            graph.rate();
        }
        graph
    }

    /// All tasks.
    pub(crate) fn ids(&self) -> impl Iterator<Item = TaskId> + use<> {
        (0..self.tasks.len() as u32).map(TaskId)
    }

    pub(crate) fn get(&self, task: TaskId) -> &Task {
        &self.tasks[task.as_usize()]
    }

    /// What waits for a task.
    pub(crate) fn dependents(&self, task: TaskId) -> &[TaskId] {
        &self.get(task).dependents
    }

    /// How many tasks a task waits for.
    pub(crate) fn waits_for(&self, task: TaskId) -> u32 {
        self.get(task).waits_for
    }

    pub(crate) fn urgency(&self, task: TaskId) -> u64 {
        self.get(task).urgency
    }

    pub(crate) fn cost(&self, task: TaskId) -> u64 {
        self.get(task).cost
    }

    /// The cost of each load and of what must come after it.
    pub(crate) fn load_chains(&self) -> HashMap<ItemIndex, u64> {
        let loads = self.tasks.iter().filter_map(|task| match task.work {
            Work::Load(item) | Work::LoadSlices(item) => Some((item, task.urgency)),
            _ => None,
        });
        loads.collect()
    }

    fn push(&mut self, work: Work, locks: Vec<TableLock>, cost: u64) -> TaskId {
        let id = TaskId(self.tasks.len() as u32);
        self.tasks.push(Task {
            work,
            locks,
            cost,
            urgency: 0,
            waits_for: 0,
            dependents: Vec::new(),
        });
        id
    }

    fn order(&mut self, first: TaskId, then: TaskId) {
        self.tasks[first.as_usize()].dependents.push(then);
        self.tasks[then.as_usize()].waits_for += 1;
    }

    /// Finds the urgency of every task, last tasks first.
    fn rate(&mut self) {
        let mut open: Vec<u32> = self.tasks.iter().map(|task| task.waits_for).collect();
        let mut order: Vec<_> = self.ids().filter(|id| open[id.as_usize()] == 0).collect();
        let mut next = 0;
        while let Some(&task) = order.get(next) {
            next += 1;
            for &dependent in self.dependents(task) {
                open[dependent.as_usize()] -= 1;
                if open[dependent.as_usize()] == 0 {
                    order.push(dependent);
                }
            }
        }
        for &task in order.iter().rev() {
            let after = self.dependents(task).iter().map(|&id| self.urgency(id)).max();
            let task = &mut self.tasks[task.as_usize()];
            task.urgency = task.cost.saturating_add(after.unwrap_or(0));
        }
    }
}

/// Of a load's time, what a VACUUM of the loaded table takes: measured as
/// 1.0 s after a COPY of 15.9 s, PostgreSQL 15.
const VACUUM_PART: u64 = 16;

/// The tasks that an item begins and ends with.
#[derive(Clone, Copy)]
struct Ends {
    first: TaskId,
    last: TaskId,
    vacuum: Option<TaskId>,
}

struct Builder<'a> {
    material: Material<'a>,
    choices: &'a Choices,
    graph: TaskGraph,
    ends: HashMap<ItemIndex, Ends>,
}

impl Builder<'_> {
    fn add(&mut self, item: ItemIndex, has_work: bool) {
        let ends = if has_work { self.add_tasks(item) } else { self.single(item, Work::Nothing) };
        self.ends.insert(item, ends);
    }

    fn add_tasks(&mut self, item: ItemIndex) -> Ends {
        let entry = &self.material.toc.items[item.as_usize()];
        match entry.kind {
            ItemKind::TableData if self.choices.split.contains(&item) => {
                self.add_load(item, Work::LoadSlices(item))
            }
            ItemKind::TableData => self.add_load(item, Work::Load(item)),
            ItemKind::Blobs => self.single(item, Work::LargeObjects(item)),
            // Comments on large objects in archives from before 9.0.
            ref kind if kind.as_str() == "BLOB COMMENTS" => self.single(item, Work::Load(item)),
            ItemKind::Constraint if self.choices.early_indexes.contains_key(&item) => {
                let cost = self.cost(item);
                let first = self.push(item, Work::KeyIndex(item), LockMode::Share, cost);
                let last = self.push(item, Work::AttachKey(item), LockMode::AccessExclusive, 0);
                self.graph.order(first, last);
                Ends { first, last, vacuum: None }
            }
            ItemKind::ForeignKey if self.choices.validations.contains_key(&item) => {
                self.add_validation(item, self.choices.validations[&item].child)
            }
            _ => self.single(item, Work::Define(item)),
        }
    }

    /// A foreign key and its check. Both sides are locked for the key itself,
    /// which takes no time.
    fn add_validation(&mut self, item: ItemIndex, child: ItemIndex) -> Ends {
        let first = self.push(item, Work::AddKey(item), LockMode::ShareRowExclusive, 0);
        let mode = |table| {
            if table == child { LockMode::ShareUpdateExclusive } else { LockMode::RowShare }
        };
        let tables = self.tables(item).into_iter();
        let locks = tables.map(|table| TableLock { table, mode: mode(table) }).collect();
        let last = self.graph.push(Work::Validate(item), locks, self.cost(item));
        self.graph.order(first, last);
        Ends { first, last, vacuum: None }
    }

    fn add_load(&mut self, item: ItemIndex, work: Work) -> Ends {
        let ends = self.single(item, work);
        if !self.choices.vacuum.contains(&item) {
            return ends;
        }
        let lock = TableLock { table: item, mode: LockMode::ShareUpdateExclusive };
        let cost = self.cost(item) / VACUUM_PART;
        let vacuum = self.graph.push(Work::Vacuum(item), vec![lock], cost);
        self.graph.order(ends.last, vacuum);
        Ends { vacuum: Some(vacuum), ..ends }
    }

    /// An item that is one task.
    fn single(&mut self, item: ItemIndex, work: Work) -> Ends {
        let (locks, cost) = match work {
            Work::Nothing => (Vec::new(), 0),
            Work::LoadSlices(_) | Work::LargeObjects(_) => {
                (Vec::new(), self.cost(item) / u64::from(self.material.jobs.get()))
            }
            _ => (self.locks(item), self.cost(item)),
        };
        let task = self.graph.push(work, locks, cost);
        Ends { first: task, last: task, vacuum: None }
    }

    fn push(&mut self, item: ItemIndex, work: Work, mode: LockMode, cost: u64) -> TaskId {
        let tables = self.tables(item);
        let locks = tables.into_iter().map(|table| TableLock { table, mode }).collect();
        self.graph.push(work, locks, cost)
    }

    fn cost(&self, item: ItemIndex) -> u64 {
        self.material.costs.of(item).0
    }

    /// The locks of an item's own SQL, as the manual gives them for the
    /// command that its kind stands for. Only post-data items lock tables
    /// that others use at the same time.
    fn locks(&self, item: ItemIndex) -> Vec<TableLock> {
        let entry = &self.material.toc.items[item.as_usize()];
        if entry.section != Section::PostData {
            return Vec::new();
        }
        let mode = match entry.kind {
            ItemKind::Index => LockMode::Share,
            ItemKind::ForeignKey | ItemKind::Trigger => LockMode::ShareRowExclusive,
            // ALTER TABLE, CREATE RULE, CREATE POLICY and what is not known.
            _ => LockMode::AccessExclusive,
        };
        let tables = self.tables(item).into_iter();
        let indexes = self.attached_indexes(item).into_iter();
        tables.chain(indexes).map(|table| TableLock { table, mode }).collect()
    }

    /// The indexes, or the keys that have them, of the tree that an item
    /// attaches a partition's index to; none for other items.
    ///
    /// Transactions that attach to different indexes of one tree at the same
    /// time may each not see that the other completes it: then its uppermost
    /// index stays invalid for good (seen with PostgreSQL 18).
    fn attached_indexes(&self, item: ItemIndex) -> Vec<ItemIndex> {
        let kind = |item: ItemIndex| &self.material.toc.items[item.as_usize()].kind;
        if kind(item).as_str() != "INDEX ATTACH" {
            return Vec::new();
        }
        let is_index =
            |item: &ItemIndex| matches!(kind(*item), ItemKind::Index | ItemKind::Constraint);
        let mut indexes: Vec<_> =
            self.material.plan.dependencies(item).iter().copied().filter(is_index).collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes
    }

    /// The tables that an item names as dependencies, or their data, each
    /// once.
    fn tables(&self, item: ItemIndex) -> Vec<ItemIndex> {
        let is_table = |item: &ItemIndex| {
            let kind = &self.material.toc.items[item.as_usize()].kind;
            matches!(kind, ItemKind::Table | ItemKind::TableData)
        };
        let mut tables: Vec<_> =
            self.material.plan.dependencies(item).iter().copied().filter(is_table).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// Lets so many loads run at the same time, in the order in which the
    /// archive has their data.
    fn queue_loads(&mut self, items: &[ItemIndex], at_once: usize) {
        let entry = |item: ItemIndex| &self.material.toc.items[item.as_usize()];
        let mut loads: Vec<_> =
            items.iter().copied().filter(|&item| entry(item).has_dumper).collect();
        loads.sort_by_key(|&item| match entry(item).data {
            DataOffset::At(offset) => offset,
            _ => 0,
        });
        for (&before, &then) in loads.iter().zip(loads.iter().skip(at_once)) {
            self.graph.order(self.ends[&before].last, self.ends[&then].first);
        }
    }

    /// Orders an item behind its dependencies of the same pass; those of
    /// earlier passes are done before the pass begins.
    fn connect(&mut self, item: ItemIndex) {
        let own = self.ends[&item];
        let is_key = self.material.toc.items[item.as_usize()].kind == ItemKind::ForeignKey;
        for dependency in self.material.plan.dependencies(item) {
            let Some(&before) = self.ends.get(dependency) else { continue };
            self.graph.order(before.last, own.first);
            if let Some(vacuum) = before.vacuum.filter(|_| is_key) {
                self.graph.order(vacuum, own.first);
            }
        }
    }
}
