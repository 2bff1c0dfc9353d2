//! What the machine did: over the number of jobs, and over the time of a
//! trial, under its timeline.

use super::columns::Columns;
use super::frame::{Around, EDGE, Frame, LINE, Layout, SIZE};
use super::labels::{self, KeyEntry};
use super::over_jobs::{self, Dodge};
use super::panels;
use super::scale::{Scale, Ticks};
use super::scene::{Anchor, Ink, Scene, Shape, Stroke};
use super::svg::centred;
use crate::report::article::RunArticle;
use crate::report::format;
use crate::study::load::{LoadByJobs, LoadKind, LoadLine};

/// Height of the load under a timeline.
const HEIGHT: f64 = 84.0;

/// Draws the load over jobs, a panel for each kind; `None` where nothing
/// was read.
pub(super) fn draw(run: &RunArticle, layout: Layout) -> Option<Scene> {
    let first = run.load.first()?;
    let mut scene = Scene::new(layout.width(), 0.0);
    let names: Vec<(usize, &str)> = first
        .curves
        .iter()
        .take(over_jobs::MOST_CURVES)
        .map(|curve| (curve.curve, curve.title.as_str()))
        .collect();
    let top = over_jobs::key(&mut scene, &names) + 8.0;
    let layout = if layout == Layout::Wide { Layout::Panel } else { layout };
    let panels: Vec<Scene> = run.load.iter().map(|report| panel(report, layout)).collect();
    scene.height = panels::arrange(&mut scene, &panels, top);
    Some(scene)
}

fn panel(report: &LoadByJobs, layout: Layout) -> Scene {
    let curves = &report.curves[..report.curves.len().min(over_jobs::MOST_CURVES)];
    let cells = || curves.iter().flat_map(|curve| &curve.cells);
    let jobs = over_jobs::ascending(cells().map(|cell| cell.jobs));
    let values = cells().flat_map(|cell| &cell.trials);
    let ticks = match report.kind {
        LoadKind::Wal => Ticks::of_rate(values.copied().fold(0.0, f64::max), 4),
        LoadKind::Processors | LoadKind::Disk | LoadKind::IoPressure => Ticks::of_share(),
    };
    let mut scene = Scene::new(layout.width(), 0.0);
    let around = Around {
        title: &format!("{} ({})", report.title, ticks.unit),
        ticks: &ticks,
        logarithmic: false,
        jobs: &jobs,
        right: 0.0,
        top: 0.0,
        rows_above: 0,
    };
    let frame = Frame::draw(&mut scene, layout, &around);
    if let Some(limit) = report.limit.filter(|limit| frame.y.has(*limit)) {
        let y = frame.y.at(limit);
        let stroke = Stroke::dashed(Ink::Text, 1.2, 5.0, 3.0);
        scene.line((frame.plot.x, y), (frame.plot.right(), y), stroke);
        let words = format!("limit for the busiest twentieth: {}", write(report, limit));
        let at = (frame.plot.x + 4.0, y + SIZE + 2.0);
        scene.text(at, Anchor::Start, SIZE, Ink::Text, &words);
    }
    let dodge = Dodge::new(&frame.x, &jobs, curves.len());
    for (place, curve) in curves.iter().enumerate() {
        let at = |jobs| over_jobs::at(&frame.x, jobs) + dodge.of(place);
        let line = curve.cells.iter().map(|cell| (at(cell.jobs), frame.y.at(cell.mean))).collect();
        over_jobs::line(&mut scene, line, curve.curve);
        for cell in &curve.cells {
            let words =
                |value| format!("{}, -j {}: {}", curve.title, cell.jobs, write(report, value));
            for trial in &cell.trials {
                let point = (at(cell.jobs), frame.y.at(*trial));
                over_jobs::faint(&mut scene, point, curve.curve, words(*trial));
            }
            let point = (at(cell.jobs), frame.y.at(cell.mean));
            over_jobs::dot(&mut scene, point, curve.curve, words(cell.mean));
        }
    }
    scene.height = frame.bottom();
    scene
}

pub(super) fn write(report: &LoadByJobs, value: f64) -> String {
    match report.kind {
        LoadKind::Wal => format::rate(value),
        LoadKind::Processors | LoadKind::Disk | LoadKind::IoPressure => format::percent(value),
    }
}

/// Draws the load over the columns of a timeline and returns where it ends.
pub(super) fn under_timeline(
    scene: &mut Scene,
    columns: &Columns,
    lines: &[LoadLine],
    top: f64,
) -> f64 {
    let entries: Vec<KeyEntry<'_>> = lines
        .iter()
        .map(|line| {
            let stroke = stroke(line.kind);
            let sign = move |scene: &mut Scene, (x, y): (f64, f64)| {
                scene.line((x - 7.0, y), (x + 8.0, y), stroke);
            };
            KeyEntry { text: line.kind.as_str(), ink: Ink::Text, sign: Box::new(sign) }
        })
        .collect();
    let plot_top = top + labels::key(scene, &entries, EDGE, top) + 10.0;
    let bottom = plot_top + HEIGHT;
    let y = Scale::linear((0.0, 1.0), (bottom, plot_top));
    columns.grid(scene, plot_top, bottom);
    for (value, label) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
        let at = y.at(value);
        scene.line((columns.left, at), (columns.right, at), Stroke::solid(Ink::Grid, 1.0));
        let text = (columns.left - 8.0, centred(at, SIZE));
        scene.text(text, Anchor::End, SIZE, Ink::Muted, label);
    }
    for line in lines {
        let points: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|point| (columns.x.at(point.at_seconds), y.at(point.ratio)))
            .collect();
        scene.draw(Shape::Line(points, stroke(line.kind)));
    }
    bottom + LINE / 2.0
}

fn stroke(kind: LoadKind) -> Stroke {
    match kind {
        LoadKind::Processors => Stroke::solid(Ink::Text, 1.6),
        LoadKind::Disk => Stroke::solid(Ink::Series(3), 1.6),
        LoadKind::IoPressure | LoadKind::Wal => Stroke::dashed(Ink::Series(4), 1.6, 4.0, 2.0),
    }
}
