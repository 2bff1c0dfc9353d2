//! `pg_restore` three times: pre-data, data and post-data, each with a `-j` of its own, and SQL
//! between the last two.
//!
//! A VACUUM there sets the visibility map, so that keys are checked by index-only scans instead of
//! whole heaps (`RI_Initial_Check`, PostgreSQL 17, `ri_triggers.c`).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::RestoreErrors;
use super::pg_restore::PgRestore;
use super::pg_restore_log::LogReader;
use super::program::follow;
use super::restore::{Outcome, Reporter, Restore, RestoreEnd, RestoreReport};
use super::{Engine, EngineError, RestoreRequest};
use crate::control::Command;
use crate::event::{EventKind, ItemName, ItemTiming, Phase, Step};
use crate::launch::{CommandLine, Launcher, output, output_within};
use crate::units::Jobs;

/// Workers of each section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionJobs {
    /// Of pre-data, which `pg_restore` restores with its leader alone whatever this says.
    pub pre: Jobs,
    /// Of the rows.
    pub data: Jobs,
    /// Of indexes, constraints and triggers.
    pub post: Jobs,
}

/// Restores an archive section by section.
pub struct PgRestoreSections {
    launcher: Arc<dyn Launcher>,
    jobs: SectionJobs,
    between: Vec<String>,
}

impl PgRestoreSections {
    /// The name of this engine in records.
    pub const NAME: &'static str = "sections";

    /// The kind of the items that stand for SQL between sections.
    pub const SQL: &'static str = "SQL";

    /// Uses the programs that `launcher` finds, and runs `between` before post-data.
    pub fn new(launcher: Arc<dyn Launcher>, jobs: SectionJobs, between: Vec<String>) -> Self {
        Self { launcher, jobs, between }
    }

    fn steps(&self) -> Vec<SectionStep> {
        let section = |name, jobs| SectionStep::Section { name, jobs };
        let mut steps = vec![section("pre-data", self.jobs.pre), section("data", self.jobs.data)];
        steps.extend(self.between.iter().cloned().map(SectionStep::Sql));
        steps.push(section("post-data", self.jobs.post));
        steps
    }
}

enum SectionStep {
    Section { name: &'static str, jobs: Jobs },
    Sql(String),
}

#[async_trait]
impl Engine for PgRestoreSections {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn start(&self, request: &RestoreRequest) -> Result<Restore, EngineError> {
        let (launcher, steps) = (Arc::clone(&self.launcher), self.steps());
        let request = request.clone();
        Ok(Restore::new(move |reporter, commands| async move {
            let outcome = Outcome {
                wall: Duration::ZERO,
                end: RestoreEnd::Finished,
                exit_code: Some(0),
                errors: RestoreErrors::default(),
            };
            let began = Instant::now();
            let items = Vec::new();
            let run = Run { launcher, request, began, reporter, commands, outcome, items };
            run.all(steps).await
        }))
    }
}

struct Run {
    launcher: Arc<dyn Launcher>,
    request: RestoreRequest,
    began: Instant,
    reporter: Reporter,
    commands: mpsc::UnboundedReceiver<Command>,
    outcome: Outcome,
    /// Of the steps that have ended: what is still open at the end of a program ended with it.
    items: Vec<ItemTiming>,
}

impl Run {
    async fn all(mut self, steps: Vec<SectionStep>) -> RestoreReport {
        for step in steps {
            match step {
                SectionStep::Section { name, jobs } => self.section(name, jobs).await,
                SectionStep::Sql(sql) => self.sql(&sql).await,
            }
            // A section with errors is followed by the next, as in one restore.
            if self.outcome.end != RestoreEnd::Finished {
                break;
            }
        }
        self.outcome.wall = self.began.elapsed();
        let items = self.items;
        RestoreReport { items, ..self.reporter.report(self.outcome) }
    }

