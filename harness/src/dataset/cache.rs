//! Archives of datasets, made once and kept under a digest of what made them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use restore_core::archive::{Archive, RowCounts};
use restore_core::dump::DumpRequest;
use restore_core::engine::Target;
use restore_core::format::{Compression, Format, Method};
use restore_core::toc::{Item, ItemKind};
use restore_core::units::{Bytes, Jobs};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::digest::{digest, hex};
use super::selection::Selection;
use super::{Counts, count, describe, fill, sql, tpch};
use crate::design::ArchiveKey;
use crate::lease::{Lease, Resource};
use crate::printer::Printer;
use crate::provider::{Database, Server, process_environment};
use crate::record::{ArchiveRecord, LargestItem};
use crate::scenario::{Dataset, Variant};
use restore_core::connection::{Conninfo, connect};

/// What says that an archive is whole, and what it holds.
const MANIFEST: &str = "archive.json";

/// The schema of manifests: part of the digest, so that older ones are made
/// again.
const SCHEMA: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    sha256: String,
    bytes: Bytes,
    rows: Counts,
}

/// What archives are made with.
pub struct Maker<'a> {
    /// The folder of the cache.
    pub folder: &'a Path,
    /// Identifier of the run.
    pub run: &'a str,
    /// Where the run notes what it makes.
    pub lease: &'a Lease,
    /// Says what goes on.
    pub printer: &'a Printer,
}

