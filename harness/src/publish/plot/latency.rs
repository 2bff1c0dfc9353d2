//! The latency of a workload over the number of jobs: before the restores and
//! beside them.

use super::frame::{self, Around, EDGE, Frame, Layout, SIZE};
use super::labels::{self, KeyEntry};
use super::over_jobs::{self, Dodge};
use super::panels;
use super::scale::Ticks;
use super::scene::{Ink, Scene, Shape, Sign, Stroke};
use crate::recommend::CurveStudy;
use crate::report::article::RunArticle;
use crate::report::format;
use crate::stats::estimate::Estimate;
use crate::study::latency::{LatencyByJobs, LatencyCell, LatencyCurve, LatencyKind};

/// Draws the latencies, a panel for each kind; `None` where no workload ran.
pub(super) fn draw(run: &RunArticle, layout: Layout) -> Option<Scene> {
    let shown: Vec<&LatencyByJobs> = run.latency.iter().filter(|report| is_drawn(report)).collect();
    let first = shown.first().filter(|report| !report.curves.is_empty())?;
    let mut scene = Scene::new(layout.width(), 0.0);
    let names: Vec<(usize, &str)> =
        curves(first).iter().map(|curve| (curve.curve, curve.title.as_str())).collect();
    let top = over_jobs::key(&mut scene, &names);
    let top = line_key(&mut scene, &shown, top) + 8.0;
    // Median and percentile are compared with each other: they share an axis.
    let ticks = latency_ticks(&shown);
    let layout = panels::layout(layout, shown.len());
    let panels: Vec<Scene> =
        shown.iter().map(|report| panel(run, report, &ticks, layout)).collect();
    scene.height = panels::arrange(&mut scene, &panels, top);
    Some(scene)
}

/// What is late is in the table; it is drawn where a limit is set on it.
fn is_drawn(report: &LatencyByJobs) -> bool {
    report.kind != LatencyKind::Late || report.limit.is_some()
}

fn curves(report: &LatencyByJobs) -> &[LatencyCurve] {
    &report.curves[..report.curves.len().min(over_jobs::MOST_CURVES)]
}

fn cells(report: &LatencyByJobs) -> impl Iterator<Item = &LatencyCell> {
    curves(report).iter().flat_map(|curve| &curve.cells)
}

/// All that is to be seen of a report.
fn values(report: &LatencyByJobs) -> impl Iterator<Item = f64> {
    let of_cell = |cell: &LatencyCell| {
        let estimates = [cell.before, cell.during].map(|of| [Some(of.value), of.low, of.high]);
        let trials = cell.trials.iter().flat_map(|trial| [trial.before, trial.during]);
        let all = estimates.into_iter().flatten().chain([cell.limit]).chain(trials);
        all.flatten().collect::<Vec<f64>>()
    };
    report.limit.into_iter().chain(cells(report).flat_map(of_cell))
}

fn latency_ticks(shown: &[&LatencyByJobs]) -> Ticks {
    let all = shown.iter().filter(|report| report.kind != LatencyKind::Late);
    let (low, high) = all
        .flat_map(|report| values(report))
        .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), value| {
            (low.min(value), high.max(value))
        });
    Ticks::of_time_logarithmic(low, high)
}

fn panel(run: &RunArticle, report: &LatencyByJobs, latencies: &Ticks, layout: Layout) -> Scene {
    let curves = curves(report);
    let jobs = over_jobs::ascending(cells(report).map(|cell| cell.jobs));
    let own: Ticks;
    let (ticks, logarithmic, title) = if report.kind == LatencyKind::Late {
        own = Ticks::of_percent(values(report).fold(0.0, f64::max), 4);
        (&own, false, format!("{} (%)", report.title))
    } else {
        (latencies, true, format!("{}, logarithmic", report.title))
    };
    let mut scene = Scene::new(layout.width(), 0.0);
    let of_report: Vec<(usize, &CurveStudy)> =
        curves.iter().map(|curve| (curve.curve, &run.report.study.curves[curve.curve])).collect();
    let columns = frame::plot_columns(layout, ticks, 0.0);
    let x = frame::jobs_scale(&jobs, columns);
    let notes = labels::rows(over_jobs::recommended(&of_report, &x), SIZE, columns);
    let around = Around {
        title: &title,
        ticks,
        logarithmic,
        jobs: &jobs,
        right: 0.0,
        top: 0.0,
        rows_above: labels::row_count(&notes),
    };
    let frame = Frame::draw(&mut scene, layout, &around);
    frame.notes_above(&mut scene, &notes);
    limit(&mut scene, &frame, report);
    // Before and beside stand beside each other at each number of jobs.
    let dodge = Dodge::new(&frame.x, &jobs, 2 * curves.len());
    for (place, curve) in curves.iter().enumerate() {
        let beside = dodge.of(2 * place + 1);
        before(&mut scene, &frame, report, curve, dodge.of(2 * place));
        during(&mut scene, &frame, report, curve, beside);
    }
    scene.height = frame.bottom();
    scene
}

