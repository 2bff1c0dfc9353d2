//! Claims and what the runs say of them.

use serde::{Deserialize, Serialize};

use super::build::digits;
use super::format;
use super::model::Estimate;
use crate::claims::{Effect, Evidence, Judged, Quantity, Ruling};
use crate::document::{Answer, Document};

/// A claim and what the runs say of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimReport {
    /// Its name for programs.
    pub claim: String,
    /// What is said.
    pub text: String,
    /// The scenario and the comparison that decide it.
    pub decided_by: String,
    /// What follows from all evidence.
    pub ruling: RulingReport,
    /// The ruling as a sentence.
    pub says: String,
    /// What each curve says; empty where no run has what it takes.
    pub evidence: Vec<EvidenceReport>,
}

/// What the data say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulingReport {
    /// It holds here.
    Holds,
    /// It does not hold here.
    DoesNotHold,
    /// These data cannot decide it.
    NotDecidable,
    /// It holds for some curves and not for others.
    Mixed,
}

/// What one curve says of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceReport {
    /// Where it was seen: run and curve.
    pub place: String,
    /// What follows from it.
    pub ruling: RulingReport,
    /// The ruling in words.
    pub says: String,
    /// What was seen; `null` where there are too few values to compare.
    pub effect: Option<EffectReport>,
}

/// A measured effect with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectReport {
    /// What is compared with what, in words.
    pub what: String,
    /// What kind of number it is.
    pub quantity: QuantityReport,
    /// The estimate with its interval.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// How many blocks it rests on, the fewer of two runs.
    pub blocks: usize,
}

/// What kind of number an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantityReport {
    /// One value over another.
    Ratio,
    /// A part of a whole, from 0 to 1.
    Share,
}

impl ClaimReport {
    /// Whether there is anything that was compared.
    fn has_effect(&self) -> bool {
        self.evidence.iter().any(|evidence| evidence.effect.is_some())
    }
}

/// What is said of the claims, in two parts: those of which the runs say
/// anything, and the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimsReport {
    /// Those that the runs have numbers for.
    pub seen: Vec<ClaimReport>,
    /// Those that other runs are needed for.
    pub unseen: Vec<ClaimReport>,
    /// How they are judged.
    pub how: String,
}

impl ClaimsReport {
    /// What is said of the judged claims.
    pub fn new(judged: &[Judged]) -> Self {
        let (seen, unseen) = reports(judged).into_iter().partition(ClaimReport::has_effect);
        Self { seen, unseen, how: HOW.to_owned() }
    }
}

fn reports(judged: &[Judged]) -> Vec<ClaimReport> {
    judged.iter().map(claim_report).collect()
}

fn claim_report(judged: &Judged) -> ClaimReport {
    ClaimReport {
        claim: judged.claim.name.to_owned(),
        text: judged.claim.text.to_owned(),
        decided_by: judged.claim.decided_by.to_owned(),
        ruling: judged.ruling().map_or(RulingReport::Mixed, ruling),
        says: in_words(judged),
        evidence: judged.evidence.iter().map(evidence_report).collect(),
    }
}

fn evidence_report(evidence: &Evidence) -> EvidenceReport {
    EvidenceReport {
        place: evidence.place.clone(),
        ruling: ruling(evidence.ruling),
        says: evidence.ruling.as_str().to_owned(),
        effect: evidence.effect.as_ref().map(effect_report),
    }
}

fn effect_report(effect: &Effect) -> EffectReport {
    EffectReport {
        what: effect.what.clone(),
        quantity: match effect.quantity {
            Quantity::Ratio => QuantityReport::Ratio,
            Quantity::Share => QuantityReport::Share,
        },
        estimate: Estimate {
            value: digits(effect.value),
            low: Some(digits(effect.low)),
            high: Some(digits(effect.high)),
        },
        blocks: effect.blocks,
    }
}

fn ruling(ruling: Ruling) -> RulingReport {
    match ruling {
        Ruling::Holds => RulingReport::Holds,
        Ruling::DoesNotHold => RulingReport::DoesNotHold,
        Ruling::NotDecidable => RulingReport::NotDecidable,
    }
}

fn in_words(judged: &Judged) -> String {
    if let Some(ruling) = judged.ruling() {
        return capital(ruling.as_str());
    }
    let count =
        |of: Ruling| judged.evidence.iter().filter(|evidence| evidence.ruling == of).count();
    format!(
        "It depends: holds for {}, does not hold for {}.",
        count(Ruling::Holds),
        count(Ruling::DoesNotHold)
    )
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    format!("{}{}.", first.map(String::from_iter).unwrap_or_default(), letters.as_str())
}

const HOW: &str = "Ratios are paired by block, and speed-ups of two runs compared by Welch's \
                   test; intervals are at 95 %, and what is below 5 % is not noticeable. Where \
                   a claim is about several -j, they are judged together, and one comparison \
                   is shown.";

/// Where there is nothing to show.
const NOTHING: &str = "too few values to compare";

/// All claims in their order, as `jobtune claims` shows them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Claims(pub Vec<ClaimReport>);

impl Claims {
    /// What is said of the judged claims.
    pub fn new(judged: &[Judged]) -> Self {
        Self(reports(judged))
    }
}

impl Answer for Claims {
    fn document(&self) -> Document {
        let mut document = Document::new();
        for claim in &self.0 {
            document.heading(format!("{} {}", claim.text, claim.says));
            if claim.evidence.is_empty() {
                document.paragraph(format!("Needs other runs: {}.", claim.decided_by));
            }
            document.list(claim.evidence.iter().map(in_one_line).collect());
        }
        document.note(HOW);
        document
    }
}

fn in_one_line(evidence: &EvidenceReport) -> String {
    let EvidenceReport { place, says, effect, .. } = evidence;
    match effect {
        Some(EffectReport { what, blocks, quantity, estimate }) => {
            let (value, interval) = match quantity {
                QuantityReport::Ratio => {
                    (format::ratio(estimate.value), format::ratio_interval(estimate))
                }
                QuantityReport::Share => {
                    (format::percent(estimate.value), format::percent_interval(estimate))
                }
            };
            let interval = interval.unwrap_or_default();
            format!("{place}: {says}; {what}: {value} ({interval}, {blocks} blocks)")
        }
        None => format!("{place}: {says}; {NOTHING}"),
    }
}
