//! Rules of thumb, and what following them would have cost here.

use std::fmt;

use restore_core::units::Jobs;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::odds::Odds;
use crate::analysis::{Curve, CurveReplay};
use crate::stats::estimate::{Estimate, digits};
use crate::stats::usl::Law;

/// A piece of common advice on the number of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    Serial,
    /// "Start at half the cores."
    HalfTheCores,
    Cores,
    /// "4 to 8 jobs are typical": the lower end.
    Four,
    /// The upper end.
    Eight,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Serial => "serial",
            Self::HalfTheCores => "cores/2",
            Self::Cores => "cores",
            Self::Four => "four",
            Self::Eight => "eight",
        })
    }
}

/// What is known of a number of jobs that was not, or was, measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Regret {
    Measured(Estimate),
    /// It was not, and the replay of the schedule says this.
    Replayed(Estimate),
    /// It was not, and the scaling law that fits the curve says this.
    Predicted(Estimate),
    /// It was not, and nothing that fits covers it.
    NotMeasured,
    /// It was tried, and there is nothing to compare it with.
    Unknown,
}

/// Advice that comes to one number of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOfThumb {
    /// All advice that comes to this number here.
    pub advice: Vec<Advice>,
    pub jobs: Jobs,
    pub regret: Regret,
}

impl Regret {
    /// Its name for programs, and how much slower than the best the number is.
    fn parts(&self) -> (&'static str, Option<Estimate>) {
        match *self {
            Self::Measured(regret) => ("measured", Some(regret)),
            Self::Replayed(regret) => ("replayed", Some(regret)),
            Self::Predicted(regret) => ("predicted", Some(regret)),
            Self::NotMeasured => ("not_measured", None),
            Self::Unknown => ("unknown", None),
        }
    }

    /// How much slower than the best the number is, where that is known.
    pub fn estimate(&self) -> Option<Estimate> {
        self.parts().1
    }
}

impl Serialize for RuleOfThumb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (standing, regret) = self.regret.parts();
        let advice: Vec<String> = self.advice.iter().map(Advice::to_string).collect();
        let mut fields = serializer.serialize_struct("RuleOfThumb", 4)?;
        fields.serialize_field("advice", &advice)?;
        fields.serialize_field("jobs", &self.jobs)?;
        fields.serialize_field("standing", standing)?;
        fields.serialize_field("regret_ratio", &regret)?;
        fields.end()
    }
}

/// What rules of thumb are held against.
#[derive(Clone, Copy)]
pub(super) struct Measured<'a> {
    pub(super) curve: &'a Curve,
    pub(super) odds: Option<&'a Odds>,
    pub(super) replay: Option<&'a CurveReplay>,
    pub(super) cores: Option<u32>,
}

/// The rules of thumb for a curve, by ascending jobs.
pub(super) fn rules(measured: Measured<'_>) -> Vec<RuleOfThumb> {
    let mut rules: Vec<RuleOfThumb> = Vec::new();
    for (advice, jobs) in advised(measured.cores) {
        if let Some(rule) = rules.iter_mut().find(|rule| rule.jobs == jobs) {
            rule.advice.push(advice);
        } else {
            let regret = regret(measured, jobs);
            rules.push(RuleOfThumb { advice: vec![advice], jobs, regret });
        }
    }
    rules.sort_by_key(|rule| rule.jobs);
    rules
}

fn advised(cores: Option<u32>) -> Vec<(Advice, Jobs)> {
    let known = [(Advice::Serial, 1), (Advice::Four, 4), (Advice::Eight, 8)];
    let by_cores = cores
        .into_iter()
        .flat_map(|cores| [(Advice::HalfTheCores, (cores / 2).max(1)), (Advice::Cores, cores)]);
    known
        .into_iter()
        .chain(by_cores)
        .filter_map(|(advice, jobs)| Some((advice, Jobs::new(jobs).ok()?)))
        .collect()
}

fn regret(measured: Measured<'_>, jobs: Jobs) -> Regret {
    let Measured { curve, odds, replay, .. } = measured;
    let candidate =
        odds.and_then(|odds| Some((odds, odds.jobs().iter().position(|&known| known == jobs)?)));
    if let Some((odds, index)) = candidate {
        return Regret::Measured(odds.regret(index));
    }
    if curve.cell(jobs).is_some() {
        return Regret::Unknown;
    }
    let trusted = replay.filter(|replay| replay.trusted);
    if let Some(regret) = trusted.and_then(|replay| replayed_regret(curve, replay, jobs)) {
        return Regret::Replayed(regret);
    }
    let fitted = curve.fits.iter().find(|fit| fit.fit.law == Law::Usl);
    let predicts = fitted.is_some_and(|fit| fit.predicts(jobs));
    let floor = replay.map_or(0.0, |replay| replay.floor.at(jobs).as_secs_f64());
    odds.filter(|_| predicts)
        .and_then(|odds| odds.predicted_regret(jobs, floor))
        .map_or(Regret::NotMeasured, Regret::Predicted)
}

/// The regret of a j by the replay, against the fastest measured one.
fn replayed_regret(curve: &Curve, replay: &CurveReplay, jobs: Jobs) -> Option<Estimate> {
    let fastest = curve.fastest()?.seconds()?;
    let Estimate { value, low, high } = replay.prediction(jobs)?.time_seconds;
    let regret = |seconds: f64| digits(seconds / fastest - 1.0);
    Some(Estimate { value: regret(value), low: low.map(regret), high: high.map(regret) })
}
