//! Which way each item is restored, decided by what the restore would take.

use super::choices::{Choices, Circumstances};
use super::graph::{Material, TaskGraph};
use super::request::{Effort, Tuning};
use super::simulate::makespan;
use crate::plan::{ItemIndex, Pass};
use crate::units::Jobs;

/// Tables that are looked at one by one, the largest first.
const CANDIDATES: usize = 8;

/// A table is split where the restore is expected to take at most this share of
/// its time then: costs are guesses within a factor of two.
const WORTH_IT: f64 = 0.97;

/// Decides for every item.
pub(crate) fn decide(material: Material<'_>, tuning: &Tuning, server_major: u32) -> Choices {
    let Material { plan, toc, costs, jobs } = material;
    let unchosen =
        TaskGraph::new(material, Pass::Main, &Choices::default(), |item| plan.is_wanted(item));
    let chains = unchosen.load_chains();
    let given = Circumstances { plan, toc, costs, tuning, jobs, server_major };
    let chain = |item| chains.get(&item).copied().unwrap_or_default();
    let choices = Choices::new(given, chain);
    if tuning.split == Effort::WherePays && jobs > Jobs::ONE {
        split_more(material, given, choices)
    } else {
        choices
    }
}

/// Splits further tables where all workers would otherwise wait for one: until
/// its rows are there, nothing that needs them can begin.
fn split_more(material: Material<'_>, given: Circumstances<'_>, chosen: Choices) -> Choices {
    let mut candidates: Vec<ItemIndex> =
        given.splittable().filter(|table| !chosen.split.contains(table)).collect();
    candidates.sort_by_key(|&table| std::cmp::Reverse(material.costs.of(table)));
    candidates.truncate(CANDIDATES);
    let mut best = chosen;
    let mut time = makespan(material, &best);
    for table in candidates {
        let other = given.with_split(&best, table);
        let other_time = makespan(material, &other);
        if other_time as f64 <= time as f64 * WORTH_IT {
            (best, time) = (other, other_time);
        }
    }
    best
}
