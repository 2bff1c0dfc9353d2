//! A restore that keeps limits: it uses what is free, and gives way at once.
//!
//! A [`Limit`] is what the user wants kept. A [`Probe`](probe) asks the server at a fixed rate, as
//! an application would, [`readings`] looks at the server and the host; the [`Controller`] decides
//! by the nearest limit, a pure function of what was read; [`Governor`] brings them together and
//! answers the control [`socket`]. See docs/live.md.

mod controller;
mod governor;
mod probe;
mod readings;
pub mod socket;
mod window;

use crate::report::format;

pub use crate::scenario::keep::{Limit, LimitKind};
pub use controller::{Controller, Setting};
pub use governor::{Course, Governor, Keeper, Plan, SharedCourse, usual_socket};
pub use probe::ProbeSpec;

/// A reading in words and units: of seconds, shares, bytes per second or sessions.
fn shown(kind: LimitKind, reading: f64) -> String {
    match kind {
        LimitKind::P99 | LimitKind::LatencyIncrease | LimitKind::Lag => format::time(reading),
        LimitKind::Cpu | LimitKind::IoPressure | LimitKind::Disk => {
            format!("{:.0} %", reading * 100.0)
        }
        LimitKind::WalRate => format::rate(reading),
        LimitKind::Connections | LimitKind::LocksWaiting => format!("{reading:.0}"),
    }
}
