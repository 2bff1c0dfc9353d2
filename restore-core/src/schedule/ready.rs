//! The items that could run now but for locks, in each version's order.
//!
//! Which item comes out first matters as much as which one comes out when
//! locks exclude the first: each variant is searched as `pg_restore` of its
//! versions searches its own structure.

use crate::plan::{ItemIndex, Plan};

use super::list::ReadyList;
use super::locks::{LockTable, Obstacle};
use super::policy::Policy;

/// What is ready, in the order of a [`Policy`].
#[derive(Debug, Clone)]
pub(super) enum ReadyQueue {
    /// A linked list there (`par_list_append`); here in the order of arrival,
    /// beside all that ever arrived.
    FirstReady(ReadyList, Vec<ItemIndex>),
    /// An array that is sorted again before each search there
    /// (`ready_list_sort`). No two items have the same rank, so that any list
    /// in the order of ranks is the same list.
    Sorted(ReadyList),
    /// `src/common/binaryheap.c`, of ranks.
    Heap(RankHeap),
}

impl ReadyQueue {
    pub(super) fn new(policy: Policy) -> Self {
        match policy {
            Policy::FirstReadyBefore12 => Self::FirstReady(ReadyList::default(), Vec::new()),
            Policy::SortedList12To16 => Self::Sorted(ReadyList::default()),
            Policy::BinaryHeap17Plus => Self::Heap(RankHeap::default()),
        }
    }

    pub(super) fn insert(&mut self, plan: &Plan, item: ItemIndex) {
        match self {
            Self::FirstReady(list, arrived) => {
                list.insert(arrived.len() as u32);
                arrived.push(item);
            }
            Self::Sorted(list) => list.insert(plan.rank(item)),
            Self::Heap(heap) => heap.add(plan.rank(item)),
        }
    }

    /// Removes and returns the first item that may run beside what runs
    /// (`pop_next_work_item`).
    pub(super) fn take_first(&mut self, plan: &Plan, locks: &LockTable) -> Option<ItemIndex> {
        match self {
            Self::FirstReady(list, arrived) => {
                let item = |key| arrived[key as usize];
                list.take_first(|key| locks.obstacle(plan, item(key))).map(item)
            }
            Self::Sorted(list) => {
                let item = |key| plan.by_rank(key);
                list.take_first(|key| locks.obstacle(plan, item(key))).map(item)
            }
            Self::Heap(heap) => {
                let may_run = |rank: &u32| locks.obstacle(plan, plan.by_rank(*rank)).is_none();
                let at = heap.nodes.iter().position(may_run)?;
                Some(plan.by_rank(heap.remove(at)))
            }
        }
    }

    /// Takes note that something that items may wait for is gone.
    pub(super) fn wake(&mut self, gone: Obstacle) {
        match self {
            Self::FirstReady(list, _) | Self::Sorted(list) => list.wake(gone),
            // All of it is searched each time.
            Self::Heap(_) => {}
        }
    }
}

/// A binary heap with the smallest rank, the most urgent item, at its root.
///
/// The standard library's heap does not show its array, and the array's exact
/// order decides what runs when the root may not: this one moves its nodes
/// exactly as PostgreSQL's does.
#[derive(Debug, Clone, Default)]
pub(super) struct RankHeap {
    nodes: Vec<u32>,
}

impl RankHeap {
    /// `binaryheap_add`
    fn add(&mut self, rank: u32) {
        self.nodes.push(rank);
        self.sift_up(self.nodes.len() - 1);
    }

    /// `binaryheap_remove_node`: the last node takes the place of the one
    /// that goes, and moves from there.
    fn remove(&mut self, at: usize) -> u32 {
        let removed = self.nodes.swap_remove(at);
        if let Some(&moved) = self.nodes.get(at) {
            if moved < removed {
                self.sift_up(at);
            } else {
                self.sift_down(at);
            }
        }
        removed
    }

    fn sift_up(&mut self, mut at: usize) {
        let rank = self.nodes[at];
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.nodes[parent] < rank {
                break;
            }
            self.nodes[at] = self.nodes[parent];
            at = parent;
        }
        self.nodes[at] = rank;
    }

    fn sift_down(&mut self, mut at: usize) {
        let rank = self.nodes[at];
        loop {
            let left = 2 * at + 1;
            let Some(&left_rank) = self.nodes.get(left) else { break };
            let (child, child_rank) = match self.nodes.get(left + 1) {
                Some(&right_rank) if right_rank < left_rank => (left + 1, right_rank),
                _ => (left, left_rank),
            };
            if rank < child_rank {
                break;
            }
            self.nodes[at] = child_rank;
            at = child;
        }
        self.nodes[at] = rank;
    }
}

#[cfg(test)]
mod tests {
    use super::RankHeap;

    fn heap(ranks: &[u32]) -> RankHeap {
        let mut heap = RankHeap::default();
        for &rank in ranks {
            heap.add(rank);
        }
        heap
    }

    #[test]
    fn the_array_is_the_one_that_postgresql_would_hold() {
        // Worked by hand after binaryheap.c.
        let mut heap = heap(&[5, 3, 8, 1, 4]);
        assert_eq!(heap.nodes, [1, 3, 8, 5, 4]);
        assert_eq!(heap.remove(0), 1);
        assert_eq!(heap.nodes, [3, 4, 8, 5]);
        assert_eq!(heap.remove(1), 4);
        assert_eq!(heap.nodes, [3, 5, 8]);
        assert_eq!(heap.remove(2), 8);
        assert_eq!(heap.nodes, [3, 5]);
    }

    #[test]
    fn a_node_from_below_may_have_to_rise_where_one_was_taken_out() {
        let mut heap = heap(&[0, 10, 1, 11, 12, 2, 3, 20, 21, 22, 23, 4]);
        let removed = heap.remove(7);
        assert_eq!(removed, 20);
        assert_eq!(heap.nodes, [0, 4, 1, 10, 12, 2, 3, 11, 21, 22, 23]);
    }

    #[test]
    fn what_comes_out_at_the_root_is_sorted() {
        let mut heap = heap(&[9, 2, 7, 4, 4_000, 0, 1, 8, 3, 6, 5]);
        let sorted: Vec<u32> = (0..11).map(|_| heap.remove(0)).collect();
        assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 4_000]);
    }
}
