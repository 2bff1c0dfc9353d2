//! The options that decide what is restored, with the files that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::filter::{self, FilterError};
use super::list::ItemList;
use super::parts::Parts;
use crate::options::{Opt, RestoreOptions};
use crate::toc::{Section, Toc};

/// Why the options do not say what to restore.
#[derive(Debug, thiserror::Error)]
pub enum CriteriaError {
    /// A list or filter file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A filter file is not as `pg_restore` wants it.
    #[error("{}: {error}", path.display())]
    Filter {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: FilterError,
    },
}

/// What decides which items are restored; by default every item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criteria {
    /// Which parts of items are wanted at all.
    pub(super) parts: Parts,
    /// Sections that are wanted; all if empty.
    pub(super) sections: Vec<Section>,
    /// The `--no-...` options and `--no-privileges` that are given.
    pub(super) left_out: BTreeSet<Opt>,
    /// Schemas whose items alone are wanted; all if empty.
    pub(super) schemas: BTreeSet<String>,
    /// Schemas whose items are not wanted.
    pub(super) excluded_schemas: BTreeSet<String>,
    /// Names of objects, by the option that gives them; functions with the
    /// types of their arguments. Where there are any,
    /// no other object is restored, of whatever kind.
    pub(super) objects: BTreeMap<Opt, BTreeSet<String>>,
    /// The items of a list file.
    pub(super) list: Option<ItemList>,
}

impl Default for Criteria {
    fn default() -> Self {
        Self {
            parts: Parts { schema: true, data: true, statistics: true },
            sections: Vec::new(),
            left_out: BTreeSet::new(),
            schemas: BTreeSet::new(),
            excluded_schemas: BTreeSet::new(),
            objects: BTreeMap::new(),
            list: None,
        }
    }
}

impl Criteria {
    /// What these options decide. Reads their list and filter files.
    pub fn read(options: &RestoreOptions) -> Result<Self, CriteriaError> {
        let mut criteria =
            Self { parts: parts(options), left_out: options.given().collect(), ..Self::default() };
        for option in options.given() {
            for value in options.values(option) {
                criteria.add(option, value)?;
            }
        }
        Ok(criteria)
    }

    fn add(&mut self, option: Opt, value: &str) -> Result<(), CriteriaError> {
        let name = value.to_owned();
        match option {
            Opt::Section => self.sections.extend(section(value)),
            Opt::Schema => _ = self.schemas.insert(name),
            Opt::ExcludeSchema => _ = self.excluded_schemas.insert(name),
            Opt::Table | Opt::Index | Opt::Function | Opt::Trigger => {
                self.objects.entry(option).or_default().insert(name);
            }
            Opt::UseList => self.list = Some(ItemList::parse(&read(Path::new(value))?)),
            Opt::Filter => self.add_filters(Path::new(value))?,
            _ => {}
        }
        Ok(())
    }

    fn add_filters(&mut self, path: &Path) -> Result<(), CriteriaError> {
        let text = read(path)?;
        let found = filter::parse(&String::from_utf8_lossy(&text))
            .map_err(|error| CriteriaError::Filter { path: path.to_owned(), error })?;
        found.into_iter().try_for_each(|(option, name)| self.add(option, &name))
    }

    /// Whether names decide: then what belongs to an object goes with it.
    pub(super) fn has_names(&self) -> bool {
        let no_schemas = self.schemas.is_empty() && self.excluded_schemas.is_empty();
        !no_schemas || !self.objects.is_empty()
    }

    /// Names that no item of the archive has, with the option that gives
    /// each: `pg_restore` says nothing of them without `--strict-names`.
    pub fn unmatched(&self, toc: &Toc) -> Vec<(Opt, String)> {
        let names = |option, names| Iterator::zip(std::iter::repeat(option), names);
        let mut missing: BTreeSet<(Opt, &String)> = names(Opt::Schema, &self.schemas)
            .chain(names(Opt::ExcludeSchema, &self.excluded_schemas))
            .chain(self.objects.iter().flat_map(|(&option, given)| names(option, given)))
            .collect();
        for item in &toc.items {
            if missing.is_empty() {
                break;
            }
            missing.retain(|&(option, name)| match option {
                Opt::Schema | Opt::ExcludeSchema => item.namespace.as_ref() != Some(name),
                _ => naming_option(item.kind.as_str()) != Some(option) || item.name() != name,
            });
        }
        missing.into_iter().map(|(option, name)| (option, name.clone())).collect()
    }
}

/// The option that selects objects of this kind by their names.
pub(super) fn naming_option(kind: &str) -> Option<Opt> {
    match kind {
        "TABLE"
        | "TABLE DATA"
        | "VIEW"
        | "FOREIGN TABLE"
        | "MATERIALIZED VIEW"
        | "MATERIALIZED VIEW DATA"
        | "SEQUENCE"
        | "SEQUENCE SET" => Some(Opt::Table),
        "INDEX" => Some(Opt::Index),
        "FUNCTION" | "AGGREGATE" | "PROCEDURE" => Some(Opt::Function),
        "TRIGGER" => Some(Opt::Trigger),
        _ => None,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CriteriaError> {
    std::fs::read(path).map_err(|error| CriteriaError::Unreadable { path: path.to_owned(), error })
}

fn section(name: &str) -> Option<Section> {
    [Section::PreData, Section::Data, Section::PostData]
        .into_iter()
        .find(|section| section.name() == name)
}

/// Which parts are wanted (`pg_restore.c`, `dumpSchema` and the like).
fn parts(options: &RestoreOptions) -> Parts {
    let has = |option| options.has(option);
    let [data, schema, statistics] = [Opt::DataOnly, Opt::SchemaOnly, Opt::StatisticsOnly].map(has);
    Parts {
        schema: !data && !statistics && !has(Opt::NoSchema),
        data: !schema && !statistics && !has(Opt::NoData),
        statistics: !data && !schema && !has(Opt::NoStatistics),
    }
}
