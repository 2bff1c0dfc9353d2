//! Axes, grid and the room around a chart.

use restore_core::units::Jobs;

use super::font;
use super::labels::{self, Note, Placed};
use super::scale::{Scale, Ticks};
use super::scene::{Anchor, Ink, Rect, Scene, Shape, Stroke, Weight};
use super::svg::centred;

/// Size of the text on axes.
pub(super) const SIZE: f64 = 12.0;
/// Distance between rows of text.
pub(super) const LINE: f64 = 17.0;
/// From the edge of the picture to what is drawn.
pub(super) const EDGE: f64 = 8.0;

/// How a picture is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// For a screen, paper and files.
    Wide,
    /// For a phone.
    Narrow,
    /// Beside another, in a wide one.
    Panel,
}

impl Layout {
    pub(super) fn width(self) -> f64 {
        match self {
            Self::Wide => 880.0,
            Self::Narrow => 358.0,
            Self::Panel => 440.0,
        }
    }

    /// Height of the part that has data.
    pub(super) fn plot_height(self) -> f64 {
        match self {
            Self::Wide => 320.0,
            Self::Narrow => 240.0,
            Self::Panel => 150.0,
        }
    }
}

/// What stands around a chart.
pub(super) struct Around<'a> {
    /// What the vertical axis shows.
    pub(super) title: &'a str,
    pub(super) ticks: &'a Ticks,
    /// Whether its distances are ratios.
    pub(super) logarithmic: bool,
    pub(super) jobs: &'a [Jobs],
    /// Room for labels to the right of the data.
    pub(super) right: f64,
    /// Height of what has been drawn above already.
    pub(super) top: f64,
    /// Rows of notes above the data.
    pub(super) rows_above: usize,
}

/// A chart over jobs: where its data goes.
pub(super) struct Frame {
    /// The part that has data.
    pub(super) plot: Rect,
    /// The horizontal axis: jobs.
    pub(super) x: Scale,
    /// The vertical axis.
    pub(super) y: Scale,
    /// Where the title of the vertical axis ends.
    title_end: (f64, f64),
}

/// A row of the width, and a frame for it is known only when all notes are
/// placed; so the horizontal part comes first.
pub(super) fn plot_columns(layout: Layout, ticks: &Ticks, right: f64) -> (f64, f64) {
    (left_of_data(ticks), layout.width() - right.max(EDGE + 4.0))
}

/// Where the data begins, right of the labels of the vertical axis.
pub(super) fn left_of_data(ticks: &Ticks) -> f64 {
    let labels = ticks.ticks.iter().map(|tick| tick.label.as_str());
    EDGE + font::widest(labels, SIZE, Weight::Regular) + 8.0
}

/// The horizontal axis of jobs, with some room at both ends.
pub(super) fn jobs_scale(jobs: &[Jobs], (left, right): (f64, f64)) -> Scale {
    let number = |jobs: &Jobs| f64::from(jobs.get());
    let low = jobs.first().map_or(1.0, number);
    let high = jobs.last().map_or(1.0, number);
    let inset = ((right - left) * 0.05).min(30.0);
    Scale::logarithmic((low, high), (left + inset, right - inset))
}

impl Frame {
    pub(super) fn draw(scene: &mut Scene, layout: Layout, around: &Around<'_>) -> Self {
        let (left, right) = plot_columns(layout, around.ticks, around.right);
        let title_row = if around.title.is_empty() { 0.0 } else { LINE + 3.0 };
        let top = around.top + title_row + around.rows_above as f64 * LINE + 4.0;
        let height = layout.plot_height();
        let plot = Rect { x: left, y: top, width: right - left, height };
        let range = around.ticks.range();
        let pixels = (plot.bottom(), plot.y);
        let y = if around.logarithmic {
            Scale::logarithmic(range, pixels)
        } else {
            Scale::linear(range, pixels)
        };
        // Read along, not upwards: above its axis.
        let title = (EDGE, around.top + SIZE + 1.0);
        if !around.title.is_empty() {
            scene.text(title, Anchor::Start, SIZE, Ink::Muted, around.title);
        }
        let title_width = font::width(around.title, SIZE, Weight::Regular);
        let title_end = (title.0 + title_width, title.1);
        let frame = Self { plot, x: jobs_scale(around.jobs, (left, right)), y, title_end };
        frame.rows(scene, around.ticks);
        frame.columns(scene, around.jobs);
        frame
    }

    fn rows(&self, scene: &mut Scene, ticks: &Ticks) {
        let mut last = f64::INFINITY;
        for tick in &ticks.ticks {
            let y = self.y.at(tick.value);
            let stroke = Stroke::solid(Ink::Grid, 1.0);
            scene.line((self.plot.x, y), (self.plot.right(), y), stroke);
            if (last - y).abs() >= LINE - 2.0 {
                let at = (self.plot.x - 7.0, centred(y, SIZE));
                scene.text(at, Anchor::End, SIZE, Ink::Muted, &tick.label);
                last = y;
            }
        }
    }

