//! What a server says of itself.

use std::collections::BTreeMap;

use anyhow::Context as _;
use tokio_postgres::Client;

/// `server_version_num` without the minor version.
pub(super) async fn server_major(client: &Client) -> anyhow::Result<u32> {
    let number: i32 = client
        .query_one("SELECT current_setting('server_version_num')::int", &[])
        .await
        .context("the server does not tell its version")?
        .get(0);
    Ok(number as u32 / 10_000)
}

/// Settings that differ from the compiled-in defaults, and those that matter
/// most to a restore in any case (PostgreSQL 17 manual, 14.4 and 19).
pub(super) async fn settings(client: &Client) -> anyhow::Result<BTreeMap<String, String>> {
    const MATTER: &[&str] = &[
        "autovacuum",
        "checkpoint_timeout",
        "effective_io_concurrency",
        "fsync",
        "full_page_writes",
        "io_method",
        "maintenance_work_mem",
        "max_connections",
        "max_parallel_maintenance_workers",
        "max_parallel_workers",
        "max_wal_size",
        "max_worker_processes",
        "shared_buffers",
        "synchronous_commit",
        "wal_buffers",
        "wal_compression",
        "wal_level",
    ];
    /// Of the place and the account, and nothing to do with speed.
    const PRIVATE: &str = "application_name|client_encoding|.*_file|.*_directory|\
                           .*_directories|listen_addresses|port|log_.*|lc_.*|default_text_search_config|\
                           .*timezone.*|datestyle|ssl.*|krb_.*|cluster_name|dynamic_library_path|\
                           primary_conninfo|.*_command";

    let rows = client
        .query(
            "SELECT name, current_setting(name) FROM pg_settings \
             WHERE name = ANY($1) OR (setting IS DISTINCT FROM boot_val AND context <> 'internal' \
             AND lower(name) !~ ('^(' || $2 || ')$') AND source NOT IN ('client', 'session', 'override'))",
            &[&MATTER, &PRIVATE],
        )
        .await
        .context("cannot read the server's settings")?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
