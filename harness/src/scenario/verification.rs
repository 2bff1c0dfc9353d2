//! `[restore] verify`: what of a restored database is held against its archive.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What of a restored database is held against its archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// `"rows"`: how many rows each table has.
    #[default]
    Rows,
    /// `"hashes"`: also what the rows, sequences and large objects hold. It reads all of them
    /// after every restore.
    Hashes,
}

impl Verification {
    /// Whether it is the default, which records leave out.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for Verification {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rows" => Ok(Self::Rows),
            "hashes" => Ok(Self::Hashes),
            _ => Err(format!("verify is \"rows\" or \"hashes\", not {text:?}")),
        }
    }
}
