//! From numbers to pixels, and where the ticks are.

use crate::report::format;

/// Maps a range of numbers to a range of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    logarithmic: bool,
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    /// Equal differences are equal distances.
    pub(super) fn linear(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { logarithmic: false, from, to }
    }

    /// Equal ratios are equal distances. Both ends are above nought.
    pub(super) fn logarithmic(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { logarithmic: true, from: (from.0.ln(), from.1.ln()), to }
    }

    /// Where `value` is; values outside the range are at its ends.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let (low, high) = self.from;
        let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
        self.to.0 + share * (self.to.1 - self.to.0)
    }

    /// Whether `value` lies in the range.
    pub(super) fn has(&self, value: f64) -> bool {
        let value = if self.logarithmic { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let slack = (self.from.1 - self.from.0).abs() * 1e-9;
        value >= self.from.0 - slack && value <= self.from.1 + slack
    }
}

/// A place on an axis and what is written there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// An axis of round numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ticks {
    /// The unit, for the axis' title.
    pub(super) unit: &'static str,
    /// The ticks; the first and the last enclose the data.
    pub(super) ticks: Vec<Tick>,
}

impl Ticks {
    /// Round numbers from 0 to `highest` or the next above it.
    pub(super) fn from_zero(highest: f64, most: usize) -> Self {
        Self::in_unit(highest, most, 1.0, "")
    }

    /// Round times from 0 to `highest` seconds or the next above it.
    pub(super) fn of_time(highest: f64, most: usize) -> Self {
        let (unit, seconds) = time_unit(highest);
        Self::in_unit(highest, most, seconds, unit)
    }

    /// Round times around those from `lowest` to `highest` seconds, for
    /// differences that would not be seen from 0 on.
    pub(super) fn of_time_between(lowest: f64, highest: f64, most: usize) -> Self {
        let (name, unit) = time_unit(highest);
        let room = (highest * 0.02).max(f64::MIN_POSITIVE);
        let (low, high) = ((lowest - room).max(0.0) / unit, (highest + room) / unit);
        let step = step((high - low) / most.max(1) as f64);
        let first = (low / step + 1e-9).floor() as u32;
        let last = (high / step - 1e-9).ceil() as u32;
        Self { unit: name, ticks: (first..=last).map(|index| tick(index, step, unit)).collect() }
    }

    /// Round times from `lowest` to `highest` seconds whose distances are
    /// ratios, each with its unit.
    pub(super) fn of_time_logarithmic(lowest: f64, highest: f64) -> Self {
        // Nothing that is measured is shorter.
        let lowest = lowest.clamp(1e-6, 1e6);
        let highest = highest.clamp(lowest * 1.5, 1e7);
        let powers = (highest / lowest).log10();
        let factors: &[f64] = if powers <= 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let from = lowest.log10().floor() as i32;
        let to = highest.log10().ceil() as i32;
        let all: Vec<f64> = (from..=to)
            .flat_map(|power| factors.iter().map(move |factor| factor * 10.0_f64.powi(power)))
            .collect();
        let above = |value: &&f64| **value <= lowest * (1.0 + 1e-9);
        let low = all.iter().rev().find(above).copied().unwrap_or(lowest);
        let high = all.iter().find(|value| **value >= highest * (1.0 - 1e-9)).copied();
        let high = high.unwrap_or(highest);
        let ticks = all
            .into_iter()
            .filter(|value| *value >= low && *value <= high)
            .map(|value| Tick { value, label: round_time(value) })
            .collect();
        Self { unit: "", ticks }
    }

    /// Round shares of a whole in percent, from 0.
    pub(super) fn of_percent(highest: f64, most: usize) -> Self {
        Self::in_unit(highest, most, 0.01, "%")
    }

