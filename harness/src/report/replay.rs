//! The replay of a curve in sentences.

use super::format;
use crate::analysis::CurveReplay;
use crate::analysis::fit;
use crate::analysis::replay::{PathItem, PredictedCell};
use crate::document::Table;

/// Items of the critical path that a sentence can bear.
const NAMED: usize = 3;

/// What the replay rests on, and what sets the floor.
pub(super) fn sentences(replay: &CurveReplay) -> Vec<String> {
    let off = fit::largest(&replay.residuals);
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
    let mut costliest: Vec<&PathItem> = replay.floor.items.iter().collect();
    costliest.sort_by_key(|item| std::cmp::Reverse(item.work));
    let named: Vec<String> = costliest
        .into_iter()
        .take(NAMED)
        .map(|item| format!("{} ({})", item.name, format::time(item.work.as_secs_f64())))
        .collect();
    let floor = format!(
        "No -j gets below {}, which items take that must follow one another, above all {}.",
        format::time(replay.floor.critical_path.as_secs_f64()),
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

/// The predictions of what was not measured, where they can be trusted.
pub(super) fn predictions(replay: &CurveReplay) -> Table<&PredictedCell> {
    let unmeasured = replay.predictions.iter().filter(|prediction| !prediction.measured);
    Table::of(unmeasured.filter(|_| replay.trusted))
        .number("-j", |prediction| prediction.jobs.to_string())
        .number("predicted", |prediction| format::time(prediction.time_seconds.value))
        .number("95 % band", |prediction| {
            format::time_interval(&prediction.time_seconds).unwrap_or_default()
        })
        .number("workers idle", |prediction| format::time(prediction.idle.as_secs_f64()))
}
