//! The order in which dependencies can be met, pass by pass.

use super::graph::Graph;
use super::{ItemIndex, Pass};

/// The items in an order in which each comes after what it waits for.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// What the leader restores before the workers start, in the order of
    /// the table of contents, whatever the dependencies say.
    pub(super) leader: Vec<ItemIndex>,
    /// What the workers restore, by pass.
    pub(super) passes: [Vec<ItemIndex>; 3],
    /// What no pass reaches, in the order of the table of contents.
    pub(super) missed: Vec<ItemIndex>,
}

impl Order {
    pub(super) fn new(graph: &Graph, passes: &[Pass], before_fork: &[bool]) -> Self {
        let items = || (0..passes.len() as u32).map(ItemIndex);
        let mut open = graph.dependencies.degrees();
        let mut placed = vec![false; passes.len()];

        let leader: Vec<_> = items().filter(|item| before_fork[item.as_usize()]).collect();
        for &item in &leader {
            placed[item.as_usize()] = true;
            for dependent in graph.dependents.of(item) {
                open[dependent.as_usize()] -= 1;
            }
        }

        let by_pass = Pass::ALL.map(|pass| {
            let belongs = |item: ItemIndex| passes[item.as_usize()] == pass;
            let mut order: Vec<_> = items()
                .filter(|&item| {
                    belongs(item) && open[item.as_usize()] == 0 && !placed[item.as_usize()]
                })
                .collect();
            let mut next = 0;
            while let Some(&item) = order.get(next) {
                next += 1;
                placed[item.as_usize()] = true;
                for &dependent in graph.dependents.of(item) {
                    let left = &mut open[dependent.as_usize()];
                    *left -= 1;
                    // An item restored before the fork may still have had
                    // open dependencies: it must not come twice.
                    if *left == 0 && belongs(dependent) && !placed[dependent.as_usize()] {
                        order.push(dependent);
                    }
                }
            }
            order
        });

        let missed = items().filter(|item| !placed[item.as_usize()]).collect();
        Self { leader, passes: by_pass, missed }
    }
}
