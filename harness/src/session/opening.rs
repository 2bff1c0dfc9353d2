//! Opens the venue of each variant: starts its server, makes its archives, holds what they
//! need against the server, and makes the workload's database.

use std::path::Path;

use anyhow::{Context as _, bail};
use restore_core::archive::Archive;
use restore_core::engine::Native;
use restore_core::format::Format;
use restore_core::units::{Jobs, PgMajor};

use super::describe::describe_server;
use super::needs::{Wanted, check_needs};
use crate::dataset::cache::Maker;
use crate::dataset::selection::Selection;
use crate::dataset::{Counts, count, describe, fill, shared, shared_scripts};
use crate::lease::Lease;
use crate::printer::Printer;
use crate::process::own_program;
use crate::provider::{Context, Server, Shared};
use crate::record::{ArchiveRecord, ServerRecord};
use crate::scenario::procedure::{Procedure, Sections, serial_archive};
use crate::scenario::{Cache, Dataset, EngineKind, Phase, Scenario, Variant};
use crate::sweep::caches::can_drop_caches;
use crate::sweep::venue::{Contents, DumpSource, Venue, Venues};
use crate::workload::Production;

/// What venues are opened with.
pub(super) struct Opening<'a> {
    pub(super) scenario: &'a Scenario,
    /// Identifier of the run.
    pub(super) run: &'a str,
    /// The cache of archives.
    pub(super) cache: &'a Path,
    pub(super) conninfo: Option<&'a str>,
    pub(super) lease: &'a Lease,
    pub(super) printer: &'a Printer,
}

