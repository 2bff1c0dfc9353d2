//! Databases of a run: made, renamed, and dropped whatever was restored into
//! them.
//!
//! `DROP DATABASE` refuses a template, a database in use, and one that has
//! subscriptions, prepared transactions or logical replication slots in use
//! (`dropdb` in `src/backend/commands/dbcommands.c`, PostgreSQL 12 to 18). A
//! restore can leave each of these behind, so each is undone first.

use std::time::Duration;

use anyhow::{Context as _, bail};
use restore_core::connection::{Conninfo, connect};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::{quote_identifier, quote_literal, server_major};
use crate::lease::{Lease, Resource};

/// How long sessions that were told to end may take: DROP DATABASE itself waits
/// as long (`CountOtherDBBackends` in `procarray.c`).
const LEAVING: Duration = Duration::from_secs(5);

/// What ends a statement that waits for another server, in milliseconds:
/// dropping a subscription may try to reach its publisher.
const DETACH_TIMEOUT_MS: u32 = 30_000;

/// How long the last statement of a killed run may take. Up to PostgreSQL 14
/// CREATE DATABASE waits for two checkpoints.
const LAST_STATEMENT: Duration = Duration::from_secs(60);

/// A database that this run made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// By which it is told from another one that has taken its name.
    oid: u32,
}

/// Makes an empty database. It is an error if one of this name is there
/// already: what this run did not make is never dropped.
pub(super) async fn create(
    admin: &Conninfo,
    name: &str,
    encoding: Option<&str>,
    lease: Option<&Lease>,
) -> anyhow::Result<Database> {
    let connection = connect(admin).await?;
    let client = &connection.client;
    lock_name(client, name).await?;
    refuse_existing(client, name).await?;
    note(admin, name, None, lease)?;
    let encoding = match encoding {
        Some(encoding) => of_encoding(client, encoding).await?,
        None => String::new(),
    };
    let quoted = quote_identifier(name);
    client
        .batch_execute(&format!("CREATE DATABASE {quoted} TEMPLATE template0{encoding}"))
        .await
        .with_context(|| format!("cannot create database {name:?}"))?;
    let Some(state) = State::read(client, name).await? else {
        bail!("database {name:?} was created and is gone");
    };
    unlock_name(client, name).await?;
    Ok(Database { name: name.to_owned(), oid: state.oid })
}

/// What `CREATE DATABASE` has to say of an encoding.
async fn of_encoding(client: &Client, encoding: &str) -> anyhow::Result<String> {
    // ICU, which a server may have by default from 15 on, knows few encodings.
    let has_providers = server_major(client).await? >= 15;
    let provider = if has_providers { " LOCALE_PROVIDER libc" } else { "" };
    let encoding = quote_literal(encoding);
    Ok(format!(" ENCODING {encoding} LC_COLLATE 'C' LC_CTYPE 'C'{provider}"))
}

/// Gives a database of this run the name that an extension insists on. The name
/// is noted with the number of the database, so that one of the same name that
/// somebody else makes in this moment is not taken for ours.
pub(super) async fn rename(
    admin: &Conninfo,
    database: Database,
    name: &str,
    lease: Option<&Lease>,
) -> anyhow::Result<Database> {
    let connection = connect(admin).await?;
    let client = &connection.client;
    lock_name(client, name).await?;
    refuse_existing(client, name).await?;
    note(admin, name, Some(database.oid), lease)?;
    let (from, to) = (quote_identifier(&database.name), quote_identifier(name));
    client
        .batch_execute(&format!("ALTER DATABASE {from} RENAME TO {to}"))
        .await
        .with_context(|| format!("cannot give database {from} the name {to}"))?;
    unlock_name(client, name).await?;
    Ok(Database { name: name.to_owned(), ..database })
}

/// Holds a name while a database gets it. The server goes on with CREATE
/// DATABASE after its client was killed, and until it is done the database is
/// in no catalog: who removes what a dead run left waits here until that
/// session has ended, and finds the database.
async fn lock_name(client: &Client, name: &str) -> anyhow::Result<()> {
    const PAUSE: Duration = Duration::from_millis(50);

    // The wait is limited, since a pool of connections could keep a dead
    // client's session, and its locks, forever.
    let until = Instant::now() + LAST_STATEMENT;
    while !name_lock(client, "pg_try_advisory_lock", name).await? && Instant::now() < until {
        sleep(PAUSE).await;
    }
    Ok(())
}

