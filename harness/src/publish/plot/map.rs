//! Every cell against the fastest, as a map of archives by jobs.

use super::font;
use super::frame::{EDGE, LINE, Layout, SIZE};
use super::over_jobs;
use super::scene::{Anchor, Ink, Rect, Scene, Shape, Weight};
use super::svg::centred;
use crate::report::article::RunArticle;
use crate::report::format;
use crate::study::map::{MapCell, MapRow};

const ROW: f64 = 30.0;
/// Cells that fit beside each other with their numbers.
const LEAST_WIDTH: f64 = 40.0;

/// Draws the map; `None` for a single curve, and for more numbers of jobs
/// than can be read beside each other.
pub(super) fn draw(run: &RunArticle, layout: Layout) -> Option<Scene> {
    let cells = || run.map.iter().flat_map(|row| &row.cells);
    if cells().all(|cell| cell.to_fastest_ratio.is_none()) {
        return None;
    }
    let jobs = over_jobs::ascending(cells().map(|cell| cell.jobs));
    let mut scene = Scene::new(layout.width(), 0.0);
    let names_above = layout == Layout::Narrow;
    let titles = run.map.iter().map(|row| row.title.as_str());
    let longest = font::widest(titles, SIZE, Weight::Regular).min(220.0);
    let left = if names_above { EDGE } else { EDGE + longest + 12.0 };
    let width = (scene.width - EDGE - left) / jobs.len() as f64;
    // The narrow picture has what fits; the table has it all.
    let every = (LEAST_WIDTH / width).ceil().max(1.0) as usize;
    let width = width.min(90.0) * every as f64;
    let shown: Vec<_> = jobs.into_iter().step_by(every).collect();
    let mut y = EDGE + LINE;
    scene.text(
        (EDGE, y),
        Anchor::Start,
        SIZE,
        Ink::Muted,
        "time over that of the fastest, by jobs (-j)",
    );
    y += LINE + 4.0;
    for (column, jobs) in shown.iter().enumerate() {
        let x = left + (column as f64 + 0.5) * width;
        scene.text((x, y), Anchor::Middle, SIZE, Ink::Muted, &jobs.to_string());
    }
    y += 7.0;
    for row in &run.map {
        if names_above {
            let title = font::elide(&row.title, SIZE, Weight::Regular, scene.width - 2.0 * EDGE);
            scene.text((EDGE, y + SIZE + 2.0), Anchor::Start, SIZE, Ink::Text, &title);
            y += LINE + 3.0;
        } else {
            let title = font::elide(&row.title, SIZE, Weight::Regular, longest);
            let at = (left - 10.0, centred(y + ROW / 2.0, SIZE));
            scene.text(at, Anchor::End, SIZE, Ink::Text, &title);
        }
        for (column, jobs) in shown.iter().enumerate() {
            let Some(cell) = row.cells.iter().find(|cell| cell.jobs == *jobs) else { continue };
            let x = left + column as f64 * width;
            let rect = Rect { x: x + 1.0, y: y + 1.0, width: width - 2.0, height: ROW - 2.0 };
            draw_cell(&mut scene, row, cell, rect);
        }
        y += ROW;
    }
    scene.height = y + EDGE;
    Some(scene)
}

fn draw_cell(scene: &mut Scene, row: &MapRow, cell: &MapCell, rect: Rect) {
    let middle = (rect.x + rect.width / 2.0, centred(rect.y + rect.height / 2.0, SIZE));
    let Some(ratio) = cell.to_fastest_ratio else {
        let tip = format!("{}, -j {}: no trial completed", row.title, cell.jobs);
        scene.draw_with_tip(Shape::Bar(rect, Ink::Grid, 0.6), tip);
        scene.text(middle, Anchor::Middle, SIZE, Ink::Muted, "–");
        return;
    };
    // The fastest are solid; twice as long is almost blank.
    let near = 1.0 - (ratio.max(1.0).log2()).min(1.0);
    // What reads alike looks alike.
    let shown = (ratio * 100.0).round() / 100.0;
    let (opacity, ink) =
        if shown <= 1.05 { (1.0, Ink::Surface) } else { (0.05 + 0.33 * near, Ink::Text) };
    let tip =
        format!("{}, -j {}: {} times the fastest", row.title, cell.jobs, format::ratio(ratio));
    scene.draw_with_tip(Shape::Bar(rect, Ink::Series(0), opacity), tip);
    scene.text(middle, Anchor::Middle, SIZE, ink, &format::ratio(ratio));
}