/// The limit of the scenario, whatever was before.
fn limit(scene: &mut Scene, frame: &Frame, report: &LatencyByJobs) {
    let Some(limit) = report.limit.filter(|limit| frame.y.has(*limit)) else { return };
    let y = frame.y.at(limit);
    let stroke = Stroke::dashed(Ink::Text, 1.2, 5.0, 3.0);
    scene.line((frame.plot.x, y), (frame.plot.right(), y), stroke);
    frame.line_note(scene, stroke, &format!("limit {}", write(report.kind, limit)));
}

fn before_stroke(ink: Ink) -> Stroke {
    Stroke::dashed(ink, 1.4, 2.0, 3.0)
}

fn increase_stroke(ink: Ink) -> Stroke {
    Stroke::dashed(ink, 1.2, 8.0, 4.0)
}

fn before(
    scene: &mut Scene,
    frame: &Frame,
    report: &LatencyByJobs,
    curve: &LatencyCurve,
    shift: f64,
) {
    let ink = Ink::of_series(curve.curve);
    let at = |cell: &LatencyCell| over_jobs::at(&frame.x, cell.jobs) + shift;
    let y = |value: f64| frame.y.at(value);
    let line = curve.cells.iter().map(|cell| (at(cell), y(cell.before.value))).collect();
    scene.draw(Shape::Line(line, before_stroke(ink)));
    let allowed: Vec<(f64, f64)> =
        curve.cells.iter().filter_map(|cell| Some((at(cell), y(cell.limit?)))).collect();
    if !allowed.is_empty() {
        scene.draw(Shape::Line(allowed, increase_stroke(ink)));
    }
    for cell in &curve.cells {
        let x = at(cell);
        for trial in &cell.trials {
            if let Some(value) = trial.before {
                let tip = trial_tip(report, curve, cell, trial.trial, value, "before");
                over_jobs::faint(scene, (x, y(value)), curve.curve, tip);
            }
        }
        if let Some((low, high)) = over_jobs::ends(&cell.before) {
            scene.line((x, y(low)), (x, y(high)), Stroke::solid(ink, 1.2));
        }
        // A hollow sign: the server without the restore.
        let sign = Sign::of_series(curve.curve);
        let point = (x, y(cell.before.value));
        scene.draw_with_tip(
            Shape::Dot(point, 4.0, ink, 1.0, sign),
            tip(report, curve, cell, &cell.before, "before"),
        );
        scene.draw(Shape::Dot(point, 2.2, Ink::Surface, 1.0, sign));
    }
}

fn during(
    scene: &mut Scene,
    frame: &Frame,
    report: &LatencyByJobs,
    curve: &LatencyCurve,
    shift: f64,
) {
    let at = |cell: &LatencyCell| over_jobs::at(&frame.x, cell.jobs) + shift;
    let points: Vec<(f64, Estimate)> =
        curve.cells.iter().map(|cell| (at(cell), cell.during)).collect();
    over_jobs::band(scene, frame, &points, curve.curve);
    let line = points.iter().map(|(x, of)| (*x, frame.y.at(of.value))).collect();
    over_jobs::line(scene, line, curve.curve);
    for cell in &curve.cells {
        for trial in &cell.trials {
            if let Some(value) = trial.during {
                let tip = trial_tip(report, curve, cell, trial.trial, value, "beside the restore");
                over_jobs::faint(scene, (at(cell), frame.y.at(value)), curve.curve, tip);
            }
        }
        let tip = tip(report, curve, cell, &cell.during, "beside the restores");
        over_jobs::point(scene, frame, at(cell), &cell.during, curve.curve, tip);
    }
}

