//! Runs what a scenario asks for around each restore: SQL scripts in the
//! database of the trial, and commands on this machine.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use restore_core::launch::{CommandLine, Output, output};
use restore_core::units::Jobs;
use tokio::time::Instant;

use crate::dataset::script_command;
use crate::process::LocalLauncher;
use crate::provider::Server;
use crate::scenario::Hooks;

/// Lines of a failed program that its error quotes: a message of PostgreSQL with
/// its detail, hint and context.
const QUOTED_LINES: usize = 8;

/// The trial that hooks run around.
pub(super) struct Around<'a> {
    pub(super) hooks: &'a Hooks,
    pub(super) server: &'a Server,
    pub(super) database: &'a str,
    /// Its number; 0 for a warm-up.
    pub(super) trial: u32,
    pub(super) jobs: Jobs,
}

impl Around<'_> {
    /// Runs the scripts of `before`, then the commands of `prepare`. How long
    /// that took; `None` if there are none.
    pub(super) async fn before(&self) -> anyhow::Result<Option<Duration>> {
        let Hooks { before, prepare, .. } = self.hooks;
        let begun = Instant::now();
        for script in before {
            self.script("before", script).await?;
        }
        for command in prepare {
            self.command("prepare", command).await?;
        }
        Ok((before.len() + prepare.len() > 0).then(|| begun.elapsed()))
    }

    /// Runs the scripts of `after`. Their rows are there when rows are counted.
    pub(super) async fn after(&self) -> anyhow::Result<Option<Duration>> {
        let begun = Instant::now();
        for script in &self.hooks.after {
            self.script("after", script).await?;
        }
        Ok((!self.hooks.after.is_empty()).then(|| begun.elapsed()))
    }

    /// Runs the commands of `cleanup`, each of them whatever became of the
    /// others.
    pub(super) async fn cleanup(&self) -> anyhow::Result<Option<Duration>> {
        let begun = Instant::now();
        let mut result = Ok(());
        for command in &self.hooks.cleanup {
            result = result.and(self.command("cleanup", command).await);
        }
        result.map(|()| (!self.hooks.cleanup.is_empty()).then(|| begun.elapsed()))
    }

    async fn script(&self, key: &str, script: &Path) -> anyhow::Result<()> {
        let command = script_command(&self.server.target(self.database), script);
        let said = output(self.server.launcher().as_ref(), command).await?;
        if !said.exit.success() {
            bail!("[restore] {key} failed: {}", psql_error(script, &said));
        }
        Ok(())
    }

    async fn command(&self, key: &str, command: &str) -> anyhow::Result<()> {
        let target = self.server.target_here(self.database);
        let own = [
            ("JOBTUNE_DATABASE", self.database.to_owned()),
            ("JOBTUNE_CONNINFO", target.conninfo),
            ("JOBTUNE_TRIAL", self.trial.to_string()),
            ("JOBTUNE_JOBS", self.jobs.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let shell = CommandLine::new("sh").args(["-c", command]).envs(&own).envs(&target.env);
        let said = output(&LocalLauncher::on_path(), shell).await?;
        if !said.exit.success() {
            bail!("[restore] {key} failed: `{command}` {}", shell_error(&said));
        }
        Ok(())
    }
}

/// What psql said last, which is why it stopped: `FILE:LINE: ERROR:  ...`.
fn psql_error(script: &Path, said: &Output) -> String {
    let start = said.stderr.iter().rposition(|line| line.starts_with("psql:"));
    let lines = &said.stderr[start.unwrap_or(0)..];
    let text = lines[..lines.len().min(QUOTED_LINES)].join("\n");
    match text.strip_prefix("psql:") {
        Some(text) if text.starts_with(&*script.to_string_lossy()) => text.to_owned(),
        Some(text) => format!("{}: {}", script.display(), text.trim_start()),
        None => format!("{}: psql {} {text}", script.display(), status(said)),
    }
}

/// How a command ended, and the end of what it said.
fn shell_error(said: &Output) -> String {
    let lines = if said.stderr.is_empty() { &said.stdout } else { &said.stderr };
    let mut text = status(said);
    for (place, line) in lines[lines.len().saturating_sub(QUOTED_LINES)..].iter().enumerate() {
        // Writing into memory does not fail.
        let _ = write!(text, "{}{line}", if place == 0 { ": " } else { "\n" });
    }
    text
}

fn status(said: &Output) -> String {
    match said.exit.code {
        Some(code) => format!("ended with exit status {code}"),
        None => "was ended by a signal".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use restore_core::launch::Exit;

    use super::*;

    fn said(stderr: &[&str]) -> Output {
        Output {
            stdout: vec!["out".to_owned()],
            stderr: stderr.iter().map(|line| (*line).to_owned()).collect(),
            exit: Exit { at: Instant::now(), code: Some(3) },
            wall: Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn the_last_message_of_psql_is_the_reason() {
        let script = Path::new("/s/pre.sql");
        let seen = said(&[
            "psql:/s/pre.sql:1: NOTICE:  table \"t\" does not exist, skipping",
            "psql:/s/pre.sql:3: ERROR:  syntax error at or near \"TABEL\"",
            "LINE 1: CREATE TABEL t ();",
            "               ^",
        ]);
        let told = psql_error(script, &seen);
        assert!(told.starts_with("/s/pre.sql:3: ERROR:  syntax error"), "{told}");
        assert!(told.ends_with('^') && !told.contains("NOTICE"), "{told}");
        let seen = said(&["psql: error: /s/pre.sql: No such file or directory"]);
        let told = psql_error(script, &seen);
        assert_eq!(told, "/s/pre.sql: error: /s/pre.sql: No such file or directory");
    }

    #[tokio::test]
    async fn a_command_is_quoted_by_its_end() {
        assert_eq!(shell_error(&said(&["a", "b"])), "ended with exit status 3: a\nb");
        assert_eq!(shell_error(&said(&[])), "ended with exit status 3: out");
    }
}
