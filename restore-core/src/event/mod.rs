//! What happens in a restore, whichever engine runs it, and when.

mod error;
mod seconds;
mod timeline;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use error::{ErrorSource, RestoreError};
pub use timeline::{ItemTiming, Timeline};

use crate::control::Flow;
use crate::units::DumpId;

/// An item as an engine names it while it works.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ItemName {
    /// Its number, where the engine tells it: `pg_restore` does so only with
    /// two jobs or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<DumpId>,
    /// Its kind, in the archive's words: `TABLE DATA`.
    pub kind: String,
    /// Its name, with the schema where the engine tells it.
    pub name: String,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreEvent {
    /// Time since the engine was started; in seconds in JSON.
    #[serde(with = "seconds")]
    pub at: Duration,
    /// What it was.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// A worker has begun a step of an item.
    Started {
        /// The worker's slot, from 1; 0 is a leader that works alone.
        worker: u32,
        /// The item.
        item: ItemName,
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
    /// A worker has ended a step of an item.
    Finished {
        /// The worker's slot, as when it began.
        worker: u32,
        /// The item.
        item: ItemName,
        /// What was done of it.
        step: Step,
        /// Rows that were loaded, where the engine tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<u64>,
    },
    /// An error was reported; the restore may go on. Of a program it is what
    /// the first line tells.
    Error {
        /// The error.
        #[serde(flatten)]
        error: Box<RestoreError>,
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
    /// A restore that keeps limits has decided.
    Decision(Decision),
    /// The restore has gone to the end of the archive, whatever errors there were.
    Ended,
}

/// What a restore that keeps limits does next, and by which reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Workers that may be busy.
    pub jobs: u32,
    /// How fast data may go to the server.
    pub flow: Flow,
    /// Parallel workers of builds that begin from now on; none for as many as
    /// there would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_workers: Option<u32>,
    /// The limit that is nearest: `p99=12ms`.
    pub limit: String,
    /// What was read of it: `8.4 ms`.
    pub reading: String,
    /// The reading as a share of the limit; above 1 the limit is not kept.
    pub pressure: f64,
    /// Why: `limit is not kept`.
    pub reason: String,
}

/// The parts of a restore, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Old objects are dropped (`--clean`).
    Clean,
    /// Objects are made that data needs.
    PreData,
    /// Rows, large objects, indexes, constraints, triggers: by all workers.
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

/// What is done of an item at a time.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// All of it, as `pg_restore` does.
    #[default]
    Whole,
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
    /// A foreign key that is not checked yet.
    AddKey,
    /// The check of a foreign key that was added before.
    Validate,
    /// A VACUUM that marks the table's pages as visible to all.
    Vacuum,
}

impl Step {
    /// What reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Define => "define",
            Self::Load => "load",
            Self::LoadSlices => "load slices",
            Self::Insert => "insert",
            Self::LargeObjects => "large objects",
            Self::KeyIndex => "index of key",
            Self::AttachKey => "attach key",
            Self::AddKey => "add key",
            Self::Validate => "validate key",
            Self::Vacuum => "vacuum",
        }
    }
}
