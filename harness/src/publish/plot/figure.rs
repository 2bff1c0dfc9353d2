//! A picture with its names, in the forms in which it is published.

use super::font;
use super::frame::EDGE;
use super::palette::Theme;
use super::png::{self, PngError};
use super::scene::{Anchor, Ink, Mark, Point, Rect, Scene, Shape, Weight};
use super::svg::{self, Named};

/// A picture with its names.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its name in file names and anchors, one of its kind in the article.
    pub name: String,
    pub title: String,
    /// What is to be seen in it, for those who cannot see it.
    pub description: String,
    pub(super) wide: Scene,
    pub(super) narrow: Scene,
}

impl Figure {
    /// The picture for a page, once for wide and once for narrow screens. The
    /// page shows one of the two: the classes are `wide` and `narrow`.
    pub fn inline(&self) -> String {
        let wide_id = format!("{}-w", self.name);
        let narrow_id = format!("{}-n", self.name);
        let wide = svg::inline(&self.wide, self.named(&wide_id), "wide");
        let narrow = svg::inline(&self.narrow, self.named(&narrow_id), "narrow");
        wide + &narrow
    }

    /// The picture as an SVG file, light and dark.
    pub fn svg(&self) -> String {
        svg::file(&self.headed(), self.named(&self.name))
    }

    /// The picture as a PNG file, twice as large as the SVG.
    pub fn png(&self, theme: Theme) -> Result<Vec<u8>, PngError> {
        png::render(&self.headed(), theme)
    }

    /// Width and height in a page, as a file.
    pub fn size(&self) -> (f64, f64) {
        let headed = self.headed();
        (headed.width, headed.height)
    }

    fn named<'a>(&'a self, id: &'a str) -> Named<'a> {
        Named { id, title: &self.title, description: &self.description }
    }

    /// The wide picture with its title above, as it stands by itself.
    fn headed(&self) -> Scene {
        const SIZE: f64 = 16.0;
        const HEIGHT: f64 = 34.0;
        const MARGIN: f64 = 8.0;
        let mut scene =
            Scene::new(self.wide.width + 2.0 * MARGIN, self.wide.height + HEIGHT + 2.0 * MARGIN);
        let most = self.wide.width - 2.0 * EDGE;
        let title = font::elide(&self.title, SIZE, Weight::SemiBold, most);
        let at = (EDGE + MARGIN, MARGIN + 20.0);
        scene.write(at, Anchor::Start, (SIZE, Weight::SemiBold), Ink::Text, &title);
        let by = (MARGIN, MARGIN + HEIGHT);
        scene.marks.extend(
            self.wide
                .marks
                .iter()
                .map(|mark| Mark { shape: moved(&mark.shape, by), tip: mark.tip.clone() }),
        );
        scene
    }
}

/// `shape`, moved to the right and down.
pub(super) fn moved(shape: &Shape, (dx, dy): Point) -> Shape {
    let point = |(x, y): Point| (x + dx, y + dy);
    let all = |points: &[Point]| points.iter().map(|own| point(*own)).collect();
    let rect = |rect: &Rect| Rect { x: rect.x + dx, y: rect.y + dy, ..*rect };
    match shape {
        Shape::Line(points, stroke) => Shape::Line(all(points), *stroke),
        Shape::Area(points, ink, opacity) => Shape::Area(all(points), *ink, *opacity),
        Shape::Bar(own, ink, opacity) => Shape::Bar(rect(own), *ink, *opacity),
        Shape::Dot(at, radius, ink, opacity, sign) => {
            Shape::Dot(point(*at), *radius, *ink, *opacity, *sign)
        }
        Shape::Text(text) => {
            let mut text = text.clone();
            text.at = point(text.at);
            Shape::Text(text)
        }
    }
}
