//! `psql` as the engine of plain dumps: the serial point of reference.

use std::sync::Arc;

use async_trait::async_trait;

use super::program::follow;
use super::psql_log::LogReader;
use super::{Engine, EngineError, Restore, RestoreRequest};
use crate::launch::{CommandLine, Launcher};
use crate::units::Jobs;

/// Feeds an SQL script to `psql`.
pub struct Psql {
    launcher: Arc<dyn Launcher>,
}

impl Psql {
    /// The name of this engine in records.
    pub const NAME: &'static str = "psql";

    /// Uses the `psql` that `launcher` finds.
    pub fn new(launcher: Arc<dyn Launcher>) -> Self {
        Self { launcher }
    }

    /// The command that a request comes to.
    pub fn command(request: &RestoreRequest) -> CommandLine {
        let mut command = CommandLine::new("psql")
            .args(["--no-psqlrc", "--quiet", "--no-password", "--output=/dev/null"])
            .arg(format!("--dbname={}", request.target.conninfo))
            .arg(format!("--file={}", request.archive.to_string_lossy()))
            .envs(&request.target.env);
        command.env.push(("LC_ALL".to_owned(), "C".to_owned()));
        command
    }
}

#[async_trait]
impl Engine for Psql {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn start(&self, request: &RestoreRequest) -> Result<Restore, EngineError> {
        if request.jobs != Jobs::ONE {
            let jobs = request.jobs;
            return Err(EngineError::Serial { engine: Self::NAME, what: "a plain dump", jobs });
        }
        let running = self.launcher.launch(Self::command(request)).await?;
        Ok(follow(Self::NAME, running, request.time_limit, LogReader::default()))
    }
}
