//! What a native restore tells while it runs.

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::units::DumpId;

/// The parts of a restore, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Old objects are dropped (`--clean`).
    Clean,
    /// Objects are made that data needs.
    PreData,
    /// Rows, large objects, indexes, constraints, triggers.
    Main,
    /// Privileges.
    Acl,
    /// Materialised views, event triggers, late statistics.
    PostAcl,
    /// Statistics are gathered (`--analyze`) and the journal is dropped.
    End,
}

impl Phase {
    /// What reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::PreData => "pre-data",
            Self::Main => "data and post-data",
            Self::Acl => "privileges",
            Self::PostAcl => "after privileges",
            Self::End => "end",
        }
    }
}

/// What a step does of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The item's own SQL.
    Define,
    /// Its rows, in one COPY.
    Load,
    /// Its rows, in slices by several workers.
    LoadSlices,
    /// Its rows, by INSERT.
    Insert,
    /// Its large objects.
    LargeObjects,
    /// The index of a key, before the key itself.
    KeyIndex,
    /// The key of an index that is there.
    AttachKey,
    /// A VACUUM that marks the table's pages as visible to all.
    Vacuum,
}

impl Step {
    /// What reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Define => "define",
            Self::Load => "load",
            Self::LoadSlices => "load slices",
            Self::Insert => "insert",
            Self::LargeObjects => "large objects",
            Self::KeyIndex => "index of key",
            Self::AttachKey => "attach key",
            Self::Vacuum => "vacuum",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// The restore has begun.
    Begun {
        /// Items that are restored.
        items: usize,
        /// Bytes of their data in the archive, as stored there; 0 where it
        /// does not tell.
        bytes: u64,
        /// Workers.
        jobs: u32,
        /// Items that an earlier run of this restore had done.
        resumed: usize,
    },
    /// A phase has begun.
    Phase {
        /// Which.
        phase: Phase,
    },
    /// A worker has begun a step.
    Started {
        /// The worker, from 1.
        worker: u32,
        /// The item.
        item: DumpId,
        /// What is done of it.
        step: Step,
    },
    /// Data was sent to the server.
    Sent {
        /// The item.
        item: DumpId,
        /// Bytes since the event before, decompressed.
        bytes: u64,
    },
    /// A worker has ended a step.
    Finished {
        /// The worker, from 1.
        worker: u32,
        /// The item.
        item: DumpId,
        /// What was done of it.
        step: Step,
        /// Rows that were loaded.
        rows: u64,
        /// Seconds since it began.
        seconds: f64,
    },
    /// An item failed.
    Error {
        /// The item's number.
        item: Option<DumpId>,
        /// Its kind, in the archive's words.
        kind: String,
        /// Its name, with the schema where it has one.
        name: String,
        /// The server's words, with the statement.
        text: String,
    },
    /// Something that the user should know.
    Note {
        /// The sentence.
        text: String,
    },
    /// The number of workers has changed.
    Jobs {
        /// Workers that may be busy from now on; 0 in a pause.
        jobs: u32,
    },
}

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Seconds since the restore began.
    pub at: f64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Tells whoever started the restore.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    began: Instant,
    sender: mpsc::UnboundedSender<Event>,
}

impl Reporter {
    pub(crate) fn new(sender: mpsc::UnboundedSender<Event>) -> Self {
        Self { began: Instant::now(), sender }
    }

    pub(crate) fn tell(&self, kind: EventKind) {
        // Nobody need listen.
        let _ = self.sender.send(Event { at: self.began.elapsed().as_secs_f64(), kind });
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.tell(EventKind::Note { text: text.into() });
    }

    pub(crate) fn began(&self) -> Instant {
        self.began
    }
}
