//! What a restore with `-j auto` read and decided, under the timeline of its items.

use super::columns::Columns;
use super::frame::{EDGE, LINE, SIZE};
use super::labels::{self, KeyEntry};
use super::scale::Scale;
use super::scene::{Anchor, Ink, Point, Rect, Scene, Shape, Stroke};
use super::svg::centred;
use crate::report::format;
use crate::study::control::ControlPoint;

/// Height of each of the two panels.
const HEIGHT: f64 = 84.0;
const GAP: f64 = 16.0;
/// Readings above are drawn at the edge: how far they are beyond is in the tip.
const MOST_PRESSURE: f64 = 2.0;

/// Draws readings and workers over the columns of a timeline and returns where they end.
pub(super) fn under_timeline(
    scene: &mut Scene,
    columns: &Columns,
    points: &[ControlPoint],
    seconds: f64,
    top: f64,
) -> f64 {
    let top = top + key(scene, top) + 10.0;
    let spans: Vec<Span<'_>> = spans(points, seconds).collect();
    let between = top + HEIGHT;
    readings(scene, columns, &spans, (top, between));
    let bottom = between + GAP + HEIGHT;
    workers(scene, columns, &spans, (between + GAP, bottom));
    bottom + LINE / 2.0
}

/// A decision, and how long it held.
struct Span<'a> {
    point: &'a ControlPoint,
    from: f64,
    to: f64,
}

fn spans(points: &[ControlPoint], seconds: f64) -> impl Iterator<Item = Span<'_>> {
    let ends = points.iter().skip(1).map(|next| next.at_seconds).chain([seconds]);
    points.iter().zip(ends).map(|(point, to)| Span { point, from: point.at_seconds, to })
}

fn readings(scene: &mut Scene, columns: &Columns, spans: &[Span<'_>], (top, bottom): (f64, f64)) {
    let y = Scale::linear((0.0, MOST_PRESSURE), (bottom, top));
    columns.grid(scene, top, bottom);
    for (value, label) in [(0.0, "0 %"), (1.0, "limit"), (MOST_PRESSURE, "200 %")] {
        row(scene, columns, y.at(value), label);
    }
    let at = y.at(1.0);
    scene.line((columns.left, at), (columns.right, at), Stroke::dashed(Ink::Text, 1.2, 5.0, 3.0));
    let line = steps(spans, |point| y.at(point.pressure_ratio.min(MOST_PRESSURE)), columns);
    scene.draw(Shape::Line(line, READING));
    for span in spans {
        let (x, to) = (columns.x.at(span.from), columns.x.at(span.to));
        let rect = Rect { x, y: top, width: (to - x).max(0.8), height: bottom - top };
        scene.draw_with_tip(Shape::Bar(rect, Ink::Surface, 0.0), tip(span.point));
    }
}

fn workers(scene: &mut Scene, columns: &Columns, spans: &[Span<'_>], (top, bottom): (f64, f64)) {
    let most = spans.iter().map(|span| span.point.jobs).max().unwrap_or(1).max(1);
    let y = Scale::linear((0.0, f64::from(most)), (bottom, top));
    columns.grid(scene, top, bottom);
    row(scene, columns, bottom, "0");
    row(scene, columns, top, &most.to_string());
    for span in spans {
        let (x, to) = (columns.x.at(span.from), columns.x.at(span.to));
        let height = (bottom - top) * (1.0 - span.point.flow_ratio);
        if height > 0.0 {
            let rect = Rect { x, y: top, width: (to - x).max(0.8), height };
            scene.draw_with_tip(Shape::Bar(rect, HELD, 0.35), tip(span.point));
        }
    }
    let line = steps(spans, |point| y.at(f64::from(point.jobs)), columns);
    scene.draw(Shape::Line(line, WORKERS));
}

/// A line that holds each value until the next decision.
fn steps(spans: &[Span<'_>], y: impl Fn(&ControlPoint) -> f64, columns: &Columns) -> Vec<Point> {
    let ends = |span: &Span<'_>| {
        let y = y(span.point);
        [(columns.x.at(span.from), y), (columns.x.at(span.to), y)]
    };
    spans.iter().flat_map(ends).collect()
}

fn row(scene: &mut Scene, columns: &Columns, y: f64, label: &str) {
    scene.line((columns.left, y), (columns.right, y), Stroke::solid(Ink::Grid, 1.0));
    scene.text((columns.left - 8.0, centred(y, SIZE)), Anchor::End, SIZE, Ink::Muted, label);
}

fn tip(point: &ControlPoint) -> String {
    format!(
        "{}: {} of {}, {} workers, data at {}: {}",
        format::time(point.at_seconds),
        format::percent(point.pressure_ratio),
        point.limit,
        point.jobs,
        format::percent(point.flow_ratio),
        point.reason
    )
}

const READING: Stroke = Stroke { ink: Ink::Series(3), width: 1.6, dash: None, opacity: 1.0 };
const WORKERS: Stroke = Stroke { ink: Ink::Text, width: 1.6, dash: None, opacity: 1.0 };
const HELD: Ink = Ink::Series(4);

fn key(scene: &mut Scene, top: f64) -> f64 {
    let line = |stroke| {
        move |scene: &mut Scene, (x, y): Point| scene.line((x - 7.0, y), (x + 8.0, y), stroke)
    };
    let held = |scene: &mut Scene, (x, y): Point| {
        let rect = Rect { x: x - 6.0, y: y - 5.0, width: 12.0, height: 10.0 };
        scene.draw(Shape::Bar(rect, HELD, 0.35));
    };
    let entry = |text, sign| KeyEntry { text, ink: Ink::Text, sign };
    let entries = [
        entry("the nearest limit: what was read of it", Box::new(line(READING)) as _),
        entry("workers allowed", Box::new(line(WORKERS)) as _),
        entry("data held back", Box::new(held) as _),
    ];
    labels::key(scene, &entries, EDGE, top)
}
