//! Tells of events.

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::event::{EventKind, RestoreEvent};

/// Tells whoever started the restore.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    began: Instant,
    sender: mpsc::UnboundedSender<RestoreEvent>,
}

impl Reporter {
    pub(crate) fn new(sender: mpsc::UnboundedSender<RestoreEvent>) -> Self {
        Self { began: Instant::now(), sender }
    }

    pub(crate) fn tell(&self, kind: EventKind) {
        // Nobody need listen.
        let _ = self.sender.send(RestoreEvent { at: self.began.elapsed(), kind });
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.tell(EventKind::Note { text: text.into() });
    }

    pub(crate) fn began(&self) -> Instant {
        self.began
    }
}
