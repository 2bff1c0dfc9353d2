//! A restore that keeps limits: it uses what is free, and gives way at once.
//!
//! A [`Limit`] is what the user wants kept. A [`probe`] asks the server at a fixed rate, as an
//! application would, [`readings`] looks at the server and the host; the [`Controller`] decides by
//! the nearest limit, a pure function of what was read. A [`Keeper`] brings these together; the
//! [`Governor`] tells the restore what was decided, and answers the control [`socket`]. See
//! docs/live.md.

mod controller;
mod governor;
mod keeper;
mod probe;
mod progress;
mod readings;
pub mod socket;
mod window;

pub use crate::scenario::keep::{Limit, LimitKind};
pub use controller::{Controller, Setting};
pub use governor::Governor;
pub use keeper::{Keeper, KeeperSpec};
pub use probe::ProbeSpec;
pub use progress::{Progress, SharedProgress};
