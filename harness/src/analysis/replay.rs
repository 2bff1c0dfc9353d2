//! The replay of a curve: `pg_restore`'s own schedule with the item timings of
//! the run, fitted to its times, asked for numbers of jobs that were not
//! measured.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use restore_core::inspect::USUAL_JOBS;
use restore_core::plan::{CriticalPath, Demand, PgMajor, Plan};
use restore_core::replay::{
    Contention, Measured, Prediction, Processors, RecordedItem, Recording, Replay, ReplayError,
};
use restore_core::schedule::Policy;
use restore_core::units::{DumpId, Jobs};

use super::curve::{Curve, CurveKey};
use super::facts::Place;
use super::from_run::places;
use super::usage::ProcessorUsage;
use super::{Analysis, RunFacts};
use crate::design::ArchiveKey;
use crate::record::folder::FolderError;
use crate::record::{ItemRow, RecordedPlan, RunFolder, RunRecord, ServerRecord};
use crate::stats::interval::{Interval, Level};
use crate::stats::student;

/// With a prediction off by more than this share at any measured j, the
/// replay is not used for others. The same holds for scaling laws.
const LARGEST_RESIDUAL: f64 = super::fit::LARGEST_RESIDUAL;

/// Restores that the replay takes its item timings from, at most: reading
/// more would make a report slower and hardly better.
const RECORDINGS: usize = 10;

/// How far down the critical path items are named.
const PATH_ITEMS: usize = 12;

/// The replay of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveReplay {
    /// The number of jobs whose item timings it replays.
    pub recorded_jobs: Jobs,
    /// How many restores they were taken from.
    pub recordings: usize,
    /// How many processors its items share; `None` where that is not known.
    pub processors: Option<f64>,
    /// How much items slow each other down beyond the lack of processors.
    pub contention: Contention,
    /// For each measured j, (measured - fitted) / fitted.
    pub residuals: Vec<(Jobs, f64)>,
    /// What it says of each number of jobs, ascending: the usual ones, those
    /// that were measured, and those that rules of thumb come to.
    pub predictions: Vec<Predicted>,
    /// What no number of jobs beats.
    pub floor: Floor,
}

/// What the replay says of one number of jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// The number.
    pub jobs: Jobs,
    /// Whether it was measured.
    pub measured: bool,
    /// The time of the restore, in seconds.
    pub seconds: f64,
    /// Where 95 % of further restores should lie, in seconds.
    pub band: Interval,
    /// The time that workers wait for work, over all of them.
    pub idle: Duration,
    /// How long the restore goes on after the last moment at which every
    /// worker had work.
    pub tail: Duration,
    /// The item that keeps the workers up to their end.
    pub straggler: Option<String>,
}

/// What no number of jobs beats: items that must follow one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Floor {
    /// The critical path: chains, locks and barriers together.
    pub critical_path: Duration,
    /// The part of it on which one connection works alone.
    pub serial: Duration,
    /// All items one after the other.
    pub total_work: Duration,
    /// The costliest items on the path, in the order in which they run.
    pub items: Vec<PathItem>,
}

/// An item on the critical path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathItem {
    /// Its kind and name.
    pub name: String,
    /// Its own time, without others beside it.
    pub work: Duration,
}

