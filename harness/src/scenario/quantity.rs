//! Quantities as people write them in scenarios: `5%`, `30m`, `2GiB`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What something costs, in a currency that is the user's to know.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Price(f64);

impl Price {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Price {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<f64>()
            .ok()
            .filter(|price| price.is_finite() && *price >= 0.0)
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a price: write it as a number like 0.58"))
    }
}

/// A share, written as a percentage.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percent(f64);

impl Percent {
    /// So many hundredths.
    pub const fn new(percent: u32) -> Self {
        Self(percent as f64 / 100.0)
    }

    /// The share: 0.05 for 5 %.
    pub fn share(self) -> f64 {
        self.0
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_suffix('%')
            .and_then(|number| number.trim().parse::<f64>().ok())
            .filter(|percent| (0.0..=1000.0).contains(percent))
            .map(|percent| Self(percent / 100.0))
            .ok_or_else(|| format!("{text:?} is not a percentage: write it like \"5%\""))
    }
}

impl TryFrom<String> for Percent {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A share such as 0.03 is no binary fraction: 3, not 3.0000000000004.
        let percent = (self.0 * 1e8).round() / 1e6;
        write!(f, "{percent}%")
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        percent.to_string()
    }
}

/// A span of time, written like `30m` or `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(Duration);

impl Span {
    /// So many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// The duration.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<SignedDuration>()
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .filter(|span| !span.is_zero())
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "{text:?} is not a span of time: write it like \"90s\", \"30m\" or \"1h 30m\""
                )
            })
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SignedDuration::try_from(self.0) {
            Ok(span) => write!(f, "{span:#}"),
            Err(_) => write!(f, "{}s", self.0.as_secs()),
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

/// How much of a dataset is made: 1 is what its scenario says.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Scale(f64);

impl Scale {
    /// What the scenario says.
    pub const NORMAL: Self = Self(1.0);

    /// Little enough that a sweep takes seconds: to see that a scenario works,
    /// and nothing about speed.
    pub const SMALL: Self = Self(0.02);

    /// The factor, above 0.
    pub fn factor(self) -> f64 {
        self.0
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl TryFrom<f64> for Scale {
    type Error = String;

    fn try_from(factor: f64) -> Result<Self, String> {
        if factor > 0.0 && factor <= 1e6 {
            Ok(Self(factor))
        } else {
            Err(format!("{factor} is not a scale: give a number above 0, at most 1000000"))
        }
    }
}

impl From<Scale> for f64 {
    fn from(scale: Scale) -> Self {
        scale.0
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "small" => Ok(Self::SMALL),
            "normal" => Ok(Self::NORMAL),
            _ => match text.parse::<f64>() {
                Ok(factor) => factor.try_into(),
                Err(_) => {
                    Err(format!("{text:?} is not a scale: give small, normal or a number above 0"))
                }
            },
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often the load is looked at: a span of time, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LoadInterval {
    /// Not at all.
    Off,
    /// Every so often, and less often as a trial gets longer.
    Every(Span),
}

impl LoadInterval {
    /// Nothing that is read changes faster: the kernel's own ticks are 10 ms.
    const SHORTEST: Duration = Duration::from_millis(10);
}

impl Default for LoadInterval {
    fn default() -> Self {
        Self::Every(Span(Duration::from_millis(100)))
    }
}

impl FromStr for LoadInterval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let span = text.parse::<Span>().ok().filter(|span| span.get() >= Self::SHORTEST);
        span.map(Self::Every).ok_or_else(|| {
            format!("{text:?} is no interval: write it like \"100ms\", from 10ms, or \"off\"")
        })
    }
}

impl TryFrom<String> for LoadInterval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<LoadInterval> for String {
    fn from(interval: LoadInterval) -> Self {
        match interval {
            LoadInterval::Off => "off".to_owned(),
            LoadInterval::Every(span) => span.to_string(),
        }
    }
}

/// How much is restored, or dumped, before the first trial, so that this does
/// not meet cold caches; written like `5m`, or `whole`, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum WarmUp {
    /// Nothing.
    Off,
    /// As much as takes this time.
    AtMost(Span),
    /// All.
    #[default]
    Whole,
}

impl WarmUp {
    /// When to stop it.
    pub fn limit(self) -> Option<Duration> {
        match self {
            Self::AtMost(span) => Some(span.get()),
            Self::Off | Self::Whole => None,
        }
    }
}

impl FromStr for WarmUp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "whole" => Ok(Self::Whole),
            _ => text.parse().map(Self::AtMost).map_err(|_: String| {
                format!("{text:?} is no warm-up: write a time like \"5m\", \"whole\" or \"off\"")
            }),
        }
    }
}

