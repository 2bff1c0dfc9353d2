//! Follows a program that restores, by the lines that it writes.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::error::RestoreErrors;
use super::restore::{Outcome, Reporter, Restore, RestoreEnd, RestoreReport};
use crate::control::Command;
use crate::event::EventKind;
use crate::launch::{Line, Running, Stream};

/// Reads the lines of a program that restores.
pub(super) trait ReadLines: Send + 'static {
    /// What a line means.
    fn read(&mut self, stream: Stream, line: &str) -> LineMeaning;

    /// The errors of all lines, and whether the program said that it went to
    /// the end of the archive in spite of them.
    fn end(self) -> (RestoreErrors, bool);
}

/// What a line of a program's log means.
pub(super) enum LineMeaning {
    /// Events of the restore.
    Events(Vec<EventKind>),
    /// An error: an event, and something to keep.
    Error(EventKind, String),
    /// Something to keep for the person who reads about a failure.
    Message,
    /// Nothing of interest.
    Nothing,
}

/// A restore by a program that is running.
pub(super) fn follow(
    name: &'static str,
    running: Running,
    time_limit: Option<Duration>,
    reader: impl ReadLines,
) -> Restore {
    Restore::new(move |reporter, commands| {
        let started = running.started();
        let program = Program { name, running, reader, reporter, started };
        program.follow(time_limit, commands)
    })
}

struct Program<R> {
    name: &'static str,
    running: Running,
    reader: R,
    reporter: Reporter,
    started: Instant,
}

impl<R: ReadLines> Program<R> {
    async fn follow(
        mut self,
        time_limit: Option<Duration>,
        mut commands: mpsc::UnboundedReceiver<Command>,
    ) -> RestoreReport {
        let deadline = time_limit.map(|limit| self.started + limit);
        let is_stopped = loop {
            tokio::select! {
                line = next_before(deadline, self.running.next_line()) => match line {
                    Ok(Some(line)) => self.take(&line),
                    Ok(None) => break false,
                    Err(_) => break true,
                },
                Some(command) = commands.recv() => {
                    if command == Command::Drain {
                        break true;
                    }
                    self.refuse(command);
                }
            }
        };
        let Self { running, reader, reporter, started, .. } = self;
        let exit = if is_stopped { running.stop().await } else { running.wait().await };
        let (errors, went_to_the_end) = reader.end();
        let end = match exit.code {
            _ if is_stopped => RestoreEnd::Stopped,
            Some(0) => RestoreEnd::Finished,
            _ if went_to_the_end => RestoreEnd::Finished,
            _ => RestoreEnd::Failed,
        };
        reporter.report(Outcome { wall: exit.at - started, end, exit_code: exit.code, errors })
    }

    fn take(&mut self, line: &Line) {
        let at = line.at - self.started;
        match self.reader.read(line.stream, &line.text) {
            LineMeaning::Events(events) => {
                for kind in events {
                    self.reporter.tell(at, kind);
                }
            }
            LineMeaning::Error(kind, text) => {
                self.reporter.keep(&text);
                self.reporter.tell(at, kind);
            }
            LineMeaning::Message => self.reporter.keep(&line.text),
            LineMeaning::Nothing => {}
        }
    }

    fn refuse(&mut self, command: Command) {
        let text = format!("{} takes no command {command:?} while it runs", self.name);
        self.reporter.tell(self.started.elapsed(), EventKind::Note { text });
    }
}

async fn next_before<T>(
    deadline: Option<Instant>,
    next: impl Future<Output = T>,
) -> Result<T, tokio::time::error::Elapsed> {
    match deadline {
        Some(deadline) => timeout_at(deadline, next).await,
        None => Ok(next.await),
    }
}