    async fn section(&mut self, name: &str, jobs: Jobs) {
        let elapsed = self.began.elapsed();
        let time_limit = self.request.time_limit.map(|limit| limit.saturating_sub(elapsed));
        let request = RestoreRequest { jobs, time_limit, ..self.request.clone() };
        let mut options = request.options.clone();
        if let Err(error) = options.read_words(&[format!("--section={name}")]) {
            return self.fail(&error.to_string());
        }
        let request = RestoreRequest { options, ..request };
        let running = match self.launcher.launch(PgRestore::command(&request)).await {
            Ok(running) => running,
            Err(error) => return self.fail(&error.to_string()),
        };
        if name == "data" {
            self.reporter.tell(self.began.elapsed(), EventKind::Phase { phase: Phase::Main });
        }
        let offset = running.started() - self.began;
        let reader = LogReader::default();
        let Restore { mut events, control, mut end } =
            follow(PgRestore::NAME, running, request.time_limit, reader);
        let report = loop {
            tokio::select! {
                report = &mut end => break report,
                Some(event) = events.recv() => self.tell(offset + event.at, event.kind),
                Some(command) = self.commands.recv() => drop(control.send(command)),
            }
        };
        while let Ok(event) = events.try_recv() {
            self.tell(offset + event.at, event.kind);
        }
        self.take(report, offset);
    }

    /// What of a section's events is one of the whole restore.
    fn tell(&mut self, at: Duration, kind: EventKind) {
        if !matches!(kind, EventKind::Begun { .. } | EventKind::Phase { .. } | EventKind::Ended) {
            self.reporter.tell(at, kind);
        }
    }

    fn take(&mut self, report: RestoreReport, offset: Duration) {
        let later = |timing: ItemTiming| ItemTiming {
            start: timing.start + offset,
            end: timing.end + offset,
            ..timing
        };
        self.items.extend(report.items.into_iter().map(later));
        self.outcome.end = report.end;
        if report.exit_code != Some(0) {
            self.outcome.exit_code = report.exit_code;
        }
        let unread = report.errors.count() - report.errors.kept().len() as u32;
        report.errors.kept().iter().cloned().for_each(|error| self.outcome.errors.push(error));
        self.outcome.errors.add_unread(unread);
        report.messages.iter().for_each(|line| self.reporter.keep(line));
    }

    async fn sql(&mut self, sql: &str) {
        let item =
            ItemName { id: None, kind: PgRestoreSections::SQL.to_owned(), name: sql.to_owned() };
        let step = Step::Whole;
        let started = EventKind::Started { worker: 0, item: item.clone(), step };
        let start = self.began.elapsed();
        self.reporter.tell(start, started);
        let command = CommandLine::new("psql")
            .args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"])
            .arg(format!("--dbname={}", self.request.target.conninfo))
            .arg(format!("--command={sql}"))
            .envs(&self.request.target.env);
        let ran = match self.request.time_limit {
            None => output(self.launcher.as_ref(), command).await.map(Some),
            Some(limit) => {
                let left = limit.saturating_sub(self.began.elapsed());
                output_within(left, self.launcher.as_ref(), command).await
            }
        };
        let end = self.began.elapsed();
        self.items.push(ItemTiming { item: item.clone(), step, lane: 0, start, end });
        self.reporter.tell(end, EventKind::Finished { worker: 0, item, step, rows: None });
        match ran {
            Ok(None) => self.outcome.end = RestoreEnd::Stopped,
            Ok(Some(said)) if said.exit.success() => {}
            Ok(Some(said)) => self.fail(&format!("{sql}: {}", said.stderr.join("\n"))),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    fn fail(&mut self, message: &str) {
        self.reporter.keep(message);
        self.outcome.end = RestoreEnd::Failed;
        self.outcome.exit_code = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_runs_before_post_data() {
        struct Nowhere;

        #[async_trait]
        impl Launcher for Nowhere {
            async fn launch(
                &self,
                command: CommandLine,
            ) -> Result<crate::launch::Running, crate::launch::LaunchError> {
                unreachable!("{command:?}")
            }
        }

        let jobs = SectionJobs { pre: Jobs::ONE, data: Jobs::ONE, post: Jobs::ONE };
        let engine = PgRestoreSections::new(Arc::new(Nowhere), jobs, vec!["VACUUM".to_owned()]);
        let names: Vec<String> = engine
            .steps()
            .into_iter()
            .map(|step| match step {
                SectionStep::Section { name, .. } => name.to_owned(),
                SectionStep::Sql(sql) => sql,
            })
            .collect();
        assert_eq!(names, ["pre-data", "data", "VACUUM", "post-data"]);
    }
}
