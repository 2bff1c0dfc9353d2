//! What limits each -j, and which are beyond a limit, in sentences.

use std::collections::BTreeMap;

use restore_core::units::Jobs;

use crate::analysis::Breach;
use crate::recommend::CurveStudy;

/// A line for each run of numbers that have a cause in common, by what the
/// largest of them shows; and for each limit, by the furthest beyond it.
pub(super) fn lines(curve: &CurveStudy) -> Vec<String> {
    let groups = curve.bottlenecks.chunk_by(|a, b| a.cause == b.cause && a.item == b.item);
    let bottlenecks = groups.filter_map(|group| {
        let jobs = listed(group.iter().map(|bottleneck| bottleneck.jobs));
        Some(format!("{jobs} limited by {}.", group.last()?))
    });
    let mut beyond: BTreeMap<&str, Vec<&Breach>> = BTreeMap::new();
    for breach in &curve.beyond_limits {
        beyond.entry(breach.limit.key()).or_default().push(breach);
    }
    let beyond = beyond.into_values().filter_map(|breaches| {
        let jobs = listed(breaches.iter().map(|breach| breach.jobs));
        let furthest = breaches.iter().max_by(|a, b| a.seen.total_cmp(&b.seen))?;
        let up_to = if breaches.len() > 1 { "up to " } else { "" };
        Some(format!("{jobs} ruled out: {up_to}{furthest}."))
    });
    bottlenecks.chain(beyond).collect()
}

/// `-j 1 is`, `-j 2, 4 are`
fn listed(jobs: impl Iterator<Item = Jobs>) -> String {
    let jobs: Vec<String> = jobs.map(|jobs| jobs.to_string()).collect();
    let verb = if jobs.len() > 1 { "are" } else { "is" };
    format!("-j {} {verb}", jobs.join(", "))
}
