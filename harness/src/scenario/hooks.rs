//! What a scenario does around each restore, apart from restoring.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Scripts and commands around each restore.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hooks {
    /// Absolute paths of SQL scripts that psql runs in the fresh database.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<PathBuf>,
    /// The same for the restored database, before its rows are counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<PathBuf>,
    /// Shell commands on this machine, last of all before the restore.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prepare: Vec<String>,
    /// Shell commands on this machine, before the database is dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cleanup: Vec<String>,
    /// The name that the database of each trial gets, where an extension
    /// insists on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

impl Hooks {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every SQL script.
    pub fn scripts(&self) -> impl Iterator<Item = &PathBuf> {
        self.before.iter().chain(&self.after)
    }
}
