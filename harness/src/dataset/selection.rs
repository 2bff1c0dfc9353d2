//! What `pg_restore`'s options leave of an archive, and the rows that are
//! expected then.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context as _, bail};
use restore_core::archive::{Archive, QualifiedName};
use restore_core::options::{Meaning, Opt, RestoreOptions};
use restore_core::selection::{Criteria, Selected};
use restore_core::toc::{Item, ItemKind, SectionsPresent};
use restore_core::units::{DumpId, PgMajor};
use sha2::{Digest, Sha256};

use super::Counts;
use super::digest::hex;

/// A choice of items by options. Privileges alone, which are left out unless
/// a scenario wants them, make none.
#[derive(Debug)]
pub struct Selection {
    criteria: Criteria,
    major: PgMajor,
    options: RestoreOptions,
    digest: String,
}

impl Selection {
    /// What these options of `pg_restore` version `major` choose; `None` where
    /// they leave the archive as it is. Reads their list and filter files.
    pub fn read(options: &RestoreOptions, major: PgMajor) -> anyhow::Result<Option<Self>> {
        let selects = |opt: Opt| opt.meaning() == Meaning::Selects && opt != Opt::NoPrivileges;
        if options.unknown().is_empty() && !options.given().any(selects) {
            return Ok(None);
        }
        let criteria = Criteria::read(options)?;
        let digest = digest(options, major)?;
        Ok(Some(Self { criteria, major, options: options.clone(), digest }))
    }

    /// SHA-256 of the options that choose, in hexadecimal, with the contents
    /// of their files and the version that applies them.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether there are options whose effect is not known.
    pub fn is_uncertain(&self) -> bool {
        !self.options.unknown().is_empty()
    }

    /// The archive's items in the order of the restore.
    pub fn of<'a>(&self, archive: &'a Archive) -> anyhow::Result<Selected<'a>> {
        Selected::new(archive.toc(), &self.criteria, self.major).with_context(|| {
            format!("pg_restore's options do not fit {}", archive.path().display())
        })
    }

    /// The items whose rows are restored.
    pub fn data_of(&self, archive: &Archive) -> anyhow::Result<HashSet<DumpId>> {
        let selected = self.of(archive)?;
        let with_data = selected.with_parts().filter(|(_, parts)| parts.data);
        Ok(with_data.map(|(item, _)| item.id).collect())
    }

    /// The rows of `all` that are restored from an archive; `None` where that
    /// is not known.
    pub fn rows(&self, archive: &Archive, mut all: Counts) -> anyhow::Result<Option<Counts>> {
        if self.is_uncertain() {
            return Ok(None);
        }
        let restored = self.data_of(archive)?;
        let is_restored =
            |item: &&Item| item.kind == ItemKind::TableData && restored.contains(&item.id);
        let items = archive.toc().items.iter().filter(is_restored);
        let tables: BTreeSet<String> = items.map(table_of).collect();
        all.retain(|table, _| tables.contains(table));
        Ok(Some(all))
    }

    /// What the user should know of the options before the first restore; an error where there
    /// would be nothing to measure.
    pub fn notes(&self, archive: &Archive, selected: &Selected<'_>) -> anyhow::Result<Vec<String>> {
        let mut notes = Vec::new();
        if self.is_uncertain() {
            notes.push(format!(
                "this version of jobtune does not know {}: pg_restore is given it as it is, and rows \
                 are checked against those of the first restore",
                self.options.unknown().join(" ")
            ));
        }
        let unmatched: Vec<String> =
            self.criteria.unmatched(archive.toc()).into_iter().map(unmatched).collect();
        let path = archive.path().display();
        if self.options.has(Opt::StrictNames) && !unmatched.is_empty() {
            bail!("--strict-names refuses {path}: {}", unmatched.join("; "));
        }
        if selected.restored().next().is_none() && !self.is_uncertain() {
            let reasons: Vec<String> = unmatched.iter().map(|why| format!("\n  {why}")).collect();
            bail!("pg_restore's options leave nothing of {path} to restore{}", reasons.concat());
        }
        notes.extend(unmatched);
        let kept = SectionsPresent::of(selected.kept().map(|(_, item)| item));
        if kept.needs_tables() && !archive.toc().sections_present().needs_tables() {
            notes.push(
                "pg_restore's options leave out the tables of what they select: --before FILE runs \
                 SQL that makes them"
                    .to_owned(),
            );
        }
        let schemas = schemas_left_out(archive, selected);
        if !schemas.is_empty() {
            notes.push(format!(
                "pg_restore's options leave out schema {}: --before FILE runs SQL that makes it \
                 (CREATE SCHEMA)",
                schemas.join(", ")
            ));
        }
        Ok(notes)
    }
}

/// Schemas that the archive makes and the options leave out, although they select objects in
/// them, as -n and -t do.
fn schemas_left_out(archive: &Archive, selected: &Selected<'_>) -> Vec<String> {
    let kept: HashSet<DumpId> = selected.kept().map(|(_, item)| item.id).collect();
    let used: HashSet<&str> =
        selected.kept().filter_map(|(_, item)| item.namespace.as_deref()).collect();
    let items = archive.toc().items.iter();
    let left_out = items.filter(|item| {
        let is_schema = item.kind.as_str() == "SCHEMA" && item.name() != "public";
        is_schema && !kept.contains(&item.id) && used.contains(item.name())
    });
    left_out.map(|item| item.name().to_owned()).collect()
}

/// What an option names that the archive does not have.
fn unmatched((option, name): (Opt, String)) -> String {
    let trigger = if option == Opt::Trigger {
        ": triggers are named with their table's name before, as in \"orders audit\""
    } else {
        ""
    };
    format!("{option}={name} matches nothing in the archive{trigger}")
}

/// The table that an item's rows go to, as the server calls it.
fn table_of(item: &Item) -> String {
    let schema = item.namespace.as_deref();
    let statement = item.copy_statement.as_deref().unwrap_or_default();
    let by_name = || QualifiedName {
        schema: schema.unwrap_or_default().to_owned(),
        name: item.name().to_owned(),
    };
    QualifiedName::of_copy(statement, schema).unwrap_or_else(by_name).to_string()
}

fn digest(options: &RestoreOptions, major: PgMajor) -> anyhow::Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(format!("pg_restore {}\n", major.0));
    let chosen = options.given().filter(|option| option.meaning() == Meaning::Selects);
    for option in chosen {
        hasher.update(format!("{option}\n"));
        for value in options.values(option) {
            // Where a file is makes no difference; what it says does.
            let value = if option.names_a_file() {
                let text = std::fs::read(value).with_context(|| format!("cannot read {value}"))?;
                hex(&Sha256::digest(text))
            } else {
                value.clone()
            };
            hasher.update(format!("= {}:{value}\n", value.len()));
        }
    }
    for word in options.unknown() {
        hasher.update(format!("other {}:{word}\n", word.len()));
    }
    Ok(hex(&hasher.finalize()))
}
