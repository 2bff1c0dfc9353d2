//! The replay of a curve: `pg_restore`'s own schedule with the item timings of
//! the run, fitted to its times, asked for numbers of jobs that were not
//! measured.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use restore_core::plan::{CriticalPath, Demand, PgMajor, Plan};
use restore_core::replay::{
    Contention, Measured, Prediction, Processors, RecordedItem, Recording, Replay, ReplayError,
};
use restore_core::schedule::Policy;
use restore_core::toc::Section;
use restore_core::units::{DumpId, Jobs};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::curve::Curve;
use super::fit::{self, LARGEST_RESIDUAL, Residual};
use super::usage::ProcessorUsage;
use crate::record::{ItemRow, RecordedPlan};
use crate::stats::estimate::{Estimate, digits};
use crate::stats::interval::Level;
use crate::stats::student;

/// How far down the critical path items are named.
const PATH_ITEMS: usize = 12;

/// The replay of a curve: while k items run together that want D of the c
/// processors, each is slowed by max(1, D / c) (1 + a (k' - 1) + b k (k - 1)),
/// with k' of them carried by the processors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurveReplay {
    /// The number of jobs whose item timings it replays.
    pub recorded_jobs: Jobs,
    /// How many restores they were taken from.
    pub recordings: usize,
    /// c; `None` where it is not known, and then taken to be enough.
    pub processors: Option<f64>,
    /// a and b.
    #[serde(flatten, serialize_with = "slowdowns")]
    pub contention: Contention,
    /// For each measured j, (measured - fitted) / fitted.
    pub residuals: Vec<Residual>,
    /// Whether it may be asked for numbers of jobs that were not measured:
    /// contention was measured at all, and the model agrees with what was.
    pub trusted: bool,
    /// What it says of each number of jobs, ascending: the usual ones, those
    /// that were measured, and those that rules of thumb come to.
    pub predictions: Vec<PredictedCell>,
    pub floor: Floor,
    /// The sections one after the other, each with its own best number of jobs; `None` where
    /// the replay is not trusted or the archive has no data or no post-data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sections: Option<SectionsReplay>,
}

/// What the replay says of a restore in sections, of the numbers of jobs that were measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SectionsReplay {
    /// The least of those with which data is within a hundredth of its fastest.
    pub data_jobs: Jobs,
    /// The same of post-data.
    pub post_jobs: Jobs,
    /// pre-data with one job, and the others with these.
    pub seconds: f64,
    /// The fastest restore in one go, by the replay.
    pub whole_jobs: Jobs,
    pub whole_seconds: f64,
}

/// What the replay says of one number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictedCell {
    pub jobs: Jobs,
    /// Whether it was measured too.
    pub measured: bool,
    /// The time of the restore, and where 95 % of further restores should lie.
    pub time_seconds: Estimate,
    /// The time that workers wait for work, over all of them.
    #[serde(rename = "idle_seconds", serialize_with = "seconds")]
    pub idle: Duration,
    /// How long the restore goes on after the last moment at which every
    /// worker had work.
    #[serde(rename = "tail_seconds", serialize_with = "seconds")]
    pub tail: Duration,
    /// The item that keeps the workers up to their end.
    pub straggler: Option<String>,
}

/// What no number of jobs beats: items that must follow one another,
/// contention left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Floor {
    /// The critical path: chains, locks and barriers together.
    #[serde(rename = "critical_path_seconds", serialize_with = "seconds")]
    pub critical_path: Duration,
    /// The part of it on which one connection works alone.
    #[serde(rename = "serial_seconds", serialize_with = "seconds")]
    pub serial: Duration,
    /// All items one after the other.
    #[serde(rename = "total_work_seconds", serialize_with = "seconds")]
    pub total_work: Duration,
    /// The costliest items on the path, in the order in which they run.
    pub items: Vec<PathItem>,
}

impl Floor {
    /// The time that no restore with `jobs` workers can beat: the critical
    /// path, or a j-th of all work.
    pub fn at(&self, jobs: Jobs) -> Duration {
        self.critical_path.max(self.total_work.div_f64(f64::from(jobs.get())))
    }
}

/// An item on the critical path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathItem {
    /// Kind and name.
    pub name: String,
    /// Its own time, without others beside it.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub work: Duration,
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(digits(time.as_secs_f64()))
}

fn slowdowns<S: Serializer>(of: &Contention, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry("slowdown_per_item", &digits(of.a))?;
    map.serialize_entry("slowdown_per_pair", &digits(of.b))?;
    map.end()
}

/// What a curve is replayed from.
#[derive(Debug, Clone)]
pub struct ReplayInput {
    plan: RecordedPlan,
    rules: PgMajor,
    processors: Processors,
    recordings: Vec<Recording>,
}

