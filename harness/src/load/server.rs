//! What the server does, asked over a connection of its own.
//!
//! The views are those of the manual, chapter "Monitoring Database Activity":
//! `pg_stat_bgwriter` lost its checkpoints to `pg_stat_checkpointer` in 17 and
//! its writes by backends to `pg_stat_io`, which is there from 16; the syncs of
//! `pg_stat_wal` (from 14) went to `pg_stat_io` in 18.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::{Client, Row, Statement};

use super::wait::Sessions;
use crate::record::LoadSample;
use restore_core::connection::{Connection, Conninfo, connect};

/// A lost connection is tried again no sooner than this.
const RETRY: Duration = Duration::from_secs(1);

const SESSIONS: &str = "\
    SELECT backend_type, state, wait_event_type, wait_event, count(*) \
    FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() \
    GROUP BY 1, 2, 3, 4";

/// What the server says at one instant; counts are since its start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServerReading {
    sessions: Option<Sessions>,
    progress: Option<Progress>,
    counters: Option<Counters>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Progress {
    wal_bytes: Option<u64>,
    copies: Option<u64>,
    copied_bytes: Option<u64>,
    index_builds: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Counters {
    checkpoints: Option<u64>,
    checkpoint_written_bytes: Option<u64>,
    backend_written_bytes: Option<u64>,
    wal_syncs: Option<u64>,
    temporary_bytes: Option<u64>,
    database_bytes: Option<u64>,
}

impl ServerReading {
    /// Puts what was read into a sample.
    pub(super) fn put(self, sample: &mut LoadSample) {
        if let Some(sessions) = self.sessions {
            sessions.put(sample);
        }
        if let Some(progress) = self.progress {
            sample.wal_bytes = progress.wal_bytes;
            sample.copies = progress.copies;
            sample.copied_bytes = progress.copied_bytes;
            sample.index_builds = progress.index_builds;
        }
        if let Some(counters) = self.counters {
            sample.checkpoints = counters.checkpoints;
            sample.checkpoint_written_bytes = counters.checkpoint_written_bytes;
            sample.backend_written_bytes = counters.backend_written_bytes;
            sample.wal_syncs = counters.wal_syncs;
            sample.temporary_bytes = counters.temporary_bytes;
            sample.database_bytes = counters.database_bytes;
        }
    }
}

/// Asks the server about one database.
pub(super) struct ServerProbe {
    conninfo: Conninfo,
    database: String,
    link: Option<Link>,
    tried: Option<Instant>,
    notes: Vec<String>,
}

/// A connection with its prepared statements; one that the server refused is
/// absent.
struct Link {
    connection: Connection,
    sessions: Option<Statement>,
    progress: Option<Statement>,
    counters: Option<Statement>,
}

impl ServerProbe {
    /// Connects, if the server lets us.
    pub(super) async fn new(conninfo: Conninfo, database: String) -> Self {
        let mut probe = Self { conninfo, database, link: None, tried: None, notes: Vec::new() };
        probe.connect().await;
        if let Some(link) = &probe.link
            && let Some(note) = missing_rights(&link.connection.client).await
        {
            probe.notes.push(note);
        }
        probe
    }

    /// The process that serves this connection, with its role, to find the
    /// server by.
    pub(super) async fn backend(&self) -> Option<(u32, String, String)> {
        let client = &self.link.as_ref()?.connection.client;
        let asked = "SELECT pg_backend_pid(), session_user::text, current_database()::text \
                     WHERE inet_server_addr() IS NULL";
        let row = client.query_opt(asked, &[]).await.ok()??;
        Some((u32::try_from(row.get::<_, i32>(0)).ok()?, row.get(1), row.get(2)))
    }

    /// What could not be read, each once.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Asks for sessions and progress, and for the counters if `deep`.
    pub(super) async fn read(&mut self, deep: bool) -> ServerReading {
        if self.link.as_ref().is_some_and(|link| link.connection.client.is_closed()) {
            self.link = None;
            self.notes.push(
                "the connection that reads the server's load was lost; it is tried again"
                    .to_owned(),
            );
        }
        let is_due = self.tried.is_none_or(|tried| tried.elapsed() >= RETRY);
        if self.link.is_none() && is_due {
            self.connect().await;
        }
        let Some(link) = &self.link else { return ServerReading::default() };
        // The three are sent at once, so that they cost one round trip.
        let (sessions, progress, counters) = tokio::join!(
            link.rows(link.sessions.as_ref(), &self.database),
            link.rows(link.progress.as_ref(), &self.database),
            link.rows(link.counters.as_ref().filter(|_| deep), &self.database),
        );
        ServerReading {
            sessions: sessions.map(|rows| Sessions::of(rows.iter().map(session))),
            progress: progress.and_then(|rows| rows.first().map(self::progress)),
            counters: counters.and_then(|rows| rows.first().map(self::counters)),
        }
    }

    async fn connect(&mut self) {
        self.tried = Some(Instant::now());
        match Link::new(&self.conninfo, &mut self.notes).await {
            Ok(link) => self.link = Some(link),
            Err(error) => {
                self.notes.push(format!("the server's load cannot be read: {error:#}"));
            }
        }
    }
}

impl Link {
    async fn new(conninfo: &Conninfo, notes: &mut Vec<String>) -> anyhow::Result<Self> {
        let connection = connect(conninfo).await?;
        let client = &connection.client;
        // Never in the way of the restore, and not stuck behind it.
        client.batch_execute("SET statement_timeout = '5s'; SET jit = off").await?;
        let number = client.query_one("SELECT current_setting('server_version_num')::int", &[]);
        let major = number.await?.get::<_, i32>(0) / 10_000;
        let sessions = prepare(client, SESSIONS, "sessions", notes).await;
        let progress = prepare(client, progress_query(major), "progress and WAL", notes).await;
        let counters = prepare(client, &counters_query(major), "counters", notes).await;
        Ok(Self { connection, sessions, progress, counters })
    }

    async fn rows(&self, statement: Option<&Statement>, database: &str) -> Option<Vec<Row>> {
        self.connection.client.query(statement?, &[&database]).await.ok()
    }
}

/// Prepares a query and tries it, so that a missing right shows at once.
async fn prepare(
    client: &Client,
    query: &str,
    what: &str,
    notes: &mut Vec<String>,
) -> Option<Statement> {
    let prepared = async {
        let statement = client.prepare(query).await?;
        client.query(&statement, &[&""]).await?;
        Ok::<_, tokio_postgres::Error>(statement)
    };
    match prepared.await {
        Ok(statement) => Some(statement),
        Err(error) => {
            let reason = error.as_db_error().map_or(error.to_string(), |e| e.message().to_owned());
            notes.push(format!("the server's {what} cannot be read: {reason}"));
            None
        }
    }
}

/// The sessions of other roles show no state to a role without `pg_monitor`.
async fn missing_rights(client: &Client) -> Option<String> {
    let asked = "SELECT current_user::text WHERE NOT pg_has_role('pg_monitor', 'USAGE')";
    let role: String = client.query_opt(asked, &[]).await.ok()??.get(0);
    Some(format!(
        "role {role:?} may not see what sessions of other roles do: their waits are not recorded \
         (GRANT pg_monitor TO {role:?})"
    ))
}

fn progress_query(major: i32) -> &'static str {
    // A standby writes no WAL of its own.
    const PROGRESS: &str = "\
        SELECT CASE WHEN pg_is_in_recovery() THEN NULL \
            ELSE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint END, \
        copies.n, copies.bytes, \
        (SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = $1) \
        FROM (SELECT count(*) AS n, coalesce(sum(bytes_processed), 0)::bigint AS bytes \
            FROM pg_stat_progress_copy WHERE datname = $1) AS copies";
    /// `pg_stat_progress_copy` came with 14, `pg_stat_progress_create_index`
    /// with 12.
    const BEFORE_14: &str = "\
        SELECT CASE WHEN pg_is_in_recovery() THEN NULL \
            ELSE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint END, \
        NULL::bigint, NULL::bigint, NULL::bigint WHERE $1::text IS NOT NULL";
    if major >= 14 { PROGRESS } else { BEFORE_14 }
}

