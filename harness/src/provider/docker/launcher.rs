//! Programs within a container.

use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use futures_util::{Stream, StreamExt};
use nix::unistd::{Gid, Uid};
use restore_core::launch::{
    CommandLine, Exit, LaunchError, Launcher, Line, Running, RunningTask, StopSignal,
    Stream as Source,
};
use tokio::time::{Instant, sleep};

use crate::process::{own_program, trace_start};

/// Runs programs within a container.
pub(super) struct ContainerLauncher {
    pub(super) docker: Docker,
    /// The container's id.
    pub(super) container: String,
}

/// Tells the process's number before it becomes the program, so that it can
/// be stopped: the engine has no call for that.
const WRAPPER: &str = "echo \"$$\" >&2; exec \"$@\"";

#[async_trait]
impl Launcher for ContainerLauncher {
    async fn launch(&self, line: CommandLine) -> Result<Running, LaunchError> {
        let failed = |error: bollard::errors::Error| LaunchError {
            program: line.program.to_owned(),
            reason: format!("in the container: {error}"),
        };
        trace_start(&line, &self.container);
        let own = own_program(line.program).map(|path| path.to_string_lossy().into_owned());
        let program = own.unwrap_or_else(|| line.program.to_owned());
        let mut cmd: Vec<String> = ["sh", "-c", WRAPPER, "sh"].map(str::to_owned).to_vec();
        cmd.push(program);
        cmd.extend(line.args.iter().cloned());
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            env: Some(line.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            cmd: Some(cmd),
            // What it writes to shared folders is to belong to this user.
            user: Some(format!("{}:{}", Uid::effective(), Gid::effective())),
            ..Default::default()
        };
        let exec = self.docker.create_exec(&self.container, options).await.map_err(failed)?.id;
        let started = Instant::now();
        let attached = self.docker.start_exec(&exec, None).await.map_err(failed)?;
        let StartExecResults::Attached { output, .. } = attached else {
            return Err(LaunchError {
                program: line.program.to_owned(),
                reason: "the container engine did not attach to it".to_owned(),
            });
        };
        let (running, task) = Running::new(started);
        let execution = Execution {
            docker: self.docker.clone(),
            container: self.container.clone(),
            exec,
            stop: line.stop,
        };
        tokio::spawn(execution.tend(output, task));
        Ok(running)
    }
}

/// A program that runs in a container.
struct Execution {
    docker: Docker,
    container: String,
    exec: String,
    stop: StopSignal,
}

type Log = std::result::Result<LogOutput, bollard::errors::Error>;

impl Execution {
    async fn tend(self, mut output: impl Stream<Item = Log> + Unpin, task: RunningTask) {
        let RunningTask { lines, exit, mut stop } = task;
        let mut splitter = Splitter::default();
        let mut stopping = false;
        loop {
            let chunk = tokio::select! {
                chunk = output.next() => chunk,
                _ = &mut stop, if !stopping => {
                    stopping = true;
                    self.kill(splitter.process.as_deref()).await;
                    continue;
                }
            };
            // The engine closes the stream when the program and its workers
            // have ended.
            let Some(Ok(chunk)) = chunk else { break };
            splitter.take(chunk, |line| drop(lines.send(line)));
        }
        let at = Instant::now();
        splitter.finish(|line| drop(lines.send(line)));
        drop(lines);
        let code = self.exit_code().await;
        // Nobody may be waiting any more.
        let _ = exit.send(Exit { at, code: if stopping { None } else { code } });
    }

    async fn exit_code(&self) -> Option<i32> {
        for _ in 0..100 {
            let state = self.docker.inspect_exec(&self.exec).await.ok()?;
            if state.running == Some(false) {
                return state.exit_code.and_then(|code| i32::try_from(code).ok());
            }
            sleep(Duration::from_millis(20)).await;
        }
        None
    }

    async fn kill(&self, process: Option<&str>) {
        let Some(process) = process else { return };
        let script = match self.stop {
            StopSignal::Terminate => "kill -TERM \"$0\"",
            StopSignal::Alarm => "kill -ALRM \"$0\"",
        };
        let options = CreateExecOptions {
            cmd: Some(vec!["sh", "-c", script, process]),
            user: Some("root"),
            ..Default::default()
        };
        // If the container is gone, so is the program.
        if let Ok(exec) = self.docker.create_exec(&self.container, options).await {
            let _ = self.docker.start_exec(&exec.id, None).await;
        }
    }
}

/// Makes lines of the chunks of two streams that the engine sends.
#[derive(Default)]
struct Splitter {
    process: Option<String>,
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl Splitter {
    fn take(&mut self, chunk: LogOutput, mut send: impl FnMut(Line)) {
        let at = Instant::now();
        let (stream, message) = match chunk {
            LogOutput::StdErr { message } => (Source::Error, message),
            LogOutput::StdOut { message }
            | LogOutput::Console { message }
            | LogOutput::StdIn { message } => (Source::Output, message),
        };
        let buffer = self.buffer(stream);
        buffer.extend_from_slice(&message);
        let mut rest = std::mem::take(buffer);
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let after = rest.split_off(end + 1);
            self.line(Line { at, stream, text: text(&rest) }, &mut send);
            rest = after;
        }
        *self.buffer(stream) = rest;
    }

    fn finish(mut self, mut send: impl FnMut(Line)) {
        for stream in [Source::Output, Source::Error] {
            let rest = std::mem::take(self.buffer(stream));
            if !rest.is_empty() {
                self.line(Line { at: Instant::now(), stream, text: text(&rest) }, &mut send);
            }
        }
    }

    fn buffer(&mut self, stream: Source) -> &mut Vec<u8> {
        match stream {
            Source::Output => &mut self.output,
            Source::Error => &mut self.errors,
        }
    }

    /// The first line on standard error is the wrapper's.
    fn line(&mut self, line: Line, send: &mut impl FnMut(Line)) {
        if line.stream == Source::Error && self.process.is_none() {
            self.process = Some(line.text);
        } else {
            send(line);
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_become_lines() {
        let chunk = |text: &str| LogOutput::StdErr { message: text.to_owned().into() };
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for text in ["12", "34\npg_restore: a\npg_re", "store: b\n", "rest"] {
            splitter.take(chunk(text), |line| lines.push(line.text));
        }
        assert_eq!(splitter.process.as_deref(), Some("1234"));
        splitter.finish(|line| lines.push(line.text));
        assert_eq!(lines, ["pg_restore: a", "pg_restore: b", "rest"]);
    }
}
