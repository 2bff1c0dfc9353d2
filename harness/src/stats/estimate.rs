//! A number with its interval, as every answer has it.

use serde::{Deserialize, Serialize, Serializer};

use super::interval::Interval;
use super::paired::PairedLogRatio;

/// A number with its interval. It is written with [`digits`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    #[serde(serialize_with = "six_digits")]
    pub value: f64,
    /// Lower end of the interval; `None` where there are too few trials.
    #[serde(serialize_with = "six_digits_if_any")]
    pub low: Option<f64>,
    /// Upper end; `None` too where the data leave it open.
    #[serde(serialize_with = "six_digits_if_any")]
    pub high: Option<f64>,
}

impl Estimate {
    /// Rounded with [`digits`], so that what is computed from it later agrees
    /// with what is written.
    pub fn rounded(value: f64, interval: Option<Interval>) -> Self {
        Self {
            value: digits(value),
            low: interval.map(|interval| digits(interval.low)),
            high: interval.map(|interval| digits(interval.high)),
        }
    }

    pub fn of_ratio(ratio: &PairedLogRatio) -> Self {
        Self::rounded(ratio.ratio(), Some(ratio.ratio_interval()))
    }

    /// B / A from A / B.
    #[must_use]
    pub fn inverse(self) -> Self {
        let inverse = |value: f64| digits(value.recip());
        Self {
            value: inverse(self.value),
            low: self.high.map(inverse),
            high: self.low.map(inverse),
        }
    }
}

/// Six significant digits: more than any measurement here has, and few enough
/// that the last bit of a logarithm changes no report.
pub fn digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// For `serialize_with`: writes [`digits`] of a value.
pub fn six_digits<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(digits(*value))
}

#[expect(clippy::ref_option, reason = "serde gives this reference")]
fn six_digits_if_any<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(digits).serialize(serializer)
}
