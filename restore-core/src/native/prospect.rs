//! What a restore would do and how much its workers would gain, told before it
//! begins and without a server.

use std::sync::Arc;
use std::time::Duration;

use super::choices::Choices;
use super::contents::{Contents, NEWEST_RULES, SqlEncoding};
use super::decide::decide;
use super::error::NativeError;
use super::failure::item_name;
use super::graph::Material;
use super::request::Tuning;
use super::simulate::makespan;
use super::slices::Slices;
use super::sql::{SqlError, SqlSettings, definition};
use crate::archive::{Archive, ArchiveError};
use crate::event::ItemName;
use crate::options::RestoreOptions;
use crate::plan::{CostUnit, Costs, ItemIndex, Plan};
use crate::schedule::{Policy, Simulation};
use crate::selection::{Criteria, Selected};
use crate::toc::{Item, ItemKind, Toc};
use crate::units::{Bytes, Jobs};

/// A restore this much longer than the shortest one is as good.
const AS_GOOD: f64 = 0.01;

/// The restores of one archive under one set of options, none of which is
/// made.
pub struct Prospect {
    contents: Contents,
    plan: Plan,
    costs: Costs,
    tuning: Tuning,
    settings: SqlSettings,
    server_major: u32,
}

/// How the items of a restore would be treated, where that is not as
/// `pg_restore` treats them.
#[derive(Debug, Clone, PartialEq)]
pub struct Treatment {
    /// Tables that several workers load at once, with their sizes.
    pub in_slices: Vec<(ItemName, Option<Bytes>)>,
    /// Tables that are vacuumed before their foreign keys.
    pub vacuumed: Vec<ItemName>,
    /// Keys whose index is built beside the table's others.
    pub early_indexes: Vec<ItemName>,
    /// Foreign keys that are checked apart.
    pub validated: Vec<ItemName>,
}

/// What to expect of a number of jobs, on a server that is never short of
/// anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The number.
    pub jobs: Jobs,
    /// This engine.
    pub native: ExpectedRestore,
    /// `pg_restore`, by the schedule of the newest version.
    pub pg_restore: ExpectedRestore,
}

/// What to expect of a restore.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedRestore {
    /// How many times as fast as one worker that does everything in turn.
    pub speedup: f64,
    /// How long it takes, where the costs of the items are times.
    pub time: Option<Duration>,
}

impl Prospect {
    /// Of an archive that is restored under `options` into a server of this
    /// version.
    pub fn new(
        archive: &Arc<Archive>,
        options: &RestoreOptions,
        tuning: Tuning,
        server_major: u32,
    ) -> Result<Self, NativeError> {
        let sql = SqlEncoding::of(archive, None);
        let selected = Selected::new(sql.toc(archive), &Criteria::read(options)?, NEWEST_RULES)?;
        let plan = Plan::of(&selected, NEWEST_RULES)?;
        let contents = Contents::new(Arc::clone(archive), sql, &selected);
        let costs = Costs::from_sizes(&plan, contents.toc());
        let settings = SqlSettings::from(options);
        Ok(Self { contents, plan, costs, tuning, settings, server_major })
    }

    /// What would be restored, as `pg_restore` orders it.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Foretells by these costs of the items of [`Self::plan`], in place of
    /// the sizes in the archive.
    pub fn set_costs(&mut self, costs: Costs) {
        self.costs = costs;
    }

    /// How many items would be restored, and the size of their data as the
    /// archive stores it.
    pub fn size(&self) -> (usize, Bytes) {
        let wanted: Vec<_> = self.wanted().collect();
        let bytes = wanted.iter().filter_map(|&item| self.contents.item(item).data_length);
        (wanted.len(), Bytes(bytes.map(|bytes| bytes.0).sum()))
    }

    /// How many items of each kind would be restored, in the order in which
    /// the archive first has them.
    pub fn kinds(&self) -> Vec<(ItemKind, usize)> {
        let mut kinds: Vec<(ItemKind, usize)> = Vec::new();
        for item in self.wanted() {
            let kind = &self.contents.item(item).kind;
            match kinds.iter_mut().find(|(known, _)| known == kind) {
                Some((_, count)) => *count += 1,
                None => kinds.push((kind.clone(), 1)),
            }
        }
        kinds
    }

    /// What would be done otherwise than by `pg_restore`.
    pub fn treatment(&self, jobs: Jobs) -> Treatment {
        let Choices { split, vacuum, early_indexes, validations, .. } = self.choices(jobs);
        let name = |item: &ItemIndex| item_name(self.contents.item(*item));
        let size = |item: &ItemIndex| self.contents.item(*item).data_length;
        Treatment {
            in_slices: split.iter().map(|item| (name(item), size(item))).collect(),
            vacuumed: vacuum.iter().map(name).collect(),
            early_indexes: early_indexes.keys().map(name).collect(),
            validated: validations.keys().map(name).collect(),
        }
    }

    /// What to expect of both engines with so many jobs.
    pub fn expect(&self, jobs: Jobs) -> Expected {
        let work = self.costs.total() as f64;
        let is_time = self.costs.unit() == CostUnit::Nanoseconds;
        let restore = |time: u128| ExpectedRestore {
            speedup: if time == 0 { 1.0 } else { work / time as f64 },
            time: is_time.then(|| Duration::from_nanos(time as u64)),
        };
        let theirs = Simulation::run(&self.plan, &self.costs, jobs, Policy::of(NEWEST_RULES));
        let own = makespan(self.material(jobs), &self.choices(jobs));
        Expected { jobs, native: restore(own), pg_restore: restore(theirs.makespan()) }
    }

    /// The smallest of `candidates`, ascending, that is as good as the best.
    pub fn enough(&self, candidates: impl IntoIterator<Item = Jobs>) -> Option<Jobs> {
        let expected: Vec<_> = candidates.into_iter().map(|jobs| self.expect(jobs)).collect();
        let best = expected.iter().map(|of| of.native.speedup).fold(0.0, f64::max);
        expected.iter().find(|of| of.native.speedup * (1.0 + AS_GOOD) >= best).map(|of| of.jobs)
    }

    /// The items that would be restored, in the archive's order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.wanted().map(|item| self.contents.item(item))
    }

    /// The statements that an item of this archive is made by, before its data.
    pub fn statements(&self, item: &Item) -> Result<Vec<String>, SqlError> {
        definition(self.toc(), item, &self.settings)
    }

    /// The rows of an item of this archive in slices of at least so many bytes,
    /// as several workers would load them.
    pub fn slices(
        &self,
        item: &Item,
        slice_bytes: usize,
    ) -> Result<impl Iterator<Item = Result<Vec<u8>, ArchiveError>>, ArchiveError> {
        let mut slices = Slices::new(self.contents.archive.data(item)?, slice_bytes);
        let next = move || slices.next_slice().map_err(ArchiveError::from_io).transpose();
        Ok(std::iter::from_fn(next))
    }

    fn wanted(&self) -> impl Iterator<Item = ItemIndex> {
        self.plan.items().filter(|&item| self.plan.is_wanted(item))
    }

    fn toc(&self) -> &Toc {
        self.contents.toc()
    }

    fn material(&self, jobs: Jobs) -> Material<'_> {
        Material { plan: &self.plan, toc: self.toc(), costs: &self.costs, jobs }
    }

    fn choices(&self, jobs: Jobs) -> Choices {
        decide(self.material(jobs), &self.tuning, self.server_major)
    }
}
