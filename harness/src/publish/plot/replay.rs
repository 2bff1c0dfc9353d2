//! Measured times against those that the replay of the schedule predicts.

use super::font;
use super::frame::{Around, EDGE, Frame, LINE, Layout, SIZE};
use super::labels::{self, KeyEntry};
use super::over_jobs;
use super::panels;
use super::scale::Ticks;
use super::scene::{Anchor, Ink, Scene, Shape, Sign, Stroke, Weight};
use crate::analysis::CurveReplay;
use crate::analysis::replay::PredictedCell;
use crate::recommend::CurveStudy;
use crate::record::Outcome;
use crate::report::article::RunArticle;
use crate::report::format;
use crate::stats::estimate::Estimate;
use crate::study::evidence::CurveEvidence;

/// Draws a panel for each curve that was replayed; `None` where none was.
pub(super) fn draw(run: &RunArticle, layout: Layout) -> Option<Scene> {
    let curves: Vec<(usize, &CurveStudy, &CurveReplay)> = over_jobs::measured(run)
        .into_iter()
        .filter_map(|(index, curve)| Some((index, curve, curve.replay.as_ref()?)))
        .filter(|(.., replay)| shown(replay).count() > 1)
        .collect();
    if curves.is_empty() {
        return None;
    }
    let mut scene = Scene::new(layout.width(), 0.0);
    let top = key(&mut scene) + 8.0;
    let layout = panels::layout(layout, curves.len());
    let panels: Vec<Scene> = curves
        .iter()
        .map(|&(index, curve, replay)| panel(layout, index, curve, replay, &run.evidence[index]))
        .collect();
    scene.height = panels::arrange(&mut scene, &panels, top);
    Some(scene)
}

/// The predictions that can be relied on.
fn shown(replay: &CurveReplay) -> impl Iterator<Item = &PredictedCell> {
    replay.predictions.iter().filter(|prediction| prediction.measured || replay.trusted)
}

fn panel(
    layout: Layout,
    series: usize,
    curve: &CurveStudy,
    replay: &CurveReplay,
    evidence: &CurveEvidence,
) -> Scene {
    let mut scene = Scene::new(layout.width(), 0.0);
    let measured = curve.cells.iter().map(|cell| cell.jobs);
    let jobs = over_jobs::ascending(shown(replay).map(|of| of.jobs).chain(measured));
    let ticks = Ticks::of_time(highest(curve, replay, evidence), 4);
    let ink = Ink::of_series(series);
    let style = (SIZE, Weight::SemiBold);
    let name = font::elide(&curve.title, SIZE, Weight::SemiBold, scene.width - 2.0 * EDGE);
    scene.write((EDGE, SIZE + 1.0), Anchor::Start, style, ink, &name);
    let around = Around {
        title: &format!("time ({})", ticks.unit),
        ticks: &ticks,
        logarithmic: false,
        jobs: &jobs,
        right: 0.0,
        top: LINE,
        rows_above: 0,
    };
    let frame = Frame::draw(&mut scene, layout, &around);
    floor(&mut scene, &frame, replay);
    predicted(&mut scene, &frame, curve, replay, ink);
    for trial in &evidence.trials {
        if trial.outcome == Outcome::Completed {
            let at = (over_jobs::at(&frame.x, trial.jobs), frame.y.at(trial.seconds));
            let tip = format!(
                "trial {}, -j {}: {}",
                trial.trial,
                trial.jobs,
                format::time(trial.seconds)
            );
            over_jobs::faint(&mut scene, at, series, tip);
        }
    }
    for cell in &curve.cells {
        if let Some(time) = cell.time_seconds {
            let x = over_jobs::at(&frame.x, cell.jobs);
            let tip = format!(
                "{}, -j {}: measured {}",
                curve.title,
                cell.jobs,
                format::time_with_interval(&time)
            );
            over_jobs::point(&mut scene, &frame, x, &time, series, tip);
        }
    }
    scene.height = frame.bottom();
    scene
}

/// The top of the axis: all trials and predictions, and intervals as far as
/// they are not out of all proportion.
fn highest(curve: &CurveStudy, replay: &CurveReplay, evidence: &CurveEvidence) -> f64 {
    let completed = evidence.trials.iter().filter(|trial| trial.outcome == Outcome::Completed);
    let trials = completed.map(|trial| trial.seconds);
    let predictions = shown(replay).map(|prediction| prediction.time_seconds.value);
    let values = trials.chain(predictions).fold(0.0, f64::max);
    let times = curve.cells.iter().filter_map(|cell| cell.time_seconds);
    let estimates = times.chain(shown(replay).map(|prediction| prediction.time_seconds));
    let ends = estimates.filter_map(|estimate| estimate.high).fold(0.0, f64::max);
    values.max(ends.min(values * 1.2)) * 1.02
}

