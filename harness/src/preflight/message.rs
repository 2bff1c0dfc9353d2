//! What is missing, in words, with the way out.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use restore_core::needs::{Avoid, Requirement, Usage};
use restore_core::plan::PgMajor;
use restore_core::toc::{Item, ItemKind, Toc};
use restore_core::units::DumpId;

use super::catalog::Catalog;
use super::judge::{Lack, Shortfall};
use super::packages::debian_package;

/// The archive that the message is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) toc: &'a Toc,
}

/// One message of everything that is missing, if anything is; and a note for
/// each thing that may be missing.
pub(super) fn write(
    found: &[Shortfall<'_>],
    catalog: &Catalog,
    archive: Source<'_>,
    client: PgMajor,
) -> (Option<String>, Vec<String>) {
    let (doubtful, certain): (Vec<_>, Vec<_>) =
        found.iter().partition(|found| found.is_doubtful(catalog));
    let notes = doubtful
        .iter()
        .map(|found| format!("{}: {}", lack(found, catalog), users(&found.uses)))
        .collect();
    let missing = (!certain.is_empty()).then(|| message(&certain, catalog, archive, client));
    (missing, notes)
}

fn message(
    missing: &[&Shortfall<'_>],
    catalog: &Catalog,
    archive: Source<'_>,
    client: PgMajor,
) -> String {
    let mut text = format!("the server cannot take everything in {}:\n", archive.path.display());
    for found in missing {
        for line in lines(found, catalog, client) {
            // Writing into memory does not fail.
            let _ = writeln!(text, "  {line}");
        }
    }
    text.push_str(&way_out(missing, archive, client));
    let fixes: Vec<String> = missing.iter().filter_map(|found| fix(found, catalog)).collect();
    if !fixes.is_empty() {
        let _ = write!(text, "\nOr mend the server: {}.", fixes.join("; "));
    }
    text
}

/// One line for each option that leaves something out.
fn lines(found: &Shortfall<'_>, catalog: &Catalog, client: PgMajor) -> Vec<String> {
    let mut by_option: Vec<(&str, Vec<&Usage>)> = Vec::new();
    for usage in &found.uses {
        let option = usage.purpose.avoid().option(client);
        match by_option.iter_mut().find(|(other, _)| *other == option) {
            Some((_, uses)) => uses.push(usage),
            None => by_option.push((option, vec![usage])),
        }
    }
    let lack = lack(found, catalog);
    by_option
        .iter()
        .map(|(option, uses)| format!("{lack}: needed by {}; {option} does without", users(uses)))
        .collect()
}

fn users(uses: &[&Usage]) -> String {
    uses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What is wrong with one need.
fn lack(found: &Shortfall<'_>, catalog: &Catalog) -> String {
    let requirement = &found.need.requirement;
    let role = &catalog.role;
    match (&found.lack, requirement) {
        (Lack::Missing, Requirement::Extension { name, .. }) => {
            format!("extension {name:?} is not installed there")
        }
        (Lack::Missing, Requirement::LabelProvider { name }) => {
            format!("no module for security labels of {name:?} is loaded")
        }
        (Lack::Missing, Requirement::Locale { .. }) => {
            format!("{requirement}: the server knows no locales of this provider")
        }
        (Lack::Missing, _) => format!("{requirement} does not exist"),
        (Lack::ReservedRole, _) => {
            format!("{requirement} does not exist: PostgreSQL {} has none", catalog.major)
        }
        (Lack::NotMember, _) => format!("role {role:?} is no member of {requirement}"),
        (Lack::OtherVersion(versions), _) => {
            format!("{requirement} is not there, but {}", versions.join(", "))
        }
        (Lack::InstalledBySuperuser, _) => {
            format!("role {role:?} is no superuser, as installing {requirement} takes")
        }
        (Lack::NotPreloaded, Requirement::Extension { name, .. }) => {
            format!("shared_preload_libraries lacks {name:?}, without which it does not work")
        }
        (Lack::NotPreloaded, _) => format!("{requirement} is not loaded"),
        (Lack::NoRight, _) => format!("role {role:?} may not use {requirement}"),
        (Lack::NotSuperuser | Lack::Unknown, Requirement::Superuser { feature }) => {
            format!("role {role:?} is no superuser, as {} take", feature.as_str())
        }
        (Lack::NotInFreshDatabase, _) => format!("a fresh database has no {requirement}"),
        (Lack::NotSuperuser, _) => format!("role {role:?} is no superuser: {requirement}"),
        (Lack::Unknown, _) => format!("{requirement} may be missing"),
    }
}

/// The options that do without all of it, as they are typed.
fn way_out(missing: &[&Shortfall<'_>], archive: Source<'_>, client: PgMajor) -> String {
    let uses = || missing.iter().flat_map(|found| found.uses.iter().copied());
    let option = |usage: &Usage| usage.purpose.avoid().option(client);
    let list = Avoid::List.option(client);
    let mut options: Vec<&str> = uses().map(option).filter(|option| *option != list).collect();
    options.sort_unstable();
    options.dedup();
    let unlisted: Vec<&Usage> = uses().filter(|usage| option(usage) == list).collect();
    if !unlisted.is_empty() {
        options.extend([list, "items"]);
    }
    let mut text = format!("Restore without them: add -- {}", options.join(" "));
    if !unlisted.is_empty() {
        text.push_str(", with a list that lacks the items and what depends on them");
        text.push_str(&how_to_list(&unlisted, archive));
    }
    text
}

/// The command that makes the list, where it can be typed.
fn how_to_list(unlisted: &[&Usage], archive: Source<'_>) -> String {
    /// Numbers in one line at most.
    const TYPED: usize = 30;

    let ids = with_dependents(archive.toc, unlisted.iter().flat_map(|usage| &usage.ids));
    let path = quoted(&archive.path.to_string_lossy());
    if ids.len() > TYPED {
        return format!(
            " ({} items: jobtune inspect --list {path} > items, then delete their lines)",
            ids.len()
        );
    }
    let numbers: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    format!(":\n  jobtune inspect --list {path} | grep -vE '^({});' > items", numbers.join("|"))
}

/// Items with all that depends on them, by their numbers.
fn with_dependents<'a>(toc: &Toc, ids: impl Iterator<Item = &'a DumpId>) -> BTreeSet<DumpId> {
    let mut found: BTreeSet<DumpId> = ids.copied().collect();
    let is_extension = |item: &Item| item.kind.as_str() == "EXTENSION" && found.contains(&item.id);
    if toc.items.iter().any(is_extension) {
        found.extend(data_of_extensions(toc));
    }
    loop {
        let before = found.len();
        for item in &toc.items {
            let depends = item.dependencies.iter().any(|id| found.contains(id));
            if depends || is_mapping_of(item, toc, &found) {
                found.insert(item.id);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Whether an item maps a user of a foreign server that is among `ids`: `pg_dump` names the
/// server in the tag alone.
fn is_mapping_of(item: &Item, toc: &Toc, ids: &BTreeSet<DumpId>) -> bool {
    let server = |id: &DumpId| toc.get(*id).filter(|item| item.kind.as_str() == "SERVER");
    item.kind.as_str() == "USER MAPPING"
        && ids.iter().filter_map(server).any(|server| {
            item.name().strip_suffix(server.name()).is_some_and(|tag| tag.ends_with(" SERVER "))
        })
}

/// Rows of tables and values of sequences that the archive does not make, since an extension
/// does: no dependency says of which.
fn data_of_extensions(toc: &Toc) -> impl Iterator<Item = DumpId> {
    let name = |item: &Item| (item.namespace.clone(), item.tag.clone());
    let made: HashSet<_> = toc
        .items
        .iter()
        .filter(|item| matches!(item.kind.as_str(), "TABLE" | "FOREIGN TABLE" | "SEQUENCE"))
        .map(name)
        .collect();
    let fills = |item: &&Item| matches!(item.kind, ItemKind::TableData | ItemKind::SequenceSet);
    toc.items
        .iter()
        .filter(fills)
        .filter(move |item| !made.contains(&name(item)))
        .map(|item| item.id)
}

fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// What somebody with the rights can do on the server.
fn fix(found: &Shortfall<'_>, catalog: &Catalog) -> Option<String> {
    let identifier = crate::provider::quote_identifier(found.need.requirement.name());
    let name = found.need.requirement.name();
    Some(match (&found.lack, &found.need.requirement) {
        (Lack::Missing, Requirement::Role { .. }) => format!("CREATE ROLE {identifier}"),
        (Lack::Missing, Requirement::Extension { .. } | Requirement::Language { .. }) => {
            let package = debian_package(name, catalog.major)?;
            format!("install {package}, which brings {name} (Debian, Ubuntu)")
        }
        (Lack::Missing, Requirement::Tablespace { .. }) => {
            format!("CREATE TABLESPACE {identifier} LOCATION 'FOLDER'")
        }
        (Lack::NotMember, _) => {
            let role = crate::provider::quote_identifier(&catalog.role);
            format!("GRANT {identifier} TO {role}")
        }
        (Lack::NotPreloaded, _) => {
            format!("add {name} to shared_preload_libraries ([server.settings] of a scenario)")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::judge::shortfalls;
    use restore_core::needs::{Feature, Need, Purpose};

    fn need(requirement: Requirement, uses: &[(Purpose, &str, &str, u64)]) -> Need {
        let usage = |&(purpose, kind, first, items): &(Purpose, &str, &str, u64)| Usage {
            purpose,
            items,
            item_kind: kind.into(),
            first: first.to_owned(),
            ids: (7..7 + items).map(|id| DumpId(id as u32)).collect(),
        };
        Need { requirement, uses: uses.iter().map(usage).collect() }
    }

    fn needs() -> Vec<Need> {
        let name = |name: &str| name.to_owned();
        vec![
            need(
                Requirement::Role { name: name("app") },
                &[
                    (Purpose::Owner, "TABLE", "public.t", 3),
                    (Purpose::Policy, "POLICY", "public.t p", 1),
                ],
            ),
            need(
                Requirement::Extension { name: name("postgis"), version: None },
                &[(Purpose::Extension, "EXTENSION", "postgis", 1)],
            ),
            need(
                Requirement::Tablespace { name: name("fast") },
                &[(Purpose::Storage, "TABLE", "public.t", 1)],
            ),
        ]
    }

    #[test]
    fn everything_is_said_at_once_with_the_way_out() {
        let catalog = Catalog { major: 15, is_superuser: true, ..Catalog::default() };
        let needs = needs();
        let found = shortfalls(&catalog, &needs, false);
        let (text, notes) = write(
            &found,
            &catalog,
            Source { path: Path::new("shop.dump"), toc: &Toc::default() },
            PgMajor(15),
        );
        assert!(notes.is_empty());
        assert_eq!(
            text.unwrap(),
            "the server cannot take everything in shop.dump:\n  \
             role \"app\" does not exist: needed by TABLE public.t and 2 more; -O does without\n  \
             role \"app\" does not exist: needed by POLICY public.t p; -L does without\n  \
             extension \"postgis\" is not installed there: needed by EXTENSION postgis; -L does \
             without\n  \
             tablespace \"fast\" does not exist: needed by TABLE public.t; --no-tablespaces does \
             without\n\
             Restore without them: add -- --no-tablespaces -O -L items, with a list that lacks the \
             items and what depends on them:\n  \
             jobtune inspect --list shop.dump | grep -vE '^(7);' > items\n\
             Or mend the server: CREATE ROLE \"app\"; install postgresql-15-postgis-3, which brings \
             postgis (Debian, Ubuntu); CREATE TABLESPACE \"fast\" LOCATION 'FOLDER'."
        );
    }

    #[test]
    fn newer_programs_have_more_options() {
        let catalog = Catalog { major: 18, is_superuser: true, ..Catalog::default() };
        let needs = &needs()[..1];
        let found = shortfalls(&catalog, needs, false);
        let (text, _) = write(
            &found,
            &catalog,
            Source { path: Path::new("a b"), toc: &Toc::default() },
            PgMajor(18),
        );
        assert!(text.unwrap().contains("add -- --no-policies -O\n"));
    }

    #[test]
    fn what_may_work_is_a_note() {
        let catalog = Catalog {
            major: 15,
            role: "planner".to_owned(),
            service_role: Some("rds_superuser".to_owned()),
            ..Catalog::default()
        };
        let feature = Feature::EventTrigger;
        let needs = [need(
            Requirement::Superuser { feature },
            &[(Purpose::Other, "EVENT TRIGGER", "watch", 1)],
        )];
        let found = shortfalls(&catalog, &needs, false);
        let (text, notes) = write(
            &found,
            &catalog,
            Source { path: Path::new("a"), toc: &Toc::default() },
            PgMajor(15),
        );
        assert_eq!(text, None);
        assert_eq!(
            notes,
            ["role \"planner\" is no superuser, as event triggers take: EVENT TRIGGER watch"]
        );
    }
}
