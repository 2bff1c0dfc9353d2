//! Counts the rows of a database, table by table: what a restore is checked
//! against, and how.

use std::collections::BTreeMap;

use anyhow::Context as _;
use restore_core::archive::QualifiedName;
use tokio_postgres::{Client, SimpleQueryMessage};

/// Rows by table, under the names that [`QualifiedName`] displays.
pub type Counts = BTreeMap<String, u64>;

/// Tables whose rows are counted by one statement: thousands of tiny tables
/// would otherwise cost a round trip each.
const BATCH: usize = 100;

/// Counts the rows of every table that holds rows itself; of partitioned
/// tables those that `also` names, with their partitions'.
pub async fn count(client: &Client, also: &Counts) -> anyhow::Result<Counts> {
    let tables = tables(client, also).await?;
    let mut counts = Counts::new();
    for batch in tables.chunks(BATCH) {
        let counted = count_batch(client, batch).await.context("cannot count rows")?;
        counts.extend(batch.iter().map(|table| table.name.clone()).zip(counted));
    }
    Ok(counts)
}

struct Table {
    name: String,
    /// As it stands behind FROM.
    from: String,
}

async fn tables(client: &Client, also: &Counts) -> anyhow::Result<Vec<Table>> {
    let rows = client
        .query(
            "SELECT n.nspname, c.relname, c.relkind = 'p', format('%I.%I', n.nspname, c.relname) \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' \
             AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
             ORDER BY 1, 2",
            &[],
        )
        .await
        .context("cannot list tables")?;
    let tables = rows.iter().filter_map(|row| {
        let name = QualifiedName { schema: row.get(0), name: row.get(1) }.to_string();
        let (is_partitioned, sql): (bool, String) = (row.get(2), row.get(3));
        if !is_partitioned {
            Some(Table { name, from: format!("ONLY {sql}") })
        } else if also.contains_key(&name) {
            Some(Table { name, from: sql })
        } else {
            None
        }
    });
    Ok(tables.collect())
}

async fn count_batch(client: &Client, tables: &[Table]) -> Result<Vec<u64>, tokio_postgres::Error> {
    let parts: Vec<String> =
        tables.iter().map(|table| format!("(SELECT count(*) FROM {})", table.from)).collect();
    let messages = client.simple_query(&format!("SELECT {}", parts.join(", "))).await?;
    let row = messages.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = row.as_ref();
    Ok((0..tables.len())
        .map(|column| row.and_then(|row| row.get(column)?.parse().ok()).unwrap_or(0))
        .collect())
}

/// What of `expected` is not in `found`, in words; empty if all of it is.
pub fn differences(expected: &Counts, found: &Counts) -> Vec<String> {
    expected
        .iter()
        .filter_map(|(table, rows)| match found.get(table) {
            Some(seen) if seen == rows => None,
            Some(seen) => Some(format!("{table} has {seen} rows instead of {rows}")),
            None => Some(format!("{table} is missing ({rows} rows)")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_told() {
        let counts = |pairs: &[(&str, u64)]| -> Counts {
            pairs.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect()
        };
        let expected = counts(&[("a", 1), ("b", 2), ("c", 3)]);
        assert!(differences(&expected, &expected).is_empty());
        let found = counts(&[("a", 1), ("b", 1), ("more", 9)]);
        let told = differences(&expected, &found);
        assert_eq!(told, ["b has 1 rows instead of 2", "c is missing (3 rows)"]);
    }
}
