//! The program as a user runs it, on throw-away clusters.

#![expect(clippy::disallowed_methods, reason = "tests start what they test")]
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as expected")]
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

mod bad_input;
mod bottlenecks;
mod containers;
mod external;
mod faults;
mod inspect;
mod layers;
mod licences;
mod live;
mod load;
mod results;
mod scenarios;
mod survival;
mod verdicts;
mod workload;

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

/// A place for one test: its own state, cache and run folders.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `jobtune` with these arguments and no state of the user's.
    fn jobtune(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("jobtune").unwrap();
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("JOBTUNE_STATE_DIR", self.path("state"))
            .env("JOBTUNE_CACHE_DIR", self.path("cache"))
            .env_remove("JOBTUNE_LOG");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.jobtune(args).output().unwrap()
    }

    /// Writes a scenario and returns its path.
    fn scenario(&self, text: &str) -> String {
        let path = self.path("scenario.toml");
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// Rows of a run's `trials.csv` without the header.
    fn trials(&self, run: &str) -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_path(self.path(run).join("trials.csv")).unwrap();
        reader.records().map(Result::unwrap).collect()
    }

    /// Rows of a run's `trials.csv` by the names of their columns.
    fn named_trials(&self, run: &str) -> Vec<std::collections::BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.path(run).join("trials.csv")).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// Nothing of a run may be left: no lease, no cluster.
    fn assert_clean(&self) {
        let leases = std::fs::read_dir(self.path("state"));
        assert_eq!(leases.map_or(0, Iterator::count), 0, "a lease is left");
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}\n{}", stdout(output), stderr(output));
}

/// The newest folder of PostgreSQL's server programs here.
fn bindir() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop()
}

/// Whether tests of a kind can run here. Under CI they must.
fn can_run(what: &str, found: bool) -> bool {
    if !found {
        assert!(std::env::var_os("CI").is_none(), "under CI nothing is skipped: {what} is missing");
        eprintln!("skipped: {what} is missing");
    }
    found
}

fn has_server() -> bool {
    can_run("a PostgreSQL server", bindir().is_some() || Path::new("/opt/homebrew").exists())
}
