//! How many times faster than one job, against the ideal, the fitted laws and
//! the floor.

use super::frame::{self, Around, Frame, Layout};
use super::labels;
use super::over_jobs::{self, Dodge, Names};
use super::scale::Ticks;
use super::scene::{Ink, Scene, Shape, Stroke};
use crate::recommend::{CellStudy, CurveStudy};
use crate::report::article::RunArticle;
use crate::report::format;
use crate::stats::estimate::Estimate;
use crate::study::evidence::CurveEvidence;

/// Draws the speed-up of a run; `None` without a cell of one job and another.
pub(super) fn draw(run: &RunArticle, layout: Layout) -> Option<Scene> {
    let curves: Vec<(usize, &CurveStudy)> = over_jobs::measured(run)
        .into_iter()
        .filter(|(_, curve)| sped_up(curve).count() > 1)
        .collect();
    if curves.is_empty() {
        return None;
    }
    let jobs = over_jobs::all_jobs(curves.iter().map(|(_, curve)| *curve));
    let most_jobs = f64::from(jobs.last()?.get());
    let ticks = Ticks::from_zero(highest(&curves, most_jobs), 5);
    let mut scene = Scene::new(layout.width(), 0.0);
    let names: Vec<(usize, &str)> =
        curves.iter().map(|(index, curve)| (*index, curve.title.as_str())).collect();
    let Names { at_ends, top, right } =
        Names::new(&mut scene, layout, &names, &["as many as jobs"]);
    let title = match layout {
        Layout::Wide => "times as fast as -j 1, paired by block, with 95 % interval",
        Layout::Narrow | Layout::Panel => "times as fast as -j 1",
    };
    let around =
        Around { title, ticks: &ticks, logarithmic: false, jobs: &jobs, right, top, rows_above: 0 };
    let frame = Frame::draw(&mut scene, layout, &around);
    ideal(&mut scene, &frame, (f64::from(jobs.first()?.get()), most_jobs));
    let dodge = Dodge::new(&frame.x, &jobs, curves.len());
    for (place, (series, curve)) in curves.iter().enumerate() {
        lines(&mut scene, &frame, &run.evidence[*series], *series, dodge.of(place));
        draw_curve(&mut scene, &frame, curve, *series, dodge.of(place));
    }
    if at_ends {
        let ends: Vec<(f64, String, Ink)> = curves
            .iter()
            .filter_map(|(series, curve)| {
                let (_, last) = sped_up(curve).last()?;
                Some((frame.y.at(last.value), curve.title.clone(), Ink::of_series(*series)))
            })
            .collect();
        frame.end_labels(&mut scene, &ends);
    }
    scene.height = line_key(&mut scene, &frame, run, &curves);
    Some(scene)
}

/// The cells that have a speed-up.
fn sped_up(curve: &CurveStudy) -> impl Iterator<Item = (&CellStudy, Estimate)> {
    curve.cells.iter().filter_map(|cell| Some((cell, cell.speedup?)))
}

/// The top of the axis: above the data, with a piece of the ideal to see.
fn highest(curves: &[(usize, &CurveStudy)], most_jobs: f64) -> f64 {
    let cells = || curves.iter().flat_map(|(_, curve)| sped_up(curve)).map(|(_, ratio)| ratio);
    let values = cells().map(|ratio| ratio.value).fold(1.0, f64::max);
    let intervals = cells().filter_map(|ratio| ratio.high).fold(0.0, f64::max);
    let data = values.max(intervals.min(values * 1.3));
    (data * 1.15).max(most_jobs.min(2.0))
}

/// The line of as many times as jobs, until it leaves the chart.
fn ideal(scene: &mut Scene, frame: &Frame, (first, last): (f64, f64)) {
    const STEPS: u32 = 64;
    let step = (last / first).powf(1.0 / f64::from(STEPS));
    let mut points: Vec<(f64, f64)> = (0..=STEPS)
        .map(|index| first * step.powf(f64::from(index)))
        .filter(|jobs| frame.y.has(*jobs))
        .map(|jobs| (frame.x.at(jobs), frame.y.at(jobs)))
        .collect();
    points.dedup();
    scene.draw(Shape::Line(points, Stroke::dashed(Ink::Muted, 1.4, 6.0, 4.0)));
}

