//! A trial's program under observation: how far it is, and its load.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use restore_core::engine::{Restore, RestoreReport};
use restore_core::event::EventKind;

use super::bench::{TrialProgress, Watch};
use crate::load::{LiveLoad, Sampling, Seen};
use crate::provider::Server;
use crate::record::ControlRow;
use crate::scenario::Scenario;

/// How often a person sees the load anew.
const REFRESH: Duration = Duration::from_secs(1);

/// Who looks on while a trial's program runs; the sampler stops with it.
pub(super) struct Watched<'a> {
    pub(super) sampling: Option<Sampling>,
    pub(super) watch: Watch<'a>,
}

/// Begins to look at the load of `trial`, unless the scenario says not to.
pub(super) async fn sample(
    scenario: &Scenario,
    server: &Server,
    database: &str,
    archive: &Path,
    trial: u32,
) -> Option<Sampling> {
    let interval = scenario.sweep.load_interval()?;
    let target = server.sampling_target(database, archive).await;
    Some(Sampling::start(trial, interval, target).await)
}

/// Waits for the end of a restore, telling `watch` of items and load as they
/// come. The sampler, if there is one, stops with the restore.
pub(super) async fn restore(
    restore: Restore,
    of: Option<u64>,
    watched: Watched<'_>,
) -> (RestoreReport, Vec<ControlRow>, Seen) {
    let observed = Observed::new(of, watched);
    let Restore { mut events, end, .. } = restore;
    let count_items = async {
        let mut decisions = Vec::new();
        while let Some(event) = events.recv().await {
            match &event.kind {
                EventKind::Finished { .. } => observed.item_is_done(),
                EventKind::Decision(decision) => {
                    decisions.push(ControlRow::new(event.at, decision));
                }
                _ => {}
            }
        }
        decisions
    };
    let (report, decisions) = observed.during(async { tokio::join!(end, count_items) }).await;
    (report, decisions, observed.end().await)
}

/// Waits for `dump`, telling `watch` of the load. The sampler, if there is one,
/// stops with the dump; of items `pg_dump` tells nothing.
pub(super) async fn dump<T>(dump: impl Future<Output = T>, watched: Watched<'_>) -> (T, Seen) {
    let observed = Observed::new(None, watched);
    let dumped = observed.during(dump).await;
    (dumped, observed.end().await)
}

struct Observed<'a> {
    items: AtomicU64,
    of: Option<u64>,
    sampling: Option<Sampling>,
    watch: Mutex<Watch<'a>>,
}

impl<'a> Observed<'a> {
    fn new(of: Option<u64>, Watched { sampling, watch }: Watched<'a>) -> Self {
        let observed = Self { items: AtomicU64::new(0), of, sampling, watch: Mutex::new(watch) };
        observed.show();
        observed
    }

    fn item_is_done(&self) {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.show();
    }

    fn show(&self) {
        let load = self.sampling.as_ref().map_or(LiveLoad::default(), Sampling::live);
        let progress =
            TrialProgress { items: self.items.load(Ordering::Relaxed), of: self.of, load };
        (self.watch.lock().unwrap_or_else(PoisonError::into_inner))(progress);
    }

    /// Waits for `work` and shows the load meanwhile.
    async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut refresh = tokio::time::interval(REFRESH);
        loop {
            tokio::select! {
                done = &mut work => break done,
                _ = refresh.tick() => self.show(),
            }
        }
    }

    async fn end(self) -> Seen {
        match self.sampling {
            Some(sampling) => sampling.stop().await,
            None => Seen::default(),
        }
    }
}
