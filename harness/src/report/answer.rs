//! The answer: what is proved first, what is not proved as such.

use std::collections::BTreeSet;

use restore_core::units::Jobs;

use super::format;
use super::phrases::{job_list, joined, program, title_without_program};
use crate::recommend::{BestCurve, CellStudy, Contender, CurveStudy, Probability, Verdict};
use crate::scenario::Phase;
use crate::study::Study;

/// Curves that a sentence can bear with their numbers; of more it has the
/// names.
const DETAILED: usize = 3;

/// The recommendations, of the variants that do the same that of the fastest curve that has
/// one; then the curves that have none.
pub(super) fn of(study: &Study) -> String {
    Answer(study).whole()
}

/// A study that is put into sentences.
struct Answer<'a>(&'a Study);

/// A curve's recommended cell, or else its fastest, with its time.
fn best_cell(curve: &CurveStudy) -> Option<(&CellStudy, f64)> {
    let cell = curve.best_cell()?;
    Some((cell, cell.time_seconds?.value))
}

fn best_time(curve: &CurveStudy) -> f64 {
    best_cell(curve).map_or(f64::INFINITY, |(_, seconds)| seconds)
}

fn fastest<'a>(curves: impl IntoIterator<Item = &'a CurveStudy>) -> Option<&'a CurveStudy> {
    curves.into_iter().min_by(|a, b| best_time(a).total_cmp(&best_time(b)))
}

fn recommended(curve: &CurveStudy) -> Option<(Jobs, Probability)> {
    match &curve.verdict {
        Verdict::Recommend { jobs, probability, .. } => Some((*jobs, *probability)),
        Verdict::Inconclusive { .. } => None,
    }
}

