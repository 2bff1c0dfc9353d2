//! What the workers of one trial did, item by item.

use super::columns::Columns;
use super::control;
use super::font;
use super::frame::{EDGE, LINE, Layout, SIZE};
use super::labels::{self, KeyEntry};
use super::load;
use super::scene::{Anchor, Ink, Rect, Scene, Shape, Weight};
use super::svg::centred;
use crate::report::format;
use crate::study::timeline::{Bar, TrialTimeline, Work};

/// Size of the names in bars.
const NAME_SIZE: f64 = 11.0;
/// Bars at least as wide have room for a few letters.
const NAMED: f64 = 34.0;
/// Height of the line under what the end waited for.
const MARK: f64 = 3.5;

pub(super) fn draw(timeline: &TrialTimeline, layout: Layout) -> Scene {
    let mut scene = Scene::new(layout.width(), 0.0);
    let top = key(&mut scene, timeline) + 10.0;
    let height = row_height(timeline.lanes.len());
    let named = height >= LINE;
    let mut labels: Vec<&str> = timeline.lanes.iter().map(|lane| lane.name.as_str()).collect();
    labels.extend(["100 %", "limit"]);
    let columns = Columns::new(timeline.seconds, &labels, layout);
    let bottom = top + height * timeline.lanes.len() as f64;
    columns.grid(&mut scene, top, bottom);
    for (row, lane) in timeline.lanes.iter().enumerate() {
        let middle = top + (row as f64 + 0.5) * height;
        // With many lanes, every fourth or so has its name.
        let every = (LINE / height).ceil() as usize;
        if row % every == 0 {
            let at = (columns.left - 8.0, centred(middle, SIZE));
            scene.text(at, Anchor::End, SIZE, Ink::Muted, &lane.name);
        }
        let bars = timeline.bars.iter().filter(|bar| bar.lane == lane.lane);
        for bar in bars {
            draw_bar(&mut scene, &columns, bar, (middle, height), named);
        }
    }
    let bottom = if timeline.load.is_empty() {
        bottom
    } else {
        load::under_timeline(&mut scene, &columns, &timeline.load, bottom + 10.0)
    };
    let bottom = if timeline.control.is_empty() {
        bottom
    } else {
        let (points, seconds) = (&timeline.control, timeline.seconds);
        control::under_timeline(&mut scene, &columns, points, seconds, bottom + 10.0)
    };
    scene.height = columns.axis(&mut scene, bottom + 2.0);
    scene
}

fn row_height(lanes: usize) -> f64 {
    (360.0 / lanes.max(1) as f64).clamp(7.0, 28.0)
}

/// The colour of a kind of work.
fn ink(work: Work) -> Ink {
    match work {
        Work::Data => Ink::Series(0),
        Work::Index => Ink::Series(1),
        Work::Constraint => Ink::Series(2),
        Work::Other => Ink::Series(5),
    }
}

fn draw_bar(
    scene: &mut Scene,
    columns: &Columns,
    bar: &Bar,
    (middle, height): (f64, f64),
    named: bool,
) {
    let (start, end) = (columns.x.at(bar.start_seconds), columns.x.at(bar.end_seconds));
    // Neighbours stay apart where there is room, and nothing is invisible.
    let width = (end - start - 0.6).max(0.8);
    let inset = (height * 0.1).min(2.5);
    let rect =
        Rect { x: start, y: middle - height / 2.0 + inset, width, height: height - 2.0 * inset };
    scene.draw_with_tip(Shape::Bar(rect, ink(bar.work), 1.0), tip(bar));
    if bar.critical {
        let thickness = MARK.min(rect.height / 2.0);
        let line = Rect { y: rect.bottom() - thickness, height: thickness, ..rect };
        scene.draw(Shape::Bar(line, Ink::Text, 1.0));
    }
    let Some(name) = bar.name.as_deref().filter(|_| named && width >= NAMED) else {
        return;
    };
    let name = label(&super::scene::plain(name), width - 8.0);
    // An ellipsis alone says nothing.
    if name.chars().count() > 3 {
        let baseline = centred(middle - if bar.critical { MARK / 2.0 } else { 0.0 }, NAME_SIZE);
        scene.text((start + 4.0, baseline), Anchor::Start, NAME_SIZE, Ink::Surface, &name);
    }
}

/// A name as far as there is room: `schema.table constraint`, then without
/// the schema, then the last word, then its ends.
fn label(name: &str, room: f64) -> String {
    let bare = name.split_once('.').map_or(name, |(_, bare)| bare);
    let last = bare.rsplit(' ').next().unwrap_or(bare);
    let fits = |name: &&str| font::width(name, NAME_SIZE, Weight::Regular) <= room;
    let whole = [name, bare, last].into_iter().find(fits);
    whole.map_or_else(|| font::elide(last, NAME_SIZE, Weight::Regular, room), str::to_owned)
}

fn tip(bar: &Bar) -> String {
    let what = match (&bar.kind, &bar.name) {
        (Some(kind), Some(name)) => format!("{kind} {name}"),
        _ => format!("{} items, most of it {}", bar.items, bar.work.as_str()),
    };
    let waited = if bar.critical { "; the end waited for it" } else { "" };
    let (start, end) = (format::time(bar.start_seconds), format::time(bar.end_seconds));
    format!("{what}: {start} to {end}{waited}")
}

/// What the colours mean, for the kinds of work that there are.
fn key(scene: &mut Scene, timeline: &TrialTimeline) -> f64 {
    let swatch = |ink: Ink| {
        move |scene: &mut Scene, (x, y): (f64, f64)| {
            let rect = Rect { x: x - 6.0, y: y - 5.0, width: 12.0, height: 10.0 };
            scene.draw(Shape::Bar(rect, ink, 1.0));
        }
    };
    let line = |scene: &mut Scene, (x, y): (f64, f64)| {
        let rect = Rect { x: x - 6.0, y: y - MARK / 2.0, width: 12.0, height: MARK };
        scene.draw(Shape::Bar(rect, Ink::Text, 1.0));
    };
    let there = |work: &Work| timeline.bars.iter().any(|bar| bar.work == *work);
    let mut entries: Vec<KeyEntry<'_>> = Work::ALL
        .into_iter()
        .filter(there)
        .map(|work| KeyEntry {
            text: work.as_str(),
            ink: Ink::Text,
            sign: Box::new(swatch(ink(work))),
        })
        .collect();
    let text = "what the end waited for";
    entries.push(KeyEntry { text, ink: Ink::Text, sign: Box::new(line) });
    labels::key(scene, &entries, EDGE, 4.0)
}
