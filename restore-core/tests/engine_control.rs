//! What an engine does when it is asked for something while it restores.

use std::sync::Arc;

use async_trait::async_trait;
use restore_core::control::Command;
use restore_core::engine::{Engine, PgRestore, RestoreEnd, RestoreRequest, Target};
use restore_core::event::EventKind;
use restore_core::launch::{CommandLine, Exit, LaunchError, Launcher, Running};
use restore_core::options::RestoreOptions;
use restore_core::units::Jobs;
use tokio::time::Instant;

/// A program that goes on until it is stopped, and then ends by the signal.
struct Endless;

#[async_trait]
impl Launcher for Endless {
    async fn launch(&self, _: CommandLine) -> Result<Running, LaunchError> {
        let (running, task) = Running::new(Instant::now());
        tokio::spawn(async move {
            // Until `exit` is told, the lines stay open.
            let _lines = task.lines;
            let _ = task.stop.await;
            let _ = task.exit.send(Exit { at: Instant::now(), code: None });
        });
        Ok(running)
    }
}

#[tokio::test]
async fn drain_stops_pg_restore_and_other_commands_are_answered() {
    let request = RestoreRequest {
        archive: "endless.dump".into(),
        target: Target { conninfo: String::new(), env: Vec::new() },
        jobs: Jobs::ONE,
        options: RestoreOptions::default(),
        time_limit: None,
    };
    let restore = PgRestore::new(Arc::new(Endless)).start(&request).await.unwrap();
    restore.control.send(Command::Pause).unwrap();
    restore.control.send(Command::Drain).unwrap();
    let mut events = restore.events;
    let report = restore.end.await;
    assert_eq!((report.end, report.exit_code), (RestoreEnd::Stopped, None));
    assert!(!report.is_clean());
    let mut notes = Vec::new();
    while let Some(event) = events.recv().await {
        if let EventKind::Note { text } = event.kind {
            notes.push(text);
        }
    }
    assert_eq!(notes, ["pg_restore takes no command Pause while it runs"]);
}
