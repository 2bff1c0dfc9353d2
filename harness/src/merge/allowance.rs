//! What may be so, and shards be merged all the same.

use std::fmt;

/// What shards may lack and be merged all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Allowance {
    /// Blocks that no shard has.
    Missing,
    /// The same archive byte for byte: each host made its own from the same data.
    Archive,
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Missing => "missing",
            Self::Archive => "archive",
        })
    }
}
