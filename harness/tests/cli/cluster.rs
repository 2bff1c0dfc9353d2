//! A throw-away cluster with the programs beside it, for tests that run
//! PostgreSQL's own programs.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command as Process, Output};

use harness::process::RunAs;

use super::{bindir, has_server, stderr};

/// A running server that is stopped and removed when dropped.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    /// Whom the server runs as, where the test is root.
    run_as: Option<RunAs>,
}

impl Cluster {
    /// The newest PostgreSQL here; `None` where there is none.
    pub(crate) fn start() -> Option<Self> {
        if !has_server() {
            return None;
        }
        let programs = bindir()?;
        let folder = tempfile::tempdir().unwrap();
        let run_as = RunAs::instead_of_root();
        if let Some(user) = &run_as {
            user.own(folder.path()).unwrap();
        }
        let cluster = Self { folder, programs, run_as };
        let data = cluster.data();
        let initdb =
            ["--auth=trust", "--username=postgres", "--no-sync", "--locale=C", "-E", "UTF8"];
        cluster.as_server("initdb", &[&["-D", &data], &initdb[..]].concat());
        let settings = format!(
            "-F -c listen_addresses='' -c unix_socket_directories='{}'",
            cluster.folder.path().display()
        );
        let log = cluster.folder.path().join("log").display().to_string();
        cluster.as_server("pg_ctl", &["start", "-w", "-D", &data, "-l", &log, "-o", &settings]);
        Some(cluster)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn as_server(&self, program: &str, arguments: &[&str]) {
        let mut command = Process::new(self.programs.join(program));
        command.args(arguments).current_dir(self.folder.path()).stdout(std::process::Stdio::null());
        if let Some(user) = &self.run_as {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        assert!(command.status().unwrap().success(), "{program} {arguments:?}");
    }

    /// One of PostgreSQL's programs, connecting to this server.
    pub(crate) fn program(&self, name: &str) -> Process {
        let mut command = Process::new(self.programs.join(name));
        let socket = self.folder.path();
        command.env("PGHOST", socket).env("PGUSER", "postgres").env("TZ", "UTC");
        command
    }

    /// The major version of the programs.
    pub(crate) fn major(&self) -> u32 {
        let version = self.program("pg_restore").arg("--version").output().unwrap();
        let text = String::from_utf8_lossy(&version.stdout).into_owned();
        let number = text.split("(PostgreSQL) ").nth(1).unwrap();
        number.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    }

    /// Runs a statement in the database `postgres`.
    pub(crate) fn sql(&self, statement: &str) -> Output {
        let psql = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", statement];
        let output = self.program("psql").args(psql).output().unwrap();
        assert!(output.status.success(), "{statement}: {}", stderr(&output));
        output
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        self.as_server("pg_ctl", &["stop", "-m", "immediate", "-D", &data]);
    }
}
