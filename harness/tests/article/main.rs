//! What `jobtune report` writes: its numbers, its pictures, hostile names,
//! odd runs, large runs, and the page in a browser.

#![allow(clippy::disallowed_methods, reason = "tests start what they test, and time it")]
#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

mod browser;
mod driver;
mod figures;
mod folder;
mod hostile;
mod markdown;
mod numbers;
mod odd;
mod pictures;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use scraper::{Html, Selector};
use serde_json::Value;

/// A report as it was written.
struct Written {
    guard: tempfile::TempDir,
}

impl Written {
    /// Runs `jobtune report` on these run folders.
    fn of(guard: tempfile::TempDir, runs: &[&str], more: &[&str]) -> Self {
        let mut command = Command::cargo_bin("jobtune").unwrap();
        command.current_dir(guard.path()).arg("report").args(runs).args(["--out", "out"]);
        command.args(more).assert().success();
        Self { guard }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.guard.path().join("out").join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text("report.json")).unwrap()
    }

    fn page(&self) -> Html {
        Html::parse_document(&self.text("index.html"))
    }

    /// The pictures by name.
    fn pictures(&self, extension: &str) -> Vec<(String, PathBuf)> {
        let files = std::fs::read_dir(self.path("plots")).unwrap().flatten();
        let mut found: Vec<(String, PathBuf)> = files
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|own| own == extension))
            .map(|path| (stem(&path), path))
            .collect();
        found.sort();
        found
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn select(selector: &str) -> Selector {
    Selector::parse(selector).unwrap()
}
