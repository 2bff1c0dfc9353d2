//! Runs in the forms that other programs read: a row, a series or a metric for each cell.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::recommend::{CellStudy, CurveStudy, Mark};
use crate::record::RunRecord;
use crate::study::Study;

/// A run that is exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    name: String,
    scenario: String,
    created_at: String,
    jobtune_version: String,
    study: Study,
}

impl Exported {
    pub fn new(record: &RunRecord, study: Study) -> Self {
        Self {
            name: study.name.clone(),
            scenario: record.scenario.name.clone(),
            created_at: record.created_at.clone(),
            jobtune_version: record.jobtune_version.clone(),
            study,
        }
    }

    fn cells(&self) -> impl Iterator<Item = (&CurveStudy, &CellStudy)> {
        self.study.curves.iter().flat_map(|curve| curve.cells.iter().map(move |cell| (curve, cell)))
    }
}

/// The name of a cell: `custom gzip:6 -j 4`.
fn name(curve: &CurveStudy, cell: &CellStudy) -> String {
    format!("{} -j {}", curve.title, cell.jobs)
}

fn is_recommended(cell: &CellStudy) -> bool {
    cell.marks.contains(&Mark::Recommended)
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A row for each cell of each run.
pub fn csv(runs: &[Exported]) -> csv::Result<String> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record([
        "run",
        "scenario",
        "created_at",
        "variant",
        "engine",
        "format",
        "compression",
        "jobs",
        "completed",
        "lost",
        "time_seconds",
        "time_low_seconds",
        "time_high_seconds",
        "speedup",
        "to_fastest_ratio",
        "recommended",
    ])?;
    for run in runs {
        for (curve, cell) in run.cells() {
            let time = cell.time_seconds;
            rows.write_record([
                run.name.clone(),
                run.scenario.clone(),
                run.created_at.clone(),
                curve.key.variant.clone(),
                curve.key.engine.clone(),
                curve.key.format.to_string(),
                curve.key.compression.to_string(),
                cell.jobs.to_string(),
                cell.n.to_string(),
                cell.lost.to_string(),
                number(time.map(|of| of.value)),
                number(time.and_then(|of| of.low)),
                number(time.and_then(|of| of.high)),
                number(cell.speedup.map(|of| of.value)),
                number(cell.to_fastest.map(|of| of.value)),
                is_recommended(cell).to_string(),
            ])?;
        }
    }
    text(rows)
}

/// A row for each run and a column for each cell, as Apache Otava's importer of CSV files
/// takes them: `time_column: time`, `attributes: [run, jobtune_version]`, and a metric for
/// each other column, of which less is better (`direction: -1`).
pub fn otava(runs: &[Exported]) -> csv::Result<String> {
    let mut columns: Vec<String> = Vec::new();
    let mut lines: Vec<(&Exported, BTreeMap<String, f64>)> = Vec::new();
    for run in runs {
        let mut line = BTreeMap::new();
        for (curve, cell) in run.cells() {
            let Some(time) = cell.time_seconds else { continue };
            let name = format!("{}: {}", run.scenario, name(curve, cell));
            if !columns.contains(&name) {
                columns.push(name.clone());
            }
            line.insert(name, time.value);
        }
        lines.push((run, line));
    }
    lines.sort_by(|(a, _), (b, _)| a.created_at.cmp(&b.created_at));
    let mut rows = csv::Writer::from_writer(Vec::new());
    let head = ["time", "run", "jobtune_version"].into_iter();
    rows.write_record(head.chain(columns.iter().map(String::as_str)))?;
    for (run, line) in lines {
        let own = [&run.created_at, &run.name, &run.jobtune_version].map(Clone::clone);
        let times = columns.iter().map(|column| number(line.get(column).copied()));
        rows.write_record(own.into_iter().chain(times))?;
    }
    text(rows)
}

fn text(rows: csv::Writer<Vec<u8>>) -> csv::Result<String> {
    let bytes = rows.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Bencher Metric Format: a benchmark for each cell, with its latency in nanoseconds, which
/// is Bencher's own measure of that name.
pub fn bencher(runs: &[Exported]) -> Value {
    let mut benchmarks = Map::new();
    for run in runs {
        for (curve, cell) in run.cells() {
            let Some(time) = cell.time_seconds else { continue };
            let ns = |seconds: f64| (seconds * 1e9).round();
            let mut latency = Map::from_iter([("value".to_owned(), json!(ns(time.value)))]);
            for (key, bound) in [("lower_value", time.low), ("upper_value", time.high)] {
                if let Some(bound) = bound {
                    latency.insert(key.to_owned(), json!(ns(bound)));
                }
            }
            let name = format!("{}: {}", run.scenario, name(curve, cell));
            benchmarks.insert(name, json!({ "latency": latency }));
        }
    }
    Value::Object(benchmarks)
}

/// What a metric is called, what it means, and what a cell has of it.
type Metric = (&'static str, &'static str, fn(&CellStudy) -> Option<f64>);

/// `OpenMetrics` text, version 1.0.
pub fn openmetrics(runs: &[Exported]) -> String {
    const METRICS: [Metric; 5] = [
        ("jobtune_restore_seconds", "Geometric mean of the times.", |cell| {
            cell.time_seconds.map(|of| of.value)
        }),
        ("jobtune_restore_low_seconds", "Lower end of its 95 % interval.", |cell| {
            cell.time_seconds.and_then(|of| of.low)
        }),
        ("jobtune_restore_high_seconds", "Upper end of its 95 % interval.", |cell| {
            cell.time_seconds.and_then(|of| of.high)
        }),
        ("jobtune_restores_completed", "Trials that completed.", |cell| Some(cell.n as f64)),
        ("jobtune_recommended", "1 for the number of jobs that is recommended.", |cell| {
            Some(f64::from(u8::from(is_recommended(cell))))
        }),
    ];
    let mut text = String::new();
    for (metric, help, value) in METRICS {
        let _ = writeln!(text, "# TYPE {metric} gauge");
        if metric.ends_with("_seconds") {
            let _ = writeln!(text, "# UNIT {metric} seconds");
        }
        let _ = writeln!(text, "# HELP {metric} {help}");
        for run in runs {
            for (curve, cell) in run.cells() {
                let Some(value) = value(cell) else { continue };
                let key = &curve.key;
                let labels = [
                    ("run", run.name.clone()),
                    ("scenario", run.scenario.clone()),
                    ("variant", key.variant.clone()),
                    ("engine", key.engine.clone()),
                    ("format", key.format.to_string()),
                    ("compression", key.compression.to_string()),
                    ("jobs", cell.jobs.to_string()),
                ];
                let labels = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(&value)));
                let _ = writeln!(text, "{metric}{{{}}} {value}", labels.join(","));
            }
        }
    }
    text.push_str("# EOF\n");
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
