//! The regression gate: is the candidate slower than the base?
//!
//! Two arms, each with times by block, become one verdict per metric: pass,
//! regression or inconclusive. Both a regression and a pass must be shown; what
//! the blocks cannot show is inconclusive. Everything here is a function of
//! rows that were recorded.

pub mod across;
pub mod comparison;
pub mod judge;
pub mod noise;
pub mod policy;
pub mod readings;

pub use comparison::{Comparison, Metric, MetricVerdict};
pub use judge::{Finding, Reason};
pub use policy::{GatedMetric, Policy};
