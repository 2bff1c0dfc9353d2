//! A scene as PNG, drawn by plotters.
//!
//! plotters places shapes on whole pixels; drawing four times as large and
//! taking the mean of each 2 by 2 gives smooth edges, and the picture twice
//! its nominal size, which is what sharp screens need.

use std::sync::Once;

use plotters::backend::{BitMapBackend, DrawingBackend as _};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color as _, FontFamily, FontStyle, IntoFont as _, RGBAColor, RGBColor, TextStyle, register_font,
};

use super::font;
use super::palette::{self, Theme};
use super::scene::{Anchor, Ink, Point, Scene, Shape, Sign, Stroke, Text, Weight};
use super::svg::corners;

/// Pixels of the file for each pixel of the scene.
const SCALE: u32 = 2;
/// Pixels drawn, in each direction, for each pixel of the file.
const SAMPLES: u32 = 2;

const FAMILY: &str = "jobtune";

#[derive(Debug, thiserror::Error)]
pub enum PngError {
    #[error("cannot draw the picture: {0}")]
    Draw(String),
    #[error("cannot encode the picture: {0}")]
    Encode(#[from] png::EncodingError),
}

/// Draws `scene` and encodes it.
pub(super) fn render(scene: &Scene, theme: Theme) -> Result<Vec<u8>, PngError> {
    register_fonts();
    let zoom = SCALE * SAMPLES;
    let size = |length: f64| (length.ceil() as u32) * zoom;
    let (width, height) = (size(scene.width), size(scene.height));
    let mut pixels = vec![0; width as usize * height as usize * 3];
    {
        let backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
        let mut canvas = Canvas { backend, zoom: f64::from(zoom), theme };
        canvas.background(width, height)?;
        for mark in &scene.marks {
            canvas.draw(&mark.shape)?;
        }
    }
    encode(&smooth(&pixels, width as usize), width / SAMPLES, height / SAMPLES)
}

/// plotters keeps fonts for the whole process.
fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A font that cannot be read shows as an error of the first text.
        let _ = register_font(FAMILY, FontStyle::Normal, font::REGULAR);
        let _ = register_font(FAMILY, FontStyle::Bold, font::SEMIBOLD);
    });
}

struct Canvas<'a> {
    backend: BitMapBackend<'a>,
    zoom: f64,
    theme: Theme,
}

type Drawn = Result<(), PngError>;

fn refused(error: impl std::fmt::Display) -> PngError {
    PngError::Draw(error.to_string())
}

impl Canvas<'_> {
    fn background(&mut self, width: u32, height: u32) -> Drawn {
        let color = self.color(Ink::Surface, 1.0);
        let corner = (width.cast_signed(), height.cast_signed());
        self.backend.draw_rect((0, 0), corner, &color, true).map_err(refused)
    }

    fn draw(&mut self, shape: &Shape) -> Drawn {
        match shape {
            Shape::Line(points, stroke) => self.line(points, stroke),
            Shape::Area(points, ink, opacity) => self.area(points, *ink, *opacity),
            Shape::Bar(rect, ink, opacity) => {
                let color = self.color(*ink, *opacity);
                let (from, to) =
                    (self.at((rect.x, rect.y)), self.at((rect.right(), rect.bottom())));
                // The last pixel belongs to the neighbour, as in SVG.
                let to = ((to.0 - 1).max(from.0), (to.1 - 1).max(from.1));
                self.backend.draw_rect(from, to, &color, true).map_err(refused)
            }
            Shape::Dot(at, radius, ink, opacity, sign) => {
                self.dot(*at, *radius, *sign, self.color(*ink, *opacity))
            }
            Shape::Text(text) => self.text(text),
        }
    }

    fn color(&self, ink: Ink, opacity: f64) -> RGBAColor {
        let (red, green, blue) = palette::rgb(ink, self.theme);
        RGBColor(red, green, blue).mix(opacity)
    }

    fn at(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.zoom).round() as i32, (y * self.zoom).round() as i32)
    }

    /// Lines are drawn as the polygons that they cover: plotters has no
    /// dashes, and its own thick lines end in points.
    fn line(&mut self, points: &[Point], stroke: &Stroke) -> Drawn {
        let color = self.color(stroke.ink, stroke.opacity);
        for piece in pieces(points, stroke.dash) {
            for pair in piece.windows(2) {
                let corners = ribbon(pair[0], pair[1], stroke.width);
                let corners: Vec<(i32, i32)> =
                    corners.into_iter().map(|corner| self.at(corner)).collect();
                self.backend.fill_polygon(corners, &color).map_err(refused)?;
            }
            // Joints, where they show and do not count twice.
            if stroke.opacity >= 1.0 && stroke.width > 1.0 && piece.len() > 2 {
                for joint in &piece[1..piece.len() - 1] {
                    self.dot(*joint, stroke.width / 2.0, Sign::Circle, color)?;
                }
            }
        }
        Ok(())
    }

    fn area(&mut self, points: &[Point], ink: Ink, opacity: f64) -> Drawn {
        let color = self.color(ink, opacity);
        let corners: Vec<(i32, i32)> = points.iter().map(|point| self.at(*point)).collect();
        if corners.len() < 3 {
            return Ok(());
        }
        self.backend.fill_polygon(corners, &color).map_err(refused)
    }

    fn dot(&mut self, at: Point, radius: f64, sign: Sign, color: RGBAColor) -> Drawn {
        if sign == Sign::Circle {
            let radius = (radius * self.zoom).round().max(1.0) as u32;
            return self.backend.draw_circle(self.at(at), radius, &color, true).map_err(refused);
        }
        let corners: Vec<(i32, i32)> =
            corners(at, radius, sign).into_iter().map(|corner| self.at(corner)).collect();
        self.backend.fill_polygon(corners, &color).map_err(refused)
    }

    fn text(&mut self, text: &Text) -> Drawn {
        let zoomed = text.size * self.zoom;
        // plotters counts the height of a line and puts the baseline half of
        // it below the point (style/font/ab_glyph.rs, `draw`).
        let line = font::line_height(zoomed, text.weight);
        let before = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => text.width() / 2.0,
            Anchor::End => text.width(),
        };
        let style = match text.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::SemiBold => FontStyle::Bold,
        };
        let half = line / 2.0 / self.zoom;
        let (x, y) = text.at;
        let at = (x - before, y - half);
        let font = (FontFamily::Name(FAMILY), line, style).into_font();
        let color = self.color(text.ink, 1.0);
        let style = TextStyle::from(font).color(&color).pos(Pos::new(HPos::Left, VPos::Top));
        let at = self.at(at);
        self.backend.draw_text(&text.words, &style, at).map_err(refused)
    }
}

