//! A straight line through points: how much a series rises from its first
//! value to its last. Ordinary least squares with Student's t.

use super::interval::{Interval, Level};
use super::{moments, student};

/// A line through evenly spaced values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The rise from the first value to the last.
    pub rise: f64,
    /// Its t interval.
    pub interval: Interval,
}

impl Trend {
    /// Fits `values`, one step apart; `None` under three of them.
    pub fn new(values: &[f64], level: Level) -> Option<Self> {
        let n = values.len();
        if n < 3 {
            return None;
        }
        let center = (n as f64 - 1.0) / 2.0;
        let mean = moments::mean(values)?;
        let square: f64 = (0..n).map(|place| (place as f64 - center).powi(2)).sum();
        let slope = values
            .iter()
            .enumerate()
            .map(|(place, value)| (place as f64 - center) * (value - mean))
            .sum::<f64>()
            / square;
        let left: f64 = values
            .iter()
            .enumerate()
            .map(|(place, value)| (value - mean - slope * (place as f64 - center)).powi(2))
            .sum();
        let error = (left / (n - 2) as f64 / square).sqrt();
        let steps = n as f64 - 1.0;
        let reach = student::quantile(level.upper(), n - 2) * error * steps;
        Some(Self { rise: slope * steps, interval: Interval::around(slope * steps, reach) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // r = stats.linregress(range(5), y); 4 * r.slope and
        // 4 * r.stderr * stats.t.ppf(.975, 3)
        let seen = Trend::new(&[2.31, 2.44, 2.29, 2.52, 2.37], Level::P95).unwrap();
        assert!((seen.rise - 0.080_000_000_000_000_07).abs() < 1e-12, "{}", seen.rise);
        assert!((seen.interval.half_width() - 0.416_531_851_869_388_7).abs() < 1e-9);
        assert_eq!(Trend::new(&[1.0, 2.0], Level::P95), None);
    }

    #[test]
    fn a_line_is_found_without_doubt() {
        let seen = Trend::new(&[1.0, 1.5, 2.0, 2.5], Level::P95).unwrap();
        assert!((seen.rise - 1.5).abs() < 1e-12);
        assert!(seen.interval.half_width() < 1e-9);
    }
}