impl Maker<'_> {
    /// The archives of a variant, from the cache where they are there.
    pub async fn archives(
        &self,
        variant: &Variant,
        server: &Server,
        formats: &[Format],
        compressions: &[Compression],
        selection: Option<&Selection>,
    ) -> anyhow::Result<Vec<ArchiveRecord>> {
        if let Dataset::Archive { path } = &variant.dataset {
            return Ok(vec![self.given(variant, server, path, selection)?]);
        }
        let entries = self.entries(variant, server, formats, compressions)?;
        let _locks: Vec<File> = entries.iter().map(Entry::lock).collect::<Result<_, _>>()?;
        let mut missing = Vec::new();
        for entry in &entries {
            match entry.read() {
                Ok(Some(_)) => {}
                Ok(None) => missing.push(entry),
                Err(error) => {
                    self.printer.note(format!("making it again: {error:#}"));
                    missing.push(entry);
                }
            }
        }
        if !missing.is_empty() {
            self.make(variant, server, &missing).await?;
        }
        entries.iter().map(|entry| entry.record(selection)).collect()
    }

    /// Opens an archive that the user names, if it can be restored on the
    /// server as far as its format goes.
    pub fn open_given(&self, path: &Path, server: &Server) -> anyhow::Result<Archive> {
        let archive = open(path)?;
        check_version(&archive, server)?;
        Ok(archive)
    }

    /// An archive that the user names.
    fn given(
        &self,
        variant: &Variant,
        server: &Server,
        path: &Path,
        selection: Option<&Selection>,
    ) -> anyhow::Result<ArchiveRecord> {
        let archive = self.open_given(path, server)?;
        let present = archive.toc().sections_present();
        if let Some(name) = present.name().filter(|_| present.needs_tables()) {
            self.printer.note(format!(
                "{} is {name}: it needs tables that it does not make; --before FILE runs SQL \
                 that makes them",
                path.display()
            ));
        }
        self.printer.note(format!("reading {} to know its rows", path.display()));
        let selected = selection.map(|selection| selection.data_of(&archive)).transpose()?;
        let is_selected =
            |item: &Item| selected.as_ref().is_none_or(|selected| selected.contains(&item.id));
        let rows = match archive.row_counts_of(is_selected, reading_threads())? {
            _ if selection.is_some_and(Selection::is_uncertain) => None,
            RowCounts::Exact(counts) => {
                Some(counts.into_iter().map(|(name, rows)| (name.to_string(), rows)).collect())
            }
            RowCounts::Inserts(_) => None,
        };
        let key = ArchiveKey {
            variant: variant.name.clone(),
            format: archive.format(),
            compression: archive.header().compression,
        };
        let (sha256, bytes) = digest(path)?;
        let record = record(key, path, sha256, bytes, rows, Some(&archive));
        Ok(with_selection(record, selection))
    }

    fn entries(
        &self,
        variant: &Variant,
        server: &Server,
        formats: &[Format],
        compressions: &[Compression],
    ) -> anyhow::Result<Vec<Entry>> {
        let major = server.client_version().major;
        let made_of = self.made_of(&variant.dataset)?;
        let mut entries = Vec::new();
        for &format in formats {
            let serial = [Compression::NONE];
            let compressions = if format.is_parallel() { compressions } else { &serial };
            for &compression in compressions {
                check_compression(compression.method(), major, server)?;
                let made_by = format!("{SCHEMA} {made_of} {format} {compression} pg_dump {major}");
                let name = hex(&Sha256::digest(made_by))[..24].to_owned();
                entries.push(Entry {
                    folder: self.folder.join("archives").join(name),
                    key: ArchiveKey { variant: variant.name.clone(), format, compression },
                });
            }
        }
        Ok(entries)
    }

    /// What the rows depend on, in words for the digest.
    fn made_of(&self, dataset: &Dataset) -> anyhow::Result<String> {
        Ok(match dataset {
            Dataset::Tpch { scale } => format!("{} {scale} {}", tpch::GENERATOR, tpch::schema()),
            Dataset::Pgbench { scale } => format!("pgbench {scale}"),
            Dataset::Sql { files, scale, .. } => {
                let mut hasher = Sha256::new();
                for script in sql::read_all(files)? {
                    hasher.update(Sha256::digest(&script));
                }
                format!("sql {scale} {}", hex(&hasher.finalize()))
            }
            // A database changes; what was dumped of it serves this run alone.
            Dataset::Database { .. } => format!("database of run {}", self.run),
            Dataset::Archive { path } => format!("archive {}", path.display()),
        })
    }

    /// Fills a source database and dumps it into all missing archives from
    /// one snapshot, so that all hold the same rows.
    async fn make(
        &self,
        variant: &Variant,
        server: &Server,
        missing: &[&Entry],
    ) -> anyhow::Result<()> {
        let source = match &variant.dataset {
            Dataset::Database { conninfo_env } => Source::there(conninfo_env)?,
            dataset => {
                self.printer.note(format!("making {}", describe(dataset)));
                let database = server.database_name("source");
                let database = server.create_database(&database, self.lease).await?;
                fill(dataset, server, &database.name).await?;
                Source::ours(server, database)
            }
        };
        let made = self.dump(server, &source, missing).await;
        if let Some(database) = &source.database {
            server.drop_database(database).await?;
        }
        made
    }

    async fn dump(
        &self,
        server: &Server,
        source: &Source<'_>,
        missing: &[&Entry],
    ) -> anyhow::Result<()> {
        let connection = source.connect().await?;
        let client = &connection.client;
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        let snapshot: String = client.query_one("SELECT pg_export_snapshot()", &[]).await?.get(0);
        let rows = count(&connection, &Counts::new()).await?.rows;
        for entry in missing {
            let ArchiveKey { format, compression, .. } = &entry.key;
            self.printer.note(format!("dumping it as {format} with {compression}"));
            let partial = entry.start()?;
            self.lease.note(&Resource::Partial { path: partial.clone() })?;
            let archive = partial.join(entry.file_name());
            let request = DumpRequest {
                source: &source.target,
                archive: &archive,
                format: *format,
                compression: *compression,
                jobs: Jobs::ONE,
                snapshot: Some(&snapshot),
            };
            let launcher = server.launcher();
            let dumped = request.run(launcher.as_ref(), server.client_version().major).await;
            if let Err(error) = dumped
                .map(drop)
                .map_err(anyhow::Error::from)
                .and_then(|()| entry.finish(&partial, &archive, &rows))
            {
                let _ = fs::remove_dir_all(&partial);
                return Err(error);
            }
        }
        client.batch_execute("COMMIT").await?;
        Ok(())
    }
}

/// The database that is dumped.
struct Source<'a> {
    conninfo: Option<Conninfo>,
    server: Option<&'a Server>,
    /// It, if this run made it.
    database: Option<Database>,
    target: Target,
}

