//! Scripts of the user's own.

use std::path::PathBuf;

use anyhow::Context as _;
use restore_core::launch::{CommandLine, succeed};

use crate::provider::Server;

/// Runs the scripts in their order; the first error ends it, and psql tells
/// its file and line.
pub(super) async fn fill(server: &Server, database: &str, files: &[PathBuf]) -> anyhow::Result<()> {
    let target = server.target(database);
    for file in files {
        let command = CommandLine::new("psql")
            .args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"])
            .arg("--output=/dev/null")
            .arg(format!("--dbname={}", target.conninfo))
            .arg(format!("--file={}", file.display()))
            .envs(&target.env);
        succeed(server.launcher().as_ref(), command)
            .await
            .with_context(|| format!("the script {} failed", file.display()))?;
    }
    Ok(())
}
