//! The only door to child processes on this machine.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Gid, Pid, Uid, User};
use restore_core::engine::Native;
use restore_core::launch::{
    CommandLine, Exit, LaunchError, Launcher, Line, Running, RunningTask, StopSignal, Stream,
};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// How long a program may take to obey SIGTERM before SIGKILL.
const GRACE: Duration = Duration::from_secs(5);

/// How long to go on reading once a program has ended: whatever it wrote is
/// in the pipe already, but a daemon that it left behind may hold the pipe
/// open for ever.
const DRAIN: Duration = Duration::from_millis(500);

/// Another user to run a program as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunAs {
    /// Name of the user.
    pub name: String,
    /// Its number.
    pub uid: Uid,
    /// The number of its group.
    pub gid: Gid,
}

impl RunAs {
    /// Whom a PostgreSQL server runs as when this process is root, which it
    /// refuses: `postgres` where that user exists, else `nobody`. `None` if
    /// this process is not root.
    pub fn instead_of_root() -> Option<Self> {
        if !Uid::effective().is_root() {
            return None;
        }
        ["postgres", "nobody"].into_iter().find_map(|name| {
            let user = User::from_name(name).ok().flatten()?;
            Some(Self { name: user.name, uid: user.uid, gid: user.gid })
        })
    }

    /// Gives `path` to this user.
    pub fn own(&self, path: &Path) -> io::Result<()> {
        nix::unistd::chown(path, Some(self.uid), Some(self.gid)).map_err(io::Error::from)
    }
}

/// This program, where it is itself what is to be run: as the native engine.
/// A container sees it under the same path.
pub fn own_program(name: &str) -> Option<PathBuf> {
    (name == Native::PROGRAM).then(std::env::current_exe)?.ok()
}

/// Runs programs on this machine.
#[derive(Debug, Clone)]
pub struct LocalLauncher {
    bindir: Option<PathBuf>,
    run_as: Option<RunAs>,
}

impl LocalLauncher {
    /// Runs the programs of this folder.
    pub fn in_folder(bindir: &Path) -> Self {
        Self { bindir: Some(bindir.to_owned()), run_as: None }
    }

    /// Runs the programs that PATH finds.
    pub fn on_path() -> Self {
        Self { bindir: None, run_as: None }
    }

    /// The same as another user.
    #[must_use]
    pub fn as_user(mut self, user: Option<RunAs>) -> Self {
        self.run_as = user;
        self
    }

    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn command(&self, line: &CommandLine) -> Command {
        let program = match (own_program(line.program), &self.bindir) {
            (Some(own), _) => own,
            (None, Some(bindir)) => bindir.join(line.program),
            (None, None) => PathBuf::from(line.program),
        };
        let mut command = Command::new(program);
        // A conninfo says all there is to say to libpq; a PGSERVICE or
        // PGOPTIONS of the user's would change what is measured.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command
            .args(&line.args)
            .envs(line.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: the terminal's Ctrl-C is for us, and we can
            // stop the program with all its workers.
            .process_group(0);
        if let Some(user) = &self.run_as {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            // The current folder may be closed to that user.
            command.current_dir("/");
        }
        command
    }
}

/// Traces a program with its arguments, which hold no secret, as a shell would
/// take them.
pub fn trace_start(line: &CommandLine, place: &str) {
    let words = std::iter::once(line.program).chain(line.args.iter().map(String::as_str));
    let command = shlex::try_join(words).unwrap_or_else(|_| line.program.to_owned());
    tracing::debug!(%command, place, "starting a program");
}

#[async_trait]
impl Launcher for LocalLauncher {
    async fn launch(&self, line: CommandLine) -> Result<Running, LaunchError> {
        trace_start(&line, "this machine");
        let started = Instant::now();
        let child = self.command(&line).spawn().map_err(|error| LaunchError {
            program: line.program.to_owned(),
            reason: error.to_string(),
        })?;
        let (running, task) = Running::new(started);
        tokio::spawn(tend(child, task, line.stop));
        Ok(running)
    }
}

/// Reads what the child writes, and stops it when told to.
async fn tend(mut child: Child, task: RunningTask, by: StopSignal) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let output = child.stdout.take().map(|pipe| pump(pipe, Stream::Output, task.lines.clone()));
    let errors = child.stderr.take().map(|pipe| pump(pipe, Stream::Error, task.lines));
    let readers = tokio::spawn(async move {
        tokio::join!(maybe(output), maybe(errors));
    });
    let status = tokio::select! {
        status = child.wait() => status,
        _ = task.stop => stop(&mut child, group, by).await,
    };
    let exit = Exit { at: Instant::now(), code: status.ok().and_then(exit_code) };
    tracing::debug!(group = group.map(Pid::as_raw), status = exit.code, "a program ended");
    let abort = readers.abort_handle();
    if timeout(DRAIN, readers).await.is_err() {
        abort.abort();
    }
    // Nobody may be waiting any more.
    let _ = task.exit.send(exit);
}

