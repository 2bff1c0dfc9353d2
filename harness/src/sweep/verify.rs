//! Whether a restored database holds what its archive holds.

use super::hashes::{self, Reference};
use super::venue::{Contents, Site};
use crate::dataset::{Counted, Counts, Difference, brought_by_extensions, count, differences};
use crate::lease::Lease;
use crate::record::{ErrorRow, Outcome};
use crate::scenario::Verification;
use crate::verify;

/// What was found in a database after a restore.
pub(super) struct Restored {
    counted: Counted,
    /// Rows that extensions brought into tables of their own.
    brought: Counts,
    /// What they hold, where that is compared.
    contents: Option<verify::Contents>,
    pub(super) bytes: u64,
}

impl Restored {
    /// Rows in all tables.
    pub(super) fn rows(&self) -> u64 {
        self.counted.rows.values().sum()
    }
}

/// Counts the rows of a database, and hashes what they hold where that is asked for.
pub(super) async fn inspect(
    site: &mut Site<'_>,
    lease: &Lease,
    database: &str,
    verification: Verification,
) -> anyhow::Result<Restored> {
    let hashes = verification == Verification::Hashes;
    if hashes && site.contents()?.reference.is_none() {
        let reference = Reference::of(&site.contents()?.record).await?;
        site.contents_mut()?.reference = reference;
    }
    let connection = site.server.connect(database).await?;
    let client = &connection.client;
    let contents = site.contents()?;
    let expected = contents.expected.clone().unwrap_or_default();
    let bytes: i64 =
        client.query_one("SELECT pg_database_size(current_database())", &[]).await?.get(0);
    let counted = count(&connection, &expected).await?;
    let brought = if let Some(brought) = &contents.brought {
        brought.clone()
    } else {
        let others: Vec<String> = differences(&expected, &Counts::new(), &counted)
            .into_iter()
            .map(|difference| difference.table)
            .collect();
        brought_by_extensions(site.server, lease, client, &others).await?
    };
    let reference = contents.reference.as_ref();
    let held = if hashes { Some(hashes::read(&connection, reference).await?) } else { None };
    Ok(Restored { counted, brought, contents: held, bytes: bytes as u64 })
}

/// Holds what was found against what the archive holds; where that is not known, this
/// restore is what later ones are held against.
///
/// `same_errors` are the errors of a restore that only counts if they are those of all others:
/// then the tables whose COPY failed, which loads all rows or none, are empty in all.
pub(super) fn check(
    contents: &mut Contents,
    restored: &Restored,
    same_errors: Option<&[ErrorRow]>,
) -> (Outcome, Option<String>) {
    let Restored { counted, brought, .. } = restored;
    if !brought.is_empty() {
        contents.brought = Some(brought.clone());
    }
    let expected = contents.expected.get_or_insert_with(|| counted.rows.clone());
    let found = differences(expected, brought, counted);
    let is_accepted = |difference: &Difference| {
        same_errors.is_some_and(|errors| has_accepted_error(difference, errors))
    };
    let (not_loaded, other): (Vec<_>, Vec<_>) = found.into_iter().partition(is_accepted);
    if !other.is_empty() {
        let told: Vec<String> = other.iter().map(ToString::to_string).collect();
        return (Outcome::Invalid, Some(told.join("; ")));
    }
    let told = held_otherwise(&mut contents.reference, restored, same_errors);
    if !told.is_empty() {
        return (Outcome::Invalid, Some(told.join("; ")));
    }
    let filled = expected.values().filter(|&&rows| rows > 0).count();
    if filled > 0 && not_loaded.len() == filled {
        return (Outcome::Invalid, Some("the rows of no table were loaded".to_owned()));
    }
    let names: Vec<&str> = not_loaded.iter().map(|of| of.table.as_str()).collect();
    let not_loaded = (!names.is_empty())
        .then(|| format!("not loaded, since their errors are accepted: {}", names.join(", ")));
    let told: Vec<String> = not_loaded.into_iter().chain(uncounted(expected, counted)).collect();
    (Outcome::Completed, (!told.is_empty()).then(|| told.join("; ")))
}

/// What the restored rows hold otherwise than the archive, or than the first restore. Tables
/// whose errors are accepted are empty, as their counts have told.
fn held_otherwise(
    reference: &mut Option<Reference>,
    restored: &Restored,
    same_errors: Option<&[ErrorRow]>,
) -> Vec<String> {
    let Some(held) = &restored.contents else { return Vec::new() };
    let mut held = held.clone();
    if same_errors.is_some() {
        held.rows.retain(|_, rows| rows.count > 0);
    }
    if let Some(reference) = reference {
        return hashes::differences(reference, &held, &restored.brought);
    }
    *reference = Some(Reference::first(held));
    Vec::new()
}

/// Whether a table has no rows because of an error that the user accepts.
fn has_accepted_error(difference: &Difference, errors: &[ErrorRow]) -> bool {
    let of_data = errors.iter().filter(|error| error.accepted && error.kind == "TABLE DATA");
    of_data.map(|error| error.name.as_str()).any(|table| difference.is_not_loaded(table))
}

/// Which of the tables could not be checked.
fn uncounted(expected: &Counts, counted: &Counted) -> Option<String> {
    let tables: Vec<&str> = counted
        .uncountable
        .iter()
        .filter(|table| expected.contains_key(*table))
        .map(String::as_str)
        .collect();
    (!tables.is_empty()).then(|| {
        format!(
            "cannot be counted by this role (row level security, or no right to read): {}",
            tables.join(", ")
        )
    })
}
