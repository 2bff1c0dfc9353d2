//! The answer: what is proved first, what is not proved as such.

use std::collections::BTreeSet;

use restore_core::units::Jobs;

use super::format;
use super::model::{
    BestReport, CellReport, ContenderReport, CurveReport, Mark, Measured, VerdictReport,
};
use super::phrases::{job_list, program};
use super::workload::IdleAndBusyReport;
use crate::recommend::Probability;
use crate::scenario::Phase;

/// Curves that a sentence can bear with their numbers; of more it has the
/// names.
const DETAILED: usize = 3;

/// What the answer is made of.
pub(super) struct Findings<'a> {
    pub(super) curves: &'a [CurveReport],
    pub(super) best: &'a [BestReport],
    pub(super) idle_and_busy: &'a [IdleAndBusyReport],
    pub(super) measured: &'a Measured,
}

/// A curve's recommended cell, or else its fastest, with its time.
fn best_cell(curve: &CurveReport) -> Option<(&CellReport, f64)> {
    let marked = |mark| curve.cells.iter().find(|cell| cell.marks.contains(&mark));
    let cell = marked(Mark::Recommended).or_else(|| marked(Mark::Fastest))?;
    Some((cell, cell.time_seconds?.value))
}

fn best_time(curve: &CurveReport) -> f64 {
    best_cell(curve).map_or(f64::INFINITY, |(_, seconds)| seconds)
}

fn fastest<'a>(curves: impl IntoIterator<Item = &'a CurveReport>) -> Option<&'a CurveReport> {
    curves.into_iter().min_by(|a, b| best_time(a).total_cmp(&best_time(b)))
}

fn recommended(curve: &CurveReport) -> Option<(Jobs, Probability)> {
    match &curve.verdict {
        VerdictReport::Recommend { jobs, probability, .. } => {
            Some((*jobs, Probability::new(*probability)))
        }
        VerdictReport::Inconclusive { .. } => None,
    }
}

