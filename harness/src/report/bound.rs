//! What each -j is bound by, and which are beyond a limit, as reports show it.

use std::collections::BTreeMap;

use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use super::build::digits;
use super::model::CurveReport;
use crate::analysis::curve::Curve;
use crate::analysis::load::Course;
use crate::recommend::Bound;
use crate::recommend::bound::Little;

/// What a cell is bound by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoundReport {
    /// The number of jobs.
    pub jobs: Jobs,
    /// The cause, by its name for programs.
    pub cause: String,
    /// In words; completes "-j 4 is bound by ...".
    pub text: String,
    /// The readings that led to it.
    pub readings: Vec<ReadingReport>,
    /// The item that it is about.
    pub item: Option<String>,
    /// Causes whose rules are met too.
    pub also: Vec<String>,
    /// Two counts of the work under way, which should agree.
    pub little: Option<LittleReport>,
    /// The course of its trials.
    pub course: Option<CourseReport>,
}

/// A reading, a mean over the trials of the cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadingReport {
    /// Its name, with its unit.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The threshold of the rule; `null` for a reading that only explains.
    pub threshold: Option<f64>,
}

/// Little's law: both should be the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LittleReport {
    /// Times of the items over the wall time.
    pub items_under_way_mean: f64,
    /// Active sessions, as they were sampled.
    pub active_sessions_mean: f64,
    /// Whether they are as near as samples allow.
    pub agree: bool,
}

/// The course of a cell's trials: means in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CourseReport {
    /// Before the first worker started, on one connection.
    pub serial_seconds: f64,
    /// From then to the end.
    pub parallel_seconds: f64,
    /// Time that workers had nothing to do, summed over them.
    pub workers_idle_seconds: f64,
    /// In the parallel part, with one item running alone.
    pub alone_seconds: f64,
    /// At the end, with one item left.
    pub tail_seconds: f64,
    /// The item that came last.
    pub straggler: Option<String>,
    /// The longest item.
    pub longest_item: Option<String>,
    /// How long it took.
    pub longest_item_seconds: Option<f64>,
    /// Time of the items of each section, summed.
    pub sections_seconds: BTreeMap<String, f64>,
    /// Time of the items of each kind, summed.
    pub kinds_seconds: BTreeMap<String, f64>,
}

/// A number of jobs that is beyond a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeyondReport {
    /// The number of jobs.
    pub jobs: Jobs,
    /// The key of the limit in the scenario.
    pub limit: String,
    /// What was read.
    pub seen: f64,
    /// What is allowed.
    pub allowed: f64,
    /// In words.
    pub text: String,
}

/// What the cells of a curve are bound by.
pub(super) fn bounds(curve: &Curve, bounds: &[Bound]) -> Vec<BoundReport> {
    bounds
        .iter()
        .map(|bound| BoundReport {
            jobs: bound.jobs,
            cause: bound.cause.name().to_owned(),
            text: bound.to_string(),
            readings: bound
                .readings
                .iter()
                .map(|reading| ReadingReport {
                    name: reading.name.to_owned(),
                    value: digits(reading.value),
                    threshold: reading.threshold,
                })
                .collect(),
            item: bound.item.clone(),
            also: bound.also.iter().map(|cause| cause.name().to_owned()).collect(),
            little: bound.little.map(little),
            course: curve.cell(bound.jobs).and_then(|cell| cell.load.course.as_ref()).map(course),
        })
        .collect()
}

fn little(of: Little) -> LittleReport {
    LittleReport {
        items_under_way_mean: digits(of.items),
        active_sessions_mean: digits(of.sessions),
        agree: of.agrees(),
    }
}

fn course(of: &Course) -> CourseReport {
    let sections = of.sections.iter().map(|(&name, &time)| (name.to_owned(), digits(time)));
    let kinds = of.kinds.iter().map(|(kind, &time)| (kind.name().to_owned(), digits(time)));
    CourseReport {
        serial_seconds: digits(of.serial),
        parallel_seconds: digits(of.parallel),
        workers_idle_seconds: digits(of.idle),
        alone_seconds: digits(of.alone),
        tail_seconds: digits(of.tail),
        straggler: of.straggler.clone(),
        longest_item: of.longest.as_ref().map(|(name, _)| name.clone()),
        longest_item_seconds: of.longest.as_ref().map(|(_, time)| digits(*time)),
        sections_seconds: sections.collect(),
        kinds_seconds: kinds.collect(),
    }
}

/// Which cells are beyond a limit.
pub(super) fn beyond(curve: &Curve) -> Vec<BeyondReport> {
    let breaches = curve
        .cells
        .iter()
        .flat_map(|cell| cell.breaches.iter().map(move |breach| (cell.jobs, breach)));
    breaches
        .map(|(jobs, breach)| BeyondReport {
            jobs,
            limit: breach.limit.key().to_owned(),
            seen: digits(breach.seen),
            allowed: breach.allowed,
            text: breach.to_string(),
        })
        .collect()
}

/// A line for each run of numbers that have a cause in common, by what the
/// largest of them shows; and for each limit, by the furthest beyond it.
pub(super) fn lines(curve: &CurveReport) -> Vec<String> {
    let groups = curve.bounds.chunk_by(|a, b| a.cause == b.cause && a.item == b.item);
    let bounds = groups.filter_map(|group| {
        let jobs = listed(group.iter().map(|bound| bound.jobs));
        Some(format!("{jobs} bound by {}.", group.last()?.text))
    });
    let mut beyond: BTreeMap<&str, Vec<&BeyondReport>> = BTreeMap::new();
    for breach in &curve.beyond_limits {
        beyond.entry(&breach.limit).or_default().push(breach);
    }
    let beyond = beyond.into_values().filter_map(|breaches| {
        let jobs = listed(breaches.iter().map(|breach| breach.jobs));
        let furthest = breaches.iter().max_by(|a, b| a.seen.total_cmp(&b.seen))?;
        let up_to = if breaches.len() > 1 { "up to " } else { "" };
        Some(format!("{jobs} ruled out: {up_to}{}.", furthest.text))
    });
    bounds.chain(beyond).collect()
}

/// `-j 1 is`, `-j 2, 4 are`
fn listed(jobs: impl Iterator<Item = Jobs>) -> String {
    let jobs: Vec<String> = jobs.map(|jobs| jobs.to_string()).collect();
    let verb = if jobs.len() > 1 { "are" } else { "is" };
    format!("-j {} {verb}", jobs.join(", "))
}
