//! Servers and archives, made ready for trials.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use restore_core::archive::Archive;
use restore_core::format::Format;
use restore_core::needs::{Avoid, needs};
use restore_core::options::{Opt, RestoreOptions};
use restore_core::selection::{Criteria, Selected, is_restored_by_default};
use restore_core::toc::Item;
use restore_core::units::PgMajor;

use super::describe::describe_server;
use super::job::Job;
use crate::dataset::cache::Maker;
use crate::dataset::selection::Selection;
use crate::dataset::{Counts, count, describe, fill, script_digests, shared, shared_scripts};
use crate::lease::Lease;
use crate::preflight::{self, Subject};
use crate::printer::Printer;
use crate::provider::{Context, Server, Shared};
use crate::record::{ArchiveRecord, FileDigest, ServerRecord};
use crate::scenario::{Cache, Dataset, ErrorPolicy, Phase, Variant};
use crate::sweep::caches::can_drop_caches;
use crate::sweep::dumps::DumpSource;
use crate::workload::Production;

/// Servers and archives, ready for trials.
pub(super) struct Stage {
    pub(super) servers: Vec<Server>,
    pub(super) of_variant: BTreeMap<String, usize>,
    pub(super) records: BTreeMap<String, ServerRecord>,
    pub(super) archives: Vec<ArchiveRecord>,
    /// For dumps, the filled database of each server.
    pub(super) sources: Vec<DumpSource>,
    /// The workload beside each variant that has one.
    pub(super) production: BTreeMap<String, Production>,
    /// Scripts around the restores.
    pub(super) scripts: Vec<FileDigest>,
}

impl Job {
    /// Starts the servers and gets the archives.
    pub(super) async fn stage(&self, lease: &Lease, printer: &Printer) -> anyhow::Result<Stage> {
        // A list or filter file that is wrong is said before anything is started.
        for variant in &self.scenario.variants {
            Criteria::read(&self.scenario.options(&variant.name))?;
        }
        // A script that cannot be read is said before anything is started.
        let scripts = script_digests(self.scenario.hooks.scripts())?;
        let shared = self.shared()?;
        let jobs = self.scenario.sweep.jobs.iter().map(|jobs| jobs.get());
        let context = Context {
            run: &self.run,
            lease,
            conninfo: self.conninfo.as_deref(),
            shared: &shared,
            max_jobs: jobs.max().unwrap_or(1) + self.workload_clients(),
        };
        let maker = Maker { folder: &self.cache, run: &self.run, lease, printer };
        let mut stage = Stage {
            servers: Vec::new(),
            of_variant: BTreeMap::new(),
            records: BTreeMap::new(),
            archives: Vec::new(),
            sources: Vec::new(),
            production: BTreeMap::new(),
            scripts,
        };
        let mut specs = Vec::new();
        for variant in &self.scenario.variants {
            // Variants that differ in the archive alone share a server.
            let number =
                if let Some(number) = specs.iter().position(|spec| *spec == &variant.server) {
                    number
                } else {
                    printer.note(format!("starting {}", describe_server(variant)));
                    let server = Server::start(&variant.server, specs.len(), &context).await?;
                    stage.servers.push(server);
                    specs.push(&variant.server);
                    specs.len() - 1
                };
            let sweep = &self.scenario.sweep;
            let server = &mut stage.servers[number];
            if let Some(name) = &self.scenario.hooks.database {
                server.refuse_existing(name).await?;
            }
            match self.scenario.phase {
                Phase::Restore => {
                    let (formats, compression) = (&sweep.formats, &sweep.compression);
                    let options = self.scenario.options(&variant.name);
                    let major = PgMajor(server.client_version().major);
                    options.check_version(major).with_context(|| {
                        format!("variant {:?} cannot be restored", variant.name)
                    })?;
                    let selection = Selection::read(&options, major)?;
                    let accepts_errors = matches!(
                        self.scenario.restore.errors,
                        ErrorPolicy::Same | ErrorPolicy::Matching(_)
                    );
                    let selection = selection.as_ref();
                    let has_scripts = !self.scenario.hooks.before.is_empty();
                    let wanted =
                        Wanted { options: &options, selection, has_scripts, accepts_errors };
                    // Reading a large archive to count its rows takes long.
                    let mut encoding = None;
                    if let Dataset::Archive { path } = &variant.dataset {
                        let archive = maker.open_given(path, server)?;
                        encoding = check_needs(&archive, wanted, server, printer).await?;
                    }
                    let mut archives =
                        maker.archives(variant, server, formats, compression, selection).await?;
                    // Those that are made here hold the same items.
                    if !matches!(variant.dataset, Dataset::Archive { .. })
                        && let Some(made) = with_contents(&archives)
                    {
                        let archive = Archive::open(&made.path)?;
                        encoding = check_needs(&archive, wanted, server, printer).await?;
                    }
                    for archive in &mut archives {
                        archive.encoding.clone_from(&encoding);
                    }
                    stage.archives.extend(archives);
                }
                // Variants that share a server share its source.
                Phase::Dump if number < stage.sources.len() => {}
                Phase::Dump => stage.sources.push(source(variant, server, lease, printer).await?),
            }
            let server = &stage.servers[number];
            if let Some(workload) = &variant.workload {
                let folder = self.cache.join("workload").join(format!("{}-{number}", self.run));
                let production =
                    Production::prepare(workload, server, lease, &folder, printer).await?;
                stage.production.insert(variant.name.clone(), production);
            }
            let mut record = server.record().await?;
            if sweep.cache == Cache::Cold {
                record.notes.extend(cold_notes(server));
            }
            for note in &record.notes {
                printer.note(format!("note: {note}"));
            }
            stage.records.insert(variant.name.clone(), record);
            stage.of_variant.insert(variant.name.clone(), number);
        }
        self.check_serial_archives(&stage.archives)?;
        Ok(stage)
    }

