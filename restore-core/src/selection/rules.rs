//! Whether an item is restored (`_tocEntryRequired`).

use std::collections::BTreeSet;

use super::criteria::{Criteria, naming_option};
use super::parts::{Parts, contents, is_never_restored};
use crate::options::Opt;
use crate::toc::{Item, Section};
use crate::units::{DumpId, PgMajor};

impl Criteria {
    /// What is restored of an item by `pg_restore` of version `major`.
    ///
    /// `section` is the one that the item stands in: its own, or for an item
    /// without one that of the items before it. `is_taken` tells of an item
    /// that came before whether it is an object that is restored; `find` finds
    /// any item. Both are asked only where names decide.
    pub(super) fn parts_of<'a>(
        &self,
        item: &Item,
        section: Section,
        major: PgMajor,
        is_taken: impl Fn(DumpId) -> bool,
        find: impl Fn(DumpId) -> Option<&'a Item>,
    ) -> Parts {
        let kind = item.kind.as_str();
        let (kind_bytes, tag) = (kind.as_bytes(), item.name().as_bytes());
        let is_statistics = kind == "STATISTICS DATA" && major >= PgMajor(18);
        let is_out = is_never_restored(kind_bytes, tag)
            || self.leaves_out(kind, item.name(), major)
            || !(self.sections.is_empty() || self.sections.contains(&section));
        if is_out {
            return Parts::NONE;
        }
        // What belongs to an object goes where the object goes, as soon as
        // names decide. There may be no object: rights on built-in ones.
        // Statistics go by their relation's name, whether it is restored or
        // not.
        let mut dependencies = item.dependencies.iter();
        let is_chosen = match kind {
            _ if !self.has_names() => true,
            "ACL" | "COMMENT" | "SECURITY LABEL" => dependencies.any(|&id| is_taken(id)),
            _ if is_statistics => {
                self.schemas_take(item)
                    && dependencies.any(|&id| find(id).is_some_and(|on| self.objects_take(on)))
            }
            _ => self.schemas_take(item) && self.objects_take(item),
        };
        if !is_chosen {
            return Parts::NONE;
        }
        if is_statistics {
            return Parts { statistics: self.parts.statistics, ..Parts::NONE };
        }
        let definition = item.definition.as_deref().unwrap_or_default().as_bytes();
        contents(kind_bytes, tag, definition, item.has_dumper).and(self.parts)
    }

    /// Whether a `--no-...` option takes out the whole kind.
    fn leaves_out(&self, kind: &str, tag: &str, major: PgMajor) -> bool {
        let given = |option| self.left_out.contains(&option);
        // What describes an object of a kind that is left out goes with it.
        let is_about =
            |object: &str| matches!(kind, "COMMENT" | "SECURITY LABEL") && tag.starts_with(object);
        match kind {
            "ACL" | "ACL LANGUAGE" | "DEFAULT ACL" if given(Opt::NoPrivileges) => true,
            "COMMENT" if given(Opt::NoComments) => true,
            "SECURITY LABEL" if given(Opt::NoSecurityLabels) => true,
            "POLICY" | "ROW SECURITY" => given(Opt::NoPolicies),
            "PUBLICATION" | "PUBLICATION TABLE" => given(Opt::NoPublications),
            "PUBLICATION TABLES IN SCHEMA" => given(Opt::NoPublications) && major >= PgMajor(15),
            "SUBSCRIPTION" | "SUBSCRIPTION TABLE" => given(Opt::NoSubscriptions),
            _ => {
                given(Opt::NoPolicies) && kind == "COMMENT" && is_about("POLICY")
                    || given(Opt::NoPublications) && is_about("PUBLICATION")
                    || given(Opt::NoSubscriptions) && is_about("SUBSCRIPTION")
            }
        }
    }

    /// Whether the item's schema is one that is wanted.
    fn schemas_take(&self, item: &Item) -> bool {
        let is_in = |schemas: &BTreeSet<String>| {
            item.namespace.as_ref().is_some_and(|schema| schemas.contains(schema))
        };
        (self.schemas.is_empty() || is_in(&self.schemas)) && !is_in(&self.excluded_schemas)
    }

    /// Whether the item is an object that is named, where any are.
    fn objects_take(&self, item: &Item) -> bool {
        let is_named =
            |option| self.objects.get(&option).is_some_and(|names| names.contains(item.name()));
        self.objects.is_empty() || naming_option(item.kind.as_str()).is_some_and(is_named)
    }
}
