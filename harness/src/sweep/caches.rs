//! Caches before a trial: warmed up by a restore or a dump that does not count,
//! or dropped.

use std::path::Path;

use crate::design::Cell;
use crate::provider::Server;
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
