//! How far a restore is, as its events tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use restore_core::event::EventKind;

/// What has been done so far, and what runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    pub items: usize,
    pub done: usize,
    /// Steps that run, each by a worker.
    pub busy: u32,
    pub rows: u64,
    /// Bytes that were sent to the server.
    pub bytes: u64,
}

impl Progress {
    fn take(&mut self, event: &EventKind) {
        match event {
            EventKind::Begun { items, resumed, .. } => {
                (self.items, self.done) = (*items, *resumed);
            }
            EventKind::Started { .. } => self.busy += 1,
            EventKind::Finished { rows, .. } => {
                self.busy = self.busy.saturating_sub(1);
                self.done += 1;
                self.rows += rows.unwrap_or(0);
            }
            EventKind::Sent { bytes, .. } => self.bytes += bytes,
            _ => {}
        }
    }
}

/// The progress that who reads the events and who is asked for the status share.
#[derive(Debug, Clone, Default)]
pub struct SharedProgress(Arc<Mutex<Progress>>);

impl SharedProgress {
    /// Takes notice of an event.
    pub fn take(&self, event: &EventKind) {
        self.lock().take(event);
    }

    pub fn now(&self) -> Progress {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
