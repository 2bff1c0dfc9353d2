//! How parallel restores were, by their items: how long workers had nothing to
//! do, what came last, what ran alone, and where the time went.

use std::collections::BTreeMap;

use restore_core::toc::{ItemKind, Section};
use restore_core::units::Jobs;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::record::ItemRow;
use crate::stats::estimate::digits;
use crate::stats::moments;

/// Kinds of items as reports tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkKind {
    /// Rows of tables and large objects.
    TableData,
    Index,
    /// Primary keys, unique, exclusion and check constraints.
    Constraint,
    ForeignKey,
    /// Rights.
    Acl,
    /// Contents of materialised views.
    MaterializedView,
    /// All else: definitions, sequences, comments, statistics.
    Other,
}

impl WorkKind {
    /// The kind of an item, by the archive's word for it.
    pub fn of(kind: &str) -> Self {
        match ItemKind::from(kind) {
            ItemKind::TableData | ItemKind::Blobs | ItemKind::Blob => Self::TableData,
            ItemKind::Index | ItemKind::IndexAttach => Self::Index,
            ItemKind::Constraint | ItemKind::CheckConstraint => Self::Constraint,
            ItemKind::ForeignKey => Self::ForeignKey,
            ItemKind::Acl | ItemKind::DefaultAcl => Self::Acl,
            ItemKind::MaterializedViewData => Self::MaterializedView,
            _ => Self::Other,
        }
    }

    /// What reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TableData => "table data",
            Self::Index => "indexes",
            Self::Constraint => "constraints",
            Self::ForeignKey => "foreign keys",
            Self::Acl => "rights",
            Self::MaterializedView => "materialised views",
            Self::Other => "other",
        }
    }
}

/// The section that items of a kind belong to. The tables of a run folder have
/// the kind alone; where the archive puts some of a kind elsewhere (comments,
/// triggers of partitions), they follow the rest of it.
fn section(kind: &str) -> Section {
    match ItemKind::from(kind) {
        ItemKind::TableData
        | ItemKind::Blobs
        | ItemKind::Blob
        | ItemKind::BlobMetadata
        | ItemKind::SequenceSet => Section::Data,
        ItemKind::Index
        | ItemKind::IndexAttach
        | ItemKind::Constraint
        | ItemKind::CheckConstraint
        | ItemKind::ForeignKey
        | ItemKind::Trigger
        | ItemKind::EventTrigger
        | ItemKind::Rule
        | ItemKind::Policy
        | ItemKind::MaterializedViewData => Section::PostData,
        ItemKind::Acl | ItemKind::DefaultAcl | ItemKind::Comment | ItemKind::SecurityLabel => {
            Section::None
        }
        _ => Section::PreData,
    }
}

/// How parallel a trial was, or the trials of a cell on average, in seconds.
/// What is summed over items or workers can be more than a trial took.
#[derive(Debug, Clone, PartialEq)]
pub struct Parallelism {
    /// Before the first worker started: one connection does all.
    pub serial: f64,
    /// From the first worker's start to the end.
    pub parallel: f64,
    /// Mean number of items under way.
    pub concurrency: f64,
    /// Time in which workers had nothing to do, summed over them.
    pub idle: f64,
    /// Time in the parallel part in which exactly one item ran.
    pub alone: f64,
    /// At the end of the parallel part, the time in which there was never more
    /// than one item left.
    pub tail: f64,
    /// The item that ended last; of several trials, the most frequent one.
    pub straggler: Option<String>,
    /// The item that ran alone longest, and for how long.
    pub longest_alone: Option<(String, f64)>,
    /// The item that took longest, and how long.
    pub longest: Option<(String, f64)>,
    /// Time of the items of each section, summed.
    pub sections: BTreeMap<Section, f64>,
    /// Time of the items of each kind, summed.
    pub kinds: BTreeMap<WorkKind, f64>,
}

impl Serialize for Parallelism {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kinds: BTreeMap<&str, f64> =
            self.kinds.iter().map(|(kind, &time)| (kind.name(), digits(time))).collect();
        let sections: BTreeMap<&str, f64> =
            self.sections.iter().map(|(section, &time)| (section.name(), digits(time))).collect();
        let (longest, time) = self.longest.clone().unzip();
        let mut fields = serializer.serialize_struct("Parallelism", 10)?;
        fields.serialize_field("serial_seconds", &digits(self.serial))?;
        fields.serialize_field("parallel_seconds", &digits(self.parallel))?;
        fields.serialize_field("workers_idle_seconds", &digits(self.idle))?;
        fields.serialize_field("alone_seconds", &digits(self.alone))?;
        fields.serialize_field("tail_seconds", &digits(self.tail))?;
        fields.serialize_field("straggler", &self.straggler)?;
        fields.serialize_field("longest_item", &longest)?;
        fields.serialize_field("longest_item_seconds", &time.map(digits))?;
        fields.serialize_field("sections_seconds", &sections)?;
        fields.serialize_field("kinds_seconds", &kinds)?;
        fields.end()
    }
}

