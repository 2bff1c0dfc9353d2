//! A container's use as its engine tells it, for where the engine runs in a
//! machine of its own (Docker Desktop) and `/proc` does not show it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::record::LoadSample;

type Reading = Pin<Box<dyn Future<Output = Option<LoadSample>> + Send>>;

/// Asks the engine for the use of one container, counted from its start. The
/// `container` columns of the sample that it gives are set.
#[derive(Clone)]
pub struct EngineStats {
    ask: Arc<dyn Fn() -> Reading + Send + Sync>,
}

impl EngineStats {
    /// Asks by `ask`.
    pub fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<LoadSample>> + Send + 'static,
    {
        Self { ask: Arc::new(move || Box::pin(ask())) }
    }

    /// What the engine says now.
    pub async fn read(&self) -> Option<LoadSample> {
        (self.ask)().await
    }
}
