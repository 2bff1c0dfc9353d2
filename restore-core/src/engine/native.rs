//! This project's own engine, run as a program of its own: `jobtune restore`.
//!
//! So it is started, limited and watched as `pg_restore` is, in a container
//! too, and its processor time is not mixed with the harness's.

use std::sync::Arc;

use async_trait::async_trait;

use super::error::RestoreErrors;
use super::program::{LineMeaning, ReadLines, follow};
use super::{Engine, EngineError, Restore, RestoreRequest};
use crate::event::{EventKind, RestoreEvent};
use crate::launch::{CommandLine, Launcher, Stream};

/// Runs `jobtune restore` and reads its events.
pub struct Native {
    launcher: Arc<dyn Launcher>,
    /// With `-j auto`: the arguments that say what it keeps.
    auto: Option<Vec<String>>,
}

impl Native {
    /// The name of this engine in records.
    pub const NAME: &'static str = "native";

    /// The program that restores.
    pub const PROGRAM: &'static str = "jobtune";

    /// Uses the `jobtune` that `launcher` finds.
    pub fn new(launcher: Arc<dyn Launcher>) -> Self {
        Self { launcher, auto: None }
    }

    /// The same with `-j auto`, of which the number of jobs is the most, and
    /// with these arguments, which say what it keeps.
    #[must_use]
    pub fn auto(self, arguments: Vec<String>) -> Self {
        Self { auto: Some(arguments), ..self }
    }

    /// The command that a request comes to.
    pub fn command(&self, request: &RestoreRequest) -> CommandLine {
        let jobs = match &self.auto {
            None => format!("--jobs={}", request.jobs),
            Some(_) => format!("--max-jobs={}", request.jobs),
        };
        let auto = self.auto.iter().flatten().cloned();
        CommandLine::new(Self::PROGRAM)
            .args(["restore", "--events=json"])
            .arg(format!("--dbname={}", request.target.conninfo))
            .arg(jobs)
            .args(self.auto.as_ref().map(|_| "--jobs=auto"))
            .args(auto)
            .envs(&request.target.env)
            .args(request.options.arguments())
            .arg(request.archive.to_string_lossy())
    }
}

#[async_trait]
impl Engine for Native {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn start(&self, request: &RestoreRequest) -> Result<Restore, EngineError> {
        let running = self.launcher.launch(self.command(request)).await?;
        Ok(follow(Self::NAME, running, request.time_limit, EventReader::default()))
    }
}

/// Reads events from standard output, a line each.
#[derive(Default)]
struct EventReader {
    errors: RestoreErrors,
    has_ended: bool,
}

impl ReadLines for EventReader {
    fn read(&mut self, stream: Stream, line: &str) -> LineMeaning {
        if stream == Stream::Error {
            return LineMeaning::Message;
        }
        let Ok(event) = serde_json::from_str::<RestoreEvent>(line) else {
            return LineMeaning::Message;
        };
        match &event.kind {
            EventKind::Error { error } => {
                self.errors.push((**error).clone());
                let text = error.full_text();
                return LineMeaning::Error(event.kind, text);
            }
            EventKind::Ended => self.has_ended = true,
            _ => {}
        }
        LineMeaning::Events(vec![event.kind])
    }

    fn end(self) -> (RestoreErrors, bool) {
        (self.errors, self.has_ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_whole_and_only_the_last_event_says_the_end() {
        let mut reader = EventReader::default();
        let line = r#"{"at":0.5,"event":"error","source":{"item":{"id":7,"kind":"TABLE DATA",
            "name":"public.t"}},"action":"COPY failed for table \"t\"","severity":"ERROR",
            "message":"no","context":"COPY t, line 3"}"#;
        assert!(matches!(reader.read(Stream::Output, line), LineMeaning::Error(..)));
        let (errors, has_ended) = reader.end();
        let [error] = errors.kept() else { panic!("{errors:?}") };
        assert_eq!(error.item().unwrap().name, "public.t");
        assert_eq!(error.context.as_deref(), Some("COPY t, line 3"));
        assert!(!has_ended);
        let mut reader = EventReader::default();
        reader.read(Stream::Output, r#"{"at":1.5,"event":"ended"}"#);
        assert!(reader.end().1);
    }
}
