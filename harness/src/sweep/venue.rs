//! Where the trials of each variant run: servers, archives, workloads.

use anyhow::Context as _;
use restore_core::archive::Archive;
use restore_core::format::Format;
use restore_core::options::RestoreOptions;
use restore_core::plan::{PgMajor, Plan};

use super::hashes::Reference;
use super::items::ItemIndex;
use crate::dataset::Counts;
use crate::dataset::selection::Selection;
use crate::design::{ArchiveKey, Cell};
use crate::provider::Server;
use crate::record::{ArchiveRecord, ServerRecord};
use crate::workload::Production;

/// The venues of all variants, with the servers that they share.
#[derive(Default)]
pub struct Venues {
    /// Each server once, however many variants use it.
    pub servers: Vec<Server>,
    /// In the order of the variants.
    pub all: Vec<Venue>,
}

/// Where the trials of one variant run.
pub struct Venue {
    /// Name of the variant.
    pub variant: String,
    /// Place of its server in [`Venues::servers`].
    pub server: usize,
    /// What is recorded of the server.
    pub record: ServerRecord,
    /// What is restored; empty where archives are made.
    pub archives: Vec<Contents>,
    /// What is dumped; `None` where archives are restored.
    pub source: Option<DumpSource>,
    /// The workload beside the trials, if the variant has one.
    pub production: Option<Production>,
}

/// What is known of an archive.
pub struct Contents {
    /// As the run records it.
    pub record: ArchiveRecord,
    /// What its rows must come to; `None` until a first restore has told.
    pub(super) expected: Option<Counts>,
    /// Rows that extensions bring beside them; `None` until rows were found
    /// that the archive does not have.
    pub(super) brought: Option<Counts>,
    /// What its rows must hold, where that is compared; `None` until it is known.
    pub(super) reference: Option<Reference>,
    pub(super) items: ItemIndex,
    /// What waits for what; absent where the engine restores serially.
    pub(super) plan: Option<Plan>,
}

/// A filled database that is dumped again and again.
#[derive(Debug, Clone)]
pub struct DumpSource {
    /// Its name.
    pub database: String,
    /// Its rows: what every archive must hold.
    pub rows: Counts,
    /// Its size.
    pub bytes: u64,
}

impl Contents {
    /// Reads what the table of contents tells of a restore with these options by programs of
    /// this major version.
    pub fn read(
        record: ArchiveRecord,
        options: &RestoreOptions,
        major: PgMajor,
    ) -> anyhow::Result<Self> {
        let (mut items, mut plan) = (ItemIndex::default(), None);
        if record.key.format != Format::Plain {
            let archive = Archive::open(&record.path)?;
            items = ItemIndex::new(&archive);
            // A damaged archive is for pg_restore to refuse.
            plan = match Selection::read(options, major)? {
                Some(selection) => {
                    let selected = selection.of(&archive)?;
                    items.count = Some(selected.restored().count() as u64);
                    Plan::of(&selected, major).ok()
                }
                None => Plan::new(archive.toc(), major).ok(),
            };
        }
        Ok(Self {
            expected: record.rows.clone(),
            record,
            brought: None,
            reference: None,
            items,
            plan,
        })
    }
}

impl Venues {
    /// The archives of all variants.
    pub fn archives(&self) -> impl Iterator<Item = &ArchiveRecord> {
        self.all.iter().flat_map(|venue| &venue.archives).map(|contents| &contents.record)
    }

    /// Processors of the server of a variant.
    pub(super) fn cores(&self, variant: &str) -> Option<u32> {
        let venue = self.all.iter().find(|venue| venue.variant == variant)?;
        self.servers.get(venue.server)?.cores()
    }

    /// Where a trial of `cell` runs.
    pub(super) fn site<'a>(&'a mut self, cell: &'a Cell, trial: u32) -> anyhow::Result<Site<'a>> {
        let variant = &cell.archive.variant;
        let venue = self.all.iter_mut().find(|venue| venue.variant == *variant);
        let servers = &mut self.servers;
        venue
            .and_then(|venue| {
                let server = servers.get_mut(venue.server)?;
                Some(Site { server, venue, cell, trial })
            })
            .with_context(|| format!("variant {variant:?} has no server"))
    }
}

/// One trial's part of the venues.
pub(super) struct Site<'a> {
    pub(super) server: &'a mut Server,
    pub(super) venue: &'a mut Venue,
    pub(super) cell: &'a Cell,
    /// Number of the trial; 0 for a warm-up.
    pub(super) trial: u32,
}

impl Site<'_> {
    /// Tells what is made for this trial from what is made for others.
    pub(super) fn name(&self) -> String {
        if self.trial == 0 { "warm_up".to_owned() } else { format!("t{}", self.trial) }
    }

    /// The archive that is restored.
    pub(super) fn contents(&self) -> anyhow::Result<&Contents> {
        let key = &self.cell.archive;
        let found = self.venue.archives.iter().find(|contents| contents.record.key == *key);
        found.with_context(|| no_archive(key))
    }

    /// The same, to add what a restore has shown.
    pub(super) fn contents_mut(&mut self) -> anyhow::Result<&mut Contents> {
        let key = &self.cell.archive;
        let found = self.venue.archives.iter_mut().find(|contents| contents.record.key == *key);
        found.with_context(|| no_archive(key))
    }

    /// The database that is dumped.
    pub(super) fn source(&self) -> anyhow::Result<&DumpSource> {
        let variant = &self.venue.variant;
        let source = self.venue.source.as_ref();
        source.with_context(|| format!("variant {variant:?} has no database to dump"))
    }
}

fn no_archive(key: &ArchiveKey) -> String {
    format!("there is no {} {} archive of {:?}", key.format, key.compression, key.variant)
}