impl Answer<'_> {
    fn whole(&self) -> String {
        if self.0.curves.iter().all(|curve| best_cell(curve).is_none()) {
            return "No answer: no trial completed.".to_owned();
        }
        let (settled, mut open): (Vec<&CurveStudy>, Vec<&CurveStudy>) =
            self.0.curves.iter().partition(|curve| recommended(curve).is_some());
        let ways = self.ways_alone();
        open.retain(|curve| !ways.iter().any(|best| best.has(&curve.key)));
        let group = |curve: &CurveStudy| self.0.facts().first_alike(&curve.key.variant).to_owned();
        let groups: BTreeSet<String> = settled.iter().map(|curve| group(curve)).collect();
        let of = |of: String| fastest(settled.iter().copied().filter(|curve| group(curve) == of));
        let leads: Vec<&CurveStudy> = groups.into_iter().filter_map(of).collect();
        let mut sentences = match leads[..] {
            [] => Vec::new(),
            [lead] => vec![self.one(lead)],
            _ => vec![self.several(&leads)],
        };
        sentences.extend(ways.iter().map(|best| fastest_way(best)));
        sentences.extend(self.open(open, &leads));
        sentences.join(" ")
    }

    /// Ways to the same database that are told apart, each with one number of jobs: nothing is
    /// in question about that.
    fn ways_alone(&self) -> Vec<&BestCurve> {
        let has_one = |best: &&BestCurve| {
            let mut curves = self.0.curves.iter().filter(|curve| best.has(&curve.key));
            curves.all(|curve| curve.measured.measured().len() == 1)
        };
        self.0.best.iter().filter(|best| best.told_apart).filter(has_one).collect()
    }

    fn phase(&self) -> Phase {
        self.0.facts().phase
    }

    /// Curves have names where there are several.
    fn has_names(&self) -> bool {
        self.0.curves.len() > 1
    }

    fn one(&self, lead: &CurveStudy) -> String {
        let Some((jobs, probability)) = recommended(lead) else { return String::new() };
        let of_curve = if self.has_names() { self.with_archive(lead) } else { String::new() };
        format!(
            "Use {}-j {jobs}{of_curve}: {}; with a probability of {probability} no other -j \
             {} is more than {} faster{}.",
            program(&lead.key, self.phase()),
            best_cell(lead).map(|(cell, _)| time_and_speedup(cell)).unwrap_or_default(),
            measured(&[lead]),
            format::round_percent(self.0.facts().tolerance),
            self.rivals(lead),
        )
    }

    /// Variants that are not alike are not compared with each other, so each has its own
    /// answer; those that come to the same number share it.
    fn several(&self, leads: &[&CurveStudy]) -> String {
        let mut by_jobs: Vec<(&'static str, Jobs, Vec<String>)> = Vec::new();
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
            let program = program(&lead.key, self.phase());
            match by_jobs.iter_mut().find(|(with, own, _)| (*with, *own) == (program, jobs)) {
                Some((.., names)) => names.push(name),
                None => by_jobs.push((program, jobs, vec![name])),
            }
        }
        let mut named = "";
        let mut use_of = |(program, jobs, names): (&'static str, Jobs, Vec<String>)| {
            let again = std::mem::replace(&mut named, program) == program;
            let program = if again { "" } else { program };
            format!("{program}-j {jobs} {}", all(&names))
        };
        let uses: Vec<String> = by_jobs.into_iter().map(&mut use_of).collect();
        format!(
            "Use {}; each with a probability of {}, no other -j {} is more than {} faster \
             there.",
            uses.join(", "),
            least.map(at_least).unwrap_or_default(),
            measured(leads),
            format::round_percent(self.0.facts().tolerance),
        )
    }

    /// What is not settled: the fastest with its reasons where nothing else
    /// is said before it, and the others by their names.
    fn open(&self, mut open: Vec<&CurveStudy>, leads: &[&CurveStudy]) -> Vec<String> {
        let mut sentences = Vec::new();
        if leads.is_empty()
            && let Some(first) = fastest(open.iter().copied())
        {
            open.retain(|curve| curve.key != first.key);
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

    fn inconclusive(&self, curve: &CurveStudy) -> String {
        let of_curve = if self.has_names() { self.of_curve(curve) } else { String::new() };
        match &curve.verdict {
            Verdict::Inconclusive { reasons, candidates, .. } if candidates.len() > 1 => {
                format!(
                    "Inconclusive{of_curve}, the best may be any of -j {}: {}.",
                    job_list(candidates),
                    joined(reasons)
                )
            }
            Verdict::Inconclusive { reasons, .. } => {
                format!("Inconclusive{of_curve}: {}.", joined(reasons))
            }
            Verdict::Recommend { .. } => String::new(),
        }
    }

    /// A curve that is not settled, beside others that are.
    fn left_open(&self, curve: &CurveStudy, leads: &[&CurveStudy]) -> String {
        let Verdict::Inconclusive { reasons, candidates, .. } = &curve.verdict else {
            return String::new();
        };
        let why = if candidates.len() > 1 {
            format!("the best may be any of -j {}", job_list(candidates))
        } else {
            joined(reasons)
        };
        let against = leads.iter().find_map(|lead| self.against_lead(lead, curve));
        let against = against.map(|against| format!(" ({against})")).unwrap_or_default();
        format!("Inconclusive{}: {why}{against}.", self.of_curve(curve))
    }

    /// How a curve that is not settled does against the recommended one, where
    /// it may be the faster of the two.
    fn against_lead(&self, lead: &CurveStudy, open: &CurveStudy) -> Option<String> {
        let group = self.0.best.iter().find(|best| best.has(&lead.key))?;
        let other = |of: &CurveStudy| group.others.iter().find(|other| other.key == of.key);
        let (contender, is_sure) = if group.fastest.key == open.key {
            (&group.fastest, other(lead)?.differs == Some(true))
        } else if group.fastest.key == lead.key {
            let contender = other(open)?;
            (contender, contender.differs == Some(true))
        } else {
            return None;
        };
        let at =
            format!("at -j {} it took {}", contender.jobs, format::time(contender.time_seconds));
        match (group.fastest.key == open.key, is_sure) {
            (true, true) => Some(format!("{at}, less than the recommended one beyond doubt")),
            (false, true) => None,
            (_, false) => {
                Some(format!("{at}, which these blocks cannot tell from the recommended one"))
            }
        }
    }

    /// Names the curves with a recommendation that may be as fast as the lead.
    fn rivals(&self, lead: &CurveStudy) -> String {
        let rivals: Vec<String> = self
            .0
            .best
            .iter()
            .filter(|best| best.fastest.key == lead.key)
            .flat_map(|best| &best.others)
            .filter(|other| other.recommended && other.differs != Some(true))
            .map(|other: &Contender| format!("{} at -j {}", other.title, other.jobs))
            .collect();
        if rivals.is_empty() {
            String::new()
        } else {
            format!(" ({} cannot be told from it)", rivals.join(", "))
        }
    }

    /// Where a curve was measured.
    fn place(&self, curve: &CurveStudy) -> String {
        let title = title_without_program(curve, self.phase());
        if self.0.idle_and_busy.iter().any(|pair| pair.busy == curve.key) {
            format!("beside the workload with {title}")
        } else if self.0.idle_and_busy.iter().any(|pair| pair.idle == curve.key) {
            format!("on an idle server with {title}")
        } else {
            format!("with {title}")
        }
    }

    /// Names a curve where its program is not named before.
    fn of_curve(&self, curve: &CurveStudy) -> String {
        let archive = self.with_archive(curve);
        if curve.key.is_of_native() { format!(" by the native engine{archive}") } else { archive }
    }

    /// Names the archive of a curve.
    fn with_archive(&self, curve: &CurveStudy) -> String {
        let title = title_without_program(curve, self.phase());
        match self.phase() {
            Phase::Restore => format!(" with the {title} archive"),
            Phase::Dump => format!(" for a {title}"),
        }
    }
}

fn fastest_way(best: &BestCurve) -> String {
    let Contender { title, jobs, time_seconds, .. } = &best.fastest;
    let ways = if best.others.len() == 1 { "two ways" } else { "several ways" };
    let time = format::time(*time_seconds);
    format!(
        "Of {ways} to the same database {title} at -j {jobs} is the fastest beyond doubt: {time}."
    )
}

/// The least of several probabilities, which may itself be a bound.
fn at_least(probability: Probability) -> String {
    let words = probability.to_string();
    if words.starts_with("over") { words } else { format!("{words} or more") }
}

/// What the numbers are among: a limit may rule out the fastest.
fn measured(leads: &[&CurveStudy]) -> &'static str {
    if leads.iter().any(|lead| !lead.beyond_limits.is_empty()) {
        "within the limits"
    } else {
        "measured"
    }
}

fn time_and_speedup(cell: &CellStudy) -> String {
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
