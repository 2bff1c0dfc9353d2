//! Which trials are shown as timelines, and how 50,000 items fit into one.

use std::collections::BTreeMap;

use restore_core::event::Step;
use restore_core::units::Jobs;
use serde::Serialize;

use super::control::{self, ControlPoint};
use super::evidence::{CurveEvidence, Trial};
use super::judged::Study;
use super::load::{self, LoadLine};
use crate::analysis::chain;
use crate::recommend::CurveStudy;
use crate::record::{FolderError, ItemRow, Outcome, Run};
use crate::stats::estimate::digits;

/// Timelines of a run at most: those of its fastest curves.
const MOST: usize = 4;
/// Items that are shown by themselves, the longest first.
const SINGLE_ITEMS: usize = 400;
/// Bars of several items that fit beside each other in a picture, over all
/// lanes.
const SHARED_BARS: usize = 4000;
/// Items in the table of the longest.
const LONGEST: usize = 10;

const NS: f64 = 1e9;

/// What the workers did in one trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialTimeline {
    /// Index of the curve.
    pub curve: usize,
    pub title: String,
    /// The trial: the one of its cell whose time is closest to the mean.
    pub trial: u32,
    pub jobs: Jobs,
    /// Wall time of the restore.
    pub seconds: f64,
    pub items: usize,
    /// Lanes by number: 0 is the leader, which works alone.
    pub lanes: Vec<Lane>,
    /// What they did, by start. Short items beside each other are one bar.
    pub bars: Vec<Bar>,
    /// How many items the end waited for, one after the other.
    pub chain_items: usize,
    /// How long they took together.
    pub chain_seconds: f64,
    pub longest: Vec<LongItem>,
    /// What the machine did meanwhile; empty where nothing was read.
    pub load: Vec<LoadLine>,
    /// What `-j auto` decided; empty with a fixed `-j`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<ControlPoint>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lane {
    pub lane: u32,
    pub name: String,
    /// Share of the restore's time in which it worked.
    pub busy_ratio: f64,
}

/// What an item is to a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    Data,
    Index,
    Constraint,
    Other,
}

impl Work {
    /// Every kind, in the order of legends.
    pub const ALL: [Self; 4] = [Self::Data, Self::Index, Self::Constraint, Self::Other];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "table data",
            Self::Index => "index",
            Self::Constraint => "constraint",
            Self::Other => "other",
        }
    }

    /// What was done, by the names that archives give their items.
    fn of(item: &ItemRow) -> Self {
        match item.step {
            Step::Vacuum => return Self::Other,
            Step::KeyIndex => return Self::Index,
            _ => {}
        }
        match item.kind.as_str() {
            "TABLE DATA" | "BLOBS" | "BLOB" | "MATERIALIZED VIEW DATA" => Self::Data,
            "INDEX" | "INDEX ATTACH" => Self::Index,
            "CONSTRAINT" | "FK CONSTRAINT" | "CHECK CONSTRAINT" => Self::Constraint,
            _ => Self::Other,
        }
    }
}

/// One item, or several short ones beside each other, in a lane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    pub lane: u32,
    /// Start, since the engine was started.
    pub start_seconds: f64,
    pub end_seconds: f64,
    /// What was done; of several items, what took longest.
    pub work: Work,
    /// How many items it stands for.
    pub items: usize,
    /// Its kind, where it stands for one.
    pub kind: Option<String>,
    /// Its name, where it stands for one.
    pub name: Option<String>,
    /// Whether the end waited for it.
    pub critical: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LongItem {
    /// Kind, in the archive's words, and step where the kind does not say it.
    pub kind: String,
    /// Schema and name.
    pub name: String,
    pub lane: u32,
    /// Start, since the engine was started.
    pub start_seconds: f64,
    pub seconds: f64,
    /// Size of its data in the archive, as stored.
    pub bytes: Option<u64>,
    /// Whether the end waited for it.
    pub critical: bool,
}

impl Study {
    /// What the workers did in a few trials of `run`, whose study this is: for
    /// each of the fastest curves, the trial of the recommended (or fastest)
    /// cell whose time is closest to the cell's mean.
    pub fn timelines(&self, run: &Run) -> Result<Vec<TrialTimeline>, FolderError> {
        let evidence = self.evidence();
        let mut chosen: Vec<(usize, f64, &Trial)> = self
            .curves
            .iter()
            .zip(&evidence)
            .enumerate()
            .filter_map(|(index, (curve, evidence))| {
                let (time, trial) = typical(curve, evidence)?;
                Some((index, time, trial))
            })
            .collect();
        chosen.sort_by(|a, b| a.1.total_cmp(&b.1));
        chosen.truncate(MOST);
        chosen.sort_by_key(|&(index, ..)| index);
        let mut timelines = Vec::new();
        for (index, _, trial) in chosen {
            let items = run.items(trial.trial)?;
            if !items.is_empty() {
                let title = self.curves[index].title.clone();
                let load = load::of_trial(&run.load(trial.trial)?, trial.seconds);
                let control = control::of_trial(&run.control(trial.trial)?);
                timelines.push(TrialTimeline {
                    load,
                    control,
                    ..TrialTimeline::new(index, title, trial, &items)
                });
            }
        }
        Ok(timelines)
    }
}

