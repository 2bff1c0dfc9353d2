//! A PostgreSQL server in a container, and its client programs beside it.

mod container;
mod engine;
mod image;
mod launcher;
mod reach;
mod usage;

pub use container::Shared;
pub(super) use container::{Container, ContainerDisk, ContainerSpec, wait_until_ready};
pub(super) use engine::engine_cores;
pub use engine::{connect, data_folder, remove_all};
