//! A production workload beside a restore: pgbench at a fixed rate on another
//! database of the same server.
//!
//! The load is an open loop: transactions are scheduled whether or not those
//! before them have ended, and each latency counts from its schedule.

pub mod latencies;
pub mod log;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use restore_core::launch::{CommandLine, Running, StopSignal, Stream};
use tokio::time::sleep;

pub use latencies::{Latencies, Window};
use log::Transaction;

use crate::clock;
use crate::dataset::fill;
use crate::lease::{Lease, Resource};
use crate::printer::Printer;
use crate::provider::{Server, Shared};
use crate::scenario::quantity::Scale;
use crate::scenario::{Dataset, Variant, Workload};

/// The first moments of a workload, with empty caches, count for nothing.
const SETTLE: Duration = Duration::from_secs(1);

/// How long a rate is tried before the first restore.
const TRIAL: Duration = Duration::from_secs(4);

/// A rate is held if transactions begin about when they are scheduled, at the
/// end of the try as well. Where it is not, the lag grows by the second: a
/// twentieth too much is 200 ms in four.
const MOST_LAG: Duration = Duration::from_millis(150);

/// pgbench takes a number of seconds, and is stopped before: ten days.
const FOR_EVER: &str = "--time=864000";

/// The database of a workload, ready to be used.
pub struct Production {
    workload: Workload,
    database: String,
    /// Where the logs of transactions go, as this machine and the programs see
    /// it.
    folder: PathBuf,
}

impl Production {
    /// Makes the database on `server`, and tries the rate with nothing beside
    /// it. The logs go into `folder`, which is the run's own.
    pub async fn prepare(
        workload: &Workload,
        server: &Server,
        lease: &Lease,
        folder: &Path,
        printer: &Printer,
    ) -> anyhow::Result<Self> {
        lease.note(&Resource::Partial { path: folder.to_owned() })?;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let database = server.database_name("workload");
        printer.note(format!("making the workload's database, pgbench at {}", workload.scale));
        server.create_database(&database, lease).await?;
        fill(&Dataset::Pgbench { scale: workload.scale }, server, &database).await?;
        if !workload.setup.is_empty() {
            let files = workload.setup.clone();
            let scripts = Dataset::Sql { files, scale: Scale::NORMAL, size: None };
            fill(&scripts, server, &database).await?;
        }
        let production = Self { workload: workload.clone(), database, folder: folder.to_owned() };
        production.try_rate(server).await?;
        Ok(production)
    }

    /// The name of its database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// What a container has to share with this machine for a variant.
    pub fn shared(variant: &Variant) -> Vec<Shared> {
        let Some(workload) = &variant.workload else { return Vec::new() };
        let scripts = workload.scripts.iter().map(|script| &script.path);
        let mut folders: Vec<&Path> =
            scripts.chain(&workload.setup).filter_map(|path| path.parent()).collect();
        folders.sort_unstable();
        folders.dedup();
        folders.into_iter().map(|path| Shared { path: path.to_owned(), writable: false }).collect()
    }

    /// Refuses a rate that the server cannot hold with no restore beside it:
    /// whatever it was late for then would be blamed on restores.
    async fn try_rate(&self, server: &Server) -> anyhow::Result<()> {
        let traffic = self.start(server, "try").await?;
        sleep(SETTLE + TRIAL).await;
        let end_us = now_us();
        let all = traffic.stop().await?;
        let from = end_us.saturating_sub(TRIAL.as_micros() as u64);
        let done = |transaction: &&Transaction| {
            let ended = transaction.scheduled_us + transaction.latency.as_micros() as u64;
            (from..end_us).contains(&ended)
        };
        let ended: Vec<&Transaction> = all.iter().filter(done).collect();
        let reached = ended.len() as f64 / TRIAL.as_secs_f64();
        let rate = self.workload.rate_per_s;
        if all.is_empty() {
            bail!("the workload's pgbench ran for {} s and ended no transaction", TRIAL.as_secs());
        }
        let last = ended.len() - ended.len() / 4;
        let mut lags: Vec<Duration> =
            ended[last.min(ended.len())..].iter().map(|t| t.lag).collect();
        lags.sort_unstable();
        let lag = lags.get(lags.len() / 2).copied().unwrap_or_default();
        if lag > MOST_LAG || ended.is_empty() {
            bail!(
                "the server takes about {reached:.0} of the {rate} transactions a second that \
                 workload.rate asks for, with no restore beside them: ask for fewer"
            );
        }
        Ok(())
    }

    /// Starts the workload and waits until it has settled.
    pub async fn begin(&self, server: &Server, trial: &str) -> anyhow::Result<Traffic> {
        let traffic = self.start(server, trial).await?;
        sleep(SETTLE + self.workload.before.get()).await;
        Ok(traffic)
    }

    async fn start(&self, server: &Server, name: &str) -> anyhow::Result<Traffic> {
        let prefix = self.folder.join(name);
        let target = server.target(&self.database);
        let mut command = CommandLine::new("pgbench")
            .args(["--no-vacuum", "--jobs=1", "--log", FOR_EVER])
            .arg(format!("--rate={}", self.workload.rate_per_s))
            .arg(format!("--client={}", self.workload.clients))
            .arg(format!("--log-prefix={}", prefix.display()));
        for script in &self.workload.scripts {
            command = command.arg(format!("--file={}@{}", script.path.display(), script.weight));
        }
        let command = command.arg(target.conninfo).envs(&target.env);
        // SIGALRM is the end of pgbench's own time: it lets transactions end
        // and writes out its log, which SIGTERM cuts off.
        let command = command.stopped_by(StopSignal::Alarm);
        let running = server.launcher().launch(command).await?;
        Ok(Traffic {
            running,
            folder: self.folder.clone(),
            name: name.to_owned(),
            workload: self.workload.clone(),
        })
    }
}

/// A workload that is running.
pub struct Traffic {
    running: Running,
    folder: PathBuf,
    name: String,
    workload: Workload,
}

impl Traffic {
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
    pub async fn stop(mut self) -> anyhow::Result<Vec<Transaction>> {
        self.running.ask_to_stop();
        let mut said = Vec::new();
        while let Some(line) = self.running.next_line().await {
            if line.stream == Stream::Error {
                said.push(line.text);
            }
        }
        let exit = self.running.wait().await;
        let text = take_logs(&self.folder, &self.name)?;
        // `None` is the end that was asked for, where it is told as a signal.
        if exit.code.is_some_and(|code| code != 0) {
            said.retain(|line| !line.trim().is_empty());
            said.truncate(LINES);
            bail!("the workload's pgbench failed:\n{}", said.join("\n"));
        }
        Ok(log::parse(&text))
    }
}

/// Lines of a failed pgbench that its error quotes.
const LINES: usize = 8;

/// Reads and removes the logs of one start: pgbench adds its process's number
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

/// This moment, in microseconds of Unix time: pgbench's own measure.
pub fn now_us() -> u64 {
    u64::try_from(clock::now().as_microsecond()).unwrap_or_default()
}
