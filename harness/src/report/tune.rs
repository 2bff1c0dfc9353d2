//! What tuning found, as a table and as Markdown.

use comfy_table::CellAlignment;
use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use super::format;
use super::markdown::{escape, push};
use super::terminal::{Style, finish, plain_table, section};
use crate::recommend::Probability;
use crate::record::ending::Ending;
use crate::scenario::quantity::WarmUp;
use crate::tune::{Candidate, Standing};

/// What tuning found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuneReport {
    /// The answer in one sentence.
    pub answer: String,
    /// What is known of each number of jobs.
    #[serde(flatten)]
    pub standing: Standing,
    /// What it took.
    #[serde(flatten)]
    pub spent: Spent,
    /// How much slower than the best is as good, as a fraction.
    pub tolerance_ratio: f64,
    /// Why it ended; `null` while it can be resumed.
    pub ending: Option<Ending>,
}

/// What tuning took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Restores that were run, those that were stopped early included.
    pub restores: usize,
    /// Time that they took.
    pub restoring_seconds: f64,
    /// What was restored before them and does not count.
    pub warm_up: WarmUp,
}

impl TuneReport {
    /// Puts an answer on a standing.
    pub fn new(
        standing: Standing,
        spent: Spent,
        tolerance_ratio: f64,
        ending: Option<Ending>,
    ) -> Self {
        let answer = answer(&standing, &spent, tolerance_ratio);
        Self { answer, standing, spent, tolerance_ratio, ending }
    }

    /// As text, the answer first.
    pub fn text(&self, style: Style) -> String {
        let mut lines: Vec<String> =
            style.paragraph(&self.answer, 0).iter().map(|line| style.bold(line)).collect();
        let mut table = plain_table();
        table.set_header(HEADINGS);
        for candidate in &self.standing.candidates {
            table.add_row(row(candidate));
        }
        lines.push(String::new());
        lines.extend(finish(&mut table, CellAlignment::Right));
        section(&mut lines, "Remarks", self.remarks(), style);
        lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    /// As GitHub-flavoured Markdown, the answer first.
    pub fn markdown(&self) -> String {
        let mut text = format!("**{}**\n\n| {} |\n", escape(&self.answer), HEADINGS.join(" | "));
        text.push_str("|---:|---:|---:|---:|---:|\n");
        for candidate in &self.standing.candidates {
            push(&mut text, format_args!("| {} |\n", row(candidate).join(" | ")));
        }
        text.push('\n');
        for remark in self.remarks() {
            push(&mut text, format_args!("- {}\n", escape(&remark)));
        }
        text
    }

    /// As indented JSON with a line feed at the end.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![format!(
            "Probabilities come from a model of restores and few of them: a full sweep rests on \
             less. P is that a -j is within {} of the best of these.",
            format::round_percent(self.tolerance_ratio)
        )];
        remarks.push(match self.spent.warm_up {
            WarmUp::Whole => "One whole restore before them warmed up the caches.".to_owned(),
            WarmUp::AtMost(span) => {
                format!("A restore of {span} at most warmed up the caches before them.")
            }
            WarmUp::Off => "There was no warm-up: the first restore met cold caches, and may have \
                            taken longer for it."
                .to_owned(),
        });
        remarks.extend(self.ending.map(|ending| format!("It ended because {ending}.")));
        remarks
    }
}

const HEADINGS: [&str; 5] = ["-j", "n", "time", "expected", "P"];

fn answer(standing: &Standing, spent: &Spent, tolerance: f64) -> String {
    let restoring = format::time(spent.restoring_seconds);
    let spent = format!("after {} restores in {restoring}", spent.restores);
    let within = format::round_percent(tolerance);
    let of = |jobs: Jobs| standing.candidates.iter().find(|candidate| candidate.jobs == jobs);
    let probability = |jobs| Probability::new(of(jobs).map_or(0.0, |found| found.probability));
    let time = |jobs| of(jobs).and_then(|found| found.seconds).map(format::time);
    match (standing.chosen, standing.likeliest) {
        (Some(jobs), _) => format!(
            "Use -j {jobs}: {}, within {within} of the best with a probability of {}, {spent}.",
            time(jobs).unwrap_or_default(),
            probability(jobs)
        ),
        (None, Some(jobs)) => format!(
            "Inconclusive {spent}: -j {jobs} is the likeliest to be within {within} of the best \
             ({}, probability {}).",
            time(jobs).unwrap_or_default(),
            probability(jobs)
        ),
        (None, None) => format!("No answer {spent}: no restore completed."),
    }
}

fn row(candidate: &Candidate) -> [String; 5] {
    let time = match (candidate.seconds, candidate.longer_than_seconds) {
        (Some(seconds), _) => format::time(seconds),
        (None, Some(bound)) => format!("over {}", format::time(bound)),
        (None, None) if candidate.failed => "failed".to_owned(),
        (None, None) => "-".to_owned(),
    };
    [
        candidate.jobs.to_string(),
        candidate.n.to_string(),
        time,
        candidate.expected_seconds.map_or_else(|| "-".to_owned(), format::time),
        Probability::new(candidate.probability).to_string(),
    ]
}
