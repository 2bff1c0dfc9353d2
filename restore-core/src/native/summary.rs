//! What a restore has done, and how long that took.

use std::time::Duration;

use tokio::time::Instant;

use super::context::Context;
use super::error::NativeError;
use crate::event::{EventKind, ItemTiming, Phase, RestoreError};

/// What a restore has done, and how long that took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// From the beginning to the end.
    pub wall: Duration,
    /// How long each phase took, in their order.
    pub phases: Vec<(Phase, Duration)>,
    /// Rows that COPY has loaded.
    pub rows: u64,
    /// Steps that took their own time: small ones that are done together are
    /// not among them.
    pub steps: Vec<ItemTiming>,
    /// Items that failed.
    pub errors: Vec<RestoreError>,
    /// What failed in an earlier run of a resumed restore, in its words.
    pub earlier_errors: Vec<String>,
}

impl Summary {
    /// Whether nothing failed.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty() && self.earlier_errors.is_empty()
    }
}

/// Adds up what happens.
#[derive(Debug)]
pub(crate) struct Tally {
    summary: Summary,
    phase: Option<(Phase, Instant)>,
}

impl Tally {
    pub(crate) fn new(earlier_errors: Vec<String>) -> Self {
        Self { summary: Summary { earlier_errors, ..Summary::default() }, phase: None }
    }

    pub(crate) fn begin(&mut self, context: &Context, phase: Phase) {
        self.end_phase();
        self.phase = Some((phase, Instant::now()));
        context.reporter.tell(EventKind::Phase { phase });
    }

    fn end_phase(&mut self) {
        if let Some((phase, began)) = self.phase.take() {
            self.summary.phases.push((phase, began.elapsed()));
        }
    }

    /// Takes a step that is done; `is_alone` says that nothing else was done
    /// in its time.
    pub(crate) fn step(
        &mut self,
        context: &Context,
        timing: ItemTiming,
        rows: u64,
        is_alone: bool,
    ) {
        self.summary.rows += rows;
        context.reporter.tell(EventKind::Finished {
            worker: timing.lane,
            item: timing.item.clone(),
            step: timing.step,
            rows: Some(rows),
        });
        if is_alone {
            self.summary.steps.push(timing);
        }
    }

    /// Takes errors of items, the first of which may end the restore.
    pub(crate) fn errors(
        &mut self,
        context: &Context,
        errors: Vec<RestoreError>,
    ) -> Result<(), NativeError> {
        for error in errors {
            context.reporter.tell(EventKind::Error { error: Box::new(error.clone()) });
            self.summary.errors.push(error);
            if context.exit_on_error {
                return Err(NativeError::FirstError);
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self, began: Instant) -> Summary {
        self.end_phase();
        self.summary.wall = began.elapsed();
        self.summary
    }
}
