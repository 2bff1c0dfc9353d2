//! The replay of a curve: its part of the model, and its sentences.

use super::build::{digits, estimate};
use super::format;
use super::model::{FloorItem, FloorReport, PredictionReport, ReplayReport, Residual};
use crate::analysis::CurveReplay;
use crate::analysis::replay::{Floor, Predicted};

/// Items of the critical path that a sentence can bear.
const NAMED: usize = 3;

/// The headings of the table of predictions.
pub(super) const HEADINGS: [&str; 4] = ["-j", "predicted", "95 % band", "workers idle"];

/// The replay as it is shown.
pub(super) fn build(replay: &CurveReplay) -> ReplayReport {
    let residual = |&(jobs, ratio)| Residual { jobs, ratio: digits(ratio) };
    ReplayReport {
        recorded_jobs: replay.recorded_jobs,
        recordings: replay.recordings,
        processors: replay.processors,
        slowdown_per_item: digits(replay.contention.a),
        slowdown_per_pair: digits(replay.contention.b),
        residuals: replay.residuals.iter().map(residual).collect(),
        trusted: replay.predicts(),
        predictions: replay.predictions.iter().map(prediction).collect(),
        floor: floor(&replay.floor),
    }
}

fn prediction(predicted: &Predicted) -> PredictionReport {
    PredictionReport {
        jobs: predicted.jobs,
        measured: predicted.measured,
        time_seconds: estimate(predicted.seconds, Some(predicted.band)),
        idle_seconds: digits(predicted.idle.as_secs_f64()),
        tail_seconds: digits(predicted.tail.as_secs_f64()),
        straggler: predicted.straggler.clone(),
    }
}

fn floor(floor: &Floor) -> FloorReport {
    FloorReport {
        critical_path_seconds: digits(floor.critical_path.as_secs_f64()),
        serial_seconds: digits(floor.serial.as_secs_f64()),
        total_work_seconds: digits(floor.total_work.as_secs_f64()),
        items: floor
            .items
            .iter()
            .map(|item| FloorItem {
                name: item.name.clone(),
                seconds: digits(item.work.as_secs_f64()),
            })
            .collect(),
    }
}

/// What the replay rests on, and what sets the floor.
pub(super) fn sentences(replay: &ReplayReport) -> Vec<String> {
    let off = replay.residuals.iter().map(|residual| residual.ratio.abs()).fold(0.0, f64::max);
    let restores = if replay.recordings == 1 { "restore" } else { "restores" };
    let basis = format!(
        "Replay of pg_restore's schedule with the item times of {} {restores} at -j {}{}: off by \
         at most {} at the -j measured{}.",
        replay.recordings,
        replay.recorded_jobs,
        processors(replay.processors),
        format::percent(off),
        if replay.trusted { "" } else { ", so that other -j are not predicted" },
    );
    let mut costliest: Vec<&FloorItem> = replay.floor.items.iter().collect();
    costliest.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let named: Vec<String> = costliest
        .into_iter()
        .take(NAMED)
        .map(|item| format!("{} ({})", item.name, format::time(item.seconds)))
        .collect();
    let floor = format!(
        "No -j gets below {}, which items take that must follow one another, above all {}.",
        format::time(replay.floor.critical_path_seconds),
        named.join(", "),
    );
    if named.is_empty() { vec![basis] } else { vec![basis, floor] }
}

/// What the items share.
pub(super) fn processors(count: Option<f64>) -> String {
    match count {
        Some(1.0) => " on one processor".to_owned(),
        Some(count) => format!(" on {count} processors"),
        None => String::new(),
    }
}

/// The predictions of what was not measured, by [`HEADINGS`].
pub(super) fn rows(replay: &ReplayReport) -> Vec<[String; 4]> {
    let unmeasured = replay.predictions.iter().filter(|prediction| !prediction.measured);
    unmeasured
        .filter(|_| replay.trusted)
        .map(|prediction| {
            [
                prediction.jobs.to_string(),
                format::time(prediction.time_seconds.value),
                format::time_interval(&prediction.time_seconds).unwrap_or_default(),
                format::time(prediction.idle_seconds),
            ]
        })
        .collect()
}
