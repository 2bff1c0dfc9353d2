//! A restore under observation: its events and its load.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use restore_core::engine::{Engine, EngineError, RestoreReport, RestoreRequest};
use restore_core::event::{Happening, RestoreEvent};

use super::{Doing, Watch};
use crate::load::{LiveLoad, Sampling, Seen};

/// How often a person sees the load anew.
const REFRESH: Duration = Duration::from_secs(1);

/// Restores with `engine`, telling `watch` of items and load as they come.
/// The sampler, if there is one, stops with the restore.
pub(super) async fn restore(
    engine: &dyn Engine,
    request: &RestoreRequest,
    of: Option<u64>,
    sampling: Option<Sampling>,
    watch: Watch<'_>,
) -> Result<(RestoreReport, Seen), EngineError> {
    let items = AtomicU64::new(0);
    let load = || sampling.as_ref().map_or(LiveLoad::default(), Sampling::live);
    let watch = Mutex::new(watch);
    let show = || {
        let doing = Doing { items: items.load(Ordering::Relaxed), of, load: load() };
        (watch.lock().unwrap_or_else(PoisonError::into_inner))(doing);
    };
    show();
    let mut observe = |event: &RestoreEvent| {
        if matches!(event.what, Happening::Finished(_) | Happening::SerialItem(_)) {
            items.fetch_add(1, Ordering::Relaxed);
            show();
        }
    };
    let report = {
        let mut restoring = engine.restore(request, &mut observe);
        let mut refresh = tokio::time::interval(REFRESH);
        loop {
            tokio::select! {
                report = &mut restoring => break report,
                _ = refresh.tick() => show(),
            }
        }
    };
    let seen = match sampling {
        Some(sampling) => sampling.stop().await,
        None => Seen::default(),
    };
    Ok((report?, seen))
}
