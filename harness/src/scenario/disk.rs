//! A disk that is slower than the one that is there.

use std::str::FromStr;

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

/// As on the command line: `write=40MB/s,read=80MB/s,iops=500`.
impl FromStr for DiskLimits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut limits = Self { write: None, read: None, iops: None };
        for limit in text.split(',') {
            match limit.trim().split_once('=') {
                Some(("write", rate)) => limits.write = Some(rate.parse()?),
                Some(("read", rate)) => limits.read = Some(rate.parse()?),
                Some(("iops", count)) => {
                    let count = count.parse();
                    limits.iops = Some(count.map_err(|_| format!("{limit:?} is no number"))?);
                }
                _ => {
                    return Err(format!(
                        "{limit:?} limits nothing: write it like \"write=40MB/s,iops=500\""
                    ));
                }
            }
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_the_command_line() {
        let limits: DiskLimits = "write=40MB/s, iops=500".parse().unwrap();
        let rate = |text: &str| Some(text.parse::<Bandwidth>().unwrap());
        assert_eq!(limits, DiskLimits { write: rate("40MB/s"), read: None, iops: Some(500) });
        for (flaw, told) in [
            ("", "limits nothing"),
            ("40MB/s", "limits nothing"),
            ("wriet=40MB/s", "limits nothing"),
            ("write=40", "no bandwidth"),
            ("iops=many", "no number"),
        ] {
            let error = flaw.parse::<DiskLimits>().unwrap_err();
            assert!(error.contains(told), "{flaw}: {error}");
        }
    }
}
