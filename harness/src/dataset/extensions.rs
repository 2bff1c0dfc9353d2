//! Rows that extensions bring into their own tables.
//!
//! An extension may fill its tables when it is installed, and `pg_dump` dumps
//! of such a table what the extension says is the user's (`pg_extension_config_dump`;
//! PostgreSQL 18 manual, 36.17.3). After a restore both are there. How many the
//! extension brings, a fresh database with the extension alone tells.

use std::collections::BTreeMap;

use anyhow::Context as _;
use restore_core::archive::QualifiedName;
use tokio_postgres::Client;

use super::rows::{Counts, count};
use crate::lease::Lease;
use crate::provider::{Server, quote_identifier};

/// An extension as it is installed in a database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Installed {
    name: String,
    schema: String,
    version: String,
}

/// Rows that the extensions of the database behind `client` bring into those
/// of `tables` that are theirs: counted in a database that is made for this and
/// dropped again. Nothing is made if no such table is an extension's.
pub async fn brought_by_extensions(
    server: &Server,
    lease: &Lease,
    client: &Client,
    tables: &[String],
) -> anyhow::Result<Counts> {
    let members: BTreeMap<String, Installed> =
        members(client).await?.into_iter().filter(|(table, _)| tables.contains(table)).collect();
    if members.is_empty() {
        return Ok(Counts::new());
    }
    let name = server.database_name("extensions");
    let database = server.create_database(&name, lease).await?;
    let counted = count_fresh(server, &database.name, &members).await;
    server.drop_database(&database).await?;
    let counts = counted.context("cannot count the rows that extensions bring")?;
    Ok(counts.into_iter().filter(|(table, _)| members.contains_key(table)).collect())
}

async fn members(client: &Client) -> anyhow::Result<Vec<(String, Installed)>> {
    let rows = client
        .query(
            "SELECT n.nspname::text, c.relname::text, e.extname::text, s.nspname::text, \
             e.extversion FROM pg_depend d JOIN pg_class c ON c.oid = d.objid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_extension e ON e.oid = d.refobjid \
             JOIN pg_namespace s ON s.oid = e.extnamespace \
             WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass \
             AND d.deptype = 'e' AND c.relkind IN ('r', 'p')",
            &[],
        )
        .await
        .context("cannot list the tables of extensions")?;
    let member = |row: &tokio_postgres::Row| {
        let table = QualifiedName { schema: row.get(0), name: row.get(1) }.to_string();
        (table, Installed { name: row.get(2), schema: row.get(3), version: row.get(4) })
    };
    Ok(rows.iter().map(member).collect())
}

async fn count_fresh(
    server: &Server,
    database: &str,
    members: &BTreeMap<String, Installed>,
) -> anyhow::Result<Counts> {
    let connection = server.connect(database).await?;
    let client = &connection.client;
    let mut extensions: Vec<&Installed> = members.values().collect();
    extensions.sort();
    extensions.dedup();
    for extension in extensions {
        install(client, extension)
            .await
            .with_context(|| format!("cannot install extension {:?}", extension.name))?;
    }
    let expected = members.keys().map(|table| (table.clone(), 0)).collect();
    Ok(count(&connection, &expected).await?.rows)
}

async fn install(client: &Client, extension: &Installed) -> Result<(), tokio_postgres::Error> {
    let [name, schema, version] =
        [&extension.name, &extension.schema, &extension.version].map(|name| quote_identifier(name));
    let sql = "SELECT FROM pg_namespace WHERE nspname = $1";
    if client.query_opt(sql, &[&extension.schema]).await?.is_none() {
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    let sql =
        format!("CREATE EXTENSION IF NOT EXISTS {name} SCHEMA {schema} VERSION {version} CASCADE");
    client.batch_execute(&sql).await
}