async fn unlock_name(client: &Client, name: &str) -> anyhow::Result<()> {
    name_lock(client, "pg_advisory_unlock", name).await.map(|_| ())
}

/// Calls a function of advisory locks with the number of a database's name.
async fn name_lock(client: &Client, function: &str, name: &str) -> anyhow::Result<bool> {
    let row = client
        .query_one(&format!("SELECT {function}(hashtextextended($1, 0))"), &[&name])
        .await
        .with_context(|| format!("cannot lock the name of database {name:?}"))?;
    Ok(row.get(0))
}

/// Refuses the name of a database that is there already.
pub(super) async fn refuse_existing(client: &Client, name: &str) -> anyhow::Result<()> {
    if State::read(client, name).await?.is_some() {
        bail!(
            "database {name:?} exists already and was not made by this run: it is left alone; \
             drop or rename it, or use another server"
        );
    }
    Ok(())
}

fn note(
    admin: &Conninfo,
    name: &str,
    oid: Option<u32>,
    lease: Option<&Lease>,
) -> anyhow::Result<()> {
    let Some(lease) = lease else { return Ok(()) };
    lease.note(&Resource::Database { conninfo: admin.to_libpq(), name: name.to_owned(), oid })
}

/// Drops a database of this run with everything that keeps it from being
/// dropped.
pub(super) async fn drop(admin: &Conninfo, database: &Database) -> anyhow::Result<()> {
    drop_named(admin, &database.name, Some(database.oid)).await
}

/// The same by its name; nothing is done if there is no such database, or if
/// `oid` says that it is another one.
pub(super) async fn drop_named(
    admin: &Conninfo,
    name: &str,
    oid: Option<u32>,
) -> anyhow::Result<()> {
    let connection =
        connect(admin).await.with_context(|| format!("cannot drop database {name:?}"))?;
    let client = &connection.client;
    lock_name(client, name).await?;
    if let Some(state) = State::read(client, name).await?
        && oid.is_none_or(|oid| oid == state.oid)
    {
        release(admin, client, name, &state).await?;
        drop_released(client, name).await?;
    }
    // A pool of connections keeps the session, and would keep its lock.
    unlock_name(client, name).await
}

/// What the server's catalogs say of a database.
struct State {
    oid: u32,
    is_template: bool,
    takes_connections: bool,
    subscriptions: Vec<String>,
    /// Global identifiers of prepared transactions.
    prepared: Vec<String>,
    has_slots_in_use: bool,
}

impl State {
    /// `None` if there is no such database. The catalogs are shared by all
    /// databases, and these columns may be read by everybody.
    async fn read(client: &Client, name: &str) -> anyhow::Result<Option<Self>> {
        let row = client
            .query_opt(
                "SELECT d.oid, d.datistemplate, d.datallowconn, \
                 ARRAY(SELECT subname::text FROM pg_subscription WHERE subdbid = d.oid), \
                 ARRAY(SELECT gid FROM pg_prepared_xacts WHERE database = d.datname), \
                 EXISTS (SELECT FROM pg_replication_slots \
                         WHERE database = d.datname AND active) \
                 FROM pg_database d WHERE d.datname = $1",
                &[&name],
            )
            .await
            .with_context(|| format!("cannot look for database {name:?}"))?;
        Ok(row.map(|row| Self {
            oid: row.get(0),
            is_template: row.get(1),
            takes_connections: row.get(2),
            subscriptions: row.get(3),
            prepared: row.get(4),
            has_slots_in_use: row.get(5),
        }))
    }
}

/// Undoes what keeps a database from being dropped, its sessions aside.
async fn release(
    admin: &Conninfo,
    client: &Client,
    name: &str,
    state: &State,
) -> anyhow::Result<()> {
    let quoted = quote_identifier(name);
    if !(state.subscriptions.is_empty() && state.prepared.is_empty()) {
        if !state.takes_connections {
            alter(client, &format!("ALTER DATABASE {quoted} ALLOW_CONNECTIONS true")).await?;
        }
        detach(admin, name, state).await?;
    }
    if state.is_template {
        alter(client, &format!("ALTER DATABASE {quoted} IS_TEMPLATE false")).await?;
    }
    if state.has_slots_in_use {
        stop_senders(client, name).await?;
    }
    Ok(())
}

async fn alter(client: &Client, statement: &str) -> anyhow::Result<()> {
    client.batch_execute(statement).await.with_context(|| format!("cannot do {statement}"))
}

