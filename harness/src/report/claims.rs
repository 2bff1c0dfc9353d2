//! Claims and what the runs say of them.

use serde::Serialize;

use super::format;
use crate::claims::{Effect, Evidence, Judged, Quantity};
use crate::document::{Answer, Document};

/// What is said of the claims, in two parts: those of which the runs say
/// anything, and the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimsReport {
    /// Those that the runs have numbers for.
    pub seen: Vec<Judged>,
    /// Those that other runs are needed for.
    pub unseen: Vec<Judged>,
    pub how: &'static str,
}

impl ClaimsReport {
    pub fn new(judged: &[Judged]) -> Self {
        let (seen, unseen) = judged.iter().cloned().partition(Judged::has_effect);
        Self { seen, unseen, how: HOW }
    }
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
pub struct Claims(pub Vec<Judged>);

impl Answer for Claims {
    fn document(&self) -> Document {
        let mut document = Document::new();
        for judged in &self.0 {
            document.heading(format!("{} {}", judged.claim.text, judged.sentence()));
            if judged.evidence.is_empty() {
                document.paragraph(format!("Needs other runs: {}.", judged.claim.decided_by));
            }
            let by_regime: Vec<String> =
                judged.by_regime().iter().map(|of| format!("{of}.")).collect();
            if !by_regime.is_empty() {
                document.paragraph(by_regime.join(" "));
            }
            document.list(judged.evidence.iter().map(in_one_line).collect());
        }
        document.note(HOW);
        document
    }
}

fn in_one_line(evidence: &Evidence) -> String {
    let Evidence { place, ruling, effect, .. } = evidence;
    let says = ruling.as_str();
    match effect {
        Some(Effect { what, blocks, quantity, estimate }) => {
            let (value, interval) = match quantity {
                Quantity::Ratio => {
                    (format::ratio(estimate.value), format::ratio_interval(estimate))
                }
                Quantity::Share => {
                    (format::percent(estimate.value), format::percent_interval(estimate))
                }
            };
            let interval = interval.unwrap_or_default();
            format!("{place}: {says}; {what}: {value} ({interval}, {blocks} blocks)")
        }
        None => format!("{place}: {says}; {NOTHING}"),
    }
}
