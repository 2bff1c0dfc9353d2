//! What a server's data lies on, and how the system below it is set.

use serde::{Deserialize, Serialize};

/// What a server's data lies on, and how the system below it is set. What could not be
/// read is absent: another system than Linux, an ordinary user, a server elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// Type of the file system of the data directory: `ext4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_system: Option<String>,
    /// Its mount options, as the kernel lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_options: Option<String>,
    /// The block device below it: `nvme0n1p1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Whether the device turns, as it says; virtual ones often say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_rotates: Option<bool>,
    /// The device's scheduler: `none`, `mq-deadline` ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<String>,
    /// `always`, `madvise` or `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparent_huge_pages: Option<String>,
    /// What sets the processors' frequency: `performance`, `powersave` ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    /// `none`, or the kind of machine that this one runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtualisation: Option<String>,
    /// Thousandths of a processor that control groups leave to this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit_milli: Option<u64>,
    /// Memory that control groups leave to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<u64>,
    /// Whether the cluster checks its pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_checksums: Option<bool>,
    /// Version of the collation that the server's databases have by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation_version: Option<String>,
}

impl Conditions {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Names with values, of what is known.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.clone();
        let yes_or_no =
            |value: Option<bool>| value.map(|value| if value { "yes" } else { "no" }.to_owned());
        [
            ("file system", text(&self.file_system)),
            ("mount options", text(&self.mount_options)),
            ("device", text(&self.device)),
            ("device rotates", yes_or_no(self.device_rotates)),
            ("scheduler", text(&self.scheduler)),
            ("transparent huge pages", text(&self.transparent_huge_pages)),
            ("governor", text(&self.governor)),
            ("virtualisation", text(&self.virtualisation)),
            (
                "processors granted",
                self.cpu_limit_milli.map(|milli| format!("{}", milli as f64 / 1000.0)),
            ),
            ("memory granted", self.memory_limit_bytes.map(|bytes| format!("{} MiB", bytes >> 20))),
            ("data checksums", yes_or_no(self.data_checksums)),
            ("collation version", text(&self.collation_version)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// What is known of both and differs, in words.
    pub fn differences(&self, other: &Self) -> Option<String> {
        let theirs = other.fields();
        let differing: Vec<String> = self
            .fields()
            .into_iter()
            .filter_map(|(name, ours)| {
                let (_, theirs) = theirs.iter().find(|(of, _)| *of == name)?;
                (ours != *theirs).then(|| format!("{name}: {ours} and {theirs}"))
            })
            .collect();
        (!differing.is_empty()).then(|| differing.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_know_can_differ() {
        let one = Conditions {
            file_system: Some("ext4".to_owned()),
            governor: Some("performance".to_owned()),
            data_checksums: Some(true),
            ..Conditions::default()
        };
        assert_eq!(one.differences(&one), None);
        assert_eq!(one.differences(&Conditions::default()), None, "an old run knows nothing");
        let other = Conditions {
            file_system: Some("xfs".to_owned()),
            data_checksums: Some(false),
            scheduler: Some("none".to_owned()),
            ..Conditions::default()
        };
        assert_eq!(
            one.differences(&other).unwrap(),
            "file system: ext4 and xfs; data checksums: yes and no"
        );
    }

    #[test]
    fn what_is_unknown_is_not_written() {
        assert_eq!(serde_json::to_string(&Conditions::default()).unwrap(), "{}");
        let read: Conditions = serde_json::from_str("{\"device\": \"vda\"}").unwrap();
        assert_eq!(read.fields(), [("device", "vda".to_owned())]);
        assert!(!read.is_empty() && Conditions::default().is_empty());
    }
}
