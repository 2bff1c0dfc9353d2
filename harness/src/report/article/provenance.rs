//! Where a run comes from, and how to repeat it.

use super::build::job_list;
use super::{ArchiveReport, Provenance, ServerReport};
use crate::record::{ArchiveRecord, RunRecord, ServerRecord};
use crate::scenario::Dataset;

impl Provenance {
    /// The provenance of a recorded run, reported by `command`.
    pub(super) fn of(run: &RunRecord, command: &str) -> Self {
        let sweep = &run.scenario.sweep;
        Self {
            run: run.run.clone(),
            created_at: run.created_at.clone(),
            jobtune_version: run.jobtune_version.clone(),
            about: run.scenario.about.clone(),
            dataset: datasets(run),
            os: run.host.os.clone(),
            kernel: run.host.kernel.clone(),
            cpu_model: run.host.cpu_model.clone(),
            cores: run.host.cores,
            memory_bytes: run.host.memory_bytes,
            servers: run.servers.iter().map(server).collect(),
            archives: run.archives.iter().map(archive).collect(),
            jobs: sweep.jobs.clone(),
            min_blocks: sweep.blocks.min,
            max_blocks: sweep.blocks.max,
            seed: run.design.seed(),
            commands: vec![sweep_command(run), command.to_owned()],
        }
    }
}

fn datasets(run: &RunRecord) -> String {
    let mut words: Vec<String> =
        run.scenario.variants.iter().map(|variant| dataset(&variant.dataset)).collect();
    words.dedup();
    words.join("; ")
}

fn dataset(dataset: &Dataset) -> String {
    let name = |path: &std::path::Path| {
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    };
    match dataset {
        Dataset::Tpch { scale } => format!("TPC-H at scale {scale}"),
        Dataset::Pgbench { scale } => format!("pgbench at scale {scale}"),
        Dataset::Sql { files, scale, .. } => {
            let names: Vec<String> = files.iter().map(|file| name(file)).collect();
            format!("made by {} at scale {scale}", names.join(", "))
        }
        Dataset::Archive { path } => format!("the archive {}", name(path)),
        Dataset::Database { .. } => "an existing database".to_owned(),
    }
}

fn server((variant, server): (&String, &ServerRecord)) -> ServerReport {
    ServerReport {
        variant: variant.clone(),
        provider: server.provider.clone(),
        version: server.version.clone(),
        client_version: server.client_version.clone(),
        cores: server.cores,
        settings: server.settings.clone(),
        notes: server.notes.clone(),
    }
}

fn archive(archive: &ArchiveRecord) -> ArchiveReport {
    ArchiveReport {
        variant: archive.key.variant.clone(),
        title: format!("{} {}", archive.key.format, archive.key.compression),
        bytes: archive.bytes.0,
        items: archive.items,
        dumped_by: archive.dumped_by.clone(),
        sha256: archive.sha256.clone(),
    }
}

/// The sweep again: the same cells in the same order.
fn sweep_command(run: &RunRecord) -> String {
    let seed = run.design.seed();
    let sweep = &run.scenario.sweep;
    let given = run.scenario.variants.iter().find_map(|variant| match &variant.dataset {
        Dataset::Archive { path } => path.file_name(),
        _ => None,
    });
    let what = match given {
        Some(archive) => {
            format!("--archive {} --jobs {}", archive.to_string_lossy(), job_list(&sweep.jobs))
        }
        None => format!("{}.toml", run.scenario.name),
    };
    format!("jobtune sweep {what} --seed {seed}")
}
