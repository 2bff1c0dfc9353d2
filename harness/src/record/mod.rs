//! The run folder: everything that a sweep measured, and nothing else knows
//! how it is written.
//!
//! `run.json` says what was to be done and on what, `trials.csv` has a row per
//! trial, `load.csv` a row per load sample, `items/`, `latency/` and
//! `control/` a table per trial, `errors/` the errors of a trial that had any,
//! `logs/` what a failed trial said, `plans/` what decides the order in which each
//! archive is restored. The row in `trials.csv` is written last and
//! synced: a trial is done if and only if its row is there, whole.

mod conditions;
mod control;
pub mod ending;
pub mod error;
pub mod folder;
pub mod item;
pub mod latency;
pub mod load;
mod merged;
mod metric;
mod paths;
pub mod plan;
pub mod recorded;
pub mod run;
mod table;
pub mod trial;
pub mod trial_error;

pub use conditions::Conditions;
pub use control::ControlRow;
pub use ending::Ending;
pub use error::FolderError;
pub use folder::RunFolder;
pub use item::ItemRow;
pub use latency::{LatencyRow, Stretch, WorkloadSummary};
pub use load::{LoadSample, LoadSummary};
pub use merged::Taken;
pub use metric::Metric;
pub use plan::{PlanRow, RecordedPlan};
pub use recorded::{PartOfHosts, Run};
pub use run::{
    ArchiveRecord, BlockHosts, DiskRecord, FileDigest, Host, HostIdentity, HostShare, LargestItem,
    Made, NetworkRecord, RunRecord, ServerRecord,
};
pub use trial::{Outcome, TrialRow, nanos};
pub use trial_error::{ErrorReference, ErrorRow};
