//! How a workload beside the restores did, in sentences.

use restore_core::units::Jobs;

use super::format;
use crate::recommend::IdleAndBusy;
use crate::study::WorkloadCell;

pub(super) fn phrases(cells: &[WorkloadCell], pairs: &[IdleAndBusy]) -> Vec<String> {
    let jobs =
        |jobs: Option<Jobs>| jobs.map_or("not known".to_owned(), |jobs| format!("-j {jobs}"));
    let of_pair = |pair: &IdleAndBusy| {
        format!(
            "Best on an idle server ({}): {}. Beside the workload ({}): {} within the limits, {} \
             without them.",
            pair.idle,
            jobs(pair.idle_jobs),
            pair.busy,
            jobs(pair.busy_jobs),
            jobs(pair.unlimited_jobs)
        )
    };
    pairs.iter().map(of_pair).chain(cells.iter().map(of_cell)).collect()
}

fn of_cell(cell: &WorkloadCell) -> String {
    let WorkloadCell { key, jobs, latency } = cell;
    let seconds = |us: u64| format::time(us as f64 / 1e6);
    format!(
        "{key} -j {jobs}: p99 latency {} before, {} during, {} after; longest {}, {} late, {:.0} \
         transactions a second during.",
        seconds(latency.before.p99_us),
        seconds(latency.during.p99_us),
        seconds(latency.after.p99_us),
        seconds(latency.during.max_us),
        format::percent(latency.during.late_ratio),
        latency.during.rate_per_s
    )
}
