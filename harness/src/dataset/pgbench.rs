//! pgbench's own tables, with foreign keys.

use restore_core::launch::{CommandLine, succeed};

use crate::provider::Server;

/// Runs `pgbench --initialize`.
pub(super) async fn fill(server: &Server, database: &str, scale: u32) -> anyhow::Result<()> {
    let target = server.target(database);
    let command = CommandLine::new("pgbench")
        .args(["--initialize", "--foreign-keys", "--quiet"])
        .arg(format!("--scale={scale}"))
        .arg(target.conninfo)
        .envs(&target.env);
    succeed(server.launcher().as_ref(), command).await?;
    Ok(())
}
