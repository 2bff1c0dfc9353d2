//! A recorded run, judged: what every answer about runs begins with.
//!
//! [`Study::of`] reads what a run has beside its rows and judges it. What only
//! articles show (evidence, pairs, the map, load and latency by jobs, timelines)
//! is computed when it is asked for; timelines alone read files again.

pub mod control;
pub mod errors;
pub mod evidence;
mod judged;
pub mod latency;
pub mod load;
pub mod map;
mod measured;
pub mod pairs;
mod recordings;
pub mod timeline;

pub use judged::{Study, WorkloadCell};
pub use measured::Measured;
pub use recordings::replay_inputs;
