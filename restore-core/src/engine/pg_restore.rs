//! The reference engine: PostgreSQL's own `pg_restore`.

use std::sync::Arc;

use async_trait::async_trait;

use super::pg_restore_log::LogReader;
use super::program::follow;
use super::{Engine, EngineError, Restore, RestoreRequest};
use crate::launch::{CommandLine, Launcher};

/// Runs `pg_restore` and times its items by its verbose log.
pub struct PgRestore {
    launcher: Arc<dyn Launcher>,
}

impl PgRestore {
    /// The name of this engine in records.
    pub const NAME: &'static str = "pg_restore";

    /// Uses the `pg_restore` that `launcher` finds.
    pub fn new(launcher: Arc<dyn Launcher>) -> Self {
        Self { launcher }
    }

    /// The command that a request comes to.
    pub fn command(request: &RestoreRequest) -> CommandLine {
        let mut command = CommandLine::new("pg_restore")
            .arg(format!("--dbname={}", request.target.conninfo))
            .arg(format!("--jobs={}", request.jobs))
            .arg("--verbose")
            .arg("--no-password")
            .envs(&request.target.env);
        // Messages are parsed, and translated in other locales.
        command.env.push(("LC_ALL".to_owned(), "C".to_owned()));
        command.args(request.options.arguments()).arg(request.archive.to_string_lossy())
    }
}

#[async_trait]
impl Engine for PgRestore {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn start(&self, request: &RestoreRequest) -> Result<Restore, EngineError> {
        let running = self.launcher.launch(Self::command(request)).await?;
        Ok(follow(Self::NAME, running, request.time_limit, LogReader::default()))
    }
}
