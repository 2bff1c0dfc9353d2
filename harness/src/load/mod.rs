//! What the machine and the server do while a trial runs.
//!
//! [`Sampling`] looks at regular instants and gives [`LoadSample`]s; [`summarise`]
//! says what those of a trial come to. What cannot be read here (another system
//! than Linux, a role without rights, a container in a machine of its own) is
//! absent, is said once, and stops nothing.
//!
//! `procfs` parses, `readings` reads files, `host`, `cgroup`, `process` and
//! `server` are the sources, `sampler` puts them together.
//!
//! [`LoadSample`]: crate::record::LoadSample

mod cgroup;
mod conditions;
mod counts;
mod device;
mod engine;
mod held;
mod host;
mod live;
mod pace;
mod process;
mod procfs;
mod readings;
mod sampler;
mod server;
mod shares;
mod summary;
mod tree;
mod wait;

pub use conditions::conditions;
pub use engine::EngineStats;
pub use held::held_by_locks;
pub use live::LiveLoad;
pub use pace::DEFAULT_INTERVAL;
pub use sampler::{Sampling, SamplingTarget, Seen};
pub use shares::{HostShares, Shares};
pub use summary::summarise;
pub use tree::FirstProcess;