impl Opening<'_> {
    /// Opens the venues of all variants. Variants that differ in the archive alone share a
    /// server.
    pub(super) async fn venues(&self) -> anyhow::Result<Venues> {
        let shared = self.shared()?;
        let jobs = self.scenario.sweep.jobs.iter().map(|jobs| jobs.get());
        let context = Context {
            run: self.run,
            lease: self.lease,
            conninfo: self.conninfo,
            shared: &shared,
            max_jobs: jobs.max().unwrap_or(1) + self.workload_clients(),
        };
        let mut venues = Venues::default();
        let mut specs = Vec::new();
        for variant in &self.scenario.variants {
            let known = specs.iter().position(|spec| *spec == &variant.server);
            let number = known.unwrap_or(specs.len());
            if known.is_none() {
                self.printer.note(format!("starting {}", describe_server(variant)));
                venues.servers.push(Server::start(&variant.server, number, &context).await?);
                specs.push(&variant.server);
            }
            if self.has_native() {
                venues.servers[number].check_native().await?;
            }
            let venue = self.venue(variant, number, &mut venues).await?;
            venues.all.push(venue);
        }
        self.check_serial_archives(&venues)?;
        Ok(venues)
    }

    async fn venue(
        &self,
        variant: &Variant,
        number: usize,
        venues: &mut Venues,
    ) -> anyhow::Result<Venue> {
        let server = &mut venues.servers[number];
        if let Some(name) = &self.scenario.hooks.database {
            server.refuse_existing(name).await?;
        }
        let (mut archives, mut source) = (Vec::new(), None);
        match self.scenario.phase {
            Phase::Restore => archives = self.archives(variant, server).await?,
            Phase::Dump => {
                // Variants that share a server share its source.
                let mut others = venues.all.iter().filter(|venue| venue.server == number);
                source = match others.find_map(|venue| venue.source.clone()) {
                    Some(source) => Some(source),
                    None => Some(self.source(variant, server).await?),
                };
            }
        }
        Ok(Venue {
            variant: variant.name.clone(),
            server: number,
            archives,
            source,
            production: self.production(variant, server, number).await?,
            record: self.record(server).await?,
        })
    }

    /// The archives that a variant restores.
    async fn archives(
        &self,
        variant: &Variant,
        server: &mut Server,
    ) -> anyhow::Result<Vec<Contents>> {
        let maker =
            Maker { folder: self.cache, run: self.run, lease: self.lease, printer: self.printer };
        let sweep = &self.scenario.sweep;
        let options = self.scenario.options(&variant.name);
        let major = PgMajor(server.client_version().major);
        options
            .check_version(major)
            .with_context(|| format!("variant {:?} cannot be restored", variant.name))?;
        let procedure = self.scenario.procedure(&variant.name);
        if let Some(session) = procedure.session_options() {
            server.check_session(&session).await?;
        }
        let selection = Selection::read(&options, major)?;
        let selection = selection.as_ref();
        let wanted = Wanted { scenario: self.scenario, options: &options, selection };
        // Reading a large archive to count its rows takes long.
        let mut encoding = None;
        if let Dataset::Archive { path } = &variant.dataset {
            let archive = maker.open_given(path, server)?;
            check_sections(procedure, archive.format())?;
            encoding = check_needs(&archive, wanted, server, self.printer).await?;
        }
        let (formats, compression) = (&sweep.formats, &sweep.compression);
        let made = maker.archives(variant, server, formats, compression, selection).await?;
        // Those that are made here hold the same items.
        if !matches!(variant.dataset, Dataset::Archive { .. })
            && let Some(one) = with_contents(&made)
        {
            let archive = Archive::open(&one.path)?;
            encoding = check_needs(&archive, wanted, server, self.printer).await?;
        }
        let read = |archive: ArchiveRecord| {
            let record = ArchiveRecord { encoding: encoding.clone(), ..archive };
            Contents::read(record, &options, major)
        };
        made.into_iter().map(read).collect()
    }

    /// Fills the database that dumps are made of.
    async fn source(&self, variant: &Variant, server: &Server) -> anyhow::Result<DumpSource> {
        self.printer.note(format!("making {}", describe(&variant.dataset)));
        let database = server.database_name("source");
        server.create_database(&database, self.lease).await?;
        fill(&variant.dataset, server, &database).await?;
        let connection = server.connect(&database).await?;
        let client = &connection.client;
        let size = client.query_one("SELECT pg_database_size(current_database())", &[]).await?;
        let rows = count(&connection, &Counts::new()).await?.rows;
        Ok(DumpSource { database, rows, bytes: size.get::<_, i64>(0) as u64 })
    }

    async fn production(
        &self,
        variant: &Variant,
        server: &Server,
        number: usize,
    ) -> anyhow::Result<Option<Production>> {
        let Some(workload) = &variant.workload else { return Ok(None) };
        let folder = self.cache.join("workload").join(format!("{}-{number}", self.run));
        Production::prepare(workload, server, self.lease, &folder, self.printer).await.map(Some)
    }

    async fn record(&self, server: &Server) -> anyhow::Result<ServerRecord> {
        let mut record = server.record().await?;
        if self.scenario.sweep.cache == Cache::Cold {
            record.notes.extend(cold_notes(server));
        }
        for note in &record.notes {
            self.printer.note(format!("note: {note}"));
        }
        Ok(record)
    }

    /// A given tar archive has its format from the file and not from the
    /// scenario, which could not be checked before.
    fn check_serial_archives(&self, venues: &Venues) -> anyhow::Result<()> {
        let jobs = &self.scenario.sweep.jobs;
        for archive in venues.archives() {
            let format = archive.key.format;
            let is_parallel =
                self.scenario.sweep.engines.iter().all(|engine| engine.is_parallel(format));
            if !is_parallel && !jobs.contains(&Jobs::ONE) {
                bail!(
                    "{} is a {format} archive, which pg_restore restores with 1 job alone: say \
                     --jobs 1",
                    archive.path.display()
                );
            }
        }
        Ok(())
    }

    fn has_native(&self) -> bool {
        self.scenario.sweep.engines.iter().any(|engine| *engine != EngineKind::PgRestore)
    }

    /// Connections of the workload, beside those of the jobs.
    fn workload_clients(&self) -> u32 {
        let workloads = self.scenario.variants.iter().filter_map(|v| v.workload.as_ref());
        workloads.map(|workload| workload.clients).max().unwrap_or(0)
    }

    /// What containers share with this machine: the cache, and the datasets'
    /// own files.
    fn shared(&self) -> anyhow::Result<Vec<Shared>> {
        std::fs::create_dir_all(self.cache)
            .with_context(|| format!("cannot make the cache folder {}", self.cache.display()))?;
        let mut all = vec![Shared { path: self.cache.to_owned(), writable: true }];
        if self.has_native() {
            let program = own_program(Native::PROGRAM);
            all.extend(program.map(|path| Shared { path, writable: false }));
        }
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

/// One of the archives that has a table of contents.
fn with_contents(archives: &[ArchiveRecord]) -> Option<&ArchiveRecord> {
    archives.iter().find(|archive| archive.key.format != Format::Plain)
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

/// An archive that is given may be one that `pg_restore` restores with one worker.
fn check_sections(procedure: &Procedure, format: Format) -> anyhow::Result<()> {
    let most = procedure.sections.as_ref().and_then(Sections::most_jobs);
    match most.filter(|&jobs| jobs > Jobs::ONE && !format.is_parallel()) {
        Some(jobs) => bail!("{}", serial_archive(jobs)),
        None => Ok(()),
    }
}
