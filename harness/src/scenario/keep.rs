//! What a restore is to keep: `p99=12ms`, `cpu=80%`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::quantity::{Memory, Percent, Span};

/// A limit of what production may feel of a restore.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Limit {
    /// The 99th percentile of the probe's latency.
    P99(Span),
    /// How much the 99th percentile of the probe's latency may rise above what it was before the
    /// restore.
    LatencyIncrease(f64),
    /// Share of the host's processors that is in use.
    Cpu(f64),
    /// Share of time in which some process waits for a disk (PSI, `some`).
    IoPressure(f64),
    /// Share of time in which the disk of the data directory is busy.
    Disk(f64),
    /// How far the replicas are behind in replaying.
    Lag(Span),
    /// Bytes of write-ahead log in a second.
    WalRate(u64),
    /// Sessions of others that run something.
    Connections(u32),
    /// Sessions of others that wait for a lock.
    LocksWaiting(u32),
}

/// What a limit is about, without its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    P99,
    LatencyIncrease,
    Cpu,
    IoPressure,
    Disk,
    Lag,
    WalRate,
    Connections,
    LocksWaiting,
}

impl LimitKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::P99 => "p99",
            Self::LatencyIncrease => "latency",
            Self::Cpu => "cpu",
            Self::IoPressure => "io-pressure",
            Self::Disk => "disk",
            Self::Lag => "lag",
            Self::WalRate => "wal-rate",
            Self::Connections => "connections",
            Self::LocksWaiting => "locks-waiting",
        }
    }

    /// Whether the probe tells it.
    pub fn is_of_probe(self) -> bool {
        matches!(self, Self::P99 | Self::LatencyIncrease)
    }

    /// Whether the server tells it when it is asked.
    pub fn is_of_server(self) -> bool {
        matches!(self, Self::Lag | Self::WalRate | Self::Connections | Self::LocksWaiting)
    }
}

impl Limit {
    pub fn kind(self) -> LimitKind {
        match self {
            Self::P99(_) => LimitKind::P99,
            Self::LatencyIncrease(_) => LimitKind::LatencyIncrease,
            Self::Cpu(_) => LimitKind::Cpu,
            Self::IoPressure(_) => LimitKind::IoPressure,
            Self::Disk(_) => LimitKind::Disk,
            Self::Lag(_) => LimitKind::Lag,
            Self::WalRate(_) => LimitKind::WalRate,
            Self::Connections(_) => LimitKind::Connections,
            Self::LocksWaiting(_) => LimitKind::LocksWaiting,
        }
    }

    /// The most that may be read, in the unit of the readings; `before` is the reading before the
    /// restore.
    pub fn bound(self, before: f64) -> f64 {
        match self {
            Self::P99(most) | Self::Lag(most) => most.get().as_secs_f64(),
            Self::LatencyIncrease(share) => before * (1.0 + share),
            Self::Cpu(share) | Self::IoPressure(share) | Self::Disk(share) => share,
            Self::WalRate(bytes) => bytes as f64,
            Self::Connections(count) | Self::LocksWaiting(count) => f64::from(count),
        }
    }

    /// A reading as a share of the bound: above 1 the limit is not kept.
    pub fn pressure(self, reading: f64, before: f64) -> f64 {
        match self.bound(before) {
            // Of none at all, one is too many.
            bound if bound <= 0.0 => 2.0 * f64::from(u8::from(reading > 0.0)),
            bound => reading / bound,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.kind().name();
        match *self {
            Self::P99(most) | Self::Lag(most) => {
                write!(f, "{name}={}", most.to_string().replace(' ', ""))
            }
            Self::LatencyIncrease(share) => write!(f, "{name}=+{:.0}%", share * 100.0),
            Self::Cpu(share) | Self::IoPressure(share) | Self::Disk(share) => {
                write!(f, "{name}={:.0}%", share * 100.0)
            }
            Self::WalRate(bytes) => write!(f, "{name}={}MB/s", bytes >> 20),
            Self::Connections(count) | Self::LocksWaiting(count) => write!(f, "{name}={count}"),
        }
    }
}

/// The limits that there are, with an example each.
const EXAMPLES: &str = "p99=12ms, latency=+50%, cpu=80%, io-pressure=20%, disk=70%, lag=5s, \
    wal-rate=50MB/s, connections=20 or locks-waiting=0";

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("{text:?} is no limit: give {EXAMPLES}");
        let (name, value) = text.split_once('=').ok_or_else(unknown)?;
        let time = || value.parse::<Span>();
        let share = || match value.parse::<Percent>()?.share() {
            share if share > 0.0 && share <= 1.0 => Ok(share),
            _ => Err(format!("{value} is no share of {name}: give 1% to 100%")),
        };
        let count = || {
            value.parse::<u32>().map_err(|_| format!("{value:?} is no number of {name}: give 20"))
        };
        match name.trim() {
            "p99" => time().map(Self::P99),
            "lag" => time().map(Self::Lag),
            "latency" => {
                let share = value.strip_prefix('+').ok_or_else(|| {
                    format!("{value:?} is no rise of the latency: write it like \"+50%\"")
                })?;
                share.parse::<Percent>().map(|share| Self::LatencyIncrease(share.share()))
            }
            "cpu" => share().map(Self::Cpu),
            "io-pressure" => share().map(Self::IoPressure),
            "disk" => share().map(Self::Disk),
            "wal-rate" => {
                let size = value
                    .strip_suffix("/s")
                    .ok_or_else(|| format!("{value:?} is no rate: write it like \"50MB/s\""))?;
                size.parse::<Memory>().map(|size| Self::WalRate(size.bytes()))
            }
            "connections" => count().map(Self::Connections),
            "locks-waiting" => count().map(Self::LocksWaiting),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for Limit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_written() {
        for text in [
            "p99=12ms",
            "lag=5s",
            "latency=+50%",
            "cpu=80%",
            "io-pressure=20%",
            "disk=70%",
            "wal-rate=50MB/s",
            "connections=20",
            "locks-waiting=0",
        ] {
            let limit: Limit = text.parse().unwrap();
            assert_eq!(limit.to_string(), text);
        }
        assert_eq!("p99=12ms".parse(), Ok(Limit::P99(Span::from_millis(12))));
    }

    #[test]
    fn what_is_no_limit_is_told_with_what_would_be() {
        for (text, words) in [
            ("p99", "p99=12ms"),
            ("p98=1s", "p99=12ms"),
            ("p99=fast", "span of time"),
            ("cpu=120%", "1% to 100%"),
            ("latency=50%", "\"+50%\""),
            ("wal-rate=50MB", "50MB/s"),
            ("connections=-1", "give 20"),
        ] {
            let error = text.parse::<Limit>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn pressure_is_the_share_of_the_limit() {
        let p99 = Limit::P99(Span::from_millis(10));
        assert!((p99.pressure(0.005, 1.0) - 0.5).abs() < 1e-9);
        let rise = Limit::LatencyIncrease(0.5);
        assert!((rise.pressure(0.03, 0.01) - 2.0).abs() < 1e-9);
        let none = Limit::LocksWaiting(0);
        assert!(none.pressure(0.0, 0.0) < 1.0 && none.pressure(1.0, 0.0) > 1.0);
    }
}
