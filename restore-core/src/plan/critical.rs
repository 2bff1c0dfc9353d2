//! The floor that no number of jobs beats, with the items that make it.
//!
//! Two things cannot be hurried: a chain of items that wait for each other,
//! and the items that lock one table against each other. Between the passes
//! stands a barrier, so that their floors add up.

use super::{Costs, ItemIndex, Pass, Plan};

/// Items that have to run one after the other, first to last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// The items.
    pub items: Vec<ItemIndex>,
    /// Their cost together.
    pub length: u128,
}

/// A table whose own items exclude each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedTable {
    /// The item that stands for the table: its data, or the table itself.
    pub table: ItemIndex,
    /// The items that lock it exclusively, in the order of the table of
    /// contents: constraints, triggers and the like, also of tables that
    /// refer to it.
    pub exclusive: Vec<ItemIndex>,
    /// What the table itself waits for, ending with its item if that is of
    /// this pass.
    pub before: Vec<ItemIndex>,
    /// The costliest item that uses the table without locking it.
    pub shared: Option<ItemIndex>,
    /// When the table can be there at the earliest, plus the cost of the
    /// exclusive items, plus the costliest plain index: exclusive items run
    /// beside none.
    pub length: u128,
}

/// What holds one pass up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassFloor {
    /// The pass.
    pub pass: Pass,
    /// The work of its items together.
    pub work: u128,
    /// Its longest chain of dependencies.
    pub chain: Chain,
    /// The table whose locks hold it up longest, if any item locks one.
    pub locked: Option<LockedTable>,
}

impl PassFloor {
    /// The time that the pass takes with any number of jobs, at the least.
    pub fn length(&self) -> u128 {
        let locked = self.locked.as_ref().map_or(0, |locked| locked.length);
        self.chain.length.max(locked)
    }

    /// The items that set the floor, in an order in which they can run.
    pub fn items(&self) -> Vec<ItemIndex> {
        match &self.locked {
            Some(locked) if self.is_set_by_locks() => {
                let before = locked.before.iter().copied();
                before.chain(locked.shared).chain(locked.exclusive.iter().copied()).collect()
            }
            _ => self.chain.items.clone(),
        }
    }

    /// Whether it is locks rather than dependencies that set the floor.
    pub fn is_set_by_locks(&self) -> bool {
        self.length() > self.chain.length
    }
}

/// The critical path of a plan: the shortest restore with unlimited jobs, as
/// far as dependencies, locks and barriers tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriticalPath {
    /// What the leader does alone before the workers start.
    pub leader: Chain,
    /// What holds up each pass of the workers, in their order.
    pub passes: [PassFloor; 3],
    /// What the leader does alone after the workers.
    pub missed: Chain,
}

impl CriticalPath {
    /// Finds the critical path under these costs. Linear in the plan's size.
    pub fn new(plan: &Plan, costs: &Costs) -> Self {
        let serial =
            |items: &[ItemIndex]| Chain { items: items.to_vec(), length: costs.sum(items) };
        let mut finish = vec![0; plan.len()];
        let mut locks = LockSums::new(plan.len());
        let floor = |pass| PassFloor::new(plan, costs, pass, &mut finish, &mut locks);
        Self {
            leader: serial(&plan.order.leader),
            passes: Pass::ALL.map(floor),
            missed: serial(&plan.order.missed),
        }
    }

    /// The items that the path is made of, in an order in which they can run.
    pub fn items(&self) -> Vec<ItemIndex> {
        let passes = self.passes.iter().flat_map(PassFloor::items);
        let leader = self.leader.items.iter().copied();
        leader.chain(passes).chain(self.missed.items.iter().copied()).collect()
    }

    /// The length of the whole path.
    pub fn length(&self) -> u128 {
        let passes: u128 = self.passes.iter().map(PassFloor::length).sum();
        self.leader.length + passes + self.missed.length
    }

    /// The part of the path on which one connection works alone, whatever
    /// the number of jobs.
    pub fn serial(&self) -> u128 {
        self.leader.length + self.missed.length
    }
}

