//! What the options of `pg_restore` leave of an archive that is inspected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::InspectError;
use crate::archive::Archive;
use crate::needs::{Avoid, Need, needs};
use crate::options::{Opt, RestoreOptions};
use crate::selection::{Criteria, Selected};
use crate::toc::{Item, ItemKind, Toc};
use crate::units::PgMajor;

/// The newest major version whose rules are known here.
const NEWEST: PgMajor = PgMajor(18);

/// What options leave of an archive, by the rules of one version.
#[derive(Debug)]
pub struct Selection<'a> {
    pub(super) selected: Selected<'a>,
    pub(super) rules: PgMajor,
    /// What options omit that is no item.
    omitted: Vec<Avoid>,
    pub(super) summary: Option<SelectionSummary>,
}

/// What options leave out of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectionSummary {
    /// The options, as arguments of `pg_restore`.
    pub options: Vec<String>,
    /// Items of which something is restored.
    pub restored_items: usize,
    /// Items of which a restore without options would restore something.
    pub left_out_items: usize,
    /// The same by kind, the most frequent first.
    pub left_out: Vec<LeftOut>,
    /// Options whose name no item of the archive has.
    pub without_match: Vec<String>,
    /// Arguments that jobtune does not know: what they leave out is not known.
    pub unknown: Vec<String>,
}

/// Items of one kind that options leave out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The kind.
    pub kind: ItemKind,
    /// How many.
    pub items: usize,
}

impl<'a> Selection<'a> {
    /// What `pg_restore` of major version `rules` restores under these
    /// options; by default it is the version that made the archive, or the
    /// first later one that has all of the options. Reads list and filter
    /// files.
    pub fn new(
        archive: &'a Archive,
        options: &RestoreOptions,
        rules: Option<PgMajor>,
    ) -> Result<Self, InspectError> {
        options.check_together()?;
        let rules = match rules {
            Some(rules) => {
                options.check_version(rules)?;
                rules
            }
            None => default_rules(archive, options),
        };
        let criteria = Criteria::read(options)?;
        let selected = Selected::new(archive.toc(), &criteria, rules)?;
        let summary = (*options != RestoreOptions::default())
            .then(|| SelectionSummary::new(options, &criteria, archive.toc(), &selected));
        Ok(Self { selected, rules, omitted: Avoid::by_options(options), summary })
    }

    /// What is restored of each item, in the order of the restore.
    pub fn selected(&self) -> &Selected<'a> {
        &self.selected
    }

    /// What the items that are kept need of a server.
    pub fn needs(&self) -> Vec<Need> {
        let items: Vec<&Item> = self.selected.kept().map(|(_, item)| item).collect();
        needs(&items, &self.omitted)
    }
}

fn default_rules(archive: &Archive, options: &RestoreOptions) -> PgMajor {
    let made_by = archive.header().dumped_by_major().map_or(NEWEST, PgMajor);
    options.given().map(Opt::since).fold(made_by, PgMajor::max)
}

impl SelectionSummary {
    fn new(
        options: &RestoreOptions,
        criteria: &Criteria,
        toc: &Toc,
        selected: &Selected<'_>,
    ) -> Self {
        let mut by_kind: BTreeMap<&ItemKind, usize> = BTreeMap::new();
        for (place, item) in selected.toc().items.iter().enumerate() {
            if selected.is_left_out(place) {
                *by_kind.entry(&item.kind).or_default() += 1;
            }
        }
        let count = |(kind, items): (&ItemKind, usize)| LeftOut { kind: kind.clone(), items };
        let mut left_out: Vec<LeftOut> = by_kind.into_iter().map(count).collect();
        // Stable: equal ones stay in the order of their names.
        left_out.sort_by_key(|of| std::cmp::Reverse(of.items));
        let unmatched = criteria.unmatched(toc).into_iter();
        Self {
            options: options.arguments(),
            restored_items: selected.restored().count(),
            left_out_items: left_out.iter().map(|of| of.items).sum(),
            left_out,
            without_match: unmatched.map(|(option, name)| format!("{option}={name}")).collect(),
            unknown: options.unknown().to_vec(),
        }
    }
}
