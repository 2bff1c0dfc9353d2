//! How long restores take over the number of jobs.

use restore_core::units::Jobs;

use super::frame::{self, Around, Frame, Layout};
use super::labels::{self, Note};
use super::over_jobs::{self, Dodge, Names};
use super::scale::Ticks;
use super::scene::{Ink, Scene, Weight};
use crate::recommend::{CellStudy, CurveStudy};
use crate::record::Outcome;
use crate::report::article::RunArticle;
use crate::report::{format, phrases};

/// Draws the times of a run; `None` where no trial completed.
pub(super) fn draw(run: &RunArticle, layout: Layout) -> Option<Scene> {
    let curves = over_jobs::measured(run);
    if curves.is_empty() {
        return None;
    }
    let jobs = over_jobs::all_jobs(curves.iter().map(|(_, curve)| *curve));
    let ticks = Ticks::of_time(highest(run, &curves), 5);
    let mut scene = Scene::new(layout.width(), 0.0);
    let names: Vec<(usize, &str)> =
        curves.iter().map(|(index, curve)| (*index, curve.title.as_str())).collect();
    let Names { at_ends, top, right } = Names::new(&mut scene, layout, &names, &[]);
    let columns = frame::plot_columns(layout, &ticks, right);
    let x = frame::jobs_scale(&jobs, columns);
    let notes =
        labels::rows(over_jobs::recommended(&curves, &x), frame::SIZE, (columns.0, columns.1));
    let noun = phrases::noun(run.report.study.facts().phase);
    let title = format!("{noun} time ({})", ticks.unit);
    let title = if layout == Layout::Wide {
        format!("{title}, mean with 95 % interval; dots: trials")
    } else {
        title
    };
    let around = Around {
        title: &title,
        ticks: &ticks,
        logarithmic: false,
        jobs: &jobs,
        right,
        top,
        rows_above: labels::row_count(&notes),
    };
    let frame = Frame::draw(&mut scene, layout, &around);
    frame.notes_above(&mut scene, &notes);
    let dodge = Dodge::new(&frame.x, &jobs, curves.len());
    let mut ends: Vec<(usize, f64, String)> = Vec::new();
    for (place, (series, curve)) in curves.iter().enumerate() {
        bands_and_lines(&mut scene, &frame, curve, *series, dodge.of(place));
    }
    for (place, (series, curve)) in curves.iter().enumerate() {
        trials(&mut scene, &frame, run, (*series, curve), dodge.of(place));
    }
    for (place, (series, curve)) in curves.iter().enumerate() {
        for (cell, time) in timed(curve) {
            let x = over_jobs::at(&frame.x, cell.jobs) + dodge.of(place);
            let tip = cell_tip(curve, cell);
            over_jobs::point(&mut scene, &frame, x, &time, *series, tip);
            ends.retain(|(other, ..)| other != series);
            ends.push((*series, frame.y.at(time.value), curve.title.clone()));
        }
    }
    if at_ends {
        let ends: Vec<(f64, String, Ink)> =
            ends.into_iter().map(|(series, y, title)| (y, title, Ink::of_series(series))).collect();
        frame.end_labels(&mut scene, &ends);
    }
    let rules = rule_notes(&curves, &jobs, &frame);
    scene.height = frame.notes_below(&mut scene, "rules of thumb ▲", &rules);
    Some(scene)
}

/// The cells that have a time.
fn timed(
    curve: &CurveStudy,
) -> impl Iterator<Item = (&CellStudy, crate::stats::estimate::Estimate)> {
    curve.cells.iter().filter_map(|cell| Some((cell, cell.time_seconds?)))
}

/// The top of the axis: every completed trial, and intervals as far as they
/// are not out of all proportion.
fn highest(run: &RunArticle, curves: &[(usize, &CurveStudy)]) -> f64 {
    let trials = curves
        .iter()
        .flat_map(|(index, _)| &run.evidence[*index].trials)
        .filter(|trial| trial.outcome == Outcome::Completed)
        .map(|trial| trial.seconds)
        .fold(0.0, f64::max);
    let intervals = curves
        .iter()
        .flat_map(|(_, curve)| timed(curve))
        .filter_map(|(_, time)| time.high)
        .fold(0.0, f64::max);
    trials.max(intervals.min(trials * 1.2)) * 1.02
}

fn bands_and_lines(
    scene: &mut Scene,
    frame: &Frame,
    curve: &CurveStudy,
    series: usize,
    shift: f64,
) {
    let points: Vec<_> = timed(curve)
        .map(|(cell, time)| (over_jobs::at(&frame.x, cell.jobs) + shift, time))
        .collect();
    over_jobs::band(scene, frame, &points, series);
    let line = points.iter().map(|(x, time)| (*x, frame.y.at(time.value))).collect();
    over_jobs::line(scene, line, series);
}

fn trials(
    scene: &mut Scene,
    frame: &Frame,
    run: &RunArticle,
    (series, curve): (usize, &CurveStudy),
    shift: f64,
) {
    for trial in &run.evidence[series].trials {
        let x = over_jobs::at(&frame.x, trial.jobs) + shift;
        let words = format!("{}, -j {}, trial {}", curve.title, trial.jobs, trial.trial);
        if trial.outcome == Outcome::Completed {
            let tip = format!("{words}: {}", format::time(trial.seconds));
            over_jobs::faint(scene, (x, frame.y.at(trial.seconds)), series, tip);
        } else {
            let tip = format!("{words}: {}", trial.outcome.as_str());
            over_jobs::cross(scene, (x, frame.plot.bottom() - 6.0), series, tip);
        }
    }
}

fn cell_tip(curve: &CurveStudy, cell: &CellStudy) -> String {
    let time = cell.time_seconds.as_ref().map(format::time_with_interval).unwrap_or_default();
    format!("{}, -j {}: {time}, n = {}", curve.title, cell.jobs, cell.n)
}

/// The rules of thumb that lie on the axis.
fn rule_notes(curves: &[(usize, &CurveStudy)], jobs: &[Jobs], frame: &Frame) -> Vec<Note> {
    let (Some(first), Some(last)) = (jobs.first(), jobs.last()) else {
        return Vec::new();
    };
    let Some((_, curve)) = curves.first() else {
        return Vec::new();
    };
    curve
        .rules
        .iter()
        .filter(|rule| rule.jobs >= *first && rule.jobs <= *last)
        .map(|rule| Note {
            x: over_jobs::at(&frame.x, rule.jobs),
            text: rule.advice.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            ink: Ink::Muted,
            weight: Weight::Regular,
        })
        .collect()
}