/// What a run has to be replayed from.
#[derive(Debug, Clone)]
pub struct Source {
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

impl Source {
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

/// The sources of every curve whose run keeps enough: the plan of its archive
/// and the items of its restores with the fewest jobs.
pub fn sources(
    folder: &RunFolder,
    run: &RunRecord,
    analysis: &Analysis,
) -> Result<BTreeMap<CurveKey, Source>, FolderError> {
    let places = places(run);
    let mut sources = BTreeMap::new();
    for curve in &analysis.curves {
        let CurveKey { variant, format, compression, .. } = curve.key.clone();
        let key = ArchiveKey { variant, format, compression };
        let rules = run.servers.get(&key.variant).and_then(ServerRecord::client_major);
        let (Some(archive), Some(rules)) = (run.archive(&key), rules) else { continue };
        let Some(plan) = folder.plan(archive)? else { continue };
        let processors = places.get(&key.variant).and_then(Place::processors);
        let processors = processors.and_then(Processors::new).unwrap_or(Processors::UNKNOWN);
        let recordings = recordings(folder, curve, is_alone(run, &key.variant))?;
        if !recordings.is_empty() {
            sources.insert(curve.key.clone(), Source::new(plan, rules, processors, recordings));
        }
    }
    Ok(sources)
}

/// Whether nothing but the restores used the variant's server, so that its
/// processor time is theirs.
fn is_alone(run: &RunRecord, variant: &str) -> bool {
    let variants = &run.scenario.variants;
    variants.iter().all(|of| of.name != variant || of.workload.is_none())
}

/// The items of the curve's restores with the fewest jobs, with what they kept
/// busy where the restores were alone.
fn recordings(
    folder: &RunFolder,
    curve: &Curve,
    alone: bool,
) -> Result<Vec<Recording>, FolderError> {
    let measured = curve.measured();
    let Some(fewest) = measured.first() else { return Ok(Vec::new()) };
    let trials = fewest.observations.values().take(RECORDINGS);
    let mut recordings = Vec::new();
    for seen in trials {
        let items = folder.items(seen.trial)?;
        let usage = if alone { ProcessorUsage::of(&folder.load_of(seen.trial)?) } else { None };
        // Items that cannot be of one restore say nothing about any.
        let seconds = seen.ln_seconds.exp();
        recordings.extend(recording(fewest.jobs, seconds, &items, usage.as_ref()));
    }
    Ok(recordings)
}

/// The recording of a restore; `None` where its items make no sense.
fn recording(
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

impl Analysis {
    /// Replays every curve that has a source.
    #[must_use]
    pub fn with_replays(mut self, sources: &BTreeMap<CurveKey, Source>, facts: &RunFacts) -> Self {
        let by_cores = facts.cores.into_iter().flat_map(|cores| [cores, cores / 2]);
        let wanted: Vec<Jobs> = USUAL_JOBS
            .into_iter()
            .chain(by_cores)
            .filter_map(|jobs| Jobs::new(jobs).ok())
            .collect();
        for curve in &mut self.curves {
            let source = sources.get(&curve.key);
            curve.replay = source.and_then(|source| source.replay(curve, wanted.iter().copied()));
        }
        self
    }
}

impl CurveReplay {
    fn new(source: &Source, curve: &Curve, jobs: BTreeSet<Jobs>) -> Option<Self> {
        let plan = source.plan.plan(source.rules).ok()?;
        let replay = source.fit(&plan, curve).ok()?;
        let names = Names::new(&source.plan);
        let measured: Vec<Jobs> = times(curve).iter().map(|seen| seen.jobs).collect();
        let predictions = jobs
            .into_iter()
            .map(|jobs| predicted(&replay.predict(jobs), measured.contains(&jobs), &names))
            .collect();
        let residuals = replay.residuals().iter().map(|ln| ln.exp_m1());
        Some(Self {
            recorded_jobs: source.recordings.first()?.jobs(),
            recordings: source.recordings.len(),
            processors: source.processors.count(),
            contention: replay.contention(),
            residuals: measured.iter().copied().zip(residuals).collect(),
            predictions,
            floor: floor(&plan, &replay, &names),
        })
    }

    /// The largest residual, without its sign.
    pub fn largest_residual(&self) -> f64 {
        self.residuals.iter().map(|(_, residual)| residual.abs()).fold(0.0, f64::max)
    }

    /// What it says of this number of jobs, if it says anything.
    pub fn prediction(&self, jobs: Jobs) -> Option<&Predicted> {
        self.predictions.iter().find(|predicted| predicted.jobs == jobs)
    }

    /// Whether it may be asked for numbers of jobs that were not measured:
    /// contention was measured at all, and the model bears with what was.
    pub fn predicts(&self) -> bool {
        self.residuals.len() >= 2 && self.largest_residual() <= LARGEST_RESIDUAL
    }
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

fn predicted(prediction: &Prediction, measured: bool, names: &Names<'_>) -> Predicted {
    let df = prediction.degrees_of_freedom as usize;
    let (low, high) = prediction.band(student::quantile(Level::P95.upper(), df));
    Predicted {
        jobs: prediction.jobs,
        measured,
        seconds: prediction.time.as_secs_f64(),
        band: Interval::between(low.as_secs_f64(), high.as_secs_f64()),
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
    use restore_core::toc::{ItemKind, Section};
    use restore_core::units::Bytes;

    use super::*;
    use crate::analysis::Items;
    use crate::analysis::curve::curves;
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
        }
    }

    fn curve(times: &[(u32, f64)]) -> Curve {
        let row = |&(jobs, seconds): &(u32, f64)| TrialRow {
            jobs: Jobs::new(jobs).unwrap(),
            wall_ns: (seconds * 1e9) as u64,
            ..TrialRow::example()
        };
        curves(&times.iter().map(row).collect::<Vec<_>>(), &Items::new()).remove(0)
    }

    fn source() -> Source {
        let items: Vec<ItemRow> =
            (0..TABLES).map(|n| item(101 + n, u64::from(n), u64::from(n) + 1)).collect();
        let recording = recording(Jobs::ONE, f64::from(TABLES), &items, None).unwrap();
        Source::new(plan(), PgMajor(17), Processors::UNKNOWN, vec![recording])
    }

    /// Each item beside k - 1 others takes 1 + (k - 1) / 5 seconds.
    #[test]
    fn unmeasured_numbers_of_jobs_are_predicted() {
        let curve = curve(&[(1, 8.0), (2, 4.0 * 1.2), (4, 2.0 * 1.6)]);
        let replay = source().replay(&curve, [Jobs::new(8).unwrap()]).unwrap();
        assert!((replay.contention.a - 0.2).abs() < 1e-3, "{:?}", replay.contention);
        assert!(replay.predicts() && replay.largest_residual() < 1e-3);
        let eight = replay.prediction(Jobs::new(8).unwrap()).unwrap();
        assert!((eight.seconds - 2.4).abs() < 0.01, "{}", eight.seconds);
        assert!(!eight.measured && eight.band.low < 2.4 && eight.band.high > 2.4);
        assert_eq!(replay.floor.critical_path, Duration::from_secs(1));
        assert_eq!(replay.floor.total_work, Duration::from_secs(8));
        // Any of the eight.
        assert!(replay.floor.items[0].name.starts_with("TABLE DATA public.t"));
    }

    #[test]
    fn a_model_that_the_times_contradict_predicts_nothing() {
        let curve = curve(&[(1, 8.0), (2, 12.0), (4, 2.0)]);
        let replay = source().replay(&curve, []).unwrap();
        assert!(!replay.predicts());
    }

    #[test]
    fn items_of_another_archive_are_refused() {
        let foreign = recording(Jobs::ONE, 8.0, &[item(999, 0, 8)], None).unwrap();
        let source = Source::new(plan(), PgMajor(17), Processors::UNKNOWN, vec![foreign]);
        assert!(source.replay(&curve(&[(1, 8.0), (2, 4.0)]), []).is_none());
        assert!(recording(Jobs::ONE, 8.0, &[], None).is_none(), "nothing was recorded");
    }
}