async fn maybe(future: Option<impl Future<Output = ()>>) {
    if let Some(future) = future {
        future.await;
    }
}

/// Exit status, with a signal as `None`.
fn exit_code(status: ExitStatus) -> Option<i32> {
    status.signal().is_none().then(|| status.code()).flatten()
}

async fn stop(child: &mut Child, group: Option<Pid>, by: StopSignal) -> io::Result<ExitStatus> {
    let first = match by {
        StopSignal::Terminate => Signal::SIGTERM,
        StopSignal::Alarm => Signal::SIGALRM,
    };
    signal(group, first);
    if let Ok(status) = timeout(GRACE, child.wait()).await {
        // Workers of a leader that died of the signal may still be there.
        signal(group, Signal::SIGKILL);
        return status;
    }
    signal(group, Signal::SIGKILL);
    child.wait().await
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // The group is gone if all its processes are: nothing to stop then.
        let _ = killpg(group, signal);
    }
}

/// Sends each line as it is read.
async fn pump(pipe: impl AsyncRead + Unpin, stream: Stream, lines: mpsc::UnboundedSender<Line>) {
    let mut reader = BufReader::new(pipe);
    let mut buffer = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut buffer).await {
        let at = Instant::now();
        let text = String::from_utf8_lossy(buffer.trim_ascii_end()).into_owned();
        if lines.send(Line { at, stream, text }).is_err() {
            // Nobody listens; go on reading, or the program would be stuck.
        }
        buffer.clear();
    }
}

#[cfg(test)]
mod tests {
    use restore_core::launch::{output, succeed};

    use super::*;

    fn sh(script: &str) -> CommandLine {
        CommandLine::new("sh").args(["-c", script])
    }

    #[tokio::test]
    async fn both_streams_and_the_exit_status_arrive() {
        let launcher = LocalLauncher::on_path();
        let said = output(&launcher, sh("echo out; echo err >&2; exit 3")).await.unwrap();
        assert_eq!(said.stdout, ["out"]);
        assert_eq!(said.stderr, ["err"]);
        assert_eq!(said.exit.code, Some(3));
        let error = succeed(&launcher, sh("echo why >&2; exit 3")).await.unwrap_err();
        assert_eq!(error.to_string(), "cannot run sh: exit status 3\nwhy");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let launcher = LocalLauncher::in_folder(Path::new("/nowhere"));
        let error = launcher.launch(CommandLine::new("pg_restore")).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot run pg_restore: No such file"));
    }

    #[tokio::test]
    async fn stopping_ends_the_workers_too() {
        let launcher = LocalLauncher::on_path();
        let mut running = launcher.launch(sh("sleep 60 & echo $!; wait")).await.unwrap();
        let worker: i32 = running.next_line().await.unwrap().text.parse().unwrap();
        assert_eq!(running.stop().await.code, None);
        // An orphan that has ended stays a zombie until init takes notice.
        let is_zombie = || {
            std::fs::read_to_string(format!("/proc/{worker}/stat"))
                .is_ok_and(|stat| stat.contains(") Z "))
        };
        let alive = || nix::sys::signal::kill(Pid::from_raw(worker), None).is_ok() && !is_zombie();
        for _ in 0..50 {
            if !alive() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("process {worker} survived");
    }
}
