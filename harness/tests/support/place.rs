//! A place for a test that runs the program, and what such tests ask.

#![allow(dead_code, reason = "each test binary uses a part")]
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

/// A place for one test: its own state, cache and run folders.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `jobtune` with these arguments and no state of the user's.
    pub(crate) fn jobtune(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("jobtune").unwrap();
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("JOBTUNE_STATE_DIR", self.path("state"))
            .env("JOBTUNE_CACHE_DIR", self.path("cache"))
            .env_remove("JOBTUNE_LOG");
        command
    }

    /// The same as a process that a test can kill.
    #[expect(clippy::disallowed_methods, reason = "tests kill the program")]
    pub(crate) fn process(&self, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("jobtune"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("JOBTUNE_STATE_DIR", self.path("state"))
            .env("JOBTUNE_CACHE_DIR", self.path("cache"))
            .env_remove("JOBTUNE_LOG");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.jobtune(args).output().unwrap()
    }

    /// Writes a scenario and returns its path.
    pub(crate) fn scenario(&self, text: &str) -> String {
        let path = self.path("scenario.toml");
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// Rows of a run's `trials.csv` without the header.
    pub(crate) fn trials(&self, run: &str) -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_path(self.path(run).join("trials.csv")).unwrap();
        reader.records().map(Result::unwrap).collect()
    }

    /// Rows of a run's `trials.csv` by the names of their columns.
    pub(crate) fn named_trials(
        &self,
        run: &str,
    ) -> Vec<std::collections::BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.path(run).join("trials.csv")).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// Nothing of a run may be left: no lease, no cluster.
    pub(crate) fn assert_clean(&self) {
        let leases = std::fs::read_dir(self.path("state"));
        assert_eq!(leases.map_or(0, Iterator::count), 0, "a lease is left");
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
pub(crate) fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}\n{}", stdout(output), stderr(output));
}

/// The newest folder of PostgreSQL's server programs here.
pub(crate) fn bindir() -> Option<PathBuf> {
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
pub(crate) fn can_run(what: &str, found: bool) -> bool {
    if !found {
        assert!(std::env::var_os("CI").is_none(), "under CI nothing is skipped: {what} is missing");
        eprintln!("skipped: {what} is missing");
    }
    found
}

pub(crate) fn has_server() -> bool {
    can_run("a PostgreSQL server", bindir().is_some() || Path::new("/opt/homebrew").exists())
}