/// The times of a curve that a replay is fitted to.
fn times(curve: &Curve) -> Vec<Measured> {
    let cells = curve.measured().into_iter();
    cells
        .filter_map(|cell| {
            let time = Duration::try_from_secs_f64(cell.seconds()?).ok()?;
            Some(Measured { jobs: cell.jobs, time })
        })
        .collect()
}

impl ReplayInput {
    /// Items of restores with one number of jobs, of an archive with this
    /// plan, restored by the rules of `pg_restore` of major version `rules` on
    /// so many processors.
    pub fn new(
        plan: RecordedPlan,
        rules: PgMajor,
        processors: Processors,
        recordings: Vec<Recording>,
    ) -> Self {
        Self { plan, rules, processors, recordings }
    }

    /// What decides the order in which the archive is restored.
    pub fn plan(&self) -> &RecordedPlan {
        &self.plan
    }

    /// The major version of the `pg_restore` that restored it.
    pub fn rules(&self) -> PgMajor {
        self.rules
    }

    /// Fits the replay of a plan of the archive to a curve's times.
    pub fn fit<'plan>(
        &self,
        plan: &'plan Plan,
        curve: &Curve,
    ) -> Result<Replay<'plan>, ReplayError> {
        let policy = Policy::of(self.rules);
        Replay::fit(plan, policy, self.processors, &self.recordings, &times(curve))
    }

    /// Replays a curve, and asks for these numbers of jobs beside those that
    /// were measured; `None` where nothing was measured or the recordings are
    /// of another archive.
    pub fn replay(
        &self,
        curve: &Curve,
        jobs: impl IntoIterator<Item = Jobs>,
    ) -> Option<CurveReplay> {
        let measured = times(curve).into_iter().map(|seen| seen.jobs);
        CurveReplay::new(self, curve, measured.chain(jobs).collect())
    }
}

/// The recording of a restore, with the processors that its items kept busy
/// where `usage` tells; `None` where its items make no sense.
pub fn recording(
    jobs: Jobs,
    seconds: f64,
    items: &[ItemRow],
    usage: Option<&ProcessorUsage>,
) -> Option<Recording> {
    let item = |row: &ItemRow| {
        let processors = usage.and_then(|usage| usage.processors(row.start_ns..row.end_ns));
        Some(RecordedItem {
            id: DumpId(row.dump_id?),
            start: Duration::from_nanos(row.start_ns),
            end: Duration::from_nanos(row.end_ns),
            demand: processors.map(Demand::of_processors),
        })
    };
    let items: Vec<RecordedItem> = items.iter().filter_map(item).collect();
    // The wall time went through a logarithm: give its last digits back.
    let last = items.iter().map(|item| item.end).max()?;
    let wall = Duration::try_from_secs_f64(seconds).ok()?.max(last);
    Recording::new(jobs, wall, items).ok()
}

impl CurveReplay {
    fn new(input: &ReplayInput, curve: &Curve, jobs: BTreeSet<Jobs>) -> Option<Self> {
        let plan = input.plan.plan(input.rules).ok()?;
        let replay = input.fit(&plan, curve).ok()?;
        let names = Names::new(&input.plan);
        let measured: Vec<Jobs> = times(curve).iter().map(|seen| seen.jobs).collect();
        let predictions = jobs
            .into_iter()
            .map(|jobs| predicted(&replay.predict(jobs), measured.contains(&jobs), &names))
            .collect();
        let sections = sections(input, &replay, &measured);
        let ratios = replay.residuals().iter().map(|ln| ln.exp_m1());
        let residuals: Vec<Residual> =
            measured.iter().zip(ratios).map(|(&jobs, ratio)| Residual { jobs, ratio }).collect();
        let trusted = residuals.len() >= 2 && fit::largest(&residuals) <= LARGEST_RESIDUAL;
        Some(Self {
            sections: sections.filter(|_| trusted),
            recorded_jobs: input.recordings.first()?.jobs(),
            recordings: input.recordings.len(),
            processors: input.processors.count(),
            contention: replay.contention(),
            trusted,
            residuals,
            predictions,
            floor: floor(&plan, &replay, &names),
        })
    }

    /// What it says of this number of jobs, if it says anything.
    pub fn prediction(&self, jobs: Jobs) -> Option<&PredictedCell> {
        self.predictions.iter().find(|predicted| predicted.jobs == jobs)
    }
}

