//! How a client program is started, watched and stopped, wherever it runs.
//!
//! The engines describe a command; a [`Launcher`] runs it, on this machine or
//! inside a container, and hands back its lines, each stamped as it was read.
//! The launchers themselves live outside this crate.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

/// A program, its arguments and what is added to its environment.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Name of the program, without its folder: `pg_restore`.
    pub program: &'static str,
    /// Its arguments. They are visible to every user of the machine, so
    /// secrets go into `env`.
    pub args: Vec<String>,
    /// Variables set for it.
    pub env: Vec<(String, String)>,
    /// How it is told to end before its time.
    pub stop: StopSignal,
}

/// How a program is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopSignal {
    /// SIGTERM: at once.
    #[default]
    Terminate,
    /// SIGALRM: what pgbench takes for the end of its own time. It ends its
    /// transactions and writes out its logs.
    Alarm,
}

impl CommandLine {
    /// A program without arguments.
    pub fn new(program: &'static str) -> Self {
        Self { program, args: Vec::new(), env: Vec::new(), stop: StopSignal::default() }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Is told to end by this signal.
    #[must_use]
    pub fn stopped_by(mut self, signal: StopSignal) -> Self {
        self.stop = signal;
        self
    }

    /// Adds variables.
    #[must_use]
    pub fn envs(mut self, env: &[(String, String)]) -> Self {
        self.env.extend_from_slice(env);
        self
    }
}

impl std::fmt::Debug for CommandLine {
    /// Program and arguments; the environment may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.program)?;
        self.args.iter().try_for_each(|arg| write!(f, " {arg:?}"))
    }
}

/// Which of its two streams a program wrote a line to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A line that a program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was read.
    pub at: Instant,
    /// Where it was written.
    pub stream: Stream,
    /// Its text without the line end; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// When its end was seen.
    pub at: Instant,
    /// Its exit status; `None` if a signal ended it.
    pub code: Option<i32>,
}

impl Exit {
    /// Whether the program was content.
    pub fn success(self) -> bool {
        self.code == Some(0)
    }
}

/// Why a program could not be run.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {program}: {reason}")]
pub struct LaunchError {
    /// The program.
    pub program: String,
    /// What the system said, and what to do where that is known.
    pub reason: String,
}

/// Starts programs.
#[async_trait]
pub trait Launcher: Send + Sync {
    /// Starts `command`.
    async fn launch(&self, command: CommandLine) -> Result<Running, LaunchError>;
}

/// A program that is running. Dropping it stops the program.
#[derive(Debug)]
pub struct Running {
    started: Instant,
    lines: mpsc::UnboundedReceiver<Line>,
    exit: oneshot::Receiver<Exit>,
    /// Dropped or used, it tells the launcher's task to end the program.
    stop: Option<oneshot::Sender<()>>,
}

/// The launcher's half of a [`Running`] program.
#[derive(Debug)]
pub struct RunningTask {
    /// Where its lines go.
    pub lines: mpsc::UnboundedSender<Line>,
    /// Where its end is told.
    pub exit: oneshot::Sender<Exit>,
    /// Resolves, either way, when the program is to be stopped.
    pub stop: oneshot::Receiver<()>,
}

impl Running {
    /// Both halves of a program that was started at `started`.
    pub fn new(started: Instant) -> (Self, RunningTask) {
        let (line_sender, lines) = mpsc::unbounded_channel();
        let (exit_sender, exit) = oneshot::channel();
        let (stop_sender, stop) = oneshot::channel();
        let running = Self { started, lines, exit, stop: Some(stop_sender) };
        (running, RunningTask { lines: line_sender, exit: exit_sender, stop })
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The next line, or `None` once the program has closed both streams.
    pub async fn next_line(&mut self) -> Option<Line> {
        self.lines.recv().await
    }

    /// Waits for the end of the program. Lines that were not read are lost.
    pub async fn wait(mut self) -> Exit {
        let exit = (&mut self.exit).await;
        // The launcher's task always sends; should it have died, the program
        // was lost with it.
        exit.unwrap_or(Exit { at: self.started, code: None })
    }

    /// Tells the program to end; its lines and its end can still be waited
    /// for.
    pub fn ask_to_stop(&mut self) {
        self.stop.take();
    }

    /// Stops the program and waits until it is gone.
    pub async fn stop(mut self) -> Exit {
        self.stop.take();
        self.wait().await
    }
}

/// What a short program said.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its standard output, line by line.
    pub stdout: Vec<String>,
    /// Its standard error, line by line.
    pub stderr: Vec<String>,
    /// How it ended.
    pub exit: Exit,
    /// How long it took.
    pub wall: Duration,
}

/// Runs a program to its end and keeps what it said.
pub async fn output(launcher: &dyn Launcher, command: CommandLine) -> Result<Output, LaunchError> {
    let mut running = launcher.launch(command).await?;
    let said = listen(&mut running).await;
    Ok(end(running, said).await)
}

/// The same for a program that may take so long; `None` if it took longer. Then
/// it was stopped, and is gone.
pub async fn output_within(
    limit: Duration,
    launcher: &dyn Launcher,
    command: CommandLine,
) -> Result<Option<Output>, LaunchError> {
    let mut running = launcher.launch(command).await?;
    if let Ok(said) = timeout(limit, listen(&mut running)).await {
        return Ok(Some(end(running, said).await));
    }
    running.stop().await;
    Ok(None)
}

/// What a program writes to its standard output and error, until it closes both.
async fn listen(running: &mut Running) -> [Vec<String>; 2] {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while let Some(line) = running.next_line().await {
        match line.stream {
            Stream::Output => stdout.push(line.text),
            Stream::Error => stderr.push(line.text),
        }
    }
    [stdout, stderr]
}

async fn end(running: Running, [stdout, stderr]: [Vec<String>; 2]) -> Output {
    let started = running.started();
    let exit = running.wait().await;
    Output { stdout, stderr, exit, wall: exit.at - started }
}

/// Runs a program to its end; anything but success is an error that carries
/// the end of what the program said.
pub async fn succeed(launcher: &dyn Launcher, command: CommandLine) -> Result<Output, LaunchError> {
    /// Lines of standard error that an error quotes: enough for a message of
    /// PostgreSQL with its detail, hint and context.
    const QUOTED_LINES: usize = 8;

    let program = command.program.to_owned();
    let output = output(launcher, command).await?;
    if output.exit.success() {
        return Ok(output);
    }
    let status = match output.exit.code {
        Some(code) => format!("exit status {code}"),
        None => "ended by a signal".to_owned(),
    };
    let quoted = &output.stderr[output.stderr.len().saturating_sub(QUOTED_LINES)..];
    Err(LaunchError { program, reason: format!("{status}\n{}", quoted.join("\n")) })
}
