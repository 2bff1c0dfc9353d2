//! Who keeps the workers waiting: a lock of somebody else stops a restore
//! without an error.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_postgres::Error as PgError;

use crate::connection::{Connection, Conninfo, connect};

/// How long nothing may end before somebody looks.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Sessions that hold a lock which a session of this restore waits for.
/// `pg_blocking_pids` is there from PostgreSQL 9.6 on.
const HOLDERS: &str = "\
    WITH own AS (SELECT * FROM pg_catalog.pg_stat_activity WHERE datname = current_database() \
      AND application_name = current_setting('application_name')) \
    SELECT DISTINCT holder.pid, pg_catalog.concat_ws(' ', holder.usename, \
      'on ' || holder.datname), coalesce(holder.state, holder.backend_type), \
      pg_catalog.left(pg_catalog.regexp_replace(holder.query, '\\s+', ' ', 'g'), 80) \
    FROM own, pg_catalog.unnest(pg_catalog.pg_blocking_pids(own.pid)) AS blocker(pid) \
    JOIN pg_catalog.pg_stat_activity holder ON holder.pid = blocker.pid \
    WHERE holder.pid NOT IN (SELECT pid FROM own) ORDER BY 1";

/// Looks for locks of others, over a connection of its own.
#[derive(Debug, Default)]
pub(crate) struct LockWatch {
    connection: Option<Connection>,
    told: BTreeSet<i32>,
}

impl LockWatch {
    /// A sentence for each session that was not told of before. A server that
    /// cannot be asked tells nothing.
    pub(crate) async fn look(&mut self, target: &Conninfo) -> Vec<String> {
        if self.connection.is_none() {
            self.connection = connect(target).await.ok();
        }
        match self.ask().await {
            Ok(sentences) => sentences,
            Err(error) => {
                tracing::debug!(%error, "cannot ask who holds locks");
                self.connection = None;
                Vec::new()
            }
        }
    }

    async fn ask(&mut self) -> Result<Vec<String>, PgError> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let mut sentences = Vec::new();
        for row in connection.client.query(HOLDERS, &[]).await? {
            let pid: i32 = row.get(0);
            let [who, state, query] = [1, 2, 3].map(|at| row.get::<_, Option<String>>(at));
            if self.told.insert(pid) {
                sentences.push(format!(
                    "waiting for a lock that process {pid} holds ({}, {}): {}",
                    who.unwrap_or_default(),
                    state.unwrap_or_default(),
                    query.unwrap_or_default()
                ));
            }
        }
        Ok(sentences)
    }
}
