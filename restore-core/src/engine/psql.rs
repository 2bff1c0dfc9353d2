//! `psql` as the engine of plain dumps: the serial point of reference.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Engine, EngineError, LineMeaning, Observer, RestoreReport, RestoreRequest, follow};
use crate::event::Happening;
use crate::launch::{CommandLine, Launcher, Stream};
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

    async fn restore(
        &self,
        request: &RestoreRequest,
        observe: Observer<'_>,
    ) -> Result<RestoreReport, EngineError> {
        if request.jobs != Jobs::ONE {
            let jobs = request.jobs;
            return Err(EngineError::Serial { engine: Self::NAME, what: "a plain dump", jobs });
        }
        let running = self.launcher.launch(Self::command(request)).await?;
        Ok(follow(running, request.time_limit, meaning, observe).await)
    }
}

/// `psql:dump.sql:12: ERROR:  ...`: psql goes on after an error and exits
/// with 0, so the lines are what tells.
fn meaning(stream: Stream, line: &str) -> LineMeaning {
    const SERIOUS: [&str; 4] = ["ERROR:  ", "FATAL:  ", "PANIC:  ", "psql: error: "];
    match stream {
        Stream::Output => LineMeaning::Nothing,
        Stream::Error if SERIOUS.iter().any(|word| line.contains(word)) => {
            LineMeaning::Event(Happening::Error(line.to_owned()))
        }
        Stream::Error => LineMeaning::Message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_from_notices() {
        let error = meaning(Stream::Error, "psql:d.sql:3: ERROR:  relation \"x\" does not exist");
        assert!(matches!(error, LineMeaning::Event(Happening::Error(_))));
        let notice = meaning(Stream::Error, "psql:d.sql:3: NOTICE:  ERROR: is no error here");
        assert!(matches!(notice, LineMeaning::Message));
    }
}