    /// A given tar archive has its format from the file and not from the
    /// scenario, which could not be checked before.
    fn check_serial_archives(&self, archives: &[ArchiveRecord]) -> anyhow::Result<()> {
        let jobs = &self.scenario.sweep.jobs;
        for archive in archives {
            let format = archive.key.format;
            if !format.is_parallel() && !jobs.contains(&restore_core::units::Jobs::ONE) {
                bail!(
                    "{} is a {format} archive, which pg_restore restores with 1 job alone: say \
                     --jobs 1",
                    archive.path.display()
                );
            }
        }
        Ok(())
    }

    /// Connections of the workload, beside those of the jobs.
    fn workload_clients(&self) -> u32 {
        let workloads = self.scenario.variants.iter().filter_map(|v| v.workload.as_ref());
        workloads.map(|workload| workload.clients).max().unwrap_or(0)
    }

    /// What containers share with this machine: the cache, and the datasets'
    /// own files.
    fn shared(&self) -> anyhow::Result<Vec<Shared>> {
        std::fs::create_dir_all(&self.cache)
            .with_context(|| format!("cannot make the cache folder {}", self.cache.display()))?;
        let mut all = vec![Shared { path: self.cache.clone(), writable: true }];
        let variants = &self.scenario.variants;
        let datasets = variants.iter().flat_map(|variant| shared(&variant.dataset));
        let scripts = shared_scripts(self.scenario.hooks.scripts());
        let files = self.scenario.option_files();
        let files = files.map(|path| Shared { path: path.to_owned(), writable: false });
        let others = variants.iter().flat_map(Production::shared).chain(files).chain(scripts);
        for one in datasets.chain(others) {
            // Variants often have their files in common, and a container has
            // room for a path once.
            if !all.iter().any(|other| other.path == one.path) {
                all.push(one);
            }
        }
        Ok(all)
    }
}

/// What is restored of the archives of a variant.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    options: &'a RestoreOptions,
    selection: Option<&'a Selection>,
    /// Whether scripts run in the database before the restore.
    has_scripts: bool,
    /// What is missing may be among the errors that the user has said to expect.
    accepts_errors: bool,
}

/// Holds what an archive needs against the server, and makes what is missing
/// on one of ours. Returns the encoding that databases for it must have, where
/// that is not the server's own.
async fn check_needs(
    archive: &Archive,
    wanted: Wanted<'_>,
    server: &mut Server,
    printer: &Printer,
) -> anyhow::Result<Option<String>> {
    let selected = wanted.selection.map(|selection| selection.of(archive)).transpose()?;
    if let (Some(selection), Some(selected)) = (wanted.selection, &selected) {
        for note in selection.notes(archive, selected)? {
            printer.note(format!("note: {note}"));
        }
    }
    let items: Vec<&Item> = match &selected {
        Some(selected) => kept(selected).collect(),
        None => archive.toc().items.iter().collect(),
    };
    let needs = needs(&items, &Avoid::by_options(wanted.options));
    let subject = Subject {
        archive,
        needs: &needs,
        role: wanted.options.value(Opt::Role),
        has_scripts: wanted.has_scripts,
        accepts_errors: wanted.accepts_errors,
    };
    let outcome = preflight::prepare(server, &subject).await?;
    for note in &outcome.notes {
        printer.note(format!("note: {note}"));
    }
    Ok(outcome.encoding)
}

/// The items that are not left out: those that describe the database stay.
fn kept<'a>(selected: &'a Selected<'_>) -> impl Iterator<Item = &'a Item> {
    let with_parts = selected.with_parts().filter(|(item, parts)| {
        let is_restored =
            || is_restored_by_default(item.kind.as_str(), item.name(), item.has_content());
        !parts.is_empty() || !is_restored()
    });
    with_parts.map(|(item, _)| item)
}

/// One of the archives that has a table of contents.
fn with_contents(archives: &[ArchiveRecord]) -> Option<&ArchiveRecord> {
    archives.iter().find(|archive| archive.key.format != Format::Plain)
}

/// Fills the database that dumps are made of.
async fn source(
    variant: &Variant,
    server: &Server,
    lease: &Lease,
    printer: &Printer,
) -> anyhow::Result<DumpSource> {
    printer.note(format!("making {}", describe(&variant.dataset)));
    let database = server.database_name("source");
    server.create_database(&database, lease).await?;
    fill(&variant.dataset, server, &database).await?;
    let connection = server.connect(&database).await?;
    let client = &connection.client;
    let size = client.query_one("SELECT pg_database_size(current_database())", &[]).await?;
    let rows = count(client, &Counts::new()).await?.rows;
    Ok(DumpSource { database, rows, bytes: size.get::<_, i64>(0) as u64 })
}

/// What "cold" does not mean here.
fn cold_notes(server: &Server) -> Vec<String> {
    let mut notes = Vec::new();
    if !can_drop_caches() {
        notes.push(
            "the system's caches could not be dropped (root on Linux can): \"cold\" is a \
                    restarted server with a warm page cache"
                .to_owned(),
        );
    }
    if !server.can_restart() {
        notes.push("an external server is not restarted: its own cache stays warm".to_owned());
    }
    notes
}
