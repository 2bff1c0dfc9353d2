//! The folklore of parallel restores, claim by claim, judged by recorded runs.
//!
//! A claim is judged for every curve that can decide it, as one size does not
//! fit all: it may hold for one shape of data and not for another. Everything
//! here is a pure function of run folders.

mod compare;
mod rules;

use crate::analysis::{Analysis, RunFacts};
use crate::record::TrialRow;

/// What is noticeable: a difference below this decides for no rule.
pub const NOTICEABLE: f64 = 0.05;

/// A recorded run, as claims look at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// What to call it.
    pub name: String,
    /// Name of its scenario.
    pub scenario: String,
    /// What is known of it.
    pub facts: RunFacts,
    /// What its rows come to.
    pub analysis: Analysis,
    /// Its rows.
    pub rows: Vec<TrialRow>,
}

impl Material {
    /// From what a run folder holds.
    pub fn new(facts: RunFacts, rows: Vec<TrialRow>) -> Self {
        let scenario = facts.scenario.clone().unwrap_or_default();
        Self { name: scenario.clone(), scenario, facts, analysis: Analysis::new(&rows), rows }
    }
}

/// A rule of folklore.
#[derive(Clone, Copy)]
pub struct Claim {
    /// Its name for programs.
    pub name: &'static str,
    /// What is said.
    pub text: &'static str,
    /// The scenario and the comparison that decide it.
    pub decided_by: &'static str,
    judge: fn(&[Material]) -> Vec<Evidence>,
}

/// What the data say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It holds here.
    Holds,
    /// It does not hold here.
    DoesNotHold,
    /// These data cannot decide it.
    NotDecidable,
}

impl Ruling {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds here",
            Self::DoesNotHold => "does not hold here",
            Self::NotDecidable => "not decidable",
        }
    }
}

/// What one curve says of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Where it was seen: run and curve.
    pub place: String,
    /// What follows from it.
    pub ruling: Ruling,
    /// What was seen; `None` where there was nothing to compare.
    pub effect: Option<Effect>,
}

/// A measured effect with its 95 % interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// What is compared with what, in words.
    pub what: String,
    /// What kind of number it is.
    pub quantity: Quantity,
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How many blocks it rests on, the fewer of two runs.
    pub blocks: usize,
}

/// What kind of number an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// One value over another.
    Ratio,
    /// A part of a whole, from 0 to 1.
    Share,
}

/// A claim with all that the runs say of it.
#[derive(Clone)]
pub struct Judged {
    /// The claim.
    pub claim: Claim,
    /// What each curve says; empty where no run has what it takes.
    pub evidence: Vec<Evidence>,
}

impl Judged {
    /// The ruling over all curves; `None` where they differ.
    pub fn ruling(&self) -> Option<Ruling> {
        let mut decided = self
            .evidence
            .iter()
            .map(|evidence| evidence.ruling)
            .filter(|&ruling| ruling != Ruling::NotDecidable);
        match decided.next() {
            None => Some(Ruling::NotDecidable),
            Some(first) => decided.all(|other| other == first).then_some(first),
        }
    }
}

/// Judges every claim by these runs.
pub fn judge(runs: &[Material]) -> Vec<Judged> {
    rules::ALL.iter().map(|claim| Judged { claim: *claim, evidence: (claim.judge)(runs) }).collect()
}
