//! Claims and what the runs say of them, as text, Markdown and JSON.

use serde::Serialize;

use super::format;
use super::terminal::Style;
use crate::claims::{Effect, Evidence, Judged, Ruling};

/// A claim as programs see it. Ratios are fractions; `null` is "not known".
#[derive(Debug, Serialize)]
struct ClaimReport<'a> {
    claim: &'a str,
    text: &'a str,
    decided_by: &'a str,
    /// `mixed` where curves rule differently.
    ruling: &'a str,
    evidence: Vec<EvidenceReport<'a>>,
}

#[derive(Debug, Serialize)]
struct EvidenceReport<'a> {
    place: &'a str,
    ruling: &'a str,
    effect: Option<EffectReport<'a>>,
}

#[derive(Debug, Serialize)]
struct EffectReport<'a> {
    what: &'a str,
    value: f64,
    low: f64,
    high: f64,
    blocks: usize,
}

/// For programs.
pub fn json(judged: &[Judged]) -> Result<String, serde_json::Error> {
    let claims: Vec<ClaimReport> = judged.iter().map(claim_report).collect();
    serde_json::to_string_pretty(&claims)
}

fn claim_report(judged: &Judged) -> ClaimReport<'_> {
    let evidence = judged.evidence.iter().map(|evidence| EvidenceReport {
        place: &evidence.place,
        ruling: name(evidence.ruling),
        effect: evidence.effect.as_ref().map(|effect| EffectReport {
            what: &effect.what,
            value: digits(effect.value),
            low: digits(effect.low),
            high: digits(effect.high),
            blocks: effect.blocks,
        }),
    });
    ClaimReport {
        claim: judged.claim.name,
        text: judged.claim.text,
        decided_by: judged.claim.decided_by,
        ruling: judged.ruling().map_or("mixed", name),
        evidence: evidence.collect(),
    }
}

fn name(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Holds => "holds",
        Ruling::DoesNotHold => "does_not_hold",
        Ruling::NotDecidable => "not_decidable",
    }
}

/// Six significant digits, as everywhere.
fn digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// For a terminal.
pub fn text(judged: &[Judged], style: Style) -> String {
    let mut lines = Vec::new();
    for claim in judged {
        let heading = format!("{} {}", claim.claim.text, in_words(claim));
        lines.extend(style.paragraph(&heading, 2).iter().map(|line| style.bold(line)));
        if claim.evidence.is_empty() {
            let advice = format!("  Needs other runs: {}.", claim.claim.decided_by);
            lines.extend(style.paragraph(&advice, 2));
        }
        for evidence in &claim.evidence {
            let ruling = evidence.ruling.as_str();
            let seen = evidence.effect.as_ref().map_or_else(nothing, effect);
            let line = format!("- {}: {ruling}; {seen}", evidence.place);
            lines.extend(style.paragraph(&line, 2));
        }
        lines.push(String::new());
    }
    lines.push(HOW.to_owned());
    lines.join("\n")
}

/// For a page.
pub fn markdown(judged: &[Judged]) -> String {
    let mut lines = vec![
        "| claim | where | here | effect | 95 % interval | blocks |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for claim in judged {
        let text = claim.claim.text;
        if claim.evidence.is_empty() {
            let by = claim.claim.decided_by;
            lines.push(format!("| {text} | needs {by} | not decidable | | | |"));
        }
        lines.extend(claim.evidence.iter().map(|evidence| row(text, evidence)));
    }
    lines.push(String::new());
    lines.push(HOW.to_owned());
    lines.join("\n")
}

const HOW: &str = "Ratios are paired by block, and speed-ups of two runs compared by Welch's test;\n\
                   intervals are at 95 %, and what is below 5 % is not noticeable.";

fn row(text: &str, evidence: &Evidence) -> String {
    let Evidence { place, ruling, effect } = evidence;
    let ruling = ruling.as_str();
    match effect {
        Some(Effect { what, value, low, high, blocks }) => format!(
            "| {text} | {place} | {ruling} | {what}: {} | {} - {} | {blocks} |",
            format::ratio(*value),
            format::ratio(*low),
            format::ratio(*high)
        ),
        None => format!("| {text} | {place} | {ruling} | {} | | |", nothing()),
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

fn nothing() -> String {
    "too few values to compare".to_owned()
}

fn effect(effect: &Effect) -> String {
    let Effect { what, value, low, high, blocks } = effect;
    format!(
        "{what}: {} ({} - {}, {blocks} blocks)",
        format::ratio(*value),
        format::ratio(*low),
        format::ratio(*high)
    )
}
