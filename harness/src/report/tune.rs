//! What tuning found.

use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use super::format;
use crate::design::Adaptive;
use crate::document::{Answer, Document, Table};
use crate::recommend::Probability;
use crate::record::{Ending, FolderError, Run};
use crate::scenario::quantity::WarmUp;
use crate::study::errors::{self, KindOfErrors};
use crate::tune::{Candidate, Rule, Standing};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuneReport {
    pub answer: String,
    /// What is known of each number of jobs.
    #[serde(flatten)]
    pub standing: Standing,
    #[serde(flatten)]
    pub spent: Spent,
    /// How much slower than the best is as good, as a fraction.
    pub tolerance_ratio: f64,
    /// Why it ended; `null` while it can be resumed.
    pub ending: Option<Ending>,
    /// The errors of the restores, those that kept them from counting first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<KindOfErrors>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Restores that were run, those that were stopped early included.
    pub restores: usize,
    pub restoring_seconds: f64,
    /// What was restored before them and does not count.
    pub warm_up: WarmUp,
}

impl TuneReport {
    /// What a run found that chose its restores.
    pub fn of(run: &Run, adaptive: &Adaptive) -> Result<Self, FolderError> {
        let rule = Rule::of(&run.record, adaptive);
        let spent = Spent {
            restores: run.rows.len(),
            restoring_seconds: run.rows.iter().map(|row| row.wall().as_secs_f64()).sum(),
            warm_up: run.record.scenario.sweep.warm_up,
        };
        let errors = errors::of_run(run)?;
        let report = Self::new(rule.standing(&run.rows), spent, rule.tolerance, run.record.ended);
        Ok(Self { errors, ..report })
    }

    pub fn new(
        standing: Standing,
        spent: Spent,
        tolerance_ratio: f64,
        ending: Option<Ending>,
    ) -> Self {
        let answer = answer(&standing, &spent, tolerance_ratio);
        Self { answer, standing, spent, tolerance_ratio, ending, errors: Vec::new() }
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![format!(
            "Probabilities come from a model and few restores; a full sweep relies on fewer \
             assumptions. P is the probability that a -j is within {} of the best of these.",
            format::round_percent(self.tolerance_ratio)
        )];
        remarks.push(match self.spent.warm_up {
            WarmUp::Whole => "One whole restore before them warmed up the caches.".to_owned(),
            WarmUp::AtMost(span) => {
                format!("A restore of {span} at most warmed up the caches before them.")
            }
            WarmUp::Off => {
                "There was no warm-up: the first restore found cold caches and may have \
                            taken longer."
                    .to_owned()
            }
        });
        remarks.extend(self.ending.map(|ending| format!("It ended because {ending}.")));
        remarks
    }
}

impl Answer for TuneReport {
    fn document(&self) -> Document {
        let seconds = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), format::time);
        let table = Table::of(&self.standing.candidates)
            .number("-j", |candidate| candidate.jobs.to_string())
            .number("n", |candidate| candidate.n.to_string())
            .number("time", |candidate| time(candidate))
            .number("expected", |candidate| seconds(candidate.expected_seconds))
            .number("P", |candidate| Probability::new(candidate.probability).to_string())
            .strong(|candidate| self.standing.chosen == Some(candidate.jobs));
        let mut document = Document::of(&self.answer);
        let errors = self.errors.iter().map(ToString::to_string).collect();
        document.table(table).section("Errors of the restores", errors);
        document.section("Remarks", self.remarks());
        document
    }
}

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
        (None, Some(jobs)) if standing.is_too_noisy() => format!(
            "Undecided {spent}: equal restores differ by {} or more, too much for a few of them to \
             tell which -j is the best. Sweep instead (jobtune sweep), which pairs restores within \
             blocks; -j {jobs} was the likeliest.",
            format::round_percent(standing.noise.unwrap_or_default().exp_m1())
        ),
        (None, Some(jobs)) => format!(
            "Inconclusive {spent}. Sweep instead (jobtune sweep), which pairs restores within \
             blocks; -j {jobs} is only the likeliest to be within {within} of the best ({}, \
             probability {}).",
            time(jobs).unwrap_or_default(),
            probability(jobs)
        ),
        (None, None) => format!("No answer {spent}: no restore completed."),
    }
}

fn time(candidate: &Candidate) -> String {
    match (candidate.seconds, candidate.longer_than_seconds) {
        (Some(seconds), _) => format::time(seconds),
        (None, Some(bound)) => format!("over {}", format::time(bound)),
        (None, None) if candidate.failed => "failed".to_owned(),
        (None, None) => "-".to_owned(),
    }
}
