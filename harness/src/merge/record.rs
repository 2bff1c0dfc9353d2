//! What `run.json` of a merged run says.

use sha2::{Digest as _, Sha256};

use super::part::Part;
use crate::dataset::hex;
use crate::record::run::SCHEMA;
use crate::record::{Ending, HostIdentity, HostShare, RunRecord};

/// The record of a run of these shards, which are ascending.
///
/// # Panics
///
/// Without shards.
pub(super) fn of(parts: &[Part], is_complete: bool) -> RunRecord {
    let records = || parts.iter().map(|part| &part.record);
    let all = |notes: fn(&RunRecord) -> &Vec<String>| {
        let mut all: Vec<String> = Vec::new();
        for note in records().flat_map(notes) {
            if !all.contains(note) {
                all.push(note.clone());
            }
        }
        all
    };
    let earliest = records().map(|run| &run.created_at).min().cloned();
    let first = &parts[0].record;
    RunRecord {
        schema: SCHEMA,
        jobtune_version: env!("CARGO_PKG_VERSION").to_owned(),
        run: identifier(parts),
        created_at: earliest.unwrap_or_else(|| first.created_at.clone()),
        shard: None,
        identity: None,
        hosts: hosts(parts),
        sessions: records().map(|run| run.sessions).max().unwrap_or(1),
        load_notes: all(|run| &run.load_notes),
        error_notes: all(|run| &run.error_notes),
        ended: is_complete.then_some(Ending::MaxBlocks),
        ..first.clone()
    }
}

/// The same shards give the same run.
fn identifier(parts: &[Part]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(&part.record.run);
    }
    hex(&hasher.finalize()[..4])
}

/// The hosts by their first block. Shards of one host are together.
fn hosts(parts: &[Part]) -> Vec<HostShare> {
    let mut hosts: Vec<HostShare> = Vec::new();
    for part in parts {
        let blocks = part.whole_blocks();
        if blocks.is_empty() {
            continue;
        }
        let run = &part.record;
        let unknown = HostIdentity { name: None, label: None, price_per_hour: None };
        let identity = run.identity.clone().unwrap_or(unknown);
        let is_known = |host: &&mut HostShare| {
            // A host without a name cannot be told to be another one's.
            identity.name.is_some() && (&host.host, &host.identity) == (&run.host, &identity)
        };
        match hosts.iter_mut().find(is_known) {
            Some(host) => {
                host.runs.push(run.run.clone());
                host.blocks.extend(blocks);
                host.blocks.sort_unstable();
            }
            None => hosts.push(HostShare {
                host: run.host.clone(),
                identity,
                servers: run.servers.clone(),
                runs: vec![run.run.clone()],
                blocks,
            }),
        }
    }
    hosts
}
