//! Whether a restored database holds what its archive holds.

use super::venue::{Contents, Site};
use crate::dataset::{Counted, Counts, Difference, brought_by_extensions, count, differences};
use crate::lease::Lease;
use crate::record::{ErrorRow, Outcome};

/// What was found in a database after a restore.
pub(super) struct Restored {
    counted: Counted,
    /// Rows that extensions brought into tables of their own.
    brought: Counts,
    pub(super) bytes: u64,
}

impl Restored {
    /// Rows in all tables.
    pub(super) fn rows(&self) -> u64 {
        self.counted.rows.values().sum()
    }
}

/// Counts the rows of a database.
pub(super) async fn inspect(
    site: &Site<'_>,
    lease: &Lease,
    database: &str,
) -> anyhow::Result<Restored> {
    let connection = site.server.connect(database).await?;
    let client = &connection.client;
    let contents = site.contents()?;
    let expected = contents.expected.clone().unwrap_or_default();
    let bytes: i64 =
        client.query_one("SELECT pg_database_size(current_database())", &[]).await?.get(0);
    let counted = count(client, &expected).await?;
    let brought = if let Some(brought) = &contents.brought {
        brought.clone()
    } else {
        let others: Vec<String> = differences(&expected, &Counts::new(), &counted)
            .into_iter()
            .map(|difference| difference.table)
            .collect();
        brought_by_extensions(site.server, lease, client, &others).await?
    };
    Ok(Restored { counted, brought, bytes: bytes as u64 })
}

/// Holds what was found against what the archive holds; where that is not known, this
/// restore is what later ones are held against.
pub(super) fn check(
    contents: &mut Contents,
    restored: &Restored,
    errors: &[ErrorRow],
) -> (Outcome, Option<String>) {
    let Restored { counted, brought, .. } = restored;
    if !brought.is_empty() {
        contents.brought = Some(brought.clone());
    }
    let expected = contents.expected.get_or_insert_with(|| counted.rows.clone());
    let mut found = differences(expected, brought, counted);
    // COPY loads all rows or none.
    found.retain(|difference| !has_accepted_error(difference, errors));
    if found.is_empty() {
        return (Outcome::Completed, uncounted(expected, counted));
    }
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    (Outcome::Invalid, Some(told.join("; ")))
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
