//! What the analysis needs to know of a run, from its record.

use super::facts::{ArchiveFacts, BlockPlan, LargestItem, RunFacts};
use crate::record::{ArchiveRecord, RunRecord, ServerRecord};
use crate::scenario::Cache;

impl RunFacts {
    /// The facts of a recorded run.
    pub fn of(run: &RunRecord) -> Self {
        let servers = || run.servers.values();
        let blocks = run.scenario.sweep.blocks;
        Self {
            scenario: Some(run.scenario.name.clone()),
            server: servers().next().map(server_in_words),
            host: Some(format!("{}, {} x {}", run.host.os, run.host.cores, run.host.cpu_model)),
            cache: Some(
                match run.scenario.sweep.cache {
                    Cache::Warm => "warm",
                    Cache::Cold => "cold",
                }
                .to_owned(),
            ),
            cores: servers().filter_map(|server| server.cores).min(),
            max_connections: servers().filter_map(ServerRecord::max_connections).min(),
            tolerance: run.scenario.limits.tolerance.share(),
            precision: blocks.precision.share(),
            seed: run.design.seed(),
            blocks: BlockPlan { min: blocks.min, max: blocks.max },
            ending: run.ended,
            archives: run.archives.iter().map(archive_facts).collect(),
        }
    }
}

fn server_in_words(server: &ServerRecord) -> String {
    format!("PostgreSQL {}, {}", server.version, server.provider)
}

fn archive_facts(archive: &ArchiveRecord) -> ArchiveFacts {
    ArchiveFacts {
        variant: Some(archive.key.variant.clone()),
        format: archive.key.format,
        compression: archive.key.compression,
        bytes: Some(archive.bytes),
        has_offsets: archive.has_offsets,
        largest_item: archive
            .largest_item
            .as_ref()
            .map(|item| LargestItem { name: item.name.clone(), share: item.share }),
        critical_path: None,
        total_work: None,
    }
}
