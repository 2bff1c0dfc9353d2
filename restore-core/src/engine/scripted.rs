//! An engine that restores nothing: it follows a script, on tokio's clock.
//!
//! Under a paused clock (`tokio::time::pause`) a scripted restore of an hour
//! takes no time, so that sweeps, analysis and recommendations are tested
//! without waiting.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::restore::{Outcome, Reporter};
use super::{
    Engine, EngineError, Restore, RestoreEnd, RestoreError, RestoreErrors, RestoreReport,
    RestoreRequest,
};
use crate::event::{EventKind, ItemName, Phase, Step};
use crate::units::DumpId;

/// What a scripted restore shall come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// How long it takes.
    pub wall: Duration,
    /// How many items of equal length it restores, on all workers at once.
    pub items: u32,
    /// The error it reports in the end, if any.
    pub error: Option<String>,
}

/// An engine that follows a script.
pub struct Scripted<F> {
    script: F,
}

impl<F> Scripted<F>
where
    F: Fn(&RestoreRequest) -> Script + Send + Sync,
{
    /// Restores as `script` says.
    pub fn new(script: F) -> Self {
        Self { script }
    }
}

#[async_trait]
impl<F> Engine for Scripted<F>
where
    F: Fn(&RestoreRequest) -> Script + Send + Sync,
{
    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn start(&self, request: &RestoreRequest) -> Result<Restore, EngineError> {
        let script = (self.script)(request);
        let jobs = request.jobs.get();
        let limit = request.time_limit.unwrap_or(Duration::MAX);
        Ok(Restore::new(move |reporter, _| play(script, jobs, limit, reporter)))
    }
}

async fn play(script: Script, jobs: u32, limit: Duration, mut reporter: Reporter) -> RestoreReport {
    let started = Instant::now();
    let lanes = jobs.min(script.items.max(1));
    let rounds = script.items.div_ceil(lanes).max(1);
    reporter.tell(Duration::ZERO, EventKind::Phase { phase: Phase::Main });
    for round in 0..rounds {
        let items = round * lanes..(round * lanes + lanes).min(script.items);
        for (worker, number) in (1..).zip(items.clone()) {
            let kind = EventKind::Started { worker, item: item(number), step: Step::Whole };
            reporter.tell(started.elapsed(), kind);
        }
        tokio::time::sleep_until(started + (script.wall * (round + 1) / rounds).min(limit)).await;
        for (worker, number) in (1..).zip(items) {
            let (item, step) = (item(number), Step::Whole);
            let kind = EventKind::Finished { worker, item, step, rows: None };
            reporter.tell(started.elapsed(), kind);
        }
    }
    reporter.tell(started.elapsed(), EventKind::Phase { phase: Phase::Acl });
    let mut errors = RestoreErrors::default();
    if let Some(text) = &script.error {
        let error = RestoreError::read(text);
        reporter.keep(text);
        reporter.tell(started.elapsed(), EventKind::Error { error: Box::new(error.clone()) });
        errors.push(error);
    }
    let is_stopped = script.wall > limit;
    reporter.report(Outcome {
        wall: started.elapsed(),
        end: if is_stopped { RestoreEnd::Stopped } else { RestoreEnd::Finished },
        exit_code: (!is_stopped).then_some(i32::from(!errors.is_empty())),
        errors,
    })
}

fn item(number: u32) -> ItemName {
    ItemName {
        id: Some(DumpId(number + 1)),
        kind: "TABLE DATA".to_owned(),
        name: format!("t{}", number + 1),
    }
}