impl Parallelism {
    /// Follows the items of a trial; `None` where the engine told of none.
    pub fn of_trial(items: &[ItemRow], jobs: Jobs, wall_ns: u64) -> Option<Self> {
        let wall = seconds(wall_ns);
        let length = |item: &ItemRow| seconds(item.end_ns.saturating_sub(item.start_ns));
        let longest = items.iter().max_by(|a, b| length(a).total_cmp(&length(b)))?;
        let workers = items.iter().filter(|item| item.lane > 0);
        let begin = workers.clone().map(|item| item.start_ns).min();
        let end = workers.clone().map(|item| item.end_ns).max();
        let of_workers: f64 = workers.clone().map(length).sum();
        let parallel = begin.zip(end).map_or(0.0, |(begin, end)| seconds(end - begin));
        let (alone, tail, longest_alone) = alone(&workers.clone().collect::<Vec<_>>());
        let mut sections = BTreeMap::new();
        let mut kinds = BTreeMap::new();
        for item in items {
            *sections.entry(section(&item.kind)).or_default() += length(item);
            *kinds.entry(WorkKind::of(&item.kind)).or_default() += length(item);
        }
        let busy: f64 = items.iter().map(length).sum();
        Some(Self {
            serial: begin.map_or(wall, seconds),
            parallel,
            // Little's law: their time over the trial's.
            concurrency: if wall > 0.0 { busy / wall } else { 0.0 },
            idle: (f64::from(jobs.get()) * parallel - of_workers).max(0.0),
            alone,
            tail,
            straggler: workers.max_by_key(|item| item.end_ns).map(in_words),
            longest_alone,
            longest: Some((in_words(longest), length(longest))),
            sections,
            kinds,
        })
    }

    /// The mean of several trials; `None` without one.
    pub fn mean(trials: &[Self]) -> Option<Self> {
        let mean = |of: fn(&Self) -> f64| moments::mean(&trials.iter().map(of).collect::<Vec<_>>());
        Some(Self {
            serial: mean(|trial| trial.serial)?,
            parallel: mean(|trial| trial.parallel)?,
            concurrency: mean(|trial| trial.concurrency)?,
            idle: mean(|trial| trial.idle)?,
            alone: mean(|trial| trial.alone)?,
            tail: mean(|trial| trial.tail)?,
            straggler: most_frequent(trials.iter().filter_map(|trial| trial.straggler.as_ref())),
            longest_alone: most_time(trials, |trial| trial.longest_alone.as_ref()),
            longest: most_time(trials, |trial| trial.longest.as_ref()),
            sections: means(trials, |trial| &trial.sections),
            kinds: means(trials, |trial| &trial.kinds),
        })
    }
}

fn means<K: Copy + Ord>(
    trials: &[Parallelism],
    of: impl Fn(&Parallelism) -> &BTreeMap<K, f64>,
) -> BTreeMap<K, f64> {
    let mut means = BTreeMap::new();
    for (&key, time) in trials.iter().flat_map(of) {
        *means.entry(key).or_default() += time / trials.len() as f64;
    }
    means
}

fn most_frequent<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut counts: BTreeMap<&String, u32> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map(|(name, _)| name.clone())
}

/// The item with the most time over all trials, and its mean over those that
/// name it.
fn most_time<'a>(
    trials: &'a [Parallelism],
    of: impl Fn(&'a Parallelism) -> Option<&'a (String, f64)>,
) -> Option<(String, f64)> {
    let mut times: BTreeMap<&String, Vec<f64>> = BTreeMap::new();
    for (name, time) in trials.iter().filter_map(of) {
        times.entry(name).or_default().push(*time);
    }
    let (name, times) = times
        .into_iter()
        .max_by(|(_, a), (_, b)| a.iter().sum::<f64>().total_cmp(&b.iter().sum()))?;
    Some((name.clone(), moments::mean(&times)?))
}