/// The laws, thin, and the floor.
fn lines(scene: &mut Scene, frame: &Frame, evidence: &CurveEvidence, series: usize, shift: f64) {
    let ink = Ink::of_series(series);
    for law in &evidence.laws {
        let points: Vec<(f64, f64)> = law
            .points
            .iter()
            .filter(|point| frame.y.has(point.speedup))
            .map(|point| (frame.x.at(point.jobs) + shift, frame.y.at(point.speedup)))
            .collect();
        scene.draw(Shape::Line(points, law_stroke(law.law, ink)));
    }
    let floor: Vec<(f64, f64)> = evidence
        .floor
        .iter()
        .filter_map(|point| Some((point.jobs, point.speedup?)))
        .filter(|(_, speedup)| frame.y.has(*speedup))
        .map(|(jobs, speedup)| (over_jobs::at(&frame.x, jobs) + shift, frame.y.at(speedup)))
        .collect();
    if floor.len() > 1 {
        scene.draw(Shape::Line(floor, floor_stroke(ink)));
    }
}

fn law_stroke(law: &str, ink: Ink) -> Stroke {
    let stroke =
        if law == "usl" { Stroke::solid(ink, 1.0) } else { Stroke::dashed(ink, 1.2, 1.5, 3.0) };
    Stroke { opacity: 0.75, ..stroke }
}

fn floor_stroke(ink: Ink) -> Stroke {
    Stroke::dashed(ink, 1.6, 10.0, 3.0)
}

fn draw_curve(scene: &mut Scene, frame: &Frame, curve: &CurveStudy, series: usize, shift: f64) {
    let points: Vec<_> = sped_up(curve)
        .map(|(cell, ratio)| (over_jobs::at(&frame.x, cell.jobs) + shift, ratio))
        .collect();
    over_jobs::band(scene, frame, &points, series);
    for (cell, ratio) in sped_up(curve) {
        let x = over_jobs::at(&frame.x, cell.jobs) + shift;
        let interval = format::ratio_interval(&ratio).map(|both| format!(" ({both})"));
        let tip = format!(
            "{}, -j {}: {} times as fast as -j 1{}",
            curve.title,
            cell.jobs,
            format::ratio(ratio.value),
            interval.unwrap_or_default()
        );
        over_jobs::point(scene, frame, x, &ratio, series, tip);
    }
}

/// What the kinds of lines mean, under the chart.
fn line_key(
    scene: &mut Scene,
    frame: &Frame,
    run: &RunArticle,
    curves: &[(usize, &CurveStudy)],
) -> f64 {
    let has = |law: &str| {
        curves.iter().any(|(index, _)| run.evidence[*index].laws.iter().any(|own| own.law == law))
    };
    let has_floor = curves.iter().any(|(index, _)| !run.evidence[*index].floor.is_empty());
    let kinds = [
        (true, "ideal: as many times as jobs", Stroke::dashed(Ink::Muted, 1.4, 6.0, 4.0)),
        (has("usl"), "USL, fitted", law_stroke("usl", Ink::Text)),
        (has("amdahl"), "Amdahl, fitted", law_stroke("amdahl", Ink::Text)),
        (has_floor, "no -j can be faster", floor_stroke(Ink::Text)),
    ];
    let entries: Vec<labels::KeyEntry<'_>> = kinds
        .into_iter()
        .filter(|(there, ..)| *there)
        .map(|(_, text, stroke)| {
            let sign = move |scene: &mut Scene, (x, y): (f64, f64)| {
                scene.line((x - 6.0, y), (x + 8.0, y), stroke);
            };
            labels::KeyEntry { text, ink: Ink::Muted, sign: Box::new(sign) }
        })
        .collect();
    let top = frame.bottom() + 2.0;
    top + labels::key(scene, &entries, frame::EDGE, top) + 4.0
}
