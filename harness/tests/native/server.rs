//! A PostgreSQL server for these tests, and what they ask of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::place::bindir;

/// A server of its own, reached by its socket alone.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
}

#[expect(clippy::disallowed_methods, reason = "tests start programs of the system themselves")]
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    output
}

impl Server {
    pub(crate) fn start() -> Self {
        let server = Self { folder: tempfile::tempdir().unwrap(), bin: bindir().unwrap() };
        let is_root = nix::unistd::Uid::effective().is_root();
        if is_root {
            run(command("chown").arg("postgres").arg(server.folder.path()));
        }
        // pg_dump of this server writes where anybody can.
        run(command("chmod").arg("755").arg(server.folder.path()));
        let data = server.data();
        run(server.as_owner("initdb").args(["-U", "postgres", "-A", "trust", "-D"]).arg(&data));
        server.start_again();
        server
    }

    /// Ends the server without a checkpoint, and starts it again.
    pub(crate) fn crash_and_restart(&self) {
        run(self.as_owner("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]));
        self.start_again();
    }

    fn start_again(&self) {
        let socket = self.folder.path().display().to_string();
        let settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{socket}' -c fsync=off \
             -c max_connections=40 -c lc_messages=C -c autovacuum=off"
        );
        let log = self.folder.path().join("log");
        run(self
            .as_owner("pg_ctl")
            .arg("-D")
            .arg(self.data())
            .args(["-w", "-o", &settings, "-l"])
            .arg(log)
            .arg("start"));
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of the server, as the user whom it runs as.
    fn as_owner(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        if !nix::unistd::Uid::effective().is_root() {
            return command(program);
        }
        let mut runuser = command("runuser");
        runuser.args(["-u", "postgres", "--"]).arg(program);
        runuser
    }

    /// A client program, connected to this server.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut command = command(self.bin.join(program));
        command.env("PGHOST", self.folder.path()).env("PGUSER", "postgres").env("LC_ALL", "C");
        command
    }

    pub(crate) fn conninfo(&self, database: &str) -> String {
        format!("host={} user=postgres dbname={database}", self.folder.path().display())
    }

    pub(crate) fn create(&self, database: &str) {
        self.create_with(database, &[]);
    }

    pub(crate) fn create_with(&self, database: &str, options: &[&str]) {
        run(self.client("dropdb").args(["--force", "--if-exists", database]));
        run(self.client("createdb").args(["-T", "template0"]).args(options).arg(database));
    }

    /// Runs SQL and gives the rows of its answer.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let output = run(self.client("psql").args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
            "-c",
            sql,
        ]));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Dumps a database with these options into a new archive.
    pub(crate) fn dump(&self, database: &str, archive: &Path, options: &[&str]) {
        run(self.client("pg_dump").args(options).arg("-f").arg(archive).arg(database));
    }

    /// Dumps a database into a pipe.
    pub(crate) fn dump_into_pipe(&self, database: &str, options: &[&str]) -> Vec<u8> {
        run(self.client("pg_dump").args(options).arg(database).stdout(Stdio::piped())).stdout
    }

    /// Restores with `pg_restore`; gives the server's errors, sorted.
    pub(crate) fn pg_restore(&self, database: &str, archive: &Path, args: &[&str]) -> Vec<String> {
        let output =
            self.client("pg_restore").args(["-d", database]).args(args).arg(archive).output();
        errors(&String::from_utf8_lossy(&output.unwrap().stderr))
    }

    /// The listing of an archive.
    pub(crate) fn listing(&self, archive: &Path) -> String {
        let output = run(self.client("pg_restore").arg("-l").arg(archive));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What `pg_dump` prints of a database, line by line, sorted: the order of
    /// rows is nobody's promise.
    pub(crate) fn contents(&self, database: &str) -> Vec<String> {
        let output = run(self.client("pg_dump").arg(database));
        let is_key =
            |line: &&[u8]| line.starts_with(b"\\restrict") || line.starts_with(b"\\unrestrict");
        // Of a database in SQL_ASCII the lines are bytes of any kind.
        let lines = output.stdout.split(|&byte| byte == b'\n').filter(|line| !is_key(line));
        let mut lines: Vec<String> = lines.map(|line| line.escape_ascii().to_string()).collect();
        lines.sort();
        lines
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.as_owner("pg_ctl");
        stop.arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]);
        let _ = stop.output();
    }
}

/// The errors that the server gave, in the order of their texts.
pub(crate) fn errors(said: &str) -> Vec<String> {
    let mut errors: Vec<String> = said
        .lines()
        .filter_map(|line| line.find("ERROR:  ").map(|at| line[at..].to_owned()))
        .collect();
    errors.sort();
    errors
}
