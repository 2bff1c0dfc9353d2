//! What a database holds: its definitions by `pg_dump`, the rest by queries, all in one snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, bail};
use futures_util::TryStreamExt as _;
use restore_core::archive::{Archive, QualifiedName};
use restore_core::connection::{Connection, Conninfo, connect};
use restore_core::launch::{CommandLine, succeed};
use restore_core::units::Jobs;
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Row};

use super::archive::CopiedTables;
use super::contents::objects;
use super::{Contents, Ignored, LargeObject, RowHasher, Rows, SequenceValue};
use crate::dataset::hex;
use crate::process::LocalLauncher;
use crate::provider::programs::Programs;
use crate::provider::{ServerText, connect_as_stored, quote_identifier};

/// How a database is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Where `pg_dump` is.
    pub programs: &'a Programs,
    pub ignored: Ignored,
    /// Connections that read rows.
    pub jobs: Jobs,
    /// In which encoding rows are copied, to be compared with others' bytes. A server in
    /// `SQL_ASCII` gives those that it has.
    pub encoding: &'a str,
}

/// What `pg_dump` sets before it reads rows (`setup_connection`), so that equal rows are equal
/// text.
const SETTINGS: &str = "SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; \
    SET extra_float_digits = 3; SET synchronize_seqscans = off; SET statement_timeout = 0; \
    SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET row_security = off; \
    SET search_path = ''; SET bytea_output = 'hex'";

/// Reads all of a database. `like` are the tables of the archive that it is compared with: their
/// rows are read with the archive's columns, through partitioned tables where it has them so.
pub async fn read(
    conninfo: &Conninfo,
    reading: Reading<'_>,
    like: Option<&CopiedTables>,
) -> anyhow::Result<Contents> {
    let session = Session::begin(conninfo, None).await?;
    let definitions = definitions(conninfo, reading, session.snapshot.as_deref()).await?;
    let connection = &session.connection;
    let client = &connection.client;
    let copies = copies(connection, reading.encoding, like).await?;
    let (rows, sequences, large_objects, unready) = tokio::try_join!(
        rows(conninfo, reading, session.snapshot.clone(), copies),
        sequences(connection),
        large_objects(client),
        unready(client)
    )?;
    Ok(Contents {
        objects: objects(&definitions, reading.ignored),
        rows,
        sequences,
        large_objects,
        unready,
    })
}

/// Reads the data of a database alone, over one connection: no program is needed.
pub async fn data(
    connection: &Connection,
    encoding: &str,
    like: Option<&CopiedTables>,
) -> anyhow::Result<Contents> {
    begin(connection, None).await?;
    let client = &connection.client;
    let mut rows = BTreeMap::new();
    for copy in copies(connection, encoding, like).await? {
        let found = rows_of(client, &copy.query).await;
        let found = found.with_context(|| format!("cannot read the rows of {}", copy.table))?;
        rows.insert(copy.table, found);
    }
    let contents = Contents {
        objects: BTreeMap::new(),
        rows,
        sequences: sequences(connection).await?,
        large_objects: large_objects(client).await?,
        unready: unready(client).await?,
    };
    client.batch_execute("COMMIT").await?;
    Ok(contents)
}

/// A connection in a transaction that sees one snapshot.
struct Session {
    connection: Connection,
    snapshot: Option<String>,
}

impl Session {
    async fn begin(conninfo: &Conninfo, snapshot: Option<&str>) -> anyhow::Result<Self> {
        let connection = connect_as_stored(conninfo).await?;
        begin(&connection, snapshot).await?;
        let snapshot = match snapshot {
            Some(snapshot) => Some(snapshot.to_owned()),
            // A standby exports none.
            None => connection
                .client
                .query_one(
                    "SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_export_snapshot() END",
                    &[],
                )
                .await?
                .get(0),
        };
        Ok(Self { connection, snapshot })
    }
}

/// Begins a transaction that sees a snapshot: the one that is given, or its own.
async fn begin(connection: &Connection, snapshot: Option<&str>) -> anyhow::Result<()> {
    let client = &connection.client;
    client.batch_execute(SETTINGS).await?;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    if let Some(snapshot) = snapshot {
        client.batch_execute(&format!("SET TRANSACTION SNAPSHOT '{snapshot}'")).await?;
    }
    Ok(())
}

async fn definitions(
    conninfo: &Conninfo,
    reading: Reading<'_>,
    snapshot: Option<&str>,
) -> anyhow::Result<Archive> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("schema.dump");
    let command = CommandLine::new("pg_dump")
        .arg("--format=custom")
        .arg("--schema-only")
        .arg("--no-password")
        .arg(format!("--file={}", file.display()))
        .arg(format!("--dbname={}", conninfo.to_libpq()))
        .args(snapshot.map(|snapshot| format!("--snapshot={snapshot}")))
        .envs(&conninfo.env());
    let launcher = LocalLauncher::in_folder(&reading.programs.bindir);
    succeed(&launcher, command).await.with_context(|| {
        format!("cannot dump the definitions of database {}", conninfo.database())
    })?;
    // The archive is read whole before its folder goes.
    Ok(Archive::open(&file)?)
}

