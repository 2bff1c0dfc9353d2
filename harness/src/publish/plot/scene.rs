//! A picture as a list of shapes, before it is SVG or PNG.
//!
//! Charts draw into a [`Scene`]; what a colour looks like, in light and in
//! dark, is left to who renders it.

use super::font;
pub(super) use super::font::Weight;

/// A point in pixels, from the top left corner.
pub(crate) type Point = (f64, f64);

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Text that carries the message.
    Text,
    /// Text and lines that help to read.
    Muted,
    /// Lines of the grid.
    Grid,
    /// What is behind everything.
    Surface,
    /// One of the curves; they repeat after [`Ink::SERIES`].
    Series(usize),
}

impl Ink {
    /// How many colours curves have.
    pub(crate) const SERIES: usize = 6;

    /// The colour of the curve with this index.
    pub(crate) fn of_series(index: usize) -> Self {
        Self::Series(index % Self::SERIES)
    }
}

/// Which side of a text its point is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The text begins there.
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) ink: Ink,
    /// Width in pixels.
    pub(crate) width: f64,
    pub(crate) dash: Option<(f64, f64)>,
    /// From 0 to 1.
    pub(crate) opacity: f64,
}

impl Stroke {
    pub(crate) fn solid(ink: Ink, width: f64) -> Self {
        Self { ink, width, dash: None, opacity: 1.0 }
    }

    pub(crate) fn dashed(ink: Ink, width: f64, dash: f64, gap: f64) -> Self {
        Self { dash: Some((dash, gap)), ..Self::solid(ink, width) }
    }
}

/// The sign of a point, so that curves differ by more than colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Circle,
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle that points upwards.
    Triangle,
}

impl Sign {
    /// The sign of the curve with this index.
    pub(crate) fn of_series(index: usize) -> Self {
        [Self::Circle, Self::Square, Self::Diamond, Self::Triangle][index % 4]
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    /// Where its anchor and its baseline meet.
    pub(crate) at: Point,
    /// Which side of it that is.
    pub(crate) anchor: Anchor,
    /// Pixels per em.
    pub(crate) size: f64,
    pub(crate) weight: Weight,
    pub(crate) ink: Ink,
    pub(crate) words: String,
}

impl Text {
    /// Width in pixels.
    pub(crate) fn width(&self) -> f64 {
        font::width(&self.words, self.size, self.weight)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rect {
    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// A line through points.
    Line(Vec<Point>, Stroke),
    Area(Vec<Point>, Ink, f64),
    Bar(Rect, Ink, f64),
    /// A point with its radius, opacity and sign.
    Dot(Point, f64, Ink, f64, Sign),
    Text(Text),
}

/// A shape, and what it says when it is pointed at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mark {
    pub(crate) shape: Shape,
    pub(crate) tip: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    /// Width in pixels.
    pub(crate) width: f64,
    /// Height in pixels.
    pub(crate) height: f64,
    /// What is drawn, from the back to the front.
    pub(crate) marks: Vec<Mark>,
}

impl Scene {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, marks: Vec::new() }
    }

    pub(crate) fn draw(&mut self, shape: Shape) {
        self.marks.push(Mark { shape, tip: None });
    }

    /// Draws `shape`, which says `tip` when it is pointed at.
    pub(crate) fn draw_with_tip(&mut self, shape: Shape, tip: String) {
        self.marks.push(Mark { shape, tip: Some(tip) });
    }

    pub(crate) fn line(&mut self, from: Point, to: Point, stroke: Stroke) {
        self.draw(Shape::Line(vec![from, to], stroke));
    }

    /// Writes regular text.
    pub(crate) fn text(&mut self, at: Point, anchor: Anchor, size: f64, ink: Ink, text: &str) {
        self.write(at, anchor, (size, Weight::Regular), ink, text);
    }

    pub(crate) fn write(
        &mut self,
        at: Point,
        anchor: Anchor,
        (size, weight): (f64, Weight),
        ink: Ink,
        text: &str,
    ) {
        let words = plain(text);
        let text = Text { at, anchor, size, weight, ink, words };
        self.draw(Shape::Text(text));
    }
}

/// Names come from archives: signs that would break a line or turn the
/// direction of what stands beside them are shown as blanks.
pub(crate) fn plain(text: &str) -> String {
    let is_turning = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let blank = |c: char| if c.is_control() || is_turning(c) { ' ' } else { c };
    text.chars().map(blank).collect()
}