/// Ends, within the database, its subscriptions and prepared transactions.
async fn detach(admin: &Conninfo, name: &str, state: &State) -> anyhow::Result<()> {
    let connection = connect(&admin.with_database(name)).await?;
    let client = &connection.client;
    // Event triggers that were restored could forbid what follows. Only
    // superusers may turn them off, and only superusers have them.
    let _ = client.batch_execute("SET session_replication_role = replica").await;
    let limit = format!("SET statement_timeout = {DETACH_TIMEOUT_MS}");
    client.batch_execute(&limit).await.with_context(|| format!("cannot do {limit}"))?;
    for subscription in &state.subscriptions {
        drop_subscription(client, subscription)
            .await
            .with_context(|| format!("cannot drop subscription {subscription:?} of {name:?}"))?;
    }
    for gid in &state.prepared {
        let statement = format!("ROLLBACK PREPARED {}", quote_literal(gid));
        client.batch_execute(&statement).await.with_context(|| {
            format!("cannot end a prepared transaction of {name:?}: {statement}")
        })?;
    }
    Ok(())
}

/// Drops a subscription and leaves its publisher alone: the slot there belongs
/// to the server that the archive was made on (PostgreSQL 17 manual, 29.2).
async fn drop_subscription(client: &Client, name: &str) -> Result<(), tokio_postgres::Error> {
    let name = quote_identifier(name);
    for statement in [
        format!("ALTER SUBSCRIPTION {name} DISABLE"),
        format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"),
        format!("DROP SUBSCRIPTION {name}"),
    ] {
        client.batch_execute(&statement).await?;
    }
    Ok(())
}

/// Ends what reads from logical replication slots of the database; they are
/// dropped with it when nothing does.
async fn stop_senders(client: &Client, name: &str) -> anyhow::Result<()> {
    close_to_sessions(client, name).await?;
    let stop = "SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots \
                WHERE database = $1 AND active_pid IS NOT NULL";
    wait_for_none(client, stop, name).await
}

async fn close_to_sessions(client: &Client, name: &str) -> anyhow::Result<()> {
    let quoted = quote_identifier(name);
    alter(client, &format!("ALTER DATABASE {quoted} ALLOW_CONNECTIONS false")).await
}

/// Repeats a statement that tells sessions to end and counts them, until it
/// counts none or the time for it is over.
async fn wait_for_none(client: &Client, statement: &str, name: &str) -> anyhow::Result<()> {
    const TRIES: u32 = 50;

    for _ in 0..TRIES {
        let row = client
            .query_one(statement, &[&name])
            .await
            .with_context(|| format!("cannot end the sessions of database {name:?}"))?;
        if row.get::<_, i64>(0) == 0 {
            break;
        }
        sleep(LEAVING / TRIES).await;
    }
    Ok(())
}

/// Drops a database that only sessions may still keep.
async fn drop_released(client: &Client, name: &str) -> anyhow::Result<()> {
    // A role may have a limit for its statements; this one waits for a
    // checkpoint.
    alter(client, "SET statement_timeout = 0").await?;
    // FORCE is there from PostgreSQL 13 on.
    let force = if server_major(client).await? >= 13 {
        " WITH (FORCE)"
    } else {
        close_to_sessions(client, name).await?;
        let stop = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                    WHERE datname = $1 AND pid <> pg_backend_pid()";
        wait_for_none(client, stop, name).await?;
        ""
    };
    let statement = format!("DROP DATABASE IF EXISTS {}{force}", quote_identifier(name));
    match client.batch_execute(&statement).await {
        Ok(()) => Ok(()),
        Err(error) => {
            let sessions = sessions(client, name).await.unwrap_or_default();
            let hint = if sessions.is_empty() {
                String::new()
            } else {
                format!("; it is in use by {}", sessions.join(", "))
            };
            Err(error).with_context(|| format!("cannot drop database {name:?}{hint}"))
        }
    }
}

/// Who is connected to a database, for a message.
async fn sessions(client: &Client, name: &str) -> anyhow::Result<Vec<String>> {
    let rows = client
        .query(
            "SELECT format('%s %s of %s', COALESCE(backend_type, 'process'), pid, \
             COALESCE(usename, 'the system')) FROM pg_stat_activity WHERE datname = $1 \
             ORDER BY pid LIMIT 5",
            &[&name],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