/// A table, and the query that copies its rows.
struct RowsCopy {
    table: String,
    query: String,
}

/// A table of the database.
struct Table {
    name: QualifiedName,
    /// With its schema, in quotes.
    sql: String,
    columns: String,
    is_partitioned: bool,
    is_partition: bool,
    /// Which rows of an extension's own table `pg_dump` dumps.
    condition: Option<String>,
}

async fn tables(connection: &Connection) -> anyhow::Result<Vec<Table>> {
    let client = &connection.client;
    let version: i32 =
        client.query_one("SELECT current_setting('server_version_num')::int", &[]).await?.get(0);
    let written = if version >= 120_000 { "AND a.attgenerated = ''" } else { "" };
    // By name: the order of columns may differ, and says nothing of the rows.
    let sql = format!(
        "SELECT n.nspname::text, c.relname::text, c.relkind = 'p', c.relispartition, \
           coalesce((SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) \
             FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 \
             AND NOT a.attisdropped {written}), ''), \
           d.refobjid IS NOT NULL, \
           e.extconfig IS NOT NULL, \
           e.extcondition[array_position(e.extconfig, c.oid)] \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass \
           AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e' \
         LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND c.oid = ANY (e.extconfig) \
         WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' \
           AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2"
    );
    let mut tables = Vec::new();
    for row in client.query(&sql, &[]).await.context("cannot list the tables")? {
        let text = |column| row.get::<_, ServerText>(column);
        let (of_extension, is_configuration): (bool, bool) = (row.get(5), row.get(6));
        if of_extension && !is_configuration {
            continue;
        }
        tables.push(Table {
            name: shown_name(&row),
            sql: sql_name(&row, connection),
            columns: text(4).sql(connection),
            is_partitioned: row.get(2),
            is_partition: row.get(3),
            condition: row
                .get::<_, Option<ServerText>>(7)
                .map(|condition| condition.sql(connection)),
        });
    }
    Ok(tables)
}

/// The first two columns, a schema and a name.
fn shown_name(row: &Row) -> QualifiedName {
    let [schema, name] = [0, 1].map(|column| row.get::<_, ServerText>(column).shown());
    QualifiedName { schema, name }
}

/// The same as SQL.
fn sql_name(row: &Row, connection: &Connection) -> String {
    let quoted = |column| quote_identifier(&row.get::<_, ServerText>(column).sql(connection));
    format!("{}.{}", quoted(0), quoted(1))
}

async fn copies(
    connection: &Connection,
    encoding: &str,
    like: Option<&CopiedTables>,
) -> anyhow::Result<Vec<RowsCopy>> {
    let tables = tables(connection).await?;
    let encoding = if connection.sends_bytes() { "SQL_ASCII" } else { encoding };
    let CopiedTables(archived) = match like {
        Some(like) => like,
        None => &CopiedTables(BTreeMap::new()),
    };
    // The rows of partitions are among those of the partitioned table where the archive has them
    // so.
    let through_roots =
        tables.iter().any(|of| of.is_partitioned && archived.contains_key(&of.name));
    let copy = |table: &Table| {
        let columns = archived.get(&table.name);
        let counts = match columns {
            Some(_) => true,
            None => !(table.is_partitioned || through_roots && table.is_partition),
        };
        counts.then(|| RowsCopy {
            table: table.name.to_string(),
            query: copy_query(
                table,
                columns.map_or(&*table.columns, |columns| columns.sql(connection)),
                encoding,
            ),
        })
    };
    Ok(tables.iter().filter_map(copy).collect())
}

fn copy_query(table: &Table, columns: &str, encoding: &str) -> String {
    let only = if table.is_partitioned { "" } else { "ONLY " };
    let condition = table.condition.as_deref().unwrap_or_default();
    format!(
        "COPY (SELECT {columns} FROM {only}{} {condition}) TO STDOUT (ENCODING '{encoding}')",
        table.sql
    )
}

