//! Caches before a trial: warmed up by a restore or a dump that does not count,
//! or dropped.

use std::path::Path;

use crate::design::Cell;
use crate::provider::Server;
use crate::record::Outcome;
use crate::scenario::quantity::WarmUp;
use crate::scenario::{Cache, Scenario, Variant};

/// For each variant the cell with as many jobs as are likely to be fast, or
/// the fewest; none where the caches are to be cold, or stay as they are.
pub(super) fn warm_ups(
    scenario: &Scenario,
    cells: &[Cell],
    cores: impl Fn(&str) -> Option<u32>,
) -> Vec<Cell> {
    if scenario.sweep.cache == Cache::Cold || scenario.sweep.warm_up == WarmUp::Off {
        return Vec::new();
    }
    let of_variant = |variant: &Variant| {
        let cores = cores(&variant.name).unwrap_or(1);
        let cells = cells.iter().filter(|cell| cell.archive.variant == variant.name);
        cells.min_by_key(|cell| {
            let jobs = cell.jobs.get();
            (jobs.saturating_sub(cores), cores.saturating_sub(jobs))
        })
    };
    scenario.variants.iter().filter_map(of_variant).cloned().collect()
}

/// What came of a warm-up. One that did not complete is an error, unless it was
/// to be stopped: no trial after it would complete.
pub(super) fn warmed_up(
    warm_up: WarmUp,
    outcome: Outcome,
    message: Option<String>,
    log: &[String],
) -> anyhow::Result<()> {
    /// Lines of the log that the error quotes.
    const LINES: usize = 10;

    let was_stopped = outcome == Outcome::TimedOut && warm_up.limit().is_some();
    if outcome == Outcome::Completed || was_stopped {
        return Ok(());
    }
    let quoted = log[..log.len().min(LINES)].join("\n");
    anyhow::bail!("{}: {}\n{quoted}", outcome.as_str(), message.unwrap_or_default())
}

/// Makes the caches cold if the scenario wants them so, as far as that can be
/// done here: the run's record says how far.
pub(super) async fn cool(scenario: &Scenario, server: &mut Server) -> anyhow::Result<()> {
    if scenario.sweep.cache == Cache::Cold {
        drop_system_caches();
        if server.can_restart() {
            server.restart().await?;
        }
    }
    Ok(())
}

/// Whether the system's caches can be dropped by this process.
pub fn can_drop_caches() -> bool {
    nix::unistd::Uid::effective().is_root() && Path::new(DROP_CACHES).exists()
}

const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

/// Drops the page cache, where that is possible.
fn drop_system_caches() {
    if can_drop_caches() {
        nix::unistd::sync();
        // It was possible at the start; should it fail now, the caches are
        // as warm as those of any system that forbids it.
        let _ = std::fs::write(DROP_CACHES, "3");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::quantity::Span;

    #[test]
    fn only_a_warm_up_that_was_to_be_stopped_may_be_stopped() {
        let log: Vec<String> = (1..=12).map(|line| format!("line {line}")).collect();
        let came_of = |warm_up, outcome| {
            let message = Some("stopped".to_owned());
            warmed_up(warm_up, outcome, message, &log).map_err(|error| error.to_string())
        };
        let short = WarmUp::AtMost(Span::from_secs(60));
        assert_eq!(came_of(WarmUp::Whole, Outcome::Completed), Ok(()));
        assert_eq!(came_of(short, Outcome::TimedOut), Ok(()));
        let error = came_of(WarmUp::Whole, Outcome::TimedOut).unwrap_err();
        assert!(error.starts_with("timed out: stopped\nline 1\n"), "{error}");
        assert!(error.ends_with("line 10"), "{error}");
        assert!(came_of(short, Outcome::Failed).is_err());
    }
}