fn counters_query(major: i32) -> String {
    let checkpoints = match major {
        ..=16 => {
            "(SELECT checkpoints_timed + checkpoints_req FROM pg_stat_bgwriter), \
             (SELECT buffers_checkpoint FROM pg_stat_bgwriter)"
        }
        17 => {
            "(SELECT num_timed + num_requested FROM pg_stat_checkpointer), \
             (SELECT buffers_written FROM pg_stat_checkpointer)"
        }
        // Timed ones that had nothing to do count no more.
        _ => {
            "(SELECT num_done FROM pg_stat_checkpointer), \
             (SELECT buffers_written FROM pg_stat_checkpointer)"
        }
    };
    let backends = match major {
        ..=15 => "(SELECT buffers_backend FROM pg_stat_bgwriter) * block",
        16..=17 => {
            "(SELECT sum((coalesce(writes, 0) + coalesce(extends, 0)) * op_bytes)::bigint \
             FROM pg_stat_io WHERE backend_type IN ('client backend', 'background worker'))"
        }
        _ => {
            "(SELECT sum(coalesce(write_bytes, 0) + coalesce(extend_bytes, 0))::bigint \
             FROM pg_stat_io WHERE backend_type IN ('client backend', 'background worker') \
             AND object <> 'wal')"
        }
    };
    let syncs = match major {
        ..=13 => "NULL::bigint",
        14..=17 => "(SELECT wal_sync FROM pg_stat_wal)",
        _ => "(SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal')",
    };
    format!(
        "SELECT block, {checkpoints}, {backends}, {syncs}, \
         (SELECT temp_bytes FROM pg_stat_database WHERE datname = $1), \
         (SELECT pg_database_size(oid) FROM pg_database WHERE datname = $1) \
         FROM (SELECT current_setting('block_size')::bigint AS block) AS page"
    )
}

fn session(row: &Row) -> ([Option<&str>; 4], u64) {
    let text = |column| row.get::<_, Option<&str>>(column);
    ([text(0), text(1), text(2), text(3)], row.get::<_, i64>(4).cast_unsigned())
}

fn number(row: &Row, column: usize) -> Option<u64> {
    u64::try_from(row.get::<_, Option<i64>>(column)?).ok()
}

fn progress(row: &Row) -> Progress {
    let number = |column| number(row, column);
    Progress {
        wal_bytes: number(0),
        copies: number(1),
        copied_bytes: number(2),
        index_builds: number(3),
    }
}

fn counters(row: &Row) -> Counters {
    let number = |column| number(row, column);
    Counters {
        checkpoints: number(1),
        checkpoint_written_bytes: number(2).zip(number(0)).map(|(pages, block)| pages * block),
        backend_written_bytes: number(3),
        wal_syncs: number(4),
        temporary_bytes: number(5),
        database_bytes: number(6),
    }
}