impl TryFrom<String> for WarmUp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<WarmUp> for String {
    fn from(warm_up: WarmUp) -> Self {
        match warm_up {
            WarmUp::Off => "off".to_owned(),
            WarmUp::AtMost(span) => span.to_string(),
            WarmUp::Whole => "whole".to_owned(),
        }
    }
}

/// An amount of memory, written like `512MB` or `2GiB`. As in PostgreSQL and
/// Docker, MB and MiB are the same: 1024 x 1024 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Memory(u64);

impl Memory {
    /// In bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(at);
        let shift = match unit.trim().to_ascii_lowercase().as_str() {
            "k" | "kb" | "kib" => Some(10),
            "m" | "mb" | "mib" => Some(20),
            "g" | "gb" | "gib" => Some(30),
            _ => None,
        };
        let number: Option<u64> = number.parse().ok().filter(|&number| number > 0);
        number
            .zip(shift)
            .and_then(|(number, shift)| number.checked_mul(1 << shift))
            .map(Self)
            .ok_or_else(|| {
                format!("{text:?} is not an amount of memory: write it like \"512MB\" or \"2GB\"")
            })
    }
}

impl TryFrom<String> for Memory {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Memory> for String {
    fn from(memory: Memory) -> Self {
        match memory.0 {
            bytes if bytes % (1 << 30) == 0 => format!("{}GB", bytes >> 30),
            bytes if bytes % (1 << 20) == 0 => format!("{}MB", bytes >> 20),
            bytes => format!("{}kB", bytes >> 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages() {
        assert_eq!("3%".parse::<Percent>().map(Percent::share), Ok(0.03));
        assert_eq!("2.5 %".parse::<Percent>().map(|p| p.to_string()), Ok("2.5%".to_owned()));
        assert!("3".parse::<Percent>().is_err());
        assert!("-1%".parse::<Percent>().is_err());
        assert!("NaN%".parse::<Percent>().is_err());
    }

    #[test]
    fn spans() {
        assert_eq!("30m".parse::<Span>(), Ok(Span::from_secs(1800)));
        assert_eq!("1h 30m".parse::<Span>(), Ok(Span::from_secs(5400)));
        for text in ["0s", "-5s", "30", "soon"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        let span = Span::from_secs(5400);
        assert_eq!(String::from(span).parse(), Ok(span));
    }

    #[test]
    fn scales() {
        assert_eq!("small".parse(), Ok(Scale::SMALL));
        assert_eq!("normal".parse(), Ok(Scale::NORMAL));
        assert_eq!("0.5".parse::<Scale>().map(Scale::factor), Ok(0.5));
        for text in ["0", "-1", "NaN", "inf", "large", ""] {
            assert!(text.parse::<Scale>().is_err(), "{text}");
        }
    }

    #[test]
    fn load_intervals() {
        for text in ["off", "100ms", "2s"] {
            let interval = text.parse::<LoadInterval>().unwrap();
            assert_eq!(String::from(interval).parse(), Ok(interval));
        }
        assert!("0s".parse::<LoadInterval>().is_err());
        assert!("1ms".parse::<LoadInterval>().unwrap_err().contains("from 10ms"));
    }

    #[test]
    fn warm_ups() {
        for text in ["off", "whole", "1m", "90s"] {
            let warm_up = text.parse::<WarmUp>().unwrap();
            assert_eq!(String::from(warm_up).parse(), Ok(warm_up));
        }
        assert_eq!("90s".parse::<WarmUp>().unwrap().limit(), Some(Duration::from_secs(90)));
        assert!("0s".parse::<WarmUp>().unwrap_err().contains("or \"off\""));
    }

    #[test]
    fn memory() {
        for text in ["512MB", "2GB", "64kB"] {
            assert_eq!(text.parse::<Memory>().map(String::from), Ok(text.to_owned()));
        }
        for text in ["512", "0MB", "-1GB", "99999999999GB"] {
            assert!(text.parse::<Memory>().is_err(), "{text}");
        }
    }
}