/// The sections by themselves, with each number of jobs that was measured.
fn sections(input: &ReplayInput, replay: &Replay<'_>, jobs: &[Jobs]) -> Option<SectionsReplay> {
    /// What is this much slower is as fast: a replay is no more exact.
    const AS_FAST: f64 = 1.01;

    let ids = |section| -> BTreeSet<DumpId> {
        let rows = input.plan.rows.iter().filter(|row| row.section == section);
        rows.map(|row| row.dump_id).collect()
    };
    let [data, post] = [ids(Section::Data), ids(Section::PostData)];
    let part = |jobs, keep: &BTreeSet<DumpId>| {
        replay.predict_part(jobs, |id| keep.contains(&id)).as_secs_f64()
    };
    let fastest = |keep: &BTreeSet<DumpId>| {
        let times: Vec<(Jobs, f64)> = jobs.iter().map(|&jobs| (jobs, part(jobs, keep))).collect();
        let least = times.iter().map(|&(_, time)| time).fold(f64::INFINITY, f64::min);
        times.into_iter().find(|&(_, time)| time <= least * AS_FAST)
    };
    let whole = jobs.iter().map(|&jobs| (jobs, replay.predict(jobs).time.as_secs_f64()));
    let (whole_jobs, whole_seconds) = whole.min_by(|a, b| a.1.total_cmp(&b.1))?;
    if data.is_empty() || post.is_empty() {
        return None;
    }
    let ((data_jobs, data_seconds), (post_jobs, post_seconds)) = (fastest(&data)?, fastest(&post)?);
    let is_rest = |id: DumpId| !data.contains(&id) && !post.contains(&id);
    let pre_seconds = replay.predict_part(Jobs::ONE, is_rest).as_secs_f64();
    let seconds = digits(pre_seconds + data_seconds + post_seconds);
    let whole_seconds = digits(whole_seconds);
    Some(SectionsReplay { data_jobs, post_jobs, seconds, whole_jobs, whole_seconds })
}

/// Items as they are shown.
struct Names<'a> {
    by_id: HashMap<DumpId, usize>,
    plan: &'a RecordedPlan,
}

impl<'a> Names<'a> {
    fn new(plan: &'a RecordedPlan) -> Self {
        let by_id = plan.rows.iter().enumerate().map(|(place, row)| (row.dump_id, place)).collect();
        Self { by_id, plan }
    }

    fn of(&self, id: DumpId) -> String {
        match self.by_id.get(&id).map(|&place| &self.plan.rows[place]) {
            Some(row) => format!("{} {}", row.kind.as_str(), row.qualified_name()),
            None => format!("item {id}"),
        }
    }
}

fn predicted(prediction: &Prediction, measured: bool, names: &Names<'_>) -> PredictedCell {
    let df = prediction.degrees_of_freedom as usize;
    let (low, high) = prediction.band(student::quantile(Level::P95.upper(), df));
    PredictedCell {
        jobs: prediction.jobs,
        measured,
        time_seconds: Estimate {
            value: prediction.time.as_secs_f64(),
            low: Some(low.as_secs_f64()),
            high: Some(high.as_secs_f64()),
        },
        idle: prediction.idle,
        tail: prediction.tail,
        straggler: prediction.straggler.map(|id| names.of(id)),
    }
}

fn floor(plan: &Plan, replay: &Replay<'_>, names: &Names<'_>) -> Floor {
    let costs = replay.costs();
    let path = CriticalPath::new(plan, costs);
    Floor {
        critical_path: nanos(path.length()),
        serial: nanos(path.serial()),
        total_work: nanos(costs.total()),
        items: costs
            .costliest(&path.items(), PATH_ITEMS)
            .into_iter()
            .map(|item| PathItem {
                name: names.of(plan.id(item)),
                work: Duration::from_nanos(costs.of(item).0),
            })
            .collect(),
    }
}

