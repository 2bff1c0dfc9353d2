//! A restore that runs, and what comes of it.

use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;

use super::error::RestoreErrors;
use crate::control::Command;
use crate::event::{EventKind, ItemTiming, Phase, RestoreEvent, Timeline};

/// A restore that runs. Dropping `end` stops it.
pub struct Restore {
    /// What happens, in order, until the restore has ended. They need not be read.
    pub events: mpsc::UnboundedReceiver<RestoreEvent>,
    /// Takes commands; one that the engine cannot obey is answered by a note.
    pub control: mpsc::UnboundedSender<Command>,
    /// What came of it. The restore goes on only while this is awaited.
    pub end: Pin<Box<dyn Future<Output = RestoreReport> + Send>>,
}

impl Restore {
    /// A restore that `run` runs, which tells of its events and obeys commands.
    pub(super) fn new<F>(run: impl FnOnce(Reporter, mpsc::UnboundedReceiver<Command>) -> F) -> Self
    where
        F: Future<Output = RestoreReport> + Send + 'static,
    {
        let (sender, events) = mpsc::unbounded_channel();
        let (control, commands) = mpsc::unbounded_channel();
        let reporter = Reporter { sender, course: Course::default() };
        Self { events, control, end: Box::pin(run(reporter, commands)) }
    }
}

/// What came of a restore.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreReport {
    /// From the start of the engine to its end.
    pub wall: Duration,
    /// How it ended.
    pub end: RestoreEnd,
    /// The exit status of the engine's program: `None` where a signal ended
    /// it, or where there was no program.
    pub exit_code: Option<i32>,
    /// The errors that it reported.
    pub errors: RestoreErrors,
    /// The lines that it wrote about errors, notices and warnings, as it wrote them; the
    /// first thousand.
    pub messages: Vec<String>,
    /// When and where each item was restored.
    pub items: Vec<ItemTiming>,
    /// When the first worker could begin, where the engine tells.
    pub workers_began: Option<Duration>,
}

impl RestoreReport {
    /// Whether the engine succeeded and reported no error.
    pub fn is_clean(&self) -> bool {
        self.end == RestoreEnd::Finished
            && self.exit_code.is_none_or(|code| code == 0)
            && self.errors.is_empty()
    }
}

/// How a restore ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreEnd {
    /// It went on to the end of the archive, whatever errors there were.
    Finished,
    /// It ended before that by itself, or by a signal from elsewhere.
    Failed,
    /// It was stopped: at its time limit, or by a command.
    Stopped,
}

/// Messages that a report keeps, so that a restore with an error in every one
/// of a million statements does not fill the memory.
const MESSAGES_KEPT: usize = 1000;

/// Tells of events, and keeps what the report says of them.
pub(super) struct Reporter {
    sender: mpsc::UnboundedSender<RestoreEvent>,
    course: Course,
}

/// What a report says of the course of a restore.
#[derive(Default)]
struct Course {
    timeline: Timeline,
    messages: Vec<String>,
    workers_began: Option<Duration>,
}

/// How an engine's work ended, by which a report is made.
pub(super) struct Outcome {
    pub(super) wall: Duration,
    pub(super) end: RestoreEnd,
    pub(super) exit_code: Option<i32>,
    pub(super) errors: RestoreErrors,
}

impl Reporter {
    pub(super) fn tell(&mut self, at: Duration, kind: EventKind) {
        if kind == (EventKind::Phase { phase: Phase::Main }) {
            self.course.workers_began = Some(at);
        }
        let event = RestoreEvent { at, kind };
        self.course.timeline.record(&event);
        // Nobody need listen.
        let _ = self.sender.send(event);
    }

    /// Keeps a line for the person who reads about a failure.
    pub(super) fn keep(&mut self, line: &str) {
        if self.course.messages.len() < MESSAGES_KEPT {
            self.course.messages.push(line.to_owned());
        }
    }

    pub(super) fn report(self, outcome: Outcome) -> RestoreReport {
        let Outcome { wall, end, exit_code, errors } = outcome;
        let Course { timeline, messages, workers_began } = self.course;
        let items = timeline.finish(wall);
        RestoreReport { wall, end, exit_code, errors, messages, items, workers_began }
    }
}
