//! A disk that is slower than the one that is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::Bandwidth;

/// What a disk gives at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiskLimits {
    /// Bytes per second that it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Bandwidth>,
    /// Bytes per second that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Bandwidth>,
    /// Operations per second, of reads and of writes each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iops: Option<u32>,
}

impl DiskLimits {
    /// What is wrong with it.
    pub fn flaw(&self) -> Option<&'static str> {
        match self {
            Self { write: None, read: None, iops: None } => {
                Some("server.disk limits nothing: give write, read or iops")
            }
            Self { iops: Some(0..10), .. } => {
                Some("server.disk.iops is below 10: no file system could be made in time")
            }
            _ => None,
        }
    }
}