fn nanos(length: u128) -> Duration {
    Duration::from_nanos(u64::try_from(length).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use restore_core::event::Step;
    use restore_core::toc::ItemKind;
    use restore_core::units::Bytes;

    use super::*;
    use crate::analysis::curves_of_rows;
    use crate::record::{PlanRow, TrialRow};

    const TABLES: u32 = 8;

    /// Eight tables of a second each, in an archive of nothing else.
    fn plan() -> RecordedPlan {
        let row = |dump_id: u32, kind, section, dependencies: &[u32]| PlanRow {
            dump_id: DumpId(dump_id),
            kind,
            section,
            schema: "public".to_owned(),
            name: format!("t{}", dump_id % 100),
            has_content: true,
            dependencies: dependencies.iter().copied().map(DumpId).collect(),
            data_bytes: (section == Section::Data).then_some(Bytes(1000)),
            restored: None,
        };
        let tables = (1..=TABLES).map(|n| row(n, ItemKind::Table, Section::PreData, &[]));
        let data = (1..=TABLES).map(|n| row(100 + n, ItemKind::TableData, Section::Data, &[n]));
        RecordedPlan { rows: tables.chain(data).collect() }
    }

    fn item(dump_id: u32, start: u64, end: u64) -> ItemRow {
        ItemRow {
            lane: 0,
            start_ns: start * 1_000_000_000,
            end_ns: end * 1_000_000_000,
            dump_id: Some(dump_id),
            kind: "TABLE DATA".to_owned(),
            name: "t".to_owned(),
            bytes: None,
            step: Step::Whole,
        }
    }

    fn curve(times: &[(u32, f64)]) -> Curve {
        let row = |&(jobs, seconds): &(u32, f64)| TrialRow {
            jobs: Jobs::new(jobs).unwrap(),
            wall_ns: (seconds * 1e9) as u64,
            ..TrialRow::example()
        };
        curves_of_rows(&times.iter().map(row).collect::<Vec<_>>()).remove(0)
    }

    fn input() -> ReplayInput {
        let items: Vec<ItemRow> =
            (0..TABLES).map(|n| item(101 + n, u64::from(n), u64::from(n) + 1)).collect();
        let recording = recording(Jobs::ONE, f64::from(TABLES), &items, None).unwrap();
        ReplayInput::new(plan(), PgMajor(17), Processors::UNKNOWN, vec![recording])
    }

    /// Each item beside k - 1 others takes 1 + (k - 1) / 5 seconds.
    #[test]
    fn unmeasured_numbers_of_jobs_are_predicted() {
        let curve = curve(&[(1, 8.0), (2, 4.0 * 1.2), (4, 2.0 * 1.6)]);
        let replay = input().replay(&curve, [Jobs::new(8).unwrap()]).unwrap();
        assert!((replay.contention.a - 0.2).abs() < 1e-3, "{:?}", replay.contention);
        assert!(replay.trusted && fit::largest(&replay.residuals) < 1e-3);
        let eight = replay.prediction(Jobs::new(8).unwrap()).unwrap();
        assert!((eight.time_seconds.value - 2.4).abs() < 0.01, "{eight:?}");
        let band = (eight.time_seconds.low.unwrap(), eight.time_seconds.high.unwrap());
        assert!(!eight.measured && band.0 < 2.4 && band.1 > 2.4);
        assert_eq!(replay.floor.critical_path, Duration::from_secs(1));
        assert_eq!(replay.floor.total_work, Duration::from_secs(8));
        // Any of the eight.
        assert!(replay.floor.items[0].name.starts_with("TABLE DATA public.t"));
    }

    /// Eight tables that four workers load at once, and one index that takes as long as all of
    /// them and waits for one.
    #[test]
    fn sections_have_a_barrier_between_them() {
        let mut plan = plan();
        let index = PlanRow {
            dump_id: DumpId(200),
            kind: ItemKind::Index,
            section: Section::PostData,
            name: "i".to_owned(),
            dependencies: vec![DumpId(1), DumpId(101)],
            data_bytes: None,
            ..plan.rows[0].clone()
        };
        plan.rows.push(index);
        let mut items: Vec<ItemRow> =
            (0..TABLES).map(|n| item(101 + n, u64::from(n), u64::from(n) + 1)).collect();
        items.push(ItemRow { kind: "INDEX".to_owned(), ..item(200, 8, 16) });
        let recording = recording(Jobs::ONE, 16.0, &items, None).unwrap();
        let input = ReplayInput::new(plan, PgMajor(17), Processors::UNKNOWN, vec![recording]);
        let replay = input.replay(&curve(&[(1, 16.0), (4, 9.0)]), []).unwrap();
        assert!(replay.trusted, "{:?}", replay.residuals);
        let sections = replay.sections.unwrap();
        assert_eq!((sections.data_jobs.get(), sections.post_jobs.get()), (4, 1));
        // Two seconds of data and eight of the index, which in one go begins after the first.
        assert!((sections.seconds - 10.0).abs() < 0.2, "{sections:?}");
        assert!((sections.whole_seconds - 9.0).abs() < 0.2, "{sections:?}");
    }

    #[test]
    fn a_model_that_the_times_contradict_predicts_nothing() {
        let curve = curve(&[(1, 8.0), (2, 12.0), (4, 2.0)]);
        let replay = input().replay(&curve, []).unwrap();
        assert!(!replay.trusted);
    }

    #[test]
    fn items_of_another_archive_are_refused() {
        let foreign = recording(Jobs::ONE, 8.0, &[item(999, 0, 8)], None).unwrap();
        let input = ReplayInput::new(plan(), PgMajor(17), Processors::UNKNOWN, vec![foreign]);
        assert!(input.replay(&curve(&[(1, 8.0), (2, 4.0)]), []).is_none());
        assert!(recording(Jobs::ONE, 8.0, &[], None).is_none(), "nothing was recorded");
    }
}
