//! How a server of our own is reached.

use restore_core::connection::{Conninfo, Environment};

/// Nothing of the user's surroundings shall change it.
pub(super) fn conninfo(text: &str) -> anyhow::Result<Conninfo> {
    Ok(Conninfo::parse(text, &Environment::new([]))?)
}
