//! From the rows of a run to summaries, curves, fits and comparisons.
//!
//! Nothing here decides anything, which is what `recommend` does with it, and
//! nothing here reads a file.

pub mod cell;
pub mod chain;
pub mod compare;
pub mod curve;
pub mod facts;
pub mod fit;
mod from_run;
pub mod key;
pub mod latency;
pub mod limits;
pub mod load;
pub mod overview;
pub mod parallelism;
pub mod replay;
pub mod serial_only;
pub mod tables;
pub mod usage;
pub mod words;

pub use cell::{CellSummary, OutcomeCounts};
pub use curve::{Curve, curves, curves_of_rows, curves_over};
pub use facts::{ArchiveFacts, BlockPlan, HostFacts, Resources, RunFacts};
pub use key::CurveKey;
pub use limits::{Breach, Limit, RestoreLimits};
pub use overview::Overview;
pub use replay::CurveReplay;
pub use serial_only::SerialOnly;
pub use tables::Tables;
