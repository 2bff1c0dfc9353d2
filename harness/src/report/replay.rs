//! The replay of a curve in sentences.

use super::format;
use crate::analysis::CurveReplay;
use crate::analysis::fit;
use crate::analysis::replay::{PathItem, PredictedCell, SectionsReplay};
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
    let mut all = vec![basis];
    if !named.is_empty() {
        all.push(floor);
    }
    all.extend(replay.sections.filter(wants_different_jobs).map(|of| in_sections(&of)));
    all
}

/// What is the same for both sections needs no sentence.
fn wants_different_jobs(of: &SectionsReplay) -> bool {
    of.data_jobs != of.post_jobs
}

fn in_sections(of: &SectionsReplay) -> String {
    let gain = of.whole_seconds / of.seconds - 1.0;
    let against = if gain > 0.0 {
        format!("{} faster than", format::percent(gain))
    } else {
        format!("{} slower than", format::percent(-gain))
    };
    format!(
        "By the replay, data wants -j {} and post-data -j {}: one section after the other they take \
         {}, {against} one restore with -j {} ({}), in which they overlap.",
        of.data_jobs,
        of.post_jobs,
        format::time(of.seconds),
        of.whole_jobs,
        format::time(of.whole_seconds),
    )
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