fn tip(
    report: &LatencyByJobs,
    curve: &LatencyCurve,
    cell: &LatencyCell,
    of: &Estimate,
    when: &str,
) -> String {
    let value = match report.kind {
        LatencyKind::Late => format::percent_with_interval(of),
        LatencyKind::P50 | LatencyKind::P99 => format::time_with_interval(of),
    };
    format!("{}, -j {}, {when}: {value}", curve.title, cell.jobs)
}

fn trial_tip(
    report: &LatencyByJobs,
    curve: &LatencyCurve,
    cell: &LatencyCell,
    trial: u32,
    value: f64,
    when: &str,
) -> String {
    let value = write(report.kind, value);
    format!("{}, -j {}, trial {trial}, {when}: {value}", curve.title, cell.jobs)
}

/// A latency, or a share, in words.
fn write(kind: LatencyKind, value: f64) -> String {
    match kind {
        LatencyKind::Late => format::percent(value),
        LatencyKind::P50 | LatencyKind::P99 => format::time(value),
    }
}

/// What the kinds of lines mean; returns where it ends.
fn line_key(scene: &mut Scene, shown: &[&LatencyByJobs], top: f64) -> f64 {
    let increases = shown.iter().any(|report| cells(report).any(|cell| cell.limit.is_some()));
    let solid: [Option<(f64, Ink)>; 2] = [Some((4.0, Ink::Text)), None];
    let hollow = [Some((4.0, Ink::Text)), Some((2.2, Ink::Surface))];
    let kinds = [
        (true, "beside the restores", Stroke::solid(Ink::Text, 2.0), Some(solid)),
        (true, "before them", before_stroke(Ink::Text), Some(hollow)),
        (increases, "limit, in view of what was before", increase_stroke(Ink::Text), None),
    ];
    let mut entries: Vec<KeyEntry<'_>> = kinds
        .into_iter()
        .filter(|(there, ..)| *there)
        .map(|(_, text, stroke, dot)| {
            let sign = move |scene: &mut Scene, (x, y): (f64, f64)| {
                scene.line((x - 7.0, y), (x + 7.0, y), stroke);
                for (radius, ink) in dot.into_iter().flatten().flatten() {
                    scene.draw(Shape::Dot((x, y), radius, ink, 1.0, Sign::Circle));
                }
            };
            KeyEntry { text, ink: Ink::Muted, sign: Box::new(sign) }
        })
        .collect();
    let dot = |scene: &mut Scene, at: (f64, f64)| {
        scene.draw(Shape::Dot(at, 2.6, Ink::Text, 0.38, Sign::Circle));
    };
    entries.push(KeyEntry {
        text: "a trial; bars: 95 % intervals",
        ink: Ink::Muted,
        sign: Box::new(dot),
    });
    top + labels::key(scene, &entries, EDGE, top + 4.0) + 4.0
}

pub(super) fn describe(run: &RunArticle) -> String {
    let of_curve = |report: &LatencyByJobs, curve: &LatencyCurve| {
        let cells: Vec<String> = curve
            .cells
            .iter()
            .map(|cell| {
                format!(
                    "{} with -j {} ({} before)",
                    write(report.kind, cell.during.value),
                    cell.jobs,
                    write(report.kind, cell.before.value)
                )
            })
            .collect();
        format!("{}: {}.", curve.title, cells.join(", "))
    };
    let of_report = |report: &LatencyByJobs| {
        let limit = report.limit.map(|limit| format!(", limit {}", write(report.kind, limit)));
        let curves: Vec<String> =
            curves(report).iter().map(|curve| of_curve(report, curve)).collect();
        format!("{}{}: {}", report.title, limit.unwrap_or_default(), curves.join(" "))
    };
    let shown = run.latency.iter().filter(|report| is_drawn(report));
    shown.map(of_report).collect::<Vec<_>>().join(" ")
}
