//! Where a run comes from, and how to repeat it.

use std::collections::BTreeMap;

use restore_core::units::Jobs;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::record::{ArchiveRecord, Host, RunRecord, ServerRecord};
use crate::scenario::Dataset;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Provenance {
    pub run: String,
    /// When it was made: RFC 3339, UTC.
    pub created_at: String,
    /// Version of the program that measured.
    pub jobtune_version: String,
    /// What the scenario is for, in its author's words.
    pub about: Option<String>,
    /// What was restored, in words.
    pub dataset: String,
    #[serde(flatten)]
    pub host: Host,
    #[serde(serialize_with = "servers")]
    pub servers: BTreeMap<String, ServerRecord>,
    #[serde(serialize_with = "archives")]
    pub archives: Vec<ArchiveRecord>,
    pub jobs: Vec<Jobs>,
    pub min_blocks: u32,
    pub max_blocks: u32,
    /// Seeds the order of the trials.
    pub seed: u64,
    /// Commands that repeat the run and this report of it.
    pub commands: Vec<String>,
}

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
            host: run.host.clone(),
            servers: run.servers.clone(),
            archives: run.archives.clone(),
            jobs: sweep.jobs.clone(),
            min_blocks: sweep.blocks.min,
            max_blocks: sweep.blocks.max,
            seed: run.design.seed(),
            commands: vec![sweep_command(run), command.to_owned()],
        }
    }
}

fn servers<S: Serializer>(
    servers: &BTreeMap<String, ServerRecord>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    struct Server<'a>(&'a String, &'a ServerRecord);

    impl Serialize for Server<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let Self(variant, server) = self;
            let mut fields = serializer.serialize_struct("Server", 7)?;
            fields.serialize_field("variant", variant)?;
            fields.serialize_field("provider", &server.provider)?;
            fields.serialize_field("version", &server.version)?;
            fields.serialize_field("client_version", &server.client_version)?;
            fields.serialize_field("cores", &server.cores)?;
            fields.serialize_field("settings", &server.settings)?;
            fields.serialize_field("notes", &server.notes)?;
            fields.end()
        }
    }

    serializer.collect_seq(servers.iter().map(|(variant, server)| Server(variant, server)))
}

fn archives<S: Serializer>(archives: &[ArchiveRecord], serializer: S) -> Result<S::Ok, S::Error> {
    struct Archive<'a>(&'a ArchiveRecord);

    impl Serialize for Archive<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let Self(archive) = self;
            let title = format!("{} {}", archive.key.format, archive.key.compression);
            let mut fields = serializer.serialize_struct("Archive", 6)?;
            fields.serialize_field("variant", &archive.key.variant)?;
            fields.serialize_field("title", &title)?;
            fields.serialize_field("bytes", &archive.bytes)?;
            fields.serialize_field("items", &archive.items)?;
            fields.serialize_field("dumped_by", &archive.dumped_by)?;
            fields.serialize_field("sha256", &archive.sha256)?;
            fields.end()
        }
    }

    serializer.collect_seq(archives.iter().map(Archive))
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

/// The sweep again: the same cells in the same order.
fn sweep_command(run: &RunRecord) -> String {
    let seed = run.design.seed();
    let given = run.scenario.variants.iter().find_map(|variant| match &variant.dataset {
        Dataset::Archive { path } => path.file_name(),
        _ => None,
    });
    let what = match given {
        Some(archive) => {
            let jobs: Vec<String> = run.scenario.sweep.jobs.iter().map(Jobs::to_string).collect();
            format!("--archive {} --jobs {}", archive.to_string_lossy(), jobs.join(","))
        }
        None => format!("{}.toml", run.scenario.name),
    };
    format!("jobtune sweep {what} --seed {seed}")
}
