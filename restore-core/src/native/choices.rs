//! How each item is restored, where there is more than one way.
//!
//! The cost model is that of [`Costs`]: work in proportion to the bytes that a
//! load reads from the archive. Its factors are within two of the truth, so
//! each rule asks for a clear gain.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use super::request::{Effort, Tuning};
use super::sql::{Destination, StagedKey};
use crate::plan::{Costs, ItemIndex, Plan};
use crate::toc::{Item, ItemKind, Toc};
use crate::units::{Bytes, Jobs};

/// Below this size in the archive, a statement more costs as much as it saves.
const LARGE: Bytes = Bytes(1 << 20);

/// COPY FREEZE sets the visibility map from this major version on.
const FREEZE_MARKS_VISIBLE: u32 = 14;

/// How each item is restored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choices {
    /// Tables that several workers load at once.
    pub(crate) split: BTreeSet<ItemIndex>,
    /// Tables that are vacuumed between their load and their foreign keys.
    pub(crate) vacuum: BTreeSet<ItemIndex>,
    /// Keys whose index is built first.
    pub(crate) early_indexes: BTreeMap<ItemIndex, StagedKey>,
    /// Foreign keys that are added without a check and checked apart.
    pub(crate) validations: BTreeMap<ItemIndex, Validation>,
    /// Loads that run at the same time, in the archive's order; `None` for as
    /// many as there are workers, in any order.
    pub(crate) loads_at_once: Option<NonZeroUsize>,
}

/// A foreign key that is checked apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validation {
    pub(crate) key: StagedKey,
    /// The rows of the table that has the key.
    pub(crate) child: ItemIndex,
}

/// What choices are made from.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) toc: &'a Toc,
    pub(crate) costs: &'a Costs,
    pub(crate) tuning: &'a Tuning,
    pub(crate) jobs: Jobs,
    pub(crate) server_major: u32,
}

impl Choices {
    /// `chain` gives the cost of a load and of everything that must come
    /// after it, one after the other.
    pub(crate) fn new(given: Circumstances<'_>, chain: impl Fn(ItemIndex) -> u64) -> Self {
        let mut choices = Self::default();
        let share = given.costs.total() / u128::from(given.jobs.get());
        for item in given.plan.items().filter(|&item| given.plan.is_wanted(item)) {
            match given.item(item).kind {
                ItemKind::TableData if given.splits(item, chain(item), share) => {
                    choices.split.insert(item);
                }
                ItemKind::Constraint => {
                    let key = given.early_index(item);
                    choices.early_indexes.extend(key.map(|key| (item, key)));
                }
                ItemKind::ForeignKey => {
                    let validation = given.validation(item).filter(|of| given.is_apart(item, of));
                    choices.validations.extend(validation.map(|of| (item, of)));
                }
                _ => {}
            }
        }
        choices.vacuum = given.vacuums(&choices.split);
        choices
    }

    /// Makes those keys by two statements of which the first was sent before.
    pub(crate) fn complete_begun(
        &mut self,
        given: Circumstances<'_>,
        is_begun: impl Fn(ItemIndex) -> bool,
    ) {
        for item in given.plan.items().filter(|&item| is_begun(item)) {
            match given.item(item).kind {
                ItemKind::ForeignKey => {
                    self.validations.extend(given.validation(item).map(|of| (item, of)));
                }
                _ => self.early_indexes.extend(given.index_first(item).map(|key| (item, key))),
            }
        }
    }

    /// The statements of a key that is made by two.
    pub(crate) fn staged(&self, item: ItemIndex) -> Option<&StagedKey> {
        let foreign = self.validations.get(&item).map(|of| &of.key);
        self.early_indexes.get(&item).or(foreign)
    }
}