/// Copies tables on several connections, which see the same snapshot where the server can share
/// it.
async fn rows(
    conninfo: &Conninfo,
    reading: Reading<'_>,
    snapshot: Option<String>,
    copies: Vec<RowsCopy>,
) -> anyhow::Result<BTreeMap<String, Rows>> {
    let copies = Arc::new(copies);
    let next = Arc::new(AtomicUsize::new(0));
    let connections = reading.jobs.as_usize().min(copies.len());
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let session = Session::begin(conninfo, snapshot.as_deref()).await?;
        let (copies, next) = (Arc::clone(&copies), Arc::clone(&next));
        workers.spawn(async move {
            let mut found = Vec::new();
            while let Some(copy) = copies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let rows = rows_of(&session.connection.client, &copy.query)
                    .await
                    .with_context(|| format!("cannot read the rows of {}", copy.table))?;
                found.push((copy.table.clone(), rows));
            }
            anyhow::Ok(found)
        });
    }
    let mut rows = BTreeMap::new();
    while let Some(ended) = workers.join_next().await {
        rows.extend(ended.context("a worker ended early")??);
    }
    Ok(rows)
}

async fn rows_of(client: &Client, query: &str) -> anyhow::Result<Rows> {
    let mut stream = Box::pin(client.copy_out(query).await?);
    let mut hasher = RowHasher::default();
    while let Some(bytes) = stream.try_next().await? {
        hasher.take(&bytes);
    }
    Ok(hasher.finish())
}

async fn sequences(connection: &Connection) -> anyhow::Result<BTreeMap<String, SequenceValue>> {
    let sql = "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' \
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
                 WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid \
                 AND d.deptype = 'e')";
    let client = &connection.client;
    let mut values = BTreeMap::new();
    for row in client.query(sql, &[]).await.context("cannot list the sequences")? {
        let name = shown_name(&row);
        let sql = format!("SELECT last_value, is_called FROM {}", sql_name(&row, connection));
        let value = client.query_one(&sql, &[]).await;
        let value = value.with_context(|| format!("cannot read sequence {name}"))?;
        let value = SequenceValue { last_value: value.get(0), is_called: value.get(1) };
        values.insert(name.to_string(), value);
    }
    Ok(values)
}

async fn large_objects(client: &Client) -> anyhow::Result<BTreeMap<u32, LargeObject>> {
    /// Read at once; a large object may have 4 TB.
    const PIECE: usize = 1 << 20;

    let sql = "SELECT oid, concat_ws('; ', 'owner ' || pg_catalog.pg_get_userbyid(lomowner), \
               'grants ' || lomacl::text, pg_catalog.obj_description(oid, 'pg_largeobject')) \
               FROM pg_catalog.pg_largeobject_metadata ORDER BY oid";
    let mut found = BTreeMap::new();
    let read = client.prepare("SELECT pg_catalog.lo_get($1, $2, $3)").await?;
    for row in client.query(sql, &[]).await.context("cannot list the large objects")? {
        let oid: u32 = row.get(0);
        let (mut hasher, mut bytes) = (Sha256::new(), 0_usize);
        loop {
            let offset = i64::try_from(bytes)?;
            let piece = client.query_one(&read, &[&oid, &offset, &i32::try_from(PIECE)?]).await;
            let piece: Vec<u8> =
                piece.with_context(|| format!("cannot read large object {oid}"))?.get(0);
            hasher.update(&piece);
            bytes += piece.len();
            if piece.len() < PIECE {
                break;
            }
        }
        let sha256 = hex(&hasher.finalize());
        let properties = row.get::<_, ServerText>(1).shown();
        let object = LargeObject { bytes: bytes as u64, sha256, properties: Some(properties) };
        found.insert(oid, object);
    }
    Ok(found)
}

async fn unready(client: &Client) -> anyhow::Result<BTreeSet<String>> {
    let sql = "SELECT CASE WHEN c.relkind = 'm' THEN 'materialized view ' ELSE 'index ' END \
                 || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) \
                 || CASE WHEN c.relkind = 'm' THEN ' has no rows yet' \
                    WHEN NOT i.indisvalid THEN ' is not valid' ELSE ' is not ready' END \
               FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
               WHERE n.nspname !~ '^pg_' AND (c.relkind = 'm' AND NOT c.relispopulated \
                 OR NOT (i.indisvalid AND i.indisready AND i.indislive))";
    let rows =
        client.query(sql, &[]).await.context("cannot list the indexes that are not valid")?;
    Ok(rows.iter().map(|row| row.get::<_, ServerText>(0).shown()).collect())
}

/// Refuses programs that are older than the server, as `pg_dump` does, with what to do.
pub async fn check_version(conninfo: &Conninfo, programs: &Programs) -> anyhow::Result<()> {
    let client = connect(conninfo).await?.client;
    let row = client.query_one("SELECT current_setting('server_version_num')::int", &[]).await?;
    let major = row.get::<_, i32>(0) as u32 / 10_000;
    if major > programs.version.major {
        bail!(
            "database {} is on PostgreSQL {major}, and the newest pg_dump here is {}: name a \
             folder of newer programs with --bindir",
            conninfo.database(),
            programs.version
        );
    }
    Ok(())
}
