//! Errors in logs of real restores, attributed to their items.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as expected")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use restore_core::engine::{
    Engine, ErrorSource, PgRestore, Psql, RestoreEnd, RestoreError, RestoreReport, RestoreRequest,
    Target,
};
use restore_core::launch::{CommandLine, Exit, LaunchError, Launcher, Line, Running, Stream};
use restore_core::options::RestoreOptions;
use restore_core::units::Jobs;
use tokio::time::Instant;

/// "Runs" a program by writing what it once wrote.
struct Recorded {
    log: String,
    code: i32,
}

#[async_trait]
impl Launcher for Recorded {
    async fn launch(&self, _: CommandLine) -> Result<Running, LaunchError> {
        let at = Instant::now();
        let (running, task) = Running::new(at);
        for text in self.log.lines() {
            let line = Line { at, stream: Stream::Error, text: text.to_owned() };
            task.lines.send(line).unwrap();
        }
        task.exit.send(Exit { at, code: Some(self.code) }).unwrap();
        Ok(running)
    }
}

fn report(log: &str) -> RestoreReport {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors").join(log);
    let log = std::fs::read_to_string(path).unwrap();
    let is_script = log.starts_with("psql:");
    let launcher = Arc::new(Recorded { log, code: i32::from(!is_script) });
    let request = RestoreRequest {
        archive: "few.dump".into(),
        target: Target { conninfo: String::new(), env: Vec::new() },
        jobs: Jobs::ONE,
        options: RestoreOptions::default(),
        time_limit: None,
    };
    let engine: Box<dyn Engine> =
        if is_script { Box::new(Psql::new(launcher)) } else { Box::new(PgRestore::new(launcher)) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { engine.start(&request).await.unwrap().end.await })
}

/// How often each error was reported for each item; those of sessions, which vary with the
/// number of jobs, are left out.
fn of_items(report: &RestoreReport) -> BTreeMap<(u32, String, String), u32> {
    let mut counts = BTreeMap::new();
    for error in report.errors.kept().iter().filter(|error| !error.is_of_session()) {
        let Some(item) = error.item() else { panic!("no item: {error:?}") };
        let key = (item.id.unwrap().0, item.kind.clone(), error.to_string());
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[test]
fn workers_report_what_a_serial_restore_reports_item_by_item() {
    for major in ["15", "17", "18"] {
        let serial = report(&format!("{major}-j1.log"));
        assert!(serial.end == RestoreEnd::Finished && !serial.is_clean());
        // Of the serial log, which nothing mixes.
        let expected = of_items(&serial);
        assert!(expected.values().sum::<u32>() >= 28, "{major}: {expected:#?}");
        for jobs in [2, 4, 8] {
            let log = format!("{major}-j{jobs}.log");
            let parallel = report(&log);
            assert!(parallel.end == RestoreEnd::Finished, "{log}");
            assert_eq!(of_items(&parallel), expected, "{log}");
        }
    }
}

#[test]
fn every_error_has_its_statement_and_nothing_of_another_line() {
    for major in ["15", "17", "18"] {
        for jobs in [1, 2, 4, 8] {
            for error in report(&format!("{major}-j{jobs}.log")).errors.kept() {
                let parts = [&error.statement, &error.detail, &error.hint, &error.context];
                for part in parts.into_iter().flatten().chain([&error.message]) {
                    assert!(!part.contains("pg_restore:"), "{error:?}");
                    assert!(!part.contains(" item "), "{error:?}");
                }
                let is_query = error.action.as_deref() == Some("could not execute query");
                assert_eq!(is_query, error.statement.is_some(), "{error:?}");
            }
        }
    }
}

#[test]
fn a_newer_client_reports_its_settings_for_each_connection() {
    let report = report("17-on-15-j4.log");
    let unknown = |error: &RestoreError| {
        error.is_of_session()
            && error.source == ErrorSource::Session
            && error.message == "unrecognized configuration parameter \"transaction_timeout\""
    };
    assert_eq!(report.errors.count(), 6);
    assert!(report.errors.kept().iter().all(unknown), "{:#?}", report.errors);
}

#[test]
fn psql_names_lines() {
    let report = report("15-psql.log");
    assert!(report.end == RestoreEnd::Finished && !report.is_clean());
    let lines: Vec<&ErrorSource> = report.errors.kept().iter().map(|error| &error.source).collect();
    assert!(lines.iter().all(|source| matches!(source, ErrorSource::Line(_))), "{lines:?}");
    let first = &report.errors.kept()[0];
    assert_eq!(first.to_string(), "ERROR:  schema \"odd schema\" already exists");
}
