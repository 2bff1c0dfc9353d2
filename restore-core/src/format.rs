//! The formats and compressions that `pg_dump` knows by option.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What `pg_dump --format` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One file, read at random by parallel workers.
    Custom,
    /// A directory with a file for each table.
    Directory,
    /// A tar file: restores serially.
    Tar,
    /// An SQL script for psql: restores serially.
    Plain,
}

impl Format {
    /// Whether `pg_restore -j` with more than one job accepts it
    /// (PostgreSQL 17, `pg_restore`: "only the custom and directory archive
    /// formats are supported with this option").
    pub fn is_parallel(self) -> bool {
        matches!(self, Self::Custom | Self::Directory)
    }

    /// Its name as the option's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Directory => "directory",
            Self::Tar => "tar",
            Self::Plain => "plain",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Custom, Self::Directory, Self::Tar, Self::Plain]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| {
                format!("{text:?} is not a format: give custom, directory, tar or plain")
            })
    }
}

/// What `pg_dump --compress` takes: a method and, where given, its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Compression {
    method: Method,
    level: Option<u8>,
}

/// How the data of an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Not at all.
    None,
    /// zlib streams in custom archives, gzip files in directories.
    Gzip,
    /// LZ4 frames (from PostgreSQL 16).
    Lz4,
    /// Zstandard (from PostgreSQL 16).
    Zstd,
}

impl Method {
    const ALL: [Self; 4] = [Self::None, Self::Gzip, Self::Lz4, Self::Zstd];

    /// Its name in the option's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The levels that `pg_dump` accepts (PostgreSQL 17,
    /// `src/common/compression.c`); zstd also has negative ones, which are of
    /// no use here.
    fn max_level(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Gzip => 9,
            Self::Lz4 => 12,
            Self::Zstd => 22,
        }
    }

    /// The first major version whose `pg_dump` has it.
    pub fn since_major(self) -> u32 {
        match self {
            Self::None | Self::Gzip => 9,
            Self::Lz4 | Self::Zstd => 16,
        }
    }
}

impl Compression {
    /// No compression.
    pub const NONE: Self = Self { method: Method::None, level: None };

    /// The method.
    pub fn method(self) -> Method {
        self.method
    }

    /// The level, where one was asked for.
    pub fn level(self) -> Option<u8> {
        self.level
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => f.pad(&format!("{}:{level}", self.method.as_str())),
            None => f.pad(self.method.as_str()),
        }
    }
}

impl From<Compression> for String {
    fn from(compression: Compression) -> Self {
        compression.to_string()
    }
}

impl TryFrom<String> for Compression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level)),
            None => (text, None),
        };
        let method =
            Method::ALL.into_iter().find(|method| method.as_str() == name).ok_or_else(|| {
                format!("{text:?} is not a compression: give none, gzip:N, lz4:N or zstd:N")
            })?;
        let Some(level) = level else {
            return Ok(Self { method, level: None });
        };
        let max = method.max_level();
        match level.parse::<u8>() {
            Ok(level) if (1..=max).contains(&level) => Ok(Self { method, level: Some(level) }),
            _ if method == Method::None => {
                Err(format!("{text:?}: \"none\" takes no level: give \"none\""))
            }
            _ => Err(format!("{text:?}: the level of {name} is a whole number from 1 to {max}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressions_round_trip() {
        for text in ["none", "gzip", "gzip:6", "lz4", "zstd:19"] {
            assert_eq!(text.parse::<Compression>().map(|c| c.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn impossible_compressions_say_what_is_possible() {
        let error = |text: &str| text.parse::<Compression>().unwrap_err();
        assert!(error("brotli").contains("give none, gzip:N, lz4:N or zstd:N"));
        assert!(error("gzip:10").contains("from 1 to 9"));
        assert!(error("zstd:fast").contains("from 1 to 22"));
        assert!(error("none:1").contains("takes no level"));
    }

    #[test]
    fn only_custom_and_directory_restore_in_parallel() {
        assert!(Format::Custom.is_parallel() && Format::Directory.is_parallel());
        assert!(!Format::Tar.is_parallel() && !Format::Plain.is_parallel());
    }
}
