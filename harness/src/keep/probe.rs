//! Sends a query at a fixed rate, as an application would, and measures from the time at which each
//! was due: a server that stalls cannot hide the queries that came meanwhile.
//!
//! Gil Tene, "How NOT to Measure Latency" (2013), names the error that this avoids: coordinated
//! omission.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use restore_core::connection::{Connection, Conninfo, connect};
use tokio::time::{Instant, MissedTickBehavior};

use super::window::Window;

/// What is asked, where and how often.
#[derive(Debug, Clone)]
pub struct ProbeSpec {
    pub sql: String,
    pub target: Conninfo,
    /// Times in a second.
    pub rate: u32,
}

/// Connections that send them; a query waits where all are busy.
const CONNECTIONS: usize = 4;

/// A statement that writes is refused by this.
const READ_ONLY: &str = "SET default_transaction_read_only = on; SET application_name = \
                         'jobtune probe'";

/// `read_only_sql_transaction`
const WRITES: &str = "25006";

/// The probe while it runs. It ends when this is dropped.
pub(super) struct Probe {
    window: Arc<Mutex<Window>>,
    failure: Arc<Mutex<Option<String>>>,
    tasks: tokio::task::JoinSet<()>,
    pub(super) interval: Duration,
}

impl ProbeSpec {
    /// Asks once, to see whether that works, and begins.
    pub(super) async fn start(&self) -> anyhow::Result<Probe> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(self.connect().await?);
        }
        if let Err(error) = connections[0].client.simple_query(&self.sql).await {
            let code = error.code().map(|code| code.code().to_owned());
            let said = error.as_db_error().map_or(error.to_string(), |of| of.message().to_owned());
            if code.as_deref() == Some(WRITES) {
                bail!("the probe writes ({said}): give a statement that only reads");
            }
            bail!("the probe fails on database {}: {said}", self.target.database());
        }
        let window = Arc::new(Mutex::new(Window::default()));
        let failure = Arc::default();
        let interval = Duration::from_secs(1) / self.rate.max(1);
        let (scheduler, due) = schedule(interval, Arc::clone(&window));
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(scheduler);
        for connection in connections {
            let session = Session {
                connection,
                spec: self.clone(),
                due: Arc::clone(&due),
                window: Arc::clone(&window),
                failure: Arc::clone(&failure),
            };
            tasks.spawn(session.run());
        }
        Ok(Probe { window, failure, tasks, interval })
    }

    async fn connect(&self) -> anyhow::Result<Connection> {
        let connection = connect(&self.target).await.context("the probe cannot connect")?;
        connection.client.batch_execute(READ_ONLY).await.context("the probe cannot be set up")?;
        Ok(connection)
    }
}

/// Numbers of the queries that are due.
type DueQueries = Arc<tokio::sync::Mutex<tokio::sync::mpsc::UnboundedReceiver<u64>>>;

/// Makes a query due every `interval`.
fn schedule(
    interval: Duration,
    window: Arc<Mutex<Window>>,
) -> (impl Future<Output = ()>, DueQueries) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let due = async move {
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let due = ticks.tick().await;
            let number = lock(&window).begin(due);
            if sender.send(number).is_err() {
                return;
            }
        }
    };
    (due, Arc::new(tokio::sync::Mutex::new(receiver)))
}

/// One connection that sends queries.
struct Session {
    connection: Connection,
    spec: ProbeSpec,
    due: DueQueries,
    window: Arc<Mutex<Window>>,
    failure: Arc<Mutex<Option<String>>>,
}

impl Session {
    async fn run(mut self) {
        loop {
            let next = self.due.lock().await.recv().await;
            let Some(number) = next else { return };
            // A query that fails counts as late until it is answered.
            while let Err(error) = self.connection.client.simple_query(&self.spec.sql).await {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(error.to_string());
                tokio::time::sleep(Duration::from_millis(200)).await;
                if let Ok(connection) = self.spec.connect().await {
                    self.connection = connection;
                }
            }
            lock(&self.window).end(number, Instant::now());
        }
    }
}

fn lock(window: &Mutex<Window>) -> MutexGuard<'_, Window> {
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Probe {
    /// The 99th percentile of the last probes, in seconds.
    pub(super) fn p99(&self) -> Option<f64> {
        lock(&self.window).p99(Instant::now())
    }

    /// The same of the newest probes.
    pub(super) fn newest(&self) -> Option<f64> {
        lock(&self.window).newest(Instant::now())
    }

    pub(super) fn answered(&self) -> usize {
        lock(&self.window).answered()
    }

    /// Lets only what comes from now on count.
    pub(super) fn restart(&self) {
        lock(&self.window).restart();
    }

    /// Why the last query that failed did; told once.
    pub(super) fn take_failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}
