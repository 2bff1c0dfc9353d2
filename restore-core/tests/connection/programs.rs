//! Finding and running programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A command.
#[expect(clippy::disallowed_methods, reason = "tests start programs of the system themselves")]
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    output
}

/// Whether this process is root, which PostgreSQL refuses to run as.
pub(crate) fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

/// A server's program, run as `postgres` where this process is root.
pub(crate) fn as_server(program: &Path) -> Command {
    if !is_root() {
        return command(program);
    }
    let mut runuser = command("runuser");
    runuser.args(["-u", "postgres", "--"]).arg(program);
    runuser
}

/// Where the newest server's programs are, if there is one.
pub(crate) fn bindir() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "pg_ctl", "postgres", "psql"].iter().all(|name| folder.join(name).is_file())
    };
    let entries = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut majors: Vec<_> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .collect();
    majors.sort();
    let debian = majors.into_iter().rev().map(|(_, folder)| folder.join("bin"));
    let config = command("pg_config").arg("--bindir").output().ok();
    let config = config.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<_> = std::env::split_paths(&path).collect();
    debian.chain(config).chain(path).find(complete)
}
