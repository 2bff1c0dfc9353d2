//! A scene as SVG.
//!
//! Colours are classes and not attributes, so that one picture is light and
//! dark; that, and the values that show when a shape is pointed at, is more
//! than plotters' own SVG backend writes. Every text has its measured length
//! set: in whatever font a viewer shows it, it stays in its place.

use std::fmt::{Arguments, Write as _};

use super::font;
use super::palette;
use super::scene::{Anchor, Ink, Mark, Point, Rect, Scene, Shape, Sign, Stroke, Text, Weight};

/// What a picture is called by those who cannot see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    /// Identifier, one of its kind in the page.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// What is to be seen in it.
    pub(super) description: &'a str,
}

/// A picture to stand in a page that has [`palette::style_sheet`].
pub(super) fn inline(scene: &Scene, named: Named<'_>, class: &str) -> String {
    let mut out = String::new();
    open(&mut out, scene, named, class, "");
    body(&mut out, scene);
    out.push_str("</svg>");
    out
}

/// A picture as a file.
pub(super) fn file(scene: &Scene, named: Named<'_>) -> String {
    let mut out = String::new();
    open(&mut out, scene, named, "", " xmlns=\"http://www.w3.org/2000/svg\"");
    push(&mut out, format_args!("<style>{}</style>", palette::style_sheet()));
    out.push_str("<rect width=\"100%\" height=\"100%\" class=\"f-surface\"/>");
    body(&mut out, scene);
    out.push_str("</svg>\n");
    out
}

fn open(out: &mut String, scene: &Scene, named: Named<'_>, class: &str, xmlns: &str) {
    let (width, height) = (scene.width, scene.height);
    let Named { id, title, description } = named;
    push(
        out,
        format_args!(
            "<svg{xmlns} class=\"jt {class}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title>\
             <desc id=\"{id}-d\">{}</desc>",
            escape(title),
            escape(description)
        ),
    );
}

fn body(out: &mut String, scene: &Scene) {
    for mark in &scene.marks {
        push_mark(out, mark);
    }
}

fn push_mark(out: &mut String, Mark { shape, tip }: &Mark) {
    let name = shape_element(out, shape);
    match tip {
        Some(tip) => push(out, format_args!("><title>{}</title></{name}>", escape(tip))),
        None if name == "text" => {}
        None => out.push_str("/>"),
    }
}

/// Writes the shape up to the end of its opening tag, and returns its name;
/// text is written whole.
fn shape_element(out: &mut String, shape: &Shape) -> &'static str {
    match shape {
        Shape::Line(points, stroke) => {
            push(out, format_args!("<path d=\"{}\"", path(points, false)));
            push_stroke(out, stroke);
            "path"
        }
        Shape::Area(points, ink, opacity) => {
            push(out, format_args!("<path d=\"{}\"", path(points, true)));
            push_fill(out, *ink, *opacity);
            "path"
        }
        Shape::Bar(rect, ink, opacity) => {
            push_rect(out, rect);
            push_fill(out, *ink, *opacity);
            "rect"
        }
        Shape::Dot(at, radius, ink, opacity, sign) => {
            let name = push_dot(out, *at, *radius, *sign);
            push_fill(out, *ink, *opacity);
            name
        }
        Shape::Text(text) => {
            push_text(out, text);
            "text"
        }
    }
}

fn push_rect(out: &mut String, rect: &Rect) {
    push(
        out,
        format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            short(rect.x),
            short(rect.y),
            short(rect.width),
            short(rect.height)
        ),
    );
}

fn push_dot(out: &mut String, (x, y): Point, radius: f64, sign: Sign) -> &'static str {
    if sign == Sign::Circle {
        let (x, y, r) = (short(x), short(y), short(radius));
        push(out, format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\""));
        return "circle";
    }
    push(out, format_args!("<path d=\"{}\"", path(&corners((x, y), radius, sign), true)));
    "path"
}

/// The corners of a sign that has some.
pub(super) fn corners((x, y): Point, radius: f64, sign: Sign) -> Vec<Point> {
    // Equal areas: a disc of radius r looks as large as these.
    let half = radius * 0.89;
    let tip = radius * 1.26;
    match sign {
        Sign::Circle | Sign::Square => {
            vec![
                (x - half, y - half),
                (x + half, y - half),
                (x + half, y + half),
                (x - half, y + half),
            ]
        }
        Sign::Diamond => vec![(x, y - tip), (x + tip, y), (x, y + tip), (x - tip, y)],
        Sign::Triangle => {
            vec![(x, y - tip), (x + tip * 1.05, y + half), (x - tip * 1.05, y + half)]
        }
    }
}

fn push_text(out: &mut String, text: &Text) {
    if text.words.is_empty() {
        return;
    }
    let (x, y) = text.at;
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let bold = if text.weight == Weight::SemiBold { " b" } else { "" };
    push(
        out,
        format_args!(
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" textLength=\"{}\" class=\"f-{}{bold}\"\
             {anchor}>{}</text>",
            short(x),
            short(y),
            short(text.size),
            short(text.width()),
            palette::name(text.ink),
            escape(&text.words)
        ),
    );
}

fn push_stroke(out: &mut String, stroke: &Stroke) {
    push(out, format_args!(" class=\"l-{}\"", palette::name(stroke.ink)));
    push(out, format_args!(" stroke-width=\"{}\"", short(stroke.width)));
    if let Some((dash, gap)) = stroke.dash {
        push(out, format_args!(" stroke-dasharray=\"{} {}\"", short(dash), short(gap)));
    }
    if stroke.opacity < 1.0 {
        push(out, format_args!(" stroke-opacity=\"{}\"", short2(stroke.opacity)));
    }
}

fn push_fill(out: &mut String, ink: Ink, opacity: f64) {
    push(out, format_args!(" class=\"f-{}\"", palette::name(ink)));
    if opacity < 1.0 {
        push(out, format_args!(" fill-opacity=\"{}\"", short2(opacity)));
    }
}

fn path(points: &[Point], closed: bool) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let verb = if index == 0 { 'M' } else { 'L' };
        push(&mut path, format_args!("{verb}{} {}", short(*x), short(*y)));
    }
    if closed {
        path.push('Z');
    }
    path
}

/// A tenth of a pixel is finer than anyone sees.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn short2(value: f64) -> String {
    format!("{value:.2}")
}

/// Text between tags and in quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no other control characters, escaped or not.
            c if c.is_control() && !matches!(c, '\n' | '\t') => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

fn push(out: &mut String, arguments: Arguments<'_>) {
    out.write_fmt(arguments).expect("writing to a string does not fail");
}

/// Where the baseline is for text whose capitals are centred on `y`.
pub(super) fn centred(y: f64, size: f64) -> f64 {
    y + font::CAP_HEIGHT * size / 2.0
}