impl<'a> Source<'a> {
    fn ours(server: &'a Server, database: Database) -> Self {
        let target = server.target(&database.name);
        Self { conninfo: None, server: Some(server), database: Some(database), target }
    }

    fn there(variable: &str) -> anyhow::Result<Self> {
        let environment = process_environment();
        let text = environment.variable(variable).with_context(|| {
            format!(
                "the environment variable {variable} is not set: put the source's conninfo there"
            )
        })?;
        let conninfo = Conninfo::parse(text, &environment)?;
        let target = Target { conninfo: conninfo.to_libpq(), env: conninfo.env() };
        Ok(Self { conninfo: Some(conninfo), server: None, database: None, target })
    }

    async fn connect(&self) -> anyhow::Result<restore_core::connection::Connection> {
        match (&self.conninfo, self.server, &self.database) {
            (Some(conninfo), ..) => Ok(connect(conninfo).await?),
            (None, Some(server), Some(database)) => server.connect(&database.name).await,
            _ => bail!("the source database is not known"),
        }
    }
}

/// An archive's place in the cache.
struct Entry {
    folder: PathBuf,
    key: ArchiveKey,
}

impl Entry {
    fn file_name(&self) -> &'static str {
        match self.key.format {
            Format::Custom => "archive.dump",
            Format::Directory => "archive.dir",
            Format::Tar => "archive.tar",
            Format::Plain => "archive.sql",
        }
    }

    fn archive(&self) -> PathBuf {
        self.folder.join(self.file_name())
    }

    /// Keeps other processes from making the same archive.
    fn lock(&self) -> anyhow::Result<File> {
        let path = self.folder.with_extension("lock");
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot make the cache folder {}", parent.display()))?;
        let file = File::create(&path)
            .with_context(|| format!("cannot make the lock {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    /// The manifest if the archive is there, whole and as it was made.
    fn read(&self) -> anyhow::Result<Option<Manifest>> {
        let path = self.folder.join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(path.display().to_string()),
        };
        let manifest: Manifest = serde_json::from_slice(&text)
            .with_context(|| format!("the cached archive's {} is damaged", path.display()))?;
        let (sha256, bytes) = digest(&self.archive())?;
        if (sha256, bytes) != (manifest.sha256.clone(), manifest.bytes) {
            bail!("the cached archive {} has changed since it was made", self.archive().display());
        }
        Ok(Some(manifest))
    }

    fn record(&self, selection: Option<&Selection>) -> anyhow::Result<ArchiveRecord> {
        let Manifest { sha256, bytes, rows } =
            self.read()?.context("an archive vanished from the cache while it was locked")?;
        let path = self.archive();
        let archive = if self.key.format == Format::Plain { None } else { Some(open(&path)?) };
        let rows = match (selection, &archive) {
            (Some(selection), Some(archive)) => selection.rows(archive, rows)?,
            _ => Some(rows),
        };
        let record = record(self.key.clone(), &path, sha256, bytes, rows, archive.as_ref());
        Ok(with_selection(record, selection))
    }

    /// A folder to make the archive in.
    fn start(&self) -> anyhow::Result<PathBuf> {
        let partial = self.folder.with_extension("partial");
        if partial.exists() {
            // The lock is ours, so whoever began it is dead.
            fs::remove_dir_all(&partial)
                .with_context(|| format!("cannot remove {}", partial.display()))?;
        }
        fs::create_dir_all(&partial)
            .with_context(|| format!("cannot make {}", partial.display()))?;
        Ok(partial)
    }

    /// Puts a finished archive in its place.
    fn finish(&self, partial: &Path, archive: &Path, rows: &Counts) -> anyhow::Result<()> {
        let (sha256, bytes) = digest(archive)?;
        let manifest = Manifest { sha256, bytes, rows: rows.clone() };
        let path = partial.join(MANIFEST);
        fs::write(&path, serde_json::to_vec_pretty(&manifest)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        File::open(&path).and_then(|file| file.sync_all())?;
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)
                .with_context(|| format!("cannot remove {}", self.folder.display()))?;
        }
        fs::rename(partial, &self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))
    }
}

fn open(path: &Path) -> anyhow::Result<Archive> {
    Archive::open(path).with_context(|| {
        format!(
            "{} cannot be restored: give an archive that pg_dump made with -Fc, -Fd or -Ft",
            path.display()
        )
    })
}

