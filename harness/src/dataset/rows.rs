//! Counts the rows of a database, table by table: what a restore is checked
//! against, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Context as _;
use restore_core::archive::QualifiedName;
use restore_core::connection::Connection;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::provider::ServerText;

/// Rows by table, under the names that [`QualifiedName`] displays.
pub type Counts = BTreeMap<String, u64>;

/// Tables whose rows are counted by one statement: thousands of tiny tables
/// would otherwise cost a round trip each.
const BATCH: usize = 100;

/// What a role sees of a database's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Rows of the tables that it may count.
    pub rows: Counts,
    /// The other tables: it may not read them, or row level security applies to
    /// it and would hide rows.
    pub uncountable: BTreeSet<String>,
}

/// Counts the rows of every table that holds rows itself; of partitioned
/// tables those that `also` names, with their partitions'.
pub async fn count(connection: &Connection, also: &Counts) -> anyhow::Result<Counted> {
    let (countable, others): (Vec<Table>, Vec<Table>) =
        tables(connection, also).await?.into_iter().partition(|table| table.is_countable);
    let mut counted = Counted {
        rows: Counts::new(),
        uncountable: others.into_iter().map(|table| table.name).collect(),
    };
    for batch in countable.chunks(BATCH) {
        let rows = count_batch(&connection.client, batch).await.context("cannot count rows")?;
        counted.rows.extend(batch.iter().map(|table| table.name.clone()).zip(rows));
    }
    Ok(counted)
}

struct Table {
    name: String,
    /// As it stands behind FROM.
    from: String,
    /// Whether a count by this role is the number of rows.
    is_countable: bool,
}

async fn tables(connection: &Connection, also: &Counts) -> anyhow::Result<Vec<Table>> {
    let rows = connection
        .client
        .query(
            "SELECT n.nspname, c.relname, c.relkind = 'p', format('%I.%I', n.nspname, c.relname), \
             has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') \
             AND NOT row_security_active(c.oid) \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' \
             AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
             ORDER BY 1, 2",
            &[],
        )
        .await
        .context("cannot list tables")?;
    let tables = rows.iter().filter_map(|row| {
        let text = |column| row.get::<_, ServerText>(column);
        let name = QualifiedName { schema: text(0).shown(), name: text(1).shown() }.to_string();
        let (is_partitioned, sql): (bool, _) = (row.get(2), text(3).sql(connection));
        let is_countable = row.get(4);
        if !is_partitioned {
            Some(Table { name, from: format!("ONLY {sql}"), is_countable })
        } else if also.contains_key(&name) {
            Some(Table { name, from: sql, is_countable })
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

/// A table that has not the rows that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The rows that it should have.
    pub expected: u64,
    /// Those that it has; `None` if it is not there.
    pub found: Option<u64>,
}

impl Difference {
    /// Whether it is that the rows of this table, named without quotes, were not loaded at all.
    pub fn is_not_loaded(&self, table: &str) -> bool {
        let is_empty = self.found.is_none_or(|found| found == 0);
        is_empty && self.table.replace('"', "") == table.replace('"', "")
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, expected, found } = self;
        match found {
            Some(found) => write!(f, "{table} has {found} rows instead of {expected}"),
            None => write!(f, "{table} is missing ({expected} rows)"),
        }
    }
}

/// Which tables have not the rows that are expected, and those that extensions
/// bring in addition. A table that cannot be counted is taken on trust.
pub fn differences(expected: &Counts, brought: &Counts, counted: &Counted) -> Vec<Difference> {
    let difference = |(table, rows): (&String, &u64)| {
        let expected = rows + brought.get(table).copied().unwrap_or(0);
        let found = counted.rows.get(table).copied();
        (found != Some(expected) && !counted.uncountable.contains(table)).then(|| Difference {
            table: table.clone(),
            expected,
            found,
        })
    };
    expected.iter().filter_map(difference).collect()
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
        let counted = |rows: &Counts| Counted { rows: rows.clone(), ..Counted::default() };
        assert!(differences(&expected, &Counts::new(), &counted(&expected)).is_empty());
        let found = counted(&counts(&[("a", 1), ("b", 1), ("more", 9)]));
        let told = |brought: &Counts, found: &Counted| -> Vec<String> {
            differences(&expected, brought, found).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            told(&Counts::new(), &found),
            ["b has 1 rows instead of 2", "c is missing (3 rows)"]
        );
        let hidden = Counted { uncountable: ["c".to_owned()].into(), ..found };
        assert_eq!(
            told(&counts(&[("a", 5)]), &hidden),
            ["a has 1 rows instead of 6", "b has 1 rows instead of 2"]
        );
    }
}
