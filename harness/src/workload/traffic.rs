//! pgbench while it runs: at one rate, or at one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use restore_core::engine::Target;
use restore_core::launch::{CommandLine, Launcher, Running, StopSignal, Stream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::latencies::{Latencies, Window};
use super::log::{self, Transaction};
use crate::scenario::Workload;
use crate::scenario::rate::Rate;

/// pgbench takes a number of seconds, and is stopped before: ten days.
const FOR_EVER: &str = "--time=864000";

/// Lines of a failed pgbench that its error quotes.
const LINES: usize = 8;

/// Starts pgbench at a rate.
pub(super) struct Generator {
    pub launcher: Arc<dyn Launcher>,
    pub target: Target,
    pub workload: Workload,
    /// Where the logs go, and how their names begin.
    pub folder: PathBuf,
    pub name: String,
}

impl Generator {
    async fn start(&self, rate: f64) -> anyhow::Result<Running> {
        let prefix = self.folder.join(&self.name);
        let mut command = CommandLine::new("pgbench")
            .args(["--no-vacuum", "--jobs=1", "--log", FOR_EVER])
            .arg(format!("--rate={rate}"))
            .arg(format!("--client={}", self.workload.clients))
            .arg(format!("--log-prefix={}", prefix.display()));
        for script in &self.workload.scripts {
            command = command.arg(format!("--file={}@{}", script.path.display(), script.weight));
        }
        let command = command.arg(&self.target.conninfo).envs(&self.target.env);
        // SIGALRM is the end of pgbench's own time: it lets transactions end
        // and writes out its log, which SIGTERM cuts off.
        Ok(self.launcher.launch(command.stopped_by(StopSignal::Alarm)).await?)
    }

    /// Starts a workload whose rate is `rate`.
    pub(super) async fn begin(self, rate: &Rate) -> anyhow::Result<Traffic> {
        let first = self.start(rate.first()).await?;
        let (stop, stopped) = oneshot::channel();
        let restore_begins = Arc::new(Notify::new());
        let (folder, name) = (self.folder.clone(), self.name.clone());
        let workload = self.workload.clone();
        let begins = Arc::clone(&restore_begins);
        let steps = tokio::spawn(follow(self, first, rate.clone(), begins, stopped));
        Ok(Traffic { restore_begins, stop, steps, folder, name, workload })
    }
}

/// Runs pgbench at the rate of each step until it is to stop. The next one is started
/// before the one that runs is asked to end, so that no gap looks like a calm.
async fn follow(
    generator: Generator,
    mut current: Running,
    rate: Rate,
    restore_begins: Arc<Notify>,
    mut stop: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let mut steps = rate.steps().map(|step| (step.per_second, step.lasts)).peekable();
    tokio::select! {
        _ = &mut stop => return end(current).await,
        () = restore_begins.notified() => {}
    }
    let mut due = Instant::now();
    while let Some((_, Some(lasts))) = steps.next() {
        due += lasts.get();
        tokio::select! {
            _ = &mut stop => return end(current).await,
            () = sleep_until(due) => {}
        }
        let Some(&(rate, _)) = steps.peek() else { break };
        let next = generator.start(rate).await?;
        tracing::debug!("workload: {rate} transactions a second from now on");
        end(std::mem::replace(&mut current, next)).await?;
    }
    _ = stop.await;
    end(current).await
}

/// Asks a pgbench to end and waits until it has.
async fn end(mut running: Running) -> anyhow::Result<()> {
    running.ask_to_stop();
    let mut said = Vec::new();
    while let Some(line) = running.next_line().await {
        if line.stream == Stream::Error {
            said.push(line.text);
        }
    }
    let exit = running.wait().await;
    // `None` is the end that was asked for, where it is told as a signal.
    if exit.code.is_some_and(|code| code != 0) {
        said.retain(|line| !line.trim().is_empty());
        said.truncate(LINES);
        bail!("the workload's pgbench failed:\n{}", said.join("\n"));
    }
    Ok(())
}

/// A workload that is running. Dropping it ends it.
pub struct Traffic {
    restore_begins: Arc<Notify>,
    stop: oneshot::Sender<()>,
    steps: JoinHandle<anyhow::Result<()>>,
    folder: PathBuf,
    name: String,
    workload: Workload,
}

impl Traffic {
    /// The steps of the rate count from now on.
    pub fn restore_begins(&self) {
        self.restore_begins.notify_one();
    }

    /// Goes on for a while after a restore from `start_us` to `end_us`, ends
    /// the workload, and tells its latencies.
    pub async fn finish(self, start_us: u64, end_us: u64) -> anyhow::Result<Latencies> {
        let Workload { before, after, late, .. } = &self.workload;
        let (before, after, late) = (before.get(), after.get(), late.get());
        sleep(after).await;
        let window = Window { start_us, end_us, before, after };
        let transactions = self.stop().await?;
        Ok(Latencies::new(&transactions, window, late))
    }

    /// Ends the workload; what it logged.
    pub async fn stop(self) -> anyhow::Result<Vec<Transaction>> {
        drop(self.stop);
        let ended = self.steps.await;
        let text = take_logs(&self.folder, &self.name)?;
        ended.context("the workload's pgbench was lost")??;
        Ok(log::parse(&text))
    }
}

/// Reads and removes the logs of one workload: pgbench adds its process's number
/// to their name.
fn take_logs(folder: &Path, name: &str) -> anyhow::Result<String> {
    let unreadable = || format!("cannot read the workload's log in {}", folder.display());
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.file_stem().is_some_and(|stem| stem == name) {
            text.push_str(&std::fs::read_to_string(&path).with_context(unreadable)?);
            std::fs::remove_file(&path).with_context(unreadable)?;
        }
    }
    Ok(text)
}
