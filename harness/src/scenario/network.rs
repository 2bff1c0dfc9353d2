//! What lies between client programs and server.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::quantity::Span;

/// A network that is imitated, each direction by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// How long what is sent is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latency: Option<Span>,
    /// All that goes through if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
}

impl Network {
    /// `None` where nothing lies between.
    pub fn new(latency: Option<Span>, bandwidth: Option<Bandwidth>) -> Option<Self> {
        (latency.is_some() || bandwidth.is_some()).then_some(Self { latency, bandwidth })
    }

    /// How long what is sent is under way.
    pub fn latency(&self) -> Duration {
        self.latency.map(Span::get).unwrap_or_default()
    }

    /// The same with what another one says.
    #[must_use]
    pub fn changed(self, latency: Option<Span>, bandwidth: Option<Bandwidth>) -> Self {
        Self { latency: latency.or(self.latency), bandwidth: bandwidth.or(self.bandwidth) }
    }
}

/// Bytes per second, as networks are sold, `100Mbit`, or as disks are, `12MB/s`; it is
/// written as it was given.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bandwidth {
    number: f64,
    unit: &'static Unit,
}

/// A suffix, and what one of it is in bytes per second.
type Unit = (&'static str, f64);

static UNITS: [Unit; 6] = [
    ("Gbit", 1e9 / 8.0),
    ("Mbit", 1e6 / 8.0),
    ("kbit", 1e3 / 8.0),
    ("GB/s", 1e9),
    ("MB/s", 1e6),
    ("kB/s", 1e3),
];

impl Bandwidth {
    pub fn bytes_per_second(self) -> f64 {
        self.number * self.unit.1
    }
}

/// Whatever the unit.
impl PartialEq for Bandwidth {
    fn eq(&self, other: &Self) -> bool {
        self.bytes_per_second() == other.bytes_per_second()
    }
}

impl FromStr for Bandwidth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        UNITS
            .iter()
            .find_map(|unit| {
                let number: f64 = text.strip_suffix(unit.0)?.trim().parse().ok()?;
                Some(Self { number, unit })
            })
            .filter(|bandwidth| (1e3..=1e12).contains(&bandwidth.bytes_per_second()))
            .ok_or_else(|| {
                format!("{text:?} is no bandwidth: write it like \"100Mbit\" or \"12MB/s\"")
            })
    }
}

impl TryFrom<String> for Bandwidth {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit.0)
    }
}

impl From<Bandwidth> for String {
    fn from(bandwidth: Bandwidth) -> Self {
        bandwidth.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_are_bits_or_bytes() {
        for (text, bytes, shown) in [
            ("100Mbit", 12.5e6, "100Mbit"),
            ("12MB/s", 12e6, "12MB/s"),
            ("1.5 Gbit", 187.5e6, "1.5Gbit"),
            ("64kbit", 8e3, "64kbit"),
        ] {
            let bandwidth: Bandwidth = text.parse().unwrap();
            assert!((bandwidth.bytes_per_second() / bytes - 1.0).abs() < 1e-9, "{text}");
            assert_eq!(bandwidth.to_string(), shown);
            assert_eq!(shown.parse::<Bandwidth>().unwrap(), bandwidth);
        }
        assert_eq!("96Mbit".parse::<Bandwidth>(), "12MB/s".parse());
        for flaw in ["100", "0Mbit", "-1Mbit", "fast", "100Mb"] {
            assert!(flaw.parse::<Bandwidth>().unwrap_err().contains("100Mbit"), "{flaw}");
        }
    }
}
