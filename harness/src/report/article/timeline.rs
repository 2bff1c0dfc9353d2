//! Which trials are shown as timelines, and how 50,000 items fit into one.

use std::collections::BTreeMap;

use super::{Bar, Evidence, LaneReport, LongItem, TimelineReport, TrialReport, Work, load};
use crate::analysis::{Items, chain};
use crate::record::{ItemRow, LoadSample, Outcome};
use crate::report::build::digits;
use crate::report::model::{CurveReport, Mark, Report};

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

impl TimelineReport {
    /// The timelines of a run: for each curve, the trial of the recommended
    /// (or fastest) cell whose time is closest to the cell's mean.
    pub(super) fn of_run(
        report: &Report,
        evidence: &[Evidence],
        items: &Items,
        samples: &dyn Fn(u32) -> Vec<LoadSample>,
    ) -> Vec<Self> {
        let mut chosen: Vec<(usize, f64, &TrialReport)> = report
            .curves
            .iter()
            .zip(evidence)
            .enumerate()
            .filter_map(|(index, (curve, evidence))| {
                let (time, trial) = typical(curve, evidence)?;
                Some((index, time, trial))
            })
            .collect();
        chosen.sort_by(|a, b| a.1.total_cmp(&b.1));
        chosen.truncate(MOST);
        chosen.sort_by_key(|&(index, ..)| index);
        chosen
            .into_iter()
            .filter_map(|(index, _, trial)| {
                let items = items.get(&trial.trial)?;
                let title = report.curves[index].title.clone();
                (!items.is_empty()).then(|| Self {
                    load: load::of_trial(&samples(trial.trial), trial.seconds),
                    ..Self::new(index, title, trial, items)
                })
            })
            .collect()
    }

    fn new(curve: usize, title: String, trial: &TrialReport, items: &[ItemRow]) -> Self {
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
        }
    }
}

/// The time of the cell that stands for a curve, and its typical trial.
fn typical<'a>(curve: &CurveReport, evidence: &'a Evidence) -> Option<(f64, &'a TrialReport)> {
    let marked = |mark| curve.cells.iter().find(|cell| cell.marks.contains(&mark));
    let cell = marked(Mark::Recommended).or_else(|| marked(Mark::Fastest))?;
    let mean = cell.time_seconds?.value;
    let distance = |trial: &&TrialReport| (trial.seconds / mean).ln().abs();
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

fn lanes(items: &[ItemRow], seconds: f64) -> Vec<LaneReport> {
    let mut busy: BTreeMap<u32, u64> = BTreeMap::new();
    for item in items {
        *busy.entry(item.lane).or_default() += duration(item);
    }
    busy.into_iter()
        .map(|(lane, busy)| LaneReport {
            lane,
            name: if lane == 0 { "leader".to_owned() } else { format!("worker {lane}") },
            busy_ratio: digits((busy as f64 / NS / seconds.max(1e-9)).min(1.0)),
        })
        .collect()
}

fn long_item(item: &ItemRow, critical: bool) -> LongItem {
    LongItem {
        kind: item.kind.clone(),
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
        work: Work::of(&item.kind),
        items: 1,
        kind: Some(item.kind.clone()),
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
        self.work[Work::of(&item.kind) as usize] += duration(item).max(1);
        self.critical |= critical;
        self.only = (self.items == 1).then(|| (item.kind.clone(), item.name.clone()));
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

impl Work {
    /// What an item of this kind is, by the names that archives give them.
    fn of(kind: &str) -> Self {
        match kind {
            "TABLE DATA" | "BLOBS" | "BLOB" | "MATERIALIZED VIEW DATA" => Self::Data,
            "INDEX" | "INDEX ATTACH" => Self::Index,
            "CONSTRAINT" | "FK CONSTRAINT" | "CHECK CONSTRAINT" => Self::Constraint,
            _ => Self::Other,
        }
    }
}
