//! Statistics on plain numbers: nothing here knows what a restore is.
//!
//! One file per method. The protocol that uses them: observations are the
//! natural logarithms of times, so that differences are ratios; trials come
//! in blocks, and comparisons are made within blocks.

pub mod block_table;
pub mod bootstrap;
pub mod change_points;
pub mod difference;
pub mod estimate;
pub mod exact;
pub mod grouped;
pub mod holm;
pub mod interval;
pub mod latency;
pub mod linear;
pub mod median;
pub mod moments;
pub mod outlier;
pub mod paired;
pub mod random;
pub mod student;
pub mod trend;
pub mod two_way;
pub mod usl;