    /// Shares of a whole.
    pub(super) fn of_share() -> Self {
        let ticks = [(0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100")];
        let tick = |(value, label): (f64, &str)| Tick { value, label: label.to_owned() };
        Self { unit: "%", ticks: ticks.into_iter().map(tick).collect() }
    }

    /// Bytes per second, from 0.
    pub(super) fn of_rate(highest: f64, most: usize) -> Self {
        let (unit, bytes) = if highest < 1e6 { ("kB/s", 1e3) } else { ("MB/s", 1e6) };
        Self::in_unit(highest, most, bytes, unit)
    }

    fn in_unit(highest: f64, most: usize, unit: f64, name: &'static str) -> Self {
        let highest = if highest.is_finite() && highest > 0.0 { highest / unit } else { 1.0 };
        let step = step(highest / most.max(1) as f64);
        let count = (highest / step - 1e-9).ceil().max(1.0) as u32;
        Self { unit: name, ticks: (0..=count).map(|index| tick(index, step, unit)).collect() }
    }

    /// Ratios around 1 whose distances are ratios: 0.8, 0.9, 1, 1.1, 1.25.
    pub(super) fn of_ratio(lowest: f64, highest: f64) -> Self {
        let span = (highest.max(1.0) / lowest.min(1.0)).ln().max(0.02);
        let step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0]
            .into_iter()
            .find(|step| span / f64::ln_1p(*step) <= 9.0);
        let Some(step) = step.filter(|step| *step < 0.5) else {
            return Self::of_powers(lowest, highest);
        };
        let low = ((1.0 - lowest.min(1.0)) / step - 1e-9).ceil() as i32;
        let high = ((highest.max(1.0) - 1.0) / step - 1e-9).ceil() as i32;
        let ticks = (-low..=high)
            .map(|index| 1.0 + f64::from(index) * step)
            .filter(|value| *value > 0.0)
            .map(|value| Tick { value, label: format!("{value:.2}") })
            .collect();
        Self { unit: "", ticks }
    }

    fn of_powers(lowest: f64, highest: f64) -> Self {
        let low = lowest.min(1.0).log2().floor() as i32;
        let high = highest.max(1.0).log2().ceil() as i32;
        let every = ((high - low) / 8 + 1) as usize;
        let ticks = (low..=high)
            .step_by(every)
            .map(|power| 2.0_f64.powi(power))
            .map(|value| Tick { value, label: format::ratio(value) })
            .collect();
        Self { unit: "", ticks }
    }

    pub(super) fn range(&self) -> (f64, f64) {
        let first = self.ticks.first().map_or(0.0, |tick| tick.value);
        let last = self.ticks.last().map_or(1.0, |tick| tick.value);
        (first, last)
    }
}

/// The unit that keeps the numbers of an axis of times short, in seconds.
fn time_unit(highest: f64) -> (&'static str, f64) {
    match highest {
        h if h < 0.95 => ("ms", 1e-3),
        h if h < 180.0 => ("s", 1.0),
        h if h < 10_800.0 => ("min", 60.0),
        _ => ("h", 3600.0),
    }
}

/// The tick so many steps above 0.
fn tick(index: u32, step: f64, unit: f64) -> Tick {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let value = f64::from(index) * step;
    Tick { value: value * unit, label: format!("{value:.decimals$}") }
}

/// A round time with its unit: `500 µs`, `20 ms`, `5 s`.
fn round_time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 0.999e-3 => (s * 1e6, "µs"),
        s if s < 0.999 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    format!("{value:.0} {unit}")
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below
/// `least`.
fn step(least: f64) -> f64 {
    let power = 10.0_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &Ticks) -> Vec<&str> {
        ticks.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn times_have_the_unit_that_keeps_numbers_short() {
        let short = Ticks::of_time(0.21, 5);
        assert_eq!(
            (short.unit, labels(&short)),
            ("ms", vec!["0", "50", "100", "150", "200", "250"])
        );
        let long = Ticks::of_time(36_000.0, 5);
        assert_eq!((long.unit, labels(&long)), ("h", vec!["0", "2", "4", "6", "8", "10"]));
        let usual = Ticks::of_time(4.96, 6);
        assert_eq!((usual.unit, labels(&usual)), ("s", vec!["0", "1", "2", "3", "4", "5"]));
        assert_eq!(labels(&Ticks::of_time(0.0, 5)).len(), 6);
    }

    #[test]
    fn differences_of_times_need_no_zero() {
        let seen = Ticks::of_time_between(29.6, 36.9, 4);
        assert_eq!((seen.unit, labels(&seen)), ("s", vec!["25", "30", "35", "40"]));
        let even = Ticks::of_time_between(30.0, 30.0, 4);
        assert!(even.range().0 < 30.0 && even.range().1 > 30.0, "{even:?}");
        assert!(even.ticks.len() < 9, "{even:?}");
    }

    #[test]
    fn latencies_have_round_numbers_on_a_logarithmic_axis() {
        let seen = Ticks::of_time_logarithmic(0.003, 0.42);
        assert_eq!(
            labels(&seen),
            ["2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms", "200 ms", "500 ms"]
        );
        let wide = Ticks::of_time_logarithmic(1e-6, 0.9);
        assert_eq!(labels(&wide).first(), Some(&"1 µs"));
        assert_eq!(labels(&wide).last(), Some(&"1 s"));
        assert!(wide.ticks.len() == 7, "{wide:?}");
        let even = Ticks::of_time_logarithmic(0.01, 0.01);
        assert!(even.range().0 <= 0.01 && even.range().1 > 0.01, "{even:?}");
    }

    #[test]
    fn ratios_enclose_one() {
        let near = Ticks::of_ratio(0.97, 1.08);
        assert!(labels(&near).contains(&"1.00"), "{near:?}");
        assert!(near.range().0 <= 0.97 && near.range().1 >= 1.08);
        let far = Ticks::of_ratio(0.1, 40.0);
        assert!(far.range().0 <= 0.1 && far.range().1 >= 40.0 && far.ticks.len() < 12, "{far:?}");
        assert!(!Ticks::of_ratio(1.0, 1.0).ticks.is_empty());
    }

    #[test]
    fn numbers_outside_a_scale_stay_at_its_ends() {
        let scale = Scale::logarithmic((1.0, 16.0), (0.0, 100.0));
        assert!((scale.at(4.0) - 50.0).abs() < 1e-9);
        assert!((scale.at(64.0) - 100.0).abs() < 1e-9 && !scale.has(64.0));
        let point = Scale::linear((3.0, 3.0), (0.0, 100.0));
        assert!((point.at(3.0) - 50.0).abs() < 1e-9);
    }
}