/// What no number of jobs beats.
fn floor(scene: &mut Scene, frame: &Frame, replay: &CurveReplay) {
    let seconds = replay.floor.critical_path.as_secs_f64();
    let y = frame.y.at(seconds);
    scene.line((frame.plot.x, y), (frame.plot.right(), y), floor_stroke());
    let words = format!("critical path: no -j is faster than {}", format::time(seconds));
    frame.line_note(scene, floor_stroke(), &words);
}

fn predicted(scene: &mut Scene, frame: &Frame, curve: &CurveStudy, replay: &CurveReplay, ink: Ink) {
    let at = |prediction: &PredictedCell| over_jobs::at(&frame.x, prediction.jobs);
    let ends: Vec<(f64, f64, f64)> = shown(replay)
        .filter_map(|prediction| {
            let Estimate { low, high, .. } = prediction.time_seconds;
            Some((at(prediction), frame.y.at(low?), frame.y.at(high?)))
        })
        .collect();
    let above = ends.iter().map(|(x, _, high)| (*x, *high));
    let below = ends.iter().rev().map(|(x, low, _)| (*x, *low));
    scene.draw(Shape::Area(above.chain(below).collect(), ink, BAND));
    let line: Vec<(f64, f64)> = shown(replay)
        .map(|prediction| (at(prediction), frame.y.at(prediction.time_seconds.value)))
        .collect();
    scene.draw(Shape::Line(line, line_stroke(ink)));
    for prediction in shown(replay) {
        let point = (at(prediction), frame.y.at(prediction.time_seconds.value));
        let tip = format!(
            "{}, -j {}: predicted {}",
            curve.title,
            prediction.jobs,
            format::time_with_interval(&prediction.time_seconds)
        );
        scene.draw_with_tip(Shape::Dot(point, 3.6, ink, 1.0, Sign::Circle), tip);
        scene.draw(Shape::Dot(point, 2.0, Ink::Surface, 1.0, Sign::Circle));
    }
}

/// Opacity of the band.
const BAND: f64 = 0.16;

fn line_stroke(ink: Ink) -> Stroke {
    Stroke::dashed(ink, 1.4, 2.0, 3.0)
}

fn floor_stroke() -> Stroke {
    Stroke::dashed(Ink::Text, 1.4, 10.0, 3.0)
}

/// What the signs mean; returns where it ends.
fn key(scene: &mut Scene) -> f64 {
    let measured = |scene: &mut Scene, (x, y): (f64, f64)| {
        scene.line((x, y - 7.0), (x, y + 7.0), Stroke::solid(Ink::Text, 1.6));
        scene.draw(Shape::Dot((x, y), 4.0, Ink::Text, 1.0, Sign::Circle));
    };
    let predicted = |scene: &mut Scene, (x, y): (f64, f64)| {
        let (left, right) = (x - 7.0, x + 7.0);
        let corners = vec![(left, y - 6.0), (right, y - 6.0), (right, y + 6.0), (left, y + 6.0)];
        scene.draw(Shape::Area(corners, Ink::Text, BAND));
        scene.line((left, y), (right, y), line_stroke(Ink::Text));
        scene.draw(Shape::Dot((x, y), 3.6, Ink::Text, 1.0, Sign::Circle));
        scene.draw(Shape::Dot((x, y), 2.0, Ink::Surface, 1.0, Sign::Circle));
    };
    let trial = |scene: &mut Scene, at: (f64, f64)| {
        scene.draw(Shape::Dot(at, 2.6, Ink::Text, 0.38, Sign::Circle));
    };
    let entries = [
        KeyEntry { text: "measured, with 95 % interval", ink: Ink::Text, sign: Box::new(measured) },
        KeyEntry { text: "predicted, with 95 % band", ink: Ink::Text, sign: Box::new(predicted) },
        KeyEntry { text: "a trial", ink: Ink::Text, sign: Box::new(trial) },
    ];
    labels::key(scene, &entries, EDGE, 4.0)
}

pub(super) fn describe(run: &RunArticle) -> String {
    let of_curve = |curve: &CurveStudy| {
        let replay = curve.replay.as_ref()?;
        let cells: Vec<String> = shown(replay)
            .map(|prediction| {
                let measured = curve.cells.iter().find(|cell| cell.jobs == prediction.jobs);
                let measured = measured
                    .and_then(|cell| cell.time_seconds)
                    .map(|time| format!(" (measured {})", format::time(time.value)));
                format!(
                    "{} with -j {}{}",
                    format::time(prediction.time_seconds.value),
                    prediction.jobs,
                    measured.unwrap_or_default()
                )
            })
            .collect();
        let floor = format::time(replay.floor.critical_path.as_secs_f64());
        Some(format!(
            "{}: predicted {}; no -j is faster than {floor}.",
            curve.title,
            cells.join(", ")
        ))
    };
    run.report.study.curves.iter().filter_map(of_curve).collect::<Vec<_>>().join(" ")
}