    /// The numbers of jobs, as many as there is room for.
    fn columns(&self, scene: &mut Scene, jobs: &[Jobs]) {
        let baseline = self.plot.bottom() + LINE;
        let mut end = f64::NEG_INFINITY;
        // The last is always there: the others give way to it.
        let last = jobs.last().map_or(0.0, |jobs| self.x.at(f64::from(jobs.get())));
        let last_label = jobs.last().map(Jobs::to_string).unwrap_or_default();
        let last_half = font::width(&last_label, SIZE, Weight::Regular) / 2.0;
        for (index, jobs) in jobs.iter().enumerate().map(|(i, own)| (i + 1 == jobs.len(), own)) {
            let x = self.x.at(f64::from(jobs.get()));
            let stroke = Stroke::solid(Ink::Grid, 1.0);
            scene.line((x, self.plot.bottom()), (x, self.plot.bottom() + 4.0), stroke);
            let label = jobs.to_string();
            let half = font::width(&label, SIZE, Weight::Regular) / 2.0;
            let fits = x - half >= end + 6.0;
            let leaves_room = index || x + half + 6.0 <= last - last_half;
            if fits && leaves_room {
                scene.text((x, baseline), Anchor::Middle, SIZE, Ink::Muted, &label);
                end = x + half;
            }
        }
        let title = "jobs (-j)";
        let at = (f64::midpoint(self.plot.x, self.plot.right()), baseline + LINE);
        scene.text(at, Anchor::Middle, SIZE, Ink::Muted, title);
    }

    /// Says what a line across the data is, in the row of the title: beside the
    /// line itself there may be points and intervals.
    pub(super) fn line_note(&self, scene: &mut Scene, stroke: Stroke, words: &str) {
        const SAMPLE: f64 = 26.0;
        const GAP: f64 = 6.0;
        let (title_end, baseline) = self.title_end;
        let right = self.plot.right();
        let words =
            font::elide(words, SIZE, Weight::Regular, right - title_end - SAMPLE - 3.0 * GAP);
        let left = right - font::width(&words, SIZE, Weight::Regular);
        let y = baseline - SIZE / 3.0;
        scene.line((left - GAP - SAMPLE, y), (left - GAP, y), stroke);
        scene.text((left, baseline), Anchor::Start, SIZE, Ink::Text, &words);
    }

    /// Height of the picture down to the title of the horizontal axis.
    pub(super) fn bottom(&self) -> f64 {
        self.plot.bottom() + 2.0 * LINE + 8.0
    }

    /// Where the labels at the ends of curves go: each at its height if it
    /// can be, and never over another.
    pub(super) fn end_labels(&self, scene: &mut Scene, labels: &[(f64, String, Ink)]) {
        let wanted: Vec<f64> = labels.iter().map(|(y, ..)| *y).collect();
        let placed = labels::spread(&wanted, LINE, (self.plot.y + 6.0, self.plot.bottom() - 6.0));
        let x = self.plot.right() + 8.0;
        for ((_, text, ink), y) in labels.iter().zip(placed) {
            let room = scene.width - x - 2.0;
            let text = font::elide(text, SIZE, Weight::SemiBold, room);
            let style = (SIZE, Weight::SemiBold);
            scene.write((x, centred(y, SIZE)), Anchor::Start, style, *ink, &text);
        }
    }

    /// Draws notes above the data, with a line down from each to the bottom.
    pub(super) fn notes_above(&self, scene: &mut Scene, notes: &[Placed]) {
        for placed in notes {
            let row = placed.row as f64;
            let baseline = self.plot.y - 7.0 - row * LINE;
            let stroke = Stroke { opacity: 0.8, ..Stroke::dashed(placed.note.ink, 1.2, 4.0, 3.0) };
            let x = placed.note.x;
            scene.line((x, baseline + 4.0), (x, self.plot.bottom()), stroke);
            let style = (SIZE, placed.note.weight);
            let at = (placed.middle, baseline);
            scene.write(at, Anchor::Middle, style, placed.note.ink, &placed.note.text);
        }
    }

    /// Draws notes in rows under the axis, each with a pointer to its place,
    /// and returns where they end.
    pub(super) fn notes_below(&self, scene: &mut Scene, title: &str, notes: &[Note]) -> f64 {
        let top = self.bottom();
        if notes.is_empty() {
            return top;
        }
        let edges = (EDGE, scene.width - EDGE);
        let placed = labels::rows(notes.to_vec(), SIZE, edges);
        scene.text((EDGE, top + SIZE), Anchor::Start, SIZE, Ink::Muted, title);
        let first = top + LINE + SIZE + 4.0;
        for placed in &placed {
            let baseline = first + placed.row as f64 * LINE;
            let style = (SIZE, placed.note.weight);
            let at = (placed.middle, baseline);
            scene.write(at, Anchor::Middle, style, placed.note.ink, &placed.note.text);
            let x = placed.note.x;
            let tip = Shape::Area(
                vec![
                    (x, self.plot.bottom() - 7.0),
                    (x + 4.5, self.plot.bottom()),
                    (x - 4.5, self.plot.bottom()),
                ],
                Ink::Muted,
                1.0,
            );
            scene.draw_with_tip(tip, placed.note.text.clone());
        }
        first + labels::row_count(&placed) as f64 * LINE
    }
}