/// The corners of a line of some width.
fn ribbon((x1, y1): Point, (x2, y2): Point, width: f64) -> [Point; 4] {
    let length = (x2 - x1).hypot(y2 - y1).max(1e-9);
    let (dx, dy) = ((y2 - y1) / length * width / 2.0, (x1 - x2) / length * width / 2.0);
    [(x1 + dx, y1 + dy), (x2 + dx, y2 + dy), (x2 - dx, y2 - dy), (x1 - dx, y1 - dy)]
}

/// The parts of a line that are drawn: all of it, or its dashes.
fn pieces(points: &[Point], dash: Option<(f64, f64)>) -> Vec<Vec<Point>> {
    let Some((dash, gap)) = dash else {
        return vec![points.to_vec()];
    };
    let mut pieces = Vec::new();
    let mut piece: Vec<Point> = points.first().copied().into_iter().collect();
    let (mut left, mut drawing) = (dash, true);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let rest = (to.0 - from.0).hypot(to.1 - from.1);
            if rest <= left {
                left -= rest;
                if drawing {
                    piece.push(to);
                }
                break;
            }
            let share = left / rest;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            if drawing {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            drawing = !drawing;
            left = if drawing { dash } else { gap };
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// The mean of each square of samples, [`SAMPLES`] by [`SAMPLES`].
fn smooth(pixels: &[u8], width: usize) -> Vec<u8> {
    let row = width * 3;
    let mut out = Vec::with_capacity(pixels.len() / 4);
    for rows in pixels.chunks_exact(row * 2) {
        let (upper, lower) = rows.split_at(row);
        for (above, below) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            let mean = |channel: usize| {
                let sum = u16::from(above[channel])
                    + u16::from(above[channel + 3])
                    + u16::from(below[channel])
                    + u16::from(below[channel + 3]);
                ((sum + 2) / 4) as u8
            };
            out.extend([mean(0), mean(1), mean(2)]);
        }
    }
    out
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, PngError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_the_line_with_gaps_between() {
        let pieces = pieces(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], Some((4.0, 2.0)));
        let length: f64 = pieces
            .iter()
            .flat_map(|piece| piece.windows(2))
            .map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1))
            .sum();
        assert!((length - 14.0).abs() < 1e-9, "{pieces:?}");
        assert_eq!(pieces[2], [(10.0, 2.0), (10.0, 6.0)]);
    }

    #[test]
    fn a_picture_has_twice_its_nominal_size() {
        let mut scene = Scene::new(30.0, 20.0);
        scene.text((2.0, 15.0), Anchor::Start, 12.0, Ink::Text, "j");
        let bytes = render(&scene, Theme::Light).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
        let info = decoder.read_info().unwrap();
        assert_eq!(info.info().size(), (60, 40));
    }
}
