//! Restores by our own engine, held against those of `pg_restore`: the same
//! contents, the same errors.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod control;
mod encodings;
mod faults;
mod fidelity;
#[path = "../support/place.rs"]
mod place;
mod resume;
mod server;
mod verify;

use std::path::Path;
use std::process::Output;

use place::{Place, has_server, stderr};
use server::{Server, errors};

/// A server, and two databases of it.
struct Arena {
    server: Server,
    place: Place,
}

impl Arena {
    /// `None` where there is no server to be had.
    fn new() -> Option<Self> {
        has_server().then(|| Self { server: Server::start(), place: Place::new() })
    }

    /// Restores with jobtune, and gives the server's errors, sorted.
    fn restore(&self, database: &str, archive: &Path, args: &[&str]) -> Vec<String> {
        let target = self.server.conninfo(database);
        let mut command = self.place.jobtune(&["--quiet", "restore", "-d", &target]);
        let output = command.args(args).arg(archive).output().unwrap();
        let said = stderr(&output);
        let found = errors(&said);
        let expected = i32::from(!found.is_empty());
        assert_eq!(output.status.code(), Some(expected), "{args:?}: {said}");
        found
    }

    /// Restores what comes on standard input.
    fn restore_from_pipe(&self, database: &str, args: &[&str], bytes: &[u8]) -> Output {
        let target = self.server.conninfo(database);
        let mut command = self.place.jobtune(&["--quiet", "restore", "-", "-d", &target]);
        command.args(args).write_stdin(bytes).output().unwrap()
    }

    /// Restores an archive both ways into fresh databases, and compares
    /// contents and errors.
    fn compare(&self, archive: &Path, shared: &[&str], own: &[&str]) {
        self.compare_in(&[], archive, shared, own);
    }

    /// The same in databases that `createdb` makes with these options.
    fn compare_in(&self, database: &[&str], archive: &Path, shared: &[&str], own: &[&str]) {
        self.server.create_with("theirs", database);
        let errors = self.server.pg_restore("theirs", archive, shared);
        let expected = self.server.contents("theirs");
        self.compare_with(archive, &expected, &errors, database, &[shared, own].concat());
    }

    /// Restores with jobtune into a database that `createdb` makes with these options.
    fn compare_with(
        &self,
        archive: &Path,
        expected: &[String],
        expected_errors: &[String],
        database: &[&str],
        args: &[&str],
    ) {
        self.server.create_with("ours", database);
        // Errors may name the database, which each side has its own of.
        let named = |error: &String| error.replace("database theirs", "database ours");
        let expected_errors: Vec<String> = expected_errors.iter().map(named).collect();
        let found = self.restore("ours", archive, args);
        assert_eq!(found, expected_errors, "errors of {} {args:?}", archive.display());
        assert_same(expected, &self.server.contents("ours"), archive, args);
    }
}

/// Fails with the first lines that differ.
fn assert_same(expected: &[String], found: &[String], archive: &Path, args: &[&str]) {
    if expected == found {
        return;
    }
    let missing = expected.iter().filter(|line| !found.contains(line)).take(5);
    let surplus = found.iter().filter(|line| !expected.contains(line)).take(5);
    panic!(
        "{} {args:?}: missing {:#?}, surplus {:#?}",
        archive.display(),
        missing.collect::<Vec<_>>(),
        surplus.collect::<Vec<_>>()
    );
}
