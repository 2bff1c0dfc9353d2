//! A run with everything that follows from it.

use std::collections::BTreeMap;

use restore_core::inspect::USUAL_JOBS;
use restore_core::units::Jobs;
use serde::{Serialize, Serializer};

use super::errors::{self, KindOfErrors};
use super::measured::Measured;
use super::recordings::replay_inputs;
use crate::analysis::latency::CellLatency;
use crate::analysis::{Curve, CurveKey, CurveReplay, Overview, RunFacts, Tables, curves};
use crate::recommend::{BestCurve, CurveStudy, IdleAndBusy, Warning, best, busy, warning};
use crate::record::{FolderError, Run, TrialRow};

/// A run with everything that follows from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Study {
    /// What answers call the run.
    #[serde(skip)]
    pub name: String,
    #[serde(skip)]
    pub rows: Vec<TrialRow>,
    /// How the numbers came about.
    pub measured: Measured,
    /// By ascending key.
    pub curves: Vec<CurveStudy>,
    /// For each variant with several curves, which is the fastest.
    pub best: Vec<BestCurve>,
    /// How a workload beside the restores did; empty where none ran.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<WorkloadCell>,
    /// The best number of jobs on an idle server and beside the workload.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub idle_and_busy: Vec<IdleAndBusy>,
    /// The errors of the trials, those that kept trials from counting first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<KindOfErrors>,
    /// What was seen that is known to go wrong, and what to do about it.
    pub warnings: Vec<Warning>,
}

/// How a workload did beside the restores of a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkloadCell {
    #[serde(rename = "title", serialize_with = "title")]
    pub key: CurveKey,
    pub jobs: Jobs,
    #[serde(flatten)]
    pub latency: CellLatency,
}

fn title<S: Serializer>(key: &CurveKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

impl Study {
    /// Reads the tables of `run` and judges it. The same run gives the same
    /// study.
    pub fn of(run: &Run) -> Result<Self, FolderError> {
        let facts = RunFacts::of(&run.record);
        let mut tables = Tables { hosts: facts.hosts.of_block.clone(), ..Tables::default() };
        for row in &run.rows {
            tables.items.insert(row.trial, run.items(row.trial)?);
            tables.latencies.insert(row.trial, run.latency(row.trial)?);
        }
        let curves = curves(&run.rows, &tables, &facts.limits);
        let wanted = wanted(facts.cores);
        let mut replays = BTreeMap::new();
        for (key, input) in replay_inputs(run, &curves)? {
            let curve = curves.iter().find(|curve| curve.key == key);
            let replay = curve.and_then(|curve| input.replay(curve, wanted.iter().copied()));
            replays.extend(replay.map(|replay| (key, replay)));
        }
        let judged = Self::judged(run.name.clone(), run.rows.clone(), curves, replays, facts);
        Ok(Self { errors: errors::of_run(run)?, ..judged })
    }

    /// Judges rows that have no tables: no replay, and no times of items.
    pub fn of_rows(name: &str, rows: &[TrialRow], facts: RunFacts) -> Self {
        let tables = Tables { hosts: facts.hosts.of_block.clone(), ..Tables::default() };
        let curves = curves(rows, &tables, &facts.limits);
        Self::judged(name.to_owned(), rows.to_vec(), curves, BTreeMap::new(), facts)
    }

    /// Judges curves and their replays, which are of `rows`.
    pub fn judged(
        name: String,
        rows: Vec<TrialRow>,
        curves: Vec<Curve>,
        mut replays: BTreeMap<CurveKey, CurveReplay>,
        facts: RunFacts,
    ) -> Self {
        let overview = Overview::new(&rows);
        let curves: Vec<CurveStudy> = curves
            .into_iter()
            .map(|curve| {
                let replay = replays.remove(&curve.key);
                CurveStudy::new(curve, replay, &facts)
            })
            .collect();
        Self {
            name,
            rows,
            best: best::best_curves(&curves, &facts),
            workload: workload(&curves),
            idle_and_busy: busy::idle_and_busy(&curves, &facts),
            errors: Vec::new(),
            warnings: warning::warnings(&curves, &overview, &facts),
            curves,
            measured: Measured { facts, overview },
        }
    }

    pub fn facts(&self) -> &RunFacts {
        &self.measured.facts
    }
}

/// The numbers of jobs that a replay is asked for beside the measured ones.
fn wanted(cores: Option<u32>) -> Vec<Jobs> {
    let by_cores = cores.into_iter().flat_map(|cores| [cores, cores / 2]);
    USUAL_JOBS.into_iter().chain(by_cores).filter_map(|jobs| Jobs::new(jobs).ok()).collect()
}

fn workload(curves: &[CurveStudy]) -> Vec<WorkloadCell> {
    let of_curve = |curve: &CurveStudy| {
        let key = curve.key.clone();
        let cells = curve.measured.cells.clone();
        cells.into_iter().filter_map(move |cell| {
            Some(WorkloadCell { key: key.clone(), jobs: cell.jobs, latency: cell.latency? })
        })
    };
    curves.iter().flat_map(of_curve).collect()
}
