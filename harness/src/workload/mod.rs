//! A production workload beside a restore: pgbench at a fixed rate, or at one after
//! the other, on another database of the same server.
//!
//! The load is an open loop: transactions are scheduled whether or not those
//! before them have ended, and each latency counts from its schedule.

pub mod latencies;
pub mod log;
mod traffic;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::sleep;

pub use latencies::{Latencies, Window};
use log::Transaction;
use traffic::Generator;
pub use traffic::Traffic;

use crate::clock;
use crate::dataset::fill;
use crate::lease::{Lease, Resource};
use crate::printer::Printer;
use crate::provider::{Server, Shared};
use crate::scenario::quantity::Scale;
use crate::scenario::rate::Rate;
use crate::scenario::{Dataset, Variant, Workload};

/// The first moments of a workload, with empty caches, count for nothing.
const SETTLE: Duration = Duration::from_secs(1);

/// How long a rate is tried before the first restore.
const TRIAL: Duration = Duration::from_secs(4);

/// A rate is held if transactions begin about when they are scheduled, at the
/// end of the try as well. Where it is not, the lag grows by the second: a
/// twentieth too much is 200 ms in four.
const MOST_LAG: Duration = Duration::from_millis(150);

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
        let rate = self.workload.rate.highest();
        let traffic = self.start(server, "try", &Rate::Constant(rate)).await?;
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
        let traffic = self.start(server, trial, &self.workload.rate).await?;
        sleep(SETTLE + self.workload.before.get()).await;
        Ok(traffic)
    }

    async fn start(&self, server: &Server, name: &str, rate: &Rate) -> anyhow::Result<Traffic> {
        let generator = Generator {
            launcher: server.launcher(),
            target: server.target(&self.database),
            workload: self.workload.clone(),
            folder: self.folder.clone(),
            name: name.to_owned(),
        };
        generator.begin(rate).await
    }
}

/// This moment, in microseconds of Unix time: pgbench's own measure.
pub fn now_us() -> u64 {
    u64::try_from(clock::now().as_microsecond()).unwrap_or_default()
}