impl TrialTimeline {
    fn new(curve: usize, title: String, trial: &Trial, items: &[ItemRow]) -> Self {
        let chain = chain::of(items);
        let mut critical = vec![false; items.len()];
        for &index in &chain {
            critical[index] = true;
        }
        let chain_ns: u64 = chain.iter().map(|&index| duration(&items[index])).sum();
        let mut by_duration: Vec<usize> = (0..items.len()).collect();
        by_duration.sort_by_key(|&index| std::cmp::Reverse(duration(&items[index])));
        Self {
            curve,
            title,
            trial: trial.trial,
            jobs: trial.jobs,
            seconds: trial.seconds,
            items: items.len(),
            lanes: lanes(items, trial.seconds),
            bars: bars(items, &critical, &by_duration, trial.seconds),
            chain_items: chain.len(),
            chain_seconds: digits(chain_ns as f64 / NS),
            longest: by_duration
                .iter()
                .take(LONGEST)
                .map(|&index| long_item(&items[index], critical[index]))
                .collect(),
            load: Vec::new(),
            control: Vec::new(),
        }
    }
}

/// The time of the cell that stands for a curve, and its typical trial.
fn typical<'a>(curve: &CurveStudy, evidence: &'a CurveEvidence) -> Option<(f64, &'a Trial)> {
    let cell = curve.best_cell()?;
    let mean = cell.time_seconds?.value;
    let distance = |trial: &&Trial| (trial.seconds / mean).ln().abs();
    let trial = evidence
        .trials
        .iter()
        .filter(|trial| trial.jobs == cell.jobs && trial.outcome == Outcome::Completed)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    Some((mean, trial))
}

fn duration(item: &ItemRow) -> u64 {
    item.end_ns.saturating_sub(item.start_ns)
}

fn lanes(items: &[ItemRow], seconds: f64) -> Vec<Lane> {
    let mut busy: BTreeMap<u32, u64> = BTreeMap::new();
    for item in items {
        *busy.entry(item.lane).or_default() += duration(item);
    }
    busy.into_iter()
        .map(|(lane, busy)| Lane {
            lane,
            name: if lane == 0 { "leader".to_owned() } else { format!("worker {lane}") },
            busy_ratio: digits((busy as f64 / NS / seconds.max(1e-9)).min(1.0)),
        })
        .collect()
}

fn long_item(item: &ItemRow, critical: bool) -> LongItem {
    LongItem {
        kind: item.kind_and_step(),
        name: item.name.clone(),
        lane: item.lane,
        start_seconds: digits(item.start_ns as f64 / NS),
        seconds: digits(duration(item) as f64 / NS),
        bytes: item.bytes,
        critical,
    }
}

/// The longest items and the critical ones by themselves; of the others,
/// those that lie in the same slot of their lane are one bar.
fn bars(items: &[ItemRow], critical: &[bool], by_duration: &[usize], seconds: f64) -> Vec<Bar> {
    let lanes = items.iter().map(|item| item.lane).max().unwrap_or(0) as usize + 1;
    let slot_ns = (seconds * NS / (SHARED_BARS / lanes).max(20) as f64).max(1.0);
    let mut alone = vec![false; items.len()];
    for &index in by_duration.iter().take(SINGLE_ITEMS) {
        alone[index] = true;
    }
    for (alone, (critical, item)) in alone.iter_mut().zip(critical.iter().zip(items)) {
        *alone |= *critical && duration(item) as f64 > slot_ns;
    }
    let mut bars = Vec::new();
    let mut slots: BTreeMap<(u32, u64), Slot> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        if alone[index] {
            bars.push(single(item, critical[index]));
        } else {
            let slot = (item.start_ns as f64 / slot_ns) as u64;
            slots.entry((item.lane, slot)).or_default().add(item, critical[index]);
        }
    }
    bars.extend(slots.into_iter().map(|((lane, _), slot)| slot.bar(lane)));
    bars.sort_by(|a, b| a.start_seconds.total_cmp(&b.start_seconds).then(a.lane.cmp(&b.lane)));
    bars
}

fn single(item: &ItemRow, critical: bool) -> Bar {
    Bar {
        lane: item.lane,
        start_seconds: digits(item.start_ns as f64 / NS),
        end_seconds: digits(item.end_ns as f64 / NS),
        work: Work::of(item),
        items: 1,
        kind: Some(item.kind_and_step()),
        name: Some(item.name.clone()),
        critical,
    }
}

/// Short items beside each other.
#[derive(Default)]
struct Slot {
    start_ns: Option<u64>,
    end_ns: u64,
    items: usize,
    work: [u64; Work::ALL.len()],
    critical: bool,
    only: Option<(String, String)>,
}

impl Slot {
    fn add(&mut self, item: &ItemRow, critical: bool) {
        self.start_ns = Some(self.start_ns.unwrap_or(item.start_ns).min(item.start_ns));
        self.end_ns = self.end_ns.max(item.end_ns);
        self.items += 1;
        self.work[Work::of(item) as usize] += duration(item).max(1);
        self.critical |= critical;
        self.only = (self.items == 1).then(|| (item.kind_and_step(), item.name.clone()));
    }

    fn bar(self, lane: u32) -> Bar {
        let (kind, name) = self.only.unzip();
        let longest = (0..Work::ALL.len()).max_by_key(|&index| self.work[index]).unwrap_or(0);
        Bar {
            lane,
            start_seconds: digits(self.start_ns.unwrap_or(0) as f64 / NS),
            end_seconds: digits(self.end_ns as f64 / NS),
            work: Work::ALL[longest],
            items: self.items,
            kind,
            name,
            critical: self.critical,
        }
    }
}
