//! What the analysis needs to know of a run, from its record.

use std::collections::BTreeMap;

use restore_core::units::Bytes;

use super::facts::{ArchiveFacts, BlockPlan, HostFacts, Resources, RunFacts};
use super::limits::RestoreLimits;
use crate::record::{ArchiveRecord, Host, HostShare, RunRecord, ServerRecord};
use crate::scenario::quantity::{Memory, Percent, Span, WarmUp};
use crate::scenario::{Cache, Provider, Scenario, Variant};

impl RunFacts {
    pub fn of(run: &RunRecord) -> Self {
        let servers = || run.servers.values();
        let blocks = run.scenario.sweep.blocks;
        Self {
            scenario: Some(run.scenario.name.clone()),
            phase: run.scenario.phase,
            server: servers().next().map(server_in_words),
            host: Some(host_in_words(run)),
            cache: Some(
                match run.scenario.sweep.cache {
                    Cache::Warm => "warm",
                    Cache::Cold => "cold",
                }
                .to_owned(),
            ),
            cores: run.servers_everywhere().filter_map(|server| server.cores).min(),
            max_connections: servers().filter_map(ServerRecord::max_connections).min(),
            tolerance: run.scenario.limits.tolerance.share(),
            idle_of: idle_of(&run.scenario.variants),
            alike: alike(&run.scenario),
            precision: blocks.precision.share(),
            seed: run.design.seed(),
            blocks: BlockPlan { min: blocks.min, max: blocks.max },
            ending: run.ended,
            archives: run.archives.iter().map(archive_facts).collect(),
            limits: RestoreLimits::of(&run.scenario),
            warm_up: warm_up(&run.scenario),
            resources: resources(run),
            hosts: HostFacts {
                names: run.hosts.iter().map(HostShare::to_string).collect(),
                of_block: run.block_hosts(),
            },
        }
    }
}

impl RestoreLimits {
    /// What a scenario allows.
    pub fn of(scenario: &Scenario) -> Self {
        let limits = &scenario.limits;
        let workload = limits.workload;
        Self {
            cpu: limits.cpu.map(Percent::share),
            disk_utilisation: limits.disk_utilisation.map(Percent::share),
            connections: limits.connections,
            memory: limits.memory.map(|memory| Bytes(memory.bytes())),
            wal: limits.wal_bytes.map(|wal| Bytes(wal.bytes())),
            p99_latency: workload.p99_latency.map(Span::get),
            latency_increase: workload.latency_increase.map(Percent::share),
            missed: workload.missed.map(Percent::share),
        }
    }
}

fn idle_of(variants: &[Variant]) -> BTreeMap<String, String> {
    let idle_like = |busy: &Variant| {
        variants.iter().find(|idle| {
            idle.workload.is_none()
                && (&idle.server, &idle.dataset) == (&busy.server, &busy.dataset)
        })
    };
    variants
        .iter()
        .filter(|variant| variant.workload.is_some())
        .filter_map(|busy| Some((busy.name.clone(), idle_like(busy)?.name.clone())))
        .collect()
}

fn alike(scenario: &Scenario) -> BTreeMap<String, String> {
    let variants = &scenario.variants;
    let first = |variant: &Variant| variants.iter().find(|of| scenario.are_alike(of, variant));
    variants
        .iter()
        .filter_map(|variant| Some((variant.name.clone(), first(variant)?.name.clone())))
        .filter(|(variant, first)| variant != first)
        .collect()
}

/// Caches that are cold for every trial need no warming up.
fn warm_up(scenario: &Scenario) -> WarmUp {
    match scenario.sweep.cache {
        Cache::Warm => scenario.sweep.warm_up,
        Cache::Cold => WarmUp::default(),
    }
}

/// What each variant of a run could use.
fn resources(run: &RunRecord) -> BTreeMap<String, Resources> {
    run.scenario.variants.iter().map(|variant| resources_of(run, variant)).collect()
}

fn resources_of(run: &RunRecord, variant: &Variant) -> (String, Resources) {
    let cpu_limit = match &variant.server.provider {
        Provider::Docker { cpus, .. } => *cpus,
        Provider::Local { .. } | Provider::External { .. } => None,
    };
    let host_cores = Some(f64::from(run.host.cores));
    let server = run.servers.get(&variant.name);
    let disk = server.and_then(|server| server.disk.as_ref());
    let resources = Resources {
        host_cores,
        cpu_limit,
        server_cores: server.and_then(|server| server.cores),
        round_trip: server.and_then(ServerRecord::round_trip_ns).map(|of| of as f64 / 1e9),
        disk_bytes_per_second: disk.map(|disk| disk.write_synced_bytes_per_second as f64),
        disk_operations_per_second: disk.and_then(|disk| disk.limits.iops).map(f64::from),
        memory: memory(run, variant),
        maintenance_memory: setting(run, variant, "maintenance_work_mem"),
    };
    (variant.name.clone(), resources)
}

/// What a setting is in the sessions of a variant's restores.
fn setting(run: &RunRecord, variant: &Variant, name: &str) -> Option<Bytes> {
    let of_server = || run.servers.get(&variant.name)?.settings.get(name);
    let session = &run.scenario.procedure(&variant.name).session;
    let text = session.get(name).or_else(of_server)?;
    text.parse::<Memory>().ok().map(|memory| Bytes(memory.bytes()))
}

/// Memory of a server of our own beside its shared buffers.
fn memory(run: &RunRecord, variant: &Variant) -> Option<Bytes> {
    let all = match &variant.server.provider {
        Provider::Docker { memory: Some(memory), .. } => memory.bytes(),
        Provider::Docker { .. } | Provider::Local { .. } => run.host.memory_bytes,
        Provider::External { .. } => return None,
    };
    let shared = setting(run, variant, "shared_buffers").map_or(0, |bytes| bytes.0);
    Some(Bytes(all.saturating_sub(shared)))
}

/// The machine in words, or each kind of several.
fn host_in_words(run: &RunRecord) -> String {
    let in_words = |host: &Host| format!("{}, {} x {}", host.os, host.cores, host.cpu_model);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for share in &run.hosts {
        *kinds.entry(in_words(&share.host)).or_default() += 1;
    }
    if kinds.is_empty() {
        return in_words(&run.host);
    }
    let kinds = kinds.into_iter().map(|(kind, count)| match count {
        1 => format!("1 host: {kind}"),
        count => format!("{count} hosts: {kind}"),
    });
    kinds.collect::<Vec<_>>().join("; ")
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
        largest_item: archive.largest_item.clone(),
    }
}
