//! An engine that restores nothing: it follows a script, on tokio's clock.
//!
//! Under a paused clock (`tokio::time::pause`) a scripted restore of an hour
//! takes no time, so that sweeps, analysis and recommendations are tested
//! without waiting.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    Engine, EngineEnd, EngineError, Observer, RestoreError, RestoreErrors, RestoreReport,
    RestoreRequest,
};
use crate::event::{Happening, ItemName, RestoreEvent, Timeline};
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

    async fn restore(
        &self,
        request: &RestoreRequest,
        observe: Observer<'_>,
    ) -> Result<RestoreReport, EngineError> {
        let script = (self.script)(request);
        let started = Instant::now();
        let limit = request.time_limit.unwrap_or(Duration::MAX);
        let mut timeline = Timeline::default();
        let mut tell = |what| {
            let event = RestoreEvent { at: started.elapsed(), what };
            timeline.record(&event);
            observe(&event);
        };

        let lanes = request.jobs.get().min(script.items.max(1));
        let rounds = script.items.div_ceil(lanes).max(1);
        tell(Happening::WorkersBegin);
        for round in 0..rounds {
            let names = round * lanes..(round * lanes + lanes).min(script.items);
            names.clone().for_each(|number| tell(Happening::Launched(item(number))));
            tokio::time::sleep_until(started + (script.wall * (round + 1) / rounds).min(limit))
                .await;
            names.for_each(|number| tell(Happening::Finished(item(number))));
        }
        tell(Happening::WorkersEnd);
        let messages: Vec<String> = script.error.into_iter().collect();
        for text in &messages {
            tell(Happening::Error(text.clone()));
        }

        let wall = started.elapsed();
        let mut errors = RestoreErrors::default();
        for text in &messages {
            errors.push(RestoreError::read(text));
        }
        let failed = !errors.is_empty();
        Ok(RestoreReport {
            wall,
            end: if script.wall > limit {
                EngineEnd::TimedOut
            } else {
                EngineEnd::Exited(Some(i32::from(failed)))
            },
            errors,
            reached_end: script.wall <= limit,
            messages,
            items: timeline.finish(wall),
            workers_began: Some(Duration::ZERO),
        })
    }
}

fn item(number: u32) -> ItemName {
    ItemName {
        id: Some(DumpId(number + 1)),
        kind: "TABLE DATA".to_owned(),
        name: format!("t{}", number + 1),
    }
}