impl Findings<'_> {
    /// The recommendations, of each variant that of its fastest curve that has
    /// one; then the curves that have none.
    pub(super) fn answer(&self) -> String {
        if self.curves.iter().all(|curve| best_cell(curve).is_none()) {
            return "No answer: no trial completed.".to_owned();
        }
        let (settled, open): (Vec<&CurveReport>, Vec<&CurveReport>) =
            self.curves.iter().partition(|curve| recommended(curve).is_some());
        let variants: BTreeSet<&str> =
            settled.iter().map(|curve| curve.curve.variant.as_str()).collect();
        let of = |variant: &str| {
            fastest(settled.iter().copied().filter(|curve| curve.curve.variant == variant))
        };
        let leads: Vec<&CurveReport> = variants.into_iter().filter_map(of).collect();
        let mut sentences = match leads[..] {
            [] => Vec::new(),
            [lead] => vec![self.one(lead)],
            _ => vec![self.several(&leads)],
        };
        sentences.extend(self.open(open, &leads));
        sentences.join(" ")
    }

    /// Curves have names where there are several.
    fn has_names(&self) -> bool {
        self.curves.len() > 1
    }

    fn one(&self, lead: &CurveReport) -> String {
        let Some((jobs, probability)) = recommended(lead) else { return String::new() };
        let of_curve = if self.has_names() { self.with_archive(lead) } else { String::new() };
        format!(
            "Use {}-j {jobs}{of_curve}: {}; with a probability of {probability} no other -j \
             {} is more than {} faster{}.",
            program(self.measured.phase),
            best_cell(lead).map(|(cell, _)| time_and_speedup(cell)).unwrap_or_default(),
            measured(&[lead]),
            format::round_percent(self.measured.tolerance_ratio),
            self.rivals(lead),
        )
    }

    /// Variants are not compared with each other, so each has its own answer;
    /// those that come to the same number share it.
    fn several(&self, leads: &[&CurveReport]) -> String {
        let mut by_jobs: Vec<(Jobs, Vec<String>)> = Vec::new();
        let mut least: Option<Probability> = None;
        for lead in leads {
            let Some((jobs, probability)) = recommended(lead) else { continue };
            if least.is_none_or(|least| probability.get() < least.get()) {
                least = Some(probability);
            }
            let mut name = self.place(lead);
            if leads.len() <= DETAILED
                && let Some((cell, _)) = best_cell(lead)
            {
                name = format!("{name} ({})", time_and_speedup(cell));
            }
            match by_jobs.iter_mut().find(|(own, _)| *own == jobs) {
                Some((_, names)) => names.push(name),
                None => by_jobs.push((jobs, vec![name])),
            }
        }
        let uses: Vec<String> =
            by_jobs.into_iter().map(|(jobs, names)| format!("-j {jobs} {}", all(&names))).collect();
        format!(
            "Use {}{}; each with a probability of {}, no other -j {} is more than {} faster \
             there.",
            program(self.measured.phase),
            uses.join(", "),
            least.map(at_least).unwrap_or_default(),
            measured(leads),
            format::round_percent(self.measured.tolerance_ratio),
        )
    }

    /// What is not settled: the fastest with its reasons where nothing else
    /// is said before it, and the others by their names.
    fn open(&self, mut open: Vec<&CurveReport>, leads: &[&CurveReport]) -> Vec<String> {
        let mut sentences = Vec::new();
        if leads.is_empty()
            && let Some(first) = fastest(open.iter().copied())
        {
            open.retain(|curve| curve.curve != first.curve);
            sentences.push(self.inconclusive(first));
        }
        if open.len() > DETAILED {
            let names: Vec<String> = open.iter().map(|curve| curve.title.clone()).collect();
            sentences.push(format!("Inconclusive: {}.", all(&names)));
        } else {
            sentences.extend(open.iter().map(|curve| self.left_open(curve, leads)));
        }
        sentences
    }

    fn inconclusive(&self, curve: &CurveReport) -> String {
        let of_curve = if self.has_names() { self.with_archive(curve) } else { String::new() };
        match &curve.verdict {
            VerdictReport::Inconclusive { reasons, candidates, .. } if candidates.len() > 1 => {
                format!(
                    "Inconclusive{of_curve}, the best may be any of -j {}: {}.",
                    job_list(candidates),
                    reasons.join("; ")
                )
            }
            VerdictReport::Inconclusive { reasons, .. } => {
                format!("Inconclusive{of_curve}: {}.", reasons.join("; "))
            }
            VerdictReport::Recommend { .. } => String::new(),
        }
    }

    /// A curve that is not settled, beside others that are.
    fn left_open(&self, curve: &CurveReport, leads: &[&CurveReport]) -> String {
        let VerdictReport::Inconclusive { reasons, candidates, .. } = &curve.verdict else {
            return String::new();
        };
        let why = if candidates.len() > 1 {
            format!("the best may be any of -j {}", job_list(candidates))
        } else {
            reasons.join("; ")
        };
        let beside = leads.iter().find_map(|lead| self.beside(lead, curve));
        let beside = beside.map(|beside| format!(" ({beside})")).unwrap_or_default();
        format!("Inconclusive{}: {why}{beside}.", self.with_archive(curve))
    }

    /// How a curve that is not settled does against the recommended one, where
    /// it may be the faster of the two.
    fn beside(&self, lead: &CurveReport, open: &CurveReport) -> Option<String> {
        let group = self.best.iter().find(|best| best.variant == lead.curve.variant)?;
        let other = |of: &CurveReport| group.others.iter().find(|other| other.curve == of.curve);
        let (contender, is_sure) = if group.fastest.curve == open.curve {
            (&group.fastest, other(lead)?.differs == Some(true))
        } else if group.fastest.curve == lead.curve {
            let contender = other(open)?;
            (contender, contender.differs == Some(true))
        } else {
            return None;
        };
        let at =
            format!("at -j {} it took {}", contender.jobs, format::time(contender.time_seconds));
        match (group.fastest.curve == open.curve, is_sure) {
            (true, true) => Some(format!("{at}, less than the recommended one beyond doubt")),
            (false, true) => None,
            (_, false) => {
                Some(format!("{at}, which these blocks cannot tell from the recommended one"))
            }
        }
    }

    /// Names the curves with a recommendation that may be as fast as the lead.
    fn rivals(&self, lead: &CurveReport) -> String {
        let rivals: Vec<String> = self
            .best
            .iter()
            .filter(|best| best.fastest.curve == lead.curve)
            .flat_map(|best| &best.others)
            .filter(|other| other.recommended && other.differs != Some(true))
            .map(|other: &ContenderReport| format!("{} at -j {}", other.title, other.jobs))
            .collect();
        if rivals.is_empty() {
            String::new()
        } else {
            format!(" ({} cannot be told from it)", rivals.join(", "))
        }
    }

    /// Where a curve was measured.
    fn place(&self, curve: &CurveReport) -> String {
        let title = curve.title.replacen(program(self.measured.phase), "", 1);
        if self.idle_and_busy.iter().any(|pair| pair.busy == curve.title) {
            format!("beside the workload with {title}")
        } else if self.idle_and_busy.iter().any(|pair| pair.idle == curve.title) {
            format!("on an idle server with {title}")
        } else {
            format!("with {title}")
        }
    }

    fn with_archive(&self, curve: &CurveReport) -> String {
        match self.measured.phase {
            Phase::Restore => format!(" with the {} archive", curve.title),
            Phase::Dump => {
                format!(" for a {}", curve.title.replacen(program(self.measured.phase), "", 1))
            }
        }
    }
}

/// The least of several probabilities, which may itself be a bound.
fn at_least(probability: Probability) -> String {
    let words = probability.to_string();
    if words.starts_with("over") { words } else { format!("{words} or more") }
}

/// What the numbers are among: a limit may rule out the fastest.
fn measured(leads: &[&CurveReport]) -> &'static str {
    if leads.iter().any(|lead| !lead.beyond_limits.is_empty()) {
        "within the limits"
    } else {
        "measured"
    }
}

fn time_and_speedup(cell: &CellReport) -> String {
    let time = cell.time_seconds.map(|time| format::time(time.value)).unwrap_or_default();
    match &cell.speedup {
        Some(speedup) if cell.jobs != Jobs::ONE => {
            format!("{time}, {} times as fast as -j 1", format::ratio(speedup.value))
        }
        _ => time,
    }
}

/// `a`, `a and b`, `a, b and c`
fn all(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    }
}
