//! Rules of thumb, and what following them would have cost here.

use std::fmt;

use restore_core::units::Jobs;

use super::odds::{Odds, Regret};
use crate::analysis::{Curve, CurveReplay, RunFacts};
use crate::stats::interval::Interval;
use crate::stats::usl::Law;

/// A piece of common advice on the number of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Do not restore in parallel.
    Serial,
    /// "Start at half the cores."
    HalfTheCores,
    /// As many jobs as cores.
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
pub enum Standing {
    /// It was measured.
    Measured(Regret),
    /// It was not, and the replay of the schedule says this.
    Replayed(Regret),
    /// It was not, and the scaling law that fits the curve says this.
    Predicted(Regret),
    /// It was not, and nothing that fits covers it.
    NotMeasured,
    /// It was tried, and there is nothing to compare it with.
    Unknown,
}

/// Advice that comes to one number of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// All advice that comes to this number here.
    pub advice: Vec<Advice>,
    /// The number.
    pub jobs: Jobs,
    /// How it does.
    pub standing: Standing,
}

/// The rules of thumb for a curve, by ascending jobs.
pub fn rules(curve: &Curve, odds: Option<&Odds>, facts: &RunFacts) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for (advice, jobs) in advised(facts.cores) {
        if let Some(rule) = rules.iter_mut().find(|rule| rule.jobs == jobs) {
            rule.advice.push(advice);
        } else {
            let standing = standing(curve, odds, facts, jobs);
            rules.push(Rule { advice: vec![advice], jobs, standing });
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

fn standing(curve: &Curve, odds: Option<&Odds>, facts: &RunFacts, jobs: Jobs) -> Standing {
    let candidate =
        odds.and_then(|odds| Some((odds, odds.jobs().iter().position(|&known| known == jobs)?)));
    if let Some((odds, index)) = candidate {
        return Standing::Measured(odds.regret(index));
    }
    if curve.cell(jobs).is_some() {
        return Standing::Unknown;
    }
    let replay = curve.replay.as_ref().filter(|replay| replay.predicts());
    if let Some(regret) = replay.and_then(|replay| replayed_regret(curve, replay, jobs)) {
        return Standing::Replayed(regret);
    }
    let fitted = curve.fits.iter().find(|fit| fit.fit.law == Law::Usl);
    let predicts = fitted.is_some_and(|fit| fit.predicts(jobs));
    let floor = facts
        .archive(&curve.key)
        .and_then(|archive| archive.floor(f64::from(jobs.get())))
        .map_or(0.0, |floor| floor.as_secs_f64());
    odds.filter(|_| predicts)
        .and_then(|odds| odds.predicted_regret(jobs, floor))
        .map_or(Standing::NotMeasured, Standing::Predicted)
}

/// The regret of a j by the replay, against the fastest measured one.
fn replayed_regret(curve: &Curve, replay: &CurveReplay, jobs: Jobs) -> Option<Regret> {
    let fastest = curve.fastest()?.seconds()?;
    let predicted = replay.prediction(jobs)?;
    let regret = |seconds: f64| seconds / fastest - 1.0;
    let interval = Interval::between(regret(predicted.band.low), regret(predicted.band.high));
    Some(Regret { estimate: regret(predicted.seconds), interval })
}