/// `pg_restore` refuses archives of newer formats than its own.
fn check_version(archive: &Archive, server: &Server) -> anyhow::Result<()> {
    let ours = server.client_version().major;
    let version = archive.header().version;
    if version.is_readable_by(ours) {
        return Ok(());
    }
    bail!(
        "{} has format {version}, which pg_restore reads from major version {} on, and pg_restore \
         here is {ours}: use newer client programs (--bindir, or another image)",
        archive.path().display(),
        version.first_reader(),
    )
}

fn check_compression(method: Method, major: u32, server: &Server) -> anyhow::Result<()> {
    if major < method.since_major() {
        bail!(
            "compression {} needs pg_dump {} or newer; this one is {}: choose gzip or none, or \
             newer programs (--bindir, or another image)",
            method.as_str(),
            method.since_major(),
            server.client_version()
        );
    }
    Ok(())
}

fn reading_threads() -> Jobs {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    Jobs::new(cores.min(Jobs::MAX)).unwrap_or(Jobs::ONE)
}

fn record(
    key: ArchiveKey,
    path: &Path,
    sha256: String,
    bytes: Bytes,
    rows: Option<Counts>,
    archive: Option<&Archive>,
) -> ArchiveRecord {
    ArchiveRecord {
        key,
        path: path.to_owned(),
        bytes,
        sha256,
        selection: None,
        dumped_by: archive.and_then(|archive| archive.header().dumped_by.clone()),
        items: archive.map(|archive| archive.toc().items.len() as u32),
        has_offsets: archive.map(|archive| !archive.lacks_offsets()),
        largest_item: archive.and_then(largest_item),
        encoding: None,
        rows,
    }
}

fn with_selection(record: ArchiveRecord, selection: Option<&Selection>) -> ArchiveRecord {
    ArchiveRecord { selection: selection.map(|selection| selection.digest().to_owned()), ..record }
}

fn largest_item(archive: &Archive) -> Option<LargestItem> {
    let data = || {
        let items = archive.toc().items.iter();
        items.filter(|item| matches!(item.kind, ItemKind::TableData | ItemKind::Blobs))
    };
    let total: Bytes = data().filter_map(|item| item.data_length).sum();
    let largest = data().max_by_key(|item| item.data_length)?;
    let share = largest.data_length?.0 as f64 / total.0.max(1) as f64;
    let name = match &largest.namespace {
        Some(schema) if !schema.is_empty() => format!("{schema}.{}", largest.name()),
        _ => largest.name().to_owned(),
    };
    Some(LargestItem { name, share })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(folder: &Path) -> Entry {
        let key = ArchiveKey {
            variant: "base".to_owned(),
            format: Format::Plain,
            compression: Compression::NONE,
        };
        Entry { folder: folder.join("abc"), key }
    }

    fn make(entry: &Entry) {
        let partial = entry.start().unwrap();
        let archive = partial.join(entry.file_name());
        fs::write(&archive, "SELECT 1;\n").unwrap();
        entry.finish(&partial, &archive, &Counts::from([("t".to_owned(), 3)])).unwrap();
    }

    #[test]
    fn a_whole_archive_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let entry = entry(folder.path());
        assert!(entry.read().unwrap().is_none());
        make(&entry);
        let record = entry.record(None).unwrap();
        assert_eq!((record.bytes, record.rows.unwrap()["t"]), (Bytes(10), 3));
    }

    #[test]
    fn damage_and_half_written_archives_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let entry = entry(folder.path());
        make(&entry);
        fs::write(entry.archive(), "SELECT 2;\n").unwrap();
        assert!(entry.read().unwrap_err().to_string().contains("has changed since"));
        make(&entry);
        fs::write(entry.folder.join(MANIFEST), "{").unwrap();
        assert!(entry.read().unwrap_err().to_string().contains("is damaged"));
        fs::remove_dir_all(&entry.folder).unwrap();
        fs::create_dir(entry.folder.with_extension("partial")).unwrap();
        assert!(entry.read().unwrap().is_none());
        make(&entry);
        assert!(entry.read().unwrap().is_some());
    }
}