fn in_words(item: &ItemRow) -> String {
    format!("{} {}", item.kind_and_step(), item.name)
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// How long exactly one of `items` ran, how long so at the very end, and which
/// of them ran alone longest.
fn alone(items: &[&ItemRow]) -> (f64, f64, Option<(String, f64)>) {
    let starts = (0..).zip(items).map(|(at, item)| (item.start_ns, 1, at));
    let ends = (0..).zip(items).map(|(at, item)| (item.end_ns, -1, at));
    let mut changes: Vec<(u64, i64, i64)> = starts.chain(ends).collect();
    changes.sort_unstable();
    let (mut count, mut sum) = (0, 0);
    let mut of_item: BTreeMap<i64, u64> = BTreeMap::new();
    let mut tail = 0;
    for pair in changes.windows(2) {
        let [(at, change, item), (next, ..)] = *pair else { continue };
        count += change;
        // Which one runs alone is the running total of the numbers of all.
        sum += change * item;
        let time = next - at;
        if count == 1 {
            *of_item.entry(sum).or_default() += time;
            tail += time;
        } else if time > 0 {
            tail = 0;
        }
    }
    let longest = of_item.iter().max_by_key(|&(_, time)| *time);
    let longest = longest.map(|(&item, &time)| (in_words(items[item as usize]), seconds(time)));
    (seconds(of_item.values().sum()), seconds(tail), longest)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "whole seconds are exact")]
mod tests {
    use restore_core::event::Step;

    use super::*;

    fn item(lane: u32, start: u64, end: u64, kind: &str, name: &str) -> ItemRow {
        let ns = 1_000_000_000;
        ItemRow {
            lane,
            start_ns: start * ns,
            end_ns: end * ns,
            dump_id: None,
            kind: kind.to_owned(),
            name: name.to_owned(),
            bytes: None,
            step: Step::Whole,
        }
    }

    /// A second of definitions; then two workers, of which one loads a giant.
    fn giant() -> Vec<ItemRow> {
        vec![
            item(0, 0, 1, "TABLE", "giant"),
            item(1, 1, 9, "TABLE DATA", "giant"),
            item(2, 1, 2, "TABLE DATA", "small"),
            item(2, 2, 3, "INDEX", "small_index"),
            item(1, 9, 10, "FK CONSTRAINT", "giant fk"),
        ]
    }

    #[test]
    fn a_giant_leaves_the_other_worker_idle() {
        let jobs = Jobs::new(2).unwrap();
        let trial = Parallelism::of_trial(&giant(), jobs, 11_000_000_000).unwrap();
        assert_eq!((trial.serial, trial.parallel), (1.0, 9.0));
        assert_eq!(trial.idle, 18.0 - 11.0);
        assert_eq!((trial.alone, trial.tail), (7.0, 7.0));
        assert_eq!(trial.straggler.as_deref(), Some("FK CONSTRAINT giant fk"));
        assert_eq!(trial.longest_alone, Some(("TABLE DATA giant".to_owned(), 6.0)));
        assert_eq!(trial.longest, Some(("TABLE DATA giant".to_owned(), 8.0)));
        assert_eq!(trial.sections[&Section::Data], 9.0);
        assert_eq!(trial.sections[&Section::PostData], 2.0);
        assert_eq!(trial.kinds[&WorkKind::ForeignKey], 1.0);
        assert_eq!(trial.kinds[&WorkKind::Other], 1.0);
        assert!((trial.concurrency - 12.0 / 11.0).abs() < 1e-12);
    }

    #[test]
    fn one_job_is_serial() {
        let items = [item(0, 0, 1, "TABLE", "t"), item(0, 1, 4, "TABLE DATA", "t")];
        let trial = Parallelism::of_trial(&items, Jobs::ONE, 5_000_000_000).unwrap();
        assert_eq!((trial.serial, trial.parallel, trial.idle, trial.tail), (5.0, 0.0, 0.0, 0.0));
        assert_eq!(Parallelism::of_trial(&[], Jobs::ONE, 5), None);
    }

    #[test]
    fn items_that_touch_run_alone_one_after_the_other() {
        let items = [
            item(1, 0, 2, "TABLE DATA", "a"),
            item(2, 0, 2, "TABLE DATA", "b"),
            item(1, 2, 3, "INDEX", "c"),
            item(2, 3, 5, "INDEX", "d"),
            item(1, 5, 5, "ACL", "e"),
        ];
        let trial = Parallelism::of_trial(&items, Jobs::new(2).unwrap(), 5_000_000_000).unwrap();
        assert_eq!((trial.alone, trial.tail), (3.0, 3.0));
        assert_eq!(trial.longest_alone, Some(("INDEX d".to_owned(), 2.0)));
    }
}
