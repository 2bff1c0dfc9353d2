//! Finding -j for one archive with few restores.
//!
//! What the table of contents says, what is known of restores in general and
//! the restores so far give a probability to each number of jobs; the next
//! restore is the one that lowers the doubt most for its time. Everything here
//! is a function of the plan and of the rows so far: the same rows lead to the
//! same next restore, on any machine.

pub mod model;
pub mod prior;
pub mod rule;

pub use model::Posterior;
pub use prior::Prior;
pub use rule::{Candidate, Rule, Standing, Step};