impl<'a> Circumstances<'a> {
    fn item(self, item: ItemIndex) -> &'a Item {
        &self.toc.items[item.as_usize()]
    }

    /// Whether this restore makes the table that the rows belong to: only then
    /// is it known to be empty, without rules and triggers.
    fn makes_table_of(self, data: ItemIndex) -> bool {
        let tables = self.plan.dependencies(data).iter().take(1);
        tables
            .copied()
            .any(|table| self.item(table).kind == ItemKind::Table && self.plan.is_wanted(table))
    }

    /// Tables that can be split and are worth the statements that it takes.
    pub(crate) fn splittable(self) -> impl Iterator<Item = ItemIndex> {
        self.plan.items().filter(move |&item| {
            self.plan.is_wanted(item)
                && self.item(item).kind == ItemKind::TableData
                && self.can_split(item)
                && self.is_large(item)
        })
    }

    /// The same choices, but this table is split too.
    pub(crate) fn with_split(self, choices: &Choices, table: ItemIndex) -> Choices {
        let mut split = choices.split.clone();
        split.insert(table);
        let vacuum = self.vacuums(&split);
        Choices { split, vacuum, ..choices.clone() }
    }

    fn can_split(self, item: ItemIndex) -> bool {
        let data = self.item(item);
        self.makes_table_of(item)
            && data.is_copied()
            && Destination::of(data) == Destination::OwnTable
    }

    fn is_large(self, item: ItemIndex) -> bool {
        self.item(item).data_length.is_some_and(|length| length >= LARGE)
    }

    /// A table is split where it, with what waits for it, would take longer
    /// than everybody's share of the whole: then the others would wait.
    fn splits(self, item: ItemIndex, chain: u64, share: u128) -> bool {
        match self.tuning.split {
            Effort::Never => false,
            Effort::Always => self.can_split(item),
            Effort::WherePays => {
                self.jobs > Jobs::ONE
                    && u128::from(chain) > share
                    && self.is_large(item)
                    && self.can_split(item)
            }
        }
    }

    /// A key's index is built first where the table has other indexes, and
    /// there is a worker for them.
    fn early_index(self, item: ItemIndex) -> Option<StagedKey> {
        let table = self.plan.dependencies(item).iter().copied().find(|&table| {
            // A table with rows of its own is not partitioned.
            self.item(table).kind == ItemKind::TableData
        })?;
        let pays = match self.tuning.early_key_indexes {
            Effort::Never => false,
            Effort::Always => true,
            Effort::WherePays => {
                self.jobs > Jobs::ONE
                    && self.plan.size(table) >= LARGE
                    && self.has_other_index(table, item)
            }
        };
        if pays { self.index_first(item) } else { None }
    }

    fn index_first(self, item: ItemIndex) -> Option<StagedKey> {
        StagedKey::index_first(self.item(item).definition.as_deref()?)
    }

    /// How a foreign key would be checked apart, where it can be.
    fn validation(self, item: ItemIndex) -> Option<Validation> {
        let entry = self.item(item);
        let key = StagedKey::check_later(entry.definition.as_deref()?)?;
        // The name of a foreign key's item begins with that of its table.
        let is_child = |table: &&ItemIndex| {
            let of = self.item(**table);
            let rest = entry.name().strip_prefix(of.name());
            of.kind == ItemKind::TableData
                && of.namespace == entry.namespace
                && rest.is_some_and(|rest| rest.starts_with(' '))
        };
        let children = self.plan.dependencies(item).iter().filter(is_child);
        let child = *children.max_by_key(|&&table| self.item(table).name().len())?;
        Some(Validation { key, child })
    }

    /// A foreign key is checked apart where its check takes a while and the
    /// referenced table has other work to do meanwhile.
    fn is_apart(self, item: ItemIndex, validation: &Validation) -> bool {
        match self.tuning.validate {
            Effort::Never => false,
            Effort::Always => true,
            Effort::WherePays => {
                self.jobs > Jobs::ONE
                    && self.plan.size(validation.child) >= LARGE
                    && self.referenced(item, validation.child).any(|table| {
                        self.plan.dependents(table).iter().any(|&other| {
                            self.plan.is_wanted(other)
                                && other != item
                                && self.works_on_table(other)
                                && !self.plan.dependencies(item).contains(&other)
                                && !self.plan.dependencies(other).contains(&validation.child)
                        })
                    })
            }
        }
    }

    /// The tables with rows that a foreign key of `child` refers to.
    fn referenced(self, key: ItemIndex, child: ItemIndex) -> impl Iterator<Item = ItemIndex> {
        let tables = self.plan.dependencies(key).iter().copied();
        tables.filter(move |&table| table != child && self.item(table).kind == ItemKind::TableData)
    }

    fn works_on_table(self, item: ItemIndex) -> bool {
        matches!(
            self.item(item).kind,
            ItemKind::Index | ItemKind::Constraint | ItemKind::ForeignKey
        )
    }

    fn has_other_index(self, table: ItemIndex, key: ItemIndex) -> bool {
        let indexes = self.plan.dependents(table).iter().filter(|&&other| other != key);
        indexes.copied().any(|other| {
            self.plan.is_wanted(other)
                && matches!(self.item(other).kind, ItemKind::Index | ItemKind::Constraint)
        })
    }

    /// Tables on either side of a foreign key whose pages no COPY FREEZE has
    /// marked: the check of the key can then read an index alone.
    fn vacuums(self, split: &BTreeSet<ItemIndex>) -> BTreeSet<ItemIndex> {
        if self.tuning.vacuum == Effort::Never {
            return BTreeSet::new();
        }
        let frozen = |table: &ItemIndex| {
            self.tuning.freeze
                && self.makes_table_of(*table)
                && self.server_major >= FREEZE_MARKS_VISIBLE
                && !split.contains(table)
        };
        let keys = self.plan.items().filter(|&item| {
            self.plan.is_wanted(item) && self.item(item).kind == ItemKind::ForeignKey
        });
        keys.flat_map(|key| self.plan.dependencies(key).iter().copied())
            .filter(|&table| {
                let data = self.item(table);
                data.kind == ItemKind::TableData && self.plan.is_wanted(table)
            })
            .filter(|table| {
                let is_large = self.plan.size(*table) >= LARGE;
                !frozen(table) && (is_large || self.tuning.vacuum == Effort::Always)
            })
            .collect()
    }
}
