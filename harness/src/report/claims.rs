//! Claims and what the runs say of them, as a model, text, Markdown and JSON.

use serde::{Deserialize, Serialize};

use super::build::digits;
use super::format;
use super::markdown::escape;
use super::model::Estimate;
use super::terminal::Style;
use crate::claims::{Effect, Evidence, Judged, Quantity, Ruling};

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

/// All claims in their order.
pub fn reports(judged: &[Judged]) -> Vec<ClaimReport> {
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

/// For programs.
pub fn json(claims: &[ClaimReport]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(claims)
}

/// For a terminal.
pub fn text(claims: &[ClaimReport], style: Style) -> String {
    let mut lines = Vec::new();
    for claim in claims {
        let heading = format!("{} {}", claim.text, claim.says);
        lines.extend(style.paragraph(&heading, 2).iter().map(|line| style.bold(line)));
        if claim.evidence.is_empty() {
            let advice = format!("  Needs other runs: {}.", claim.decided_by);
            lines.extend(style.paragraph(&advice, 2));
        }
        for EvidenceReport { place, says, effect, .. } in &claim.evidence {
            let seen = effect.as_ref().map_or_else(|| NOTHING.to_owned(), in_one_line);
            lines.extend(style.paragraph(&format!("- {place}: {says}; {seen}"), 2));
        }
        lines.push(String::new());
    }
    lines.extend(style.paragraph(HOW, 0));
    lines.join("\n")
}

fn in_one_line(effect: &EffectReport) -> String {
    let EffectReport { what, blocks, .. } = effect;
    let (value, interval) = numbers(effect);
    format!("{what}: {value} ({interval}, {blocks} blocks)")
}

fn numbers(effect: &EffectReport) -> (String, String) {
    let Estimate { value, .. } = effect.estimate;
    let (value, interval) = match effect.quantity {
        QuantityReport::Ratio => (format::ratio(value), format::ratio_interval(&effect.estimate)),
        QuantityReport::Share => {
            (format::percent(value), format::percent_interval(&effect.estimate))
        }
    };
    (value, interval.unwrap_or_default())
}

/// For a page.
pub fn markdown(claims: &[ClaimReport]) -> String {
    let mut lines = vec![
        "| claim | where | here | effect | 95 % interval | blocks |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for claim in claims {
        let text = &claim.text;
        if claim.evidence.is_empty() {
            lines.push(format!("| {text} | needs {} | not decidable | | | |", claim.decided_by));
        }
        lines.extend(claim.evidence.iter().map(|evidence| row(text, evidence)));
    }
    lines.push(String::new());
    lines.push(HOW.to_owned());
    lines.join("\n")
}

fn row(text: &str, evidence: &EvidenceReport) -> String {
    let EvidenceReport { place, says, effect, .. } = evidence;
    let place = escape(place);
    match effect {
        Some(effect) => {
            let (value, interval) = numbers(effect);
            let EffectReport { what, blocks, .. } = effect;
            format!("| {text} | {place} | {says} | {what}: {value} | {interval} | {blocks} |")
        }
        None => format!("| {text} | {place} | {says} | {NOTHING} | | |"),
    }
}
