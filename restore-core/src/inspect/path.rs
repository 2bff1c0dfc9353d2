//! What must follow one another, and what runs alone, by name.

use serde::{Deserialize, Serialize};

use crate::plan::{Costs, CriticalPath, ItemIndex, PassFloor, Plan};
use crate::toc::{ItemKind, Toc};

use super::words::{item_at, qualified, share, title};

/// How many items of the critical path are named: the costliest.
const STEPS: usize = 12;

/// The critical path of a restore, as parts of its work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// Its part of all work: no number of jobs makes a restore shorter.
    pub share: f64,
    /// How many times as fast as one job a restore can be at most.
    pub most_speedup: f64,
    /// How many items are on it.
    pub items: usize,
    /// The costliest of those that workers restore, in an order in which they
    /// run. What one connection does alone is in [`Serial`].
    pub steps: Vec<PathStep>,
    /// The table whose locks, rather than dependencies, make it as long as it
    /// is, if there is one.
    pub locked_table: Option<String>,
}

/// An item of the critical path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathStep {
    /// Its kind.
    pub kind: ItemKind,
    /// Its name with its schema.
    pub name: String,
    /// Its part of all work.
    pub share: f64,
}

/// What one connection does alone, whatever the number of jobs, as parts of
/// all work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Serial {
    /// Items that the leader makes before it starts the workers: roles,
    /// extensions, types, functions, empty tables.
    pub leader_items: usize,
    /// Their part of all work.
    pub leader_share: f64,
    /// Items that wait for each other in a circle, or for something that
    /// comes later: made last, one after the other.
    pub missed_items: usize,
    /// Their part of all work.
    pub missed_share: f64,
    /// The costliest single item, which one worker restores.
    pub largest_item: Option<String>,
    /// Its part of all work.
    pub largest_share: f64,
}

impl Way {
    pub(super) fn new(toc: &Toc, plan: &Plan, costs: &Costs, path: &CriticalPath) -> Self {
        let items = path.items();
        let by_workers: Vec<ItemIndex> = path.passes.iter().flat_map(PassFloor::items).collect();
        let total = costs.total();
        let step = |place: ItemIndex| {
            let item = item_at(toc, place);
            PathStep {
                kind: item.kind.clone(),
                name: qualified(item),
                share: share(u128::from(costs.of(place).0), total),
            }
        };
        let longest = path.passes.iter().max_by_key(|floor| floor.length());
        let locked = longest.filter(|floor| floor.is_set_by_locks());
        let locked = locked.and_then(|floor| floor.locked.as_ref());
        Self {
            share: share(path.length(), total),
            most_speedup: if path.length() == 0 { 1.0 } else { share(total, path.length()) },
            items: items.iter().filter(|&&item| plan.is_wanted(item)).count(),
            steps: costs.costliest(&by_workers, STEPS).into_iter().map(step).collect(),
            locked_table: locked.map(|locked| qualified(item_at(toc, locked.table))),
        }
    }
}

impl Serial {
    pub(super) fn new(toc: &Toc, plan: &Plan, costs: &Costs, path: &CriticalPath) -> Self {
        let total = costs.total();
        let wanted = |items: &[ItemIndex]| items.iter().filter(|&&i| plan.is_wanted(i)).count();
        let largest = plan.items().max_by_key(|&item| costs.of(item));
        Self {
            leader_items: wanted(&path.leader.items),
            leader_share: share(path.leader.length, total),
            missed_items: wanted(&path.missed.items),
            missed_share: share(path.missed.length, total),
            largest_item: largest.map(|item| title(item_at(toc, item))),
            largest_share: largest.map_or(0.0, |item| share(u128::from(costs.of(item).0), total)),
        }
    }
}
