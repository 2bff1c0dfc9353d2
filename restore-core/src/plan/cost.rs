//! What each item costs: measured, or guessed from sizes.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use crate::toc::{Item, ItemKind, Toc};
use crate::units::{Bytes, DumpId};

use super::{ItemIndex, Plan};

/// The cost of one item, in the unit of its [`Costs`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(pub u64);

/// What a [`Cost`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CostUnit {
    /// Nanoseconds of a restore that was measured.
    Nanoseconds,
    /// Work in proportion to loading this many bytes of an archive. Good for
    /// ratios between restores of one archive, and for nothing else.
    ArchiveBytes,
}

/// How many processors an item keeps busy while it runs alone, in thousandths:
/// those of the client and of the server, on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Demand(pub u32);

impl Demand {
    /// One processor: what an item is taken to keep busy where nothing is
    /// known of it.
    pub const ONE: Self = Self(1000);

    /// So many processors, to the nearest thousandth.
    pub fn of_processors(processors: f64) -> Self {
        // A cast to an integer saturates, and takes what is no number as 0.
        Self((processors * 1e3).round() as u32)
    }
}

/// The cost of every item of a plan.
#[derive(Debug, Clone)]
pub struct Costs {
    unit: CostUnit,
    by_item: Vec<Cost>,
    demands: Vec<Demand>,
    unmeasured: Vec<ItemIndex>,
}

/// The statement, its parsing and its commit, whatever the object: about a
/// millisecond, in which a table loads some 8 KiB of a gzip archive.
const PER_ITEM: u64 = 8 << 10;

/// Parts of 100: what one index and one foreign key on a table take, against
/// loading the rows of that table.
///
/// In restores of a table of 800,000 rows of mixed columns with PostgreSQL 17
/// on two busy cores, single indexes took 19 to 93 % of the table's COPY, in
/// the middle 40 %, and a foreign key's validation 20 %. Types, memory and the
/// order of the rows move them by a factor of two either way, which is why
/// timings are better.
const INDEX_PERCENT: u64 = 40;
const FOREIGN_KEY_PERCENT: u64 = 20;

/// How costly indexes and constraints are taken to be, within the factor of
/// two that sizes leave open: what depends on it is not known from sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostDataWork {
    /// Half of the usual.
    Light,
    /// What was measured in the middle.
    Usual,
    /// Twice the usual.
    Heavy,
}

impl PostDataWork {
    /// This work for an item on a table of this size, of which it usually
    /// takes so many parts of 100.
    fn of(self, size: Bytes, usual_percent: u64) -> u64 {
        let percent = match self {
            Self::Light => usual_percent / 2,
            Self::Usual => usual_percent,
            Self::Heavy => usual_percent * 2,
        };
        (u128::from(size.0) * u128::from(percent) / 100) as u64
    }
}

impl Costs {
    /// Guesses from the archive's sizes: [`CostUnit::ArchiveBytes`].
    ///
    /// Where the archive tells no sizes, all items cost about the same, and
    /// no prediction from such costs is worth much.
    pub fn from_sizes(plan: &Plan, toc: &Toc) -> Self {
        Self::guessed(plan, toc, |item| plan.size(item), PostDataWork::Usual)
    }

    /// The same from sizes that were found otherwise: `size` gives that of an
    /// item's data, or for a post-data item of the largest table that it
    /// depends on.
    pub fn guessed(
        plan: &Plan,
        toc: &Toc,
        size: impl Fn(ItemIndex) -> Bytes,
        post_data: PostDataWork,
    ) -> Self {
        let cost = |(place, item): (ItemIndex, &Item)| {
            if !plan.is_wanted(place) {
                return Cost(0);
            }
            let size = size(place);
            let work = match item.kind {
                ItemKind::TableData | ItemKind::Blobs => size.0,
                ItemKind::Index | ItemKind::Constraint => post_data.of(size, INDEX_PERCENT),
                ItemKind::ForeignKey | ItemKind::CheckConstraint => {
                    post_data.of(size, FOREIGN_KEY_PERCENT)
                }
                _ => 0,
            };
            Cost(work.saturating_add(PER_ITEM))
        };
        let by_item = plan.items().zip(&toc.items).map(cost).collect();
        Self::new(CostUnit::ArchiveBytes, by_item, Vec::new())
    }

    /// Takes what a restore's items took: [`CostUnit::Nanoseconds`].
    ///
    /// Items without a duration count nothing; [`Self::unmeasured`] names
    /// those of them that a restore has work for.
    pub fn measured(plan: &Plan, durations: &HashMap<DumpId, Duration>) -> Self {
        let mut unmeasured = Vec::new();
        let mut cost = |item: ItemIndex| {
            if let Some(duration) = durations.get(&plan.id(item)) {
                return Cost(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
            }
            if plan.is_wanted(item) {
                unmeasured.push(item);
            }
            Cost(0)
        };
        let by_item = plan.items().map(&mut cost).collect();
        Self::new(CostUnit::Nanoseconds, by_item, unmeasured)
    }

    fn new(unit: CostUnit, by_item: Vec<Cost>, unmeasured: Vec<ItemIndex>) -> Self {
        let demands = vec![Demand::ONE; by_item.len()];
        Self { unit, by_item, demands, unmeasured }
    }

    /// The same costs, of items that keep so many processors busy; the others
    /// keep one.
    #[must_use]
    pub fn with_demands(mut self, plan: &Plan, demands: &HashMap<DumpId, Demand>) -> Self {
        for item in plan.items() {
            let known = demands.get(&plan.id(item)).copied();
            self.demands[item.as_usize()] = known.unwrap_or(Demand::ONE);
        }
        self
    }

    /// The same costs of some items, and none of the others.
    #[must_use]
    pub fn only(mut self, plan: &Plan, keep: impl Fn(DumpId) -> bool) -> Self {
        for item in plan.items().filter(|&item| !keep(plan.id(item))) {
            self.by_item[item.as_usize()] = Cost(0);
        }
        self
    }

    /// What the costs count.
    pub fn unit(&self) -> CostUnit {
        self.unit
    }

    /// The cost of an item.
    pub fn of(&self, item: ItemIndex) -> Cost {
        self.by_item[item.as_usize()]
    }

    /// How many processors an item keeps busy while it runs alone.
    pub fn demand(&self, item: ItemIndex) -> Demand {
        self.demands[item.as_usize()]
    }

    /// The items that should have had a measured duration and had none.
    pub fn unmeasured(&self) -> &[ItemIndex] {
        &self.unmeasured
    }

    /// The work of all items together.
    pub fn total(&self) -> u128 {
        self.by_item.iter().map(|cost| u128::from(cost.0)).sum()
    }

    /// The costliest of these items that cost anything, at most so many, in
    /// the order given.
    pub fn costliest(&self, items: &[ItemIndex], most: usize) -> Vec<ItemIndex> {
        let mut places: Vec<usize> = (0..items.len()).collect();
        places.sort_by_key(|&place| Reverse(self.of(items[place])));
        places.truncate(most);
        places.sort_unstable();
        let items = places.into_iter().map(|place| items[place]);
        items.filter(|&item| self.of(item) > Cost(0)).collect()
    }

    /// The work of these items together.
    pub fn sum(&self, items: &[ItemIndex]) -> u128 {
        items.iter().map(|&item| u128::from(self.of(item).0)).sum()
    }
}