impl PassFloor {
    fn new(
        plan: &Plan,
        costs: &Costs,
        pass: Pass,
        finish: &mut [u128],
        locks: &mut LockSums,
    ) -> Self {
        let order = &plan.order.passes[pass as usize];
        for &item in order {
            let start = same_pass(plan, item).map(|d| finish[d.as_usize()]).max().unwrap_or(0);
            finish[item.as_usize()] = start + u128::from(costs.of(item).0);
        }
        Self {
            pass,
            work: costs.sum(order),
            chain: longest_chain(plan, order, finish),
            locked: locks.longest(plan, costs, pass, finish),
        }
    }
}

/// What an item waits for within its pass: everything else is behind the
/// barrier.
fn same_pass(plan: &Plan, item: ItemIndex) -> impl Iterator<Item = ItemIndex> {
    let waits_for = plan.dependencies(item).iter().copied();
    waits_for.filter(move |&d| plan.pass(d) == plan.pass(item) && !plan.is_before_fork(d))
}

/// Walks back from the item that can finish last, each time to the dependency
/// that held it up.
fn longest_chain(plan: &Plan, order: &[ItemIndex], finish: &[u128]) -> Chain {
    let finished = |item: &ItemIndex| finish[item.as_usize()];
    let Some(last) = order.iter().copied().max_by_key(finished) else {
        return Chain::default();
    };
    Chain { items: chain_to(plan, last, finish), length: finished(&last) }
}

/// What holds an item up, to the item itself.
fn chain_to(plan: &Plan, item: ItemIndex, finish: &[u128]) -> Vec<ItemIndex> {
    let mut items = vec![item];
    let mut last = item;
    while let Some(held_by) = same_pass(plan, last).max_by_key(|d| finish[d.as_usize()]) {
        items.push(held_by);
        last = held_by;
    }
    items.reverse();
    items
}

/// Per table, the work that locks it; kept across passes to be cleared
/// rather than allocated again.
struct LockSums {
    exclusive: Vec<u128>,
    costliest_shared: Vec<Option<ItemIndex>>,
}

impl LockSums {
    fn new(items: usize) -> Self {
        Self { exclusive: vec![0; items], costliest_shared: vec![None; items] }
    }

    /// The table whose locks hold this pass up longest.
    fn longest(
        &mut self,
        plan: &Plan,
        costs: &Costs,
        pass: Pass,
        finish: &[u128],
    ) -> Option<LockedTable> {
        self.exclusive.fill(0);
        self.costliest_shared.fill(None);
        let order = &plan.order.passes[pass as usize];
        for &item in order {
            let cost = u128::from(costs.of(item).0);
            let locks = plan.exclusive_locks(item);
            for table in locks {
                self.exclusive[table.as_usize()] += cost;
            }
            if locks.is_empty() {
                for table in plan.dependencies(item) {
                    let shared = &mut self.costliest_shared[table.as_usize()];
                    if shared.is_none_or(|costliest| cost > u128::from(costs.of(costliest).0)) {
                        *shared = Some(item);
                    }
                }
            }
        }
        // What is not of this pass is there from its beginning.
        let in_pass = |table: ItemIndex| plan.pass(table) == pass && !plan.is_before_fork(table);
        let there = |table: ItemIndex| if in_pass(table) { finish[table.as_usize()] } else { 0 };
        let cost = |item: ItemIndex| u128::from(costs.of(item).0);
        let length = |table: &ItemIndex| {
            let at = table.as_usize();
            there(*table) + self.exclusive[at] + self.costliest_shared[at].map_or(0, cost)
        };
        let locked = plan.items().filter(|table| self.exclusive[table.as_usize()] > 0);
        let table = locked.max_by_key(length)?;
        let locks_it = |item: &ItemIndex| plan.exclusive_locks(*item).contains(&table);
        let mut exclusive: Vec<_> = order.iter().copied().filter(locks_it).collect();
        exclusive.sort_unstable();
        Some(LockedTable {
            table,
            exclusive,
            before: if in_pass(table) { chain_to(plan, table, finish) } else { Vec::new() },
            shared: self.costliest_shared[table.as_usize()],
            length: length(&table),
        })
    }
}
